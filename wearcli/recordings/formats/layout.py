"""How a CSV file is laid out: encoding, separator, decimal sign, preamble, header, kinds of columns."""

import codecs
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from wearcli.errors import InputError
from wearcli.recordings.formats.headerless import name_columns
from wearcli.recordings.formats.headers import Row, fit_row, read_header, split_row
from wearcli.recordings.tables.dates import is_clock, is_date
from wearcli.recordings.tables.table import Column, Kind, check_width

_MISSING = (
    *("nan", "NaN", "NAN", "Nan", "-nan", "-NaN", "nan(ind)", "-nan(ind)", "1.#QNAN", "-1.#IND", "1.#IND"),
    *("NA", "na", "N/A", "n/a", "#N/A", "#NA", "<NA>", "#NV", "#DIV/0!", "#VALUE!", "#NUM!", "#REF!"),
    *("null", "NULL", "Null", "nil", "None", "none", "NONE", "missing", "Missing", "MISSING", "empty"),
    *("undefined", "-", "--", "---", ".", "?"),
)
# A cell with one of them is missing; some writers put a blank before it.
NULLS = ("", *_MISSING, *(f" {word}" for word in _MISSING))
_EMPTY = frozenset(NULLS)
_NUMBER = re.compile(r"^[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?$|^[+-]?inf(inity)?$", re.IGNORECASE)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?$")
_ZONED = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)$")
_LONGEST_LINE = 1000  # above the data: more is nothing that a device writes
_CLOCK = re.compile(r"^\d\d:\d\d:\d\d(\.\d{1,9})?$")
# Digits in groups of three: 1,234.5 and 1.234,5 and 1 234,5 and 1'234.5, or 1.234.567.
_GROUPED = re.compile(r"^[+-]?\d{1,3}([.,' \u2019\u00a0\u202f])\d{3}(\1\d{3})*([.,]\d+)?$")
_THOUSANDS = re.compile(r"^[+-]?[1-9]\d{0,2}[.,]\d{3}$")
_SMALL_WHOLE = re.compile(r"^[+-]?[1-9]\d{0,2}$")
_SEPARATOR_LINE = re.compile(r'^"?sep=(\\t|.)"?$', re.IGNORECASE)
_KINDS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    ("number", _NUMBER),
    ("stamp", _STAMP),
    ("zoned", _ZONED),
    ("clock", _CLOCK),
)


# Different texts in a column that may tell the sensor of each row, at most.
_MOST_TEXTS = 32


@dataclass
class Layout:
    """How a text file is laid out.

    Attributes:
        delimiter: What stands between cells.
        decimal: The decimal sign.
        skip: Number of lines above the data.
        columns: The columns.
        named: Whether the file names its columns, or their values do.
        whole: Positions of columns whose numbers are large integers, more exact than a float64.
        encoding: The encoding.
        ragged: Whether rows lack cells, or have empty ones too many.
        preamble: The lines above the names, blank ones left out.
        notes: What a user should know, one line each.
    """

    delimiter: str
    decimal: str
    skip: int
    columns: list[Column]
    named: bool
    whole: set[int]
    encoding: str = "utf8"
    ragged: bool = False
    preamble: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
    delimiter = _delimiter(filled)
    rows = [split_row(line, delimiter) for line in lines]
    first = _first_data_row(rows)
    if first is None:
        wide = max(rows[-100:], key=len)
        _refuse_grouped(
            list(zip(*(row for row in rows[-100:] if len(row) == len(wide)), strict=True)), file_name
        )
        raise InputError(f"{file_name}: no rows of numbers found: a recording has one row a sample")
    names, width, above = read_header(rows, lines, first, delimiter, file_name)
    check_width(width, file_name)
    data = [row for row in rows[first:] if len(row) > 1 or len(row) == width]
    body = [fitted for row in data if (fitted := fit_row(row, width)) is not None]
    cells = [[row[j] for row in body] for j in range(width)]
    _refuse_grouped([column[:200] for column in cells], file_name)
    columns = [_column(names[j] if names else f"column {j + 1}", cells[j]) for j in range(width)]
    _join_date(columns, cells)
    numeric = [j for j in range(width) if columns[j].kind == "number"]
    decimal = _decimal([cells[j] for j in numeric], file_name)
    layout = Layout(delimiter, decimal, first, columns, names is not None, set(), encoding=encoding)
    if names is None and (guess := name_columns(columns, cells, decimal)) is not None:
        layout.columns = [
            column._replace(name=name) for column, name in zip(columns, guess.columns, strict=True)
        ]
        layout.named, layout.notes = True, [guess.note]
    layout.whole = {j for j in numeric if all(map(_large_whole, cells[j]))}
    layout.ragged = _is_ragged(data, width)
    layout.preamble = [line[:_LONGEST_LINE] for line in lines[:above] if line.strip()]
    return layout


