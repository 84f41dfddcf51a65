"""The readings of a stride against loops of complex numbers, closed forms, and what must not change them."""

import math

import numpy as np
import pytest
import torch

from tests.encoders.graph.test_readings import seen
from tests.test_features import walk
from wearcli.encoders.graph.cycle import CYCLES, HARMONICS, LIFTS, cycles, rhythmic
from wearcli.encoders.graph.motion import MotionFeatures
from wearcli.encoders.graph.readings import by_gravity
from wearcli.encoders.streams import REPEATS, STRIDE

RATE = 50.0
TIME = (np.arange(250) + 0.5) / RATE


def told(along: np.ndarray, across: np.ndarray, stride_s: float, rate_hz: float = RATE) -> np.ndarray:
    """(samples,), (3, samples) -> (CYCLES,)."""
    inputs = (torch.tensor(np.float32(each))[None] for each in (along, across))
    return cycles(*inputs, torch.tensor([[stride_s]]), rate_hz)[0].numpy()


def by_loop(along: np.ndarray, across: np.ndarray, stride_s: float, rate_hz: float) -> list[float]:
    """The same, a harmonic at a time, with Python's complex numbers."""
    n = len(along)
    time = [(k + 0.5) / rate_hz for k in range(n)]
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * (k + 0.5) / n) for k in range(n)]
    total = sum(hann)

    def wave(values: np.ndarray, harmonic: int) -> complex:
        if harmonic / stride_s >= rate_hz / 2:
            return 0j
        turns = (np.exp(-2j * math.pi * harmonic * t / stride_s) for t in time)
        return 2 / total * sum(w * turn * v for w, turn, v in zip(hann, turns, values, strict=True))

    numbers = range(1, HARMONICS + 1)
    up = {k: wave(along, k) for k in numbers}
    wide = {k: [wave(axis, k) for axis in across] for k in numbers}
    up_power = {k: abs(up[k]) ** 2 for k in numbers}
    wide_power = {k: sum(abs(each) ** 2 for each in wide[k]) for k in numbers}
    up_all = 2 * float(np.mean(along**2)) + 1e-5
    wide_all = 2 * float(np.mean((across**2).sum(axis=0))) + 1e-5
    unit = up[2] / (abs(up[2]) + 1e-3)
    size = math.sqrt(sum(up_power.values()) + 1e-5)
    shapes = [up[2 * j] * unit.conjugate() ** j / size for j in (2, 3, 4)]
    shapes += [up[1] ** 2 * up[2].conjugate() / size**3, up[1] * up[3] * up[4].conjugate() / size**3]
    sideways: list[float] = []
    size2 = sum(wide_power.values()) + 1e-5
    for j in (1, 2):
        square = sum((each * unit.conjugate() ** j) ** 2 for each in wide[2 * j]) / size2
        sideways += [square.real, square.imag, wide_power[2 * j] / size2]
    lift = 2 * abs(up[2]) * 9.80665 / (2 * math.pi * 2 / stride_s) ** 2
    root = math.sqrt(lift)
    return [
        *(math.log10(up_power[k] + 1e-6) for k in numbers),
        *(math.log10(wide_power[k] + 1e-6) for k in numbers),
        *(up_power[k] / up_all for k in numbers),
        *(wide_power[k] / wide_all for k in numbers),
        *(part for each in shapes for part in (each.real, each.imag)),
        *sideways,
        *(lift, root, root * 2 / stride_s, math.log10(lift + 1e-3), 2 / stride_s, stride_s / 2),
    ]


@pytest.mark.parametrize(("samples", "rate_hz"), [(250, 50.0), (256, 100.0), (120, 20.0)])
def test_cycles_are_those_of_a_loop(samples: int, rate_hz: float) -> None:
    windows = seen(walk(12, samples, rate_hz))
    along, across = by_gravity(windows)
    stride = MotionFeatures(samples, rate_hz)(windows)[:, STRIDE : STRIDE + 1]
    found = cycles(along, across, stride, rate_hz).numpy()
    assert found.shape == (12, CYCLES)
    for row, up, wide, seconds in zip(found, along, across, stride, strict=True):
        expected = by_loop(up.numpy().astype(float), wide.numpy().astype(float), float(seconds), rate_hz)
        np.testing.assert_allclose(row, expected, rtol=2e-4, atol=2e-4)


