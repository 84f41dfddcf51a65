import os
import shutil
import socket
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearcli.errors import InputError, UsageError
from wearcli.inspection import inspect
from wearcli.recordings.open import open_recording
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import Folder, find_recordings, find_sidecars

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
    names += ["i.EDF", "j.bdf", "k.hea", "l.HEA"]
    tree(
        tmp_path, *names, "notes.txt", "x.npy", "i.parquet.gz", ".hidden.csv", ".git/k.csv", "__MACOSX/l.csv"
    )
    tree(tmp_path, "k.dat", "k.atr", "m.rec", "n.edf.gz", "o.hea.gz", content="")
    folder = find_recordings([tmp_path])
    paths = [source.path.relative_to(tmp_path).as_posix() for source in folder.sources]
    assert paths == sorted(names)
    assert [source.format for source in folder.sources] == [
        *("csv", "tsv", "csv", "parquet", "npz", "cwa", "cwa", "bin", "gt3x", "edf", "edf", "wfdb", "wfdb")
    ]
    assert sorted(people(folder)) == sorted("zybcdefghijkl")


def test_the_mat_of_a_wfdb_header_is_no_recording_of_its_own(tmp_path: Path) -> None:
    """As the records of PhysioNet's challenges lie: A1.hea and A1.mat were two recordings."""
    tree(tmp_path, "A1.hea", content="A1 1 100 2\nA1.mat 16 200/mV 16 0 0 0 0 I\n")
    tree(tmp_path, "A1.mat", content="1234")
    assert [(s.recording, s.format) for s in find_recordings([tmp_path]).sources] == [("A1", "wfdb")]


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
        **{"walk": "P01", "rest": "P01", "P02_walk_1": "P02", "solo": "solo"},
        **{"sub-07_task-walk_motion": "sub-07"},
    }
    assert folder.rule == (
        "4 participants, from the recording's folder (2 recordings), the file's name (2 recordings), "
        "sub-* in the path (1 recording) (--participant-from changes the rule)"
    )


def test_doubt_ends_with_a_rule_or_a_table(tmp_path: Path) -> None:
    tree(tmp_path, "67067_0000000130.csv", "67067_0000000131.csv")
    folder = find_recordings([tmp_path])
    assert folder.doubt.startswith(
        "the participants are in doubt: the names tell devices, and no people: 2 rec"
    )
    assert "--participant-from" in folder.doubt
    assert "recordings.csv" in folder.doubt
    assert [source.participant_how for source in folder.sources] == ["the file's name"] * 2
    assert find_recordings([tmp_path], participant_from=r"regex:_0+(\d+)").doubt == ""
    assert find_recordings([tmp_path / "67067_0000000130.csv"]).doubt == ""  # nothing to mix up
    names = "file,participant\n67067_0000000130.csv,P1\n67067_0000000131.csv,P2\n"
    tree(tmp_path, "recordings.csv", content=names)
    assert find_recordings([tmp_path]).doubt == ""


@pytest.mark.parametrize("given", [["P01"], ["P01/day1", "P01/day2"]])
def test_one_persons_folder(tmp_path: Path, given: list[str]) -> None:
    tree(tmp_path / "study" / "P01", "day1/wrist.csv", "day2/wrist.csv")
    folder = find_recordings([tmp_path / "study" / name for name in given])
    assert {source.participant for source in folder.sources} == {"P01"}
    assert folder.doubt == ""


@pytest.mark.parametrize("modality", ["acc", "ppg"])
def test_files_of_two_signals_are_of_one_person(tmp_path: Path, modality: str) -> None:
    """P01.acc was one participant and P01.ppg another, though both were the recording P01."""
    tree(tmp_path, "P01.acc.csv", "P01.ppg.csv.gz", "P02_walk.ACC.csv", "P02_walk.bvp.csv", "Dr.Who.csv")
    names = people(find_recordings([tmp_path], modality=modality))
    assert names == {"P01": "P01", "P02_walk": "P02", "Dr.Who": "Dr.Who"}
    alone = tmp_path / "alone"
    tree(alone, "P03.ecg.csv")
    assert list(people(find_recordings([alone], modality="ecg")).values()) == ["P03"]


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
    assert third.start == datetime(2024, 5, 7, 9, 30)  # the zone is that of the recording's clock
    assert (two.recording, two.participant) == ("two", "two")
    assert folder.problems == [f"{tmp_path}/recordings.csv names 1 missing file, such as missing.csv"]
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


