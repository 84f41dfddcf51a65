"""How a CSV file is laid out: encoding, separator, decimal sign, preamble, header, kinds of columns."""

import codecs
import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime

from wearcli.errors import InputError
from wearcli.recordings.tables.table import Column, Kind
from wearcli.recordings.tables.units import normal_unit

NULLS = ("", "nan", "NaN", "NAN", "-nan", "NA", "N/A", "n/a", "#N/A", "null", "NULL", "None")
_NUMBER = re.compile(r"^[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?$|^[+-]?inf(inity)?$", re.IGNORECASE)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$")
_ZONED = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$")
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d(\.\d{1,9})?$")
_RATE = re.compile(
    r"(?:sampl\w*[ _-]*(?:rate|freq\w*)|measurement frequency|rate[ _]hz|\bfs)\W*(\d+(?:\.\d+)?)"
    r"|\bat (\d+) ?hz",
    re.IGNORECASE,
)
_UNIT_ROW = {"s", "sec", "ms", "us", "ns", "cal", "uncal", "raw", "nounits", "datetime", "deg/s", "ut", "mv"}
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("number", _NUMBER),
    ("stamp", _STAMP),
    ("zoned", _ZONED),
    ("clock", _CLOCK),
)


@dataclass
class Layout:
    """How a text file is laid out.

    Attributes:
        delimiter: What stands between cells.
        decimal: The decimal sign.
        skip: Number of lines above the data.
        columns: The columns.
        named: Whether the file names its columns.
        whole: Positions of columns whose numbers are large integers, more exact than a float64.
        encoding: The encoding.
        rate_hz: Rate that the lines above tell, Hz.
        start: Start that they tell, UTC.
        date_order: Order of day and month that they tell, mdy or dmy.
        preamble: These lines, 20 at most.
    """

    delimiter: str
    decimal: str
    skip: int
    columns: list[Column]
    named: bool
    whole: set[int]
    encoding: str = "utf8"
    rate_hz: float | None = None
    start: datetime | None = None
    date_order: str | None = None
    preamble: list[str] = field(default_factory=list)


def recognise_layout(head: bytes, complete: bool, file_name: str) -> Layout:
    """Return the layout of a file.

    Args:
        head: Its first bytes.
        complete: Whether these are the whole file.
        file_name: The file in messages.

    Raises:
        InputError: There are no rows of numbers, or a comma may separate cells or decimals.
    """
    text, encoding = decode(head, file_name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not complete and len(lines) > 1:
        lines.pop()  # cut in the middle
    filled = [line for line in lines if line.strip()]
    if not filled:
        raise InputError(f"{file_name}: the file is empty: copy it again")
    delimiter = _delimiter(filled[-100:])
    rows = [_split(line, delimiter) for line in lines]
    width = Counter(len(row) for row in rows[-100:] if row).most_common(1)[0][0]
    numeric = [
        j for j in range(width) if _mostly_numbers([row[j] for row in rows[-100:] if len(row) == width])
    ]
    first = _first_data_row(rows, width, numeric)
    if first is None:
        raise InputError(f"{file_name}: no rows of numbers found: a recording has one row a sample")
    names, above = _names(rows, lines, first, width, delimiter, file_name)
    body = [row for row in rows[first:] if len(row) == width]
    decimal = _decimal(body, numeric, file_name)
    columns = []
    for j in range(width):
        name = names[j] if names else f"column {j + 1}"
        columns.append(Column(name, _kind([row[j] for row in body])))
    layout = Layout(delimiter, decimal, first, columns, names is not None, set(), encoding)
    layout.whole = {j for j in numeric if all(_large_whole(row[j]) for row in body)}
    _read_preamble(layout, [line for line in lines[:above] if line.strip()])
    return layout


def decode(head: bytes, file_name: str) -> tuple[str, str]:
    """Return the first bytes of a file as text, and the encoding to read the rest in.

    Raises:
        InputError: It is no text.
    """
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace").lstrip("\ufeff"), "utf16"
    if b"\0" in head:
        raise InputError(f"{file_name}: not a text file: is its suffix right?")
    # Only the header may hold more than ASCII (m/s²), and a character may be cut at the end.
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head), "utf8"
    except UnicodeDecodeError:
        return head.decode("latin-1"), "utf8"


def _split(line: str, delimiter: str) -> list[str]:
    if not line.strip():
        return []
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
    except csv.Error:  # a cell of more than 128 KB: no row of samples
        return []


