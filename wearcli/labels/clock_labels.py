"""Labels of people or of clock times, as labels of recordings in seconds from their start."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError
from wearcli.recordings.tables.zone import clock_zone

_KEYS = ("recording", "participant", "onset", "duration", "start", "stop")


@dataclass(frozen=True)
class RecordingClocks:
    """When and of whom the recordings of an embeddings table are.

    Attributes:
        spans: One row a recording: recording, participant, begin (UTC; NaT where nothing tells it), and the
            seconds from it to the end of the last window.
        timezone: Zone that the user gave for clocks without one.
    """

    spans: pd.DataFrame
    timezone: str | None = None


def recording_clocks(table: pa.Table, metadata: TableMetadata) -> RecordingClocks | None:
    """Return the clocks of the recordings of an embeddings table; None for a table without these columns."""
    columns = ["recording", "participant", "start", "onset", "duration"]
    if not {*columns} <= {*table.column_names}:
        return None
    rows = table.select(columns).to_pandas()
    try:
        rows["begin"] = pd.to_datetime(rows["start"], utc=True) - pd.to_timedelta(rows["onset"], unit="s")
    except (ValueError, OverflowError):  # a start or an onset beyond the years that a clock has
        rows["begin"] = pd.Series(pd.NaT, rows.index, "datetime64[us, UTC]")
    rows["seconds"] = rows["onset"] + rows["duration"]
    spans = rows.groupby("recording", observed=True, as_index=False).agg(
        participant=("participant", "first"), begin=("begin", "min"), seconds=("seconds", "max")
    )
    zone = metadata.arguments.reading.get("timezone")
    return RecordingClocks(spans.astype({"recording": str, "participant": str}), str(zone) if zone else None)


def on_recordings(
    table: pd.DataFrame, clocks: RecordingClocks | None, name: str
) -> tuple[pd.DataFrame, list[str]]:
    """Return a target table with recording, onset and duration (s), and warnings.

    Args:
        table: With recording or participant; with onset and duration in seconds, or start and stop as text.
        clocks: The recordings' clocks; None where nothing is embedded.
        name: The table's name in messages.

    Raises:
        InputError: A row cannot be placed: a participant has several recordings, or a clock is not known.
    """
    by_person, timed = "recording" not in table, "onset" not in table
    if not by_person and not timed:
        return table, []
    way = "clock times" if timed else "participants"
    if clocks is None:
        raise InputError(
            f"{name}: has labels by {way}: these are joined with an embeddings table; embed the recordings "
            "first, or give recording, onset and duration"
        )
    spans = clocks.spans
    if by_person:
        spans = spans[spans["participant"].isin(table["participant"])]
        counts = spans["participant"].value_counts()
        if not timed and (counts > 1).any():
            raise InputError(
                f"{name}: participant {counts.index[0]} has {counts.iloc[0]} recordings, and onset may count "
                "from each: name the recording, or give start and stop as dates and times"
            )
        placed = table.merge(spans, on="participant")
    else:
        placed = table.drop(columns="participant", errors="ignore").merge(spans, on="recording")
    if not len(placed):
        what = "participant" if by_person else "recording"
        labelled, embedded = ({*rows[what].dropna().astype(str)} for rows in (table, clocks.spans))
        raise InputError(
            f"no {what} of {name} ({', '.join(sorted(labelled)[:3])}) is among the embeddings' "
            f"({', '.join(sorted(embedded)[:3])}): make the names the same"
        )
    warnings: list[str] = []
    if timed:
        placed, warnings = _seconds(placed, clocks.timezone, name)
    targets = [column for column in table.columns if column not in _KEYS]
    return placed[["recording", "onset", "duration", *targets]].reset_index(drop=True), warnings


def _seconds(placed: pd.DataFrame, timezone: str | None, name: str) -> tuple[pd.DataFrame, list[str]]:
    """Rows with onset and duration of their start and stop, those that meet their recording."""
    unknown = placed["begin"].isna()
    if unknown.all():
        raise InputError(
            f"{name}: has labels by clock time, but nothing tells when {placed['recording'].iloc[0]} starts: "
            "give the start in recordings.csv and embed again, or give onset and duration in seconds"
        )
    warnings = []
    if unknown.any():
        names = placed.loc[unknown, "recording"].unique()
        warnings.append(
            f"nothing tells when {len(names)} recordings of {name} start, such as {names[0]}: their labels "
            "are left out"
        )
    placed = placed[~unknown].reset_index(drop=True)
    naive = False
    for column in ("start", "stop"):
        moments, some_naive = _moments(placed[column], timezone, name, column)
        naive |= some_naive
        placed[column] = moments
    if naive:
        zone = clock_zone(None, timezone).how if timezone else "UTC, as that of recordings without a zone is"
        warnings.append(f"the clock times of {name} have no zone: taken in {zone}")
    placed["onset"] = (placed["start"] - placed["begin"]).dt.total_seconds()
    placed["duration"] = (placed["stop"] - placed["start"]).dt.total_seconds()
    if (backward := placed["duration"] < 0).any():
        row = placed[backward].iloc[0]
        raise InputError(f"{name}: a stop {row['stop']} lies before its start {row['start']}: mend the row")
    meets = (placed["onset"] < placed["seconds"]) & (placed["onset"] + placed["duration"] > 0)
    untimed = placed["onset"].isna() | placed["duration"].isna()
    if not meets.any():
        first = placed.iloc[0]
        raise InputError(
            f"{name}: no label's clock time meets a recording: {first['recording']} starts {first['begin']}, "
            f"its first label {first['start']}: see --timezone"
        )
    return placed[meets | untimed], warnings


def _moments(cells: pd.Series, timezone: str | None, name: str, column: str) -> tuple[pd.Series, bool]:
    """Written dates and times as UTC, and whether some state no zone."""
    zone = clock_zone(None, timezone)
    moments: list[datetime | None] = []
    naive = False
    for cell in cells:
        if not isinstance(cell, str) or not cell.strip():
            moments.append(None)
            continue
        try:
            moment = datetime.fromisoformat(cell.strip())
        except ValueError:
            raise InputError(
                f"{name}: {column} '{cell}' is no ISO 8601 date and time such as 2024-03-04T09:15:00"
            ) from None
        naive |= moment.tzinfo is None
        moments.append(zone.utc(moment) if moment.tzinfo is None else moment.astimezone(UTC))
    return pd.to_datetime(pd.Series(moments, index=cells.index, dtype=object), utc=True), naive
