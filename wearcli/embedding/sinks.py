"""Writers of the embeddings table: Parquet, Arrow stream, JSON lines; whole or not at all."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.table import RECORDINGS_KEY
from wearcli.errors import UsageError
from wearcli.files import atomic_file

Format = Literal["parquet", "arrow", "jsonl"]
SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".jsonl": "jsonl",
}
ROW_GROUP = 32_768  # rows; some 145 MB in memory
_BLOCK = 1024  # rows; they fill a row group


def table_format(target: Path | None, form: Format | None) -> Format:
    """Return the format of an output: as given, else by its suffix; Arrow on stdout.

    Raises:
        UsageError: No format has the suffix, or another one than the given.
    """
    if target is None:
        return form or "arrow"
    by_suffix = SUFFIXES.get(target.suffix.lower())
    if form is None and by_suffix is None:
        raise UsageError(f"{target}: no format has this suffix: use {', '.join(SUFFIXES)}, or --format")
    if form is not None and by_suffix not in (None, form):
        raise UsageError(f"{target}: the suffix says {by_suffix}, --format {form}: change one of them")
    return form or by_suffix or "parquet"


class Sink(Protocol):
    """A writer of the table."""

    def write(self, table: pa.Table) -> None:
        """Append rows."""

    def close(self, recordings: Mapping[str, Any]) -> None:
        """End the table; `recordings` is what it notes of each recording, see `reuse.RecordingRows`."""


class _ParquetSink:
    def __init__(self, path: Path, table_schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(
            path,
            table_schema,
            compression="zstd",
            # Dictionaries and statistics of floats cost time and save nothing.
            use_dictionary=["recording", "participant", "placement"],
            write_statistics=["recording", "participant", "onset"],
            store_schema=True,
            write_page_checksum=True,  # a flipped bit is seen when the table is read
        )

        # Short recordings share a row group: one each would make the footer larger than the data.
        self._pieces: list[pa.Table] = []
        self._blocks: list[pa.Table] = []
        self._rows = 0  # in the pieces

    def write(self, table: pa.Table) -> None:
        self._pieces.append(table)
        self._rows += table.num_rows
        while self._rows >= _BLOCK:
            self._cut(_BLOCK)
            if len(self._blocks) * _BLOCK == ROW_GROUP:
                self._flush()

    def _cut(self, count: int) -> None:
        """Make one block of so many rows: then the file's bytes do not depend on how the rows came."""
        pieces = pa.concat_tables(self._pieces)
        self._blocks.append(pieces.slice(0, count).combine_chunks())
        self._pieces, self._rows = [pieces.slice(count)], self._rows - count

    def _flush(self) -> None:
        if self._blocks:
            self._writer.write_table(pa.concat_tables(self._blocks), row_group_size=ROW_GROUP)
        self._blocks = []

    def close(self, recordings: Mapping[str, Any]) -> None:
        if self._rows:
            self._cut(self._rows)
        self._flush()
        # Not in the schema's metadata, which stands before the first recording is read.
        self._writer.add_key_value_metadata({RECORDINGS_KEY: json.dumps(recordings, sort_keys=True).encode()})
        self._writer.close()


class _ArrowSink:
    def __init__(self, target: BinaryIO | Path, table_schema: pa.Schema) -> None:
        self._file = target.open("wb") if isinstance(target, Path) else None
        self._writer = pa.ipc.new_stream(self._file or target, table_schema)

    def write(self, table: pa.Table) -> None:
        self._writer.write_table(table)

    def close(self, recordings: Mapping[str, Any]) -> None:
        self._writer.close()
        if self._file:
            self._file.close()


class _JsonlSink:
    def __init__(self, target: BinaryIO | Path) -> None:
        self._own = isinstance(target, Path)
        self._stream = target.open("wb") if isinstance(target, Path) else target

    def write(self, table: pa.Table) -> None:
        for batch in table.to_batches(max_chunksize=1024):
            for row in batch.to_pylist():
                if row["start"] is not None:
                    row["start"] = row["start"].isoformat()
                self._stream.write(json.dumps(row).encode() + b"\n")

    def close(self, recordings: Mapping[str, Any]) -> None:
        self._stream.close() if self._own else self._stream.flush()


@contextmanager
def open_sink(output: Path | None, form: Format, table_schema: pa.Schema) -> Iterator[Sink]:
    """A sink that writes `output` whole or not at all; None streams to stdout (arrow or jsonl)."""
    if output is None:
        if form == "parquet":
            raise UsageError("Parquet cannot be streamed: use -o FILE, or --format arrow with -o -")
        stream = sys.stdout.buffer
        yield _JsonlSink(stream) if form == "jsonl" else _ArrowSink(stream, table_schema)
        stream.flush()
        return
    with atomic_file(output) as path:
        if form == "parquet":
            yield _ParquetSink(path, table_schema)
        else:
            yield _JsonlSink(path) if form == "jsonl" else _ArrowSink(path, table_schema)
