from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearcli.recordings.tables.dates import (
    OrderInDoubtError,
    UnreadableStampError,
    is_clock,
    is_date,
    recognise_form,
)

MOMENTS = st.datetimes(datetime(2005, 1, 1), datetime(2089, 1, 1)).map(
    lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000)
)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
# Each form of a date, by the order that must be given where the values may not tell it.
DATES = {
    "{y:04d}-{m:02d}-{d:02d}": None,
    "{y:04d}/{m:d}/{d:d}": None,
    "{y:04d}.{m:02d}.{d:02d}": None,
    "{y:04d}. {m:02d}. {d:02d}.": None,
    "{y:04d}{m:02d}{d:02d}": None,
    "{d:02d}.{m:02d}.{y:04d}": "dmy",
    "{d:d}/{m:d}/{y:04d}": "dmy",
    "{d:d}. {m:d}. {y:04d}": "dmy",
    "{d:02d}-{m:02d}-{yy:02d}": "dmy",
    "{m:d}/{d:d}/{yy:02d}": "mdy",
    "{m:02d}/{d:02d}/{y:04d}": "mdy",
    "{m:d}-{d:d}-{y:04d}": "mdy",
    "{yy:02d}-{m:02d}-{d:02d}": "ymd",
    "{d:02d}-{mon}-{y:04d}": None,
    "{d:d} {mon} {yy:02d}": None,
    "{mon} {d:d}, {y:04d}": None,
    "{wd}, {d:d} {mon} {y:04d}": None,
    "{y:04d}-{mon}-{d:02d}": None,
}
CLOCKS = (
    "{H:02d}:{M:02d}:{S:02d}.{ms:03d}",
    "{H:d}:{M:02d}:{S:02d},{ms:03d}",
    "{H:02d}:{M:02d}:{S:02d}:{ms:03d}",
    "{H:02d}:{M:02d}:{S:02d}_{ms:03d}",
    "{H:02d}.{M:02d}.{S:02d},{ms:03d}",
    "{H:02d}-{M:02d}-{S:02d}_{ms:03d}",
    "{H:02d}{M:02d}{S:02d}.{ms:03d}",
    "{h:d}:{M:02d}:{S:02d}.{ms:03d} {half}",
    "{h:02d}:{M:02d}:{S:02d}.{ms:03d}{half_small}",
    "{h:d}:{M:02d}:{S:02d}.{ms:03d}\N{NARROW NO-BREAK SPACE}{half}",
    "{H:02d}:{M:02d}:{S:02d}.{ms:03d}000000",
)


def write(form: str, moment: datetime) -> str:
    """A stamp, built of its parts: no parser, and no strftime with a locale's words."""
    half = "AM" if moment.hour < 12 else "PM"
    parts = {"y": moment.year, "m": moment.month, "d": moment.day, "H": moment.hour, "M": moment.minute}
    parts |= {"S": moment.second, "ms": moment.microsecond // 1000, "yy": moment.year % 100}
    words = {"half": half, "half_small": f"{half[0].lower()}.m.", "mon": MONTHS[moment.month - 1]}
    weekday = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][moment.weekday()]
    return form.format(h=(moment.hour - 1) % 12 + 1, wd=weekday, **parts, **words)


def ms(stamps: np.ndarray) -> list[int]:
    return stamps.astype("M8[ms]").astype(int).tolist()


def truth(moment: datetime) -> int:
    return (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        milliseconds=1
    )


@given(
    st.lists(MOMENTS, min_size=1, max_size=30),
    st.sampled_from([*DATES]),
    st.sampled_from(CLOCKS),
    st.sampled_from([" ", "T", "_", "  "]),
)
def test_any_date_and_time_comes_back_to_the_millisecond(
    moments: list[datetime], date: str, clock: str, joint: str
) -> None:
    stamps = [write(date + joint + clock, moment) for moment in moments]
    form = recognise_form(stamps, DATES[date])  # type: ignore[arg-type]
    assert (form.dated, form.zoned) == (True, False)
    assert ms(form.read(pa.array(stamps))) == [truth(moment) for moment in moments]


