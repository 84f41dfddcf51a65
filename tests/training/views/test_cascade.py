"""The cascade of views: each part alone does what it says, and as often as it says."""

import numpy as np
import pytest
import torch
from scipy.interpolate import CubicSpline

from wearcli.training.views.cascade import (
    CASCADES,
    MAGNITUDE,
    NOISE,
    TIME,
    Cascade,
    cut_out,
    smooth_curves,
)

NOTHING = {"p_cut": 0.0, "p_magnitude": 0.0, "p_time": 0.0, "p_noise": 0.0, "p_permute": 0.0}
PARTS = ("p_cut", "p_magnitude", "p_time", "p_noise", "p_permute")


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def windows(n: int = 60, samples: int = 400, channels: int = 3, seed: int = 1) -> torch.Tensor:
    """(n, samples, channels) in odd units: smooth, of several frequencies, each channel its own."""
    time = torch.linspace(0, 1, samples)[None, :, None]
    drawn = torch.rand(5, n, 1, channels, generator=generator(seed))
    hz = 2 + 8 * drawn[0]
    wave = torch.sin(2 * torch.pi * (hz * time + drawn[1])) + 0.5 * torch.sin(2 * torch.pi * 2.3 * hz * time)
    return 500 * (1 + drawn[2]) * wave + 3000 * drawn[3]


def standardised(x: torch.Tensor) -> torch.Tensor:
    return (x - x.mean(dim=1, keepdim=True)) / x.std(dim=1, unbiased=False, keepdim=True)


def view(x: torch.Tensor, seed: int = 0, **chances: float) -> torch.Tensor:
    return Cascade(**{**NOTHING, **chances})(x, generator(seed))


def test_without_any_part_windows_are_standardised_and_no_more() -> None:
    x = windows()
    torch.testing.assert_close(view(x), standardised(x), atol=1e-5, rtol=1e-4)
    flat = view(torch.full((2, 50, 1), 7.0))
    assert torch.equal(flat, torch.zeros(2, 50, 1))


def test_units_do_not_matter() -> None:
    x = windows(channels=1)
    for cascade in CASCADES.values():
        one, other = (cascade(seen, generator()) for seen in (x, 0.01 * x - 4))
        torch.testing.assert_close(one, other, atol=2e-3, rtol=1e-3)


@pytest.mark.parametrize("samples", [64, 400, 1001])
def test_cut_out_is_one_stretch_of_a_third_to_a_half(samples: int) -> None:
    hidden = cut_out(4000, samples, generator())
    length = hidden.sum(dim=1)
    assert (length >= round(0.3 * samples)).all()
    assert (length <= round(0.5 * samples)).all()
    # In one piece: as many ends as windows.
    edges = torch.diff(torch.nn.functional.pad(hidden.int(), (1, 1)), dim=1)
    assert ((edges == 1).sum(dim=1) == 1).all()
    # Every length and every place comes as often as any other.
    assert (length.float() / samples).mean() == pytest.approx(0.4, abs=0.01)
    middle = (hidden.float() @ torch.arange(samples).float()) / length / samples
    assert middle.mean() == pytest.approx(0.5, abs=0.01)
    assert hidden[:, 0].any()
    assert hidden[:, -1].any()


def test_cut_out_zeroes_all_channels_and_leaves_the_rest() -> None:
    x = windows()
    found, plain = view(x, p_cut=1), standardised(x)
    gone = (found == 0).all(dim=2)
    assert ((gone.sum(dim=1) >= 120) & (gone.sum(dim=1) <= 200)).all()
    torch.testing.assert_close(found[~gone], plain[~gone], atol=1e-5, rtol=1e-4)


def test_noise_is_of_the_deviation_that_was_published() -> None:
    x = windows(400)
    noise = view(x, p_noise=1) - standardised(x)
    deviation = noise.std(dim=(1, 2))
    assert NOISE == (0.05, 0.1)
    assert deviation.min() > 0.047
    assert deviation.max() < 0.106
    assert deviation.mean() == pytest.approx(0.075, abs=0.002)
    assert deviation.std() == pytest.approx(0.05 / 12**0.5, abs=0.002)  # evenly drawn
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    white = (noise[:, 1:] * noise[:, :-1]).mean(dim=(1, 2)) / deviation**2
    assert white.mean() == pytest.approx(0, abs=0.01)