def test_several_paths_are_a_choice_from_the_folder_above(tmp_path: Path, monkeypatch) -> None:
    """`study/*/`, `study/*/*.csv` and `study` are one study with the same people and names."""
    study = tree(tmp_path / "study", *(f"P{p}/{name}.csv" for p in (1, 2, 3) for name in ("walk", "rest")))
    tree(study, "labels.csv", "gait.csv", content="recording,onset,duration,label\n")
    tree(tmp_path, "labels.csv", content="recording,onset,duration,label\n")
    whole = find_recordings([study])
    assert people(whole) == {f"P{p}/{name}": f"P{p}" for p in (1, 2, 3) for name in ("rest", "walk")}
    monkeypatch.chdir(study)
    for paths in (
        sorted(study.glob("*/")),
        [path for path in sorted(study.glob("*/")) if path.is_dir()],
        sorted(study.glob("*/*.csv")),
        [Path("P1"), Path("P2/"), Path("./P3")],
        [study / "P1", study, Path("P2/walk.csv")],
    ):
        folder = find_recordings([path for path in paths if path.name not in ("labels.csv", "gait.csv")])
        assert people(folder) == people(whole)
        assert [source.root for source in folder.sources] == [study] * 6
        assert {source.dataset for source in folder.sources} == {"study"}
        sidecars = {name: [path.resolve() for path in files] for name, files in folder.sidecars.items()}
        assert sidecars == {"labels": [study / "labels.csv"], "gait": [study / "gait.csv"]}


def test_placements_of_one_study_are_the_same_people(tmp_path: Path) -> None:
    study = tree(tmp_path / "study", "wrist/P01/a.csv", "ankle/P01/a.csv", "wrist/P02/a.csv")
    for paths in ([study], [study / "wrist", study / "ankle"]):
        folder = find_recordings(paths)
        assert set(people(folder)) == {"ankle/P01/a", "wrist/P01/a", "wrist/P02/a"}
        assert set(people(folder).values()) == {"P01", "P02"}
        assert {source.dataset for source in folder.sources} == {"study"}


@pytest.mark.parametrize("given", [["."], ["sub-01"], ["sub-01/ses-1", "sub-01/ses-2"], ["sub-01", "sub-02"]])
def test_bids_sessions_are_one_person_of_the_dataset(tmp_path: Path, monkeypatch, given: list[str]) -> None:
    names = [f"sub-{p}/ses-{s}/motion.csv" for p in ("01", "02") for s in (1, 2)]
    bids = tree(tmp_path / "bids", *names)
    tree(bids, "participants.tsv", content="participant_id\tage\nsub-01\t30\n")
    monkeypatch.chdir(bids)
    for folder in (find_recordings([Path(p) for p in given]), find_recordings([bids / p for p in given])):
        assert {(s.dataset, s.participant) for s in folder.sources} <= {
            ("bids", "sub-01"),
            ("bids", "sub-02"),
        }
        assert list(folder.sidecars) == ["participants"]


def test_two_studies_stay_two(tmp_path: Path) -> None:
    """Each has a recordings.csv or participants.csv of its own: P01 and walk are another in each."""
    for site, table in (("a/study", "recordings.csv"), ("b/study", "recordings.csv")):
        tree(tmp_path / site, "walk.csv", "P02_rest.csv")
        tree(tmp_path / site, table, content="recording,file,participant\nwalk,walk.csv,P01\n")
    tree(tmp_path / "c", "P01_rest.csv", "P03_rest.csv")
    tree(tmp_path / "c", "participants.csv", content="participant,age\nP01,3\n")
    folder = find_recordings([tmp_path / "a" / "study", tmp_path / "b" / "study", tmp_path / "c"])
    top = tmp_path.name
    assert people(folder) == {
        "a/study/walk": "a/study/P01",
        "b/study/walk": "b/study/P01",
        "a/study/P02_rest": "a/study/P02",
        "b/study/P02_rest": "b/study/P02",
        "P01_rest": f"{top}/c/P01",
        "P03_rest": "P03",
    }
    (note,) = folder.problems
    assert note.startswith("2 participants of one name in several studies, such as 'P02' in a/study and b/st")
    assert len(folder.sidecars["recordings"]) == 2
    above = find_recordings([tmp_path])
    assert {s.participant for s in above.sources} == {"P01", "P02", "P03"}
    assert "a/study/walk" in people(above)


