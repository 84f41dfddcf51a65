"""Features of beats against loops by their definitions, closed forms, and what must not matter."""

import math
import statistics

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pulse_oracle import hearts, interval_oracle, spectrum_oracle
from wearcli.errors import UsageError
from wearcli.signals.beats import Pulse, find_beats, standardise
from wearcli.signals.features.pulse import (
    TEMPLATE_POINTS,
    TEMPLATE_S,
    average_beat,
    feature_names,
    interval_features,
    pulse_features,
)
from wearcli.simulation.heart import Rhythm, beat_times, ecg_signal, ppg_signal

KINDS: list[tuple[Pulse, float]] = [("ecg", 128.0), ("ppg", 64.0)]
INTERVALS = list(interval_oracle([]))
AT = {kind: {name: i for i, name in enumerate(feature_names(kind))} for kind, _ in KINDS}


def of_times(*rows: list[float]) -> list[dict[str, float]]:
    """The features of each list of times, the rows filled up with NaN as `find_beats` has them."""
    times = np.full((len(rows), max(2, *map(len, rows)) + 3), np.nan)
    for number, row in enumerate(rows):
        times[number, : len(row)] = row
    return [dict(zip(INTERVALS, found, strict=True)) for found in interval_features(times).tolist()]


def random_times(count: int, spread: float, seed: int) -> list[float]:
    """`count` beats about 0.8 s apart; spread: of the logarithm of the intervals."""
    rng = np.random.default_rng(seed)
    return np.cumsum(0.8 * np.exp(spread * rng.normal(size=count))).tolist()


@settings(max_examples=150, deadline=None)
@given(
    counts=st.lists(st.sampled_from([0, 1, 2, 3, 4, 5, 9, 30, 70]), min_size=1, max_size=4),
    spread=st.sampled_from([0.005, 0.03, 0.1, 0.3]),
    seed=st.integers(0, 10**6),
)
def test_intervals_are_their_definitions(counts: list[int], spread: float, seed: int) -> None:
    rows = [random_times(count, spread, seed + number) for number, count in enumerate(counts)]
    for row, found in zip(rows, of_times(*rows), strict=True):
        expected = interval_oracle(row)
        assert list(expected) == INTERVALS
        for name, value in expected.items():
            assert found[name] == pytest.approx(value, rel=1e-6, abs=1e-6), name


def test_the_names_of_the_intervals_come_first() -> None:
    assert list(feature_names("ecg")[: len(INTERVALS)]) == INTERVALS
    for kind, _ in KINDS:
        assert len(set(feature_names(kind))) == len(feature_names(kind)) == 89


@pytest.mark.parametrize("count", [0, 1])
def test_no_interval_is_all_zeros(count: int) -> None:
    (found,) = of_times(random_times(count, 0.1, 0))
    assert set(found.values()) == {0.0}


def test_intervals_that_are_all_the_same() -> None:
    (found,) = of_times(np.arange(1.0, 16.0, 0.75).tolist())
    assert (found["hr_bpm"], found["normal_hr_bpm"], found["normal_share"]) == (80, 80, 1)
    assert {found[name] for name in ("shortest_s", "p10_s", "median_interval_s", "longest_s")} == {0.75}
    for name in ("sdnn_ms", "rmssd_ms", "pnn20", "turning_points", "sample_entropy", "change_above_0.02"):
        assert found[name] == 0
    assert (found["ratio_below_0.97"], found["ratio_below_1.03"]) == (0, 1)
    assert found["cosen"] == pytest.approx(-math.log(0.06) - math.log(0.75))


