"""Posture, changes and thresholds against loops over single windows, and what must hold of them."""

import itertools
import math

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from tests.test_features import walk
from wearcli.encoders.graph.motion import MotionFeatures
from wearcli.encoders.graph.readings import (
    CHANGES,
    HARMONICS,
    POSTURES,
    SWINGS,
    WAYS,
    axes,
    by_gravity,
    changes,
    posture,
    swings,
    thresholds,
    ways,
)
from wearcli.signals.features.motion import BANDS_HZ


def seen(windows: np.ndarray) -> torch.Tensor:
    """(n, samples, 3) -> as an encoder takes them."""
    return torch.from_numpy(np.asarray(windows, np.float32)).transpose(1, 2)


def at_rest(directions: np.ndarray, noise: float = 0.0) -> np.ndarray:
    """(n, 250, 3) g: a sensor that lies with gravity along each of the directions (n, 3)."""
    rng = np.random.default_rng(0)
    return directions[:, None] + noise * rng.normal(size=(len(directions), 250, 3))


def test_harmonics_are_orthogonal_over_the_sphere_and_have_no_mean() -> None:
    """What makes them a basis; the integral over the sphere by Gauss-Legendre in z and even steps around."""
    z, weights = np.polynomial.legendre.leggauss(12)
    angle = np.arange(24) * (2 * math.pi / 24)
    around, height = (each.ravel() for each in np.meshgrid(angle, z))
    weight = np.repeat(weights, 24) / 48
    flat = np.sqrt(1 - height**2)
    directions = np.stack([flat * np.cos(around), flat * np.sin(around), height], axis=1)
    found = posture(seen(at_rest(directions))).numpy()[:, :HARMONICS].astype(float)
    basis = np.concatenate([np.ones((len(found), 1)), directions, found], axis=1)
    products = basis.T @ (basis * weight[:, None])
    scale = np.sqrt(np.diag(products))
    np.testing.assert_allclose(products / np.outer(scale, scale), np.eye(4 + HARMONICS), atol=1e-5)


def test_posture_of_a_still_and_of_a_moving_window() -> None:
    directions = np.float64([[0, 0, 1], [1, 0, 0], [0, -0.6, 0.8]])
    still = posture(seen(at_rest(directions, 0.003))).numpy()
    assert still.shape == (3, POSTURES)
    level = still[:, HARMONICS]
    assert (level > 0.95).all()
    np.testing.assert_allclose(
        still[:, HARMONICS + 1 : HARMONICS + 4], directions * level[:, None], atol=0.01
    )
    np.testing.assert_allclose(still[:, HARMONICS + 4 :], still[:, :HARMONICS] * level[:, None], rtol=1e-5)
    moving = posture(seen(at_rest(directions, 0.5))).numpy()
    assert (moving[:, HARMONICS] < 0.02).all()
    # Half still where the magnitude's variance is 1e-3 g^2.
    swing = np.array([[0, 0, 1]]) + math.sqrt(2e-3) * np.sin(np.arange(250) * (2 * math.pi / 25))[
        None, :, None
    ] * np.array([0, 0, 1])
    assert abs(posture(seen(swing)).numpy()[0, HARMONICS] - 0.5) < 0.01


def test_in_free_fall_there_is_no_direction() -> None:
    found = posture(torch.zeros(1, 3, 250))
    assert torch.isfinite(found).all()
    assert (posture(seen(at_rest(np.float64([[1e-3, 0, 0]]))))[0, :2].abs() < 1e-3).all()


def test_ways_are_mean_and_deviation_of_the_postures_of_half_seconds() -> None:
    rng = np.random.default_rng(2)
    windows = walk(5, 250, 50.0) + np.cumsum(rng.normal(0, 0.03, (5, 250, 3)), axis=1)
    found = ways(seen(windows), 50.0).numpy()
    assert found.shape == (5, WAYS)
    for window, row in zip(windows, found, strict=True):
        stretches = np.stack([window[at : at + 25].mean(axis=0) for at in range(0, 226, 5)])
        directions = stretches / np.linalg.norm(stretches, axis=1, keepdims=True)
        # `posture` of a sensor at rest in a direction gives its harmonics.
        harmonics = posture(seen(at_rest(directions))).numpy()[:, :HARMONICS]
        told = np.concatenate([directions, harmonics], axis=1)
        np.testing.assert_allclose(row, [*told.mean(axis=0), *told.std(axis=0)], atol=2e-4)


