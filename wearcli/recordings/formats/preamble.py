"""What the lines above a table tell: rate, start, order of dates, zone."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pyarrow as pa

from wearcli.recordings.tables.dates import (
    ORDERS,
    Order,
    OrderInDoubtError,
    UnreadableStampError,
    recognise_form,
)

_RATE = re.compile(
    r"(?:sampl\w*[ _-]*(?:rate|freq\w*)|measurement frequency|output ?rate|rate[ _]hz|\bfs)\W*(\d+(?:\.\d+)?)"
    r"|\bat (\d+) ?hz",
    re.IGNORECASE,
)
_FORMAT = re.compile(r"date format ([Mdy][MdyE/.,\- ]*[Mdy])")
_ZONE = re.compile(r"(?im)^\W*time ?zone\W*?[\s:=,;]\s*(.+)")
_DAY = re.compile(r"(?im)^\W*start ?date\s*[\s:=,;]\s*(.+)")
_CLOCK = re.compile(r"(?im)^\W*start ?time\s*[\s:=,;]\s*(.+)")
_START = re.compile(
    r"(?im)^\W*(?:(?:recording|measurement|session) )?start(?:ed)?(?:[ _]?(?:time|date|timestamp|datetime))?"
    r"\s*[\s:=,;]\s*(.+)"
)
_MOST_LINES = 400


@dataclass(frozen=True)
class Preamble:
    """What the lines tell.

    Attributes:
        rate_hz: Sample rate, Hz.
        start: The start, without a zone where they tell none.
        start_by_order: The start by the order of its date, where several are possible.
        date_order: Order of day, month and year.
        zone: The zone of the device's clock.
    """

    rate_hz: float | None = None
    start: datetime | None = None
    start_by_order: Mapping[Order, datetime] = field(default_factory=dict)
    date_order: Order | None = None
    zone: str | None = None


def read_preamble(lines: Sequence[str]) -> Preamble:
    """Return what the lines above a table tell."""
    text = "\n".join(lines[:_MOST_LINES])
    rate = _RATE.search(text)
    order = _date_order(text)
    zone = _value(_ZONE, text)
    day, clock = _value(_DAY, text), _value(_CLOCK, text)
    stamp = f"{day} {clock}" if day and clock else _value(_START, text)
    start, by_order = _start(stamp, order) if stamp else (None, {})
    return Preamble(float(rate[1] or rate[2]) if rate else None, start, by_order, order, zone)


def _value(key: re.Pattern[str], text: str) -> str | None:
    match = key.search(text)
    return match[1].strip(" \"',;\t") or None if match else None


def _date_order(text: str) -> Order | None:
    """The order of day, month and year in ActiLife's words, such as date format M/d/yyyy."""
    form = _FORMAT.search(text)
    letters = "".join(dict.fromkeys(re.findall(r"[Mdy]", form[1]))).lower() if form else ""
    return next((order for order in ORDERS if order == letters), None)


def _start(stamp: str, order: Order | None) -> tuple[datetime | None, dict[Order, datetime]]:
    """The date and time of a stamp, or one for each order that its date may have."""
    try:
        form = recognise_form([stamp], order)
        if not form.dated:
            return None, {}
        moment = form.read(pa.array([stamp]))[0].astype("M8[us]").item()
    except OrderInDoubtError as doubt:
        starts = {one: _start(stamp, one)[0] for one in doubt.orders}
        return None, {one: start for one, start in starts.items() if start is not None}
    except UnreadableStampError:
        return None, {}
    zone = "+00:00" if form.zoned else ""
    return datetime.fromisoformat(f"{moment.isoformat()}{zone}"), {}
