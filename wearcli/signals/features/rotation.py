"""Hand-made features of a window of a gyroscope: the baseline that stands beside every probe of rotation."""

import numpy as np
import scipy.fft

from wearcli.errors import UsageError
from wearcli.signals.features.motion import BANDS_HZ

CHANNELS = ("x", "y", "z", "speed")
QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)
PERIOD_S = (0.25, 1.8)  # a quick step to the stride of a very slow walk
LONGEST_LAG = 0.7  # of the window: beyond it too little overlaps
CONSTANT = 1e-6  # variance, (deg/s)^2: far below the noise of any sensor
FLOOR = 1e-4  # added to a band's power before the logarithm, (deg/s)^2
SHORTEST = 8  # samples
_CHUNK = 256  # windows at a time: their arrays stay in a core's cache

_STATISTICS = ("mean", "deviation", "minimum", "p10", "median", "p90", "maximum", "crossing_rate_hz")
FEATURE_NAMES: tuple[str, ...] = (
    *(f"{channel}_{name}" for channel in CHANNELS for name in _STATISTICS),
    *(f"{channel}_change_mean_abs" for channel in CHANNELS),
    *("correlation_xy", "correlation_xz", "correlation_yz"),
    *(f"{channel}_log_power_{low:g}_{high:g}_hz" for channel in CHANNELS for low, high in BANDS_HZ),
    *("vector_dominant_hz", "vector_dominant_share", "vector_centroid_hz"),
    *("speed_dominant_hz", "speed_dominant_share", "speed_centroid_hz"),
    *("period_s", "period_height"),
)


