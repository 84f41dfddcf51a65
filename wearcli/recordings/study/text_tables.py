"""Small tables of text as people save them: their encoding, separator and decimal sign."""

import csv
import gzip
import io
import re
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from wearcli.errors import InputError
from wearcli.recordings.formats import bombs
from wearcli.recordings.formats.bombs import Unpacking

if TYPE_CHECKING:
    import pandas as pd

_LINE = 2**16
_BLOCK = 2**20
_COMMA_NUMBER = re.compile(r"[+-]?\d+,\d+(?:[eE][+-]?\d+)?")
_POINT_NUMBER = re.compile(r"[+-]?\d*\.\d+(?:[eE][+-]?\d+)?")


def first_line(path: Path) -> str:
    """Return the first line of a text file, plain or .gz; "" where it cannot be read."""
    try:
        with gzip.open(path) if _is_packed(path) else path.open("rb") as stream:
            head = stream.read(_LINE)
    except (OSError, EOFError, zlib.error):
        return ""
    return re.split(r"[\r\n]", _decode(head, errors="replace").lstrip("\r\n"), maxsplit=1)[0].strip("\0")


def separator(line: str) -> str:
    """Return what stands between the cells of a line: a comma, a semicolon or a tab."""
    return max(",;\t", key=line.count)


def read_frame(path: Path, texts: tuple[str, ...]) -> "pd.DataFrame":
    """Return a table with numbers where a column has them; n/a and empty cells are missing.

    Args:
        path: The table.
        texts: Columns that stay text, such as recording.

    Raises:
        InputError: It cannot be read.
    """
    import pandas as pd

    try:
        text = _text(path, bombs.MOST_ROWS)
        between = separator(text.split("\n", 1)[0])
        table = pd.read_csv(
            io.StringIO(text),
            sep=between,
            decimal=_decimal_sign(text, between),
            dtype=dict.fromkeys(texts, str),
            na_values=["n/a"],
            skipinitialspace=True,
        )
    except (OSError, EOFError, ValueError, zlib.error) as error:
        raise _no_table(path, error) from None
    table.columns = table.columns.str.strip()
    return table


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table as text by the column's name in lower case; decimal commas become points.

    Raises:
        InputError: It cannot be read.
    """
    try:
        text = _text(path, bombs.MOST_RECORDINGS)
        between = separator(text.split("\n", 1)[0])
        rows: list[dict[Any, Any]] = [
            *csv.DictReader(io.StringIO(text, newline=""), delimiter=between, skipinitialspace=True)
        ]
    except (OSError, EOFError, UnicodeDecodeError, csv.Error, zlib.error) as error:
        raise _no_table(path, error) from None
    commas = _decimal_sign(text, between) == ","

    def cell_text(cell: str) -> str:
        cell = cell.strip()
        return cell.replace(",", ".") if commas and _COMMA_NUMBER.fullmatch(cell) else cell

    return [
        {
            key.strip().lower(): cell_text(cell)
            for key, cell in row.items()
            if isinstance(key, str) and key and isinstance(cell, str)
        }
        for row in rows
    ]


def _is_packed(path: Path) -> bool:
    return path.suffix.lower() == ".gz"


def _text(path: Path, most_rows: int) -> str:
    """The whole text, with one kind of line end; InputError where it is larger than any such table."""
    if _is_packed(path):
        with gzip.open(path) as packed:
            stream = Unpacking(packed, path.stat().st_size, str(path))
            data = b"".join(iter(lambda: stream.read(_BLOCK), b""))
    else:
        data = path.read_bytes()
    if max(data.count(b"\n"), data.count(b"\r")) > most_rows:
        raise InputError(f"{path}: has more than {most_rows:,} rows, as no such table has: take it away")
    text = _decode(data).replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    header = text.split("\n", 1)[0]
    if (columns := header.count(separator(header)) + 1) > bombs.MOST_COLUMNS:
        raise InputError(
            f"{path}: has {columns:,} columns, more than {bombs.MOST_COLUMNS:,}: it has one row an interval "
            "or a recording: take it away"
        )
    return text


def _decode(data: bytes, errors: str = "strict") -> str:
    """Bytes as text: UTF-16 by its first bytes, else UTF-8, else what Windows writes in the west."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data[: len(data) // 2 * 2].decode("utf-16", errors=errors)
    try:
        return data.decode("utf-8-sig", errors=errors)
    except UnicodeDecodeError:
        if b"\0" in data:
            raise
        return data.decode("cp1252", errors="replace")


def _decimal_sign(text: str, between: str) -> str:
    """A comma where it separates no cells and some numbers have one, and none has a point."""
    if between == ",":
        return "."
    cells = [cell.strip().strip('"') for line in text.split("\n")[1:200] for cell in line.split(between)]
    commas = any(_COMMA_NUMBER.fullmatch(cell) for cell in cells)
    return "," if commas and not any(_POINT_NUMBER.fullmatch(cell) for cell in cells) else "."


def _no_table(path: Path, error: Exception) -> InputError:
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return InputError(f"{path}: cannot be read as a table ({reason})")
