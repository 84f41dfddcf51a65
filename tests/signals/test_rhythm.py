"""Stride time by autocorrelation against signals whose stride is known, and a slow oracle."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.walking.make import leg
from wearcli.signals.rhythm import BAND_HZ, stride_times


@settings(max_examples=60, deadline=None)
@given(
    stride=st.floats(0.65, 1.9),
    rate=st.sampled_from([32.0, 50.0, 100.0]),
    noise=st.floats(0.0, 0.15),
    seed=st.integers(0, 999),
)
def test_the_stride_of_a_leg(stride: float, rate: float, noise: float, seed: int) -> None:
    values = leg(stride, 10.0, rate, noise, seed)
    seconds, quality = stride_times(values[None], rate)
    assert seconds[0] == pytest.approx(stride, rel=0.02)
    assert 0.5 < quality[0] <= 1


def test_between_samples() -> None:
    """A lag of whole samples would be off by up to 10 ms at 50 Hz."""
    strides = np.linspace(0.9, 1.3, 41)
    seconds, quality = stride_times(np.stack([leg(stride) for stride in strides]), 50.0)
    assert np.abs(seconds - strides).max() < 0.003
    assert quality.min() > 0.98


@pytest.mark.parametrize("stride", [0.7, 1.3, 1.8])
def test_a_step_is_no_stride_and_two_strides_are_none(stride: float) -> None:
    """Steps stronger than the stride, as at a shin that feels both heels; a stride of 0.7 s fits in twice."""
    phase = 2 * np.pi * np.arange(500) / 50 / stride
    values = np.stack([0.25 * np.sin(phase), 0.4 * np.sin(2 * phase), 1 + 0.1 * np.cos(phase)], axis=1)
    seconds, _ = stride_times(values[None], 50.0)
    assert seconds[0] == pytest.approx(stride, rel=0.01)


def test_quality_is_the_correlation_one_stride_later() -> None:
    """Against sums of sines, without transforms; of noise it says little, of a still leg nothing."""
    values = leg(1.1, noise=0.3, seed=3)
    seconds, quality = stride_times(values[None], 50.0)
    n = len(values)
    centred = values - values.mean(axis=0)
    ramp = np.linspace(-1, 1, n)
    centred -= np.outer(ramp, ramp @ centred / (ramp @ ramp))
    # The band by a matrix of sines over twice the length, as the correlation is not circular.
    size = 2 * n
    hz = np.arange(size // 2 + 1) * 50 / size
    basis = np.exp(-2j * np.pi * np.outer(np.arange(size // 2 + 1), np.arange(n)) / size)
    energy = (np.abs(basis @ centred) ** 2).sum(axis=1) * ((hz >= BAND_HZ[0]) & (hz <= BAND_HZ[1]))
    curve = []
    for lag in (0, 54, 55, 56):
        weights = 2 * np.cos(2 * np.pi * np.arange(size // 2 + 1) * lag / size)
        weights[[0, -1]] /= 2
        curve.append(float(energy @ weights) / size * (n / (n - lag)))
    assert quality[0] == pytest.approx(max(curve[1:]) / curve[0], abs=0.01)
    assert seconds[0] == pytest.approx(1.1, rel=0.01)

    rng = np.random.default_rng(0)
    assert stride_times(rng.normal(scale=0.3, size=(20, 500, 3)), 50.0)[1].max() < 0.4
    still, nothing = stride_times(leg(1.1)[None] * 0.01, 50.0)
    assert np.isnan(still[0])
    assert nothing[0] == 0


def test_how_the_sensor_sits_does_not_matter_nor_does_what_is_missing() -> None:
    values = leg(1.15, noise=0.05)
    turn, _ = np.linalg.qr(np.random.default_rng(5).normal(size=(3, 3)))
    holes = values.copy()
    holes[200:230] = np.nan
    seconds, quality = stride_times(np.stack([values, values @ turn + [0.1, 0, 0], holes]), 50.0)
    assert seconds[1] == pytest.approx(seconds[0], abs=1e-9)
    assert quality[1] == pytest.approx(quality[0], abs=1e-9)
    assert seconds[2] == pytest.approx(1.15, rel=0.01)


def test_a_window_too_short_for_a_stride_knows_none() -> None:
    seconds, quality = stride_times(leg(1.0, 0.5)[None], 50.0)
    assert np.isnan(seconds[0])
    assert quality[0] == 0
