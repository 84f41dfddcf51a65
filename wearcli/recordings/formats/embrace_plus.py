"""Raw data of an Empatica EmbracePlus: an Avro file of half an hour, through fastavro (extra `physio`).

`rawData` holds a record a sensor with its own start (µs since 1970, UTC) and rate: accelerometer and
gyroscope as counts with the ranges that scale them, the light of the pulse (bvp) as numbers.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from wearcli.errors import InputError, reason
from wearcli.recordings.formats.format import Format
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table
from wearcli.recordings.tables.tabular import open_table

_SENSORS = {"acc": "accelerometer", "gyro": "gyroscope", "ppg": "bvp"}
_UNITS = {"acc": "g", "gyro": "deg/s", "ppg": None}


def open_embrace_plus(source: Source, reading: Reading, file_name: str) -> Recording:
    """Return the recording of one sensor.

    Raises:
        InputError: It cannot be read, is another kind of Avro file, or fastavro is not installed.
    """
    return open_table(source, _table(source.path, reading.modality, file_name), reading, file_name)


def _table(path: Path, modality: str, file_name: str) -> Table:
    sensor = _SENSORS[modality]
    document = _read_document(path, file_name)
    raw = document.get("rawData")
    if not isinstance(raw, dict):
        raise _other(file_name)
    record = raw.get(sensor) or {}
    try:
        keys = ["values"] if modality == "ppg" else ["x", "y", "z"]
        columns = [np.asarray(record[key], np.float32) for key in keys]
        rate_hz, start_us = float(record["samplingFrequency"]), int(record["timestampStart"])
        scale = 1.0 if modality == "ppg" else _scale(record)
        values = scale * np.stack(columns, axis=1)
        start = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=start_us)
    except (KeyError, TypeError, ValueError, OverflowError, ZeroDivisionError) as error:
        raise InputError(
            f"{file_name}: its {sensor} is not as expected ({reason(error)}): copy it again"
        ) from None
    if not len(values) or not rate_hz > 0:
        raise InputError(f"{file_name}: holds no samples of the {sensor}: is it the right file?")
    names = ["ppg"] if modality == "ppg" else [f"{modality}_{key}" for key in keys]

    def stream(_: int | None, channels: list[int]) -> Iterator[Batch]:
        for first in range(0, len(values), HEAD_ROWS):
            yield Batch(None, values[first : first + HEAD_ROWS, channels].astype(np.float32))

    return Table(
        [Column(name, "number", _UNITS[modality], rate_hz) for name in names],
        stream,
        rows=len(values),
        rate_hz=rate_hz,
        start=start,
        duration_s=len(values) / rate_hz,
        facts={"layout": "Empatica EmbracePlus"},
    )


def _other(file_name: str) -> InputError:
    return InputError(
        f"{file_name}: no raw data of an EmbracePlus, the one kind of Avro file that is read: export it "
        "as CSV"
    )


def _scale(record: dict[str, Any]) -> float:
    """What a count is multiplied by."""
    ranges = record["imuParams"]
    if "conversionFactor" in ranges:
        return float(ranges["conversionFactor"])
    counts = float(ranges["digitalMax"]) - float(ranges["digitalMin"])
    return (float(ranges["physicalMax"]) - float(ranges["physicalMin"])) / counts


def _read_document(path: Path, file_name: str) -> dict[str, Any]:
    try:
        import fastavro
    except ImportError:
        raise InputError(
            f"{file_name}: reading .avro files needs fastavro: pip install 'wearcli[physio]'"
        ) from None
    try:
        with path.open("rb") as stream:
            document = next(iter(fastavro.reader(stream)), None)
    except Exception as error:  # fastavro raises what its decoder comes upon
        raise InputError(f"{file_name}: not a readable Avro file ({reason(error)}): copy it again") from None
    if not isinstance(document, dict):
        raise _other(file_name)
    return document


FORMAT = Format(
    "embraceplus",
    "Empatica EmbracePlus (Avro)",
    (".avro",),
    read_recording=open_embrace_plus,
    modalities=tuple(_SENSORS),
)