def test_the_lift_of_a_body_that_rises_and_falls() -> None:
    """x = h / 2 cos(w t) has the acceleration -w^2 h / 2 cos(w t): 4 cm at 2 steps a second."""
    height, step_hz = 0.04, 2.0
    omega = 2 * math.pi * step_hz
    along = -(omega**2) * height / 2 / 9.80665 * np.cos(omega * TIME)
    lift, root, pendulum, logarithm, hz, seconds = told(along, np.zeros((3, 250)), 2 / step_hz)[-LIFTS:]
    assert lift == pytest.approx(height, rel=1e-3)
    assert root == pytest.approx(0.2, rel=1e-3)
    assert pendulum == pytest.approx(0.4, rel=1e-3)
    assert logarithm == pytest.approx(math.log10(0.041), abs=1e-3)
    assert (hz, seconds) == (2.0, 0.5)


def gait(shift_s: float, stride_s: float, turn: float = 0.0) -> np.ndarray:
    """(CYCLES,) of a made-up gait that begins at another moment and whose across is turned by an angle."""
    angle = 2 * math.pi * (TIME - shift_s) / stride_s
    along = 0.05 * np.cos(angle) + 0.3 * np.cos(2 * angle + 1) + 0.1 * np.cos(4 * angle - 2)
    along += 0.04 * np.cos(6 * angle) + 0.03 * np.cos(3 * angle + 2)
    ahead = 0.2 * np.cos(2 * angle + 0.4) + 0.05 * np.cos(4 * angle)
    aside = 0.1 * np.cos(angle - 1)
    east = math.cos(turn) * ahead - math.sin(turn) * aside
    north = math.sin(turn) * ahead + math.cos(turn) * aside
    return told(along, np.stack([east, north, np.zeros(250)]), stride_s)


def test_when_a_window_begins_and_which_way_it_faces_change_nothing() -> None:
    still = gait(0.0, 1.0)
    for shift, turn in ((0.13, 0.0), (0.71, 1.1), (0.5, 3.0)):
        np.testing.assert_allclose(gait(shift, 1.0, turn), still, atol=2e-3)


def test_a_slower_gait_of_the_same_shape_has_the_same_harmonics() -> None:
    fast, slow = gait(0.0, 1.0)[:-LIFTS], gait(0.0, 1.25)[:-LIFTS]  # five strides and four
    # Of harmonics that are not there the logarithm is of a window's leakage.
    there = np.abs(fast - slow) < 0.03
    assert there[2 * HARMONICS :].all()
    assert there[[0, 1, 2, 3, 5, HARMONICS, HARMONICS + 1, HARMONICS + 3]].all()


def test_the_shape_has_what_the_power_has_not() -> None:
    """Two gaits that differ in the phase of a harmonic alone: the same power, another shape."""
    one, other = (
        told(
            0.3 * np.cos(4 * math.pi * TIME) + 0.1 * np.cos(8 * math.pi * TIME + phase),
            np.zeros((3, 250)),
            1.0,
        )
        for phase in (0.0, 2.0)
    )
    np.testing.assert_allclose(one[: 4 * HARMONICS], other[: 4 * HARMONICS], atol=1e-3)
    assert np.abs(one - other)[4 * HARMONICS :].max() > 0.3


def test_at_rest_everything_is_finite_and_small() -> None:
    found = told(np.zeros(250), np.zeros((3, 250)), 0.6)
    assert np.isfinite(found).all()
    np.testing.assert_allclose(found[: 2 * HARMONICS], -6, atol=1e-5)
    np.testing.assert_allclose(found[2 * HARMONICS : -LIFTS], 0, atol=1e-5)


def test_how_far_there_is_a_stride() -> None:
    repeats = torch.tensor([[0.1, 0.2], [0.2, 0.2], [0.3, 0.4], [0.5, 0.5], [0.9, 0.7], [0.0, 0.0]])
    np.testing.assert_allclose(rhythmic(repeats)[:, 0], [0, 0, 0.5, 1, 1, 0], atol=1e-6)


def test_noise_has_no_stride_and_a_walk_has_one() -> None:
    noise = 0.1 * np.random.default_rng(3).normal(size=(500, 250, 3)) + [0, 0, 1]
    windows = np.concatenate([noise, walk(500, 250, RATE)]).astype(np.float32)
    found = rhythmic(MotionFeatures(250, RATE)(seen(windows))[:, REPEATS])[:, 0].numpy()
    assert found[:500].max() < 0.2
    assert np.median(found[500:]) > 0.9
