"""What goes wrong, each told in one line with the right exit code."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.probing.tables import study, write_table
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.tasks import Task, task_intervals
from wearcli.probing.probe import probe
from wearcli.probing.saved import load_probe


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    study(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(error: type[WearcliError], words: str, /, **arguments: Any) -> None:
    with pytest.raises(error, match=words) as caught:
        probe(**{"task": "activity", "bootstrap": 10} | arguments)
    assert "\n" not in str(caught.value)
    assert not Path("probes").exists()


def relabel(folder: Path, **columns: object) -> None:
    table = pd.read_csv(folder / "labels.csv")
    table.assign(**columns).to_csv(folder / "labels.csv", index=False)


def rewrite(about: dict[str, Any] | None = None, **columns: object) -> None:
    """The same embeddings table with more in its metadata, or other columns."""
    table = pq.read_table("embeddings.parquet")
    times = table.select(["recording", "participant", "onset"]).to_pandas().assign(**columns)
    vectors = [np.stack(table[name].to_pylist()) for name in ("embedding", "features")]
    write_table(Path("embeddings.parquet"), times, *vectors, about)


def test_one_participant(folder: Path) -> None:
    table = study(folder, people=1)
    refused(InputError, r"all samples are of one participant \(p00\).*--participant-from", embeddings=table)


def test_one_class(folder: Path) -> None:
    relabel(folder, label="walk")
    refused(InputError, "every sample is 'walk': a classification needs two classes")


def test_few_samples(folder: Path) -> None:
    study(folder, people=2, bouts=2)
    refused(InputError, "gait.csv: only 4 samples with windows, 5 are the fewest", task="gait")


def test_targets_without_values(folder: Path) -> None:
    table = pd.read_csv("gait.csv").drop(columns=["cadence_spm"])
    table.assign(stride_time_s=np.nan).to_csv("gait.csv", index=False)
    refused(InputError, "no row can be used .48 rows without a target.: mend stride_time_s", task="gait")
    table.assign(stride_time_s=1.0).to_csv("gait.csv", index=False)
    refused(InputError, "no target can be predicted .target stride_time_s is always 1", task="gait")


def test_no_overlap_in_time(folder: Path) -> None:
    relabel(folder, onset=5000.0)
    refused(InputError, r"no window lies by half .* \(p00_a: labels 5000 to 5010 s, windows 0 to 60 s\)")


def test_a_row_of_labels_without_a_recording(folder: Path) -> None:
    table = pd.read_csv("labels.csv").assign(recording="stranger")
    table.loc[0, "recording"] = None
    table.to_csv("labels.csv", index=False)
    refused(InputError, r"no recording of .*labels.csv \(stranger\) is among the embeddings'")


def test_recording_names_that_differ(folder: Path) -> None:
    table = pd.read_csv("labels.csv")
    relabel(folder, recording=table["recording"].str.replace("p0", "p00"))
    refused(
        InputError, r"no recording of labels.csv \(p000_a, p001_a, p002_a and 5 more\).*\(p00_a, p01_a, p02_a"
    )


def test_a_label_of_other_recordings_is_counted(folder: Path) -> None:
    table = pd.read_csv("labels.csv")
    pd.concat([table, table.head(2).assign(recording="else")]).to_csv("labels.csv", index=False)
    result = probe(task="activity", dry_run=True)
    assert result.dropped == {"labelled recordings without usable windows": 1}


def test_a_column_that_is_not_there(folder: Path) -> None:
    refused(
        UsageError,
        "no column speed; the columns there are stride_time_s, cadence_spm",
        task="gait",
        target="speed",
    )
    pd.read_csv("labels.csv").rename(columns={"label": "activity"}).to_csv("labels.csv", index=False)
    refused(UsageError, "no column label; the columns there are activity: use --target")


def test_empty_tables(folder: Path) -> None:
    pd.read_csv("labels.csv").head(0).to_csv("labels.csv", index=False)
    refused(InputError, "labels.csv: the table has no rows")
    write_table(
        Path("none.parquet"),
        pd.DataFrame(columns=["recording", "participant", "onset"]),
        *[np.empty((0, 2))] * 2,
    )
    refused(InputError, "none.parquet: the table has no windows", embeddings="none.parquet")


def test_a_file_that_is_no_embeddings_table(folder: Path) -> None:
    pq.write_table(pa.table({"x": [1]}), "other.parquet")
    refused(InputError, "other.parquet: not an embeddings table", embeddings="other.parquet")
    about = {b"wearcli": json.dumps({}).encode()}
    pq.write_table(pa.table({"x": [1]}).replace_schema_metadata(about), "other.parquet")
    refused(InputError, "no column recording, participant.*it has x", embeddings="other.parquet")
    refused(UsageError, "nowhere.parquet: no such embeddings table", embeddings="nowhere.parquet")


def test_labels_that_are_nowhere(folder: Path) -> None:
    refused(UsageError, "x.csv: no such table of labels: name another with --labels", labels="x.csv")
    Path("labels.csv").unlink()
    refused(UsageError, "no labels.csv found in recordings, .*: name it with --labels")


def test_a_folder_of_something_else_is_never_replaced(folder: Path) -> None:
    refused(UsageError, "something else .no probe.json in it.", output=".", overwrite=True)
    refused(UsageError, "is a file, and a folder is to be written", output="labels.csv", overwrite=True)
    assert Path("labels.csv").is_file()
    Path("empty").mkdir()
    probe(task="activity", probe="linear", bootstrap=10, output="empty")
    assert Path("empty/probe.json").is_file()


def test_recordings_without_windows_are_named(folder: Path) -> None:
    rewrite({"recordings_planned": [f"p{number:02d}_a" for number in range(12)]})
    result = probe(task="activity", dry_run=True)
    assert result.warnings[0].startswith(
        "4 of 12 recordings have no windows in the table (p08_a, p09_a, p10_a and 1 more)"
    )
    rewrite({"recordings_planned": [f"p{number:02d}_a" for number in range(8)]})
    assert not probe(task="activity", dry_run=True).warnings


def test_windows_that_were_not_worn_are_left_out(folder: Path) -> None:
    wear = np.ones(240)
    wear[:30], wear[30:40], wear[40:50] = 0.49, 0.5, np.nan
    rewrite(wear=wear)
    result = probe(task="activity", dry_run=True)
    assert (result.n_windows, result.n_participants) == (210, 7)
    assert result.dropped == {
        "windows not worn (--keep-nonwear keeps them)": 30,
        "labelled recordings without usable windows": 1,
    }
    kept = probe(task="activity", dry_run=True, keep_nonwear=True)
    assert (kept.n_windows, kept.dropped) == (240, {})
    rewrite(wear=np.zeros(240))
    refused(InputError, "no window can be used .240 windows not worn.*: see --keep-nonwear")


def test_windows_of_poor_quality_are_left_out(folder: Path) -> None:
    quality = np.ones(240)
    quality[:30], quality[30:40], quality[40:50], quality[50] = 0.49, 0.5, np.nan, 0.3
    wear = np.ones(240)
    wear[20:35] = 0
    rewrite(quality=quality, wear=wear)
    result = probe(task="activity", dry_run=True)
    assert result.n_windows == 240 - 15 - 21
    assert result.dropped == {
        "windows not worn (--keep-nonwear keeps them)": 15,
        "windows of poor quality (--min-quality 0 keeps them)": 21,
        "labelled recordings without usable windows": 1,
    }
    # 0.3 is a float32 in the table: it is not below itself.
    for least, left in ((0.3, 0), (0.301, 1), (0.5, 31), (1.0, 41), (0.0, 0)):
        found = probe(task="activity", dry_run=True, keep_nonwear=True, min_quality=least)
        assert found.n_windows == 240 - left, least
    rewrite(quality=np.zeros(240))
    refused(InputError, "no window can be used .240 windows of poor quality.*: see --min-quality$")
    rewrite()  # without the column, as tables of acceleration are
    assert probe(task="activity", dry_run=True).n_windows == 240


def test_events_without_a_time_are_counted(folder: Path) -> None:
    table = pd.read_csv("gait.csv").iloc[:, :4]
    table.loc[:2, "duration"] = np.nan
    table.loc[3:4, "onset"] = np.nan
    task = Task("gait", "regression", ("stride_time_s",), (Path("gait.csv"),), table)
    intervals, left_out = task_intervals(task, pd.DataFrame())
    assert (len(intervals), left_out) == (43, {"rows without a time or a duration": 5})


def test_an_unknown_task(folder: Path) -> None:
    refused(
        UsageError,
        "unknown task 'sleep': use activity, rhythm, gait, heart, age, bmi or sex, or a table of your own "
        "with --labels FILE --target COL",
        task="sleep",
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"epoch": 0}, "--epoch takes seconds above 0"),
        ({"epoch": float("nan")}, "--epoch takes seconds above 0"),
        ({"folds": 1}, "--folds takes 2 or more"),
        ({"bootstrap": 0}, "--bootstrap takes 1 or more"),
        ({"seed": -1}, "--seed takes 0 or more"),
        ({"probe": "forest"}, "unknown probe 'forest': --probe linear, mlp, lda, knn or both"),
        ({"kind": "regression"}, "column label is not of numbers"),
        ({"task": "gait", "kind": "classification"}, "one column at a time.*--target"),
        ({"level": "person"}, "unknown level 'person': --level window or participant"),
        (
            {"level": "participant", "epoch": 10},
            "--epoch 10 with --level participant: .*leave one of the two",
        ),
        ({"level": "participant", "min_segments": 0}, "--min-segments takes 1 or more"),
        ({"min_segments": 2}, "--min-segments 2: for --level participant alone"),
        ({"min_quality": 1.1}, "a quality of 1.1: --min-quality takes 0 to 1"),
        ({"min_quality": float("nan")}, "--min-quality takes 0 to 1"),
        ({"positive": "AF"}, "--positive AF: no class of .*labels.csv; .* are rest, stairs, walk$"),
        ({"task": "gait", "positive": "AF"}, "--positive AF: .*gait.csv has numbers, not classes"),
    ],
)
def test_arguments_that_cannot_be(folder: Path, arguments: dict[str, Any], words: str) -> None:
    refused(UsageError, words, **arguments)


def test_numbers_and_classes_need_a_choice(folder: Path) -> None:
    refused(UsageError, "both numbers and classes .age, sex.", task="who", labels="participants.csv")


def test_whole_numbers_may_be_codes(folder: Path) -> None:
    relabel(folder, stage=np.arange(48) % 3)
    amounts = probe(task="stage", labels="labels.csv", target="stage", dry_run=True)
    assert amounts.kind == "regression"
    assert any("stage has 3 whole numbers, taken as amounts" in warning for warning in amounts.warnings)
    codes = probe(task="stage", labels="labels.csv", target="stage", kind="classification", dry_run=True)
    assert codes.classes == ["0", "1", "2"]
    assert not codes.warnings


def test_another_sidecar_is_a_task_by_its_name(folder: Path) -> None:
    Path("gait.csv").rename("heart.csv")
    result = probe(task="heart", target="cadence_spm", dry_run=True)
    assert result.targets == ["cadence_spm"]


def test_labels_are_where_embedding_found_them(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    Path("labels.csv").rename(elsewhere / "labels.csv")
    for about in (
        {"sidecars": {"labels": str(elsewhere / "labels.csv")}},
        {"sidecars": {"labels": [str(elsewhere / "labels.csv")]}},
        {"arguments": {"paths": [str(elsewhere)]}},
    ):
        rewrite(about)
        assert probe(task="activity", dry_run=True).n_samples == 240


def test_labels_made_after_the_embedding_are_found(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "p00" / "a").mkdir(parents=True)
    (elsewhere / "p00" / "p00_a.csv").write_text("time,x,y,z\n0,0,0,1\n0.02,0,0,1\n")
    earlier = Path("labels.csv").rename(elsewhere / "earlier.csv")
    rewrite({"sidecars": {"labels": [str(earlier)]}, "arguments": {"paths": [str(elsewhere)]}})
    assert probe(task="activity", dry_run=True).n_windows == 240
    # Beside the recording, not at the top of the folder; and before what was there at the time.
    table = pd.read_csv(earlier)
    table[table["recording"] != "p07_a"].to_csv(elsewhere / "p00" / "labels.csv", index=False)
    assert probe(task="activity", dry_run=True).n_windows == 210
    assert probe(task="activity", labels=earlier, dry_run=True).n_windows == 240


def test_a_damaged_probe_folder(folder: Path) -> None:
    with pytest.raises(UsageError, match="no probe folder"):
        load_probe(folder)
    probe(task="activity", probe="linear", output="p", bootstrap=10)
    info = json.loads(Path("p/probe.json").read_text())
    Path("p/probe.json").write_text(json.dumps(info | {"format": 99}))
    with pytest.raises(InputError, match="later wearcli"):
        load_probe(Path("p"))
    Path("p/probe.json").write_text(json.dumps(info))
    Path("p/weights.npz").write_bytes(Path("p/weights.npz").read_bytes()[:100])
    with pytest.raises(InputError, match="damaged"):
        load_probe(Path("p"))


def test_doubt_about_participants_stands_beside_the_score(folder: Path) -> None:
    rewrite({"participant_doubt": "the participants are in doubt: days"})
    result = probe("embeddings.parquet", task="activity", probe="linear", bootstrap=10)
    assert result.warnings[0] == "the participants are in doubt: days"
