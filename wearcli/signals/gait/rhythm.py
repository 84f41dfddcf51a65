"""Stride time of a walking or running person, from the autocorrelation of acceleration anywhere on the body.

The acceleration comes back after a stride, and nearly as well after half of it or two. Which of the peaks is
the stride is decided by how much the body shakes: who strides fast shakes more. The line of `usual_stride_s`
was fitted on the wrists of each second person of selfback (17 people). It holds at the lower back, foot,
thigh and pocket as it stands, since an octave is far more than its error.
"""

from dataclasses import dataclass

import numpy as np
import scipy.fft

BAND_HZ = (0.5, 7.0)  # below lie turns of the sensor, above it impacts that differ from stride to stride
STRIDE_S = (0.5, 2.2)  # a sprint to a very slow walk
LONGEST_LAG = 0.7  # of the window: beyond it too little overlaps

USUAL_S, USUAL_POWER = 0.80, -0.233  # stride time, s, of a deviation of 1 g, and its power
USUAL_AT_MOST_S = 1.7  # of a sensor that hardly shakes
OCTAVE_COSTS = 1.0  # of the correlation, for an octave from the usual stride; half an octave costs a quarter


@dataclass(frozen=True)
class Rhythm:
    """What repeats itself in windows of acceleration.

    Attributes:
        stride_s: Stride times (n,), s; NaN where nothing repeats.
        regularity: Correlations (n,) of the vector with itself one stride later, within `BAND_HZ`; 0 where
            nothing repeats.
        deviation_g: Standard deviations (n,) of the magnitude, g.
    """

    stride_s: np.ndarray
    regularity: np.ndarray
    deviation_g: np.ndarray


def usual_stride_s(deviation_g: np.ndarray) -> np.ndarray:
    """Return the stride time, s, that people have whose sensor shakes so much.

    Args:
        deviation_g: Standard deviation of the magnitude, g.
    """
    return np.asarray(np.minimum(USUAL_S * np.maximum(deviation_g, 1e-4) ** USUAL_POWER, USUAL_AT_MOST_S))


def rhythm(values: np.ndarray, rate_hz: float) -> Rhythm:
    """Return the stride time of each window and how well it repeats.

    Args:
        values: Windows (n, samples, 3), g, finite; of 4 s or more for the slowest walk.
        rate_hz: Rate of the windows, Hz.
    """
    deviation = np.linalg.norm(values, axis=2).std(axis=1).astype(np.float64)
    curve = autocorrelation(values, rate_hz, BAND_HZ, STRIDE_S[1])
    first, last = int(np.ceil(STRIDE_S[0] * rate_hz)), curve.shape[1] - 2
    if last < first or not len(values):
        nothing = np.full(len(values), np.nan)
        return Rhythm(nothing, np.zeros(len(values)), deviation)
    middle = curve[:, first : last + 1]
    summit = (middle >= curve[:, first - 1 : last]) & (middle > curve[:, first + 1 : last + 2]) & (middle > 0)
    lags = np.arange(first, last + 1)
    octaves = np.log2(lags / rate_hz / usual_stride_s(deviation)[:, None])
    peak = lags[np.where(summit, middle - OCTAVE_COSTS * octaves**2, -np.inf).argmax(axis=1)]
    place, height = parabola(curve, peak)
    repeats = summit.any(axis=1)
    return Rhythm(
        np.where(repeats, place / rate_hz, np.nan), np.where(repeats, np.clip(height, 0, 1), 0.0), deviation
    )


def autocorrelation(
    values: np.ndarray, rate_hz: float, band_hz: tuple[float, float], longest_s: float
) -> np.ndarray:
    """Return the correlation of the vector with itself at lags from 0, (n, lags), each lag by what overlaps.

    Args:
        values: Windows (n, samples, channels).
        rate_hz: Rate of the windows, Hz.
        band_hz: What of the spectrum counts, Hz.
        longest_s: The longest lag that is needed, s; lags end there, or at `LONGEST_LAG` of the window.
    """
    samples = values.shape[1]
    lags = np.arange(min(int(longest_s * rate_hz) + 2, int(LONGEST_LAG * samples)) + 1)
    shared = autocovariance(values, rate_hz, band_hz)[:, lags]
    start = shared[:, :1]
    return np.asarray(shared / np.where(start > 0, start, 1) * (samples / (samples - lags)))


def autocovariance(values: np.ndarray, rate_hz: float, band_hz: tuple[float, float]) -> np.ndarray:
    """Return the sums of products of the vector with itself at lags from 0, (n, lags), g^2, within a band.

    Args:
        values: Windows (n, samples, channels), g, finite.
        rate_hz: Rate of the windows, Hz.
        band_hz: What of the spectrum counts, Hz.
    """
    samples = values.shape[1]
    signal = np.asarray(values, np.float64).transpose(0, 2, 1)
    signal = signal - signal.mean(axis=2, keepdims=True)
    # A limb that turns slowly has a slope of gravity in it, whose ends would not meet.
    ramp = np.linspace(-1, 1, samples)
    signal -= (signal @ ramp / (ramp @ ramp))[:, :, None] * ramp
    size = scipy.fft.next_fast_len(2 * samples, real=True)
    spectrum = scipy.fft.rfft(signal, n=size, axis=2)
    energy = (spectrum.real**2 + spectrum.imag**2).sum(axis=1)
    hz = np.arange(energy.shape[1]) * rate_hz / size
    energy *= (hz >= band_hz[0]) & (hz <= band_hz[1])
    return np.asarray(scipy.fft.irfft(energy, n=size, axis=1))


def parabola(curve: np.ndarray, peak: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return place and height (n,) of the summit of the parabola through a peak and its two neighbours.

    Args:
        curve: Curves (n, lags).
        peak: A lag of each that has a neighbour on both sides, (n,).
    """
    row = np.arange(len(curve))
    before, at, after = (curve[row, peak + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.clip(np.where(bend < 0, 0.5 * (before - after) / np.where(bend < 0, bend, -1), 0), -0.5, 0.5)
    return peak + shift, at - 0.25 * (before - after) * shift
