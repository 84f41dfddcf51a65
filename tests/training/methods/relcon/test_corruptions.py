from collections import Counter
from itertools import combinations, permutations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.training.methods.relcon import corruptions as module
from wearcli.training.methods.relcon.corruptions import ALL, corrupt


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def windows(n: int, samples: int = 50, seed: int = 0) -> torch.Tensor:
    return torch.randn(n, samples, 3, generator=generator(seed))


def test_there_are_eight():
    names = ["noise", "scale", "turn", "negate", "reverse", "shuffle_axes", "permute", "warp"]
    assert [change.__name__ for change in ALL] == names


@pytest.mark.parametrize("change", ALL)
def test_each_keeps_shape_type_and_input_and_follows_its_generator(change):
    x = windows(20)
    before = x.clone()
    first, again, other = (change(x, generator(seed)) for seed in (1, 1, 2))
    assert (first.shape, first.dtype) == (x.shape, torch.float32)
    assert torch.equal(x, before)
    assert first.data_ptr() != x.data_ptr()
    assert torch.equal(first, again)
    assert torch.equal(first, other) == (change.__name__ in ("negate", "reverse"))
    assert not torch.equal(first, x)


def test_noise():
    x = torch.full((400, 100, 3), 7.0)
    added = module.noise(x, generator(0)) - x
    assert added.std().item() == pytest.approx(0.1, rel=0.01)
    assert added.mean().abs() < 1e-3
    assert (added**4).mean().item() == pytest.approx(3 * 0.1**4, rel=0.05)  # as a Gaussian has it
    # White: no sample, channel or window knows another.
    for axis in range(3):
        assert (added.roll(1, axis) * added).mean().abs() < 1e-4


def test_scale():
    x = windows(5000, 8)
    factors = module.scale(x, generator(0)) / x
    torch.testing.assert_close(factors, factors[:, :1].expand_as(factors), rtol=1e-3, atol=1e-3)
    factors = factors[:, 0]
    assert factors.mean().item() == pytest.approx(1, abs=0.01)
    assert factors.std().item() == pytest.approx(0.25, rel=0.03)
    # Each axis by a factor of its own.
    torch.testing.assert_close(torch.corrcoef(factors.T), torch.eye(3), atol=0.05, rtol=0)


