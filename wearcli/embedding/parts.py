"""The rows of a folder of parts, one part after the other; memory stays flat."""

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.manifest import ADVICE, Part, PartsTable
from wearcli.errors import InputError, reason


def part_batches(table: PartsTable, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
    """Yield the rows of all parts in order.

    Args:
        table: The folder of parts.
        schema: The columns that each part has to have, and the metadata of the whole table.
        size: Rows a batch, at most.

    Raises:
        InputError: A part is damaged.
    """
    for path, part in table.parts:
        yield from _batches(path, part, schema, size)


def dimension(table: PartsTable, folder: Path) -> int:
    """Return how many numbers an embedding has.

    Raises:
        InputError: There is no part, or the first one is damaged.
    """
    if not table.parts:
        raise InputError(f"{folder}: none of its recordings could be embedded: see its shard-*.json")
    path, part = table.parts[0]
    with _opened(path, part) as file:
        try:
            return int(file.schema_arrow.field("embedding").type.list_size)
        except (KeyError, AttributeError) as error:
            raise _damaged(path, error) from error


def _opened(path: Path, part: Part) -> pq.ParquetFile:
    try:
        # A buffer before reading would hold the whole file.
        file = pq.ParquetFile(path, pre_buffer=False, page_checksum_verification=True)
        if file.metadata.num_rows != part.rows:
            raise ValueError(f"{file.metadata.num_rows} rows, not {part.rows}")
    except Exception as error:  # whatever damage makes the library raise
        raise _damaged(path, error) from error
    return file


def _batches(path: Path, part: Part, schema: pa.Schema, size: int) -> Iterator[pa.RecordBatch]:
    with _opened(path, part) as file:
        try:
            if not file.schema_arrow.equals(schema):
                raise ValueError("other columns than the model's")
            for batch in file.iter_batches(size):
                batch.validate(full=True)
                yield pa.RecordBatch.from_arrays(batch.columns, schema=schema)
        except Exception as error:
            raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    return InputError(f"{path}: the part is damaged ({reason(error)}): remove it, and {ADVICE}")
