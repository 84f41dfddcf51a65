"""Quality of windows that are spoilt in known ways."""

from itertools import groupby

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pulse_oracle import hearts
from wearcli.modality import MIN_QUALITY
from wearcli.signals.beats import Pulse
from wearcli.signals.pulse_quality import FLAT_S, _runs, pulse_quality
from wearcli.simulation.heart import Noise

# Segments of 10 s of ECG and 30 s of PPG, at their usual rates and at others.
CASES: list[tuple[Pulse, float, int]] = [
    *(("ecg", 128.0, 1280), ("ecg", 250.0, 2500), ("ppg", 64.0, 1920), ("ppg", 25.0, 750)),
]


def clean(kind: Pulse, rate_hz: float, samples: int) -> np.ndarray:
    return hearts(kind, rate_hz, samples, n=30, noise=Noise(0.03, 0.2))[0]


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
def test_clean_windows_are_near_1(kind: Pulse, rate_hz: float, samples: int) -> None:
    quality, clipped = pulse_quality(clean(kind, rate_hz, samples), rate_hz, kind)
    assert np.median(quality) > 0.95
    assert quality.min() > 0.7  # fibrillation makes beats unlike one another
    assert quality.max() <= 1
    assert (clipped == 0).all()
    assert (quality.dtype, clipped.dtype) == (np.float32, np.float32)


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
def test_noise_is_below_what_is_used(kind: Pulse, rate_hz: float, samples: int) -> None:
    noise = np.random.default_rng(0).normal(size=(100, samples, 1))
    assert pulse_quality(noise, rate_hz, kind)[0].max() < MIN_QUALITY
    brown = pulse_quality(noise.cumsum(axis=1), rate_hz, kind)[0]
    assert (brown < MIN_QUALITY).mean() > 0.95


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
@pytest.mark.parametrize("level", [0.0, 3.7, -20_000.0])
def test_a_flat_window_is_0(kind: Pulse, rate_hz: float, samples: int, level: float) -> None:
    assert (pulse_quality(np.full((2, samples, 1), level), rate_hz, kind)[0] == 0).all()


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
@pytest.mark.parametrize("sign", [1, -1])
def test_clipping_lowers_it_and_is_told(kind: Pulse, rate_hz: float, samples: int, sign: int) -> None:
    whole = sign * clean(kind, rate_hz, samples)
    quality = pulse_quality(whole, rate_hz, kind)[0]
    for percent in (20, 40):
        rail = np.percentile(whole, 100 - percent, axis=1, keepdims=True)
        lower, clipped = pulse_quality(np.minimum(whole, rail), rate_hz, kind)
        assert (lower < quality).all()
        assert np.median(quality - lower) > 0.1
        # A sample that reaches the rail alone is a crest.
        assert (clipped <= percent / 100 + 0.01).all()
        assert np.median(clipped) > 0.75 * percent / 100
        quality = lower


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
@pytest.mark.parametrize("slope", [0.0, 1.0])
def test_half_missing_halves_it_or_worse(kind: Pulse, rate_hz: float, samples: int, slope: float) -> None:
    """What was missing is a level or a straight line by then."""
    whole = clean(kind, rate_hz, samples)
    for lost in (slice(samples // 2, None), slice(0, samples // 2)):
        spoilt = whole.copy()
        spoilt[:, lost] = np.linspace(0, slope, samples - samples // 2)[None, : samples // 2, None]
        assert pulse_quality(spoilt, rate_hz, kind)[0].max() <= 0.51


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), CASES)
def test_neither_unit_nor_polarity_matters(kind: Pulse, rate_hz: float, samples: int) -> None:
    values = clean(kind, rate_hz, samples).astype(np.float64)
    quality, clipped = pulse_quality(values, rate_hz, kind)
    for other in (1000 * values + 5, -values):
        np.testing.assert_allclose(pulse_quality(other, rate_hz, kind)[0], quality, atol=1e-4)
        np.testing.assert_array_equal(pulse_quality(other, rate_hz, kind)[1], clipped)


def test_windows_are_each_their_own_and_none_is_none() -> None:
    values = np.concatenate([clean("ecg", 128.0, 640)] * 5)
    together = pulse_quality(values, 128.0, "ecg")[0]
    np.testing.assert_allclose(together[:30], together[120:], atol=1e-6)
    alone = [pulse_quality(window[None], 128.0, "ecg")[0][0] for window in values[:10]]
    np.testing.assert_allclose(alone, together[:10], atol=1e-6)
    assert pulse_quality(values[:0], 128.0, "ecg")[0].shape == (0,)


def test_missing_values_are_no_crash() -> None:
    values = clean("ppg", 64.0, 640)
    values[0, 100:200] = np.nan
    values[1] = np.nan
    quality, clipped = pulse_quality(values, 64.0, "ppg")
    assert np.isfinite(quality).all()
    assert np.isfinite(clipped).all()
    assert quality[1] == 0


def test_a_stuck_stretch_counts_from_a_quarter_of_a_second_on() -> None:
    values = clean("ecg", 128.0, 1280)
    before = pulse_quality(values, 128.0, "ecg")[0]
    short, long = values.copy(), values.copy()
    size = round(FLAT_S * 128)
    short[:, 600 : 600 + size - 1] = short[:, 600:601]
    long[:, 600 : 600 + 8 * size] = long[:, 600:601]
    np.testing.assert_allclose(pulse_quality(short, 128.0, "ecg")[0], before, atol=0.15)
    stuck = pulse_quality(long, 128.0, "ecg")[0]
    assert (stuck < before).all()
    assert stuck.max() <= 0.8  # 2 of 10 s


@settings(max_examples=100, deadline=None)
@given(mask=st.lists(st.booleans(), min_size=1, max_size=40), length=st.integers(1, 12))
def test_runs_are_found_whole(mask: list[bool], length: int) -> None:
    expected: list[bool] = []
    for value, group in groupby(mask):
        size = len(list(group))
        expected += [value and size >= length] * size
    assert _runs(np.array([mask]), length)[0].tolist() == expected
