"""The features of one window, written plainly with other people's functions: slow, and easy to check."""

from itertools import pairwise

import numpy as np
import scipy.signal
import scipy.stats

from wearcli.signals.features.motion import BANDS_HZ, FEATURE_NAMES, STEP_S, STRIDE_S


def one_window(values: np.ndarray, rate_hz: float) -> dict[str, float]:
    """values: (samples, 3), g, not constant."""
    values = values.astype(float)
    out: dict[str, float] = {}
    channels = {
        **{name: values[:, i] for i, name in enumerate("xyz")},
        "magnitude": np.linalg.norm(values, axis=1),
    }
    for name, signal in channels.items():
        jerk = np.diff(signal) * rate_hz
        above = signal > signal.mean()
        out |= {
            f"{name}_mean": signal.mean(),
            f"{name}_deviation": signal.std(),
            f"{name}_minimum": signal.min(),
            f"{name}_median": float(np.median(signal)),
            f"{name}_maximum": signal.max(),
            f"{name}_skew": float(scipy.stats.skew(signal)),
            f"{name}_kurtosis": float(scipy.stats.kurtosis(signal)),
            f"{name}_crossing_rate_hz": sum(a != b for a, b in pairwise(above)) * rate_hz / (len(signal) - 1),
            f"{name}_jerk_mean_abs": np.abs(jerk).mean(),
            f"{name}_jerk_deviation": jerk.std(),
        }
        for percent in (10, 25, 75, 90):
            out[f"{name}_p{percent}"] = float(np.percentile(signal, percent))
        hz, density = scipy.signal.periodogram(signal, rate_hz, window="hann")
        power = density * hz[1]
        for low, high in BANDS_HZ:
            band = power[(hz >= low) & (hz < high)].sum()
            out[f"{name}_log_power_{low:g}_{high:g}_hz"] = np.log10(band + 1e-8)
        inside = (hz >= BANDS_HZ[0][0]) & (hz < BANDS_HZ[-1][1])
        hz, share = hz[inside], power[inside] / power[inside].sum()
        top = int(share.argmax())
        out |= {
            f"{name}_dominant_hz": top_of_parabola(hz, np.log(share + 1e-12), top)[0],
            f"{name}_dominant_share": share[top],
            f"{name}_centroid_hz": float((hz * share).sum()),
            f"{name}_spectral_entropy": float(scipy.stats.entropy(share) / np.log(len(share))),
        }
    correlations = np.corrcoef(values.T)
    out |= {"correlation_xy": correlations[0, 1], "correlation_xz": correlations[0, 2]}
    out["correlation_yz"] = correlations[1, 2]
    return out | periods(values, rate_hz)


def periods(values: np.ndarray, rate_hz: float) -> dict[str, float]:
    """Stride and step from autocorrelations that are summed lag by lag."""
    samples = len(values)
    magnitude = np.linalg.norm(values, axis=1)[:, None]
    longest = int(min(STRIDE_S[1] * rate_hz, 0.7 * samples)) + 1

    def autocorrelation(signal: np.ndarray) -> np.ndarray:
        signal = signal - signal.mean(axis=0)
        products = [(signal[: samples - lag] * signal[lag:]).sum() for lag in range(longest + 1)]
        return np.array(products) / products[0]

    def peak(curve: np.ndarray, range_s: tuple[float, float]) -> int:
        lags = range(int(np.ceil(range_s[0] * rate_hz)), min(int(range_s[1] * rate_hz), longest - 1) + 1)
        summits = [lag for lag in lags if curve[lag - 1] <= curve[lag] > curve[lag + 1]]
        return max(summits or lags, key=lambda lag: curve[lag])

    m, v = autocorrelation(magnitude), autocorrelation(values)
    lags = np.arange(longest + 1)
    unbiased = samples / (samples - lags)
    stride_at = peak(m + v + np.interp(lags / 2, lags, m), STRIDE_S)
    stride, together = top_of_parabola(lags, (m + v) * unbiased, stride_at)
    step, height = top_of_parabola(lags, m * unbiased, peak(m, STEP_S))
    near = round(stride)
    return {
        "stride_s": stride / rate_hz,
        "stride_vector": together - (m * unbiased)[near],
        "stride_magnitude": (m * unbiased)[near],
        "half_stride_vector": (v * unbiased)[near // 2],
        "step_s": step / rate_hz,
        "step_magnitude": height,
    }


def top_of_parabola(x: np.ndarray, y: np.ndarray, at: int) -> tuple[float, float]:
    """Where the parabola through three points is highest; the middle one at an edge or in a valley."""
    if not 0 < at < len(x) - 1 or y[at - 1] - 2 * y[at] + y[at + 1] >= 0:
        return float(x[at]), float(y[at])
    step = x[1] - x[0]
    a, b, c = np.polyfit([-1, 0, 1], y[at - 1 : at + 2], 2)
    shift = float(np.clip(-b / (2 * a), -1, 1))
    return float(x[at] + shift * step), float(c + b * shift / 2)


def loop_features(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """What `wearcli.signals.features.motion.features` computes, window by window."""
    rows = [one_window(window, rate_hz) for window in values]
    return np.array([[row[name] for name in FEATURE_NAMES] for row in rows])