@given(
    st.lists(MOMENTS, min_size=1, max_size=30),
    st.integers(-14 * 60, 14 * 60),
    st.sampled_from(
        ["{}{:02d}:{:02d}", " {}{:02d}{:02d}", " GMT{}{:02d}:{:02d}", "{}{:02d}{:02d} [Europe/London]"]
    ),
)
def test_offsets_are_taken_and_names_in_brackets_repeat_them(
    moments: list[datetime], minutes: int, words: str
) -> None:
    zone = timezone(timedelta(minutes=minutes))
    offset = words.format("-" if minutes < 0 else "+", *divmod(abs(minutes), 60))
    stamps = [write("{y:04d}-{m:02d}-{d:02d} {H:02d}:{M:02d}:{S:02d}.{ms:03d}", m) + offset for m in moments]
    form = recognise_form(stamps)
    assert (form.zoned, form.zone) == (True, None)
    assert ms(form.read(pa.array(stamps))) == [truth(moment.replace(tzinfo=zone)) for moment in moments]


@pytest.mark.parametrize(
    ("stamp", "moment", "zone"),
    [
        ("Mon Mar 04 09:15:00 CET 2024", datetime(2024, 3, 4, 9, 15), "CET"),
        ("Mon Mar  4 09:15:00 2024", datetime(2024, 3, 4, 9, 15), None),
        ("2024-03-04 09:15:00.000 [Europe/London]", datetime(2024, 3, 4, 9, 15), "Europe/London"),
        ("2024-03-04 09:15:00 Europe/Berlin", datetime(2024, 3, 4, 9, 15), "Europe/Berlin"),
        ("20240304091500250", datetime(2024, 3, 4, 9, 15, 0, 250_000), None),
        ("20240304T091500.25", datetime(2024, 3, 4, 9, 15, 0, 250_000), None),
        ("04/Mar/2024:09:15:00", datetime(2024, 3, 4, 9, 15), None),
        ("2024-03-04 09:15", datetime(2024, 3, 4, 9, 15), None),
        ("2024-03-04", datetime(2024, 3, 4), None),
        ("3/4/2024 12:00:00 AM", datetime(2024, 3, 4), None),
        ("3/4/2024 12:30:00 PM", datetime(2024, 3, 4, 12, 30), None),
        ("3/4/2024 13:30:00 PM", datetime(2024, 3, 4, 13, 30), None),
    ],
)
def test_single_forms(stamp: str, moment: datetime, zone: str | None) -> None:
    form = recognise_form([stamp], "mdy")
    assert (form.zoned, form.zone) == (False, zone)
    assert ms(form.read(pa.array([stamp]))) == [truth(moment)]


def test_rows_of_other_widths_blank_ones_and_slices() -> None:
    stamps = pa.array(
        ["odd", "9/1/2024 9:05:01 AM", None, "  ", "10/13/2024 12:05:01.5 PM", "9/1/2024 9:05:01 AM"]
    )[1:]
    form = recognise_form([s for s in stamps.to_pylist() if s and s.strip()])
    assert form.order == "mdy"
    read = form.read(stamps)
    assert np.isnat(read).tolist() == [False, True, True, False, False]
    assert ms(read[[0, 3, 4]]) == [
        truth(datetime(2024, 9, 1, 9, 5, 1)),
        truth(datetime(2024, 10, 13, 12, 5, 1, 500_000)),
        truth(datetime(2024, 9, 1, 9, 5, 1)),
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        "2024-02-30 10:00:00",
        "2024-03-04 25:00:00",
        "2024-03-04 10:61:00",
        "noon",
        "9999-01-01 00:00:00",
        "2024-03-04 10:00:00Z",
    ],
)
def test_a_later_stamp_that_is_none_is_named(wrong: str) -> None:
    form = recognise_form(["2024-03-04 10:00:00"])
    with pytest.raises(UnreadableStampError, match=wrong):
        form.read(pa.array(["2024-03-04 10:00:00", None, wrong]))