def features(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return statistics, powers and the rhythm of each window.

    The speed is the magnitude of the rotation. Powers are those of a periodogram with a Hann window. The
    period is the lag at the highest peak of the autocorrelation of the vector (the sum over the axes).

    Args:
        values: Windows (n, samples, 3), deg/s; a value that is not finite counts as its axis's mean over the
            window.
        rate_hz: Rate of the windows, Hz.

    Returns:
        Features (n, len(FEATURE_NAMES)) float32, always finite. A feature that a constant signal leaves
        undefined is 0. The period is 0 where no lag is a peak.

    Raises:
        UsageError: The windows do not have three channels, or have fewer than 8 samples.
    """
    n, samples, axes = values.shape
    if axes != 3:
        raise UsageError(f"features of rotation need 3 axes, not {axes} channels")
    if samples < SHORTEST:
        raise UsageError(f"a window of {samples} samples is too short for features: raise --window")
    out = np.empty((n, len(FEATURE_NAMES)), np.float32)
    for first in range(0, n, _CHUNK):
        chunk = slice(first, first + _CHUNK)
        out[chunk] = _chunk_features(values[chunk].transpose(0, 2, 1).astype(np.float64), rate_hz)
    return out


def _chunk_features(axes: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the features of windows (n, 3, samples)."""
    finite = np.isfinite(axes)
    if not finite.all():
        count = np.maximum(finite.sum(axis=2, keepdims=True), 1)
        axes = np.where(finite, axes, np.where(finite, axes, 0).sum(axis=2, keepdims=True) / count)
    signals = np.concatenate([axes, np.linalg.norm(axes, axis=1)[:, None]], axis=1)
    mean = signals.mean(axis=2)
    centred = signals - mean[:, :, None]
    power, hz = _periodogram(centred, rate_hz)
    blocks = (
        _statistics(signals, centred, mean, rate_hz),
        np.abs(np.diff(signals, axis=2)).mean(axis=2) * rate_hz,
        _correlations(centred[:, :3]),
        _band_powers(power, hz),
        _peak(power[:, :3].sum(axis=1), hz),
        _peak(power[:, 3], hz),
        _period(centred[:, :3], rate_hz),
    )
    return np.concatenate([block.reshape(len(axes), -1) for block in blocks], axis=1)


def _statistics(signals: np.ndarray, centred: np.ndarray, mean: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return moments, quantiles and how often a signal crosses its mean, (n, 4, 8)."""
    samples = signals.shape[2]
    variance = (centred**2).mean(axis=2)
    quantiles = np.moveaxis(np.quantile(signals, QUANTILES, axis=2), 0, 2)
    above = centred > 0
    crossings = np.count_nonzero(above[:, :, 1:] != above[:, :, :-1], axis=2) * rate_hz / (samples - 1)
    rate = np.where(variance > CONSTANT, crossings, 0)
    return np.concatenate([np.stack([mean, np.sqrt(variance)], axis=2), quantiles, rate[:, :, None]], axis=2)


def _correlations(centred: np.ndarray) -> np.ndarray:
    """Return Pearson's r of xy, xz and yz, (n, 3)."""
    one, other = [0, 0, 1], [1, 2, 2]
    covariance = np.matmul(centred, centred.transpose(0, 2, 1)) / centred.shape[2]
    variance = np.einsum("nii->ni", covariance)
    moving = (variance[:, one] > CONSTANT) & (variance[:, other] > CONSTANT)
    scale = np.sqrt(np.where(moving, variance[:, one] * variance[:, other], 1))
    return np.where(moving, covariance[:, one, other] / scale, 0)


def _periodogram(centred: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Return one-sided power (n, 4, bins), whose sum is the variance, and the bins' frequencies, Hz."""
    samples = centred.shape[2]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / samples)
    spectrum = scipy.fft.rfft(centred * window, axis=2)
    power = np.abs(spectrum) ** 2 * (2 / (samples * (window**2).sum()))
    if samples % 2 == 0:
        power[:, :, -1] /= 2  # the Nyquist bin has no mirror image
    return power, np.arange(power.shape[2]) * (rate_hz / samples)


def _band_powers(power: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Return the logarithm of the power within each band, (n, 4, bands)."""
    bands = [power[:, :, (hz >= low) & (hz < high)].sum(axis=2) for low, high in BANDS_HZ]
    return np.log10(np.stack(bands, axis=2) + FLOOR)


def _peak(power: np.ndarray, hz: np.ndarray) -> np.ndarray:
    """Return the strongest frequency within the bands, its share of the power, and the mean one, (n, 3)."""
    inside = (hz >= BANDS_HZ[0][0]) & (hz < BANDS_HZ[-1][1])
    if not inside.any():
        return np.zeros((len(power), 3))
    power, hz = power[:, inside], hz[inside]
    total = power.sum(axis=1)
    safe = np.where(total > CONSTANT, total, 1)
    peak = power.argmax(axis=1)
    shape = np.stack([hz[peak], power.max(axis=1) / safe, power @ hz / safe], axis=1)
    return np.where((total > CONSTANT)[:, None], shape, 0)


def _period(centred: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the lag (s) after which the vector repeats best, and its autocorrelation there, (n, 2)."""
    samples = centred.shape[2]
    first = max(int(np.ceil(PERIOD_S[0] * rate_hz)), 1)
    last = int(min(PERIOD_S[1] * rate_hz, LONGEST_LAG * samples))
    result = np.zeros((len(centred), 2))
    if last - first < 2:
        return result
    spectrum = scipy.fft.rfft(centred, 2 * samples, axis=2)
    covariance = scipy.fft.irfft((np.abs(spectrum) ** 2).sum(axis=1), 2 * samples, axis=1)[:, : last + 2]
    start = covariance[:, :1]
    moving = start[:, 0] > CONSTANT * samples
    curve = covariance / np.where(moving[:, None], start, 1)
    middle = curve[:, first : last + 1]
    summit = (middle >= curve[:, first - 1 : last]) & (middle > curve[:, first + 1 : last + 2])
    height = np.where(summit, middle, -np.inf)
    best = height.argmax(axis=1)
    repeats = moving & summit.any(axis=1)
    result[repeats, 0] = (first + best[repeats]) / rate_hz
    result[repeats, 1] = height[repeats, best[repeats]]
    return result
