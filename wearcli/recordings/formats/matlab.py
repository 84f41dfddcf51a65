"""MATLAB .mat files up to version 7.2: arrays of one length as columns, through scipy.

An array (samples, 3) or (3, samples) called acc gives acc_x, acc_y and acc_z; one of another width numbers
its columns: acc_1, acc_2 and so on. A scalar called fs, rate or the like is the rate. The fields of a struct
count as arrays. A file is read whole, as scipy does it.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from wearcli.errors import InputError, reason
from wearcli.recordings.formats.bombs import HARMLESS_BYTES, MOST_RATIO, check_ratio
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.format import Format
from wearcli.recordings.formats.matlab_elements import check_elements
from wearcli.recordings.formats.npz import RATE_KEYS
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table

_HDF5 = b"\x89HDF\r\n\x1a\n"


def open_matlab(path: Path, file_name: str) -> Table:
    """Return the arrays of one length as a table.

    Raises:
        InputError: It cannot be read, or holds no such arrays.
    """
    arrays = _read_arrays(path, file_name)
    tall = [array for array in arrays.values() if array.ndim == 2 and array.size > 1]
    if not tall:
        raise InputError(f"{file_name}: no arrays of numbers: a recording has one row a sample")
    rows = max(max(array.shape) for array in tall)
    columns: dict[str, np.ndarray] = {}
    for name, array in arrays.items():
        if array.ndim == 2 and rows in array.shape and array.size > 1:
            columns |= _channels(name, array if array.shape[0] == rows else array.T)
    scalars = {name.rsplit(".", 1)[-1].lower(): array for name, array in arrays.items() if array.size == 1}
    rates = [float(scalars[key].item()) for key in sorted(RATE_KEYS & scalars.keys())]
    values = list(columns.values())
    return Table(
        [Column(name, "number") for name in columns],
        lambda time, channels: _stream(values, time, channels),
        rows=rows,
        rate_hz=next((rate for rate in rates if np.isfinite(rate) and rate > 0), None),
    )


def _channels(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
    """The columns of (samples, channels) by their names."""
    width = array.shape[1]
    if width == 1:
        return {name: array[:, 0]}
    ends = "xyz" if width == 3 else [str(j + 1) for j in range(width)]
    return {f"{name}_{end}": array[:, j] for j, end in enumerate(ends)}


def _read_arrays(path: Path, file_name: str) -> dict[str, np.ndarray]:
    """The arrays of real numbers, the fields of structs as NAME.FIELD."""
    from scipy.io import loadmat, whosmat

    try:
        data = path.read_bytes()
        if _HDF5 in data[:1024] or data[:10] == b"MATLAB 7.3":
            raise InputError(
                f"{file_name}: is of MATLAB 7.3 (HDF5), which is not read: save it with -v7, or export it as "
                "CSV"
            )
        check_elements(data, max(HARMLESS_BYTES, MOST_RATIO * len(data)))
        del data
        cells = sum(int(np.prod(shape, dtype=np.float64)) for _, shape, _ in whosmat(path, appendmat=False))
        check_ratio(8 * cells, path.stat().st_size, file_name)
        content: Mapping[str, object] = loadmat(path, appendmat=False)
    except InputError:
        raise
    except OSError as error:
        raise not_readable(file_name, ".mat file", error) from None
    except Exception as error:  # scipy raises what its decoder comes upon
        raise InputError(f"{file_name}: not a readable .mat file ({reason(error)}): copy it again") from None
    arrays: dict[str, np.ndarray] = {}
    for name, value in content.items():
        if name.startswith("__") or not isinstance(value, np.ndarray):
            continue
        if value.dtype.names and value.size == 1:
            fields = {f"{name}.{field}": value[field].item() for field in value.dtype.names}
        else:
            fields = {name: value}
        arrays |= {
            field: array
            for field, array in fields.items()
            if isinstance(array, np.ndarray) and array.dtype.kind in "iuf" and array.ndim <= 2
        }
    return arrays


def _stream(values: list[np.ndarray], time: int | None, channels: list[int]) -> Iterator[Batch]:
    for first in range(0, len(values[channels[0]]), HEAD_ROWS):
        part = slice(first, first + HEAD_ROWS)
        signal = np.stack([values[j][part].astype(np.float32) for j in channels], axis=1)
        yield Batch(None if time is None else values[time][part], signal)


FORMAT = Format("mat", "MATLAB", (".mat",), open_matlab)