@pytest.mark.parametrize(("short", "long"), [(0.75, 0.8125), (0.6, 1.0)])
def test_intervals_that_take_turns(short: float, long: float) -> None:
    n = 20
    (found,) = of_times(np.cumsum([0, *[short, long] * (n // 2)]).tolist())
    apart = long - short
    sdnn = apart / 2 * math.sqrt(n / (n - 1))
    assert found["mean_interval_s"] == pytest.approx((short + long) / 2)
    assert found["sdnn_ms"] == pytest.approx(1e3 * sdnn)
    assert found["rmssd_ms"] == pytest.approx(1e3 * apart)
    assert found["sd1_sd2"] == pytest.approx(math.sqrt(n - 1))  # all of it is from beat to beat
    assert found["turning_points"] == 1
    assert found["lag1"] == pytest.approx(-(n - 1) / n)
    assert (found["pnn50"], found["sample_entropy"]) == (1, 0)
    assert found["ratio_below_1.03"] == 0.5


def test_early_beats_and_pauses_are_no_normal_intervals() -> None:
    steady = [0.8 + 0.02 * (k % 3) for k in range(30)]
    steady[10:12] = [0.5, 1.1]
    (found,) = of_times(np.cumsum([0.0, *steady]).tolist())
    kept = steady[:10] + steady[12:]
    assert found["normal_share"] == pytest.approx(28 / 30)
    assert found["normal_sdnn_ms"] == pytest.approx(1e3 * statistics.stdev(kept))
    assert found["normal_hr_bpm"] == pytest.approx(60 / statistics.fmean(kept))
    assert found["normal_rmssd_ms"] < 40 < 80 < found["rmssd_ms"]


@pytest.mark.parametrize(("kind", "rate_hz"), KINDS)
@pytest.mark.parametrize(("factor", "offset"), [(1000, 0), (0.1, 0), (1, 5), (-1, 0), (-50, 1000)])
def test_neither_unit_nor_offset_nor_polarity_matters(kind, rate_hz, factor, offset) -> None:
    values = hearts(kind, rate_hz, 1280)[0].astype(np.float64)
    plain, other = (pulse_features(x, rate_hz, kind) for x in (values, factor * values + offset))
    spread = np.maximum(plain.std(axis=0), 1e-3)
    assert (np.abs(plain - other) / spread).max() < 5e-3


@settings(max_examples=40, deadline=None)
@given(
    kind=st.sampled_from(["ecg", "ppg"]),
    seconds=st.floats(2, 12),
    shape=st.sampled_from(["white", "brown", "steps", "flat", "impulse", "gaps", "infinite"]),
    seed=st.integers(0, 10**6),
)
def test_always_finite(kind, seconds, shape, seed) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(3, round(seconds * 64), 2)).astype(np.float32)
    if shape in ("brown", "steps"):
        values = values.cumsum(axis=1)
    if shape == "steps":
        values = np.round(values / 5)
    if shape in ("flat", "impulse"):
        values[:] = 20_000
    places = rng.integers(0, values.shape[1], 9)
    values[:, places] = {"impulse": 2e4 + 1, "gaps": np.nan, "infinite": np.inf}.get(shape, 0.5)
    with np.errstate(all="ignore"):
        found = pulse_features(values, 64.0, kind)
    assert found.dtype == np.float32
    assert found.shape == (3, len(feature_names(kind)))
    assert np.isfinite(found).all()


@pytest.mark.parametrize(("kind", "rate_hz"), KINDS)
def test_a_constant_window_has_no_heart(kind: Pulse, rate_hz: float) -> None:
    found = pulse_features(np.full((1, 640, 1), 3.5, np.float32), rate_hz, kind)
    names = ("hr_bpm", "beats_per_s", "beat_5", "skew", "crossing_rate_hz", "beat_likeness", "period_height")
    assert {float(found[0, AT[kind][name]]) for name in names} == {0.0}


def test_more_windows_than_a_chunk_are_each_their_own() -> None:
    values = np.concatenate([hearts("ecg", 64.0, 320)[0]] * 8)
    together = pulse_features(values, 64.0, "ecg")
    np.testing.assert_allclose(together[:20], together[140:], rtol=1e-5, atol=1e-5)
    alone = np.concatenate([pulse_features(window[None], 64.0, "ecg") for window in values[:20]])
    np.testing.assert_allclose(alone, together[:20], rtol=1e-5, atol=1e-5)
    assert pulse_features(values[:0], 64.0, "ecg").shape == (0, 89)


def test_of_several_channels_the_first() -> None:
    values = hearts("ppg", 64.0, 640)[0]
    beside = np.concatenate([values, values[::-1] ** 2], axis=2)
    np.testing.assert_array_equal(pulse_features(beside, 64.0, "ppg"), pulse_features(values, 64.0, "ppg"))


@pytest.mark.parametrize(
    ("kind", "rate_hz", "samples"),
    [*((*both, 1280) for both in KINDS), ("ecg", 250.0, 777), ("ppg", 25.0, 500), ("ecg", 100.0, 301)],
)
def test_the_spectrum_is_that_of_welch(kind: Pulse, rate_hz: float, samples: int) -> None:
    values = np.concatenate(
        [hearts(kind, rate_hz, samples)[0], np.random.default_rng(0).normal(size=(5, samples, 1))]
    )
    found = pulse_features(values, rate_hz, kind)
    for window, row in zip(values[:, :, 0].astype(float), found, strict=True):
        for name, value in spectrum_oracle(window, rate_hz, kind).items():
            assert row[AT[kind][name]] == pytest.approx(value, abs=1e-4), name


@pytest.mark.parametrize(("kind", "rate_hz"), KINDS)
def test_the_average_beat_is_that_of_a_loop(kind: Pulse, rate_hz: float) -> None:
    values, _ = hearts(kind, rate_hz, 1280)
    signal = standardise(values[:, :, 0].astype(float))
    beats = find_beats(signal, rate_hz, kind)
    found = average_beat(signal, beats, rate_hz, kind)
    whole = pulse_features(values, rate_hz, kind)
    low, high = (round(s * rate_hz) for s in TEMPLATE_S[kind])
    for number, window in enumerate(signal):
        around = {}
        for k, time in enumerate(beats.times[number, : beats.count[number]]):
            middle = round(time * rate_hz)
            if middle + low >= 0 and middle + high <= len(window):
                around[k] = window[middle + low : middle + high]
        average = sum(around.values()) / len(around)
        np.testing.assert_allclose(found[0][number], average, atol=1e-9)
        alike = {k: np.corrcoef(beat, average)[0, 1] for k, beat in around.items()}
        assert {k: value for k, value in enumerate(found[1][number]) if np.isfinite(value)} == {
            k: pytest.approx(value, abs=1e-6) for k, value in alike.items()
        }
        spread = np.sqrt(sum((beat - average) ** 2 for beat in around.values()) / len(around))
        np.testing.assert_allclose(found[2][number], spread, atol=1e-9)
        expected = [part.mean() for part in np.array_split(average, TEMPLATE_POINTS)]
        first = AT[kind]["beat_0"]
        np.testing.assert_allclose(whole[number, first : first + TEMPLATE_POINTS], expected, atol=1e-5)
        mean = np.mean(list(alike.values()))
        assert whole[number, AT[kind]["beat_likeness"]] == pytest.approx(mean, abs=1e-5)


@pytest.mark.parametrize(("kind", "rate_hz"), KINDS)
@pytest.mark.parametrize("bpm", [45.0, 62.0, 95.0, 150.0])
def test_an_even_heart_is_read_as_it_beats(kind: Pulse, rate_hz: float, bpm: float) -> None:
    beats = beat_times(Rhythm(bpm, breath=0, slow=0, jitter=0), 20.0, np.random.default_rng(0))
    signal = (ecg_signal if kind == "ecg" else ppg_signal)(beats, rate_hz)
    (found,) = pulse_features(signal[None, :, None], rate_hz, kind)
    told = dict(zip(feature_names(kind), found.tolist(), strict=True))
    assert told["hr_bpm"] == pytest.approx(bpm, rel=0.002)
    assert told["beats_per_s"] == pytest.approx(bpm / 60, abs=0.06)
    assert told["sdnn_ms"] < 5
    assert told["beat_likeness"] > 0.98
    # The autocorrelation may be as high after two beats, where both fit within its lags.
    beat_s = 60 / bpm
    assert min(abs(told["period_s"] - k * beat_s) for k in (1, 2, 3)) < 0.04
    assert told["period_height"] > 0.7


@pytest.mark.parametrize(("kind", "rate_hz"), KINDS)
def test_windows_without_room_for_a_rhythm_are_refused(kind: Pulse, rate_hz: float) -> None:
    assert pulse_features(np.zeros((1, round(2 * rate_hz), 1)), rate_hz, kind).shape == (1, 89)
    for seconds in (0.1, 0.5, 1.0, 1.9):
        with pytest.raises(UsageError, match="too short for the features of beats: give a --window of 2 s"):
            pulse_features(np.zeros((1, round(seconds * rate_hz), 1)), rate_hz, kind)