def test_a_posture_between_two_is_no_posture_of_either() -> None:
    """Lifted and put down, or held half way: one mean direction, two ways."""
    up, down = np.float64([[0.6, 0, 0.8]]), np.float64([[-0.6, 0, 0.8]])
    moved = np.concatenate([at_rest(up)[:, :125], at_rest(down)[:, 125:]], axis=1)
    held = at_rest(np.float64([[0, 0, 0.8]]))
    one, other = (posture(seen(each)).numpy() for each in (moved, held))
    np.testing.assert_allclose(one[0, :HARMONICS], other[0, :HARMONICS], atol=1e-5)
    assert np.abs(ways(seen(moved), 50.0) - ways(seen(held), 50.0)).max() > 0.5


def test_axes_of_a_line_of_a_plane_and_of_all_directions() -> None:
    time = np.arange(250) * (2 * math.pi / 50)
    line = np.stack([0.3 * np.cos(time), 0.4 * np.cos(time), 0 * time], axis=1)
    plane = np.stack([np.cos(time), np.sin(time), 0 * time], axis=1)
    ball = np.stack([np.cos(time), np.sin(time), np.sqrt(2) * np.cos(2 * time) / np.sqrt(2)], axis=1)
    found = axes(seen(np.stack([line, plane, ball]))).numpy()
    np.testing.assert_allclose(found[0], [0.36, 0.64, 0, 0.48, 0, 0, 0, 1], atol=1e-3)
    np.testing.assert_allclose(found[1], [0.5, 0.5, 0, 0, 0, 0, 0, 0.5], atol=1e-3)
    np.testing.assert_allclose(found[2], [*[1 / 3] * 3, 0, 0, 0, 1 / 27, 1 / 3], atol=1e-3)
    turned = Rotation.random(rng=np.random.default_rng(1)).apply(walk(9, 250, 50.0).reshape(-1, 3))
    np.testing.assert_allclose(
        axes(seen(turned.reshape(9, 250, 3)))[:, 6:], axes(seen(walk(9, 250, 50.0)))[:, 6:], atol=1e-4
    )


def told_by_loop(window: np.ndarray) -> list[float]:
    """(samples, 3) -> the changes of one window, one number after the other."""
    size = len(window) // 5
    fifths = [window[k * size : (k + 1) * size].astype(float) for k in range(5)]
    means = [fifth.mean(axis=0) for fifth in fifths]
    loud = [math.log10(fifth.var(axis=0).sum() + 1e-6) for fifth in fifths]
    middle = sum(means) / 5
    turns = [math.dist(one, other) for one, other in itertools.pairwise(means)]
    most, usual = max(turns), sum(turns) / 4
    told = [*loud, max(loud), min(loud), float(np.std(loud))]
    for mean in means:
        told += list(mean - middle)
    return [
        *told,
        math.dist(means[0], means[4]),
        *(most, usual, math.log10(most + 1e-3), math.log10(usual + 1e-3)),
    ]


def test_changes_are_those_of_a_loop() -> None:
    walking = walk(20, 253, 50.0)
    rng = np.random.default_rng(1)
    turning = walking + np.cumsum(rng.normal(0, 0.01, walking.shape), axis=1).astype(np.float32)
    windows = np.concatenate([walking, turning, at_rest(np.eye(3))[:, :1].repeat(253, axis=1)])
    found = changes(seen(windows)).numpy()
    assert found.shape == (len(windows), CHANGES)
    expected = np.array([told_by_loop(np.float32(window)) for window in windows])
    np.testing.assert_allclose(found, expected, atol=2e-4)


