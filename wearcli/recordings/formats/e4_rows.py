"""The rows of a file of an Empatica E4 export, as it was written or as a spreadsheet saved it anew."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.errors import InputError
from wearcli.recordings.formats.layout import Layout, decode
from wearcli.recordings.tables.table import Column

# What a spreadsheet shows of the start in a narrow cell: 1.61E+09.
_SCIENTIFIC = re.compile(r"[+-]?\d(?:\.(\d+))?[eE]\+?(\d+)")
_DECIMAL_COMMA = re.compile(r"[+-]?\d+(?:,\d+)?(?:[eE]\+?\d+)?")
# The start may be rounded so far, s, and is a start still.
_LEAST_EXACT_S = 1.0


class E4Rows(NamedTuple):
    """How a file begins.

    Attributes:
        start_s: Start, s since 1970; None where a spreadsheet rounded it away.
        start_text: The start as it is written.
        rate_hz: Rate, Hz.
        layout: How its rows are laid out.
    """

    start_s: float | None
    start_text: str
    rate_hz: float
    layout: Layout


def recognise_rows(head: bytes, complete: bool, channels: Sequence[str]) -> E4Rows:
    """Return how a file begins: start and rate are its first two rows.

    Args:
        head: Its first bytes.
        complete: Whether these are the whole file.
        channels: Names of its columns.

    Raises:
        ValueError: It does not begin with start and rate.
    """
    try:
        text, encoding = decode(head, "")
    except InputError as error:
        raise ValueError(str(error)) from None
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if not complete:
        lines.pop()  # cut in the middle
    lines = [line.strip(" ") for line in lines]  # a tab may be an empty cell
    if len(lines) < 2:
        raise ValueError("no start and rate")
    delimiter = next((sign for sign in ";\t" if sign in "".join(lines[:2])), ",")
    # One column has no delimiter, so its commas are decimal ones.
    alone = len(channels) == 1 and delimiter == "," and any("," in line for line in lines)
    if alone and all(_DECIMAL_COMMA.fullmatch(line) for line in lines if line):
        delimiter = ";"
    decimal = "," if delimiter != "," and any("," in line for line in lines) else "."
    start_text, rate_text = (line.split(delimiter)[0].strip(' "') for line in lines[:2])
    start, rate = (float(cell.replace(decimal, ".")) for cell in (start_text, rate_text))
    # A start in this century and a rate: what a plain CSV file with a header never begins with.
    if not (9e8 < start < 4.2e9 and 0 < rate <= 1000):
        raise ValueError("no start and rate")
    widths = Counter(len(line.split(delimiter)) for line in lines[2:] if line)
    width = max([len(channels), *(cells for cells, count in widths.items() if count > 1)])
    columns = [
        *(Column(name, "number") for name in channels),
        *[Column("", "text")] * (width - len(channels)),
    ]
    layout = Layout(delimiter, decimal, 2, columns, True, set(), encoding, ragged=len(widths) > 1)
    exact = _resolution(start_text.replace(decimal, ".")) <= _LEAST_EXACT_S
    return E4Rows(start if exact else None, start_text, rate, layout)


def _resolution(cell: str) -> float:
    """By how much a number may be off for the digits that it is written with."""
    match = _SCIENTIFIC.fullmatch(cell)
    return 10.0 ** (int(match[2]) - len(match[1] or "")) if match else 0.0
