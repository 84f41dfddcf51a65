from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.errors import InputError
from wearcli.recordings.tables.times import recognise_time
from wearcli.recordings.tables.zone import clock_zone

MOMENTS = st.datetimes(datetime(2001, 1, 1), datetime(2039, 1, 1)).map(lambda m: m.replace(microsecond=0))
RATES = st.sampled_from([10.0, 25.0, 31.25, 50.0, 100.0])
# Day 1 is 1900-01-01, and 1900 is taken for a leap year; day 1 is 0000-01-01 of the proleptic calendar.
ZEROS = {
    "Excel": datetime(1899, 12, 30),
    "MATLAB": datetime(1, 1, 1) - timedelta(0),
    "days since": datetime(1970, 1, 1),
}
MATLAB_OF_YEAR_1 = 367  # datenum(1, 1, 1)


def day_numbers(kind: str, moments: list[datetime]) -> np.ndarray:
    days = np.array([(moment - ZEROS[kind]) / timedelta(days=1) for moment in moments])
    return days + MATLAB_OF_YEAR_1 if kind == "MATLAB" else days


@given(MOMENTS, RATES, st.sampled_from([*ZEROS]))
def test_day_numbers_are_told_by_magnitude_and_step(moment: datetime, rate: float, kind: str) -> None:
    moments = [moment + timedelta(seconds=k / rate) for k in range(400)]
    stamps = day_numbers(kind, moments)
    scale = recognise_time(stamps, "f", zone=clock_zone(None, "-05:00"))
    assert scale.start is not None
    assert abs(scale.start - moment.replace(tzinfo=UTC) - timedelta(hours=5)) < timedelta(milliseconds=1)
    np.testing.assert_allclose(scale.seconds(stamps), np.arange(400) / rate, atol=1e-4)
    assert scale.how.startswith(kind)
    assert scale.how.endswith("by its magnitude and step, zone UTC-05:00 by --timezone")


@pytest.mark.parametrize(
    ("number", "moment"), [(738000.5, datetime(2020, 7, 28, 12)), (45355.4, datetime(2024, 3, 4, 9, 36))]
)
def test_published_day_numbers(number: float, moment: datetime) -> None:
    """Of MATLAB's datestr(738000.5), and of Excel's cell format of 45355.4."""
    scale = recognise_time(number + np.arange(200) / 50 / 86400, "f")
    assert scale.start == moment.replace(tzinfo=UTC)


def test_numbers_with_another_step_or_magnitude_are_no_days() -> None:
    seconds = 45355.4 + np.arange(400) / 50
    assert recognise_time(seconds, "f").how == "elapsed s, by its step"
    with pytest.raises(InputError, match="say the unit with --time-unit"):
        recognise_time(200_000 + np.arange(400) / 50 / 86400, "f")
    stamps = 200_000 + np.arange(400) / 50 / 86400
    assert recognise_time(stamps, "f", unit="excel").start == datetime(2447, 7, 30, tzinfo=UTC)


@given(MOMENTS, RATES)
def test_a_calendar_written_as_a_number(moment: datetime, rate: float) -> None:
    moments = [moment + timedelta(milliseconds=round(k * 1000 / rate)) for k in range(300)]
    stamps = np.array([int(f"{m:%Y%m%d%H%M%S}{m.microsecond // 1000:03d}") for m in moments])
    scale = recognise_time(stamps, "f")
    assert scale.start == moment.replace(tzinfo=UTC)
    expected = [(m - moment).total_seconds() for m in moments]
    np.testing.assert_allclose(scale.seconds(stamps), expected, atol=1e-9)
    whole = np.array([float(f"{m:%Y%m%d%H%M%S}") for m in moments])
    whole[5] = np.nan
    seconds = recognise_time(whole, "f").seconds(whole)
    assert np.isnan(seconds[5])
    assert seconds[-1] == (moments[-1].replace(microsecond=0) - moment).total_seconds()


@given(MOMENTS, st.sampled_from([(10**7, datetime(1, 1, 1)), (10**7, datetime(1601, 1, 1))]))
def test_ticks_of_a_ten_millionth(moment: datetime, count: tuple[int, datetime]) -> None:
    _per_second, zero = count
    first = (moment - zero) // timedelta(microseconds=1) * 10
    stamps = first + np.arange(500, dtype=np.int64) * 200_000
    scale = recognise_time(stamps, "f")
    assert scale.start == moment.replace(tzinfo=UTC)
    np.testing.assert_allclose(scale.seconds(stamps), np.arange(500) / 50, atol=1e-9)


def test_a_counter_of_microseconds_that_overflows() -> None:
    """Xsens DOT: SampleTimeFine, 32 bits."""
    stamps = (2**32 - 4_000_000 + np.arange(1000, dtype=np.int64) * 20_000) % 2**32
    scale = recognise_time(stamps.astype(float), "f")
    assert (scale.start, scale.how) == (None, "elapsed us, by its step")
    time = scale.course([]).follow(scale.seconds(stamps))
    np.testing.assert_allclose(time, np.arange(1000) * 0.02, atol=1e-6)


def test_a_stamp_beyond_the_years_is_the_last_one_that_there_is() -> None:
    scale = recognise_time(np.array([1e12, 1e12 + 1]), "f", unit="days", zone=clock_zone(None, "Asia/Tokyo"))
    assert scale.start == datetime.max.replace(tzinfo=UTC)
    stamps = np.array(["-30000-01-01", "-30000-01-02"], "M8[s]")
    scale = recognise_time(stamps, "f", zone=clock_zone(None, "Asia/Tokyo"))
    assert scale.start == datetime.min.replace(tzinfo=UTC)
    assert scale.course([]).follow(scale.seconds(stamps)).tolist() == [0, 86400]
