"""Quality of a window of PPG or ECG: how far it can be trusted to show a heart.

The product of three shares, each 0 to 1: samples that move and are not clipped; time that beats cover; and
how alike the beats are (the mean correlation of each with the average beat: Orphanidou et al., IEEE JBHI
2015). 0 where the beats come at a rate that no heart has.
"""

import numpy as np
from scipy.ndimage import maximum_filter1d, minimum_filter1d

from wearcli.signals.beats import Beats, Pulse, find_beats, standardise
from wearcli.signals.features.pulse import average_beat, check_length

FLAT_S = 0.25  # equal values for as long are no signal
CLIPPED_SAMPLES = 3  # equal neighbours at the window's own extremes
SLOWEST_S = 2.5  # a longer time between beats is one that none was found in
RATES_PER_S = (0.5, 3.7)


def pulse_quality(values: np.ndarray, rate_hz: float, kind: Pulse) -> tuple[np.ndarray, np.ndarray]:
    """Return the quality and the clipped share of windows, both (n,) float32.

    Args:
        values: Windows (n, samples, channels) in any unit; the first channel is judged.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.

    Raises:
        UsageError: The windows are shorter than 2 s.
    """
    check_length(values.shape[1], rate_hz)
    quality = np.empty(len(values), np.float32)
    clipped = np.empty(len(values), np.float32)
    for first in range(0, len(values), 128):
        part = slice(first, first + 128)
        signal = np.nan_to_num(values[part, :, 0].astype(np.float64))
        stuck, at_rail = _stuck(signal, rate_hz)
        upright = standardise(signal)
        beats = find_beats(upright, rate_hz, kind)
        _, likeness, _ = average_beat(upright * beats.sign[:, None], beats, rate_hz, kind)
        comparable = np.isfinite(likeness)
        alike = np.where(comparable, likeness, 0).sum(axis=1) / np.maximum(comparable.sum(axis=1), 1)
        covered = _covered(beats, signal.shape[1] / rate_hz)
        quality[part] = (1 - stuck.mean(axis=1)) * np.maximum(alike, 0) * covered
        clipped[part] = at_rail.mean(axis=1)
    return quality, clipped


def live_share(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the share of samples that are neither flat nor clipped, (n,).

    Args:
        values: Windows (n, samples) of one channel in any unit.
        rate_hz: Rate of the windows, Hz.
    """
    share: np.ndarray = 1 - _stuck(np.nan_to_num(values.astype(np.float64)), rate_hz)[0].mean(axis=1)
    return share


def _stuck(signal: np.ndarray, rate_hz: float) -> tuple[np.ndarray, np.ndarray]:
    """Samples that are flat or clipped, and those that are clipped, (n, samples) bool each."""
    rail = (signal == signal.max(axis=1, keepdims=True)) | (signal == signal.min(axis=1, keepdims=True))
    clipped = _runs(rail, CLIPPED_SAMPLES)
    same = np.zeros(signal.shape, bool)
    same[:, 1:] = signal[:, 1:] == signal[:, :-1]
    return clipped | _runs(same, max(2, round(FLAT_S * rate_hz))), clipped


def _runs(mask: np.ndarray, length: int) -> np.ndarray:
    """Where `mask` (n, samples) is true `length` times in a row or more."""
    shrunk = minimum_filter1d(mask.astype(np.uint8), length, axis=1, mode="constant")
    return maximum_filter1d(shrunk, length, axis=1, mode="constant", origin=-1 if length % 2 == 0 else 0) > 0


def _covered(beats: Beats, seconds: float) -> np.ndarray:
    """Share of the window between beats at most `SLOWEST_S` apart, its ends counted as beats; (n,)."""
    n = len(beats.times)
    times = np.where(np.isfinite(beats.times), beats.times, seconds)
    gaps = np.diff(np.concatenate([np.zeros((n, 1)), times, np.full((n, 1), seconds)], axis=1), axis=1)
    lost = np.where(gaps > SLOWEST_S, gaps, 0).sum(axis=1)
    rate = beats.count / seconds
    return np.where((rate >= RATES_PER_S[0]) & (rate <= RATES_PER_S[1]), 1 - lost / seconds, 0.0)
