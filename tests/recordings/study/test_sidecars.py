import gzip
from pathlib import Path

import numpy as np
import pytest

from wearcli.errors import InputError
from wearcli.recordings.formats import bombs
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.sidecars import (
    read_participants,
    read_recordings_table,
    read_target_table,
    sidecar_name,
)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_target_table(tmp_path: Path, separator: str) -> None:
    text = "label,recording,duration,onset\nwalk,007,8.5,4.25\nrest,008,3,0\n".replace(",", separator)
    table = read_target_table(written(tmp_path / "labels.csv", "\ufeff" + text))
    assert table.columns.tolist() == ["recording", "onset", "duration", "label"]
    assert table["recording"].tolist() == ["007", "008"]
    assert table["onset"].tolist() == [4.25, 0.0]
    assert table["duration"].dtype == np.float64


def test_bids_events(tmp_path: Path) -> None:
    path = written(
        tmp_path / "sub-01_task-walk_events.tsv", "onset\tduration\ttrial_type\n1.5\t2\tgo\n9\t1\tn/a\n"
    )
    names = ["sub-01_task-walk_tracksys-imu_motion", "sub-01_task-rest_motion", "day/sub-01_task-walk_motion"]
    table = read_target_table(path, names)
    assert table["recording"].tolist() == [names[0], names[0], names[2], names[2]]
    assert table["label"].tolist()[0] == "go"
    assert table["label"].isna().tolist() == [False, True, False, True]
    assert read_target_table(path)["recording"].tolist() == ["sub-01_task-walk"] * 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "recording,onset\na,1\n",
            "no column duration: its header has recording, onset; a table",
        ),
        ("onset,duration\n1,1\n", "no column recording: its header has onset, duration; "),
        ("recording,onset,duration\na,1,2\na,soon,2\n", r"onset 'soon' in line 3 is no time"),
        ("recording,onset,duration\na,1,-2\n", r"duration '-2' in line 2"),
        ("recording,onset,duration\na,soon,2\n", r"onset 'soon' in line 2"),
        ("", "cannot be read as a table"),
    ],
)
def test_bad_target_tables(tmp_path: Path, text: str, says: str) -> None:
    path = written(tmp_path / "labels.csv", text)
    with pytest.raises(InputError, match=says) as error:
        read_target_table(path)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_table_without_rows(tmp_path: Path) -> None:
    table = read_target_table(written(tmp_path / "gait.csv", "recording,onset,duration,stride_time_s\n"))
    assert len(table) == 0
    assert table["onset"].dtype == np.float64


def test_participants(tmp_path: Path) -> None:
    table = read_participants(
        written(tmp_path / "participants.tsv", "participant_id\tage\n01\tn/a\n02\t40\n")
    )
    assert table["participant"].tolist() == ["01", "02"]
    assert table["age"].isna().tolist() == [True, False]
    with pytest.raises(InputError, match="no column participant or participant_id: its header has "):
        read_participants(written(tmp_path / "participants.csv", "name,age\nx,1\n"))


@pytest.mark.parametrize(
    ("name", "header", "kind"),
    [
        ("Labels.CSV", "", "labels"),
        ("recordings.csv", "", "recordings"),
        ("participants.tsv", "", "participants"),
        ("sub-1_task-x_events.tsv", "onset\tduration", "labels"),
        ("sub-1_task-x_channels.tsv", "name\ttype", ""),
        ("scores.csv", "recording,onset,duration,score", "scores"),
        ("people.csv", "participant,age", ""),
        ("walk.csv", "time,x,y,z", None),
        ("walk.tsv", "0\t1\t2\t3", None),
    ],
)
def test_kinds(tmp_path: Path, name: str, header: str, kind: str | None) -> None:
    assert sidecar_name(written(tmp_path / name, header)) == kind


def test_a_row_without_a_time_is_kept_as_such(tmp_path: Path) -> None:
    (tmp_path / "sub-01_task-rest_events.tsv").write_text(
        "onset\tduration\ttrial_type\n0\t2\trest\n2\tn/a\tgo\n"
    )
    table = read_target_table(tmp_path / "sub-01_task-rest_events.tsv", ["sub-01_task-rest_acc"])
    assert table["label"].tolist() == ["rest", "go"]
    assert table["duration"].isna().tolist() == [False, True]


