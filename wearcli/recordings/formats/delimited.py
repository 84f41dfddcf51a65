"""Rows of numbers between separators, plain or .gz, as a stream of batches."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv

from wearcli.errors import InputError, printable
from wearcli.recordings.formats.bombs import Unpacking
from wearcli.recordings.formats.damage import not_to_its_end
from wearcli.recordings.formats.layout import NULLS, Layout
from wearcli.recordings.formats.ragged import ByteStream, EvenRows
from wearcli.recordings.tables.table import Batch, to_numpy

_BLOCK_BYTES = 2**20
_TIME_TYPES = {
    "number": pa.float64(),
    "stamp": pa.timestamp("ns"),
    "zoned": pa.timestamp("ns", "UTC"),
    "clock": pa.time64("ns"),
    "text": pa.string(),
}


def open_bytes(path: Path) -> IO[bytes]:
    """Return the bytes of a file as a stream, unpacked on the way where its name ends in .gz."""
    plain = path.open("rb")  # Arrow opens no name that is not UTF-8
    if path.suffix.lower() != ".gz":
        return plain
    packed = path.stat().st_size
    return cast(IO[bytes], Unpacking(pa.input_stream(plain, compression="gzip"), packed, str(path)))


def read_numbers(
    stream: ByteStream,
    file_name: str,
    layout: Layout,
    time: int | None,
    channels: list[int],
    warnings: list[str],
) -> Iterator[Batch]:
    """Yield batches of the columns at these positions from a stream of bytes.

    Args:
        stream: The bytes.
        file_name: The file in messages.
        layout: How the text is laid out.
        time: Position of the time column, None for no time.
        channels: Positions of the channels.
        warnings: Gets a line where rows were left out.

    Raises:
        InputError: A cell is not what its column holds elsewhere, or the file is damaged.
    """
    names = [f"c{j}" for j in range(len(layout.columns))]
    types = {names[j]: pa.float32() for j in channels}
    date = None if time is None else layout.columns[time].date
    if time is not None:
        kind = "text" if date is not None else layout.columns[time].kind
        types[names[time]] = pa.int64() if time in layout.whole else _TIME_TYPES[kind]
    if date is not None:
        types[names[date]] = pa.string()
    odd = 0

    def skip(_: object) -> str:
        nonlocal odd
        odd += 1
        return "skip"

    try:
        reader = pa_csv.open_csv(
            EvenRows(stream, layout.delimiter, len(names), layout.encoding) if layout.ragged else stream,
            # Reading ahead in threads is no faster here, and without them an error tells its row.
            pa_csv.ReadOptions(
                use_threads=False,
                block_size=_BLOCK_BYTES,
                skip_rows=layout.skip,
                column_names=names,
                encoding="utf8" if layout.ragged else layout.encoding,
            ),
            pa_csv.ParseOptions(delimiter=layout.delimiter, invalid_row_handler=skip),
            pa_csv.ConvertOptions(
                include_columns=list(types),
                column_types=types,
                null_values=NULLS,
                strings_can_be_null=True,
                decimal_point=layout.decimal,
                check_utf8=False,
            ),
        )
        for batch in reader:
            values = np.empty((batch.num_rows, len(channels)), np.float32)
            for k, j in enumerate(channels):
                values[:, k] = to_numpy(batch.column(names[j]))
            stamps = None if time is None else batch.column(names[time])
            if date is not None:
                stamps = pc.binary_join_element_wise(batch.column(names[date]), stamps, " ")
            yield Batch(None if stamps is None else _stamps(stamps), values)
    except pa.ArrowInvalid as error:
        raise InputError(f"{file_name}: {_explain(str(error), layout)}") from None
    except UnicodeDecodeError as error:
        raise InputError(
            f"{file_name}: not valid {error.encoding} text ({error.reason}): save it as UTF-8"
        ) from None
    except OSError as error:
        raise not_to_its_end(file_name, error) from None
    message = f"{odd} rows with another number of columns were left out"
    if odd and message not in warnings:
        warnings.append(message)


def stream_numbers(
    path: Path, file_name: str, layout: Layout, time: int | None, channels: list[int], warnings: list[str]
) -> Iterator[Batch]:
    """Yield the columns at these positions from a file; notes on the way go to `warnings`."""
    try:
        stream = open_bytes(path)
    except OSError as error:
        raise not_to_its_end(file_name, error) from None
    with stream:
        yield from read_numbers(stream, file_name, layout, time, channels, warnings)


def _stamps(column: pa.Array) -> np.ndarray | pa.Array:
    if not pa.types.is_string(column.type):
        return to_numpy(column)
    column.validate(full=True)  # nobody has looked whether it is UTF-8
    return column


def _explain(message: str, layout: Layout) -> str:
    match = re.search(r"In CSV column #(\d+): (?:Row #(\d+): )?.*invalid value '(.*)'", message, re.DOTALL)
    if not match:
        width = re.search(r"Row #(\d+): Expected (\d+) columns, got (\d+)", message)
        if not width:
            return f"no table ({printable(message.splitlines()[0])[:120]}): mend or remove it"
        return f"row {width[1]} has {width[3]} columns instead of {width[2]}: mend or remove it"
    name, row = layout.columns[int(match[1])].name, f", row {match[2]}" if match[2] else ""
    cell = printable(match[3][:40])
    return f"column '{name}'{row}: '{cell}' is not what the column holds elsewhere: mend or remove it"
