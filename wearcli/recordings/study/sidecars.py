"""The tables beside recordings: recordings.csv, participants, labels and other targets, BIDS events."""

import csv
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wearcli.errors import InputError
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.text_tables import first_line, read_frame, read_rows, separator

if TYPE_CHECKING:
    import pandas as pd

_EVENTS = "_events"
# Tables of the BIDS standard that hold no signal.
_BIDS_TABLES = ("_channels", "_scans", "_sessions", "_electrodes", "_coordsystem", "_optodes", "samples")


class Entry(NamedTuple):
    """A row of recordings.csv; what it leaves empty is None.

    Attributes:
        reading: How this one file is read, where the row says it.
    """

    recording: str
    file: Path | None
    participant: str | None
    placement: str | None
    rate_hz: float | None
    start: datetime | None
    reading: Reading | None = None


def sidecar_name(path: Path) -> str | None:
    """Return what a .csv or .tsv is: recordings, participants, labels, gait, ...; None for a signal.

    A table with the columns `recording` (or `participant`) and `onset` (or `start` and `stop`) is a target
    table under its file's name; BIDS events are labels; "" stands for a table that is of no use here.
    """
    name = path.name.lower().removesuffix(".gz")
    stem = name.rsplit(".", 1)[0]
    if stem in ("recordings", "participants", "labels", "gait", "heart"):
        return stem
    if name.endswith(".tsv") and stem.endswith(_EVENTS):
        return "labels"
    if name.endswith(".tsv") and stem.endswith(_BIDS_TABLES):
        return ""
    header = _header(path)
    if {"recording", "participant"} & {*header} and ("onset" in header or {"start", "stop"} <= {*header}):
        return stem
    return "" if header[:1] in (["participant"], ["participant_id"]) else None


def read_recordings_table(path: Path) -> list[Entry]:
    """Return the rows of a recordings.csv; `file` is relative to the folder of the table.

    Raises:
        InputError: A row has neither recording nor file, or a cell cannot be read.
    """
    entries = []
    for line, row in enumerate(read_rows(path), start=2):
        file = row.get("file")
        if not file and not row.get("recording"):
            raise InputError(f"{path}: line {line} has neither recording nor file: fill in one of them")
        entries.append(
            Entry(
                row.get("recording") or Path(str(file)).name.split(".")[0],
                path.parent / str(file).replace("\\", "/") if file else None,
                row.get("participant"),
                row.get("placement"),
                _positive(row.get("rate_hz"), f"{path}: line {line}: rate_hz"),
                _moment(row.get("start"), f"{path}: line {line}: start"),
                _reading(row),
            )
        )
    return entries


def read_target_table(path: Path, recordings: Iterable[str] = (), other_keys: bool = False) -> "pd.DataFrame":
    """Return a target table: recording (text), onset and duration (float64 s), and one column a target.

    BIDS `*_events.tsv` are read as the same: trial_type becomes label. Where no column names the recording,
    it is the one with the file's name before `_events`, else those that begin with it, else that name itself.

    Args:
        path: The table.
        recordings: Names of the recordings that events may belong to.
        other_keys: Whether participant may stand for recording, and start with stop (or duration) for onset
            with duration.

    Raises:
        InputError: A column is missing, or times are no numbers or negative.
    """
    import pandas as pd

    table = read_frame(path, ("recording", "participant", "start", "stop", "end"))
    stem = path.name.split(".")[0]
    if "recording" not in table.columns and stem.endswith(_EVENTS):
        prefix = stem.removesuffix(_EVENTS)
        last = {name: name.split("/")[-1] for name in recordings}
        names = [name for name in last if last[name] == prefix]  # P1 is not P10 too
        names = names or [name for name in last if last[name].startswith(prefix)] or [prefix]
        table = pd.concat([table.assign(recording=name) for name in names], ignore_index=True)
    if stem.endswith(_EVENTS) and "label" not in table.columns:
        table = table.rename(columns={"trial_type": "label"})
    keys = ["recording", "onset", "duration"]
    if other_keys:
        table, keys = _with_other_keys(table)
    missing = [name for name in keys if name not in table.columns]
    if missing:
        instead = "recording or participant; onset and duration, or start and stop" if other_keys else ""
        raise InputError(
            f"{path}: no column {', '.join(missing)}: its header has {_titles(table)}; a table of labels has "
            f"{instead or 'recording, onset, duration'}; and the targets: rename its columns"
        )
    for name in [name for name in keys if name in ("onset", "duration")]:
        numbers = pd.to_numeric(table[name], errors="coerce")
        # An empty cell, or the n/a of BIDS, is no error: such a row is skipped where it is used.
        bad = (numbers.isna() & table[name].notna()) | ((numbers < 0) if name == "duration" else False)
        if bad.any():
            row = int(bad.to_numpy().argmax())
            raise InputError(
                f"{path}: {name} '{table[name].iloc[row]}' in line {row + 2} is no time in seconds"
            )
        table[name] = numbers.astype("float64")
    return table[keys + [name for name in table.columns if name not in keys]]


def _with_other_keys(table: "pd.DataFrame") -> "tuple[pd.DataFrame, list[str]]":
    """The table with start and stop under these names, and the names of its keys."""
    keys = ["participant" if "recording" not in table and "participant" in table else "recording"]
    if "onset" in table or "start" not in table:
        return table, [*keys, "onset", "duration"]
    if "stop" not in table:
        table = table.rename(columns={"end": "stop"})
    return table, [*keys, "start", "stop"]


def read_participants(path: Path) -> "pd.DataFrame":
    """Return participants.csv, or the .tsv of BIDS: `participant` as text, and its other columns.

    Raises:
        InputError: It cannot be read, or names no participants.
    """
    table = read_frame(path, ("participant", "participant_id"))
    table = table.rename(columns={"participant_id": "participant"})
    if "participant" not in table.columns:
        raise InputError(
            f"{path}: no column participant or participant_id: its header has {_titles(table)}: rename one"
        )
    return table


def _titles(table: "pd.DataFrame") -> str:
    """The first columns of a table, for a message."""
    more = len(table.columns) - 8
    return ", ".join(map(str, table.columns[:8])) + (f" and {more} more" if more > 0 else "")


def _header(path: Path) -> list[str]:
    line = first_line(path)
    try:
        cells = next(csv.reader([line], delimiter=separator(line)), [])
    except csv.Error:  # a carriage return within the line, or a cell of 128 KB
        cells = []
    return [cell.strip().lower() for cell in cells]


def _reading(row: dict[str, str]) -> Reading | None:
    """How the file of a row is read; None where the row says nothing of it."""
    names = [name.strip() for name in re.split(r"[,;]", row.get("columns", "")) if name.strip()]
    reading = Reading(
        unit=row.get("unit") or None,
        time_column=row.get("time_column") or None,
        channel_columns=tuple(names) or None,
        time_unit=row.get("time_unit") or None,
        timezone=row.get("timezone") or None,
    )
    return reading if reading != Reading() else None


def _positive(cell: str | None, cell_name: str) -> float | None:
    if not cell:
        return None
    try:
        number = float(cell)
    except ValueError:
        number = -1.0
    if not 0 < number < float("inf"):
        raise InputError(f"{cell_name} '{cell}' is no positive number")
    return number


def _moment(cell: str | None, cell_name: str) -> datetime | None:
    if not cell:
        return None
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        raise InputError(f"{cell_name} '{cell}' is no ISO 8601 date and time") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment
