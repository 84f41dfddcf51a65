"""Labels of people, and labels by clock time, against windows whose times are set here."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from wearcli.embedding.metadata import EmbedArguments, TableMetadata
from wearcli.errors import InputError
from wearcli.labels.clock_labels import RecordingClocks, recording_clocks
from wearcli.labels.tasks import resolve_task

BEGIN = datetime(2024, 7, 1, 8, 0, tzinfo=UTC)


def clocks(starts: dict[str, datetime | None], zone: str | None = None) -> RecordingClocks:
    """Recordings `person_x` of 60 s in windows of 10 s, the first of which was left out."""
    rows = [
        (name, name.split("_")[0], None if start is None else start + timedelta(seconds=onset), onset, 10.0)
        for name, start in starts.items()
        for onset in (10.0, 20.0, 30.0, 40.0, 50.0)
    ]
    frame = pd.DataFrame(rows, columns=["recording", "participant", "start", "onset", "duration"])
    table = pa.Table.from_pandas(frame.assign(start=pd.to_datetime(frame["start"], utc=True)))
    reading = {"timezone": zone} if zone else {}
    result = recording_clocks(table, TableMetadata(arguments=EmbedArguments(reading=reading)))
    assert result is not None
    return result


def labels(tmp_path: Path, text: str, spans: RecordingClocks | None) -> tuple[list[tuple], list[str]]:
    path = tmp_path / "labels.csv"
    path.write_text(text)
    task = resolve_task("activity", path, None, None, TableMetadata(), None, ["a_1", "a_2", "b_1"], spans)
    return [*task.table.itertuples(index=False, name=None)], task.warnings


def test_clock_times_with_a_zone(tmp_path: Path) -> None:
    text = (
        "recording,start,stop,label\n"
        "a_1,2024-07-01T10:00:15+02:00,2024-07-01T10:00:45+02:00,walk\n"
        "a_1,2024-07-01T08:00:45Z,2024-07-01T08:01:00Z,rest\n"
        "a_1,2024-07-02T08:00:45Z,2024-07-02T08:01:00Z,sleep\n"
    )
    rows, warnings = labels(tmp_path, text, clocks({"a_1": BEGIN}))
    assert rows == [("a_1", 15.0, 30.0, "walk"), ("a_1", 45.0, 15.0, "rest")]
    assert warnings == []


@pytest.mark.parametrize(("zone", "hour"), [(None, 8), ("Europe/Berlin", 10)])
def test_clock_times_without_a_zone_are_in_that_of_the_recordings(
    tmp_path: Path, zone: str | None, hour: int
) -> None:
    text = f"participant;start;end;label\na;2024-07-01 {hour:02d}:00:15,5;2024-07-01 {hour:02d}:00:20;walk\n"
    rows, (warning,) = labels(tmp_path, text, clocks({"a_1": BEGIN}, zone))
    assert rows == [("a_1", 15.5, 4.5, "walk")]
    assert (zone or "UTC") in warning


def test_a_persons_clock_times_go_to_the_recording_that_they_meet(tmp_path: Path) -> None:
    later = BEGIN + timedelta(hours=1)
    text = (
        "participant,start,stop,label\n"
        "a,2024-07-01T09:00:10Z,2024-07-01T09:00:20Z,walk\n"
        "b,2024-07-01T08:00:10Z,2024-07-01T08:00:20Z,rest\n"
    )
    rows, _ = labels(tmp_path, text, clocks({"a_1": BEGIN, "a_2": later, "b_1": BEGIN}))
    assert sorted(rows) == [("a_2", 10.0, 10.0, "walk"), ("b_1", 10.0, 10.0, "rest")]


def test_a_persons_seconds_need_one_recording(tmp_path: Path) -> None:
    text = "participant,onset,duration,label\na,10,20,walk\n"
    rows, _ = labels(tmp_path, text, clocks({"a_1": None, "b_1": None}))
    assert rows == [("a_1", 10.0, 20.0, "walk")]
    with pytest.raises(InputError, match=r"participant a has 2 recordings.*name the recording"):
        labels(tmp_path, text, clocks({"a_1": None, "a_2": None}))


@pytest.mark.parametrize(
    ("row", "starts", "says"),
    [
        ("2024-07-01T08:00:10Z,2024-07-01T08:00:20Z", {"a_1": None}, "nothing tells when a_1 starts"),
        ("2024-07-01T08:00:10Z,2024-07-01T08:00:05Z", {"a_1": BEGIN}, "lies before its start"),
        ("2024-09-01T08:00:10Z,2024-09-01T08:00:20Z", {"a_1": BEGIN}, "meets a recording"),
        ("yesterday,2024-07-01T08:00:05Z", {"a_1": BEGIN}, "no ISO 8601"),
        ("2024-07-01T08:00:10Z,2024-07-01T08:00:20Z", {"b_1": BEGIN}, "make the names the same"),
        ("2024-07-01T08:00:10Z,2024-07-01T08:00:20Z", None, "embed the recordings first"),
    ],
)
def test_what_cannot_be_joined_is_refused(
    tmp_path: Path, row: str, starts: dict[str, datetime | None] | None, says: str
) -> None:
    with pytest.raises(InputError, match=says) as error:
        labels(tmp_path, f"recording,start,stop,label\na_1,{row},walk\n", starts and clocks(starts))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("task", ["activity", "rhythm"])
def test_codes_of_the_column_label_are_classes(tmp_path: Path, task: str) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("recording,onset,duration,label\na,0,1,1\na,1,1,7\na,2,1,\n")
    resolved = resolve_task(task, path, None, None, TableMetadata(), None, ["a"])
    assert (resolved.kind, resolved.warnings) == ("classification", [])
    assert resolved.table["label"].tolist()[:2] == ["1", "7"]
    path.write_text("recording,onset,duration,label\na,0,1,1.5\na,1,1,7\n")
    assert resolve_task(task, path, None, None, TableMetadata(), None, ["a"]).kind == "regression"


def test_a_start_beyond_the_years_of_a_clock_is_not_known() -> None:
    """It was a traceback (OutOfBoundsDatetime)."""
    spans = clocks({"a_1": BEGIN})
    assert spans.spans["begin"].notna().all()
    start = pa.array([2**50], pa.int64()).cast(pa.timestamp("s", "UTC"))
    columns = {"recording": ["a"], "participant": ["a"], "start": start, "onset": [0.0], "duration": [10.0]}
    beyond = recording_clocks(pa.table(columns), TableMetadata(arguments=EmbedArguments()))
    assert beyond is not None
    assert beyond.spans["begin"].isna().all()
