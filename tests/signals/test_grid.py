"""Resampling against closed forms, against scipy's upfirdn, and by properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.signal import upfirdn

from wearcli.recordings.recording import Chunk
from wearcli.signals.clock import Clock
from wearcli.signals.grid import Piece, decimate, lowpass, to_grid
from wearcli.signals.quality import Clipping


def resample(
    time: np.ndarray, values: np.ndarray, rate_in: float, rate_out: float, size: int = 10**9
) -> list[Piece]:
    values = values.reshape(len(time), -1).astype(np.float32)
    chunks = (Chunk(time[i : i + size], values[i : i + size]) for i in range(0, len(time), size))
    return list(to_grid(chunks, rate_in, rate_out, Clock(rate_in)))


def joined(pieces: list[Piece], rate: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, values (samples, channels) and missing of all pieces."""
    index = np.concatenate([piece.first + np.arange(piece.values.shape[1]) for piece in pieces])
    assert (np.diff(index) > 0).all()
    values = np.concatenate([piece.values for piece in pieces], axis=1).T
    return index / rate, values, np.concatenate([piece.missing for piece in pieces])


def test_a_tone_above_the_new_nyquist_is_gone() -> None:
    time = np.arange(6000) / 100
    _, out, _ = joined(resample(time, np.sin(2 * np.pi * 40 * time), 100, 30), 30)
    assert np.mean(out**2) < 1e-4 * 0.5  # the issue asks for 1 % of the power


@pytest.mark.parametrize(
    ("rate_in", "rate_out", "tone", "tolerance"),
    [
        (100, 50, 5, 5e-4),
        (83, 50, 5, 1e-3),
        (100, 30, 8, 5e-3),
        (64, 50, 5, 1e-3),
        (32, 50, 3, 2e-3),
        (20, 50, 2, 2e-3),
        (99.87, 50, 5, 1e-3),
        (50, 50, 10, 1e-6),
        (80, 20, 3, 5e-4),
    ],
)
@pytest.mark.parametrize("size", [997, 10**9])
def test_a_tone_in_the_band_keeps_amplitude_and_phase(
    rate_in: float, rate_out: float, tone: float, tolerance: float, size: int
) -> None:
    time = np.arange(int(40 * rate_in)) / rate_in
    at, out, missing = joined(
        resample(time, np.sin(2 * np.pi * tone * time), rate_in, rate_out, size), rate_out
    )
    assert len(at) == 40 * rate_out
    assert not missing.any()
    inner = (at > 2) & (at < 38)
    np.testing.assert_allclose(out[inner, 0], np.sin(2 * np.pi * tone * at[inner]), atol=tolerance)


def test_gravity_stays_to_the_ends() -> None:
    time = np.arange(1000) / 100
    _, out, _ = joined(resample(time, np.full(1000, 0.97), 100, 50), 50)
    np.testing.assert_allclose(out, 0.97, atol=1e-4)


def test_jittered_stamps_count_not_the_order() -> None:
    rng = np.random.default_rng(0)
    time = np.sort(np.arange(4000) / 100 + rng.uniform(-0.004, 0.004, 4000))
    time -= time[0]
    at, out, _ = joined(resample(time, np.sin(2 * np.pi * 2 * time), 100, 50), 50)
    inner = (at > 2) & (at < 38)
    true = np.sin(2 * np.pi * 2 * at[inner])
    assert np.abs(out[inner, 0] - true).max() < 0.01
    by_order = np.sin(2 * np.pi * 2 * time[::2])[: len(at)][inner]
    assert np.abs(by_order - true).max() > 0.03


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.sampled_from([(50.0, 100.0), (50.0, 83.0), (40.0, 64.0)]))
def test_there_and_back_keeps_a_band_limited_signal(seed: int, rates: tuple[float, float]) -> None:
    low, high = rates
    rng = np.random.default_rng(seed)
    time = np.arange(int(20 * low)) / low
    tones, phases = rng.uniform(0.2, 0.2 * low, 4), rng.uniform(0, 2 * np.pi, 4)
    signal = np.sin(2 * np.pi * np.outer(time, tones) + phases).sum(axis=1)
    up_time, up, _ = joined(resample(time, signal, low, high), high)
    _, back, _ = joined(resample(up_time, up, high, low), low)
    inner = slice(int(2 * low), int(18 * low))
    error = back[inner, 0] - signal[inner]
    assert np.sqrt(np.mean(error**2)) < 0.02 * np.sqrt(np.mean(signal**2))


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 6), st.integers(1, 700), st.integers(0, 2**31))
def test_decimate_equals_upfirdn(down: int, count: int, seed: int) -> None:
    taps = lowpass(down) if down > 1 else np.ones(1, np.float32)
    values = np.random.default_rng(seed).normal(size=(3, (count - 1) * down + len(taps))).astype(np.float32)
    full = upfirdn(taps.astype(np.float64), values.astype(np.float64), up=1, down=1, axis=1)
    oracle = full[:, len(taps) - 1 :: down][:, :count]
    np.testing.assert_allclose(decimate(values, taps, down, count), oracle, atol=2e-5)


