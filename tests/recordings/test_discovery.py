import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearcli.errors import InputError, UsageError
from wearcli.recordings.discovery import Folder, find_recordings
from wearcli.recordings.open import open_recording

SIGNAL = "time,x,y,z\n0,0,0,1\n0.02,0,0,1\n"
E4 = "1644227574.0, 1644227574.0, 1644227574.0\n32.0, 32.0, 32.0\n0,0,64\n"


def tree(root: Path, *names: str, content: str = SIGNAL) -> Path:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return root


def people(folder: Folder) -> dict[str, str]:
    return {source.recording: source.participant for source in folder.sources}


def test_formats_in_any_case_sorted_and_recursive(tmp_path: Path) -> None:
    names = ["b.CSV", "a/z.tsv", "a/y.csv.GZ", "c.Parquet", "d.npz", "e.CWA", "f.cwa.gz", "g.bin", "h.GT3X"]
    tree(
        tmp_path, *names, "notes.txt", "x.npy", "i.parquet.gz", ".hidden.csv", ".git/k.csv", "__MACOSX/l.csv"
    )
    folder = find_recordings([tmp_path])
    found = [source.path.relative_to(tmp_path).as_posix() for source in folder.sources]
    assert found == sorted(names)
    assert [source.format for source in folder.sources] == [
        *("csv", "tsv", "csv", "parquet", "npz", "cwa", "cwa", "bin", "gt3x")
    ]
    assert sorted(people(folder)) == sorted("zybcdefgh")


def test_sidecars_are_no_recordings(tmp_path: Path) -> None:
    tree(tmp_path, "a.csv", "walks/b.csv")
    tree(tmp_path, "falls.csv", content="Recording;Onset;duration;fall\na;0;1;1\n")
    tree(
        tmp_path,
        "labels.csv",
        "gait.csv",
        "heart.csv",
        "walks/labels.csv",
        content="recording,onset,duration\n",
    )
    tree(tmp_path, "participants.csv", "people.csv", content="participant,age\np,3\n")
    tree(tmp_path, "empty/labels.csv", content="recording,onset,duration\n")
    folder = find_recordings([tmp_path])
    assert list(people(folder)) == ["a", "b"]
    assert {name: len(files) for name, files in folder.sidecars.items()} == {
        **{"falls": 1, "gait": 1, "heart": 1, "labels": 2, "participants": 1}
    }


def test_own_outputs_are_no_recordings(tmp_path: Path) -> None:
    tree(tmp_path, "a.csv")
    table = pa.table({"x": [0.0], "y": [0.0], "z": [1.0]})
    pq.write_table(table, tmp_path / "plain.parquet")
    pq.write_table(table.replace_schema_metadata({"wearcli": "{}"}), tmp_path / "embeddings.parquet")
    tree(tmp_path, "windows/index.csv", "windows/store.json", "probes/gait/w.npz", "probes/gait/probe.json")
    assert list(people(find_recordings([tmp_path]))) == ["a", "plain"]


def test_participant_by_folder_file_and_bids(tmp_path: Path) -> None:
    tree(tmp_path, "P01/walk.csv", "P01/day/rest.csv", "P02_walk_1.csv", "solo.csv")
    tree(tmp_path, "sub-07/ses-1/motion/sub-07_task-walk_motion.tsv")
    folder = find_recordings([tmp_path])
    assert people(folder) == {
        **{"walk": "P01", "rest": "day", "P02_walk_1": "P02", "solo": "solo"},
        **{"sub-07_task-walk_motion": "sub-07"},
    }
    assert folder.rule == (
        "5 participants, told by the recording's folder (2 recordings), the file name up to the first '_' "
        "(2 recordings), sub-* in the path (1 recordings) (--participant-from changes the rule)"
    )


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("folder", ["P01", "day2"]),
        ("file", ["x", "z"]),
        ("recording", ["x_1", "z_1"]),
        (r"regex:(P\d+)/", ["P01", "P02"]),
    ],
)
def test_participant_from(tmp_path: Path, rule: str, expected: list[str]) -> None:
    tree(tmp_path, "P01/x_1.csv", "P02/day2/z_1.csv")
    tree(tmp_path, "recordings.csv", content="file,participant\nP01/x_1.csv,Q\nP02/day2/z_1.csv,R\n")
    assert list(people(find_recordings([tmp_path])).values()) == ["Q", "R"]
    assert list(people(find_recordings([tmp_path], participant_from=rule)).values()) == expected


