"""Parquet files as a stream of batches."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wearcli.errors import InputError
from wearcli.recordings.formats.bombs import check_ratio
from wearcli.recordings.formats.damage import not_readable, not_to_its_end
from wearcli.recordings.formats.format import Format
from wearcli.recordings.tables.labels import tells_sensors
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table, cell_kind, check_width, to_numpy

_FIRST_ROWS = 2**11
_MOST_LOOKED_AT = 500  # columns of numbers
_TEXT_ROWS = 2**14  # that tell which sensors a table has rows of
_LONGEST_STAMP = 1000  # characters


def open_parquet(path: Path, file_name: str) -> Table:
    """Return a Parquet file as a table.

    Raises:
        InputError: It cannot be read; while streaming too.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            check_width(len(schema), file_name)
            _check_size(file, path, file_name)
            empty = _empty_columns(file, schema)
            columns = [
                Column(
                    field.name,
                    cell_kind(field.type),
                    empty=field.name in empty,
                    texts=_first_texts(path, field.name) if _may_tell_sensors(field) else (),
                )
                for field in schema
            ]
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise not_readable(file_name, "Parquet file", error) from None
    return Table(columns, lambda time, channels: _stream(path, file_name, schema, time, channels), rows=rows)


def _empty_columns(file: pq.ParquetFile, schema: pa.Schema) -> set[str]:
    """Names of the columns of numbers that hold nothing, or zeros alone, in the first rows.

    The statistics in the file's footer would say it too, but a damaged one ends the process (Arrow 26).
    """
    names = [field.name for field in schema if cell_kind(field.type) == "number"]
    if len(names) > _MOST_LOOKED_AT:  # each takes memory of its own
        return set()
    for rows in (_FIRST_ROWS, HEAD_ROWS):
        batch = next(file.iter_batches(rows, columns=names), None) if names else None
        if batch is None:
            return set()
        names = [
            name
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
            if not np.nan_to_num(to_numpy(column).astype(np.float64)).any()
        ]
    return {*names}


def _may_tell_sensors(field: pa.Field) -> bool:
    return tells_sensors(field.name) and cell_kind(field.type) == "text"


def _check_size(file: pq.ParquetFile, path: Path, file_name: str) -> None:
    """Raise InputError for a bomb: one repeated value takes no room, however often it stands there."""
    pages = sum(file.metadata.row_group(i).total_byte_size for i in range(file.num_row_groups))
    samples = file.metadata.num_rows * np.dtype(np.float32).itemsize * min(3, file.metadata.num_columns)
    check_ratio(max(pages, samples), path.stat().st_size, file_name)


def _first_texts(path: Path, name: str) -> tuple[str, ...]:
    """The different texts in the first rows of a column, each in memory once."""
    with pq.ParquetFile(path, read_dictionary=[name]) as file:
        batch = next(file.iter_batches(_TEXT_ROWS, columns=[name]), None)
    if batch is None:
        return ()
    return tuple(sorted({str(text) for text in batch.column(0).unique().to_pylist() if text}))


def _stream(
    path: Path, file_name: str, schema: pa.Schema, time: int | None, channels: list[int]
) -> Iterator[Batch]:
    wanted = [*([] if time is None else [time]), *channels]
    try:
        # A buffered stream reads page by page: a row group of hours would else be loaded whole.
        texts = [schema.names[j] for j in wanted if _is_text(schema[j].type)]
        with pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False, read_dictionary=texts) as file:
            names = [schema.names[j] for j in wanted]
            if twice := [name for name in names if schema.names.count(name) > 1]:
                raise InputError(
                    f"{file_name}: several columns are called '{twice[0]}': give each its own name"
                )
            for batch in file.iter_batches(HEAD_ROWS, columns=names, use_threads=True):
                values = np.empty((batch.num_rows, len(channels)), np.float32)
                with np.errstate(over="ignore"):  # beyond float32: infinite, and so a missing sample
                    for k, j in enumerate(channels):
                        values[:, k] = to_numpy(batch.column(schema.names[j]))
                stamps = None if time is None else batch.column(schema.names[time])
                yield Batch(None if stamps is None else _stamps(stamps, file_name), values)
    except (pa.ArrowException, OSError) as error:
        raise not_to_its_end(file_name, error) from None


def _stamps(column: pa.Array, file_name: str) -> np.ndarray | pa.Array:
    if pa.types.is_dictionary(column.type):
        if _is_text(column.type.value_type):
            longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
            if longest > _LONGEST_STAMP:
                raise InputError(
                    f"{file_name}: its time column holds texts of {longest:,} bytes: name another with "
                    "--time-column"
                )
        column = column.dictionary_decode()
    if not _is_text(column.type):
        return to_numpy(column)
    column.validate(full=True)  # nobody has looked whether it is UTF-8
    return column


def _is_text(kind: pa.DataType) -> bool:
    """Whether a column has texts; a list or struct of them is no column of the file by its name."""
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def is_recording(path: Path) -> bool:
    """Return whether a Parquet file is no embeddings table: the footer of one holds our metadata."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - 8))
            tail = stream.read()
            if len(tail) < 8 or tail[4:] != b"PAR1":
                return True
            stream.seek(max(0, size - 8 - int.from_bytes(tail[:4], "little")))
            return b"\x07wearcli" not in stream.read()  # a Thrift string: its length, then the key
    except OSError:
        return True  # opening it will name it


FORMAT = Format("parquet", "Parquet", (".parquet",), open_parquet, accepts=is_recording)