def test_rows_of_one_table_are_not_for_the_files_of_another(tmp_path: Path) -> None:
    for site, person in (("a", "P1"), ("b", "P2")):
        tree(tmp_path / site, "walk.csv")
        tree(tmp_path / site, "recordings.csv", content=f"recording,participant\nwalk,{person}\n")
    for paths in ([tmp_path], [tmp_path / "a", tmp_path / "b"]):
        assert people(find_recordings(paths)) == {"a/walk": "P1", "b/walk": "P2"}


def test_a_name_of_the_table_is_kept_where_a_file_has_it_too(tmp_path: Path) -> None:
    tree(tmp_path, "a/one.csv", "b/walk.csv")
    tree(tmp_path, "a/recordings.csv", content="recording,file,participant\nwalk,one.csv,P1\n")
    assert people(find_recordings([tmp_path])) == {"walk": "P1", "b/walk": "b"}


def test_e4_exports_named_one_by_one(tmp_path: Path, monkeypatch) -> None:
    for name in ("A01", "A02"):
        tree(tmp_path / "study", f"{name}/ACC.csv", content=E4)
    exports = sorted((tmp_path / "study").iterdir())
    for paths in (exports, [path / "ACC.csv" for path in exports], [tmp_path / "study"]):
        folder = find_recordings(paths)
        assert people(folder) == {"A01": "A01", "A02": "A02"}
        assert {source.dataset for source in folder.sources} == {"study"}
    monkeypatch.chdir(exports[0])
    for path in (Path(), Path("ACC.csv"), Path("../A01")):
        (source,) = find_recordings([path]).sources
        assert (source.recording, source.participant, source.dataset) == ("A01", "A01", "study")


def test_the_set_is_named_after_what_was_given(tmp_path: Path, monkeypatch) -> None:
    tree(tmp_path / "study", "P1/a.csv", "P2/b.csv")
    (tmp_path / "link").symlink_to(tmp_path / "study")
    monkeypatch.chdir(tmp_path / "study")
    for path, name in (
        (Path(), "study"),
        (Path("P1/.."), "study"),
        (tmp_path / "link", "link"),
        (tmp_path / "study" / "P1" / "a.csv", "P1"),
    ):
        assert {source.dataset for source in find_recordings([path]).sources} == {name}


def test_sidecars_without_their_recordings_being_read(tmp_path: Path) -> None:
    study = tree(tmp_path / "study", "P1/a.csv", "P2/b.csv")
    assert find_sidecars([study]) == {}
    tree(study, "labels.csv", "P1/falls.csv", content="recording,onset,duration,label\n")
    expected = {"labels": [study / "labels.csv"], "falls": [study / "P1" / "falls.csv"]}
    assert find_sidecars([study]) == expected
    assert find_sidecars([study / "P1", study / "P2", tmp_path / "gone"]) == expected
    assert find_sidecars([tmp_path / "gone"]) == find_sidecars([]) == {}


def test_modality_picks_among_the_files_of_a_recording(tmp_path: Path) -> None:
    tree(tmp_path, "s.acc.csv")
    tree(tmp_path, "s.ppg.csv", content="time,ppg\n0,1\n0.1,2\n")
    for table in (False, True):
        if table:
            tree(
                tmp_path,
                "recordings.csv",
                content="recording,file,rate_hz\nS,s.acc.csv,32\nS,s.ppg.csv,64\n",
            )
        name = "S" if table else "s"
        acc, ppg = (find_recordings([tmp_path], modality=m) for m in ("acc", "ppg"))  # type: ignore[arg-type]
        assert [(s.recording, s.path.name) for s in acc.sources] == [(name, "s.acc.csv")]
        assert [(s.recording, s.path.name) for s in ppg.sources] == [(name, "s.ppg.csv")]
        rates = [source.rate_hz for source in acc.sources + ppg.sources]
        assert rates == ([32.0, 64.0] if table else [None, None])  # each file's own row
        with pytest.raises(UsageError, match=f"1 recording without ecg, such as '{name}'"):
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


