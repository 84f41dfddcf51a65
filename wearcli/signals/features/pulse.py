"""Hand-made features of a window of PPG or ECG: the strong baseline that stands beside every probe.

They are beat intervals and their variability (Task Force of the ESC, Circulation 1996), the irregularity of
intervals (coefficient of sample entropy: Lake & Moorman, Am J Physiol 2011), the average beat and how beats
differ from it, and the spectrum.
"""

import numpy as np
import scipy.fft

from wearcli.errors import UsageError
from wearcli.signals.beats import Beats, Pulse, find_beats, standardise

TEMPLATE_S: dict[Pulse, tuple[float, float]] = {"ecg": (-0.3, 0.5), "ppg": (-0.3, 0.7)}
TEMPLATE_POINTS = 24
BANDS_HZ: dict[Pulse, tuple[tuple[float, float], ...]] = {
    "ecg": ((0.3, 1), (1, 3), (3, 5), (5, 9), (9, 14), (14, 20), (20, 30), (30, 50)),
    "ppg": ((0.1, 0.3), (0.3, 0.6), (0.6, 1), (1, 1.6), (1.6, 2.5), (2.5, 4), (4, 7), (7, 12)),
}
SEGMENT_S: dict[Pulse, float] = {"ecg": 4.0, "ppg": 8.0}
PULSE_HZ = (0.6, 3.6)
PERIOD_RATE_HZ = 32.0  # rate of the curve from which the period is measured
PERIOD_S = (0.3, 1.8)  # 200 to 33 beats a minute
SHORTEST_S = 2.0  # a window that the longest period fits in
NORMAL = 0.25  # an interval this far from the window's median is an ectopic, a missed or a false beat
RATIO_EDGES = (0.6, 0.8, 0.9, 0.97, 1.03, 1.1, 1.2, 1.4)
CHANGE_EDGES = (0.02, 0.05, 0.1, 0.2, 0.4)
FLOOR = 1e-6  # of a band's power, in units of the window's variance
TINY = 1e-9
MATCH_S = 0.030  # two intervals are alike within it, in the sample entropy

