from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.errors import UsageError
from wearcli.recordings.tables.zone import NO_ZONE, clock_zone, parse_zone

NOON = datetime(2024, 7, 1, 12)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        # info.txt of ActiGraph: a .NET TimeSpan, which has no sign where it is positive.
        ("-05:00:00", -5),
        ("01:00:00", 1),
        ("00:00:00", 0),
        ("05:30:00", 5.5),
        # GENEActiv.
        ("GMT -05:00", -5),
        ("GMT +01:00", 1),
        ("GMT", 0),
        ("+0100", 1),
        ("-0330", -3.5),
        ("+05", 5),
        ("UTC+1", 1),
        ("utc-11:30", -11.5),
        ("(UTC-05:00) Eastern Time (US & Canada)", -5),
        ("\N{MINUS SIGN}03:00", -3),
        ("Z", 0),
        ("Europe/Berlin", 2),
        ("[Europe/London]", 1),
        ("America/New_York", -4),
        ("Asia/Kathmandu", 5.75),
    ],
)
def test_a_zone_that_the_file_states_is_taken(text: str, hours: float) -> None:
    zone = clock_zone(text, "Asia/Tokyo")
    assert zone.certain
    assert zone.how.endswith(" in the file")
    assert zone.utc(NOON) == NOON.replace(tzinfo=UTC) - timedelta(hours=hours)
    assert zone.offset(NOON) == timedelta(hours=hours)


@given(st.integers(-14 * 60, 14 * 60), st.sampled_from(["", "GMT ", "UTC"]), st.sampled_from([":", ""]))
def test_every_offset(minutes: int, word: str, colon: str) -> None:
    hours, rest = divmod(abs(minutes), 60)
    text = f"{word}{'-' if minutes < 0 else '+'}{hours:02d}{colon}{rest:02d}"
    assert clock_zone(text, None).offset(NOON) == timedelta(minutes=minutes)


def test_the_user_names_the_zone_of_a_clock_that_states_none() -> None:
    zone = clock_zone(None, "Europe/London")
    assert zone.how == "zone Europe/London by --timezone"
    assert zone.utc(datetime(2024, 1, 1, 12)) == datetime(2024, 1, 1, 12, tzinfo=UTC)
    assert zone.utc(NOON) == datetime(2024, 7, 1, 11, tzinfo=UTC)
    assert clock_zone(None, "-05:00").utc(NOON) == datetime(2024, 7, 1, 17, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", [None, "", "local", "Mars/Crater", "+25:00", "GMT +01:75", "../etc", "Pacific Standard Time"]
)
def test_a_zone_that_nobody_states_is_taken_as_utc_in_words(text: str | None) -> None:
    zone = clock_zone(text, None)
    assert (zone.how, zone.certain) == (NO_ZONE, False)
    assert zone.utc(NOON) == NOON.replace(tzinfo=UTC)


def test_a_moment_with_a_zone_keeps_it() -> None:
    assert clock_zone("+05:00", None).utc(NOON.replace(tzinfo=UTC)) == NOON.replace(tzinfo=UTC)


@pytest.mark.parametrize("text", ["Mars/Crater", "", "+99", "a\0b", "Europe", "x" * 5000])
def test_a_zone_that_there_is_none_of(text: str) -> None:
    with pytest.raises(UsageError, match="no such time zone: give a name such as Europe/Berlin"):
        parse_zone(text)
