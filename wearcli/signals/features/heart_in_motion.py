"""Hand-made features of the heart in acceleration: the strongest baseline for heart rate without a PPG.

Part of them is published for a sensor at rest: energy of the ballistocardiographic band over the axes and its
spectral peak (Hernandez, McDuff & Picard, BSN 2015, "BioWatch"), its autocorrelation and the stillest part of
a window (Haescher et al., 2015; Zschocke et al., 2021). Others are added here: weights by stillness, harmonic
sums, the recurrence of the waves themselves, and single beats.
"""

import numpy as np
import scipy.fft

from wearcli.errors import UsageError
from wearcli.signals.features.ballistic import (
    BPM,
    WAVES_S,
    Waves,
    at_lags,
    autocorrelation,
    energy,
    harmonics,
    recurrence,
    refine,
    segments,
    track_beats,
    waves,
)
from wearcli.signals.features.pulse import feature_names as pulse_names
from wearcli.signals.features.pulse import interval_features

AXES = "xyz"
BANDS_HZ = {"breath": (0.1, 0.6), "slow": (0.7, 4.0), "beat": (4.0, 11.0), "high": (11.0, 20.0)}
BEAT_HZ, SLOW_HZ, HIGH_HZ = (3.0, 11.0), (0.7, 4.0), (10.0, 20.0)
PEAK_HZ = (0.66, 2.5)  # range in which BioWatch looks for the rate
SHORTEST_S = 5.0
UNKNOWN_BPM = 75.0  # for windows in which nothing repeats; their strength is 0
FLOOR_G2 = 1e-12  # added to a band's power before the logarithm
REFINE_HZ = 64.0
USUAL = -0.5 * np.square(np.log(BPM / UNKNOWN_BPM) / 0.3)  # rates at rest are a little more likely
DECIDED = 1.0  # by which the joint score counts as the logarithm of a chance; from simulated weak pulses
NEAR_BPM = 4.0  # estimates this near agree

ESTIMATES = (
    *("energy", "energy_lag", "waves", "slow", "slow_lag", "high", "naive", "rest_energy", "rest_waves"),
    "joint",
)
_INTERVALS = ("normal_hr_bpm", "sdnn_ms", "rmssd_ms", "normal_sdnn_ms", "normal_rmssd_ms", "normal_share")
BALLISTIC_NAMES: tuple[str, ...] = (
    *(f"{name}_{what}" for name in ESTIMATES for what in ("bpm", "height", "sharpness")),
    *("likely_bpm", "likely_spread_bpm", "agreed_bpm", "agreement", "estimates_spread_bpm"),
    *(f"beats_{name}" for name in _INTERVALS),
    *("beats_likeness", "beats_height"),
    *("still_share", "log_deviation_p20", "log_deviation_median", "log_deviation_p95"),
    *(f"{axis}_log_power_{name}" for name in BANDS_HZ for axis in AXES),
    *("breath_hz", "breath_share"),
    *(f"gravity_{axis}" for axis in AXES),
)
_CHUNK = 64  # windows at a time


