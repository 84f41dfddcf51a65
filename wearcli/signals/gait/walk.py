"""A walk measured from its signal: where it begins and ends, its strides, and what the trunk shows."""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfiltfilt

from wearcli.signals.gait.rhythm import BAND_HZ, rhythm
from wearcli.signals.gait.trunk import steps, vertical

WINDOW_S, HOP_S = 10.0, 5.0  # of the windows in which a walk is timed
SHORTEST_S = 2.0  # a shorter walk has no two strides
LEAST_REGULARITY = 0.2  # of a window that is timed
OCTAVE = 0.2  # log2: a window so near to half or double of the walk's median has the wrong peak
EDGE_AMPLITUDE = 0.6  # of the walk's median: a walk ends where its amplitude falls below
SPEED_BAND_HZ = (0.25, 15.0)
# Speed at the lower back, m/s: a + b ln(RMS of the vertical, g); fitted on ipol_gait (83 walks).
SPEED_LINE = (2.03, 0.559)


@dataclass(frozen=True)
class MeasuredWalk:
    """What a walk's signal says of it; NaN where it says nothing.

    Attributes:
        begin_s: Begin, s on the clock of the signal.
        end_s: End, s.
        strides: Strides in between.
        stride_time_s: Median stride time, s.
        stride_time_sd: Deviation of the stride times of its windows, s.
        stride_regularity: Correlation of the acceleration one stride later.
        step_regularity: Correlation of the vertical one step later, at the trunk.
        step_symmetry: Step regularity over that of the vertical one stride later, at the trunk.
        walking_speed_mps: Walking speed, m/s, at the lower back.
    """

    begin_s: float
    end_s: float
    strides: float
    stride_time_s: float
    stride_time_sd: float
    stride_regularity: float
    step_regularity: float
    step_symmetry: float
    walking_speed_mps: float


def measure_walk(
    values: np.ndarray,
    rate_hz: float,
    begin_s: float,
    end_s: float,
    *,
    trunk: bool = False,
    speed: bool = False,
    exact: bool = False,
) -> MeasuredWalk:
    """Measure a walk.

    Args:
        values: Samples (samples, 3) around the walk, g, finite.
        rate_hz: Their rate, Hz.
        begin_s: About where the walk begins, s from the first sample.
        end_s: About where it ends.
        trunk: Whether the sensor is on the trunk.
        speed: Whether it is at the lower back.
        exact: Whether begin and end are known, so that they stay.
    """
    first, last = max(0, round(begin_s * rate_hz)), min(len(values), round(end_s * rate_hz))
    inside = np.asarray(values[first:last], np.float64)
    length = min(round(WINDOW_S * rate_hz), len(inside))
    if length < round(SHORTEST_S * rate_hz):
        return MeasuredWalk(begin_s, end_s, *[np.nan] * 7)
    starts = np.arange(0, len(inside) - length + 1, max(1, round(HOP_S * rate_hz)))
    windows = inside[starts[:, None] + np.arange(length)]
    timed = rhythm(windows, rate_hz)
    usable = np.isfinite(timed.stride_s) & (timed.regularity >= LEAST_REGULARITY)
    if not usable.any():
        return MeasuredWalk(begin_s, end_s, *[np.nan] * 7)
    seconds = timed.stride_s[usable]
    median = float(np.median(seconds))
    octave = np.log2(seconds / median)
    seconds = np.where(np.abs(octave - 1) < OCTAVE, seconds / 2, seconds)
    seconds = np.where(np.abs(octave + 1) < OCTAVE, 2 * seconds, seconds)
    begin, end = first, last
    if not exact:
        begin, end = _edges(np.asarray(values, np.float64), rate_hz, first, last, median)
    centres = (first + starts[usable] + length / 2) / rate_hz
    time = (np.arange(begin, end) + 0.5) / rate_hz
    at_trunk = steps(windows[usable], rate_hz, seconds) if trunk else None
    return MeasuredWalk(
        begin / rate_hz,
        end / rate_hz,
        float(np.sum(1 / np.interp(time, centres, seconds)) / rate_hz),
        float(np.median(seconds)),
        float(seconds.std(ddof=1)) if len(seconds) > 1 else np.nan,
        float(np.median(timed.regularity[usable])),
        _median(at_trunk.step_regularity) if at_trunk else np.nan,
        _median(at_trunk.symmetry) if at_trunk else np.nan,
        walking_speed(inside, rate_hz) if speed else np.nan,
    )


def walking_speed(values: np.ndarray, rate_hz: float) -> float:
    """Return the walking speed, m/s, by a line on the vertical acceleration at the lower back; NaN below 0.

    Args:
        values: Samples (samples, 3) of a walk, g.
        rate_hz: Their rate, Hz.
    """
    high = min(SPEED_BAND_HZ[1], 0.45 * rate_hz)
    band = butter(2, [SPEED_BAND_HZ[0], high], "bandpass", fs=rate_hz, output="sos")
    padding = min(len(values) - 1, round(3 * rate_hz))
    shake = float(sosfiltfilt(band, vertical(values[None])[0], padlen=padding).std())
    speed = SPEED_LINE[0] + SPEED_LINE[1] * np.log(shake) if shake > 0 else 0.0
    return float(speed) if speed > 0 else np.nan


def _edges(values: np.ndarray, rate_hz: float, first: int, last: int, stride_s: float) -> tuple[int, int]:
    """First sample of a walk and the one after its last, by the amplitude over a stride."""
    band = butter(2, BAND_HZ, "bandpass", fs=rate_hz, output="sos")
    padding = min(len(values) - 1, round(3 * rate_hz))
    power = (sosfiltfilt(band, values, axis=0, padlen=padding) ** 2).sum(axis=1)
    stride = max(1, round(stride_s * rate_hz))
    amplitude = np.sqrt(np.maximum(np.convolve(power, np.ones(stride) / stride, "same"), 0))
    quiet = amplitude < EDGE_AMPLITUDE * np.median(amplitude[first:last])
    # From the middle of the first and last seconds outwards.
    inwards = min(round(2.5 * rate_hz), (last - first) // 2)
    before = np.flatnonzero(quiet[: first + inwards])
    after = np.flatnonzero(quiet[last - inwards :])
    begin = int(before[-1]) + 1 if len(before) else 0
    end = last - inwards + int(after[0]) if len(after) else len(values)
    return (begin, end) if end - begin >= stride else (first, last)


def _median(values: np.ndarray) -> float:
    usable = values[np.isfinite(values)]
    return float(np.median(usable)) if len(usable) else np.nan
