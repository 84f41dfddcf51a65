from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.recordings.tables.course import LocalTime, Midnight, Overflow
from wearcli.recordings.tables.zone import clock_zone

# A change to summer time and one back, of zones on both sides of the equator; one changes by half an hour.
CHANGES = [
    ("Europe/Berlin", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    ("Europe/Berlin", datetime(2024, 10, 27, 1, tzinfo=UTC)),
    ("Europe/London", datetime(2024, 3, 31, 1, tzinfo=UTC)),
    ("America/New_York", datetime(2024, 3, 10, 7, tzinfo=UTC)),
    ("America/New_York", datetime(2024, 11, 3, 6, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2024, 4, 6, 16, tzinfo=UTC)),
    ("Australia/Sydney", datetime(2024, 10, 5, 16, tzinfo=UTC)),
    ("Australia/Lord_Howe", datetime(2024, 10, 5, 15, 30, tzinfo=UTC)),
]
SPRING = [CHANGES[k] for k in (0, 2, 3, 6, 7)]
EPOCH = datetime(1970, 1, 1)


def shown(utc_s: np.ndarray, zone: str) -> np.ndarray:
    """What a clock on the wall shows at these moments, s."""
    moments = (
        datetime.fromtimestamp(second, ZoneInfo(zone)).replace(tzinfo=None) for second in utc_s.tolist()
    )
    return np.array([(moment - EPOCH).total_seconds() for moment in moments])


def follow(readings: np.ndarray, zone: str | None, size: int = 10**9) -> tuple[np.ndarray, list[str]]:
    warnings: list[str] = []
    first = EPOCH + timedelta(seconds=float(readings[0]))
    course = LocalTime(first, clock_zone(None, zone), warnings)
    elapsed = readings - readings[0]
    parts = [course.follow(elapsed[i : i + size]) for i in range(0, len(elapsed), size)]
    return np.concatenate(parts), warnings


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(CHANGES),
    st.integers(10, 40_000),
    st.integers(3, 3000),
    st.sampled_from([7.0, 20.0, 55.0]),
)
def test_a_clock_on_the_wall_gives_the_time_that_passed(
    change: tuple[str, datetime], before_s: int, size: int, step_s: float
) -> None:
    zone, moment = change
    utc = moment.timestamp() - before_s + step_s * np.arange(400)
    time, warnings = follow(shown(utc, zone), zone, size)
    np.testing.assert_allclose(time, utc - utc[0], atol=1e-6)
    assert warnings == []


@pytest.mark.parametrize(("zone", "moment"), CHANGES)
def test_a_device_that_does_not_change_its_clock_keeps_its_offset(zone: str, moment: datetime) -> None:
    utc = moment.timestamp() - 20_000 + 10.0 * np.arange(5000)
    device = shown(utc[:1], zone) + utc - utc[0]
    time, warnings = follow(device, zone, 333)
    np.testing.assert_allclose(time, utc - utc[0], atol=1e-6)
    (line,) = warnings
    assert "not to have been changed" in line


@pytest.mark.parametrize(("zone", "moment"), CHANGES)
def test_a_gap_over_the_night_of_the_change(zone: str, moment: datetime) -> None:
    utc = moment.timestamp() - 20_000 + 10.0 * np.arange(5000)
    utc = np.delete(utc, slice(1000, 3000))
    time, warnings = follow(shown(utc, zone), zone, 100)
    np.testing.assert_allclose(time, utc - utc[0], atol=1e-6)
    assert warnings == []


def test_a_gap_of_a_year_over_many_changes() -> None:
    utc = datetime(2023, 1, 10, tzinfo=UTC).timestamp() + np.concatenate(
        [np.arange(50.0), 380 * 86400.0 + np.arange(50)]
    )
    for zone in ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "UTC", "-05:00"):
        time, warnings = follow(shown(utc, zone) if "/" in zone else utc, zone)
        np.testing.assert_allclose(time, utc - utc[0], atol=1e-6)
        assert warnings == []


def test_missing_readings_stay_missing() -> None:
    zone, moment = CHANGES[0]
    utc = moment.timestamp() - 50.0 + np.arange(100)
    readings = shown(utc, zone)
    readings[[3, 49, 50, 99]] = np.nan
    time, _ = follow(readings, zone, 7)
    np.testing.assert_allclose(time, np.where(np.isnan(readings), np.nan, utc - utc[0]))


@pytest.mark.parametrize("size", [1, 100, 10**6])
@pytest.mark.parametrize(
    ("zone", "moment"), [c for c in CHANGES if c[1].month in (3, 10) and c[1] != CHANGES[1][1]]
)
def test_an_hour_left_out_in_spring_is_named_where_no_zone_is(zone: str, moment: datetime, size: int) -> None:
    utc = moment.timestamp() - 15 + np.arange(2500) / 50
    readings = shown(utc, zone)
    time, warnings = follow(readings, None, size)
    np.testing.assert_array_equal(time, readings - readings[0])  # said, not mended
    (line,) = warnings
    assert "a gap, unless the clock was put forward (--timezone)" in line


@pytest.mark.parametrize(
    "begin",
    [
        datetime(2024, 3, 30, 1, 59, 45),
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 3, 31, 12),
        datetime(2024, 7, 7, 1, 59, 45),
    ],
)
def test_any_other_gap_of_an_hour_is_a_gap(begin: datetime) -> None:
    time = (begin - EPOCH).total_seconds() + np.concatenate([np.arange(15.0), 3615 + np.arange(15.0)])
    assert follow(time, None)[1] == []


@given(st.integers(1, 400))
def test_a_counter_that_overflows_goes_on(size: int) -> None:
    counts = (4_294_000_000 + np.arange(1000, dtype=np.int64) * 20_000) % 2**32  # Xsens: microseconds
    elapsed = (counts - counts[0]) / 1e6
    course = Overflow(2**32 / 1e6, counts[0] / 1e6)
    parts = [course.follow(elapsed[i : i + size]) for i in range(0, 1000, size)]
    np.testing.assert_allclose(np.concatenate(parts), np.arange(1000) * 0.02, atol=1e-6)


def test_a_long_gap_and_a_reset_of_a_counter_are_no_overflow() -> None:
    gap = np.array([0.0, 0.02, 4000.0, 4000.02])
    np.testing.assert_array_equal(Overflow(4294.967296, 10.0).follow(gap), gap)
    reset = np.array([0.0, 1000.0, -5.0, -4.0])
    np.testing.assert_array_equal(Overflow(4294.967296, 10.0).follow(reset), reset)


def test_a_late_stamp_about_an_overflow() -> None:
    elapsed = np.array([0.0, 0.1, 0.2 - 100.0, 0.15, 0.3 - 100.0])
    time = Overflow(100.0, 99.85).follow(elapsed)
    np.testing.assert_allclose(time, [0.0, 0.1, 0.2, 0.15, 0.3])


def test_midnight_in_parts() -> None:
    course = Midnight()
    np.testing.assert_allclose(course.follow(np.array([0.0, 1.0, -86398.0, -86397.0])), [0, 1, 2, 3])
    later = np.array([43000.0, np.nan, 86000.0, 0.5]) - 86398.0
    np.testing.assert_allclose(course.follow(later), [43002, np.nan, 86002, 86402.5])
