"""Parquet files as a stream of batches."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.errors import InputError
from wearcli.recordings.formats.damage import not_readable, not_to_its_end
from wearcli.recordings.formats.format import Format
from wearcli.recordings.tables.labels import tells_sensors
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table, cell_kind, check_width, to_numpy

_FIRST_ROWS = 2**11
_MOST_LOOKED_AT = 500  # columns of numbers
_TEXT_ROWS = 2**14  # that tell which sensors a table has rows of


def open_parquet(path: Path, file_name: str) -> Table:
    """Return a Parquet file as a table.

    Raises:
        InputError: It cannot be read; while streaming too.
    """
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
            check_width(len(schema), file_name)
            empty = _empty_columns(file, schema)
            columns = [
                Column(
                    field.name,
                    cell_kind(field.type),
                    empty=field.name in empty,
                    texts=_first_texts(file, field.name) if tells_sensors(field.name) else (),
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


def _first_texts(file: pq.ParquetFile, name: str) -> tuple[str, ...]:
    """The different texts in the first rows of a column; none where it holds no texts."""
    batch = next(file.iter_batches(_TEXT_ROWS, columns=[name]), None)
    if batch is None or cell_kind(batch.schema[0].type) != "text":
        return ()
    return tuple(sorted({str(text) for text in batch.column(0).unique().to_pylist() if text}))


def _stream(
    path: Path, file_name: str, schema: pa.Schema, time: int | None, channels: list[int]
) -> Iterator[Batch]:
    wanted = [*([] if time is None else [time]), *channels]
    try:
        # A buffered stream reads page by page: a row group of hours would else be loaded whole.
        with pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False) as file:
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
                yield Batch(None if time is None else _stamps(batch.column(schema.names[time])), values)
    except (pa.ArrowException, OSError) as error:
        raise not_to_its_end(file_name, error) from None


def _stamps(column: pa.Array) -> np.ndarray | pa.Array:
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    text = pa.types.is_string(column.type) or pa.types.is_large_string(column.type)
    if not (text or pa.types.is_string_view(column.type)):
        return to_numpy(column)
    column.validate(full=True)  # nobody has looked whether it is UTF-8
    return column


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
