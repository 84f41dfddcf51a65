import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.errors import UsageError
from wearcli.modality import feature_names, features
from wearcli.signals.features.motion import BANDS_HZ
from wearcli.signals.features.rotation import FEATURE_NAMES

RATE = 50.0
CHANNELS = ("x", "y", "z", "speed")


def mean(values: list[float]) -> float:
    return math.fsum(values) / len(values)


def quantile(values: list[float], q: float) -> float:
    """As numpy's default: a straight line between the neighbours in order."""
    ordered = sorted(values)
    place = q * (len(ordered) - 1)
    low = min(int(place), len(ordered) - 2)
    return ordered[low] + (place - low) * (ordered[low + 1] - ordered[low])


def power_at(values: list[float], k: int) -> float:
    """The share of the variance in bin k of a Hann-windowed signal, by the sum that defines it."""
    n = len(values)
    hann = [0.5 - 0.5 * math.cos(2 * math.pi * i / n) for i in range(n)]
    real = math.fsum(
        v * w * math.cos(2 * math.pi * k * i / n) for i, (v, w) in enumerate(zip(values, hann, strict=True))
    )
    imag = math.fsum(
        v * w * math.sin(2 * math.pi * k * i / n) for i, (v, w) in enumerate(zip(values, hann, strict=True))
    )
    one_sided = 1 if 2 * k == n else 2
    return one_sided * (real**2 + imag**2) / (n * math.fsum(w * w for w in hann))


def peak(power: list[float], hz: list[float]) -> list[float]:
    inside = [i for i, f in enumerate(hz) if BANDS_HZ[0][0] <= f < BANDS_HZ[-1][1]]
    total = math.fsum(power[i] for i in inside)
    if total <= 1e-6:
        return [0.0, 0.0, 0.0]
    best = max(inside, key=lambda i: power[i])
    return [hz[best], power[best] / total, math.fsum(power[i] * hz[i] for i in inside) / total]