_INTERVALS = (
    *("hr_bpm", "mean_interval_s", "median_interval_s", "sdnn_ms", "rmssd_ms", "cv", "rmssd_share"),
    *("pnn20", "pnn50", "shortest_s", "p10_s", "p25_s", "p75_s", "p90_s", "longest_s"),
    *("sd1_sd2", "turning_points", "lag1", "sample_entropy", "cosen"),
    *(f"ratio_below_{edge:g}" for edge in RATIO_EDGES),
    *(f"change_above_{edge:g}" for edge in CHANGE_EDGES),
    *("normal_share", "normal_hr_bpm", "normal_sdnn_ms", "normal_rmssd_ms"),
)
_BEATS = ("beats_per_s", "height_deviation", "beat_likeness", "beat_likeness_p10")
_SHAPE = (
    *(f"beat_{k}" for k in range(TEMPLATE_POINTS)),
    *(f"beat_spread_{k}" for k in range(TEMPLATE_POINTS // 3)),
)


def feature_names(kind: Pulse) -> tuple[str, ...]:
    """Return the names of `pulse_features`, in their order.

    Args:
        kind: The signal, ppg or ecg.
    """
    bands = (f"log_power_{low:g}_{high:g}_hz" for low, high in BANDS_HZ[kind])
    rest = ("dominant_hz", "dominant_share", "spectral_entropy", "period_s", "period_height")
    return (*_INTERVALS, *_BEATS, *_SHAPE, *bands, *rest, "skew", "kurtosis", "crossing_rate_hz")


_CHUNK = 128  # windows at a time: the sample entropy compares all intervals of a window with one another


def pulse_features(values: np.ndarray, rate_hz: float, kind: Pulse) -> np.ndarray:
    """Return the features of beats in each window.

    Args:
        values: Windows (n, samples, channels) in any unit; the first channel is used.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.

    Returns:
        Features (n, len(feature_names(kind))) float32, always finite. A feature that a window leaves
        undefined (the intervals where nothing beats) is 0.

    Raises:
        UsageError: The windows are shorter than 2 s.
    """
    check_length(values.shape[1], rate_hz)
    out = np.zeros((len(values), len(feature_names(kind))), np.float32)
    for first in range(0, len(values), _CHUNK):
        part = np.nan_to_num(values[first : first + _CHUNK, :, 0].astype(np.float64))
        out[first : first + len(part)] = _chunk_features(part, rate_hz, kind)
    return out


def check_length(samples: int, rate_hz: float) -> None:
    """Check that a rhythm fits in windows.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.

    Raises:
        UsageError: The windows are too short.
    """
    if samples < round(SHORTEST_S * rate_hz):
        raise UsageError(
            f"windows of {samples / rate_hz:.3g} s are too short for the features of beats: give a --window "
            f"of {SHORTEST_S:g} s or more"
        )


def _chunk_features(values: np.ndarray, rate_hz: float, kind: Pulse) -> np.ndarray:
    """Return the features of windows (n, samples, channels)."""
    signal = standardise(values)
    beats = find_beats(signal, rate_hz, kind)
    upright = signal * beats.sign[:, None]
    blocks = (
        interval_features(beats.times),
        _beat_features(upright, beats, rate_hz, kind),
        _spectrum(signal, rate_hz, kind),
        _period(beats.curve, rate_hz),
        _distribution(upright, rate_hz),
    )
    return np.asarray(np.nan_to_num(np.concatenate(blocks, axis=1), posinf=0, neginf=0))


def interval_features(times: np.ndarray) -> np.ndarray:
    """Return the features of intervals between beats.

    Args:
        times: Beat times (n, most), s; NaN fills up the rows.

    Returns:
        Features (n, len(_INTERVALS)), 0 where they are undefined.
    """
    with np.errstate(all="ignore"):
        rr = np.diff(times, axis=1)
        valid = np.isfinite(rr)
        count = valid.sum(axis=1)
        mean = _mean(rr, valid)
        ordered = np.sort(rr, axis=1)  # NaN last
        low, p10, p25, median, p75, p90, high = (
            _quantile(ordered, count, q) for q in (0, 0.1, 0.25, 0.5, 0.75, 0.9, 1)
        )
        deviation = _deviation(rr, valid)
        change = np.diff(rr, axis=1)
        both = np.isfinite(change)
        rmssd = np.sqrt(_mean(np.square(change), both))
        sd1 = rmssd / np.sqrt(2)
        sd2 = np.sqrt(np.maximum(2 * deviation**2 - sd1**2, 0))
        turning = _share(change[:, 1:] * change[:, :-1] < 0, both[:, 1:])
        centred = rr - mean[:, None]
        lag1 = _mean(centred[:, 1:] * centred[:, :-1], both) / np.square(deviation)
        entropy = _sample_entropy(rr)
        ratio = rr / median[:, None]
        relative = np.abs(change) / mean[:, None]
        normal = valid & (np.abs(ratio - 1) < NORMAL)
        pairs = normal[:, 1:] & normal[:, :-1]
        columns = [
            *(60 / mean, mean, median, 1e3 * deviation, 1e3 * rmssd, deviation / mean, rmssd / mean),
            *(_share(np.abs(change) > 0.02, both), _share(np.abs(change) > 0.05, both)),
            *(low, p10, p25, p75, p90, high),
            *(sd1 / sd2, turning, lag1, entropy, entropy - np.log(2 * MATCH_S) - np.log(mean)),
            *(_share(ratio < edge, valid) for edge in RATIO_EDGES),
            *(_share(relative > edge, both) for edge in CHANGE_EDGES),
            *(normal.sum(axis=1) / count, 60 / _mean(rr, normal), 1e3 * _deviation(rr, normal)),
            1e3 * np.sqrt(_mean(np.square(change), pairs)),
        ]
    return np.asarray(np.nan_to_num(np.stack(columns, axis=1), posinf=0, neginf=0))


def _mean(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the mean of each row over a mask."""
    return np.asarray(np.where(mask, values, 0).sum(axis=1) / mask.sum(axis=1))


def _share(true: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the share of a mask that is true, row by row."""
    return np.asarray((true & mask).sum(axis=1) / mask.sum(axis=1))


def _deviation(values: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """Return the standard deviation of each row over a mask, with n - 1 like the Task Force."""
    squared = np.where(mask, np.square(values - _mean(values, mask)[:, None]), 0)
    return np.asarray(np.sqrt(squared.sum(axis=1) / (mask.sum(axis=1) - 1)))


def _quantile(ordered: np.ndarray, count: np.ndarray, q: float) -> np.ndarray:
    """Return numpy's quantile of the first `count` values of each sorted row."""
    place = q * np.maximum(count - 1, 0)
    below = np.floor(place).astype(int)[:, None]
    above = np.minimum(below + 1, np.maximum(count - 1, 0)[:, None])
    low, high = (np.take_along_axis(ordered, at, axis=1)[:, 0] for at in (below, above))
    return np.asarray(low + (place - below[:, 0]) * (high - low))


def _sample_entropy(rr: np.ndarray) -> np.ndarray:
    """Return the sample entropy of intervals, m = 1.

    It is -log of the chance that two intervals alike (within `MATCH_S`) are followed by two alike. One match
    is added to both counts, so that few beats give a number.
    """
    alike = np.abs(rr[:, :, None] - rr[:, None, :]) < MATCH_S  # NaN is like nothing
    later = np.triu(np.ones(alike.shape[1:], bool), 1)
    valid = np.isfinite(rr[:, 1:])
    followed = valid[:, :, None] & valid[:, None, :]
    first = alike[:, :-1, :-1] & later[:-1, :-1] & followed
    second = first & alike[:, 1:, 1:]
    return np.asarray(-np.log((second.sum(axis=(1, 2)) + 1) / (first.sum(axis=(1, 2)) + 1)))


def average_beat(
    upright: np.ndarray, beats: Beats, rate_hz: float, kind: Pulse
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the average beat of each window, and how its beats differ from it.

    Args:
        upright: Windows (n, samples), with beats that point upwards.
        beats: The beats.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.

    Returns:
        The average beat (n, length), the likeness of each beat to it (n, most), and the spread of the beats
        (n, length). Likeness is Pearson's r. It is NaN for a beat whose neighbourhood leaves the window, and
        such beats do not count.
    """
    samples = upright.shape[1]
    low, high = (round(s * rate_hz) for s in TEMPLATE_S[kind])
    middle = np.rint(np.nan_to_num(beats.times, nan=-1e6) * rate_hz).astype(int)
    whole = (middle + low >= 0) & (middle + high <= samples)
    at = np.where(whole, middle, -low)[:, :, None] + np.arange(low, high)
    at = np.clip(at, 0, samples - 1)
    around = np.take_along_axis(upright[:, None, :], at, axis=2)  # (n, most, length)
    weight = whole[:, :, None]
    count = np.maximum(whole.sum(axis=1), 1)[:, None]
    average = (around * weight).sum(axis=1) / count
    spread = np.sqrt((np.square(around - average[:, None]) * weight).sum(axis=1) / count)
    ours = average - average.mean(axis=1, keepdims=True)
    theirs = around - around.mean(axis=2, keepdims=True)
    norm = np.sqrt(np.square(ours).sum(axis=1)[:, None] * np.square(theirs).sum(axis=2)) + TINY
    likeness = np.where(whole, (theirs * ours[:, None]).sum(axis=2) / norm, np.nan)
    return average, likeness, spread


def _beat_features(upright: np.ndarray, beats: Beats, rate_hz: float, kind: Pulse) -> np.ndarray:
    """Return rate, heights and likeness of beats, and points of the average beat and the spread."""
    average, likeness, spread = average_beat(upright, beats, rate_hz, kind)
    valid = np.isfinite(likeness)
    with np.errstate(all="ignore"):
        p10 = _quantile(np.sort(likeness, axis=1), valid.sum(axis=1), 0.1)
        columns = [
            beats.count / (upright.shape[1] / rate_hz),
            _deviation(beats.heights, np.isfinite(beats.heights)),
            _mean(likeness, valid),
            p10,
        ]
    points = [part.mean(axis=1) for part in np.array_split(average, TEMPLATE_POINTS, axis=1)]
    spreads = [part.mean(axis=1) for part in np.array_split(spread, TEMPLATE_POINTS // 3, axis=1)]
    return np.stack([*columns, *points, *spreads], axis=1)


def _spectrum(signal: np.ndarray, rate_hz: float, kind: Pulse) -> np.ndarray:
    """Return log power by band, the pulse's dominant frequency, its share, and the entropy, (n, 8 + 3).

    It is Welch's periodogram (IEEE TAE 1967): segments of `SEGMENT_S` that overlap by half, each with a Hann
    window.
    """
    length = min(round(SEGMENT_S[kind] * rate_hz), signal.shape[1])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    parts = np.lib.stride_tricks.sliding_window_view(signal, length, axis=1)[:, :: length // 2]
    power = np.square(np.abs(scipy.fft.rfft(parts * hann, axis=2))).mean(axis=1)
    power *= 2 / (length * np.square(hann).sum())
    hz = np.arange(power.shape[1]) * rate_hz / length
    bands = [power[:, (hz >= low) & (hz < high)].sum(axis=1) for low, high in BANDS_HZ[kind]]
    inside = (hz >= PULSE_HZ[0]) & (hz < PULSE_HZ[1])
    share = power[:, inside] / (power[:, inside].sum(axis=1, keepdims=True) + TINY)
    entropy = -(share * np.log(share + TINY)).sum(axis=1) / np.log(inside.sum())
    rest = [hz[inside][share.argmax(axis=1)], share.max(axis=1), entropy]
    return np.stack([*(np.log10(band / FLOOR + 1) for band in bands), *rest], axis=1)


def _period(curve: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the lag (s) of the highest autocorrelation of (n, samples) within `PERIOD_S`, and its height."""
    step = max(1, round(rate_hz / PERIOD_RATE_HZ))
    whole = curve.shape[1] // step * step
    slow = standardise(curve[:, :whole].reshape(len(curve), -1, step).mean(axis=2))
    low, high = (round(s * rate_hz / step) for s in PERIOD_S)
    samples = slow.shape[1]
    lags = range(low, high + 1)
    heights = np.stack([(slow[:, lag:] * slow[:, : samples - lag]).sum(axis=1) for lag in lags], axis=1)
    best = heights.argmax(axis=1)
    height = np.take_along_axis(heights, best[:, None], axis=1)[:, 0] / samples
    return np.stack([(low + best) * step / rate_hz, height], axis=1)


def _distribution(upright: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return third and fourth moment, and crossings of zero a second, (n, 3)."""
    third, fourth = (np.power(upright, k).mean(axis=1) for k in (3, 4))
    crossings = np.count_nonzero(np.diff(upright > 0, axis=1), axis=1) * rate_hz / (upright.shape[1] - 1)
    return np.stack([third, fourth - 3, crossings], axis=1)
