"""PPG under movement, against least squares written as a loop and against closed forms."""

import numpy as np
import pytest

from wearcli.signals.beats import filtered
from wearcli.signals.pulse_in_motion import (
    BAND_HZ,
    FILTER_S,
    LAG_S,
    RIDGE,
    cadence_bpm,
    is_cadence,
    movement_size,
    without_movement,
)
from wearcli.simulation.heart import Noise, Rhythm, beat_times, ppg_signal, with_noise

RATE = 64.0


def swinging(seconds: float, hz: float, size: float, seed: int = 0) -> np.ndarray:
    """(samples, 3) g: gravity, a swing and its second harmonic, noise."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    swing = size * (np.sin(2 * np.pi * hz * time) + 0.5 * np.sin(4 * np.pi * hz * time + 1))
    return np.array([0.0, 0.6, 0.8]) + np.outer(swing, [0.8, 0.0, 0.6]) + rng.normal(0, 0.01, (len(time), 3))


def in_band(values: np.ndarray) -> np.ndarray:
    return filtered((values - values.mean())[None], RATE, BAND_HZ, FILTER_S)[0]


def test_what_is_left_is_that_of_a_loop() -> None:
    """Each lag of each reference is a column of a matrix; numpy's least squares has the ridge as rows."""
    acceleration = swinging(12, 1.4, 0.4)
    rng = np.random.default_rng(1)
    signal = rng.normal(size=len(acceleration)).cumsum()
    references = [*acceleration.T, np.sqrt((acceleration**2).sum(axis=1))]
    thin = [in_band(values)[::4] for values in references]
    reach = round(LAG_S * 16)
    columns = []
    for lag in range(-reach, reach + 1):
        for values in thin:
            shifted = [values[i + lag] if 0 <= i + lag < len(values) else 0.0 for i in range(len(values))]
            columns.append(shifted)
    matrix = np.array(columns).T
    ridge = RIDGE * np.square(matrix).sum() / matrix.shape[1]
    target = in_band(signal)
    stacked = np.vstack([matrix, np.sqrt(ridge) * np.eye(matrix.shape[1])])
    weights = np.linalg.lstsq(stacked, np.append(target[::4], np.zeros(matrix.shape[1])), rcond=None)[0]
    times = np.arange(len(signal))
    expected = target - np.interp(times, times[::4], matrix @ weights)
    left = without_movement(signal[None], acceleration[None], RATE)[0]
    np.testing.assert_allclose(left, expected, atol=1e-6 * target.std())


def test_a_leak_ten_times_the_pulse_is_taken_out() -> None:
    """A fixed response to the acceleration leaves the pulse, whatever its size."""
    rng = np.random.default_rng(3)
    beats = beat_times(Rhythm(bpm=118), 60, rng)
    pulse = with_noise(ppg_signal(beats, RATE), RATE, Noise(0.02, 0.1), rng)
    acceleration = swinging(60, 1.33, 0.8)
    answer = np.convolve(acceleration @ [1.0, -0.5, 0.3], np.exp(-np.arange(20) / 5))[: len(pulse)]
    mixed = pulse + 10 * pulse.std() * answer / answer.std()
    left = without_movement(mixed[None], acceleration[None], RATE)[0]
    clean = in_band(pulse)
    assert np.corrcoef(in_band(mixed), clean)[0, 1] < 0.2
    assert np.corrcoef(left, clean)[0, 1] > 0.9


def test_rest_takes_little_away() -> None:
    rng = np.random.default_rng(4)
    pulse = with_noise(ppg_signal(beat_times(Rhythm(bpm=64), 60, rng), RATE), RATE, Noise(0.02, 0.1), rng)
    still = np.array([0.0, 0.6, 0.8]) + rng.normal(0, 0.01, (len(pulse), 3))
    left = without_movement(pulse[None], still[None], RATE)[0]
    assert np.corrcoef(left, in_band(pulse))[0, 1] > 0.95


@pytest.mark.parametrize("hz", [1.2, 1.7, 2.6])
def test_cadence_and_size_of_a_swing(hz: float) -> None:
    time = np.arange(round(60 * RATE)) / RATE
    swing = 0.3 * np.sin(2 * np.pi * hz * time)
    acceleration = np.array([0.0, 0.6, 0.8]) + np.outer(swing, [0.0, 1.0, 0.0])
    assert cadence_bpm(acceleration[None], RATE)[0] == pytest.approx(60 * hz, abs=0.3)
    assert movement_size(acceleration[None], RATE)[0] == pytest.approx(0.3 / np.sqrt(2), rel=0.05)


def test_missing_samples_are_the_mean() -> None:
    acceleration = swinging(30, 1.4, 0.4)
    signal = np.random.default_rng(0).normal(size=len(acceleration))
    acceleration[100:200] = np.nan
    signal[300:350] = np.nan
    assert np.isfinite(without_movement(signal[None], acceleration[None], RATE)).all()
    assert np.isfinite(movement_size(acceleration[None], RATE)).all()


def test_a_cadence_its_half_and_its_double() -> None:
    rates = np.array([60.0, 120.0, 240.0, 123.5, 124.0, 90.0, 180.0, 0.0])
    near = [True, True, True, True, False, False, False, False]
    np.testing.assert_array_equal(is_cadence(rates, np.full(8, 120.0)), near)
