"""An ECG of an Apple Health export: a CSV file with lines of key and value, then one sample a line.

The keys are in the phone's language, so such a file is recognised by its structure.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.recordings.formats.delimited import open_bytes, stream_numbers
from wearcli.recordings.formats.layout import Layout, decode
from wearcli.recordings.tables.table import Batch, Column, Table

_HEAD_BYTES = 2**14
_HEADER_LINES = 50  # at most: an export has 14 or so
# Folders of every export.
EXPORT_FOLDERS = frozenset(("apple_health_export", "electrocardiograms"))
_SAMPLE = re.compile(r'"?[+-]?\d+(?P<decimal>[.,]\d+)?"?(?P<separators>[;,\t]*)')
_KEY = re.compile(r"[^;,\t]*[;,\t]")
_RATE = re.compile(r"(\d+(?:[.,]\d+)?)\s*(?:her[tcč]|hz|герц|гц)", re.IGNORECASE)
# After the date no other value is a number with a word: hertz, in whatever script.
_RATE_BELOW_DATE = re.compile(r"(\d+(?:[.,]\d+)?)\s*[^\W\d]{2}")
_VOLTS = re.compile(r"(?:[mnuµμ]|мк|м)?[VВ]")
_DATE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d{4}")


class _Header(NamedTuple):
    """What is taken from the lines above the samples; nothing that tells the person."""

    rate_hz: float
    unit: str
    start: datetime | None
    facts: dict[str, object]


def open_apple_ecg(path: Path, file_name: str) -> Table | None:
    """Return such a file as a table of one column, `ecg`; None where it is another CSV, or cannot be read.

    Raises:
        InputError: It is one, and holds no samples or odd ones; while streaming too.
    """
    try:
        with open_bytes(path) as stream:
            head = stream.read(_HEAD_BYTES)
    except OSError:
        return None
    text, encoding = decode(head, file_name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    first = next((i for i, line in enumerate(lines) if _SAMPLE.fullmatch(line.strip())), len(lines))
    if first > _HEADER_LINES:
        return None
    header = _read_header([line for line in lines[:first] if line.strip()])
    if header is None:
        return None
    if first == len(lines):
        raise InputError(f"{file_name}: holds no samples: copy it again")
    samples = [sample for line in lines[first:] if (sample := _SAMPLE.fullmatch(line.strip()))]
    decimal = "," if any((sample["decimal"] or "").startswith(",") for sample in samples) else "."
    # A spreadsheet writes as many cells in every line as the widest has; a decimal comma separates none.
    separators = samples[0]["separators"]
    delimiter = separators[:1] or (";" if decimal == "," else ",")
    ecg = Column("ecg", "number", header.unit, header.rate_hz)
    columns = [ecg, *(Column("", "text") for _ in separators)]
    layout = Layout(delimiter, decimal, first, columns, True, set(), encoding)

    def read(_: int | None, channels: list[int]) -> Iterator[Batch]:
        return stream_numbers(path, file_name, layout, None, channels, table.warnings)

    table = Table(columns, read, start=header.start, facts=header.facts)
    return table


def _read_header(lines: list[str]) -> _Header | None:
    """What the lines say, if among them are a rate in hertz and, at their end, a unit of volts."""
    values = [line[key.end() if (key := _KEY.match(line)) else 0 :].strip(' ";,\t') for line in lines]
    date_at = next((i for i, value in enumerate(values) if _DATE.fullmatch(value)), len(values))
    unit_at = max((i for i, value in enumerate(values) if _VOLTS.fullmatch(value)), default=-1)
    rates = {
        i: rate
        for i, value in enumerate(values)
        if (rate := (_RATE_BELOW_DATE if i > date_at else _RATE).match(value))
    }
    if not rates or unit_at < max(0, len(values) - 2):
        return None
    rate_at = min(rates)
    facts: dict[str, object] = {"layout": "Apple Health ECG"}
    start = None
    # Name and date of birth stand above the date; its neighbour below is what the watch made of the ECG.
    with suppress(ValueError, IndexError):  # no day of any month, or no date at all
        start = datetime.strptime(values[date_at], "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
        facts["time"] = "counted at the stated rate, from the date in the header"
    if date_at + 1 < rate_at:
        facts["classification"] = values[date_at + 1]
    if unit_at - 1 > rate_at:
        facts["lead"] = values[unit_at - 1]
    return _Header(float(rates[rate_at][1].replace(",", ".")), values[unit_at], start, facts)