def test_turn():
    """One proper rotation a window: lengths, angles and handedness stay."""
    x = windows(300, 10)
    y = module.turn(x, generator(0))
    torch.testing.assert_close(y.norm(dim=2), x.norm(dim=2), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(y @ y.transpose(1, 2), x @ x.transpose(1, 2), atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(torch.linalg.det(y[:, :3]), torch.linalg.det(x[:, :3]), atol=1e-3, rtol=1e-3)


def test_turn_by_any_angle_about_any_axis():
    basis = torch.eye(3).expand(20_000, 3, 3)
    matrix = module.turn(basis, generator(0)).transpose(1, 2)  # columns are what the axes become
    angle = torch.acos(((matrix.diagonal(dim1=1, dim2=2).sum(dim=1) - 1) / 2).clamp(-1, 1))
    shares = torch.histc(angle, 10, 0, torch.pi) / len(angle)
    torch.testing.assert_close(shares, torch.full((10,), 0.1), atol=0.015, rtol=0)
    axis = torch.stack([matrix[:, k - 1, k - 2] - matrix[:, k - 2, k - 1] for k in (0, 1, 2)], dim=1)
    axis = torch.nn.functional.normalize(axis, dim=1)
    assert axis.mean(dim=0).abs().max() < 0.02
    torch.testing.assert_close(axis.T @ axis / 20_000, torch.eye(3) / 3, atol=0.02, rtol=0)


def test_negate_and_reverse():
    x = windows(3, 7)
    assert torch.equal(module.negate(x, generator(0)), -x)
    y = module.reverse(x, generator(0))
    for t in range(7):
        assert torch.equal(y[:, t], x[:, 6 - t])


def test_shuffle_axes():
    x = windows(3000, 4)
    y = module.shuffle_axes(x, generator(0))
    seen = Counter()
    for before, after in zip(x, y, strict=True):
        (order,) = (p for p in permutations(range(3)) if torch.equal(before[:, list(p)], after))
        seen[order] += 1
    assert set(seen) == set(permutations(range(3))) - {(0, 1, 2)}
    assert all(count / 3000 == pytest.approx(0.2, abs=0.04) for count in seen.values())


@given(st.integers(5, 60), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_permute(samples, seed):
    """Five pieces of (nearly) one length, each whole, in another order."""
    x = torch.arange(samples * 3.0).view(1, samples, 3).expand(4, -1, -1)
    y = module.permute(x, generator(seed))
    for window in y:
        assert torch.equal(window - window[:, :1], torch.tensor([0.0, 1, 2]).expand(samples, 3))
        time = (window[:, 0] / 3).long().tolist()
        assert sorted(time) == list(range(samples))
        cuts = {
            k
            for k in range(1, samples)
            if any(time[t] == k and (t == 0 or time[t - 1] != k - 1) for t in range(samples))
        }
        assert len(cuts) <= 4
        edges = [0, *sorted(cuts), samples]
        # Neighbours that stayed together make one piece of several.
        allowed = {
            size * pieces + rest
            for pieces in range(1, 6)
            for size in [samples // 5]
            for rest in range(pieces + 1)
        }
        assert set(np.diff(edges).tolist()) <= allowed


def test_every_order_of_the_pieces_comes():
    x = torch.arange(5.0)[None, :, None].expand(12_000, 5, 3)
    seen = Counter(tuple(row) for row in module.permute(x, generator(0))[..., 0].long().tolist())
    assert len(seen) == 120
    assert max(seen.values()) < 2 * min(seen.values())


@given(st.integers(8, 300), st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_warp_moves_time_on_and_keeps_the_ends(samples, seed):
    # Of a ramp, what is read is where it is read.
    ramp = torch.arange(float(samples))[None, :, None].expand(6, -1, 3)
    read = module.warp(ramp, generator(seed))
    assert torch.equal(read[..., 0], read[..., 2])
    positions = read[..., 0]
    assert (positions.diff(dim=1) > 0).all()
    assert (positions[:, 0] == 0).all()
    torch.testing.assert_close(positions[:, -1], torch.full((6,), samples - 1.0), atol=1e-3, rtol=0)


def test_warp_is_as_strong_and_smooth_as_it_is_said():
    ramp = torch.arange(501.0)[None, :, None].expand(4000, -1, 3)
    speed = module.warp(ramp, generator(0))[..., 0].diff(dim=1)
    assert speed.mean().item() == pytest.approx(1, abs=1e-3)
    # At a knot it is N(1, 0.2), but for the common factor that brings the end to the end.
    at_knots = speed[:, [0, 100, 200, 300, 400, 499]]
    assert at_knots.std(dim=0).mean().item() == pytest.approx(0.2, rel=0.1)
    # A cubic spline: no jump of the speed from one sample to the next.
    assert speed.diff(dim=1).abs().max() < 0.05
    # And no faster than four knots between the ends allow: half of the way from knot to knot is like both.
    neighbours = torch.corrcoef(speed[:, [200, 205, 250, 300]].T)
    assert neighbours[0, 1] > 0.98
    assert neighbours[0, 3].abs() < 0.5


def test_two_different_ones_are_drawn(monkeypatch):
    """Each marks the window with a digit of its own, in the order in which it comes."""

    def marking(number):
        return lambda x, generator: 10 * x + number + 1

    monkeypatch.setattr(module, "ALL", tuple(marking(n) for n in range(8)))
    marked = corrupt(torch.zeros(6000, 2, 3), generator(0))
    assert torch.equal(marked, marked[:, :1, :1].expand_as(marked))
    seen = Counter(divmod(int(value), 10) for value in marked[:, 0, 0])
    assert all(first != second and 1 <= first <= 8 and 1 <= second <= 8 for first, second in seen)
    drawn = Counter(tuple(sorted(pair)) for pair in seen.elements())
    assert set(drawn) == set(combinations(range(1, 9), 2))  # all 28
    assert all(count / 6000 == pytest.approx(1 / 28, rel=0.35) for count in drawn.values())
    assert len(seen) == 56  # in either order


def test_corrupt_follows_its_generator_and_leaves_its_input():
    x = windows(64, 40)
    before = x.clone()
    first, again, other = (corrupt(x, generator(seed)) for seed in (3, 3, 4))
    assert torch.equal(x, before)
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == x.shape
    assert torch.isfinite(first).all()
    assert (first != x).flatten(1).any(dim=1).all()
    assert corrupt(x[:1], generator(0)).shape == (1, 40, 3)


def test_one_generator_for_each_window_not_for_the_batch():
    """Windows that are alike get copies that are not."""
    copies = corrupt(windows(1).expand(50, -1, -1), generator(0))
    alike = sum(torch.equal(copies[a], copies[b]) for a, b in combinations(range(50), 2))
    assert alike <= 50 * 49 / 2 * 4 / 28  # only pairs without any chance in them, negated and reversed
