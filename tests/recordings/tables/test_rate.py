import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.recordings.tables.clock import measure_rate

RATES = st.floats(5, 400)


def steady(rate: float, count: int = 20_000) -> np.ndarray:
    return np.arange(count) / rate


@given(RATES, st.integers(3, 3000))
def test_steady_clock(rate: float, count: int) -> None:
    assert measure_rate(steady(rate, count)) == pytest.approx(rate, rel=1e-9)


@given(RATES, st.floats(0, 0.3), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_jitter(rate: float, share: float, seed: int) -> None:
    time = steady(rate) + np.random.default_rng(seed).normal(0, share / rate, 20_000)
    assert measure_rate(time) == pytest.approx(rate, rel=1e-3)


@given(RATES, st.lists(st.tuples(st.integers(1, 19_000), st.floats(6, 1e5)), max_size=6))
@settings(max_examples=60)
def test_gaps(rate: float, gaps: list[tuple[int, float]]) -> None:
    """Up to six gaps, together far longer than the recording."""
    time = steady(rate)
    for at, seconds in gaps:
        time[at:] += seconds
    assert measure_rate(time) == pytest.approx(rate, rel=2e-3)


@given(RATES, st.floats(0.001, 0.08), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_lost_and_doubled_samples(rate: float, share: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    time = steady(rate)
    time = np.repeat(time, rng.choice([0, 1, 2], len(time), p=[share / 2, 1 - share, share / 2]))
    assert measure_rate(time) == pytest.approx(rate, rel=1e-6)


@given(RATES, st.integers(2, 120))
@settings(max_examples=40)
def test_bursts_of_equal_stamps(rate: float, size: int) -> None:
    time = steady(rate)
    time = time[np.arange(len(time)) // size * size]
    assert measure_rate(time) == pytest.approx(rate, rel=0.01)


@given(RATES, st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_bursts_of_uneven_size_stamped_a_millisecond_apart(rate: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    first = np.cumsum(rng.integers(15, 40, 2000))
    first = first[first < 20_000]
    within = (
        np.arange(20_000) - np.concatenate(([0], first))[np.searchsorted(first, np.arange(20_000), "right")]
    )
    time = steady(rate)
    time = time - within / rate + within * min(1e-3, 0.05 / rate)
    assert measure_rate(time) == pytest.approx(rate, rel=0.01)


@given(st.floats(20, 300))
@settings(max_examples=40)
def test_whole_second_stamps(rate: float) -> None:
    assert measure_rate(np.floor(steady(rate) + 0.3)) == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("digits", [2, 3])
@pytest.mark.parametrize("rate", [83.0, 99.0, 31.25, 64.0, 100.3])
def test_rounded_stamps(rate: float, digits: int) -> None:
    assert measure_rate(steady(rate).round(digits)) == pytest.approx(rate, rel=2e-3)


@pytest.mark.parametrize(("rate", "nominal"), [(83.0, 80.0), (78.0, 80.0), (98.4, 100.0), (90.0, 100.0)])
def test_blocks_stamped_inside_at_the_nominal_rate(rate: float, nominal: float) -> None:
    """As in .cwa files: the truth is in the blocks' own stamps."""
    k = np.arange(20_000)
    time = k // 120 * 120 / rate + k % 120 / nominal
    assert measure_rate(time) == pytest.approx(rate, rel=0.01)


def test_clock_set_back_and_missing_stamps() -> None:
    time = steady(50.0)
    time[9000:] -= 3600.0
    time[::7] = np.nan
    assert measure_rate(time) == pytest.approx(50.0 * 6 / 7, rel=0.2)
    time = steady(50.0)
    time[9000:] -= 3600.0
    time[100:110] = np.nan
    assert measure_rate(time) == pytest.approx(50.0, rel=1e-3)


@pytest.mark.parametrize("time", [[], [0.0], [5.0] * 100, [np.nan] * 5, [3.0, 2.0, 1.0]])
def test_no_rate(time: list[float]) -> None:
    assert np.isnan(measure_rate(np.array(time)))


@given(RATES, st.floats(0, 1), st.sampled_from([1.0, 60.0]), st.integers(2, 6))
@settings(max_examples=60)
def test_a_few_stamps_of_whole_seconds_or_minutes(rate: float, phase: float, unit: float, jumps: int) -> None:
    """The stamps at the two ends are cut, and what is between them counts."""
    time = phase * unit + np.arange(round((jumps + 0.9 - phase) * unit * rate)) / rate
    coarse = np.floor(time / unit) * unit
    between = len(np.unique(coarse)) - 1
    measured = measure_rate(coarse)
    if between < 2:
        assert np.isnan(measured)
    else:
        assert measured == pytest.approx(rate, abs=1.01 / unit)


def test_one_step_of_coarse_stamps_tells_no_rate() -> None:
    assert np.isnan(measure_rate(np.repeat([0.0, 60.0], 3000)))
    assert measure_rate(np.array([0.0, 0.02])) == pytest.approx(50)
