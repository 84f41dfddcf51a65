"""Beats of simulated hearts, whose times are known, under what sensors do to them."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pulse_oracle import SOME_NOISE, drawn, hearts
from wearcli.errors import UsageError
from wearcli.signals.beats import LANDMARKS, Beats, Pulse, find_beats, most_beats, standardise
from wearcli.simulation.heart import Noise, Rhythm, Vessels, beat_times, ppg_signal

EDGE_S = 0.5  # a beat so near the window's end need not be found
HALF_BEAT = Rhythm(60, breath=0, slow=0, jitter=0)


def found_in(values: np.ndarray, rate_hz: float, kind: Pulse) -> Beats:
    return find_beats(standardise(values[:, :, 0].astype(np.float64)), rate_hz, kind)


def compared(beats: Beats, truth: list[np.ndarray], seconds: float) -> tuple[float, float, np.ndarray]:
    """Sensitivity and precision within 50 ms; errors (k,) s of intervals whose both beats were found."""
    hits, there, right, told, errors = 0, 0, 0, 0, []
    for row, true in zip(beats.times, truth, strict=True):
        row = row[np.isfinite(row)]
        apart = np.abs(row[:, None] - true)
        inner = (true >= EDGE_S) & (true < seconds - EDGE_S)
        hits += int((apart.min(axis=0) <= 0.05)[inner].sum())
        there += int(inner.sum())
        near = (row >= EDGE_S) & (row < seconds - EDGE_S)
        right += int((apart.min(axis=1) <= 0.05)[near].sum())
        told += int(near.sum())
        late = row[apart.argmin(axis=0)] - true
        both = (np.abs(late[1:]) <= 0.05) & (np.abs(late[:-1]) <= 0.05)
        errors.append(np.diff(late)[both])
    return hits / there, right / told, np.abs(np.concatenate(errors))


@pytest.mark.parametrize("rate_hz", [64.0, 100.0, 128.0, 250.0, 300.0])
@pytest.mark.parametrize(("noise", "within_ms"), [(Noise(), 3), (SOME_NOISE, 4), (Noise(0.3, 1.0), 8)])
def test_r_peaks_are_found_where_they_are(rate_hz: float, noise: Noise, within_ms: float) -> None:
    values, truth = hearts("ecg", rate_hz, round(10 * rate_hz), noise=noise)
    sensitivity, precision, errors = compared(found_in(values, rate_hz, "ecg"), truth, 10.0)
    assert sensitivity >= 0.995
    assert precision >= 0.995
    assert np.percentile(errors, 95) < within_ms / 1e3


@pytest.mark.parametrize("rate_hz", [25.0, 32.0, 64.0, 100.0, 125.0])
@pytest.mark.parametrize(("noise", "within_ms"), [(Noise(), 8), (SOME_NOISE, 12), (Noise(0.3, 1.0), 30)])
def test_pulses_are_found_where_they_rise(rate_hz: float, noise: Noise, within_ms: float) -> None:
    values, truth = hearts("ppg", rate_hz, round(30 * rate_hz), n=12, noise=noise)
    sensitivity, precision, errors = compared(found_in(values, rate_hz, "ppg"), truth, 30.0)
    assert sensitivity >= 0.97  # a heart that had no time to fill gives hardly a pulse
    assert precision >= 0.99
    assert np.percentile(errors, 95) < within_ms / 1e3


@pytest.mark.parametrize(("kind", "rate_hz"), [("ecg", 128.0), ("ppg", 64.0)])
@pytest.mark.parametrize(("factor", "offset"), [(1000, 0), (1, 50), (-1, 0), (-1000, 2e4), (0.1, -3)])
def test_neither_unit_nor_offset_nor_polarity_moves_a_beat(kind, rate_hz, factor, offset) -> None:
    values, _ = hearts(kind, rate_hz, 1280)
    plain = found_in(values, rate_hz, kind)
    other = found_in(values.astype(np.float64) * factor + offset, rate_hz, kind)
    np.testing.assert_allclose(other.times, plain.times, atol=1e-5)
    assert (plain.sign == 1).all()
    assert (other.sign == np.sign(factor)).all()


@pytest.mark.parametrize(("kind", "rate_hz"), [("ecg", 128.0), ("ppg", 64.0)])
def test_a_window_alone_is_as_in_a_batch(kind: Pulse, rate_hz: float) -> None:
    values, _ = hearts(kind, rate_hz, 1280)
    together = found_in(values, rate_hz, kind)
    for number, window in enumerate(values):
        alone = found_in(window[None], rate_hz, kind)
        np.testing.assert_allclose(alone.times[0], together.times[number], atol=1e-12)
        np.testing.assert_allclose(alone.heights[0], together.heights[number], atol=1e-9)


@pytest.mark.parametrize(("kind", "rate_hz", "late"), [("ecg", 128.0, 0.0), ("ppg", 64.0, 0.25)])
def test_a_window_of_one_beat(kind: Pulse, rate_hz: float, late: float) -> None:
    beats = beat_times(HALF_BEAT, 30.0, np.random.default_rng(0))
    peak = beats.times[10] + late
    signal = drawn(kind, beats, rate_hz)
    begin = round((peak - 0.45) * rate_hz)
    window = signal[begin : begin + round(0.9 * rate_hz)]
    found = found_in(window[None, :, None], rate_hz, kind)
    assert found.count[0] == 1
    assert found.times[0, 0] == pytest.approx(peak - begin / rate_hz, abs=0.03)


@pytest.mark.parametrize("bpm", [60.0, 80.0, 100.0, 120.0])
def test_a_second_wave_as_steep_as_the_pulse_is_no_beat(bpm: float) -> None:
    beats = beat_times(Rhythm(bpm), 30.0, np.random.default_rng(0))
    signal = ppg_signal(beats, 64.0, Vessels(reflected=0.2, dicrotic=0.9))
    found = found_in(signal[None, :, None], 64.0, "ppg")
    assert found.count[0] == pytest.approx(bpm / 2, abs=1)


@pytest.mark.parametrize(("kind", "rate_hz"), [("ecg", 128.0), ("ppg", 64.0)])
def test_nothing_beats_in_a_flat_window(kind: Pulse, rate_hz: float) -> None:
    levels = np.array([0.0, 1.0, 3.7, -20_000.0])[:, None, None] * np.ones((1, 640, 1))
    found = found_in(levels, rate_hz, kind)
    assert (found.count == 0).all()
    assert np.isfinite(found.curve).all()


@pytest.mark.parametrize(("kind", "rate_hz"), [("ecg", 128.0), ("ecg", 250.0), ("ecg", 500.0), ("ppg", 64.0)])
@pytest.mark.parametrize("flat", [0.2, 0.5])
def test_a_flat_end_hides_no_beat_before_it(kind: Pulse, rate_hz: float, flat: float) -> None:
    """A running sum was negative there by its rounding, its root no number, and no beat was found."""
    values, truth = hearts(kind, rate_hz, round(10 * rate_hz), noise=Noise(0.05, 0.2))
    last = round(10 * rate_hz * (1 - flat))
    values[:, last:] = values[:, last - 1 : last]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = found_in(values, rate_hz, kind)
    before = [times[times < last / rate_hz] for times in truth]
    sensitivity, _, _ = compared(found, before, 10 * (1 - flat))
    assert sensitivity >= 0.97


@settings(max_examples=60, deadline=None)
@given(
    kind=st.sampled_from(["ecg", "ppg"]),
    rate_hz=st.sampled_from([25.0, 64.0, 128.0, 250.0]),
    seconds=st.floats(0.5, 20),
    colour=st.integers(0, 2),
    seed=st.integers(0, 10**6),
)
def test_whatever_comes_beats_are_in_order_and_apart(kind, rate_hz, seconds, colour, seed) -> None:
    """Noise that is white, brown, or in steps: beats lie in the window and not too near one another."""
    samples = round(seconds * rate_hz)
    noise = np.random.default_rng(seed).normal(size=(4, samples, 1))
    noise = noise.cumsum(axis=1) if colour else noise
    found = found_in(np.round(noise) if colour == 2 else noise, rate_hz, kind)
    assert found.times.shape == found.heights.shape == (4, most_beats(samples, rate_hz))
    for times, heights, count in zip(found.times, found.heights, found.count, strict=True):
        assert np.isfinite(times[:count]).all()
        assert np.isnan(times[count:]).all()
        assert ((times[:count] >= 0) & (times[:count] < seconds)).all()
        # Between samples a beat moves by half a one at most.
        apart = LANDMARKS[kind].refractory_s - 1.5 / rate_hz
        assert (np.diff(times[:count]) >= apart).all()
        assert (heights[:count] > LANDMARKS[kind].threshold).all()


def test_a_rate_too_low_for_a_qrs_is_refused() -> None:
    with pytest.raises(UsageError, match=r"beats do not show at 16 Hz: give a --rate above 17\.8 Hz"):
        found_in(np.zeros((1, 160, 1)), 16.0, "ecg")
