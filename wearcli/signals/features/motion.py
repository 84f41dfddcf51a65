"""Hand-made features of a window of acceleration: the strong baseline that stands beside every probe."""

import numpy as np
import scipy.fft

from wearcli.errors import UsageError

CHANNELS = ("x", "y", "z", "magnitude")
BANDS_HZ = ((0.3, 1.0), (1.0, 2.0), (2.0, 3.0), (3.0, 5.0), (5.0, 8.0), (8.0, 15.0))
STRIDE_S = (0.6, 1.8)  # a run to a very slow walk
STEP_S = (0.25, 0.8)
LONGEST_LAG = 0.7  # of the window: beyond it too little overlaps

_DISTRIBUTION = (
    *("mean", "deviation", "minimum", "p10", "p25", "median", "p75", "p90", "maximum"),
    *("skew", "kurtosis", "crossing_rate_hz"),
)
QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
_SPECTRUM = (
    *(f"log_power_{low:g}_{high:g}_hz" for low, high in BANDS_HZ),
    *("dominant_hz", "dominant_share", "centroid_hz", "spectral_entropy"),
)
FEATURE_NAMES: tuple[str, ...] = (
    *(f"{channel}_{name}" for channel in CHANNELS for name in _DISTRIBUTION),
    *(f"{channel}_jerk_{name}" for channel in CHANNELS for name in ("mean_abs", "deviation")),
    *("correlation_xy", "correlation_xz", "correlation_yz"),
    *(f"{channel}_{name}" for channel in CHANNELS for name in _SPECTRUM),
    *("stride_s", "stride_vector", "stride_magnitude", "half_stride_vector", "step_s", "step_magnitude"),
)

# 10 µg: far below any sensor's noise, far above the rounding of float32. Under it a signal is constant.
CONSTANT = 1e-10  # variance, g^2
FLOOR = 1e-8  # added to a band's power before the logarithm, g^2
LEAST_SHARE = 1e-12  # added to a bin's share of the power before the logarithm
# Windows at a time: their arrays stay in a core's cache.
_CHUNK = 256


