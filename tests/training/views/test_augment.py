import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.training.views.augment import Augment, poorer, random_axes, resample_at, rotate, warped_positions


def generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def only(**parts: float) -> Augment:
    """Nothing but the parts named, always applied."""
    none = {"max_degrees": 0.0, "noise_g": 0.0, "scale": 0.0, "warp": 0.0}
    return Augment(**{**none, **parts}, p_rotate=1.0, p_noise=1.0, p_scale=1.0, p_warp=1.0)


@given(st.integers(0, 10_000), st.floats(0.1, 180))
@settings(max_examples=25, deadline=None)
def test_rotation_keeps_norms_and_turns_by_at_most_its_angle(seed, degrees):
    x = torch.randn(16, 20, 3, generator=generator(seed))
    y = only(max_degrees=degrees)(x, generator(seed))
    torch.testing.assert_close(y.norm(dim=2), x.norm(dim=2), atol=1e-5, rtol=1e-4)
    cosine = torch.nn.functional.cosine_similarity(x.double(), y.double(), dim=2).clamp(-1, 1)
    assert torch.rad2deg(torch.acos(cosine)).max() <= degrees + 0.1


def test_rotation_about_known_axes():
    x = torch.tensor([[[1.0, 0.0, 0.0]], [[0.0, 1.0, 0.0]], [[1.0, 2.0, 3.0]]])
    axes = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    turned = rotate(x, axes, torch.tensor([math.pi / 2, math.pi / 2, math.pi]))
    expected = torch.tensor([[[0.0, 1.0, 0.0]], [[0.0, 0.0, 1.0]], [[-1.0, 2.0, -3.0]]])
    torch.testing.assert_close(turned, expected, atol=1e-6, rtol=0)


def test_one_rotation_a_window():
    """The angles between the samples of a window stay as they were."""
    x = torch.randn(8, 10, 3, generator=generator(0))
    y = only(max_degrees=180)(x, generator(1))
    torch.testing.assert_close(y @ y.transpose(1, 2), x @ x.transpose(1, 2), atol=1e-4, rtol=1e-4)


def test_axes_are_spread_evenly():
    axes = random_axes(20_000, generator(0))
    torch.testing.assert_close(axes.norm(dim=1), torch.ones(20_000))
    assert axes.mean(dim=0).abs().max() < 0.02
    torch.testing.assert_close(axes.T @ axes / 20_000, torch.eye(3) / 3, atol=0.02, rtol=0)


@given(st.integers(0, 10_000), st.floats(0.0, 1.0), st.integers(10, 300))
@settings(max_examples=25, deadline=None)
def test_warp_is_monotone_and_keeps_the_ends(seed, strength, samples):
    positions = warped_positions(6, samples, strength, generator(seed))
    assert torch.all(positions.diff(dim=1) > 0)
    assert torch.all(positions[:, 0] == 0)
    torch.testing.assert_close(positions[:, -1], torch.full((6,), samples - 1.0), atol=1e-3, rtol=0)


def test_warp_without_strength_changes_nothing():
    x = torch.randn(4, 250, 3, generator=generator(0))
    positions = warped_positions(4, 250, 0.0, generator(1))
    torch.testing.assert_close(resample_at(x, positions), x, atol=2e-3, rtol=0)
    exact = torch.arange(250.0).expand(4, -1)
    torch.testing.assert_close(resample_at(x, exact), x, atol=0, rtol=0)


def test_reading_between_samples_is_a_straight_line():
    ramp = torch.stack([torch.arange(50.0), 3 - 2 * torch.arange(50.0)], dim=1)[None]
    positions = torch.tensor([[0.0, 0.25, 10.5, 48.75, 49.0]])
    expected = torch.stack([positions, 3 - 2 * positions], dim=2)
    torch.testing.assert_close(resample_at(ramp, positions), expected)


def test_warp_runs_at_the_speed_that_it_drew():
    """A slow sine stays a sine of the warped time."""
    positions = warped_positions(3, 500, 0.3, generator(0))
    time = torch.arange(500.0)
    x = torch.sin(time / 40)[None, :, None].expand(3, -1, 1)
    torch.testing.assert_close(
        resample_at(x, positions)[..., 0], torch.sin(positions / 40), atol=1e-3, rtol=0
    )


def test_noise_and_scale_have_the_size_that_is_said():
    x = torch.ones(4000, 50, 3)
    noise = only(noise_g=0.2)(x, generator(0)) - x
    # The deviation is uniform on [0, 0.2], so the mean variance is 0.2^2 / 3.
    assert noise.square().mean() == pytest.approx(0.04 / 3, rel=0.05)
    assert noise.std(dim=(1, 2)).max() < 0.25
    scaled = only(scale=0.1)(x, generator(0))
    assert torch.all(scaled == scaled[:, :1])  # one factor an axis for the whole window
    assert scaled[:, 0].std() == pytest.approx(0.1, rel=0.1)


def test_probability_is_a_share_of_the_windows():
    x = torch.randn(4000, 30, 3, generator=generator(0))
    augment = Augment(max_degrees=25, noise_g=0, scale=0, warp=0, p_rotate=0.3)
    changed = (augment(x, generator(1)) - x).abs().amax(dim=(1, 2)) > 1e-6
    assert changed.float().mean() == pytest.approx(0.3, abs=0.03)


def test_same_generator_same_views_and_the_input_is_left_alone():
    x = torch.randn(16, 250, 3, generator=generator(0))
    before = x.clone()
    first, second = Augment()(x, generator(5)), Augment()(x, generator(5))
    assert torch.equal(first, second)
    assert not torch.equal(first, Augment()(x, generator(6)))
    assert torch.equal(x, before)


def test_one_channel_is_augmented_without_rotation():
    x = torch.randn(4, 100, 1, generator=generator(0))
    assert Augment()(x, generator(1)).shape == x.shape
    assert torch.equal(only(max_degrees=90)(x, generator(1)), x)


def test_a_poorer_sensor_has_few_samples_a_small_range_and_steps():
    time = torch.arange(250) / 50
    x = (3 * torch.sin(2 * math.pi * 0.7 * time))[None, :, None].repeat(400, 1, 3)
    y = poorer(x, 1.0, generator(0))
    assert y.abs().max() <= 2 + 0.032  # the steps may round up by half of one
    for row in y[:20, :, 0]:
        levels = torch.unique(row)
        step = (levels[1:] - levels[:-1]).min().item()
        assert 0.0159 < step < 0.0641
        assert len(levels) < 250
    fine = poorer(0.1 * x, 1.0, generator(0)) - 0.1 * x
    assert fine.abs().max() < 0.06  # half a step, and what straight lines cut off


@given(st.integers(0, 1000), st.floats(0.0, 1.0))
@settings(max_examples=15, deadline=None)
def test_faults_come_at_their_chance(seed, chance):
    x = torch.randn(2000, 40, 3, generator=generator(seed))
    same = (poorer(x, chance, generator(seed)) == x).all(dim=2).all(dim=1).float().mean().item()
    assert same == pytest.approx((1 - chance) ** 3, abs=0.06)  # every window of noise goes beyond 2 g
