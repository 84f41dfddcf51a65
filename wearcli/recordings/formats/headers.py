"""The header rows of a text table: names, units, and what calibration a column has."""

import csv
import re
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.recordings.tables.scales import normal_unit

Row = list[str]

_LONGEST_CELL = 2**17  # that the module csv takes
COMMENT_SIGNS = ("#", "%", "//")
# Words of units other than those of the signals, as they stand below names, without brackets and spaces.
_UNIT_WORDS = {
    *("s", "sec", "secs", "second", "seconds", "ms", "msec", "us", "usec", "µs", "ns", "min", "h", "hz"),
    *("v", "mv", "uv", "µv", "nv", "ma", "ua", "ohm", "ohms", "kohm", "kohms", "kω", "siemens", "µsiemens"),
    *("pa", "hpa", "kpa", "mbar", "bar", "mmhg", "degc", "°c", "c", "celsius", "degreescelsius", "degf"),
    *(
        "°f",
        "k",
        "kelvin",
        "t",
        "mt",
        "ut",
        "µt",
        "nt",
        "gauss",
        "mgauss",
        "ga",
        "localflux",
        "m",
        "cm",
        "mm",
    ),
    *("km", "m/s", "km/h", "deg", "degree", "degrees", "rad", "radian", "radians", "lux", "lx", "bpm", "%"),
    *("percent", "dbm", "db", "counts", "count", "lsb", "adc", "digits", "nounits", "nounit", "unitless"),
    *("none", "-", "a.u.", "au", "arb", "datetime", "date", "iso8601", "unixms", "epochms", "bool", "string"),
    *("yyyy/mm/ddhh:mm:ss.000", "hh:mm:ss", "yyyy-mm-ddhh:mm:ss", "yyyy-mm-ddhh:mm:ss.sss"),
}
# What some devices write in a row of its own: whether a column is calibrated.
_CALIBRATION_WORDS = {"cal", "uncal", "raw", "calibrated", "uncalibrated"}
_LETTER = re.compile(r"[^\W\d_]")


class Header(NamedTuple):
    """The header of a table.

    Attributes:
        names: One name a column, with its unit in brackets where a row of units stands below; None where
            the file has no header.
        width: Number of columns.
        above: Number of lines above the header, or above the data without one.
    """

    names: Row | None
    width: int
    above: int


def split_row(line: str, delimiter: str) -> Row:
    """Return the cells of a line; none of a blank one."""
    if not line.strip():
        return []
    if '"' not in line and len(line) < _LONGEST_CELL:
        return list(map(str.strip, line.split(delimiter)))
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter, skipinitialspace=True))]
    except csv.Error:  # a cell of more than 128 KB: no row of samples
        return []


def fit_row(row: Row, width: int) -> Row | None:
    """Return a row with `width` cells: a missing cell is empty, and so is every surplus one, or None."""
    if len(row) == width:
        return row
    if any(row[width:]):
        return None
    return [*row[:width], *[""] * (width - len(row))]


def read_header(rows: list[Row], lines: list[str], first: int, delimiter: str, file_name: str) -> Header:
    """Return the header above the data.

    Args:
        rows: The cells of each line.
        lines: The lines.
        first: Number of the first line of data.
        delimiter: What stands between cells.
        file_name: The file in messages.

    Raises:
        InputError: Decimal commas stand between commas.
    """
    body = [row for row in rows[first:] if row][:100]
    width = max(set(map(len, body)), key=[len(row) for row in body].count)
    at = _row_above(rows, first)
    if at is None:
        return Header(None, width, first)
    units: Row = []
    above = _row_above(rows, at)
    if above is not None and _is_unit_row(rows[at], rows[above]):
        units, at = rows[at], above
    calibration: Row = []
    above = _row_above(rows, at)
    if above is not None and _is_calibration_row(rows[at]) and len(rows[above]) > 1:
        calibration, at = rows[at], above
    names = rows[at]
    if lines[at].lstrip().startswith(COMMENT_SIGNS):
        names = split_row(lines[at].lstrip().lstrip("#%/ "), delimiter)
    names = _as_wide(names, body, width, delimiter, file_name)
    if not names or not any(map(_LETTER.search, names)):
        return Header(None, width, first)
    width = len(names)
    if len(set(calibration)) > 1:
        names = [f"{name} {word}".strip() for name, word in _pairs(names, calibration)]
    if units:
        names = [
            f"{name} ({unit})" if unit and "(" not in name else name
            for name, unit in _pairs(names, [re.sub(r"[()\[\]{}]", "", unit).strip() for unit in units])
        ]
    return Header(names, width, at)


def _pairs(names: Row, others: Row) -> list[tuple[str, str]]:
    """Each name with what stands in its column of another row."""
    return list(zip(names, [*others, *[""] * len(names)][: len(names)], strict=True))


def _row_above(rows: list[Row], at: int) -> int | None:
    """The number of the next line above that is not blank."""
    return next((i for i in range(at - 1, -1, -1) if rows[i]), None)


def _as_wide(names: Row, body: list[Row], width: int, delimiter: str, file_name: str) -> Row:
    """The names for rows of this width; empty where the line is no header of them."""
    unnamed = any(any(row[len(names) :]) for row in body)
    if delimiter == "," and len(names) > 1 and unnamed and width in (2 * len(names), 2 * len(names) - 1):
        raise InputError(
            f"{file_name}: its header has {len(names)} columns but its rows {width}: decimal commas between "
            "commas cannot be told apart, so separate the columns by ; or a tab"
        )
    if len(names) == width - 1 and width > 2 and unnamed:
        return ["", *names]  # the row names that R writes without a heading
    if width <= len(names) < 2 * width or not names:
        return names  # rows may lack their last cells
    if not unnamed and len(names) > 1:
        return fit_row(names, width) or []  # rows may end in a separator more than the header
    return []


def _is_unit_row(row: Row, above: Row) -> bool:
    """Whether a row has units, of the names in the row above it."""
    words = [_unit_word(cell) for cell in row if cell]
    if not words or not -1 <= len(row) - len(above) <= 1 or not any(map(_LETTER.search, above)):
        return False
    units = sum(words)
    mostly = units >= 0.5 * len(words)
    # Units repeat, and names do not.
    return mostly or (units > 0 and len({*row}) < len({*above}) == len(above))


def _unit_word(cell: str) -> bool:
    word = re.sub(r"[()\[\]{}\s_]", "", cell.lower())
    return word in _UNIT_WORDS or word in _CALIBRATION_WORDS or normal_unit(cell) is not None


def _is_calibration_row(row: Row) -> bool:
    words = {cell.lower() for cell in row if cell}
    return bool(words) and words <= _CALIBRATION_WORDS
