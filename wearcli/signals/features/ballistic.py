"""How a heart beat shows in acceleration: its band, how the window repeats, and the beats themselves.

A beat shakes the body for a third of a second at 3 to 11 Hz (ballistocardiogram). This is far weaker than a
movement, so each moment counts by how still it is. Two ways show what repeats. One is the energy, whose
spectrum has harmonics of the rate. The other is the waves on all three axes, which correlate from one beat to
the next.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import scipy.fft
from scipy.ndimage import gaussian_filter1d, uniform_filter1d

CURVE_HZ = 32.0  # rate of the analytic signals and curves: twice what the bands hold
PAD_S = 1.0
EDGE = 0.15  # share of a band's edge frequency over which the filter rises
LOCAL_S = 2.0  # stretch over which stillness is measured
QUIET = 0.2  # quantile of the deviation that counts as usual in a window
FLOOR_G = 2e-5  # added to the deviation: a tenth of the noise of the best sensors
SMOOTH_S = 0.06
CLIP = 4.0
BPM = np.arange(40.0, 181.0)
ENERGY_S, WAVES_S = 60.0, 20.0  # length of the segments for energy and for waves
FASTEST_HZ = 8.0  # highest harmonic of an energy
WHITE_HZ = 2.0  # a spectrum is divided by its mean over this width
TINY = 1e-9  # share of the highest power that is added before the logarithm
LAG_S = 60 / BPM[::-1]
TIGHT = 60.0  # the price of twice the usual interval, in deviations of the curve at a beat
TEMPLATE_S, SHIFT_S = 0.4, 0.1


@dataclass(frozen=True)
class Waves:
    """Analytic signals of n windows, at `rate_hz`.

    Attributes:
        signal: The analytic signals (n, 3, m) complex, g.
        deviation: Deviation of the three axes together over `LOCAL_S`, (n, m), g.
        weight: 1 at the usual stillness, less in movement, (n, m).
        rate_hz: Rate of the signals, Hz.
    """

    signal: np.ndarray
    deviation: np.ndarray
    weight: np.ndarray
    rate_hz: float


def waves(
    values: np.ndarray, rate_hz: float, band_hz: tuple[float, float], curve_hz: float = CURVE_HZ
) -> Waves:
    """Return the part of windows within a band, without a delay.

    Args:
        values: Windows (n, 3, samples), g.
        rate_hz: Rate of the windows, Hz.
        band_hz: The band, Hz. It is cut off below the Nyquist frequency; a band beyond that is empty.
        curve_hz: Approximate rate of the result, Hz.

    Returns:
        The analytic signals in the band, and how still each moment is.
    """
    n, axes, samples = values.shape
    pad = min(round(PAD_S * rate_hz), samples - 1)
    padded = np.pad(values, ((0, 0), (0, 0), (pad, pad)), mode="reflect", reflect_type="odd")
    length = padded.shape[2]
    size = round(length * curve_hz / rate_hz)
    curve_hz = size * rate_hz / length
    spectrum = scipy.fft.rfft(padded, axis=2)
    gain = 2 * size / length * _gain(np.arange(spectrum.shape[2]) * rate_hz / length, band_hz, rate_hz)
    kept = min(size, spectrum.shape[2])
    analytic = np.zeros((n, axes, size), np.complex64)
    analytic[:, :, :kept] = (spectrum * gain)[:, :, :kept]
    first, count = round(pad / rate_hz * curve_hz), round(samples / rate_hz * curve_hz)
    signal = scipy.fft.ifft(analytic, axis=2)[:, :, first : first + count]
    power = np.square(np.abs(signal)).sum(axis=1)
    local = uniform_filter1d(power, max(1, round(LOCAL_S * curve_hz)), axis=1, mode="nearest")
    deviation = np.sqrt(np.maximum(local, 0)) + np.float32(FLOOR_G)
    usual = np.quantile(deviation, QUIET, axis=1, keepdims=True)
    weight = np.square(usual / np.maximum(deviation, usual))
    return Waves(signal, deviation, weight.astype(np.float32), curve_hz)


def _gain(hz: np.ndarray, band_hz: tuple[float, float], rate_hz: float) -> np.ndarray:
    """Return the gain of a band at each frequency, 0 to 1."""
    low, high = band_hz[0], min(band_hz[1], 0.45 * rate_hz)
    if high <= low:
        return np.zeros(len(hz), np.float32)
    rise = np.clip((hz / low - (1 - EDGE)) / (2 * EDGE), 0, 1)
    fall = np.clip((1 + EDGE - hz / high) / (2 * EDGE), 0, 1)
    return np.asarray(np.sin(np.pi / 2 * np.minimum(rise, fall)) ** 2, np.float32)


def energy(wave: Waves) -> np.ndarray:
    """Return a curve that is high at a beat, otherwise around 0, and smaller in movement.

    Args:
        wave: Signals of n windows.

    Returns:
        The curve (n, m), of the three axes together.
    """
    power = np.square(np.abs(wave.signal)).sum(axis=1)
    smooth = gaussian_filter1d(power, SMOOTH_S * wave.rate_hz, axis=1, mode="nearest")
    around = uniform_filter1d(smooth, max(1, round(LOCAL_S * wave.rate_hz)), axis=1, mode="nearest")
    return np.asarray(np.clip((smooth - around) / np.square(wave.deviation), -CLIP, CLIP) * wave.weight)


def segments(curve: np.ndarray, rate_hz: float, seconds: float) -> np.ndarray:
    """Cut curves into half overlapping segments with a Hann window.

    Args:
        curve: Curves (..., m).
        rate_hz: Rate of the curves, Hz.
        seconds: Length of a segment, s.

    Returns:
        Segments (..., segments, length).
    """
    samples = curve.shape[-1]
    length = min(round(seconds * rate_hz), samples)
    starts = np.linspace(0, samples - length, 1 + round(2 * (samples - length) / length)).round().astype(int)
    parts = np.lib.stride_tricks.sliding_window_view(curve, length, axis=-1)[..., starts, :]
    hann = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    return np.asarray(parts * hann.astype(np.float32))


def harmonics(curve: np.ndarray, rate_hz: float, seconds: float = ENERGY_S) -> np.ndarray:
    """Return how strong the harmonics of each rate of `BPM` are in curves.

    Half of the true rate has the harmonics of the rate too, but as many empty ones. Twice the true rate lacks
    every second harmonic.

    Args:
        curve: Curves (n, m).
        rate_hz: Rate of the curves, Hz.
        seconds: Length of the segments, s.

    Returns:
        Strengths (n, segments, rates), in units of the spread that noise would give.
    """
    parts = segments(curve, rate_hz, seconds)
    size = scipy.fft.next_fast_len(2 * parts.shape[-1])
    power = np.square(np.abs(scipy.fft.rfft(parts, n=size, axis=2)))
    hz_step = rate_hz / size
    # The energy of noise usually falls with the frequency. A white spectrum gives all rates an equal chance.
    mean = power.mean(axis=1, keepdims=True)
    first = min(int(np.ceil(0.5 / hz_step)), mean.shape[2] - 1)
    mean[:, :, :first] = mean[:, :, first : first + 1]
    level = np.log(mean + TINY * mean.max(axis=2, keepdims=True) + TINY)
    usual = uniform_filter1d(level, max(1, round(WHITE_HZ / hz_step)), axis=2, mode="nearest")
    white = power / np.exp(usual)
    return np.asarray(white @ _harmonic_kernel(size, rate_hz, parts.shape[-1]))


@lru_cache(maxsize=16)
def _harmonic_kernel(size: int, rate_hz: float, length: int) -> np.ndarray:
    """Return bells at the harmonics of each rate (bins, rates), of sum 0 and together of length 1."""
    hz = np.arange(size // 2 + 1) * rate_hz / size
    base = BPM / 60
    kernel = np.zeros((len(hz), len(base)))
    for number in range(1, int(FASTEST_HZ / base[0]) + 1):
        at = number * base
        # As wide as the window resolves, and as a rate wanders within it.
        width = np.sqrt(max(0.04, 0.7 * rate_hz / length) ** 2 + np.square(0.02 * at))
        height = np.exp(-0.5 * (at / 3) ** 2) * (at < FASTEST_HZ)
        kernel += height * np.exp(-0.5 * ((hz[:, None] - at) / width) ** 2)
    inside = (hz > 0.5) & (hz < FASTEST_HZ)
    kernel = np.where(inside[:, None], kernel - kernel[inside].mean(axis=0), 0)
    return np.asarray(kernel / np.sqrt(np.square(kernel).sum(axis=0)), np.float32)


def autocorrelation(curve: np.ndarray, rate_hz: float, seconds: float) -> np.ndarray:
    """Return the autocorrelation of segments with a Hann window, divided by lag 0.

    Args:
        curve: Curves (n, m), or complex waves (n, 3, m), whose axes are added and whose size is taken.
        rate_hz: Rate of the curves, Hz.
        seconds: Length of a segment, s.

    Returns:
        (n, segments, lags), up to twice the longest interval of `BPM`.
    """
    parts = segments(curve, rate_hz, seconds)
    longest = int(2 * LAG_S[-1] * rate_hz) + 2
    size = scipy.fft.next_fast_len(parts.shape[-1] + longest)
    power = np.square(np.abs(scipy.fft.fft(parts, n=size, axis=-1)))
    lagged = scipy.fft.ifft(power.sum(axis=1) if curve.ndim == 3 else power, axis=-1)[..., : longest + 1]
    values_at = np.abs(lagged) if np.iscomplexobj(curve) else lagged.real
    start = values_at[..., :1]
    return np.asarray(values_at / np.where(start > 0, start, 1))


def at_lags(curve: np.ndarray, rate_hz: float, seconds: np.ndarray) -> np.ndarray:
    """Return curves at any lags, by linear interpolation.

    Args:
        curve: Curves (..., lags), from lag 0.
        rate_hz: Lags a second, Hz.
        seconds: The lags (k,), s.

    Returns:
        (..., k).
    """
    place = np.minimum(seconds * rate_hz, curve.shape[-1] - 1.001)
    below = place.astype(int)
    share = (place - below).astype(np.float32)
    return np.asarray(curve[..., below] * (1 - share) + curve[..., below + 1] * share)


def recurrence(wave: Waves) -> np.ndarray:
    """Return how well the waves come back after one interval and two, and not after a half.

    Args:
        wave: Signals of n windows.

    Returns:
        (n, segments, rates), for the rates of `BPM`.
    """
    still = wave.signal * (wave.weight / wave.deviation)[:, None]
    power = np.square(autocorrelation(still, wave.rate_hz, WAVES_S))
    # Intervals differ within a minute, so that beats do not come back to the exact sample.
    smooth = gaussian_filter1d(power, SMOOTH_S * wave.rate_hz, axis=2, mode="nearest")
    once, twice, half, more = (at_lags(smooth, wave.rate_hz, k * 60 / BPM) for k in (1, 2, 0.5, 1.5))
    return np.asarray(once + 0.5 * twice - 0.3 * (half + more))


def track_beats(curve: np.ndarray, rate_hz: float, interval_s: np.ndarray) -> np.ndarray:
    """Return the beats in curves that are high at beats, by dynamic programming.

    The beats are the sequence with the highest sum of the curve, less a price for intervals other than the
    usual one (Ellis, Journal of New Music Research 2007).

    Args:
        curve: Curves (n, m).
        rate_hz: Rate of the curves, Hz.
        interval_s: The usual interval of each curve (n,), s.

    Returns:
        Samples of the beats (n, most), -1 where a row has fewer beats.
    """
    n, samples = curve.shape
    low, high = max(1, int(LAG_S[0] * 0.9 * rate_hz)), int(LAG_S[-1] * 1.1 * rate_hz)
    lags = np.arange(high, low - 1, -1)
    price = TIGHT * np.square(np.log2(lags / (interval_s[:, None] * rate_hz))).astype(np.float32)
    total = np.zeros((n, high + samples), np.float32)  # the sum up to each sample, after `high` zeros
    before = np.zeros((n, samples), np.int32)
    scale = curve.std(axis=1, keepdims=True)
    scaled = curve / np.where(scale > 0, scale, 1)
    rows = np.arange(n)
    for now in range(samples):
        reached = total[:, now : now + len(lags)] - price
        best = reached.argmax(axis=1)
        total[:, high + now] = scaled[:, now] + np.maximum(reached[rows, best], 0)
        before[:, now] = np.where(reached[rows, best] > 0, now - lags[best], -1)
    last = np.minimum(np.rint(interval_s * rate_hz).astype(int), samples)
    ending = np.arange(samples) >= samples - last[:, None]
    at = np.where(ending, total[:, high:], -np.inf).argmax(axis=1)
    beats = []
    while (at >= 0).any():
        beats.append(at)
        at = np.where(at >= 0, before[rows, np.maximum(at, 0)], -1)
    return np.stack(beats[::-1], axis=1)


def refine(wave: Waves, seconds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Move beats to the places where their waves are most alike.

    The waves of each beat on the three axes are compared with the mean of all beats, twice.

    Args:
        wave: Signals of n windows.
        seconds: Beats (n, most), s, NaN where there is none.

    Returns:
        The moved beats (n, most), s, and their correlation with the mean (n, most), -1 to 1. Both are NaN
        where there is no beat.
    """
    signal = wave.signal.real * wave.weight[:, None]
    samples = signal.shape[2]
    half, reach = round(TEMPLATE_S / 2 * wave.rate_hz), round(SHIFT_S * wave.rate_hz)
    padded = np.pad(signal, ((0, 0), (0, 0), (half + reach, half + reach + 1)))
    there = np.isfinite(seconds)
    steps = np.arange(-half - reach, half + reach + 1) + half + reach
    for _ in range(2):
        middle = np.clip(np.rint(np.where(there, seconds, 0) * wave.rate_hz).astype(int), 0, samples - 1)
        around = np.take_along_axis(
            padded[:, :, None], middle[:, None, :, None] + steps, axis=3
        )  # (n, 3, most, steps)
        around *= there[:, None, :, None]
        count = np.maximum(there.sum(axis=1), 1)[:, None, None]
        mean = around[..., reach:-reach].sum(axis=2) / count
        views = np.lib.stride_tricks.sliding_window_view(around, mean.shape[2], axis=3)
        norm = np.sqrt(
            np.einsum("ncbsk,ncbsk->nbs", views, views) * np.square(mean).sum((1, 2))[:, None, None]
        )
        alike = np.einsum("ncbsk,nck->nbs", views, mean) / np.where(norm > 0, norm, np.inf)
        best = alike.argmax(axis=2)
        inner = np.clip(best, 1, 2 * reach - 1)
        left, centre, right = (
            np.take_along_axis(alike, (inner + k)[:, :, None], axis=2)[:, :, 0] for k in (-1, 0, 1)
        )
        bend = left - 2 * centre + right
        curved = (bend < 0) & (best == inner)
        shift = np.where(curved, 0.5 * (left - right) / np.where(curved, bend, -1), 0)
        seconds = np.where(there, (middle + best - reach + shift) / wave.rate_hz, np.nan)
    return seconds, np.where(there, alike.max(axis=2), np.nan)
