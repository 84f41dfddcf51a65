"""All samples of a device file, through actfast: the one place that knows it."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from wearcli.errors import InputError

# What actfast calls the values of a signal.
_COLUMNS = {"acc": "acceleration", "gyro": "gyroscope"}
Tables = dict[str, dict[str, np.ndarray]]


def read_tables(path: Path, ascii_only: bool = False) -> tuple[Tables, list[str]]:
    """Return the tables of a device file by name, and what of it is damaged, one line each.

    Args:
        path: The file, not packed.
        ascii_only: Whether to read "?" for what is not ASCII, such as accents in notes: actfast takes UTF-8.

    Raises:
        ValueError, OSError: actfast cannot read the file.
    """
    import actfast

    document: Any
    try:
        document = actfast.read(str(path), lenient=True)
    except ValueError as error:
        if not ascii_only or "UTF-8" not in str(error):
            raise
        with TemporaryDirectory(prefix="wearcli-") as scratch:
            document = actfast.read(str(_ascii_copy(path, Path(scratch))), lenient=True)
    damage = [str(text).splitlines()[0] for text in document["warnings"]]
    warnings = [f"{len(damage)} damaged parts were left out (the first: {damage[0]})"] if damage else []
    return document["timeseries"], warnings


def signal_columns(tables: Tables, modality: str, file_name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the times (samples,) int64 ns and the values (samples, channels) float32 of a signal.

    Raises:
        InputError: There are no samples of it.
    """
    column = _COLUMNS[modality]
    table = next((table for table in tables.values() if column in table), None)
    if table is None or len(table["datetime"]) == 0:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    return table["datetime"], table[column]


def _ascii_copy(path: Path, scratch: Path) -> Path:
    table = bytes(range(128)) + b"?" * 128
    copy = scratch / "ascii.bin"
    with path.open("rb") as source, copy.open("wb") as target:
        while data := source.read(2**20):
            target.write(data.translate(table))
    return copy
