"""The figures against loops over their definitions and against closed forms."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import i0
from torch import nn

from tests.training import make
from wearcli.errors import InputError
from wearcli.training.data import TrainingData
from wearcli.training.monitor import (
    NEAR_S,
    Monitor,
    alignment,
    effective_rank,
    embed_windows,
    uniformity,
)


def unit(row: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in row))
    return [value / length for value in row]


def squared(a: list[float], b: list[float]) -> float:
    return sum((x - y) ** 2 for x, y in zip(a, b, strict=True))


def looped_uniformity(rows: list[list[float]]) -> float:
    sphere = [unit(row) for row in rows]
    terms = [math.exp(-2 * squared(a, b)) for i, a in enumerate(sphere) for b in sphere[i + 1 :]]
    return math.log(sum(terms) / len(terms))


@settings(max_examples=25, deadline=None)
@given(n=st.integers(2, 12), d=st.integers(1, 8), seed=st.integers(0, 10**6))
def test_alignment_and_uniformity_are_their_definitions(n, d, seed):
    a, b = torch.randn(2, n, d, generator=torch.Generator().manual_seed(seed))
    looped = sum(squared(unit(x), unit(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)) / n
    assert alignment(a, b) == pytest.approx(looped, rel=1e-4, abs=1e-9)
    assert uniformity(a) == pytest.approx(looped_uniformity(a.tolist()), rel=1e-4, abs=1e-6)
    # Neither a turn of the sphere nor the lengths matter.
    turn = torch.linalg.qr(torch.randn(d, d, generator=torch.Generator().manual_seed(seed + 1)))[0]
    lengths = 0.1 + torch.rand(n, 1, generator=torch.Generator().manual_seed(seed + 2))
    assert alignment(a @ turn * lengths, b @ turn) == pytest.approx(alignment(a, b), rel=1e-3, abs=1e-6)
    assert uniformity(a @ turn * lengths) == pytest.approx(uniformity(a), rel=1e-3, abs=1e-5)


def test_evenly_on_a_circle():
    angles = torch.arange(1000, dtype=torch.float64) * 2 * math.pi / 1000
    circle = torch.stack([angles.cos(), angles.sin()], dim=1).float()
    # d^2 = 2 - 2 cos a, and the mean of exp(4 cos a) over the circle is the Bessel function I0(4). Of 1000
    # points each lacks itself.
    expected = math.log((1000 * math.exp(-4) * i0(4) - 1) / 999)
    assert uniformity(circle) == pytest.approx(expected, abs=1e-6)
    assert alignment(circle, -circle) == pytest.approx(4)
    quarter = torch.stack([-circle[:, 1], circle[:, 0]], dim=1)
    assert alignment(circle, quarter) == pytest.approx(2)
    assert effective_rank(circle) == pytest.approx(2)


def test_all_the_same():
    same = torch.full((300, 16), 1.7) * torch.linspace(-3, 3, 16)
    assert effective_rank(same) == 0
    assert uniformity(same) == pytest.approx(0, abs=1e-9)
    assert alignment(same, same) == 0
    # Rounding is of full rank, and yet it is the same.
    rounded = same * (1 + 1e-7 * torch.randn(300, 16, generator=torch.Generator().manual_seed(0)))
    assert effective_rank(rounded) == 0
    assert effective_rank(torch.zeros(5, 3)) == 0


def test_effective_rank():
    torch.manual_seed(0)
    assert effective_rank(torch.randn(5000, 16)) == pytest.approx(16, abs=0.1)
    line = torch.randn(500, 1) @ torch.randn(1, 16)
    assert effective_rank(line + 3) == pytest.approx(1, abs=1e-3)
    # Singular values 2:1:1 have entropy (1/2) ln 2 + (1/2) ln 4.
    basis = torch.linalg.qr(torch.randn(400, 3) - torch.randn(400, 3).mean(dim=0))[0]
    basis = torch.linalg.qr(basis - basis.mean(dim=0))[0]
    points = basis @ torch.diag(torch.tensor([2.0, 1.0, 1.0]))
    assert effective_rank(points) == pytest.approx(math.exp(0.5 * math.log(2) + 0.5 * math.log(4)), rel=1e-2)


class Encoder(nn.Module):
    """Numbers of a window that a test can work out by hand, after layers that know training from use."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.5)
        self.factor = nn.Parameter(torch.tensor(2.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.dropout(self.norm(x))
        return self.factor * torch.cat([x.mean(dim=2), x.std(dim=2)], dim=1)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return TrainingData([make.store(tmp_path_factory.mktemp("study") / "walks")])


def test_monitor_sees_the_windows_as_measured_and_pairs_near_in_time(data):
    rows = np.arange(100, 360)
    monitor = Monitor(data, rows, seed=3)
    by_content = {data.take(np.array([row])).tobytes(): row for row in rows}
    seen = [by_content[window.tobytes()] for window in monitor.windows]
    assert len(set(seen)) == len(seen) > 100
    index = data.index
    apart = set()
    for first, second in monitor.pairs.tolist():
        a, b = index.loc[seen[first]], index.loc[seen[second]]
        assert a["recording"] == b["recording"]
        assert 0 < abs(a["onset"] - b["onset"]) <= NEAR_S
        apart.add(abs(a["onset"] - b["onset"]))
    assert apart == {2, 4, 6, 8, 10}
    again = Monitor(data, rows, seed=3)
    assert np.array_equal(again.windows, monitor.windows)
    assert torch.equal(again.pairs, monitor.pairs)
    assert not np.array_equal(Monitor(data, rows, seed=4).windows[:50], monitor.windows[:50])


def test_monitor_tells_the_encoder_in_use_and_leaves_it_as_it_was(data):
    monitor, encoder = Monitor(data, np.arange(360), seed=0), Encoder()
    before = {name: value.clone() for name, value in encoder.state_dict().items()}
    state = torch.get_rng_state()
    figures = monitor(encoder)
    assert encoder.training
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in encoder.state_dict().items())
    scale = 2 / math.sqrt(1 + 1e-5)  # a fresh BatchNorm in use divides by nearly 1
    z = np.array([[*w.mean(axis=0), *w.std(axis=0, ddof=1)] for w in monitor.windows]) * scale
    values = np.linalg.svd(z - z.mean(axis=0), compute_uv=False)
    shares = values / values.sum()
    rank = np.exp(-(shares * np.log(shares)).sum())
    a, b = (z[monitor.pairs.numpy()[:, side]] for side in (0, 1))
    near = [squared(unit(x), unit(y)) for x, y in zip(a.tolist(), b.tolist(), strict=True)]
    assert figures.pop("dispersion_ratio") > 0  # see tests/training/test_participant.py
    assert figures == {
        "effective_rank": pytest.approx(rank, rel=1e-4),
        "rank_share": pytest.approx(rank / 6, rel=1e-4),
        "uniformity": pytest.approx(looped_uniformity(z.tolist()), rel=1e-4),
        "alignment": pytest.approx(np.mean(near), rel=1e-4),
    }


def test_few_windows_are_no_collapse_and_lone_ones_have_no_alignment(tmp_path):
    """Three recordings of one window each: at most two directions, and nothing near in time."""
    data = TrainingData([make.store(tmp_path / "short", people=3, recordings=1, seconds=2.0)])
    figures = Monitor(data, np.arange(3), seed=0)(Encoder())
    assert "alignment" not in figures
    assert figures["effective_rank"] == pytest.approx(2, abs=0.4)
    assert figures["rank_share"] == pytest.approx(figures["effective_rank"] / 2)


def test_embeddings_that_are_not_finite_say_what_to_do(data):
    encoder = Encoder()
    encoder.factor.data.fill_(math.nan)
    with pytest.raises(InputError, match="not finite any more: try a smaller --lr"):
        embed_windows(encoder, data.take(np.arange(3)))