def test_bids_events_of_the_very_name_are_of_no_longer_one(tmp_path: Path) -> None:
    """P1_events.tsv once labelled P10 too."""
    path = tmp_path / "P1_events.tsv"
    path.write_text("onset\tduration\ttrial_type\n1\t2\tgo\n")
    assert read_target_table(path, ["a/P1", "a/P10"])["recording"].tolist() == ["a/P1"]
    assert read_target_table(path, ["P10", "P1_acc"])["recording"].tolist() == ["P10", "P1_acc"]


def test_bids_events_that_name_the_recording_have_labels_too(tmp_path: Path) -> None:
    path = tmp_path / "P1_events.tsv"
    path.write_text("onset\tduration\ttrial_type\trecording\n1\t2\tgo\ta/P1\n")
    table = read_target_table(path, ["a/P1", "b/P1"])
    assert table["recording"].tolist() == ["a/P1"]
    assert table["label"].tolist() == ["go"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
@pytest.mark.parametrize("packed", [False, True])
def test_tables_in_every_encoding(tmp_path: Path, encoding: str, packed: bool) -> None:
    text = "recording;onset;duration;label;value\r\nä;1,5;2;gehen;3,25\r\nb;0;1;ruhen;4\r\n"
    data = text.encode(encoding)
    if encoding == "utf-16-le":
        data = b"\xff\xfe" + data
    path = tmp_path / ("labels.csv.gz" if packed else "labels.csv")
    path.write_bytes(gzip.compress(data) if packed else data)
    table = read_target_table(path)
    assert table["recording"].tolist() == ["ä", "b"]
    assert table["onset"].tolist() == [1.5, 0.0]
    assert table["value"].tolist() == [3.25, 4.0]
    assert sidecar_name(path.rename(tmp_path / f"own{'.csv.gz' if packed else '.csv'}")) == "own"


def test_a_comma_in_text_is_no_decimal_sign(tmp_path: Path) -> None:
    path = written(tmp_path / "labels.csv", "recording;onset;duration;label\na;1.5;2;1,2\n")
    table = read_target_table(path)
    assert (table["onset"].tolist(), table["label"].tolist()) == ([1.5], ["1,2"])


def test_rows_of_recordings_say_how_a_file_is_read(tmp_path: Path) -> None:
    path = tmp_path / "recordings.csv"
    path.write_bytes(
        "file;rate_hz;unit;columns;time_column;time_unit;timezone\n"
        "a.csv;31,25;mg;ax, ay, az;t;ms;Europe/Berlin\nb.csv;;;;;;\n".encode("utf-16")
    )
    first, second = read_recordings_table(path)
    assert first.rate_hz == 31.25
    assert first.reading == Reading(
        unit="mg",
        channel_columns=("ax", "ay", "az"),
        time_column="t",
        time_unit="ms",
        timezone="Europe/Berlin",
    )
    assert second.reading is None


def test_tables_larger_than_any_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A recordings.csv.gz of one megabyte took minutes and all memory."""
    path = tmp_path / "recordings.csv.gz"
    path.write_bytes(gzip.compress(b"recording,participant\n" + b"a,b\n" * 10**6, 9))
    monkeypatch.setattr(bombs, "HARMLESS_BYTES", 2**16)
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        read_recordings_table(path)
    monkeypatch.setattr(bombs, "MOST_RECORDINGS", 2)
    small = written(tmp_path / "recordings.csv", "recording,participant\na,P1\n")
    assert len(read_recordings_table(small)) == 1
    with pytest.raises(InputError, match="has more than 2 rows"):
        read_recordings_table(written(small, "recording,participant\na,P1\nb,P1\nc,P2\n"))


def test_a_table_of_labels_with_a_million_columns(tmp_path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(10**6))
    path = written(tmp_path / "labels.csv", f"recording,onset,duration,label,{names}\na,0,1,walk\n")
    with pytest.raises(InputError, match=r"has 1,000,004 columns, more than 10,000"):
        read_target_table(path)