def features(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the statistics `FEATURE_NAMES` of each window.

    Args:
        values: Windows (n, samples, 3) float32, g, below a million; a value that is not finite counts as its
            axis's mean over the window.
        rate_hz: Rate of the windows, Hz.

    Returns:
        Features (n, len(FEATURE_NAMES)) float32, always finite. Where a constant signal leaves a feature
        undefined (skew, correlation, dominant frequency), it is 0; its stride and step are the shortest ones.
        A band beyond the Nyquist frequency has no power.

    Raises:
        UsageError: The windows do not have three channels, or have fewer than 8 samples.
    """
    n, samples, axes = values.shape
    if axes != 3:
        raise UsageError(f"features need 3 axes of acceleration, not {axes} channels")
    if samples < 8:
        raise UsageError(f"a window of {samples} samples is too short for features: raise --window")
    out = np.empty((n, len(FEATURE_NAMES)), np.float32)
    for first in range(0, n, _CHUNK):
        out[first : first + _CHUNK] = _chunk_features(values[first : first + _CHUNK], rate_hz)
    return out


def _chunk_features(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the features of windows (n, samples, 3)."""
    n, samples, _ = values.shape
    signals = np.empty((n, 4, samples), np.float32)
    signals[:, :3] = values.transpose(0, 2, 1)
    if not np.isfinite(signals[:, :3]).all():
        _fill(signals[:, :3])
    np.sqrt(np.einsum("ncs,ncs->ns", signals[:, :3], signals[:, :3]), out=signals[:, 3])
    mean = signals.mean(axis=2)
    centred = signals - mean[:, :, None]
    variance = np.einsum("ncs,ncs->nc", centred, centred) / samples
    blocks = (
        _distribution(signals, centred, mean, variance, rate_hz),
        _jerk(signals, rate_hz),
        _correlations(centred, variance),
        _spectrum(centred, rate_hz),
        _periods(centred, rate_hz),
    )
    return np.concatenate([block.reshape(n, -1) for block in blocks], axis=1)


def _fill(axes: np.ndarray) -> None:
    """Replace values that are not finite, in place, by the mean of the rest of their row, or by 0."""
    finite = np.isfinite(axes)
    total = np.where(finite, axes, 0).sum(axis=2, keepdims=True)
    mean = total / np.maximum(finite.sum(axis=2, keepdims=True), 1)
    np.copyto(axes, mean, where=~finite)


def _distribution(
    signals: np.ndarray, centred: np.ndarray, mean: np.ndarray, variance: np.ndarray, rate_hz: float
) -> np.ndarray:
    """Return moments, quantiles, and how often a signal crosses its mean, (n, 4, 12)."""
    samples = signals.shape[2]
    ordered = np.sort(signals, axis=2)
    position = np.array(QUANTILES) * (samples - 1)
    below = np.minimum(position.astype(int), samples - 2)
    share = (position - below).astype(np.float32)
    quantiles = ordered[:, :, below] * (1 - share) + ordered[:, :, below + 1] * share

    squared = centred * centred
    third = np.einsum("ncs,ncs->nc", squared, centred) / samples
    fourth = np.einsum("ncs,ncs->nc", squared, squared) / samples
    moving = variance > CONSTANT
    safe = np.where(moving, variance, 1)
    skew = np.where(moving, third / safe**1.5, 0)
    kurtosis = np.where(moving, fourth / safe**2 - 3, 0)
    above = centred > 0
    crossings = np.count_nonzero(above[:, :, 1:] != above[:, :, :-1], axis=2)
    crossing_rate = np.where(moving, crossings * np.float32(rate_hz / (samples - 1)), 0)
    return np.concatenate(
        [
            np.stack([mean, np.sqrt(variance)], axis=2),
            quantiles,
            np.stack([skew, kurtosis, crossing_rate], axis=2),
        ],
        axis=2,
    )


def _jerk(signals: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return mean absolute value and deviation of the derivative (g/s), (n, 4, 2)."""
    jerk = np.diff(signals, axis=2) * np.float32(rate_hz)
    mean = jerk.mean(axis=2)
    square = np.einsum("ncs,ncs->nc", jerk, jerk) / jerk.shape[2]
    return np.stack([np.abs(jerk).mean(axis=2), np.sqrt(np.maximum(square - mean * mean, 0))], axis=2)


def _correlations(centred: np.ndarray, variance: np.ndarray) -> np.ndarray:
    """Return Pearson's r of xy, xz, yz, (n, 3)."""
    one, other = [0, 0, 1], [1, 2, 2]
    covariance = np.matmul(centred[:, :3], centred[:, :3].transpose(0, 2, 1)) / centred.shape[2]
    scale = variance[:, one] * variance[:, other]
    moving = (variance[:, one] > CONSTANT) & (variance[:, other] > CONSTANT)
    return np.where(moving, covariance[:, one, other] / np.sqrt(np.where(moving, scale, 1)), 0)


def _spectrum(centred: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return log power by band (g^2), dominant frequency and its share, centroid and entropy, (n, 4, 10).

    The periodogram has a Hann window. Without it, the leakage of a slow turn of the wrist would hide the weak
    bands.
    """
    samples = centred.shape[2]
    window = (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(samples) / samples)).astype(np.float32)
    spectrum = scipy.fft.rfft(centred * window, axis=2)
    # One-sided power whose sum is the variance of the windowed signal, scaled back to the signal's own.
    power = (spectrum.real**2 + spectrum.imag**2) * np.float32(2 / (samples * (window**2).sum()))
    if samples % 2 == 0:
        power[:, :, -1] /= 2  # the Nyquist bin has no mirror image
    hz = (np.arange(power.shape[2]) * (rate_hz / samples)).astype(np.float32)

    edges = np.array([[hz >= low, hz < high] for low, high in BANDS_HZ]).all(axis=1).astype(np.float32)
    bands = np.log10(power @ edges.T + np.float32(FLOOR))

    inside = slice(*np.searchsorted(hz, [BANDS_HZ[0][0], BANDS_HZ[-1][1]]))
    power, hz = power[:, :, inside], hz[inside]
    if len(hz) < 3:  # a window far shorter than a second has no spectrum to speak of
        return np.concatenate([bands, np.zeros((*bands.shape[:2], 4), np.float32)], axis=2)
    total = power.sum(axis=2)
    moving = total > CONSTANT
    safe = np.where(moving, total, 1)
    share = power / safe[:, :, None]
    log_share = np.log(share + np.float32(LEAST_SHARE))
    peak = power.argmax(axis=2)
    dominant, _ = _parabola(log_share, peak)  # the peak of a Hann window is a parabola in its logarithm
    near = np.take_along_axis(share, peak[:, :, None], axis=2)[:, :, 0]
    centroid = share @ hz
    entropy = -np.einsum("ncf,ncf->nc", share, log_share) / np.float32(np.log(len(hz)))
    dominant_hz = hz[0] + dominant * np.float32(rate_hz / samples)
    rest = np.stack([dominant_hz, near, centroid, entropy], axis=2)
    return np.concatenate([bands, np.where(moving[:, :, None], rest, 0)], axis=2)


def _periods(centred: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return stride and step (n, 6): the time (s) after which the movement repeats, and how well it repeats.

    Both come from the autocorrelations of the magnitude and of the vector (the sum over the axes). A stride
    brings back both. Half of it, a step, brings back the magnitude alone (Moe-Nilssen and Helbostad 2004). So
    the stride is the peak of the three together, and the step is the peak of the magnitude. Peaks are chosen
    on the biased estimate, so that the shortest of equal lags wins. They are measured on the unbiased
    estimate.
    """
    samples = centred.shape[2]
    longest = int(min(STRIDE_S[1] * rate_hz, LONGEST_LAG * samples)) + 1
    size = 1 << (samples + longest).bit_length()  # a power of two: the fastest transform by far
    spectrum = scipy.fft.rfft(centred, n=size, axis=2)
    power = spectrum.real**2 + spectrum.imag**2
    covariance = scipy.fft.irfft(np.stack([power[:, 3], power[:, :3].sum(axis=1)], axis=1), n=size, axis=2)
    start = covariance[:, :, :1]
    moving = start > CONSTANT * samples
    biased = covariance[:, :, : longest + 1] / np.where(moving, start, 1)
    biased *= moving
    lags = np.arange(longest + 1)
    unbiased = biased * (samples / (samples - lags)).astype(np.float32)
    magnitude, vector = unbiased[:, 0], unbiased[:, 1]

    choice = biased.sum(axis=1)
    choice[:, ::2] += biased[:, 0, : choice[:, ::2].shape[1]]
    odd = choice[:, 1::2].shape[1]
    choice[:, 1::2] += 0.5 * (biased[:, 0, :odd] + biased[:, 0, 1 : odd + 1])
    stride, together = _repeat(choice, magnitude + vector, STRIDE_S, rate_hz)
    step, step_height = _repeat(biased[:, 0], magnitude, STEP_S, rate_hz)
    rows = np.arange(len(stride))
    at = np.rint(stride * rate_hz).astype(int)
    heights = (together - magnitude[rows, at], magnitude[rows, at], vector[rows, at // 2])
    return np.stack([stride, *heights, step, step_height], axis=1)


def _repeat(
    choice: np.ndarray, curve: np.ndarray, range_s: tuple[float, float], rate_hz: float
) -> tuple[np.ndarray, np.ndarray]:
    """Return the lag (s) of the highest peak of `choice` within the range, and the height of `curve` there.

    Both are (n, lags), from lag 0. Without a peak, the highest point is used. In a window too short for the
    range, the result is 0.
    """
    first = max(int(np.ceil(range_s[0] * rate_hz)), 1)
    last = min(int(range_s[1] * rate_hz), choice.shape[1] - 2)
    if last < first:
        return np.zeros(len(choice), np.float32), np.zeros(len(choice), np.float32)
    middle = choice[:, first : last + 1]
    summit = (middle >= choice[:, first - 1 : last]) & (middle > choice[:, first + 1 : last + 2])
    peak = first + np.argmax(middle - 4 * ~summit, axis=1)
    place, height = _parabola(curve[:, None], peak[:, None])
    return place[:, 0] / np.float32(rate_hz), height[:, 0]


def _parabola(curve: np.ndarray, peak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return place and height of the summit of a parabola through a peak and its neighbours.

    Curves are (n, c, m). A peak at the edge of the curve stays in its place.
    """
    at = np.clip(peak, 1, curve.shape[2] - 2)[:, :, None]
    left, centre, right = (np.take_along_axis(curve, at + step, axis=2)[:, :, 0] for step in (-1, 0, 1))
    bend = left - 2 * centre + right
    curved = (bend < 0) & (peak == at[:, :, 0])
    shift = np.clip(np.where(curved, 0.5 * (left - right) / np.where(curved, bend, -1), 0), -1, 1)
    height = np.where(peak < at[:, :, 0], left, np.where(peak > at[:, :, 0], right, centre))
    return peak + shift, height - 0.25 * (left - right) * shift