@pytest.mark.parametrize("rule", ["shoe", "regex:(", "regex:P", "regex:(P)(Q)", "regex:(nowhere)"])
def test_bad_rules(tmp_path: Path, rule: str) -> None:
    tree(tmp_path, "a.csv")
    with pytest.raises(UsageError, match="--participant-from"):
        find_recordings([tmp_path], participant_from=rule)


def test_recordings_table(tmp_path: Path) -> None:
    tree(tmp_path, "one.csv", "two.csv", "sub/three.csv")
    tree(
        tmp_path,
        "recordings.csv",
        content="recording,file,participant,placement,rate_hz,start\n"
        "first,one.csv,P1,wrist,50.0,2024-05-07T11:30:00.123456789+02:00\n"
        "third,sub\\three.csv,P3,,,2024-05-07 09:30:00\n"
        "gone,missing.csv,P9,,,\n",
    )
    folder = find_recordings([tmp_path])
    first, third, two = folder.sources
    assert (first.recording, first.participant, first.placement, first.rate_hz) == (
        "first",
        "P1",
        "wrist",
        50.0,
    )
    assert first.start == datetime(2024, 5, 7, 9, 30, 0, 123456, tzinfo=UTC)
    assert (third.recording, third.placement, third.rate_hz) == ("third", None, None)
    assert third.start == datetime(2024, 5, 7, 9, 30, tzinfo=UTC)
    assert (two.recording, two.participant) == ("two", "two")
    assert folder.problems == [
        f"{tmp_path}/recordings.csv names 1 files that are not there, such as missing.csv"
    ]
    assert "recordings.csv (2 recordings)" in folder.rule


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("file,rate_hz\na.csv,fast", r"line 2: rate_hz 'fast' is no positive number"),
        ("file,rate_hz\na.csv,-1", r"line 2: rate_hz"),
        ("file,start\na.csv,yesterday", r"line 2: start 'yesterday' is no ISO 8601"),
        ("file,recording\na.csv,a\n,", r"line 3 has neither recording nor file"),
    ],
)
def test_bad_recordings_table(tmp_path: Path, rows: str, says: str) -> None:
    tree(tmp_path, "a.csv")
    (tmp_path / "recordings.csv").write_text(rows)
    with pytest.raises(InputError, match=says):
        find_recordings([tmp_path])


def test_single_files_use_their_folders_sidecars(tmp_path: Path) -> None:
    tree(tmp_path, "one.csv", "two.csv")
    tree(tmp_path, "recordings.csv", content="recording,file,participant\nfirst,one.csv,P1\n,two.csv,P2\n")
    tree(tmp_path, "labels.csv", content="recording,onset,duration,label\n")
    folder = find_recordings([tmp_path / "one.csv"])
    assert people(folder) == {"first": "P1"}
    assert folder.sidecars["labels"] == [tmp_path / "labels.csv"]
    assert folder.problems == []
    twice = find_recordings([tmp_path / "two.csv", tmp_path, tmp_path / "one.csv"])
    assert people(twice) == {"first": "P1", "two": "P2"}


def test_colliding_stems(tmp_path: Path) -> None:
    tree(tmp_path, "P1/walk.csv", "P2/walk.csv", "P2/rest.csv", "P2/rest.npz")
    assert list(people(find_recordings([tmp_path]))) == [
        "P1/walk",
        "P2/rest.csv",
        "P2/rest.npz",
        "P2/walk",
    ]
    both = find_recordings([tmp_path / "P1", tmp_path / "P2"])
    assert {"P1/walk", "P2/walk"} < {*people(both)}


