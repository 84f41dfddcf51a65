"""Written dates and times of all common forms, read in whole batches.

A form is a date, a time of day, both, with a zone or without. It is recognised by the first stamps of a file
and must hold for all of them. The order of day and month is told by the values, as far as they tell it.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Literal, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Order: TypeAlias = Literal["dmy", "mdy", "ymd"]
ORDERS: tuple[Order, ...] = ("dmy", "mdy", "ymd")

_NUMBERS = r"(?P<one>\d{1,2})(?:[/.-] ?)(?P<two>\d{1,2})(?:[/.-] ?)(?P<three>\d{4}|\d{2})\.?"
_MONTH = r"(?P<name>[A-Za-z]{3,9})\.?"
_WEEKDAY = r"(?:[A-Za-z]{3,9}\.?,? +)?"
_DATES = (
    r"(?P<year>\d{4})[-/._](?P<month>\d{1,2})[-/._](?P<day>\d{1,2})",
    r"(?P<year>\d{4})\. ?(?P<month>\d{1,2})\. ?(?P<day>\d{1,2})\.",
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
    _NUMBERS,
    rf"{_WEEKDAY}(?P<day>\d{{1,2}})(?:[-/ .]+){_MONTH}(?:[-/ ,]+)(?P<year>\d{{4}}|\d\d)",
    rf"{_WEEKDAY}{_MONTH}(?:[- ]+)(?P<day>\d{{1,2}})(?:,? +|-)(?P<year>\d{{4}})",
    rf"(?P<year>\d{{4}})[-/ ]{_MONTH}[-/ ](?P<day>\d{{1,2}})",
)
_FRACTION = r"(?:[.,:_](?P<fraction>\d{1,9})\d*)?"
_CLOCKS = (
    rf"(?P<hour>\d{{1,2}}):(?P<minute>\d\d)(?::(?P<second>\d\d){_FRACTION})?",
    rf"(?P<hour>\d{{1,2}})\.(?P<minute>\d\d)\.(?P<second>\d\d){_FRACTION}",
    rf"(?P<hour>\d{{1,2}})-(?P<minute>\d\d)-(?P<second>\d\d){_FRACTION}",
    r"(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d)(?:[.,_]?(?P<fraction>\d{1,9}))?",
)
_HALF = r"(?:\s*(?P<half>[AaPp])\.?\s?[Mm]\.?)?"
_ZONE = (
    r"\s*(?P<utc>[Zz]|UTC|GMT)?\s*"
    r"(?:(?P<sign>[+-])(?P<zone_hour>\d{1,2})(?::?(?P<zone_minute>\d\d))?(?::?(?P<zone_second>\d\d))?)?"
    r"\s*(?:\[?(?P<zone>[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+)*)\]?)?"
)
_CTIME = (
    rf"{_WEEKDAY}{_MONTH} +(?P<day>\d{{1,2}}) +{_CLOCKS[0]}"
    r"(?: +(?P<zone>[A-Z]{2,5}))?(?: +(?P<sign>[+-])(?P<zone_hour>\d\d):?(?P<zone_minute>\d\d))?"
    r" +(?P<year>\d{4})"
)
_JOINT = r"(?:[Tt_,;:-]|\s)\s*"
_DATED = (
    *(rf"{date}(?:{_JOINT}{clock}{_HALF}{_ZONE})?" for date, clock in product(_DATES, _CLOCKS)),
    _CTIME,
    rf"{_DATES[2]}{_CLOCKS[3]}{_ZONE}",
)
_UNDATED = tuple(rf"{clock}{_HALF}" for clock in _CLOCKS[:2])
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
# What parts of letters and signs are as numbers.
_WORDS = {
    "name": {month: number for number, month in enumerate(_MONTHS, start=1)},
    "half": {"p": 1, "a": 2},
    "sign": {"+": 1, "-": -1},
}
_ZERO = ord("0")
# Spaces that do not break, which spreadsheets set before AM and PM, and the minus sign of typesetters.
_PLAIN = {"\N{NO-BREAK SPACE}": " ", "\N{NARROW NO-BREAK SPACE}": " ", "\N{MINUS SIGN}": "-"}
# A year of two digits is one of this century. A wearable's recording is no older than this.
_CENTURY, _EARLIEST = 2000, 2005
# A recording goes on for days, not for months: days that follow each other tell the order.
_NEXT_DAYS, _FAR_DAYS = 2, 20


class UnreadableStampError(ValueError):
    """A stamp has another form than the others, or is no time that there is; it holds the stamp."""


class OrderInDoubtError(ValueError):
    """Day, month and year may stand in several orders.

    Attributes:
        stamp: One of the stamps.
        orders: The orders that there may be.
    """

    def __init__(self, stamp: str, orders: Sequence[Order]) -> None:
        super().__init__(stamp)
        self.stamp, self.orders = stamp, tuple(orders)


@dataclass(frozen=True)
class Form:
    """How the stamps of a file are written.

    Attributes:
        pattern: Regular expression of a stamp (RE2 and Python), its parts as named groups.
        order: Order of day, month and year where all three are numbers; None elsewhere.
        milliseconds: Whether the digits after the seconds count milliseconds: 5 is 0.005 s.
        dated: Whether the stamps have a date.
        zoned: Whether they have an offset from UTC.
        zone: Name of a zone that they have instead.
    """

    pattern: str
    order: Order | None = None
    milliseconds: bool = False
    dated: bool = True
    zoned: bool = False
    zone: str | None = None

    @cached_property
    def title(self) -> str:
        """The form for people."""
        if not self.dated:
            return "time of day"
        if self.order is not None:
            return f"date ({order_title(self.order)}) and time"
        return "ISO date and time" if "<name>" not in self.pattern else "written date and time"

    def read(self, stamps: pa.Array) -> np.ndarray:
        """Return stamps as datetime64[ns] (in UTC where they have an offset), or timedelta64[ns] of the day.

        Args:
            stamps: (stamps,) text; null and blank ones become NaT.

        Raises:
            UnreadableStampError: One of them is not of this form, or is no time that there is.
        """
        parts = _parts(stamps, self.pattern)
        if self.milliseconds:
            parts["fraction"] = parts["fraction"] // 10 ** (9 - parts["digits"]) * 10**6
        times, valid = _times(parts, self.order, self.dated)
        valid &= (parts["utc"] | parts["sign"] != 0) == self.zoned
        wrong = ~valid & (parts["blank"] == 0)
        if wrong.any():
            raise UnreadableStampError(stamps[int(wrong.argmax())].as_py().strip())
        times[parts["blank"] == 1] = np.iinfo(np.int64).min
        return times.view("M8[ns]" if self.dated else "m8[ns]")


def recognise_form(sample: Sequence[str], order: Order | None = None) -> Form:
    """Return the form of stamps.

    Args:
        sample: Stamps, none of them blank.
        order: Order of day, month and year that the header or the user gives; the values come before it.

    Raises:
        UnreadableStampError: A stamp is of no form, or of another than the first.
        OrderInDoubtError: The values allow several orders.
    """
    stamps = _plain(pa.array(sample))
    first = odd = stamps[0].as_py()
    parts: dict[str, np.ndarray] = {}
    for pattern in (pattern for pattern in (*_DATED, *_UNDATED) if _match(pattern, first)):
        try:
            parts = _parts(stamps, pattern)
            break
        except UnreadableStampError as error:
            odd = str(error)
    if not parts:
        raise UnreadableStampError(odd)
    match = _match(pattern, first)
    assert match is not None
    words = match.groupdict()
    zoned = bool(words.get("sign") or words.get("utc"))
    dated = pattern in _DATED
    form = Form(
        pattern,
        _order(first, parts, order) if "one" in words else None,
        False,
        dated,
        zoned,
        None if zoned else words.get("zone"),
    )
    return replace(form, milliseconds=_counts_milliseconds(parts, form))


def order_title(order: Order) -> str:
    """Return an order for people, such as day/month/year."""
    words = {"d": "day", "m": "month", "y": "year"}
    return "/".join(words[letter] for letter in order)


def is_date(text: str) -> bool:
    """Return whether a cell is a date without a time of day."""
    return any(re.fullmatch(pattern, text.strip(), re.ASCII) for pattern in _DATES)


def is_clock(text: str) -> bool:
    """Return whether a cell is a time of day without a date."""
    return any(re.fullmatch(pattern, text.strip(), re.ASCII) for pattern in _UNDATED)


def _match(pattern: str, text: str) -> re.Match[str] | None:
    return re.fullmatch(pattern, text, re.ASCII)


def _plain(stamps: pa.Array) -> pa.Array:
    """Stamps without blanks about them, in ASCII where they mean such; a null is empty."""
    text = stamps.cast(pa.string())
    if not pc.all(pc.string_is_ascii(text)).as_py():
        for odd, plain in _PLAIN.items():
            text = pc.replace_substring(text, odd, plain)
    return pc.fill_null(pc.utf8_trim_whitespace(text), "")


def _parts(stamps: pa.Array, pattern: str) -> dict[str, np.ndarray]:
    """The parts of stamps by name, (stamps,) int64 each; one that is missing is 0.

    Stamps of one shape (the same but for their digits) match alike: one of them is matched, and the digits of
    all are read at once. `blank` is 1 for null and blank ones, `digits` counts those of the fraction.
    """
    text = _plain(stamps)
    _, offsets_buffer, data_buffer = text.buffers()
    begins = np.frombuffer(offsets_buffer, np.int32)[text.offset : text.offset + len(text) + 1]
    data = np.frombuffer(data_buffer, np.uint8) if data_buffer is not None else np.zeros(0, np.uint8)
    lengths = np.diff(begins)
    names = (*re.compile(pattern).groupindex, "blank", "digits", "year_digits", "utc", "sign")
    parts = {name: np.zeros(len(text), np.int64) for name in names}
    parts["blank"][lengths == 0] = 1
    for length in np.unique(lengths[lengths > 0]).tolist():
        rows = np.flatnonzero(lengths == length)
        cells = np.lib.stride_tricks.sliding_window_view(data, length)[begins[rows]]
        shapes = np.where((cells >= _ZERO) & (cells < _ZERO + 10), _ZERO, cells)
        while len(rows):
            alike = ~(shapes != shapes[0]).any(axis=1)
            match = _match(pattern, cells[0].tobytes().decode("utf-8", "replace"))
            if match is None or len(match[0].encode()) != length:
                raise UnreadableStampError(text[int(rows[0])].as_py())
            for name, values in _values(match, cells[alike]):
                parts[name][rows[alike]] = values
            rows, cells, shapes = rows[~alike], cells[~alike], shapes[~alike]
    return parts


def _values(match: re.Match[str], cells: np.ndarray) -> Iterator[tuple[str, np.ndarray | int]]:
    """The parts of stamps of one shape, of which one is matched; cells: (stamps, length) characters."""
    for name, word in match.groupdict().items():
        if not word:
            continue
        if name in _WORDS:
            yield name, _WORDS[name].get(word[:3].lower(), 0)
        elif name == "utc":
            yield name, 1
        elif name != "zone":
            numbers = np.zeros(len(cells), np.int64)
            for position in range(*match.span(name)):
                numbers = numbers * 10 + (cells[:, position] - _ZERO)
            if name == "fraction":
                yield "digits", len(word)
                numbers = numbers * 10 ** (9 - len(word))
            elif name in ("three", "year"):
                yield "year_digits", len(word)
            yield name, numbers


def _times(values: dict[str, np.ndarray], order: Order | None, dated: bool) -> tuple[np.ndarray, np.ndarray]:
    """Nanoseconds since 1970 or midnight, (stamps,) int64, and whether each is a time that there is."""
    days, valid = _days(values, order) if dated else (0, True)
    zero = np.zeros(1, np.int64)
    hour, minute, second = (values.get(name, zero) for name in ("hour", "minute", "second"))
    half = values.get("half", zero)
    # 12 AM is midnight, 12 PM noon; 13 PM is written by clocks that count to 24.
    hour = np.where(half > 0, hour % 12 + 12 * ((half == 1) | (hour > 12)), hour)
    valid = valid & (hour < 24) & (minute < 60) & (second < 60)
    seconds = days * 86400 + hour * 3600 + minute * 60 + second
    offset = values.get("zone_hour", zero) * 3600 + values.get("zone_minute", zero) * 60
    seconds = seconds - values["sign"] * (offset + values.get("zone_second", zero))
    # What nanoseconds in 64 bits can count: the years 1678 to 2261.
    valid = valid & (np.abs(seconds) < 9.2e9)
    return np.where(valid, seconds, 0) * 10**9 + values.get("fraction", zero), valid


def _days(values: dict[str, np.ndarray], order: Order | None) -> tuple[np.ndarray, np.ndarray]:
    """Days since 1970, (stamps,) int64, and whether each is a day that there is."""
    if order is None:
        month = values["name"] if "name" in values else values["month"]
        year, day = values["year"], values["day"]
    else:
        by_letter = dict(zip(order, ("one", "two", "three"), strict=True))
        year, month, day = (values[by_letter[letter]] for letter in "ymd")
    if order == "ymd":
        year = year + _CENTURY
    else:
        year = year + np.where(values["year_digits"] == 2, _CENTURY, 0)
    valid = (month >= 1) & (month <= 12) & (day >= 1) & (year >= 1)
    months = ((year - 1970) * 12 + month - 1).astype("M8[M]")
    first = months.astype("M8[D]").astype(np.int64)
    length = (months + 1).astype("M8[D]").astype(np.int64) - first
    return first + day - 1, valid & (day <= length)


def _order(first: str, values: dict[str, np.ndarray], stated: Order | None) -> Order:
    """The order of day, month and year; ValueError where there is none, or where it is in doubt."""
    short = bool((values["year_digits"] == 2).all())
    # A year of two digits stands first between hyphens only: 24-03-04.
    orders = ORDERS if short and "-" in first[:6] else ORDERS[:2]
    days = {}
    for order in orders:
        number, valid = _days(values, order)
        if (valid | (values["blank"] == 1)).all():
            days[order] = number[values["blank"] == 0]
    if not days:
        raise UnreadableStampError(first)
    if stated in days:
        return stated
    begin = (_EARLIEST - 1970) * 365.25
    recent = {order: number for order, number in days.items() if not short or number.min() >= begin}
    days = recent or days
    if len(days) > 1:
        steps = {order: np.abs(np.diff(number)).max(initial=0) for order, number in days.items()}
        near = [order for order, step in steps.items() if 0 < step <= _NEXT_DAYS]
        far = [order for order, step in steps.items() if step >= _FAR_DAYS]
        if len(near) == 1 and len(far) == len(days) - 1:
            return near[0]
        raise OrderInDoubtError(first, [*days])
    return next(iter(days))


def _counts_milliseconds(parts: dict[str, np.ndarray], form: Form) -> bool:
    """Whether the digits after the seconds count milliseconds without leading zeros: 5, 25, ..., 985.

    Read as a fraction (.5, .25, ..., .985) such stamps would go back and forth.
    """
    digits = parts["digits"]
    if digits.max() > 3 or len({*digits.tolist()}) == 1:
        return False
    as_fraction, _ = _times(parts, form.order, form.dated)
    counted = parts["fraction"] // 10 ** (9 - digits) * 10**6
    as_count, _ = _times({**parts, "fraction": counted}, form.order, form.dated)
    return int((np.diff(as_count) < 0).sum()) < int((np.diff(as_fraction) < 0).sum())