@pytest.mark.parametrize("separator", [":", "."])
def test_milliseconds_without_leading_zeros(separator: str) -> None:
    """5, 25, ..., 985 after the seconds count milliseconds; as fractions they would go back and forth."""
    moments = [datetime(2024, 3, 4, 9, 15) + timedelta(milliseconds=5 + 20 * k) for k in range(200)]
    stamps = [f"{m:%Y-%m-%d %H:%M:%S}{separator}{m.microsecond // 1000}" for m in moments]
    form = recognise_form(stamps)
    assert form.milliseconds
    assert ms(form.read(pa.array(stamps))) == [truth(moment) for moment in moments]


def test_fractions_without_their_last_zeros_stay_fractions() -> None:
    moments = [datetime(2024, 3, 4, 9, 15) + timedelta(milliseconds=20 * k) for k in range(200)]
    stamps = [f"{m:%Y-%m-%d %H:%M:%S.%f}".rstrip("0").rstrip(".") for m in moments]
    form = recognise_form(stamps)
    assert not form.milliseconds
    assert ms(form.read(pa.array(stamps))) == [truth(moment) for moment in moments]


@pytest.mark.parametrize(
    ("stamps", "order"),
    [
        (["13/04/2024 10:00:00"], "dmy"),
        (["04/13/2024 10:00:00"], "mdy"),
        (["4. 13. 2024 10:00:00"], "mdy"),
        (["13/04/24 10:00"], "dmy"),
        (["24-03-04 10:00:00"], "ymd"),  # 2004 would be before wearables
        (["24-13-04 10:00:00", "24-12-04 10:00:00"], None),
        # Over midnight: a day later, and not a month.
        (["03/04/2024 23:59:59", "03/05/2024 00:00:00"], "mdy"),
        (["03/04/2024 23:59:59", "04/04/2024 00:00:00"], "dmy"),
    ],
)
def test_the_values_tell_the_order(stamps: list[str], order: str | None) -> None:
    if order is None:
        with pytest.raises(UnreadableStampError):
            recognise_form(stamps)
        return
    assert recognise_form(stamps).order == order
    # The values come before what the header or the user says, where that cannot be.
    assert recognise_form(stamps, "ymd" if order == "mdy" else "mdy").order in (order, "mdy")


@pytest.mark.parametrize(
    ("stamp", "orders"),
    [
        ("3/4/2024 10:00:00", ("dmy", "mdy")),
        ("03.04.2024 10:00:00", ("dmy", "mdy")),
        ("3/4/24 10:00:00", ("dmy", "mdy")),
        ("25-12-23 10:00:00", ("dmy", "ymd")),
        ("12-11-10 10:00:00", ("dmy", "mdy", "ymd")),
    ],
)
def test_an_order_in_doubt_is_not_guessed(stamp: str, orders: tuple[str, ...]) -> None:
    with pytest.raises(OrderInDoubtError) as doubt:
        recognise_form([stamp])
    assert doubt.value.orders == orders
    assert {recognise_form([stamp], order).order for order in doubt.value.orders} == {*orders}


@pytest.mark.parametrize("text", ["yesterday", "12h30", "2024", "9.81", "-1", "", "1:2", "x" * 5000])
def test_what_is_no_time(text: str) -> None:
    with pytest.raises(UnreadableStampError):
        recognise_form([text])


def test_parts_of_two_columns() -> None:
    assert all(map(is_date, ["2024-03-04", "4.3.2024", "03/04/24", "04-Mar-2024", "20240304", "Mar 4, 2024"]))
    assert all(
        map(is_clock, ["09:15:00", "9:15:00.020", "9:15:00 PM", "09:15:00,5", "9.15.00", "09:15:00:020"])
    )
    assert not any(map(is_date, ["2024-03-04 09:15:00", "9.81", "0.5", "12", "09:15:00"]))
    assert not any(map(is_clock, ["2024-03-04", "9.81", "12", "1.2.3.4", "2024-03-04 09:15:00"]))
