"""Motion of a BIDS dataset: rows without a header, whose columns and rate stand in files beside.

Motion-BIDS (Jeung et al., Sci Data 2024): `*_motion.tsv` holds the samples, `*_channels.tsv` a row a column,
`*_motion.json` the rate, and the `*_scans.tsv` of the session the start. A JSON file higher up holds for all
files below it whose name has its entities.
"""

import json
from datetime import datetime
from pathlib import Path

import pandas as pd

from wearcli.errors import InputError
from wearcli.recordings.formats.csv import open_rows
from wearcli.recordings.formats.format import Format
from wearcli.recordings.tables.table import Column, Table

_SUFFIX = "_motion.tsv"
_LEVELS = 4  # motion, session, subject, dataset
_LATENCY_UNITS = {"": "s", "s": "s", "ms": "ms", "us": "us", "µs": "us", "ns": "ns"}
# What the types of channels.tsv are in words that tell a signal; every other type is none that is read.
_WORDS = {"ACCEL": "acc", "GYRO": "gyro", "MAGN": "magn", "POS": "position", "LATENCY": "time"}


def open_bids_motion(path: Path, file_name: str) -> Table:
    """Return the samples as a table with the columns that channels.tsv names.

    Raises:
        InputError: It cannot be read, while streaming too, or channels.tsv does not fit it.
    """
    table = open_rows(path, file_name)
    stem = path.name.lower().removesuffix(".gz").removesuffix(_SUFFIX)
    stem = path.name[: len(stem)]
    channels = _read_tsv(path.parent / f"{stem}_channels.tsv", file_name)
    if channels is not None:
        if len(channels) != len(table.columns):
            raise InputError(
                f"{file_name}: has {len(table.columns)} columns, and its channels.tsv names {len(channels)}: "
                "is it the right file?"
            )
        rows = [dict(zip(channels.columns, row, strict=True)) for row in channels.itertuples(index=False)]
        table.columns = [_named(column, row) for column, row in zip(table.columns, rows, strict=True)]
        table.named = True
        table.warnings.clear()
    rate = _inherited(path, stem).get("SamplingFrequency")
    if isinstance(rate, int | float) and not isinstance(rate, bool) and rate > 0:
        table.rate_hz = float(rate)
    table.start = _scan_start(path) or table.start
    return table


def _named(column: Column, row: dict[str, str]) -> Column:
    """A column with the name and unit of its row in channels.tsv."""
    name, kind = row.get("name", ""), row.get("type", "").upper()
    unit = "" if row.get("units", "n/a") == "n/a" else row["units"]
    axis = row.get("component", "").lower()
    if kind == "LATENCY":
        return column._replace(name="time", unit=_LATENCY_UNITS.get(unit.lower()))
    word = _WORDS.get(kind)
    if word is None or axis not in ("x", "y", "z"):
        return column._replace(name=f"{kind.lower()} {name}".strip(), unit=unit or None)
    point = row.get("tracked_point", "n/a")
    place = "" if point in ("n/a", "") else f"{point}_"
    return column._replace(name=f"{place}{word}_{axis}", unit=unit or None)


def _read_tsv(path: Path, file_name: str) -> pd.DataFrame | None:
    """A table beside the samples, all cells as text; None where it is not there."""
    if not path.is_file():
        return None
    try:
        table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    except (OSError, ValueError) as error:
        raise InputError(f"{file_name}: {path.name} beside it cannot be read ({error})") from None
    return table.rename(columns=str.lower)


def _inherited(path: Path, stem: str) -> dict[str, object]:
    """What the JSON files for this one say, the nearest last."""
    entities = set(stem.split("_"))
    document: dict[str, object] = {}
    for folder in reversed(list(path.parents)[:_LEVELS]):
        for file in sorted(folder.glob("*motion.json")):
            if set(file.name.removesuffix("motion.json").rstrip("_").split("_")) - {""} <= entities:
                try:
                    level = json.loads(file.read_text())
                except (OSError, ValueError, RecursionError):
                    continue
                document |= level if isinstance(level, dict) else {}
    return document


def _scan_start(path: Path) -> datetime | None:
    """The acquisition time of the file in the scans.tsv of its session or subject."""
    for folder in list(path.parents)[1:3]:
        for file in sorted(folder.glob("*_scans.tsv")):
            scans = _read_tsv(file, str(file))
            if scans is None or not {"filename", "acq_time"} <= set(scans.columns):
                continue
            name = path.relative_to(folder).as_posix()
            times = scans.loc[scans["filename"] == name, "acq_time"].tolist()
            try:
                return datetime.fromisoformat(times[0])
            except (IndexError, ValueError):
                continue
    return None


FORMAT = Format("bids-motion", "BIDS motion", (_SUFFIX,), open_bids_motion, gzip=True)