def test_magnitude_warp_is_a_smooth_factor_of_each_channel() -> None:
    x = 1000 + 10 * windows(300)
    plain = standardised(x)
    found = view(x, p_magnitude=1)
    factor = torch.where(plain.abs() > 0.3, found / plain, torch.nan).numpy()
    knots = factor[:, 0]  # of a random normal deviate about 1
    assert np.nanmean(knots) == pytest.approx(1, abs=0.03)
    assert np.nanstd(knots) == pytest.approx(MAGNITUDE, abs=0.03)
    # A cubic of four pieces in 400 samples moves little from one to the next.
    assert np.nanmax(np.abs(np.diff(factor, axis=1))) < 0.05
    between = np.abs(factor[:, :, 0] - factor[:, :, 1])
    assert np.nanmean(between) > 0.1


def test_splines_are_those_of_scipy() -> None:
    curves = smooth_curves(7, 333, 0.2, 5, generator(3)).numpy()
    drawn = 0.2 * torch.randn(7, 5, generator=generator(3)).numpy()
    for curve, knots in zip(curves, drawn, strict=True):
        expected = CubicSpline(np.linspace(0, 332, 5), knots)(np.arange(333))
        np.testing.assert_allclose(curve, expected, atol=1e-5)


def test_time_warp_keeps_the_ends_and_the_order() -> None:
    """A ramp tells where each sample comes from."""
    ramp = torch.linspace(-1, 1, 400)[None, :, None].repeat(500, 1, 2)
    found = view(ramp, p_time=1)
    plain = standardised(ramp)
    torch.testing.assert_close(found[:, [0, -1]], plain[:, [0, -1]], atol=1e-4, rtol=0)
    assert (torch.diff(found, dim=1) > 0).all()
    torch.testing.assert_close(found[:, :, 0], found[:, :, 1])  # all channels alike
    moved = (found - plain)[:, :, 0] / (plain[0, 1, 0] - plain[0, 0, 0])
    assert 0.005 < moved.abs().amax(dim=1).mean() / 400 < 0.1
    speed = torch.diff(found[:, :, 0], dim=1) / (plain[0, 1, 0] - plain[0, 0, 0])
    assert speed[:, 0].std() == pytest.approx(TIME, abs=0.025)
    assert speed.min() > 0.4


def test_permutation_moves_whole_channels() -> None:
    x = windows(600)
    plain, found = standardised(x), view(x, p_permute=1)
    seen = []
    for before, after in zip(plain, found, strict=True):
        apart = (before[:, :, None] - after[:, None, :]).abs().amax(dim=0)
        assert ((apart < 1e-4).sum(dim=0) == 1).all()
        seen.append(tuple(apart.argmin(dim=0).tolist()))
        assert sorted(seen[-1]) == [0, 1, 2]
    counts = [seen.count(order) for order in sorted(set(seen))]
    assert len(counts) == 6  # each order, the first one too, as often as any
    assert min(counts) > 60
    one = windows(5, channels=1)
    torch.testing.assert_close(view(one, p_permute=1), view(one))


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("chance", [0.15, 0.5, 0.8])
def test_a_part_comes_as_often_as_its_probability(part: str, chance: float) -> None:
    x = windows(2000, samples=40)
    changed = ((view(x, **{part: chance}) - view(x)).abs().amax(dim=(1, 2)) > 1e-4).float().mean()
    expected = chance * 5 / 6 if part == "p_permute" else chance
    assert changed == pytest.approx(expected, abs=4 * (0.25 / 2000) ** 0.5)


def test_parts_are_drawn_apart() -> None:
    x = windows(2000, samples=40, channels=1)
    plain = standardised(x)
    found = view(x, p_cut=0.5, p_noise=0.5)
    noisy = (found - plain).abs().amin(dim=(1, 2)) > 0
    cut = (found - plain).abs().amax(dim=(1, 2)) > 0.5
    assert (noisy & cut).float().mean() == pytest.approx(0.25, abs=0.06)


def test_a_generator_is_a_view() -> None:
    x = windows()
    for cascade in CASCADES.values():
        before = x.clone()
        one, again, other = cascade(x, generator(4)), cascade(x, generator(4)), cascade(x, generator(5))
        assert torch.equal(one, again)
        assert not torch.equal(one, other)
        assert one.shape == x.shape
        assert one.isfinite().all()
        assert torch.equal(x, before)


def test_the_published_probabilities() -> None:
    assert vars(CASCADES["ppg"]) == dict(zip(PARTS, (0.4, 0.25, 0.15, 0.25, 0.25), strict=True))
    assert vars(CASCADES["ecg"]) == dict(zip(PARTS, (0.8, 0.5, 0.3, 0.5, 0.0), strict=True))