def decode(head: bytes, file_name: str) -> tuple[str, str]:
    """Return the first bytes of a file as text, and the encoding to read the rest in.

    Raises:
        InputError: It is no text.
    """
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return head[: len(head) // 2 * 2].decode("utf-16", errors="replace").lstrip("\ufeff"), "utf16"
    for encoding, zeros in (("utf-16-le", head[1::2]), ("utf-16-be", head[::2])):
        # Every other byte of plain text is zero.
        if len(zeros) > 1 and zeros.count(0) >= 0.9 * len(zeros) and 2 * head.count(0) < 1.1 * len(head):
            return head[: len(head) // 2 * 2].decode(encoding, errors="replace"), encoding
    if b"\0" in head:
        raise InputError(f"{file_name}: not a text file: is its suffix right?")
    # Only the header may hold more than ASCII (m/s²), and a character may be cut at the end.
    try:
        return codecs.getincrementaldecoder("utf-8-sig")().decode(head), "utf8"
    except UnicodeDecodeError:
        return head.decode("latin-1"), "utf8"


def _delimiter(lines: list[str]) -> str:
    """What stands between cells: as a first line "sep=;" says, else what most lines have alike."""
    if match := _SEPARATOR_LINE.match(lines[0].strip(" \r\ufeff")):
        return "\t" if match[1] == "\\t" else match[1]
    sample = lines[-100:]
    for delimiter in "\t;|,":
        widths = Counter(len(split_row(line, delimiter)) for line in sample)
        (width, _), *_ = widths.most_common(1)
        if width > 1 and sum(count for cells, count in widths.items() if cells > 1) >= 0.8 * len(sample):
            return delimiter
    return ","


def _mostly_numbers(cells: Row) -> bool:
    filled = [cell for cell in cells if cell not in _EMPTY]
    return bool(filled) and sum(map(bool, map(_NUMBER.match, filled))) >= 0.5 * len(filled)


def _first_data_row(rows: list[Row]) -> int | None:
    """The number of the first row of numbers; rows just before it may lack cells, or have empty ones more."""
    last = rows[-100:]
    if not any(last):
        return None
    width = Counter(len(row) for row in last if row).most_common(1)[0][0]
    numeric = [j for j in range(width) if _mostly_numbers([row[j] for row in last if len(row) == width])]

    def is_data(row: Row, least: int) -> bool:
        cells = [row[j] for j in numeric if j < len(row)] if len(row) >= least else []
        return any(_NUMBER.match(cell) for cell in cells) and all(
            _NUMBER.match(cell) or cell in _EMPTY for cell in cells
        )

    first = next((i for i, row in enumerate(rows) if is_data(row, width)), None)
    while first and (not rows[first - 1] or is_data(rows[first - 1], min(2, width))):
        first -= 1
    return first


def _is_ragged(data: list[Row], width: int) -> bool:
    """Whether rows of samples lack cells, or have empty ones too many; a few odd rows may be anything."""
    lengths = Counter(map(len, data))
    surplus = any(length > width for length in lengths) and any(
        fit_row(row, width) for row in data if len(row) > width
    )
    lacking = sum(count for length, count in lengths.items() if length < width)
    return surplus or lacking > max(2, 0.01 * len(data))


def _refuse_grouped(columns: Sequence[Sequence[str]], file_name: str) -> None:
    """Raise InputError for numbers whose digits stand in groups of three."""
    for column in columns:
        filled = [cell for cell in column if cell not in _EMPTY and cell != "0"]
        if not any(map(_GROUPED.match, filled)):  # as nearly all; each look at a cell costs
            continue
        grouped = [cell for cell in filled if _THOUSANDS.match(cell)]
        whole = sum(bool(_SMALL_WHOLE.match(cell)) for cell in filled)
        sure = next((cell for cell in filled if _GROUPED.match(cell) and not _NUMBER.match(cell)), None)
        # 1.234 is a number like any other, but among whole numbers below 1000 with no 0.123 or 1.5 beside.
        likely = grouped and whole >= 0.1 * len(filled) and whole + len(grouped) == len(filled)
        if sure or likely:
            raise InputError(
                f"{file_name}: '{(sure or grouped[0])[:40]}' has its thousands apart: write numbers without "
                "a separator of thousands"
            )


def _decimal(columns: list[Row], file_name: str) -> str:
    commas, points = (any(sign in cell for cells in columns for cell in cells) for sign in ",.")
    if commas and points:
        raise InputError(f"{file_name}: numbers with decimal points and with decimal commas: write one kind")
    return "," if commas else "."


def _kind(cells: list[str]) -> Kind:
    filled = [cell for cell in cells if cell not in _EMPTY]
    for kind, pattern in _KINDS:
        if all(map(pattern.match, filled)):
            return kind
    # Some odd cells among numbers: reading on names the first of them.
    return "number" if _mostly_numbers(cells) else "text"


def _column(name: str, cells: list[str]) -> Column:
    """A column by its cells in the first rows."""
    kind = _kind(cells)
    if kind == "number":
        empty = all(cell in _EMPTY or not cell.strip("+-0.,") for cell in cells)
        return Column(name, kind, empty=empty)
    texts = {*cells} - {""} if kind == "text" else set()
    return Column(name, kind, texts=tuple(sorted(texts)) if len(texts) <= _MOST_TEXTS else ())


def _large_whole(cell: str) -> bool:
    return cell.isdecimal() and len(cell) >= 16


def _join_date(columns: list[Column], cells: list[list[str]]) -> None:
    """Let the one column of times of day know the one of dates, where there are such two."""

    def positions(fits: Callable[[str], bool]) -> list[int]:
        samples = (column[:: len(column) // 100 + 1] for column in cells)
        filled = ([cell for cell in sample if cell not in _EMPTY] for sample in samples)
        return [j for j, sample in enumerate(filled) if sample and all(map(fits, sample))]

    clocks = positions(is_clock)
    dates = positions(is_date) if clocks else []
    pairs = [(date, clock) for date in dates for clock in clocks]
    if len(pairs) > 1:
        pairs = [(date, clock) for date, clock in pairs if abs(date - clock) == 1]
    if len(pairs) == 1:
        date, clock = pairs[0]
        columns[clock] = columns[clock]._replace(kind="stamp", date=date)
        columns[date] = columns[date]._replace(kind="text")