def _delimiter(lines: list[str]) -> str:
    for delimiter in "\t;,":
        (width, count), *_ = Counter(len(_split(line, delimiter)) for line in lines).most_common(1)
        if width > 1 and count >= 0.8 * len(lines):
            return delimiter
    return ","


def _mostly_numbers(cells: list[str]) -> bool:
    filled = [cell for cell in cells if cell not in NULLS]
    return bool(filled) and sum(bool(_NUMBER.match(cell)) for cell in filled) >= 0.5 * len(filled)


def _first_data_row(rows: list[list[str]], width: int, numeric: list[int]) -> int | None:
    def is_data(row: list[str]) -> bool:
        cells = [row[j] for j in numeric] if len(row) == width else []
        return any(_NUMBER.match(cell) for cell in cells) and all(
            _NUMBER.match(cell) or cell in NULLS for cell in cells
        )

    return next((i for i, row in enumerate(rows) if is_data(row)), None)


def _names(
    rows: list[list[str]], lines: list[str], first: int, width: int, delimiter: str, file_name: str
) -> tuple[list[str] | None, int]:
    """The header's names, or None; and how many lines stand above it."""
    at = first - 1
    while at >= 0 and not rows[at]:
        at -= 1
    if at < 0:
        return None, first
    units: list[str] = []
    if len(rows[at]) == width and at > 0 and len(rows[at - 1]) == width and all(map(_unit_word, rows[at])):
        units, at = rows[at], at - 1
    header = rows[at]
    if lines[at].lstrip()[:1] in "#%":
        header = _split(lines[at].lstrip().lstrip("#% "), delimiter)
    if delimiter == "," and len(header) > 1 and width in (2 * len(header), 2 * len(header) - 1):
        raise InputError(
            f"{file_name}: its header has {len(header)} columns but its rows {width}: decimal commas between "
            "commas cannot be told apart, so separate the columns by ; or a tab"
        )
    if len(header) == width - 1 and width > 2:
        # A separator at each line's end, or the row names that R writes without a heading.
        empty = all(not row[-1] for row in rows[first : first + 100] if len(row) == width)
        header = [*header, ""] if empty else ["", *header]
    if len(header) != width or not any(re.search(r"[A-Za-z]", cell) for cell in header):
        return None, first
    if units:
        header = [f"{a} ({b})" if b and "(" not in a else a for a, b in zip(header, units, strict=True)]
    return header, at


def _unit_word(cell: str) -> bool:
    word = cell.strip("()[]").lower().replace(" ", "")
    return word in _UNIT_ROW or word == "" or normal_unit(cell) is not None


def _decimal(body: list[list[str]], numeric: list[int], file_name: str) -> str:
    cells = [row[j] for row in body for j in numeric]
    commas, points = any("," in cell for cell in cells), any("." in cell for cell in cells)
    if commas and points:
        raise InputError(f"{file_name}: numbers with decimal points and with decimal commas: write one kind")
    return "," if commas else "."


def _kind(cells: list[str]) -> Kind:
    filled = [cell for cell in cells if cell not in NULLS]
    for kind, pattern in _KINDS:
        if all(pattern.match(cell) for cell in filled):
            return kind
    # Some odd cells among numbers: reading on names the first of them.
    return "number" if _mostly_numbers(cells) else "text"


def _large_whole(cell: str) -> bool:
    return cell.isdecimal() and len(cell) >= 16


def _read_preamble(layout: Layout, preamble: list[str]) -> None:
    """Rate, start and order of the date as ActiGraph's and others' header lines say them."""
    layout.preamble = preamble[:20]
    text = "\n".join(layout.preamble)
    if rate := _RATE.search(text):
        layout.rate_hz = float(rate[1] or rate[2])
    if form := re.search(r"date format ([Mdy])", text):
        layout.date_order = {"M": "mdy", "d": "dmy"}.get(form[1])
    day = re.search(r"Start Date\W+(\d+)\W(\d+)\W(\d+)", text)
    clock = re.search(r"Start Time\W+(\d+):(\d+):(\d+)", text)
    if day and clock and layout.date_order:
        one, two, year = int(day[1]), int(day[2]), int(day[3])
        month, date = (one, two) if layout.date_order == "mdy" else (two, one)
        try:
            hour, minute, second = (int(clock[i]) for i in (1, 2, 3))
            layout.start = datetime(year, month, date, hour, minute, second, tzinfo=UTC)
        except ValueError:
            layout.start = None
