"""Heart beats in windows of ECG and PPG, found in all windows of a batch at once.

A curve that is high once a beat - the energy of the QRS band of an ECG (after Pan & Tompkins, IEEE TBME
1985), the upstroke of a PPG - its local maxima beyond a share of what is usual in the window, and their
places between samples.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from scipy.signal import firwin, oaconvolve

from wearcli.errors import UsageError

Pulse = Literal["ppg", "ecg"]
EPSILON = 1e-12  # added to a variance before it divides: a flat window stays flat, and volts are no flat line


@dataclass(frozen=True)
class Landmark:
    """What shows a beat in a signal.

    Attributes:
        band_hz: The band of the curve, Hz.
        taps_s: Length of its filter, s.
        smooth_s: Length over which the curve is smoothed, s.
        refractory_s: Least time between two beats, s.
        threshold: Least height, as a share of the usual one.
    """

    band_hz: tuple[float, float]
    taps_s: float
    smooth_s: float
    refractory_s: float
    threshold: float


LANDMARKS: dict[Pulse, Landmark] = {
    "ecg": Landmark((8.0, 20.0), 0.5, 0.10, 0.25, 0.4),
    "ppg": Landmark((0.7, 6.0), 1.5, 0.10, 0.33, 0.4),
}
BLOCK_S = 1.5  # holds a beat of any heart that beats 40 times a minute
FASTEST_BPM = 240.0


@dataclass(frozen=True)
class Beats:
    """The beats of n windows, in time order, the rows filled up with NaN.

    Attributes:
        times: Times of the beats from the start of the window, s, (n, most) float64.
        heights: Heights of the curve there, in units of what is usual in the window, (n, most).
        sign: 1 or -1, by which the signal stands upright, (n,).
        curve: The curve that is high at each beat, (n, samples).
    """

    times: np.ndarray
    heights: np.ndarray
    sign: np.ndarray
    curve: np.ndarray

    @property
    def count(self) -> np.ndarray:
        """The number of beats in each window, (n,)."""
        count: np.ndarray = np.isfinite(self.times).sum(axis=1)
        return count


def standardise(values: np.ndarray) -> np.ndarray:
    """Return each row of (n, samples) less its mean, divided by its deviation; a constant row is 0."""
    centred = values - values.mean(axis=1, keepdims=True)
    standard: np.ndarray = centred / np.sqrt(np.square(centred).mean(axis=1, keepdims=True) + EPSILON)
    return standard


def find_beats(signal: np.ndarray, rate_hz: float, kind: Pulse) -> Beats:
    """Return the beats of windows.

    A window in which nothing beats has what its noise gives; `signals.pulse_quality` tells them apart.

    Args:
        signal: Windows (n, samples) of one channel, standardised.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.
    """
    n, samples = signal.shape
    mark = LANDMARKS[kind]
    curve, sign = _curve(signal, rate_hz, kind)
    size = max(3, round(BLOCK_S * rate_hz))
    blocks = max(1, samples // size)
    usual = np.median(curve[:, : blocks * size].reshape(n, blocks, -1).max(axis=2), axis=1)
    usual = np.maximum(usual, EPSILON)[:, None]
    reach = round(mark.refractory_s * rate_hz)
    highest = maximum_filter1d(curve, 2 * reach + 1, axis=1, mode="constant")
    peak = np.zeros(curve.shape, bool)
    inner = curve[:, 1:-1]
    peak[:, 1:-1] = (
        (inner >= highest[:, 1:-1])
        & (inner > curve[:, :-2])
        & (inner >= curve[:, 2:])
        & (inner > mark.threshold * usual)
    )
    most = most_beats(samples, rate_hz)
    place = np.sort(np.where(peak, np.arange(samples), samples), axis=1)[:, :most]
    if place.shape[1] < most:
        place = np.pad(place, ((0, 0), (0, most - place.shape[1])), constant_values=samples)
    there = place < samples
    at = np.where(there, place, 1)
    left, middle, right = (np.take_along_axis(curve, at + step, axis=1) for step in (-1, 0, 1))
    bend = left - 2 * middle + right
    shift = np.where(bend < 0, 0.5 * (left - right) / np.where(bend < 0, bend, -1), 0)
    times = np.where(there, (at + np.clip(shift, -0.5, 0.5)) / rate_hz, np.nan)
    return Beats(times, np.where(there, middle / usual, np.nan), sign, curve / usual)


def most_beats(samples: int, rate_hz: float) -> int:
    """Return the greatest number of beats that a window can have."""
    return int(np.ceil(samples / rate_hz * FASTEST_BPM / 60)) + 1


def _curve(signal: np.ndarray, rate_hz: float, kind: Pulse) -> tuple[np.ndarray, np.ndarray]:
    """The curve that is high at a beat, (n, samples), and the sign of each window."""
    mark = LANDMARKS[kind]
    passed = filtered(signal, rate_hz, mark.band_hz, mark.taps_s)
    width = max(1, round(mark.smooth_s * rate_hz))
    if kind == "ecg":
        # The sign of the larger extreme of a QRS complex.
        third = np.power(passed, 3).mean(axis=1)
        power = uniform_filter1d(np.square(passed), width, axis=1, mode="constant")
        return np.sqrt(np.maximum(power, 0)), _sign(third)  # its running sum may end a little below 0
    around = np.pad(passed, ((0, 0), (1, 1)), mode="edge")
    slope = around[:, 2:] - around[:, :-2]
    # An upstroke is steeper than what follows it, whichever way a sensor counts light.
    sign = _sign(np.power(slope, 3).mean(axis=1))
    rise = np.maximum(slope * sign[:, None], 0)
    return uniform_filter1d(rise, width, axis=1, mode="constant"), sign


def _sign(value: np.ndarray) -> np.ndarray:
    return np.where(value < 0, -1.0, 1.0)


def filtered(signal: np.ndarray, rate_hz: float, band_hz: tuple[float, float], taps_s: float) -> np.ndarray:
    """Return rows of (n, samples) through a band-pass of linear phase, `taps_s` long; their ends are held."""
    taps = band_pass(rate_hz, band_hz, taps_s)
    half = len(taps) // 2
    padded = np.pad(signal, ((0, 0), (half, half)), mode="edge")
    passed: np.ndarray = oaconvolve(padded, taps[None], mode="valid", axes=1)
    return passed


@lru_cache(maxsize=32)
def band_pass(rate_hz: float, band_hz: tuple[float, float], taps_s: float) -> np.ndarray:
    """Return the taps of a band-pass, an odd number of them, whose sum is 0.

    Raises:
        UsageError: The rate is too low for the band.
    """
    count = 2 * round(taps_s * rate_hz / 2) + 1
    high = min(band_hz[1], 0.45 * rate_hz)
    if high <= band_hz[0]:
        least = band_hz[0] / 0.45
        raise UsageError(f"beats do not show at {rate_hz:g} Hz: give a --rate above {least:.3g} Hz")
    taps = firwin(count, (band_hz[0], high), pass_zero=False, fs=rate_hz)
    balanced: np.ndarray = taps - taps.mean()
    return balanced