def test_modality_picks_among_the_files_of_a_recording(tmp_path: Path) -> None:
    tree(tmp_path, "s.acc.csv")
    tree(tmp_path, "s.ppg.csv", content="time,ppg\n0,1\n0.1,2\n")
    for table in (False, True):
        if table:
            tree(tmp_path, "recordings.csv", content="recording,file\nS,s.acc.csv\nS,s.ppg.csv\n")
        name = "S" if table else "s"
        acc, ppg = (find_recordings([tmp_path], modality=m) for m in ("acc", "ppg"))  # type: ignore[arg-type]
        assert [(s.recording, s.path.name) for s in acc.sources] == [(name, "s.acc.csv")]
        assert [(s.recording, s.path.name) for s in ppg.sources] == [(name, "s.ppg.csv")]
        with pytest.raises(UsageError, match=f"1 recordings without ecg, such as '{name}'"):
            find_recordings([tmp_path], modality="ecg")


def test_modality_is_told_by_columns_where_names_do_not(tmp_path: Path) -> None:
    tree(tmp_path, "one.csv")
    tree(tmp_path, "two.csv", content="time,ppg\n0,1\n0.1,2\n")
    tree(tmp_path, "recordings.csv", content="recording,file\nS,one.csv\nS,two.csv\n")
    assert [s.path.name for s in find_recordings([tmp_path]).sources] == ["one.csv"]
    assert [s.path.name for s in find_recordings([tmp_path], modality="ppg").sources] == ["two.csv"]
    tree(tmp_path, "two.csv", "other.csv")
    assert find_recordings([tmp_path]).problems == [
        "recording 'S' has several files of acc (one.csv, two.csv): left out"
    ]


def test_one_lonely_modality_word_stays_in_the_name(tmp_path: Path) -> None:
    tree(tmp_path, "walk.acc.csv", "run.csv")
    assert [*people(find_recordings([tmp_path]))] == ["run", "walk.acc"]


def test_e4_folders_and_zips(tmp_path: Path) -> None:
    for name in ("S1_a", "P2/S2"):
        tree(tmp_path, f"{name}/ACC.csv", content=E4)
        tree(
            tmp_path, f"{name}/IBI.csv", f"{name}/tags.csv", f"{name}/info.txt", content="1644227574.0, IBI\n"
        )
    with zipfile.ZipFile(tmp_path / "S3_x.zip", "w") as archive:
        archive.writestr("ACC.csv", E4)
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("readme.txt", "no")
    folder = find_recordings([tmp_path])
    assert people(folder) == {"S2": "P2", "S1_a": "S1_a", "S3_x": "S3"}
    assert {source.format for source in folder.sources} == {"e4"}
    for path in (tmp_path / "S1_a", tmp_path / "S1_a" / "ACC.csv"):
        assert [(s.recording, s.participant, s.path) for s in find_recordings([path]).sources] == [
            ("S1_a", "S1_a", tmp_path / "S1_a")
        ]
    tree(tmp_path, "recordings.csv", content="recording,file,participant\nlab,S1_a,P1\n")
    assert people(find_recordings([tmp_path]))["lab"] == "P1"


def test_a_plain_acc_csv_is_no_export(tmp_path: Path) -> None:
    tree(tmp_path, "P1/ACC.csv", "P1/HR.csv")
    assert [source.format for source in find_recordings([tmp_path]).sources] == ["csv", "csv"]


def test_links_and_loops(tmp_path: Path) -> None:
    tree(tmp_path, "real/a.csv", "study/b.csv")
    (tmp_path / "study" / "more").symlink_to(tmp_path / "real")
    (tmp_path / "study" / "loop").symlink_to(tmp_path / "study")
    assert [*people(find_recordings([tmp_path / "study"]))] == ["b", "a"]


def test_a_link_to_nowhere_is_left_to_the_reader(tmp_path: Path) -> None:
    for name in ("a.parquet", "b.csv"):
        (tmp_path / name).symlink_to(tmp_path / "gone")
    for source in find_recordings([tmp_path]).sources:
        with pytest.raises(InputError, match="no such file"):
            open_recording(source)


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        find_recordings([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match=r"no recordings found: wearcli reads csv, .*gt3x"):
        find_recordings([tmp_path])
    tree(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match="not a recording"):
        find_recordings([tmp_path / "notes.txt"])


@pytest.mark.realdata
def test_real_devices(realdata: Path, tmp_path: Path) -> None:
    shutil.copytree(realdata / "data" / "devices", tmp_path / "devices")
    folder = find_recordings([tmp_path])
    assert [source.format for source in folder.sources] == ["gt3x", "cwa", "cwa", "bin", "bin"]