def swings_by_loop(window: np.ndarray, rate_hz: float) -> list[float]:
    """(samples, 3) -> the swings of one window, from a direct Fourier sum and sorted lists."""
    window = window.astype(float)
    mean = window.mean(axis=0)
    u = mean / max(np.linalg.norm(mean), 0.2)
    moved = window - mean
    along = np.array([sample @ u for sample in moved])
    across = np.array([sample - at * u for sample, at in zip(moved, along, strict=True)])
    n = len(window)
    hann = np.array([0.5 - 0.5 * math.cos(2 * math.pi * t / n) for t in range(n)])
    power: dict[str, list[float]] = {"along": [], "across": []}
    for low, high in BANDS_HZ:
        inside = [k for k in range(n // 2 + 1) if low <= k * rate_hz / n < high]
        waves = [np.exp(-2j * math.pi * k * np.arange(n) / n) * hann for k in inside]
        scale = 2 / (n * (hann**2).sum())
        power["along"].append(scale * sum(abs(wave @ along) ** 2 for wave in waves))
        power["across"].append(scale * sum(abs(wave @ axis) ** 2 for wave in waves for axis in across.T))
    far = np.linalg.norm(across, axis=1)
    spread = math.sqrt(along.var() + 1e-6)
    return [
        *(math.log10(each + 1e-8) for each in (*power["along"], *power["across"])),
        *np.quantile(along, [0, 0.1, 0.5, 0.9, 1]),
        *np.quantile(far, [0.1, 0.5, 0.9, 1]),
        *((along**3).mean() / spread**3, (along**4).mean() / spread**4),
        along.var() / (moved.var(axis=0).sum() + 1e-6),
        math.log10(np.abs(np.diff(along)).mean() * rate_hz + 1e-3),
        math.log10(np.linalg.norm(np.diff(across, axis=0), axis=1).mean() * rate_hz + 1e-3),
    ]


def test_swings_are_those_of_a_loop() -> None:
    windows = np.concatenate([walk(12, 250, 50.0), at_rest(np.eye(3), 0.01)]).astype(np.float32)
    found = swings(*by_gravity(seen(windows)), MotionFeatures(250, 50.0)).numpy()
    assert found.shape == (len(windows), SWINGS)
    expected = np.array([swings_by_loop(window, 50.0) for window in windows])
    np.testing.assert_allclose(found, expected, rtol=2e-3, atol=2e-3)


def test_a_turned_sensor_has_the_same_swings() -> None:
    rng = np.random.default_rng(3)
    windows = walk(30, 250, 50.0)
    turned = Rotation.random(rng=rng).apply(windows.reshape(-1, 3)).reshape(windows.shape)
    fixed = MotionFeatures(250, 50.0)
    one, other = (swings(*by_gravity(seen(each)), fixed) for each in (turned, windows))
    np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-3)


def test_a_constant_window_has_finite_readings() -> None:
    for level in ([0, 0, 1], [0, 0, 0], [0, 0, 8]):
        window = seen(np.tile(np.float32(level), (1, 250, 1)))
        told = [posture(window), ways(window, 50.0), axes(window), changes(window)]
        for found in (*told, swings(*by_gravity(window), MotionFeatures(250, 50.0))):
            assert torch.isfinite(found).all()


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=8))
def test_thresholds_tell_the_side_and_never_stop_rising(values: list[float]) -> None:
    told = torch.tensor(values)
    found = thresholds(told[None])[0].reshape(3, -1)
    for at, row in zip((-1.0, 0.0, 1.0), found, strict=True):
        expected = [math.tanh((value - at) / 0.6) + value / 4 for value in told.tolist()]
        np.testing.assert_allclose(row, expected, atol=1e-6)


def test_what_lies_beyond_all_thresholds_is_still_told_apart() -> None:
    """Saturated, a probe fitted on one placement told a cadence of -8,484 steps a minute at another."""
    narrow = torch.linspace(4.0, 4.2, 50)[:, None]
    found = thresholds(narrow)
    assert (found.std(dim=0) > 0.2 * narrow.std()).all()
    loud = seen(at_rest(np.eye(3), 0.2).repeat(4, axis=0) * np.linspace(1, 2, 12)[:, None, None])
    assert posture(loud)[:, HARMONICS].std() > 1e-3