def test_chunk_size_changes_nothing() -> None:
    rng = np.random.default_rng(1)
    time = np.arange(30_000) / 99.9
    values = rng.normal(size=(30_000, 3))
    _, whole, _ = joined(resample(time, values, 99.9, 50), 50)
    _, parts, _ = joined(resample(time, values, 99.9, 50, size=1234), 50)
    np.testing.assert_allclose(parts, whole, atol=1e-4)


def test_a_long_gap_stays_empty_and_a_short_one_is_marked() -> None:
    time = np.arange(4000) / 100
    keep = ~((time >= 10) & (time < 10.3)) & ~((time >= 20) & (time < 25))
    at, out, missing = joined(resample(time[keep], np.sin(2 * np.pi * time[keep]), 100, 50), 50)
    assert not ((at > 20.02) & (at < 24.98)).any()
    in_short = (at > 10.0) & (at < 10.29)
    assert missing[in_short].all()
    assert not missing[~((at >= 9.98) & (at <= 10.31))].any()
    assert np.abs(out).max() < 1.05


def test_clipped_samples_are_found_with_and_without_a_known_range() -> None:
    time = np.arange(2000) / 100
    wave = 3 * np.sin(2 * np.pi * time)
    values = np.stack([np.clip(wave, -2, 2), 0 * wave, 0 * wave + 1], axis=1).astype(np.float32)
    true = np.abs(wave) >= 2
    for limit in (2.0, None):
        found = Clipping(limit).find(values)
        assert np.mean(found == true) > 0.995
    assert not Clipping(2.0).find(values / 2).any()


def test_what_is_not_clipped_is_not_called_so() -> None:
    resting = np.tile(np.float32([0, 0, 1]), (500, 1))
    assert not Clipping(None).find(resting).any()
    time = np.arange(6000) / 50
    wave = np.round(64 * 1.8 * np.sin(2 * np.pi * 0.3 * time)) / 64  # coarse steps: every crest is flat
    values = np.stack([wave, 0 * wave, 0 * wave + 1], axis=1).astype(np.float32)
    for size in (100, 6000):
        clipping = Clipping(None)
        assert not any(clipping.find(values[i : i + size]).any() for i in range(0, 6000, size))


@settings(max_examples=100, deadline=None)
@given(
    st.integers(0, 2**31),
    st.floats(0.0, 0.6),
    st.sampled_from([(50.0, 50.0), (100.0, 50.0), (32.0, 50.0)]),
)
def test_nothing_swings_beyond_the_samples(seed: int, jitter: float, rates: tuple[float, float]) -> None:
    """Whatever the stamps do, and with noise on the values."""
    rng = np.random.default_rng(seed)
    count = 400
    time = np.sort((np.arange(count) + jitter * rng.normal(size=count)) / rates[0])
    time = np.unique(np.round(time - time[0], 5))
    values = np.sin(2 * np.pi * time) + rng.normal(scale=0.02, size=len(time))
    _, out, _ = joined(resample(time, values, *rates), rates[1])
    assert np.abs(out).max() < 1.4 * np.abs(values).max()
