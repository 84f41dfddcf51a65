"""NumPy .npz files, streamed from the archive: an array is never held whole."""

import threading
import tokenize
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.recordings.formats.bombs import open_member
from wearcli.recordings.formats.damage import not_readable, not_to_its_end
from wearcli.recordings.formats.format import Format
from wearcli.recordings.tables.table import ARCHIVE_ERRORS, HEAD_ROWS, Batch, Column, Kind, Table

RATE_KEYS = {
    "rate_hz",
    "rate",
    "fs",
    "sampling_rate",
    "sample_rate",
    "samplingrate",
    "sampling_frequency",
    "sfreq",
}
# An array's header is parsed as Python; SystemError: text with characters that there are not.
_UNREADABLE = (*ARCHIVE_ERRORS, SyntaxError, SystemError, tokenize.TokenError)
# The parser of Python up to 3.11.7 fails now and then where two threads use it at once (gh-106905).
_PARSER = threading.Lock()
_KINDS: dict[str, Kind] = {"M": "stamp", "m": "clock", **dict.fromkeys("biuf", "number")}
# Of an array with thousands of channels fewer rows are read at once.
_BATCH_BYTES = 2**26
_SCALAR_BYTES = 2**12
_TIME_STEPS = {(unit, 1) for unit in ("s", "ms", "us", "ns")}


@dataclass
class _Stored:
    """A column within an array of the archive.

    Attributes:
        key: Name of the array.
        dtype: Type of its items.
        offset: Number of items before the first one of the column.
        stride: Number of items from one sample to the next.
    """

    key: str
    dtype: np.dtype
    offset: int
    stride: int


def open_npz(path: Path, file_name: str) -> Table:
    """Return the arrays of one length in an archive as a table; scalars tell rate, start and unit.

    A two-dimensional array (samples, channels) or (channels, samples) gives one column a channel, with the
    names KEY_x, KEY_y, KEY_z where there are three.

    Raises:
        InputError: It cannot be read; while streaming too.
    """
    try:
        if not zipfile.is_zipfile(path):
            raise InputError(f"{file_name}: not a readable .npz file (no zip archive): copy it again")
        with _PARSER, np.load(path, allow_pickle=False) as archive:
            scalars: dict[str, Any] = {}
            shapes: dict[str, tuple[tuple[int, ...], bool, np.dtype]] = {}
            for key in archive.files:
                header = _header(archive, key)
                if header is None:
                    continue
                if header[2].hasobject:
                    raise InputError(f"{file_name}: array '{key}' holds Python objects: save plain numbers")
                if header[0] in ((), (1,)) and header[2].itemsize <= _SCALAR_BYTES:
                    scalars[key] = archive[key].reshape(()).item()
                elif len(header[0]) in (1, 2):
                    shapes[key] = header
    except _UNREADABLE as error:
        raise not_readable(file_name, ".npz file", error) from None
    if not shapes:
        raise InputError(f"{file_name}: no arrays of samples: save time (n,) and acc (n, 3), for one")
    rows = max(max(shape) for shape, _, _ in shapes.values())
    columns: list[Column] = []
    stored: list[_Stored] = []
    for key, (shape, fortran, dtype) in shapes.items():
        for column, store in _array_columns(key, shape, fortran, dtype, rows):
            columns.append(column)
            stored.append(store)
    rate = next((float(v) for k, v in scalars.items() if k.lower() in RATE_KEYS and _is_number(v)), None)
    unit = next((str(v) for k, v in scalars.items() if k.lower() in ("unit", "units")), None)
    start = next((v for k, v in scalars.items() if k.lower() in ("start", "start_time")), None)
    return Table(
        columns,
        lambda time, channels: _stream(path, file_name, stored, rows, time, channels),
        rows=rows,
        rate_hz=rate,
        start=_start(start),
        unit=unit,
        unit_how="stated in the file" if unit else None,
    )


def _header(archive: np.lib.npyio.NpzFile, key: str) -> tuple[tuple[int, ...], bool, np.dtype] | None:
    assert archive.zip is not None  # open within the with-block of the caller
    with _member(archive.zip, key) as stream:
        return _read_header(stream)


