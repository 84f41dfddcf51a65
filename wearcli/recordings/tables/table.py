"""What the readers of tables hand on: columns with names, and a stream of their rows."""

import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.recordings.tables.dates import Order

Kind = Literal["number", "stamp", "zoned", "clock", "text"]

# Rows read to find out rate and unit; a reader's batches are no longer than this either.
HEAD_ROWS = 2**17
_MOST_COLUMNS = 10_000

# What damaged, encrypted or oddly packed zips and what is in them raise (RuntimeError: encrypted).
ARCHIVE_ERRORS = (OSError, ValueError, EOFError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class Column(NamedTuple):
    """A column of a file.

    Attributes:
        name: Its name.
        kind: What its cells are: numbers, date and time (zoned or not), time of day, text.
        unit: Its own unit, where the format tells one a column.
        rate_hz: Its own rate, likewise, Hz.
        empty: Whether its first rows hold nothing, or zeros alone, as of a sensor that was off.
        texts: What the first rows hold, in a column of a few texts.
        date: Position of the column with the dates of a time of day; the two are read as one text.
    """

    name: str
    kind: Kind
    unit: str | None = None
    rate_hz: float | None = None
    empty: bool = False
    texts: tuple[str, ...] = ()
    date: int | None = None


class Batch(NamedTuple):
    """Consecutive rows.

    Attributes:
        time: (rows,) numbers, datetime64 (UTC), timedelta64 (time of day), text, or None without a column.
        values: (rows, channels) float32, in the file's own unit; a missing cell is NaN.
    """

    time: np.ndarray | pa.Array | None
    values: np.ndarray


@dataclass
class Table:
    """A file of columns.

    Attributes:
        columns: The columns.
        stream: Called with the positions of the time column (or None) and of the channels; yields batches.
        named: Whether the file itself names its columns.
        rows: Number of rows, about; for a progress display only.
        rate_hz: Rate that the format or the header tells, Hz.
        start: Start that the header tells, without a zone where it tells none.
        start_by_order: The start by the order of day, month and year, where its date may have several.
        date_order: Order of day, month and year that the header tells, such as mdy.
        date_order_how: How that order is known, where the header does not tell it.
        zone: Zone of the clock as the header writes it.
        unit: Unit that the format or the header tells.
        unit_how: How the unit is known.
        unit_factor: What a value in `unit` is multiplied by to be in the signal's unit, where the format
            fixes it; None where the unit is one that people write.
        range_g: Greatest value of acceleration that the device measures, g.
        duration_s: Duration, about; for a progress display only.
        bare_leads: Whether a column called after a lead alone (II, V5) is an ECG.
        facts: What else the file tells, for the provenance of the recording.
        warnings: What a user should know, one line each; reading on may add to it.
    """

    columns: list[Column]
    stream: Callable[[int | None, list[int]], Iterator[Batch]]
    named: bool = True
    rows: float | None = None
    rate_hz: float | None = None
    start: datetime | None = None
    start_by_order: Mapping[Order, datetime] = field(default_factory=dict)
    date_order: Order | None = None
    date_order_how: str | None = None
    zone: str | None = None
    unit: str | None = None
    unit_how: str | None = None
    unit_factor: float | None = None
    range_g: float | None = None
    duration_s: float | None = None
    bare_leads: bool = False
    facts: dict[str, object] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def check_width(columns: int, file_name: str) -> None:
    """Raise InputError for a table of more columns than any recording has."""
    if columns > _MOST_COLUMNS:
        raise InputError(f"{file_name}: has {columns:,} columns: a recording has one row a sample")


def to_numpy(array: pa.Array) -> np.ndarray:
    """Return an Arrow column as numpy: numbers (null is NaN), datetime64 or timedelta64.

    Times keep their own unit and are exact integers; a null time is NaT.
    """
    kind = array.type
    if pa.types.is_dictionary(kind):
        return to_numpy(array.dictionary_decode())
    if pa.types.is_timestamp(kind):
        stamps: np.ndarray = array.cast(pa.int64()).fill_null(_NAT).to_numpy()
        return stamps.view(f"M8[{kind.unit}]")
    if pa.types.is_duration(kind) or pa.types.is_time(kind):
        wide = array.cast(pa.int32()) if pa.types.is_time32(kind) else array
        times: np.ndarray = wide.cast(pa.int64()).fill_null(_NAT).to_numpy()
        return times.view(f"m8[{kind.unit}]")
    if pa.types.is_date(kind):
        return to_numpy(array.cast(pa.timestamp("ms")))
    if pa.types.is_decimal(kind):
        array = array.cast(pa.float64())
    if pa.types.is_integer(kind) and array.null_count:
        array = array.cast(pa.float64())
    numbers: np.ndarray = array.to_numpy(zero_copy_only=False)
    return numbers


def cell_kind(data_type: pa.DataType) -> Kind:
    """Return what the cells of an Arrow type are."""
    if pa.types.is_dictionary(data_type):
        return cell_kind(data_type.value_type)
    if pa.types.is_timestamp(data_type):
        return "zoned" if data_type.tz else "stamp"
    if pa.types.is_date(data_type):
        return "stamp"
    if pa.types.is_duration(data_type) or pa.types.is_time(data_type):
        return "clock"
    if pa.types.is_integer(data_type) or pa.types.is_floating(data_type) or pa.types.is_decimal(data_type):
        return "number"
    return "text"


_NAT = np.iinfo(np.int64).min