def test_modality_is_told_by_the_signals_of_a_record(tmp_path: Path) -> None:
    pytest.importorskip("wfdb")
    tree(tmp_path, "one.csv")
    tree(tmp_path, "two.hea", content="two 1 100 2\ntwo.dat 16 200/mV 16 0 0 0 0 MLII\n")
    tree(tmp_path, "two.dat", content="1234")
    tree(tmp_path, "recordings.csv", content="recording,file\nS,one.csv\nS,two.hea\n")
    assert [s.path.name for s in find_recordings([tmp_path]).sources] == ["one.csv"]
    assert [s.path.name for s in find_recordings([tmp_path], modality="ecg").sources] == ["two.hea"]


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
    assert people(folder) == {"S2": "P2", "S1_a": "S1", "S3_x": "S3"}
    assert {source.format for source in folder.sources} == {"e4"}
    for path in (tmp_path / "S1_a", tmp_path / "S1_a" / "ACC.csv"):
        assert [(s.recording, s.participant, s.path) for s in find_recordings([path]).sources] == [
            ("S1_a", "S1", tmp_path / "S1_a")
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
    for name in ("a.parquet", "b.csv", "c.npz", "d.cwa", "e.csv.gz"):
        (tmp_path / name).symlink_to(tmp_path / "gone" / name)
    (tmp_path / "f.csv").symlink_to(tmp_path / "f.csv")
    tree(tmp_path, "recordings.csv", content="file,participant\nb.csv,P1\n")
    sources = find_recordings([tmp_path]).sources
    assert [source.participant for source in sources] == ["a", "P1", "c", "d", "e", "f"]
    for source in sources:
        with pytest.raises(InputError, match="a link to a file that is not here: fetch it"):
            open_recording(source)
    with pytest.raises(InputError, match="no such file"):
        open_recording(Source("x", tmp_path / "x.csv", "csv", "p"))


def test_nothing_to_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder"):
        find_recordings([tmp_path / "nowhere"])
    with pytest.raises(UsageError, match=r"no recordings found: wearcli reads .*CSV .*gt3x"):
        find_recordings([tmp_path])
    tree(tmp_path, "notes.txt")
    with pytest.raises(UsageError, match="not a recording"):
        find_recordings([tmp_path / "notes.txt"])


@pytest.mark.realdata
def test_real_devices(realdata: Path, tmp_path: Path) -> None:
    shutil.copytree(realdata / "data" / "devices", tmp_path / "devices")
    folder = find_recordings([tmp_path])
    suffixes = sorted(path.suffix for path in (tmp_path / "devices").iterdir())
    assert sorted(f".{source.format}" for source in folder.sources) == suffixes


def test_pipes_devices_and_sockets_are_no_recordings(tmp_path: Path) -> None:
    """Opened, the first of them would wait for a writer for ever."""
    tree(tmp_path, "a.csv", "P1/ACC.csv", "P2/ok.csv", content=E4)
    for name in ("b.csv", "c.parquet", "d.npz", "e.zip", "f.hea", "labels.csv", "P2/ACC.csv"):
        os.mkfifo(tmp_path / name)
    (tmp_path / "g.csv").symlink_to("/dev/zero")
    (tmp_path / "h.csv").symlink_to(tmp_path / "b.csv")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s.csv"))
        folder = find_recordings([tmp_path])
    assert [source.recording for source in folder.sources] == ["P1", "ok", "a"]
    assert folder.problems == [
        f"10 pipes, devices or sockets, such as {tmp_path / 'b.csv'}, are no recordings: left out"
    ]
    with pytest.raises(UsageError, match="a pipe, a device or a socket is no recording"):
        find_recordings([tmp_path / "b.csv"])
    with pytest.raises(InputError, match="no regular file"):
        open_recording(Source("b", tmp_path / "b.csv", "csv", "p"))


def test_folders_as_deep_as_a_path_may_be(tmp_path: Path) -> None:
    """A search that calls itself gave up at a thousand."""
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1200)]
    for folder in folders:
        os.mkdir(folder)  # noqa: PTH102
    path = Path(folders[-1], "P1_a.csv")
    path.write_text(SIGNAL)
    names = [source.recording for source in find_recordings([tmp_path]).sources]
    path.unlink()
    for folder in reversed(folders):  # shutil.rmtree calls itself too
        os.rmdir(folder)  # noqa: PTH106
    assert names == ["P1_a"]


def test_links_that_lead_in_circles(tmp_path: Path) -> None:
    tree(tmp_path, "a/P1.csv")
    (tmp_path / "a" / "up").symlink_to(tmp_path)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    (tmp_path / "loop.csv").symlink_to(tmp_path / "loop.csv")
    folder = find_recordings([tmp_path])
    assert [source.recording for source in folder.sources] == ["P1", "loop"]
    with pytest.raises(InputError, match="a link to a file that is not here"):
        open_recording(folder.sources[1])


