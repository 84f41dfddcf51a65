"""The tables beside recordings: recordings.csv, participants, labels and other targets, BIDS events."""

import csv
import gzip
import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from wearcli.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

_EVENTS = "_events"
# Tables of the BIDS standard that hold no signal.
_BIDS_TABLES = ("_channels", "_scans", "_sessions", "_electrodes", "_coordsystem", "_optodes", "samples")


class Entry(NamedTuple):
    """A row of recordings.csv; what it leaves empty is None."""

    recording: str
    file: Path | None
    participant: str | None
    placement: str | None
    rate_hz: float | None
    start: datetime | None


def sidecar_name(path: Path) -> str | None:
    """Return what a .csv or .tsv is: recordings, participants, labels, gait, ...; None for a signal.

    A table with the columns `recording` and `onset` is a target table under its file's name; BIDS events
    are labels; "" stands for a table that is of no use here.
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
    if {"recording", "onset"} <= {*header}:
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
            )
        )
    return entries


def read_target_table(path: Path, recordings: Iterable[str] = ()) -> "pd.DataFrame":
    """Return a target table: recording (text), onset and duration (float64 s), and one column a target.

    BIDS `*_events.tsv` are read as the same: trial_type becomes label. Where no column names the recording,
    it is the one with the file's name before `_events`, else those that begin with it, else that name itself.

    Args:
        path: The table.
        recordings: Names of the recordings that events may belong to.

    Raises:
        InputError: A column is missing, or times are no numbers or negative.
    """
    import pandas as pd

    try:
        table = pd.read_csv(
            path,
            sep=_separator(_first_line(path)),
            dtype={"recording": str, "participant": str},
            na_values=["n/a"],
            encoding="utf-8-sig",
            skipinitialspace=True,
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a table ({str(error).splitlines()[0]})") from None
    table.columns = table.columns.str.strip()
    stem = path.name.split(".")[0]
    if "recording" not in table.columns and stem.endswith(_EVENTS):
        prefix = stem.removesuffix(_EVENTS)
        last = {name: name.split("/")[-1] for name in recordings}
        names = [name for name in last if last[name] == prefix]  # P1 is not P10 too
        names = names or [name for name in last if last[name].startswith(prefix)] or [prefix]
        table = pd.concat([table.assign(recording=name) for name in names], ignore_index=True)
    if stem.endswith(_EVENTS) and "label" not in table.columns:
        table = table.rename(columns={"trial_type": "label"})
    missing = [name for name in ("recording", "onset", "duration") if name not in table.columns]
    if missing:
        raise InputError(
            f"{path}: no column '{missing[0]}': a target table has recording, onset, duration and targets"
        )
    for name in ("onset", "duration"):
        numbers = pd.to_numeric(table[name], errors="coerce")
        # An empty cell, or the n/a of BIDS, is no error: such a row is skipped where it is used.
        bad = (numbers.isna() & table[name].notna()) | ((numbers < 0) if name == "duration" else False)
        if bad.any():
            row = int(bad.to_numpy().argmax())
            raise InputError(
                f"{path}: {name} '{table[name].iloc[row]}' in line {row + 2} is no time in seconds"
            )
        table[name] = numbers.astype("float64")
    first = ["recording", "onset", "duration"]
    return table[first + [name for name in table.columns if name not in first]]


def read_participants(path: Path) -> "pd.DataFrame":
    """Return participants.csv, or the .tsv of BIDS: `participant` as text, and its other columns.

    Raises:
        InputError: It cannot be read, or names no participants.
    """
    import pandas as pd

    try:
        table = pd.read_csv(
            path,
            sep=_separator(_first_line(path)),
            dtype={"participant": str, "participant_id": str},
            na_values=["n/a"],
            encoding="utf-8-sig",
        )
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read as a table ({str(error).splitlines()[0]})") from None
    table = table.rename(columns={"participant_id": "participant"})
    if "participant" not in table.columns:
        raise InputError(f"{path}: no column 'participant'")
    return table


def _header(path: Path) -> list[str]:
    line = _first_line(path)
    try:
        cells = next(csv.reader([line], delimiter=_separator(line)), [])
    except csv.Error:  # a carriage return within the line, or a cell of 128 KB
        cells = []
    return [cell.strip().lower() for cell in cells]


def _first_line(path: Path) -> str:
    try:
        with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as stream:
            return stream.readline(2**16).decode("utf-8-sig", errors="replace").strip("\r\n\0")
    except (OSError, EOFError, zlib.error):
        return ""


def _separator(line: str) -> str:
    return max(",;\t", key=line.count)


def read_rows(path: Path) -> list[dict[str, str]]:
    """Return the rows of a table as text by the column's name in lower case.

    Raises:
        InputError: It cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream, delimiter=_separator(_first_line(path)), skipinitialspace=True)
            return [
                {
                    key.strip().lower(): cell.strip()
                    for key, cell in row.items()
                    if key and isinstance(cell, str)
                }
                for row in reader
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: cannot be read as a table ({error})") from None


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
