"""Axivity .cwa, GENEActiv .bin and ActiGraph .gt3x files, plain or .gz, through actfast.

actfast holds a whole file (a week at 100 Hz: some 2.4 GB); its arrays are handed on in slices, converted
slice by slice, and let go as soon as they have been streamed.
"""

import gzip
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.table import HEAD_ROWS

_NAMES = {"cwa": "Axivity .cwa", "bin": "GENEActiv .bin", "gt3x": "ActiGraph .gt3x"}
# The column of actfast that holds a signal, in the unit of the signal's record. AX3 have no gyroscope.
SIGNALS: dict[str, dict[str, str]] = {
    "cwa": {"acc": "acceleration", "gyro": "gyroscope"},
    "bin": {"acc": "acceleration"},
    "gt3x": {"acc": "acceleration"},
}
_CWA_BLOCK, _CWA_HEADER = 512, 1024
_GENEACTIV_PAGE = 300  # samples


class _Read(NamedTuple):
    time_ns: np.ndarray  # (samples,) int64, since 1970
    values: np.ndarray  # (samples, 3) float32, in the signal's unit
    metadata: dict[str, dict[str, str]]
    warnings: list[str]


def open_device(source: Source, modality: Modality, where: str) -> Recording:
    """Open a device file; damage and truncation become warnings as long as some of it can be used.

    Raises InputError where nothing can, for a signal that such files do not hold, and without actfast.
    """
    signal = MODALITIES[modality]
    held = SIGNALS[source.format]
    if modality not in held:
        titles = " and ".join(MODALITIES[name].title for name in held)
        raise InputError(f"{where}: {_NAMES[source.format]} files hold {titles} only, no {modality}")
    data = _read(source, modality, where)
    head = (data.time_ns[:HEAD_ROWS] - data.time_ns[0]) / 1e9
    nominal, measured = _rate(data.metadata), measure_rate(head)
    rate = measured if np.isfinite(measured) else nominal
    if rate is None:
        raise InputError(f"{where}: its time does not move, and it says no rate: is the file damaged?")
    facts = {
        f"{part} {key}": value for part, entries in data.metadata.items() for key, value in entries.items()
    }
    start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(data.time_ns[0]) // 1000)
    limit, warnings = _range(data.metadata) if signal.clipping else None, data.warnings
    duration_s = float(data.time_ns[-1] - data.time_ns[0]) / 1e9
    pending = [data]
    del data, head

    def stream() -> Iterator[Chunk]:
        return _chunks(pending.pop() if pending else _read(source, modality, where))

    return Recording(
        source,
        modality,
        signal.channels,
        rate,
        nominal,
        signal.unit,
        f"{signal.unit}, device format",
        start,
        stream,
        limit,
        duration_s,
        warnings,
        {
            "format": source.format,
            "time": "device clock, no zone: taken as UTC",
            "device": {key: text for key, value in facts.items() if (text := value.strip(" \0"))},
        },
    )


def _chunks(data: _Read) -> Iterator[Chunk]:
    first = data.time_ns[0]
    for at in range(0, len(data.time_ns), HEAD_ROWS):
        part = slice(at, at + HEAD_ROWS)
        # A copy: a view would keep the whole array alive with whoever holds a chunk.
        yield Chunk((data.time_ns[part] - first) / 1e9, data.values[part].copy())


def _read(source: Source, modality: Modality, where: str) -> _Read:
    try:
        import actfast
    except ImportError:
        raise InputError(
            f"{where}: reading {_NAMES[source.format]} files needs actfast: pip install 'wearcli[devices]'"
        ) from None
    with tempfile.TemporaryDirectory(prefix="wearcli-") as scratch:
        try:
            path, warnings = _unpacked(source.path, Path(scratch), where)
            _check_head(path, source.format, where)
            found: Any
            try:
                found = actfast.read(str(path), lenient=True)
            except ValueError as error:
                if source.format != "bin" or "UTF-8" not in str(error):
                    raise
                found = actfast.read(str(_ascii_copy(path, Path(scratch))), lenient=True)
            if source.format == "cwa":
                warnings += _check_cwa(path)
        except (ValueError, OSError) as error:
            raise InputError(
                f"{where}: not a readable {_NAMES[source.format]} file ({_short(error)})"
            ) from None
    metadata, tables = found["metadata"], found.pop("timeseries")
    if damage := [str(text) for text in found["warnings"]]:
        warnings.append(f"{len(damage)} damaged parts were left out (the first: {damage[0].splitlines()[0]})")
    if source.format == "bin":
        warnings += _check_geneactiv(metadata, tables)
    samples = next((table for table in tables.values() if "acceleration" in table), None)
    if samples is None or len(samples["datetime"]) == 0:
        raise InputError(f"{where}: holds no samples: is the file cut off?")
    column = SIGNALS[source.format][modality]
    if column not in samples:
        raise InputError(f"{where}: holds no {MODALITIES[modality].title}: this device has no {column}")
    return _Read(samples["datetime"], samples[column], metadata, warnings)


def _unpacked(path: Path, scratch: Path, where: str) -> tuple[Path, list[str]]:
    """The file itself, or its .gz unpacked into `scratch`; and what was wrong with the .gz."""
    if path.suffix.lower() != ".gz":
        return path, []
    warnings: list[str] = []
    plain = scratch / path.with_suffix("").name
    with plain.open("wb") as target:
        try:
            with gzip.open(path) as packed:
                while data := packed.read1(2**16):  # read() would throw away what precedes the damage
                    target.write(data)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            warnings.append(f"the .gz is cut off or damaged ({error}): what came before is used")
    if warnings and plain.stat().st_size == 0:
        raise InputError(f"{where}: the .gz cannot be unpacked: is the file whole?")
    return plain, warnings


def _ascii_copy(path: Path, scratch: Path) -> Path:
    """The file with "?" for what is not ASCII, such as accents in its notes: actfast takes UTF-8 only."""
    table = bytes(range(128)) + b"?" * 128
    copy = scratch / "ascii.bin"
    with path.open("rb") as source, copy.open("wb") as target:
        while data := source.read(2**20):
            target.write(data.translate(table))
    return copy


def _check_head(path: Path, kind: str, where: str) -> None:
    """Raise InputError for what is plainly not such a file, in words that a user can act on."""
    if path.stat().st_size == 0:
        raise InputError(f"{where}: the file is empty")
    with path.open("rb") as stream:
        head = stream.read(64)
    if kind == "cwa" and head[:2] != b"MD":
        raise InputError(f"{where}: not an Axivity .cwa file: it does not begin with its header")
    if kind == "bin" and b"Device Identity" not in head:
        raise InputError(f"{where}: not a GENEActiv .bin file: it does not begin with 'Device Identity'")
    if kind == "gt3x" and head[:2] != b"PK":
        raise InputError(f"{where}: not an ActiGraph .gt3x file: it is no zip archive")
    if kind == "gt3x" and not zipfile.is_zipfile(path):
        raise InputError(f"{where}: the .gt3x is cut off (its zip archive is not closed): copy it again")


def _check_cwa(path: Path) -> list[str]:
    """What size and block sequence say about missing parts of a .cwa file."""
    size = path.stat().st_size
    warnings = []
    if size % _CWA_BLOCK:
        warnings.append("the file is cut off within a block: its end is missing")
    missing = restarts = 0
    last: int | None = None
    with path.open("rb") as stream:
        stream.seek(_CWA_HEADER)
        while data := stream.read(_CWA_BLOCK * 2**14):
            blocks = np.frombuffer(data[: len(data) // _CWA_BLOCK * _CWA_BLOCK], np.uint8).reshape(
                -1, _CWA_BLOCK
            )
            blocks = blocks[(blocks[:, 0] == ord("A")) & (blocks[:, 1] == ord("X"))]
            # Bytes 10-13 of a block are its sequence number (openmovement, cwa.h).
            sequence = np.ascontiguousarray(blocks[:, 10:14]).view("<u4")[:, 0].astype(np.int64)
            if len(sequence) == 0:
                continue
            steps = np.diff(sequence, prepend=sequence[0] - 1 if last is None else last)
            restarts += int(np.count_nonzero(steps < 1))
            missing += int((steps[steps > 1] - 1).sum())
            last = int(sequence[-1])
    if missing:
        warnings.append(f"{missing} blocks are missing from the sequence")
    if restarts:
        warnings.append(f"the sequence of blocks restarts {restarts} times")
    return warnings


def _check_geneactiv(metadata: dict[str, dict[str, str]], tables: dict[str, Any]) -> list[str]:
    said = re.search(r"\d+", metadata.get("Memory Status", {}).get("Number of Pages", ""))
    pages = len(tables.get("low_frequency", {}).get("datetime", ()))
    samples = len(tables.get("high_frequency", {}).get("datetime", ()))
    if said and pages < int(said[0]):
        return [f"the file is cut off: {pages} of {int(said[0])} pages are there"]
    if samples < pages * _GENEACTIV_PAGE:
        return [f"the file is cut off or damaged: {samples} of {pages * _GENEACTIV_PAGE} samples are there"]
    return []


def _rate(metadata: dict[str, dict[str, str]]) -> float | None:
    for key in ("sample_rate_hz", "Measurement Frequency", "Sample Rate"):
        if (number := _number(metadata, key)) is not None:
            return number
    return None


def _range(metadata: dict[str, dict[str, str]]) -> float | None:
    for key in ("accelerometer_range_g", "Acceleration Max", "Accelerometer Range"):
        if (number := _number(metadata, key)) is not None:
            return number
    return None


def _number(metadata: dict[str, dict[str, str]], key: str) -> float | None:
    """The last positive number of an entry: of "-8 to 8" the 8, of "60 Hz" the 60."""
    for entries in metadata.values():
        numbers = re.findall(r"\d+(?:\.\d+)?", entries.get(key, ""))
        if numbers and float(numbers[-1]) > 0:
            return float(numbers[-1])
    return None


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
