import math
import threading

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from tests.training.methods.relcon.distance_oracle import motif
from wearcli.training.methods.relcon import pairwise as module
from wearcli.training.methods.relcon import sparsemax
from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.pairwise import pair_distances


def walks(n: int, samples: int, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """Windows that swing at rhythms and tilts of their own, g."""
    generator = torch.Generator().manual_seed(seed)
    time_s = torch.arange(samples)[:, None] / 100
    rhythm = 0.5 + 3 * torch.rand(n, 1, channels, generator=generator)
    tilt = torch.randn(n, 1, channels, generator=generator)
    noise = 0.05 * torch.randn(n, samples, channels, generator=generator)
    return tilt / tilt.norm(dim=2, keepdim=True) + 0.3 * torch.sin(2 * math.pi * rhythm * time_s) + noise


def pairs(n: int, anchors: int, candidates: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    drawn = torch.stack([torch.randperm(n, generator=generator)[:candidates] for _ in range(anchors)])
    return torch.randperm(n, generator=generator)[:anchors], drawn


@torch.no_grad()
def one_by_one(
    distance: MotifDistance, windows: torch.Tensor, anchors: torch.Tensor, candidates: torch.Tensor
) -> torch.Tensor:
    """Each pair on its own, through the module."""
    rows = [
        [distance(windows[a][None], windows[c][None]).item() for c in row]
        for a, row in zip(anchors, candidates, strict=True)
    ]
    return torch.tensor(rows)


@pytest.fixture(params=["compiled", "torch"])
def path(request, monkeypatch):
    """Both ways to compute it."""
    if request.param == "torch":
        for place in (module, sparsemax):
            monkeypatch.setattr(place, "usable", lambda tensor: False)
    elif not module.usable(torch.zeros(1)):
        pytest.skip("numba is not installed")
    return request.param


@pytest.fixture
def threads():
    """Puts torch's number of threads back."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


@given(st.integers(1, 5), st.integers(1, 11), st.integers(2, 70), st.integers(1, 4), st.integers(0, 99))
@settings(max_examples=10, deadline=None)
def test_equals_the_distance_pair_by_pair(anchors, candidates, samples, channels, seed):
    distance, windows = motif(seed, channels), walks(11, samples, channels, seed)
    which = pairs(11, anchors, candidates, seed)
    expected = one_by_one(distance, windows, *which)
    ours = pair_distances(distance, windows, *which)
    assert (ours.dtype, ours.requires_grad) == (torch.float32, False)
    torch.testing.assert_close(ours, expected, rtol=1e-4, atol=1e-6)


def test_in_the_published_size(path):
    distance, windows = motif(), walks(12, 256)
    which = pairs(12, 3, 11)
    torch.testing.assert_close(
        pair_distances(distance, windows, *which), one_by_one(distance, windows, *which), rtol=1e-4, atol=0
    )


@pytest.mark.parametrize(("several", "some"), [(1, 1), (1, 3), (2, 5), (4, 100), (3, 7)])
def test_any_block_gives_the_same(path, monkeypatch, several, some):
    distance, windows = motif(), walks(15, 40)
    which = pairs(15, 7, 13)
    monkeypatch.setattr(module, "CPU_BLOCK", (several, some))
    torch.testing.assert_close(
        pair_distances(distance, windows, *which), one_by_one(distance, windows, *which), rtol=1e-4, atol=0
    )


def test_a_candidate_may_come_twice_and_be_the_anchor(path):
    distance, windows = motif(), walks(4, 50)
    anchors, candidates = torch.tensor([2, 2]), torch.tensor([[2, 0, 2], [3, 3, 2]])
    ours = pair_distances(distance, windows, anchors, candidates)
    torch.testing.assert_close(ours, one_by_one(distance, windows, anchors, candidates), rtol=1e-4, atol=0)
    assert ours[0, 0] == ours[0, 2]


def still(n: int, samples: int, deviation: float, seed: int = 0) -> torch.Tensor:
    """Windows at rest in postures of their own."""
    generator = torch.Generator().manual_seed(seed)
    tilt = torch.nn.functional.normalize(torch.randn(n, 1, 3, generator=generator), dim=2)
    return tilt + deviation * torch.randn(n, samples, 3, generator=generator)


def odd_windows() -> dict[str, torch.Tensor]:
    moving = walks(4, 128)
    spikes = moving.clone()
    spikes[:, 100], spikes[::2, 7, 0] = 16.0, -16.0
    return {
        "at rest": torch.cat([still(4, 128, 0.003), moving]),
        "hardly any noise": torch.cat([still(4, 128, 1e-4), moving]),
        "constant": torch.cat([still(4, 128, 0.0), moving]),
        "one channel constant": torch.cat([moving[..., :2], torch.ones(4, 128, 1)], dim=2),
        "zeros": torch.cat([torch.zeros(2, 128, 3), moving]),
        "clipped at 16 g": 16 * walks(4, 128, seed=1).sign(),
        "16 g all along": torch.cat([torch.full((2, 128, 3), 16.0), moving]),
        "spikes": spikes,
        "another unit": 9810 * moving,
    }


@pytest.mark.parametrize("kind", odd_windows())
def test_odd_windows(path, kind):
    distance, windows = motif(), odd_windows()[kind]
    n = len(windows)
    which = torch.arange(n), torch.arange(n).repeat(n, 1)
    ours = pair_distances(distance, windows, *which)
    assert torch.isfinite(ours).all()
    # Where nothing moves, 1 / sqrt(1e-5) multiplies the roundings of both.
    torch.testing.assert_close(ours, one_by_one(distance, windows, *which), rtol=3e-3, atol=1e-5)
    low = pair_distances(distance, windows, *which, bf16=True)
    assert torch.isfinite(low).all()


@pytest.mark.parametrize("samples", [100, 256])
def test_bf16_sorts_as_float32_does(path, samples):
    distance, windows = motif(), walks(40, samples)
    which = pairs(40, 4, 39)
    exact = pair_distances(distance, windows, *which)
    low = pair_distances(distance, windows, *which, bf16=True)
    assert low.dtype == torch.float32
    assert not torch.equal(low, exact)
    torch.testing.assert_close(low, exact, rtol=0.05, atol=0)
    for a in range(4):
        assert spearmanr(exact[a], low[a]).statistic > 0.99


@pytest.mark.parametrize("bf16", [False, True])
def test_threads_change_no_bit(path, threads, bf16):
    distance, windows = motif(), walks(20, 64)
    which = pairs(20, 9, 11)
    seen = []
    for count in (1, 2, 3, 4, 7, 1):
        threads(count)
        seen += [pair_distances(distance, windows, *which, bf16=bf16) for _ in range(2)]
    assert all(torch.equal(each, seen[0]) for each in seen)


def test_leaves_torch_its_threads(threads):
    """Here and in threads that are yet to come, also after an error."""

    def counts() -> list[int]:
        found = [torch.get_num_threads()]
        thread = threading.Thread(target=lambda: found.append(torch.get_num_threads()))
        thread.start()
        thread.join()
        return found

    distance, windows = motif(), walks(8, 32)
    for count in (1, 3):
        threads(count)
        pair_distances(distance, windows, *pairs(8, 4, 5))
        assert counts() == [count, count]
        with pytest.raises(IndexError):
            pair_distances(distance, windows, torch.tensor([0, 8]), torch.tensor([[1], [2]]))
        assert counts() == [count, count]


@pytest.mark.parametrize("count", [1, 3])
def test_autocast_around_it_and_gradients_are_not_its_business(threads, count):
    threads(count)
    distance, windows = motif(), walks(10, 64)
    which = pairs(10, 5, 9)
    plain = pair_distances(distance, windows, *which)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(pair_distances(distance, windows, *which), plain)
        assert torch.is_autocast_enabled("cpu")
    wanted = windows.clone().requires_grad_()
    ours = pair_distances(distance, wanted, *which)
    assert torch.equal(ours, plain)
    assert not ours.requires_grad
    assert torch.is_grad_enabled()


def test_the_arguments_are_left_alone(path):
    distance, windows = motif(), walks(6, 48)
    before = [tensor.clone() for tensor in (windows, *distance.state_dict().values())]
    across = windows.transpose(1, 2).contiguous().transpose(1, 2)  # whose transpose is contiguous already
    which = pairs(6, 3, 5)
    ours = pair_distances(distance, across, *which)
    assert torch.equal(pair_distances(distance, across, *which), ours)
    torch.testing.assert_close(pair_distances(distance, windows, *which), ours, rtol=1e-5, atol=0)
    after = [across, *distance.state_dict().values()]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
