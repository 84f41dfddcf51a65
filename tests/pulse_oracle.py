"""Windows of hearts whose beats are known, and the features of beats written plainly: slow, easy to check."""

import math
import statistics
from itertools import pairwise

import numpy as np
import scipy.signal

from wearcli.signals.beats import Pulse
from wearcli.signals.features.pulse import (
    BANDS_HZ,
    CHANGE_EDGES,
    MATCH_S,
    NORMAL,
    PULSE_HZ,
    RATIO_EDGES,
    SEGMENT_S,
)
from wearcli.simulation.heart import (
    Heartbeats,
    Noise,
    Rhythm,
    Vessels,
    beat_times,
    ecg_signal,
    ppg_signal,
    with_noise,
)

SOME_NOISE = Noise(0.1, 0.5)


def hearts(
    kind: Pulse, rate_hz: float, samples: int, n: int = 20, noise: Noise = SOME_NOISE, seed: int = 0
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Windows (n, samples, 1) float32, and of each the times of its beats, s: R peaks or steepest rises.

    Every third heart fibrillates, every second one of the others has early beats.
    """
    windows, truth = [], []
    for number in range(n):
        rng = np.random.default_rng([seed, number])
        rhythm = Rhythm(rng.uniform(48, 115), ectopic=0.05 * (number % 2), fibrillating=number % 3 == 0)
        beats = beat_times(rhythm, samples / rate_hz, rng)
        windows.append(with_noise(drawn(kind, beats, rate_hz), rate_hz, noise, rng))
        times = beats.times + (0 if kind == "ecg" else Vessels().transit_s)
        truth.append(times[(times >= 0) & (times < samples / rate_hz)])
    return np.stack(windows)[:, :, None].astype(np.float32), truth


def drawn(kind: Pulse, beats: Heartbeats, rate_hz: float) -> np.ndarray:
    """(samples,) without noise."""
    return ecg_signal(beats, rate_hz) if kind == "ecg" else ppg_signal(beats, rate_hz)


def interval_oracle(times: list[float]) -> dict[str, float]:
    """Of the times of beats, s, what `interval_features` gives; 0 for what is not defined."""
    rr = [b - a for a, b in pairwise(times)]
    changes = [b - a for a, b in pairwise(rr)]
    mean = statistics.fmean(rr) if rr else 0.0
    median = statistics.median(rr) if rr else 0.0
    sdnn = statistics.stdev(rr) if len(rr) > 1 else 0.0
    rmssd = math.sqrt(average([c**2 for c in changes]))
    sd1 = rmssd / math.sqrt(2)
    sd2 = math.sqrt(max(2 * sdnn**2 - sd1**2, 0))
    normal = [abs(x / median - 1) < NORMAL for x in rr]
    kept = [x for x, fine in zip(rr, normal, strict=True) if fine]
    kept_changes = [b - a for (a, b), fine in zip(pairwise(rr), pairwise(normal), strict=True) if all(fine)]
    entropy = sample_entropy(rr)
    return {
        "hr_bpm": divided(60, mean),
        "mean_interval_s": mean,
        "median_interval_s": median,
        "sdnn_ms": 1e3 * sdnn,
        "rmssd_ms": 1e3 * rmssd,
        "cv": divided(sdnn, mean),
        "rmssd_share": divided(rmssd, mean),
        "pnn20": average([abs(c) > 0.02 for c in changes]),
        "pnn50": average([abs(c) > 0.05 for c in changes]),
        "shortest_s": min(rr, default=0.0),
        **{f"p{q}_s": float(np.percentile(rr, q)) if rr else 0.0 for q in (10, 25, 75, 90)},
        "longest_s": max(rr, default=0.0),
        "sd1_sd2": divided(sd1, sd2),
        "turning_points": average([a * b < 0 for a, b in pairwise(changes)]),
        "lag1": divided(average([(a - mean) * (b - mean) for a, b in pairwise(rr)]), sdnn**2),
        "sample_entropy": entropy,
        "cosen": entropy - math.log(2 * MATCH_S) - math.log(mean) if rr else 0.0,
        **{f"ratio_below_{edge:g}": average([x / median < edge for x in rr]) for edge in RATIO_EDGES},
        **{f"change_above_{e:g}": average([abs(c) / mean > e for c in changes]) for e in CHANGE_EDGES},
        "normal_share": average(normal),
        "normal_hr_bpm": divided(60, average(kept)),
        "normal_sdnn_ms": 1e3 * statistics.stdev(kept) if len(kept) > 1 else 0.0,
        "normal_rmssd_ms": 1e3 * math.sqrt(average([c**2 for c in kept_changes])),
    }


def average(values: list) -> float:
    return sum(values) / len(values) if values else 0.0


def divided(one: float, other: float) -> float:
    return one / other if other else 0.0


def sample_entropy(rr: list[float]) -> float:
    """With m = 1 and one match added to both counts, by a double loop."""
    alike = followed = 1
    for i in range(len(rr) - 1):
        for j in range(i + 1, len(rr) - 1):
            if abs(rr[i] - rr[j]) < MATCH_S:
                alike += 1
                followed += abs(rr[i + 1] - rr[j + 1]) < MATCH_S
    return -math.log(followed / alike)


def spectrum_oracle(signal: np.ndarray, rate_hz: float, kind: Pulse) -> dict[str, float]:
    """Of one window (samples,): its bands and the pulse's frequency, by scipy's Welch."""
    x = (signal - signal.mean()) / signal.std()
    size = min(round(SEGMENT_S[kind] * rate_hz), len(x))
    hz, density = scipy.signal.welch(
        x, rate_hz, "hann", nperseg=size, noverlap=size - size // 2, detrend=False
    )
    power = density * rate_hz / size
    out = {}
    for low, high in BANDS_HZ[kind]:
        band = power[(hz >= low) & (hz < high)].sum()
        out[f"log_power_{low:g}_{high:g}_hz"] = math.log10(1e6 * band + 1)
    inside = (hz >= PULSE_HZ[0]) & (hz < PULSE_HZ[1])
    share = power[inside] / power[inside].sum()
    return out | {
        "dominant_hz": float(hz[inside][share.argmax()]),
        "dominant_share": float(share.max()),
        "spectral_entropy": -float((share * np.log(share + 1e-9)).sum()) / math.log(len(share)),
    }
