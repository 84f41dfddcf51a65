"""Stride time of a sensor on a leg, from the autocorrelation of its acceleration.

A leg repeats its movement after a stride, not after a step, so the acceleration of an ankle, a thigh or a
foot comes back after each stride time (Moe-Nilssen and Helbostad, J Biomech 2004, have it for the trunk,
where it comes back after a step too).
"""

import numpy as np

from wearcli.signals.gait.rhythm import autocovariance

STRIDE_S = (0.6, 2.0)  # a sprint to a very slow walk
# Impacts ring up to tens of Hertz and differ from stride to stride; below is what every stride repeats.
BAND_HZ = (0.3, 6.0)
# Two strides repeat as well as one: a longer lag is taken only where its peak is higher by this much for each
# second that it is longer. On a leg a step, half of a stride, is lower by far more, so it is never taken.
LONGER_COSTS = 0.1  # of the correlation, per second
STILL_G = 0.02  # root mean square within the band: below it the sensor hardly moves


def stride_times(values: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the stride time of each window, and how far it can be trusted.

    Args:
        values: Windows (n, samples, channels) of at least two strides, so 4 s for the slowest, in g; a value
            that is not finite counts as its channel's mean over the window.
        rate_hz: Rate of the windows, Hz.

    Returns:
        Stride times (n,) in s and their quality (n,), 0 to 1. The quality is the correlation of the vector
        with itself one stride later, within `BAND_HZ`. Where nothing within `STRIDE_S` peaks, and in a sensor
        that hardly moves, it is 0 and the stride time NaN.
    """
    curve, power = _autocorrelation(values, rate_hz)
    first = int(np.ceil(STRIDE_S[0] * rate_hz))
    last = min(int(STRIDE_S[1] * rate_hz), curve.shape[1] - 2)
    seconds, quality = np.full(len(values), np.nan), np.zeros(len(values))
    if last < first:
        return seconds, quality
    middle = curve[:, first : last + 1]
    summit = (middle >= curve[:, first - 1 : last]) & (middle > curve[:, first + 1 : last + 2]) & (middle > 0)
    lags = np.arange(first, last + 1)
    worth = np.where(summit, middle - LONGER_COSTS * lags / rate_hz, -np.inf)
    peak = lags[worth.argmax(axis=1)]
    repeats = summit.any(axis=1) & (np.sqrt(power) >= STILL_G)
    row = np.flatnonzero(repeats)
    before, at, after = (curve[row, peak[row] + step] for step in (-1, 0, 1))
    shift = 0.5 * (before - after) / (before - 2 * at + after)  # the summit of the parabola through the three
    seconds[row] = (peak[row] + np.clip(shift, -0.5, 0.5)) / rate_hz
    quality[row] = np.clip(at - 0.25 * (before - after) * shift, 0, 1)
    return seconds, quality


def _autocorrelation(values: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Correlation of the vector with itself within the band, (n, lags), and its power, g^2, (n,)."""
    samples = values.shape[1]
    signal = np.array(values, np.float64).transpose(0, 2, 1)
    if not np.isfinite(signal).all():
        finite = np.isfinite(signal)
        total = np.where(finite, signal, 0).sum(axis=2, keepdims=True)
        signal = np.where(finite, signal, total / np.maximum(finite.sum(axis=2, keepdims=True), 1))
    lags = np.arange(min(int(STRIDE_S[1] * rate_hz) + 2, samples))
    covariance = autocovariance(signal.transpose(0, 2, 1), rate_hz, BAND_HZ)[:, lags]
    start = covariance[:, :1]
    # Each lag by the samples that overlap there: else the correlation falls with the lag.
    curve = covariance / np.where(start > 0, start, 1) * (samples / (samples - lags))
    return curve, start[:, 0] / samples
