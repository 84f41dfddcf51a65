"""The embeddings table: its schema, its writers (Parquet, Arrow stream, JSON lines) and its reader.

One row a window; the columns are a contract that other tools read. What made the table stands in the
schema's metadata under the key `wearcli`, as one JSON document; a Parquet file holds under
`wearcli.recordings` the content hash of each recording in it, from which a rerun knows what is new.
"""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple, cast

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.columns import schema_problem
from wearcli.embedding.manifest import PartsTable, open_parts
from wearcli.embedding.metadata import ADVICE, TableMetadata
from wearcli.embedding.parts import dimension, part_batches
from wearcli.errors import InputError, reason
from wearcli.existence import check_tables, holds_parts
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Recording
from wearcli.signals.origin import ORIGIN, origin, quality, quality_schema
from wearcli.signals.windows import Windows

KEY = b"wearcli"
RECORDINGS_KEY = b"wearcli.recordings"
STREAM_END = b"\xff\xff\xff\xff\0\0\0\0"  # Arrow columnar format, IPC streaming format


def schema(
    dimension: int, n_features: int, metadata: TableMetadata | None = None, modality: Modality = "acc"
) -> pa.Schema:
    """The table's schema for `dimension` numbers an embedding and `n_features` hand-made features."""
    fields = [
        *ORIGIN,
        pa.field("embedding", pa.list_(pa.float32(), dimension)),
        pa.field("features", pa.list_(pa.float32(), n_features)),
        *quality_schema(modality),
    ]
    document = None if metadata is None else {KEY: metadata.encode()}
    return pa.schema(fields, document)


def rows(
    recording: Recording, windows: Windows, duration_s: float, embedding: np.ndarray, features: np.ndarray
) -> pa.RecordBatch:
    """One batch of the table.

    embedding: (windows, D) float32; features: (windows, F) float32; both become FixedSizeLists without
    a copy.
    """
    columns = [
        *origin(recording, windows, duration_s),
        _lists(embedding),
        _lists(features),
        *quality(windows, quality_schema(recording.modality)),
    ]
    table_schema = schema(embedding.shape[1], features.shape[1], modality=recording.modality)
    return pa.RecordBatch.from_arrays(columns, schema=table_schema)


def _lists(values: np.ndarray) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def read_metadata(table_schema: pa.Schema, name: str) -> TableMetadata:
    """Return what made a table.

    Args:
        table_schema: of the table.
        name: the table's name in messages.

    Raises:
        InputError: the table has no such document, or a damaged one, or columns that are not what it says.
    """
    text = (table_schema.metadata or {}).get(KEY)
    if text is None:
        raise InputError(f"{name}: not an embeddings table of wearcli: make one with 'wearcli embed'")
    metadata = TableMetadata.parse(text, name)
    if problem := schema_problem(table_schema, metadata.feature_names):
        raise InputError(f"{name}: not an embeddings table: {problem}: make one with 'wearcli embed'")
    return metadata


def read_table(source: Path | Literal["-"]) -> tuple[pa.Table, TableMetadata]:
    """An embeddings table and what made it.

    Args:
        source: A Parquet or Arrow file, a folder of parts, or "-" for a stream on stdin.
    """
    if source != "-" and not holds_parts(Path(source)) and _is_parquet(Path(source)):
        try:
            table = pq.read_table(source, page_checksum_verification=True)
            table.validate(full=True)
            _ = table.column_names  # which need not be text
        except Exception as error:  # whatever damage makes the library raise
            raise _no_parquet(Path(source), error) from error
        return table, read_metadata(table.schema, str(source))
    with open_batches(source) as batches:
        table = pa.Table.from_batches(batches.rows, batches.schema)
        return table, read_metadata(table.schema, batches.name)


class Extent(NamedTuple):
    """How long a recording is.

    Attributes:
        span_s: From its first sample to its end, gaps in between and at the end included, s.
        held_s: How much of that has samples, s.
    """

    span_s: float
    held_s: float


@dataclass(frozen=True)
class Batches:
    """An embeddings table as it comes: its name in messages, rows in batches, their count if known.

    extents: how long its recordings are, as far as the table notes it.
    """

    name: str
    schema: pa.Schema
    rows: Iterator[pa.RecordBatch]
    count: int | None
    extents: Mapping[str, Extent] = field(default_factory=dict)


