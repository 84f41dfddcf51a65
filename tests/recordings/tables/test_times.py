from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.errors import InputError
from wearcli.recordings.tables.times import recognise_time

MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2099, 1, 1))
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def epoch_us(moment: datetime) -> int:
    return (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@given(MOMENTS, st.sampled_from(["s", "ms", "us", "ns"]), st.sampled_from([10, 20, 40, 50]))
def test_epoch_units_are_told_by_magnitude(moment: datetime, unit: str, step_ms: int) -> None:
    moment = moment.replace(microsecond=0)
    whole = epoch_us(moment) * 1000 + np.arange(500, dtype=np.int64) * step_ms * 10**6  # ns
    stamps = whole / 1e9 if unit == "s" else whole // (10**9 // PER_SECOND[unit])
    scale = recognise_time(stamps, "f")
    assert scale.start == moment.replace(tzinfo=UTC)
    assert scale.how == f"epoch {unit}, by its magnitude"
    np.testing.assert_allclose(scale.seconds(stamps), np.arange(500) * step_ms / 1e3, atol=6e-7)


def test_nanoseconds_are_exact() -> None:
    stamps = 1_700_000_000_123_456_789 + np.arange(1000, dtype=np.int64) * 10_000_001
    seconds = recognise_time(stamps, "f").seconds(stamps)
    np.testing.assert_array_equal(seconds, np.arange(1000) * 10_000_001 / 1e9)


@given(
    st.sampled_from([12.5, 20.0, 32.0, 50.0, 64.0, 100.0, 400.0]), st.sampled_from(["s", "ms", "us", "ns"])
)
def test_elapsed_units_are_told_by_step(rate: float, unit: str) -> None:
    stamps = 17.0 * PER_SECOND[unit] + np.arange(400) / rate * PER_SECOND[unit]
    scale = recognise_time(stamps, "f")
    assert (scale.start, scale.how) == (None, f"elapsed {unit}, by its step")
    np.testing.assert_allclose(scale.seconds(stamps), np.arange(400) / rate, atol=1e-9)


def test_a_counter_is_no_time() -> None:
    """0, 1, 2, ...: 1 Hz in seconds, 1,000 Hz in ms, so neither is taken."""
    counter = np.arange(1000)
    with pytest.raises(InputError, match="--time-unit"):
        recognise_time(counter, "f")
    assert recognise_time(counter, "f", unit="ms").seconds(counter)[-1] == 0.999
    assert recognise_time(counter, "f", rate_hz=1.0).seconds(counter)[-1] == 999.0
    assert recognise_time(counter, "f", modality="ecg").seconds(counter)[-1] == 0.999


def test_whole_seconds_at_many_samples_a_second() -> None:
    stamps = np.repeat(np.arange(1_600_000_000, 1_600_000_020), 50)
    assert recognise_time(stamps, "f").how == "epoch s, by its magnitude"
    assert recognise_time(np.repeat(np.arange(20), 50), "f").how == "elapsed s, by its step"


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_arrow_and_numpy_stamps_keep_their_own_unit(unit: str) -> None:
    stamps = (np.datetime64("2024-03-01T12:00:00", unit) + np.arange(5)).astype(f"M8[{unit}]")
    scale = recognise_time(stamps, "f", zoned=True)
    assert scale.start == datetime(2024, 3, 1, 12, tzinfo=UTC)
    np.testing.assert_allclose(scale.seconds(stamps), np.arange(5) / PER_SECOND[unit], rtol=1e-12)
    assert scale.how == "ISO date and time"
    assert recognise_time(stamps, "f").how == "ISO date and time, no zone: taken as UTC (--timezone)"


@given(MOMENTS, st.integers(-720, 840), st.sampled_from([" ", "T"]), st.booleans())
def test_iso_text_with_a_zone(moment: datetime, offset: int, separator: str, colon: bool) -> None:
    zone = timezone(timedelta(minutes=offset))
    texts = [(moment.replace(tzinfo=zone) + timedelta(milliseconds=20 * k)) for k in range(20)]
    stamps = [text.isoformat(separator) for text in texts]
    if not colon:
        stamps = [text[:-3] + text[-2:] for text in stamps]
    scale = recognise_time(pa.array(stamps), "f")
    assert scale.start == texts[0].astimezone(UTC)
    np.testing.assert_allclose(scale.seconds(pa.array(stamps)), np.arange(20) * 0.02, atol=1e-9)


def test_day_and_month() -> None:
    stamps = pa.array(["25/12/2023 23:59:59.500", "26/12/2023 00:00:00.500"])
    assert recognise_time(stamps, "f").start == datetime(2023, 12, 25, 23, 59, 59, 500_000, tzinfo=UTC)
    american = pa.array(["12/25/2023 9:05:01", None, "12/25/2023 9:05:02"])
    scale = recognise_time(american, "f")
    assert scale.start == datetime(2023, 12, 25, 9, 5, 1, tzinfo=UTC)
    np.testing.assert_array_equal(scale.seconds(american), [0, np.nan, 1])
    either = pa.array(["3/4/2023 10:00:00", "3/4/2023 10:00:01"])
    with pytest.raises(InputError, match="--time-unit dmy or mdy"):
        recognise_time(either, "f")
    assert recognise_time(either, "f", unit="dmy").start == datetime(2023, 4, 3, 10, tzinfo=UTC)
    assert recognise_time(either, "f", order="mdy").start == datetime(2023, 3, 4, 10, tzinfo=UTC)


def test_time_of_day_goes_on_over_midnight() -> None:
    seconds = np.array([86398.0, 86399.0, 0.0, 1.0, 43000.0, 86000.0, 0.5])
    stamps = (seconds * 1000).astype(np.int64).astype("m8[ms]")
    scale = recognise_time(stamps, "f")
    assert scale.start is None
    expected = [0, 1, 2, 3, 43002, 86002, 86402.5]
    np.testing.assert_allclose(scale.course([]).follow(scale.seconds(stamps)), expected)
    # In two parts, as a stream delivers it.
    course = scale.course([])
    parts = [course.follow(scale.seconds(part)) for part in (stamps[:4], stamps[4:])]
    np.testing.assert_allclose(np.concatenate(parts), expected)


@pytest.mark.parametrize("text", ["yesterday", "12h30", "2024"])
def test_text_that_is_no_time(text: str) -> None:
    with pytest.raises(InputError, match=r"cannot read the time .*--time-column"):
        recognise_time(pa.array([text] * 3), "f")


def test_empty_and_unknown() -> None:
    with pytest.raises(InputError, match="empty"):
        recognise_time(pa.array([None, None], pa.string()), "f")
    with pytest.raises(InputError, match="empty"):
        recognise_time(np.array([np.nan, np.nan]), "f")
    with pytest.raises(InputError, match="holds no times"):
        recognise_time(np.array([b"a", b"b"], object), "f")


def test_a_batch_with_gaps_among_whole_numbers() -> None:
    head = 1_700_000_000_000 + np.arange(100, dtype=np.int64) * 20
    scale = recognise_time(head, "f")
    later = head.astype(float)
    later[3] = np.nan
    expected = np.arange(100) * 0.02
    expected[3] = np.nan
    np.testing.assert_allclose(scale.seconds(later), expected, atol=1e-9)


def test_a_clock_that_is_set_after_the_start() -> None:
    """The first stamps lie in 1970; the others tell the unit, and there is no start to be had."""
    stamps = np.concatenate([np.arange(10) * 20, 1_700_000_000_000 + np.arange(500) * 20])
    scale = recognise_time(stamps, "f")
    assert (scale.start, scale.how) == (None, "elapsed ms, by its magnitude")