def ballistic_features(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the features of the heart beat in acceleration.

    They are made for a minute at 32 Hz or more, and usable from 10 s on. Rates are in beats a minute. A
    height is the score of the best rate. A sharpness is the number of deviations by which that score stands
    out.

    Args:
        values: Windows (n, samples, 3), g; a value that is not finite counts as its axis's mean.
        rate_hz: Rate of the windows, Hz.

    Returns:
        Features (n, len(BALLISTIC_NAMES)) float32, always finite.

    Raises:
        UsageError: The windows are shorter than 5 s, or their rate is below 8 Hz.
    """
    n, samples, _ = values.shape
    if samples < SHORTEST_S * rate_hz:
        raise UsageError(
            f"windows of {samples / rate_hz:.3g} s are too short for the heart in acceleration: give a "
            f"--window of {SHORTEST_S:g} s or more, or --features motion"
        )
    if rate_hz < 8:
        raise UsageError(f"a heart does not show in acceleration at {rate_hz:g} Hz: use --features motion")
    out = np.empty((n, len(BALLISTIC_NAMES)), np.float32)
    for first in range(0, n, _CHUNK):
        part = values[first : first + _CHUNK].transpose(0, 2, 1).astype(np.float32)
        out[first : first + _CHUNK] = _chunk_features(part, rate_hz)
    return out


def _chunk_features(axes: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the features of windows (n, 3, samples)."""
    finite = np.isfinite(axes)
    gravity = np.where(finite, axes, 0).sum(axis=2) / np.maximum(finite.sum(axis=2), 1)
    axes = np.where(finite, axes - gravity[:, :, None], 0)
    beat, slow, high = (waves(axes, rate_hz, band) for band in (BEAT_HZ, SLOW_HZ, HIGH_HZ))
    curve = energy(beat)
    scores = _scores(axes, rate_hz, beat, slow, high, curve)
    bpm, height, sharpness = _peaks(scores)
    estimates = np.stack([bpm, height, sharpness], axis=2).reshape(len(axes), -1)
    agreed, agreement, spread = _agree(bpm, sharpness)
    fine = waves(axes, rate_hz, BEAT_HZ, REFINE_HZ)
    blocks = (
        estimates,
        _likely(scores[:, -1]),
        np.stack([agreed, agreement, spread], axis=1),
        _beats(curve, beat.rate_hz, fine, agreed),
        _stillness(beat),
        _powers(axes, rate_hz),
        gravity,
    )
    return np.asarray(np.nan_to_num(np.concatenate(blocks, axis=1), posinf=0, neginf=0))


def _scores(
    axes: np.ndarray, rate_hz: float, beat: Waves, slow: Waves, high: Waves, curve: np.ndarray
) -> np.ndarray:
    """Return the score of every rate of `BPM` by each of `ESTIMATES`, (n, estimates, rates)."""
    lags = 60 / BPM
    still = slow.signal.real * (slow.weight / slow.deviation)[:, None]
    count = len(axes)
    flat_still = still.reshape(3 * count, -1)
    slow_lag = (
        autocorrelation(flat_still, slow.rate_hz, WAVES_S).mean(axis=1).reshape(count, 3, -1).mean(axis=1)
    )
    energy_lag = autocorrelation(curve, beat.rate_hz, WAVES_S).mean(axis=1)
    back = recurrence(beat)
    parts = harmonics(curve, beat.rate_hz, WAVES_S)
    # The stillest segment: the one whose deviation is least.
    weights = segments(1 / beat.deviation, beat.rate_hz, WAVES_S).mean(axis=2)
    rest = weights.argmax(axis=1)[:, None, None]
    whole = harmonics(curve, beat.rate_hz).mean(axis=1)
    scores = [
        whole,
        at_lags(energy_lag, beat.rate_hz, lags),
        back.mean(axis=1),
        harmonics(flat_still, slow.rate_hz).mean(axis=1).reshape(count, 3, -1).mean(axis=1),
        at_lags(slow_lag, slow.rate_hz, lags),
        harmonics(energy(high), high.rate_hz).mean(axis=1),
        _naive(axes, rate_hz),
        np.take_along_axis(parts, rest, axis=1)[:, 0],
        np.take_along_axis(back, rest, axis=1)[:, 0],
    ]
    joint = _standard(scores[0]) + _standard(scores[2]) + np.float32(USUAL)
    return np.stack([*scores, joint], axis=1)


def _naive(axes: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the spectrum of the band's size over the axes at the rates of `BPM`, as in BioWatch."""
    size = np.sqrt(np.square(waves(axes, rate_hz, (4.0, 11.0)).signal.real).sum(axis=1))
    curve_hz = size.shape[1] / (axes.shape[2] / rate_hz)
    centred = size - size.mean(axis=1, keepdims=True)
    length = scipy.fft.next_fast_len(4 * size.shape[1])
    power = np.abs(scipy.fft.rfft(centred, n=length, axis=1))
    powers = at_lags(power, length / curve_hz, BPM / 60)
    inside = np.abs(BPM / 60 - np.mean(PEAK_HZ)) <= np.ptp(PEAK_HZ) / 2
    return np.asarray(powers * inside)


def _standard(score: np.ndarray) -> np.ndarray:
    """Return scores less their median, divided by their spread; a high peak does not widen that spread."""
    centred = score - np.median(score, axis=-1, keepdims=True)
    spread = 1.4826 * np.median(np.abs(centred), axis=-1, keepdims=True)
    return np.asarray(centred / np.where(spread > 0, spread, 1))


def _peaks(scores: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the best rate (bpm, interpolated), its score and how far it stands out, (n, estimates) each."""
    best = scores.argmax(axis=2)
    inner = np.clip(best, 1, len(BPM) - 2)
    left, centre, right = (
        np.take_along_axis(scores, (inner + k)[:, :, None], axis=2)[:, :, 0] for k in (-1, 0, 1)
    )
    bend = left - 2 * centre + right
    curved = (bend < 0) & (best == inner)
    shift = np.where(curved, 0.5 * (left - right) / np.where(curved, bend, -1), 0)
    height = scores.max(axis=2)
    certain = np.ptp(scores, axis=2) > 0
    bpm = np.where(certain, BPM[best] + shift * (BPM[1] - BPM[0]), UNKNOWN_BPM)
    return bpm, np.where(certain, height, 0), _standard(scores).max(axis=2)


def _likely(joint: np.ndarray) -> np.ndarray:
    """Return mean and deviation of the rate (n, 2), bpm, with chances from the joint score.

    Where the score says little, the mean is near the usual rate, so that a linear probe can use it as it is.
    """
    chance = np.exp(DECIDED * (joint - joint.max(axis=1, keepdims=True)))
    chance /= chance.sum(axis=1, keepdims=True)
    mean = chance @ BPM
    return np.stack([mean, np.sqrt(np.maximum(chance @ np.square(BPM) - np.square(mean), 0))], axis=1)


def _agree(bpm: np.ndarray, sharpness: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the mean (bpm) and share of the estimates that agree with the joint one, and the spread of all.

    Each estimate counts by how far it stands out.
    """
    weight = np.square(sharpness)
    own = weight * np.exp(-0.5 * np.square((bpm - bpm[:, -1:]) / NEAR_BPM))
    total = own.sum(axis=1)
    agreed = np.where(total > 0, (own * bpm).sum(axis=1) / np.where(total > 0, total, 1), UNKNOWN_BPM)
    return agreed, total / np.where(total > 0, weight.sum(axis=1), 1), bpm.std(axis=1)


def _beats(curve: np.ndarray, curve_hz: float, fine: Waves, bpm: np.ndarray) -> np.ndarray:
    """Return intervals of beats tracked at a rate, and how alike and how high the beats are, (n, 6 + 2)."""
    places = track_beats(curve, curve_hz, 60 / bpm)
    places = np.pad(
        places, ((0, 0), (0, 3)), constant_values=-1
    )  # with three more columns there are intervals even without a beat
    there = places >= 0
    rough = np.where(there, places / curve_hz, np.nan)
    heights = np.where(there, np.take_along_axis(curve, np.maximum(places, 0), axis=1), 0)
    times, alike = refine(fine, rough)
    order = np.sort(times, axis=1)  # NaN last
    names = pulse_names("ppg")
    intervals = interval_features(order)[:, [names.index(name) for name in _INTERVALS]]
    count = np.maximum(there.sum(axis=1), 1)
    likeness = np.where(there, np.nan_to_num(alike), 0).sum(axis=1) / count
    return np.concatenate([intervals, np.stack([likeness, heights.sum(axis=1) / count], axis=1)], axis=1)


def _stillness(beat: Waves) -> np.ndarray:
    """Return the share of the window that is still, and the logarithm of the local deviation (g), (n, 4)."""
    levels = np.quantile(beat.deviation, (0.2, 0.5, 0.95), axis=1)
    return np.stack([(beat.weight > 0.5).mean(axis=1), *np.log10(levels)], axis=1)


def _powers(axes: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return log power (g^2) of each band and axis, the breathing rate and its share, (n, 4 x 3 + 2)."""
    samples = axes.shape[2]
    hann = np.sin(np.pi * (np.arange(samples) + 0.5) / samples) ** 2
    power = np.square(np.abs(scipy.fft.rfft(axes * hann.astype(np.float32), axis=2)))
    power *= 2 / (samples * np.square(hann).sum())
    hz = np.arange(power.shape[2]) * rate_hz / samples
    bands = [power[:, :, (hz >= low) & (hz < high)].sum(axis=2) for low, high in BANDS_HZ.values()]
    breath = power[:, :, (hz >= BANDS_HZ["breath"][0]) & (hz < BANDS_HZ["breath"][1])].sum(axis=1)
    total = breath.sum(axis=1)
    at = hz[(hz >= BANDS_HZ["breath"][0]) & (hz < BANDS_HZ["breath"][1])][breath.argmax(axis=1)]
    share = breath.max(axis=1) / np.where(total > 0, total, 1)
    logs = np.concatenate([np.log10(band + FLOOR_G2) for band in bands], axis=1)
    return np.concatenate([logs, np.stack([np.where(total > 0, at, 0), share], axis=1)], axis=1)