@contextmanager
def open_batches(source: Path | Literal["-"], size: int = 4096) -> Iterator[Batches]:
    """An embeddings table as `read_table` takes it, a batch at a time: memory stays flat.

    size: rows a batch of a Parquet file. Raises InputError, while the rows come, where they break off.
    """
    if source == "-":
        yield _stream("stdin", sys.stdin.buffer)
    elif holds_parts(source):
        yield _parts(source, size)
    elif _is_parquet(source):
        try:
            # A buffer before reading would hold the whole file.
            file = pq.ParquetFile(source, pre_buffer=False, page_checksum_verification=True)
            _ = file.schema_arrow.names
        except Exception as error:
            raise _no_parquet(source, error) from error
        with file:
            rows = _parquet_batches(file, source, size)
            extents = _extents(file.metadata.metadata or {})
            yield Batches(str(source), file.schema_arrow, rows, file.metadata.num_rows, extents)
    else:
        with source.open("rb") as stream:
            yield _stream(str(source), stream)


def parts_schema(parts: PartsTable, folder: Path) -> pa.Schema:
    """Return the columns and the metadata of the table in a folder of parts.

    Raises:
        InputError: There is no part, or the first one is damaged.
    """
    metadata = parts.metadata
    if metadata.modality not in MODALITIES:
        raise InputError(f"{folder}: its shards name no signal that there is: run them again")
    signal = cast(Modality, metadata.modality)
    return schema(dimension(parts, folder), len(metadata.feature_names), metadata, signal)


def _parts(folder: Path, size: int) -> Batches:
    """The table in a folder of parts."""
    parts = open_parts(folder)
    columns = parts_schema(parts, folder)
    extents = {
        name: Extent(entry.span_s, entry.seconds)
        for _, part in parts.parts
        for name, entry in part.recordings.items()
        if entry.span_s is not None
    }
    return Batches(str(folder), columns, part_batches(parts, columns, size), parts.rows, extents)


def _extents(notes: Mapping[bytes, bytes]) -> dict[str, Extent]:
    """How long the recordings of a Parquet table are; without those of which it does not note it."""
    try:
        entries = json.loads(notes.get(RECORDINGS_KEY, b"{}"))
        extents = {
            str(name): Extent(float(entry["span_s"]), float(entry["seconds"]))
            for name, entry in entries.items()
            if entry.get("span_s")
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return {}  # what made the table tells nothing of it that can be used
    return {name: extent for name, extent in extents.items() if np.isfinite(extent).all()}


def _is_parquet(path: Path) -> bool:
    check_tables([path])
    with path.open("rb") as stream:
        return stream.read(4) == b"PAR1"


def _no_parquet(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: cannot be read as Parquet ({reason(error)}): {ADVICE}")


def _parquet_batches(file: pq.ParquetFile, path: Path, size: int) -> Iterator[pa.RecordBatch]:
    try:
        for batch in file.iter_batches(size):
            batch.validate(full=True)
            yield batch
    except Exception as error:
        raise _no_parquet(path, error) from error


class _Tail:
    """Remembers a stream's last eight bytes: Arrow takes one that breaks off between batches as whole."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.last = b""
        self.closed = False

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self.last = (self.last + data[-8:])[-8:]
        return data

    def readable(self) -> bool:
        return True


def _stream(name: str, stream: BinaryIO) -> Batches:
    watched = _Tail(stream)
    try:
        reader = pa.ipc.open_stream(watched)
        _ = reader.schema.names
    except Exception as error:
        raise _no_stream(name, error) from error
    return Batches(name, reader.schema, _stream_batches(name, reader, watched), None)


def _stream_batches(name: str, reader: pa.ipc.RecordBatchReader, watched: _Tail) -> Iterator[pa.RecordBatch]:
    count = 0
    try:
        for batch in reader:
            batch.validate(full=True)  # what it points at lies within it
            count += batch.num_rows
            yield batch
    except Exception as error:
        raise _no_stream(name, error) from error
    if watched.last != STREAM_END:
        raise InputError(f"{name}: the stream broke off after {count} rows: run 'wearcli embed' again")


def _no_stream(name: str, error: Exception) -> InputError:
    return InputError(
        f"{name}: neither Parquet nor a whole Arrow stream ({reason(error)}): "
        "pipe it from 'wearcli embed -o -'"
    )