def oracle(window: np.ndarray) -> dict[str, float]:
    """The features of one window (samples, 3), each by its definition, number by number."""
    axes = [[float(v) for v in column] for column in window.T]
    speed = [math.sqrt(sum(axis[i] ** 2 for axis in axes)) for i in range(len(window))]
    signals = dict(zip(CHANNELS, [*axes, speed], strict=True))
    n, out = len(window), {}
    centred = {name: [v - mean(values) for v in values] for name, values in signals.items()}
    variance = {name: mean([v * v for v in values]) for name, values in centred.items()}
    for name, values in signals.items():
        out[f"{name}_mean"] = mean(values)
        out[f"{name}_deviation"] = math.sqrt(variance[name])
        for label, q in (("minimum", 0), ("p10", 0.1), ("median", 0.5), ("p90", 0.9), ("maximum", 1)):
            out[f"{name}_{label}"] = quantile(values, q)
        signs = [v > 0 for v in centred[name]]
        crossings = sum(a != b for a, b in itertools.pairwise(signs))
        out[f"{name}_crossing_rate_hz"] = crossings * RATE / (n - 1) if variance[name] > 1e-6 else 0.0
        steps = [abs(b - a) for a, b in itertools.pairwise(values)]
        out[f"{name}_change_mean_abs"] = mean(steps) * RATE
    for a, b in ("xy", "xz", "yz"):
        covariance = mean([p * q for p, q in zip(centred[a], centred[b], strict=True)])
        moving = variance[a] > 1e-6 and variance[b] > 1e-6
        out[f"correlation_{a}{b}"] = covariance / math.sqrt(variance[a] * variance[b]) if moving else 0.0
    hz = [k * RATE / n for k in range(n // 2 + 1)]
    power = {name: [power_at(values, k) for k in range(len(hz))] for name, values in centred.items()}
    for name in CHANNELS:
        for low, high in BANDS_HZ:
            total = math.fsum(p for p, f in zip(power[name], hz, strict=True) if low <= f < high)
            out[f"{name}_log_power_{low:g}_{high:g}_hz"] = math.log10(total + 1e-4)
    vector = [power["x"][k] + power["y"][k] + power["z"][k] for k in range(len(hz))]
    for name, curve in (("vector", vector), ("speed", power["speed"])):
        out |= dict(
            zip(
                [f"{name}_{what}" for what in ("dominant_hz", "dominant_share", "centroid_hz")],
                peak(curve, hz),
                strict=True,
            )
        )

    def together(lag: int) -> float:
        return math.fsum(centred[a][i] * centred[a][i + lag] for a in "xyz" for i in range(n - lag))

    last = int(min(1.8 * RATE, 0.7 * n))
    lags = [
        lag
        for lag in range(math.ceil(0.25 * RATE), last + 1)
        if together(lag) >= together(lag - 1) and together(lag) > together(lag + 1)
    ]
    moving = together(0) > 1e-6 * n and lags and last - math.ceil(0.25 * RATE) >= 2
    best = max(lags, key=together) if moving else 0
    out["period_s"], out["period_height"] = (
        (best / RATE, together(best) / together(0)) if moving else (0.0, 0.0)
    )
    return out


def walking(seconds: float, seed: int, stride_s: float = 1.1) -> np.ndarray:
    """A leg that swings: each axis a harmonic series of the stride, with noise, in deg/s."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * RATE)) / RATE
    waves = [
        sum(
            a / k * np.sin(2 * np.pi * k * time / stride_s + p)
            for k, a, p in zip((1, 2, 3), rng.uniform(20, 150, 3), rng.uniform(0, 6, 3), strict=True)
        )
        for _ in range(3)
    ]
    return np.stack(waves, 1) + rng.normal(0, 2, (len(time), 3)) + rng.uniform(-3, 3, 3)


def test_names_are_the_oracles() -> None:
    assert set(oracle(walking(2, 0))) == set(FEATURE_NAMES)
    assert len(set(FEATURE_NAMES)) == len(FEATURE_NAMES) == 71
    assert feature_names("gyro") == FEATURE_NAMES


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 1000), st.sampled_from([1.0, 2.0, 2.02, 5.0]))
def test_against_the_oracle(seed: int, seconds: float) -> None:
    window = walking(seconds, seed)
    found = features(window[None].astype(np.float32), RATE, "gyro")[0]
    expected = oracle(window.astype(np.float32))
    for name, value in zip(FEATURE_NAMES, found.tolist(), strict=True):
        assert value == pytest.approx(expected[name], rel=2e-3, abs=2e-3), name


def test_a_window_is_judged_by_itself_and_always_finite() -> None:
    windows = np.stack([walking(5, seed) for seed in range(300)])
    windows[3] = 0
    windows[4] = 7.5
    windows[5, 10] = np.nan
    windows[6, :, 1] = np.inf
    found = features(windows, RATE, "gyro")
    assert found.shape == (300, 71)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()
    for row in (0, 4, 5, 299):
        np.testing.assert_allclose(found[row], features(windows[row : row + 1], RATE, "gyro")[0], rtol=1e-6)
    constant = dict(zip(FEATURE_NAMES, found[4].tolist(), strict=True))
    assert constant["x_mean"] == 7.5
    assert constant["speed_mean"] == pytest.approx(7.5 * math.sqrt(3))
    assert [
        constant[name] for name in ("x_deviation", "correlation_xy", "vector_dominant_hz", "period_s")
    ] == [0] * 4


@pytest.mark.parametrize("stride_s", [0.8, 1.1, 1.6])
def test_the_rhythm_is_the_strides(stride_s: float) -> None:
    windows = np.stack([walking(8, seed, stride_s) for seed in range(12)])
    found = features(windows, RATE, "gyro")
    period = found[:, FEATURE_NAMES.index("period_s")]
    # Half a stride where the second harmonic is the strongest.
    np.testing.assert_allclose(
        np.minimum(np.abs(period - stride_s), np.abs(2 * period - stride_s)), 0, atol=0.041
    )


def test_turning_the_sensor_keeps_what_is_of_the_speed() -> None:
    window = walking(5, 1)
    turned = window @ np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    one, other = (features(values[None], RATE, "gyro")[0] for values in (window, turned))
    alike = [i for i, name in enumerate(FEATURE_NAMES) if name.startswith(("speed", "vector", "period"))]
    np.testing.assert_allclose(one[alike], other[alike], rtol=1e-3, atol=1e-3)


def test_what_it_cannot_take() -> None:
    with pytest.raises(UsageError, match="raise --window"):
        features(np.zeros((1, 7, 3)), RATE, "gyro")
    with pytest.raises(UsageError, match="need 3 axes"):
        features(np.zeros((1, 50, 1)), RATE, "gyro")
    with pytest.raises(UsageError, match="leave it out for gyro"):
        features(np.zeros((1, 50, 3)), RATE, "gyro", "heart")