def test_names_that_no_terminal_shows(tmp_path: Path) -> None:
    names = ["P1_\n.csv", "P2_\x1b[31m.csv", os.fsdecode(b"P3_\xff.csv"), "P4_" + "n" * 248 + ".csv"]
    tree(tmp_path, *names)
    folder = find_recordings([tmp_path])
    assert [source.recording for source in folder.sources] == [
        *(r"P1_\n", r"P2_\x1b[31m", r"P3_\udcff", "P4_" + "n" * 248)
    ]
    assert [open_recording(source).rate_hz for source in folder.sources] == [50.0] * 4
    pq.write_table(pa.table({"time": [0.0]}), tmp_path / "a.parquet")
    (tmp_path / "a.parquet").rename(tmp_path / os.fsdecode(b"\xff.parquet"))
    (row,) = inspect([tmp_path / os.fsdecode(b"\xff.parquet")]).recordings
    assert (
        row.error
        == rf"{tmp_path}/\udcff.parquet: cannot be read: its name is not UTF-8: give it another name"
    )


def test_a_format_that_fails_at_a_look_fails_when_it_is_opened(tmp_path: Path) -> None:
    tree(tmp_path, "a.csv")
    tree(tmp_path, "b.hea", "c.hea", content=f"b/{'9' * 5000} 1 100\n")
    (tmp_path / "cr.csv").write_bytes(SIGNAL.replace("\n", "\r").encode())
    assert [source.recording for source in find_recordings([tmp_path]).sources] == ["a", "b", "c", "cr"]


def test_files_that_are_not_read_are_counted(tmp_path: Path) -> None:
    tree(tmp_path, "P01/a.csv", "P01/b.csv", "participants.csv")
    tree(tmp_path, "P02/s.c3d", "P02/t.C3D", "P02/u.agd", "P02/v.xlsx", "P02/w.h5.gz", "P02/odd.xyz")
    tree(tmp_path, "P01/a.c3d", "notes.txt", "plan.pdf", "README", "photo.JPG", "data.json", ".hidden.c3d")
    folder = find_recordings([tmp_path])
    assert folder.not_read == {".c3d": 2, ".agd": 1, ".h5.gz": 1, ".xlsx": 1, ".xyz": 1}
    (line,) = folder.problems
    assert line.startswith("not read: 2 .c3d, 1 .")
    tree(tmp_path / "none", "a.c3d", "b.fit")
    with pytest.raises(UsageError, match=r"no recordings found \(not read: 1 \.c3d, 1 \.fit"):
        find_recordings([tmp_path / "none"])


def test_a_folder_that_cannot_be_entered_is_a_failure(tmp_path: Path, monkeypatch, command) -> None:
    import os

    tree(tmp_path, "P01/a.csv", "P02/b.csv")
    enter = os.scandir

    def scandir(path):
        if Path(path).name == "P02":
            raise PermissionError(13, "Permission denied", str(path))
        return enter(path)

    monkeypatch.setattr(os, "scandir", scandir)
    folder = find_recordings([tmp_path])
    assert people(folder) == {"a": "P01"}
    assert list(folder.closed) == [str(tmp_path / "P02")]
    code, out, err = command("inspect", str(tmp_path), "--json")
    assert code == 1
    assert "P02: the folder cannot be entered (Permission denied): see its permissions" in err
    assert '"failed": 1' in out


def test_a_row_may_name_a_file_of_a_folder_that_is_one_recording(tmp_path: Path) -> None:
    """The row of P1/ACC.csv was passed over in silence: only P1 was taken."""
    for folder in ("P1", "P2"):
        (tmp_path / folder).mkdir()
        rows = "1609459200.0, 1609459200.0, 1609459200.0\n32.0, 32.0, 32.0\n" + "0, 0, 64\n" * 64
        (tmp_path / folder / "ACC.csv").write_text(rows)
    (tmp_path / "recordings.csv").write_text("recording,file,participant\nr1,P1/ACC.csv,anna\nr2,P2,berta\n")
    study = find_recordings([tmp_path])
    assert [(source.recording, source.participant) for source in study.sources] == [
        ("r1", "anna"),
        ("r2", "berta"),
    ]