def _member(archive: zipfile.ZipFile, key: str) -> IO[bytes]:
    name = f"{key}.npy" if f"{key}.npy" in archive.NameToInfo else key
    return open_member(archive, name, str(archive.filename))


def _read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype] | None:
    try:
        version = np.lib.format.read_magic(stream)
    except ValueError:
        return None  # another file within the archive
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(stream)


def _array_columns(
    key: str, shape: tuple[int, ...], fortran: bool, dtype: np.dtype, rows: int
) -> Iterator[tuple[Column, _Stored]]:
    kind: Kind = _KINDS.get(dtype.kind, "text")
    if shape == (rows,):
        yield Column(key, kind), _Stored(key, dtype, 0, 1)
        return
    if len(shape) != 2 or rows not in shape or (shape[0] == shape[1] and rows > 1):
        return
    # Channels lie side by side in (samples, channels), one after the other in its transpose.
    by_row = (shape[0] == rows) != fortran
    channels = shape[1] if shape[0] == rows else shape[0]
    names = [str(k + 1) for k in range(channels)] if channels != 3 else ["x", "y", "z"]
    for k, name in enumerate(names):
        label = key if channels == 1 else name if key.lower() in ("x", "y", "z") else f"{key}_{name}"
        yield Column(label, kind), _Stored(key, dtype, k if by_row else k * rows, channels if by_row else 1)


def _stream(
    path: Path, file_name: str, stored: list[_Stored], rows: int, time: int | None, channels: list[int]
) -> Iterator[Batch]:
    try:
        with zipfile.ZipFile(path) as archive:
            times = [] if time is None else [time]
            read_time = _reader(archive, stored[time]) if time is not None else None
            # Neighbours in one array come from one pass over it.
            shared = (
                len({(stored[j].key, stored[j].stride) for j in channels}) == 1
                and stored[channels[0]].stride > 1
            )
            readers = [_reader(archive, stored[j]) for j in (channels[:1] if shared else channels)]
            widest = max(stored[j].stride * stored[j].dtype.itemsize for j in [*channels, *times])
            step = max(1, min(HEAD_ROWS, _BATCH_BYTES // max(1, widest)))
            for first in range(0, rows, step):
                count = min(step, rows - first)
                stamps = None if read_time is None else _stamps(read_time(count)[:, 0])
                values = np.empty((count, len(channels)), np.float32)
                with np.errstate(over="ignore"):  # beyond float32: infinite, and so a missing sample
                    if shared:
                        values[:] = readers[0](count)[:, [stored[j].offset for j in channels]]
                    else:
                        for k, (j, read) in enumerate(zip(channels, readers, strict=True)):
                            values[:, k] = read(count)[:, stored[j].offset % stored[j].stride]
                yield Batch(stamps, values)
    except _UNREADABLE as error:
        raise not_to_its_end(file_name, error) from None


def _reader(archive: zipfile.ZipFile, stored: _Stored) -> Callable[[int], np.ndarray]:
    """Return a function that reads the next `count` samples as (count, stride)."""
    stream = _member(archive, stored.key)
    with _PARSER:
        _read_header(stream)
    size = stored.dtype.itemsize
    skip = stored.offset * size if stored.stride == 1 else 0
    while skip > 0:
        passed = len(stream.read(min(skip, 2**20)))
        if passed == 0:
            raise EOFError(f"array '{stored.key}' ends too early")
        skip -= passed

    def read(count: int) -> np.ndarray:
        data = stream.read(count * stored.stride * size)
        if len(data) < count * stored.stride * size:
            raise EOFError(f"array '{stored.key}' ends too early")
        return np.frombuffer(data, stored.dtype).reshape(count, stored.stride)

    return read


def _stamps(stamps: np.ndarray) -> np.ndarray | pa.Array:
    if stamps.dtype.kind in "US":
        return pa.array(stamps.astype(str).tolist())
    if stamps.dtype.kind in "Mm" and np.datetime_data(stamps.dtype) not in _TIME_STEPS:
        return stamps.astype(f"{stamps.dtype.kind}8[us]")
    return stamps


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _start(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value
    if isinstance(value, str):
        try:
            return datetime.fromisoformat(value)
        except ValueError:
            return None
    return None


FORMAT = Format("npz", "NPZ", (".npz",), open_npz)
