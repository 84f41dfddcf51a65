"""Several tables, label maps, left-out groups, outside sets and learning curves."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.probing.tables import study
from wearcli.errors import InputError, UsageError
from wearcli.probing.learning_curve import parse_shares
from wearcli.probing.probe import ProbeResult, probe

FAST = {"bootstrap": 100, "probe": "linear"}


def rename(folder: Path, letter: str) -> Path:
    """The people and recordings of a study called by another letter; returns its table under that name."""
    table = pq.read_table(folder / "embeddings.parquet")
    for column in ("recording", "participant"):
        names = pa.array([name.replace("p", letter) for name in table[column].to_pylist()])
        table = table.set_column(table.schema.get_field_index(column), column, names)
    pq.write_table(table, folder / f"{letter}.parquet")
    for name in ("labels", "gait", "participants"):
        text = pd.read_csv(folder / f"{name}.csv")
        text.iloc[:, 0] = text.iloc[:, 0].str.replace("p", letter)
        text.to_csv(folder / f"{name}.csv", index=False)
    return folder / f"{letter}.parquet"


@pytest.fixture(scope="module")
def sets(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Three studies of other people and one signal, the third of which calls a class by another name."""
    root = tmp_path_factory.mktemp("sets")
    found = {}
    for number, letter in enumerate("abc"):
        study(root / letter, people=5, seed=number)
        # One signal for all: the directions of the first.
        vectors = np.stack(pq.read_table(root / letter / "embeddings.parquet")["embedding"].to_pylist())
        found[letter] = _with(rename(root / letter, letter), vectors, number)
    labels = pd.read_csv(root / "c" / "labels.csv").replace({"label": {"walk": "Gehen"}})
    labels.to_csv(root / "c" / "labels.csv", index=False)
    return found


def _with(path: Path, vectors: np.ndarray, seed: int) -> Path:
    """Embeddings that tell the label, which is in turn rest, stairs, walk, a bout of five windows each."""
    rng = np.random.default_rng(seed)
    code = (np.arange(len(vectors)) // 5) % 3
    told = (rng.normal(size=vectors.shape) + 2.5 * np.eye(vectors.shape[1])[code]).astype(np.float32)
    table = pq.read_table(path)
    at = table.schema.get_field_index("embedding")
    column = pa.FixedSizeListArray.from_arrays(pa.array(told.reshape(-1)), vectors.shape[1])
    pq.write_table(table.set_column(at, table.schema.field(at), column), path)
    return path


def test_a_set_left_out_is_scored_as_an_outside_set_would_be(sets: dict[str, Path], tmp_path: Path) -> None:
    out = {"task": "activity", **FAST}
    left = probe([sets["a"], sets["b"]], leave_out="set", output=tmp_path / "left", **out)
    assert left.groups is not None
    assert left.groups["by"] == "set"
    assert left.groups["participants"] == {"a": 5, "b": 5}
    tested = probe(sets["b"], test=sets["a"], output=tmp_path / "test", **out)
    assert tested.folds == 1
    assert tested.n_participants == 10
    for name in ("linear", "features", "majority"):
        for metric, score in left.groups["scores"]["a"][name].items():
            assert score == {key: tested.scores[name][metric][key] for key in ("mean", "low", "high")}
            assert left.scores[name][metric]["folds"][0] == score["mean"]
    # The rows say where they were held out, and by whom they were not seen.
    rows = pq.read_table(tmp_path / "left" / "predictions.parquet").to_pandas()
    assert (rows["group"] == rows["recording"].str[0]).all()
    rows = pq.read_table(tmp_path / "test" / "predictions.parquet").to_pandas()
    assert set(rows["recording"].str[0]) == {"a"}


def test_classes_that_only_the_outside_set_has_are_named(sets: dict[str, Path], tmp_path: Path) -> None:
    result = probe(sets["a"], task="activity", test=sets["c"], output=tmp_path / "p", **FAST)
    assert "class Gehen is in the outside set alone, so no probe can tell it: its F1 is 0" in result.warnings
    assert result.per_class["linear"]["Gehen"] == 0
    same = probe(sets["a"], task="activity", test=sets["b"], dry_run=True, **FAST)
    assert not any("outside set" in said for said in same.warnings)


def test_participants_left_out_are_a_fold_each(sets: dict[str, Path]) -> None:
    result = probe(sets["a"], task="activity", leave_out="participant", dry_run=True, **FAST)
    assert result.folds == result.n_participants == 5
    assert result.groups is None


def test_a_column_of_participants_can_be_left_out(sets: dict[str, Path], tmp_path: Path) -> None:
    result = probe(sets["a"], task="activity", leave_out="sex", output=tmp_path / "p", **FAST)
    assert result.groups is not None
    assert result.groups["participants"] == {"F": 2, "M": 3}
    assert result.folds == 2
    with pytest.raises(UsageError, match=r"no such column in .*\(age, sex\)"):
        probe(sets["a"], task="activity", leave_out="site", dry_run=True, **FAST)


def test_placements_of_the_same_people_are_left_out_with_the_people(
    sets: dict[str, Path], tmp_path: Path
) -> None:
    table = pq.read_table(sets["a"])
    both = []
    for placement in ("wrist", "hip"):
        part = table.set_column(2, "placement", pa.array([placement] * len(table)))
        names = pa.array([f"{name}_{placement}" for name in table["recording"].to_pylist()])
        both.append(part.set_column(0, "recording", names))
    pq.write_table(pa.concat_tables(both), tmp_path / "both.parquet")
    labels = pd.read_csv(sets["a"].parent / "labels.csv")
    pd.concat([labels.assign(recording=labels["recording"] + end) for end in ("_wrist", "_hip")]).to_csv(
        tmp_path / "labels.csv", index=False
    )
    result = probe(
        tmp_path / "both.parquet",
        task="activity",
        leave_out="placement",
        folds=4,
        output=tmp_path / "p",
        **FAST,
    )
    assert result.groups is not None
    assert result.groups["participants"] == {"hip": 5, "wrist": 5}
    assert result.folds == 8  # of each placement four parts of the people
    rows = pq.read_table(tmp_path / "p" / "predictions.parquet").to_pandas()
    assert (rows["placement"] == rows["group"]).all()
    with pytest.raises(InputError, match="has no placement"):
        probe(sets["a"], task="activity", leave_out="placement", dry_run=True, **FAST)


def test_a_label_map_gives_sets_common_names(sets: dict[str, Path], tmp_path: Path) -> None:
    tables = [sets["a"], sets["c"]]
    without = probe(tables, task="activity", dry_run=True, **FAST)
    assert without.classes == ["Gehen", "rest", "stairs", "walk"]
    names = tmp_path / "map.csv"
    names.write_text("label,class,set\nwalk,go,\nGehen,go,c\nrest,still,\nstairs,,\n")
    result = probe(tables, task="activity", label_map=names, dry_run=True, **FAST)
    assert result.classes == ["go", "still"]
    assert result.class_samples["go"]["participants"] == 10
    assert sum("leaves out: stairs" in warning for warning in result.warnings) == 2
    names.write_text("label,class,set\nGehen,go,a\n")
    with pytest.raises(InputError, match=r"no class for any label of .*labels.csv \(rest, stairs, walk\)"):
        probe(sets["a"], task="activity", label_map=names, dry_run=True, **FAST)
    names.write_text("label,class\nwalk,go\nwalk,run\n")
    with pytest.raises(InputError, match="line 3: 'walk' has two classes"):
        probe(sets["a"], task="activity", label_map=names, dry_run=True, **FAST)
    names.write_text("label,class\nwalk,go\n")
    with pytest.raises(UsageError, match="numbers, not classes"):
        probe(sets["a"], task="gait", label_map=names, dry_run=True, **FAST)


def test_tables_must_be_of_one_model_and_named_once(sets: dict[str, Path], tmp_path: Path) -> None:
    other = study(tmp_path / "other")
    table = pq.read_table(other)
    text = table.schema.metadata[b"wearcli"].replace(b"abc", b"xyz")
    pq.write_table(table.replace_schema_metadata({b"wearcli": text}), other)
    with pytest.raises(UsageError, match="embeddings was embedded with another model than a"):
        probe([sets["a"], other], task="activity", dry_run=True, **FAST)
    with pytest.raises(UsageError, match="given twice"):
        probe([sets["a"], sets["a"]], task="activity", dry_run=True, **FAST)


def test_people_of_one_name_in_two_tables_are_one_person(sets: dict[str, Path], tmp_path: Path) -> None:
    again = tmp_path / "again.parquet"
    again.write_bytes(sets["a"].read_bytes())
    (tmp_path / "labels.csv").write_text((sets["a"].parent / "labels.csv").read_text())
    result = probe([sets["a"], again], task="activity", dry_run=True, **FAST)
    assert result.n_participants == 5
    assert any("5 participants of one name are in several tables" in said for said in result.warnings)
    for name in ("gait", "participants"):
        (tmp_path / f"{name}.csv").write_text((sets["a"].parent / f"{name}.csv").read_text())
    for task in ("activity", "gait"):  # a regression ended in a division by zero
        with pytest.raises(InputError, match="nobody is left to train"):
            probe(sets["a"], task=task, test=again, output=tmp_path / task, **FAST)


@pytest.fixture(scope="module")
def curved(sets: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> ProbeResult:
    out = tmp_path_factory.mktemp("curve") / "p"
    return probe(
        sets["a"],
        task="activity",
        label_share=[100, 30, 4],
        folds=3,
        output=out,
        bootstrap=100,
        probe="linear",
    )


def test_a_learning_curve_ends_at_the_probe_itself(curved: ProbeResult) -> None:
    whole, some, few = curved.learning_curve
    assert [each["share"] for each in (whole, some, few)] == [100, 30, 4]
    assert [each["repeats"] for each in (whole, some, few)] == [1, 5, 5]
    for name in ("linear", "features"):
        for metric, score in whole["scores"][name].items():
            assert score == {key: curved.scores[name][metric][key] for key in ("mean", "low", "high")}
    for metric, difference in curved.differences["linear"].items():
        assert whole["less_features"][metric] == difference
    # 150 windows, of which a fold's probe is fitted on two thirds or so.
    assert whole["samples"] == pytest.approx(100, abs=10)
    assert some["samples"] == pytest.approx(0.3 * whole["samples"], abs=2)
    assert few["samples"] == pytest.approx(0.04 * whole["samples"], abs=2)
    assert few["scores"]["linear"]["macro_f1"]["mean"] < whole["scores"]["linear"]["macro_f1"]["mean"]


def test_shares_are_percentages() -> None:
    assert parse_shares("1,100,30,30") == [100, 30, 1]
    for text in ("", "0,10", "120", "ten"):
        with pytest.raises(UsageError, match="percentages above 0 up to 100"):
            parse_shares(text)


def test_the_command_tells_groups_curve_and_calibration(
    sets: dict[str, Path], tmp_path: Path, command: Callable[..., tuple[int, str, str]]
) -> None:
    words = ["probe", str(sets["a"]), str(sets["b"]), "--task", "activity", "--bootstrap", "50"]
    words += [
        "--probe",
        "linear",
        "--leave-out",
        "set",
        "--label-share",
        "100,10,2",
        "-o",
        str(tmp_path / "p"),
    ]
    code, _, text = command(*words)
    assert code == 0, text
    assert "each set left out with its people" in text
    assert "10 %" in text
    assert "expected calibration error: linear" in text
    assert "Warning" not in text  # of a library that takes few labels for numbers
    code, _, text = command(*words[:5], "--test", str(sets["a"]), "--leave-out", "set")
    assert (code, "--test with --leave-out set" in text) == (2, True)


def test_gait_of_two_sets_has_a_score_in_each(sets: dict[str, Path], tmp_path: Path) -> None:
    result = probe(
        [sets["a"], sets["b"]],
        task="gait",
        leave_out="set",
        output=tmp_path / "p",
        target="cadence_spm",
        **FAST,
    )
    assert result.groups is not None
    assert {*result.groups["scores"]["a"]} == {"linear", "features", "mean"}
    assert "cadence_spm.mae" in result.groups["scores"]["b"]["linear"]
    band = result.intervals["features"]["cadence_spm"]
    assert 0 < band["half_width"] < 100
    assert 0.5 < band["coverage"] <= 1


def test_an_outside_folder_is_embedded_by_the_same_model(sample_data: Path, tmp_path: Path) -> None:
    from wearcli.embedding.embed import embed

    files = sorted((sample_data).glob("P0*_daily*"))[:3]
    mine = tmp_path / "mine"
    embed(files, tmp_path / "e.parquet", model="simclr-fast-v1")
    mine.mkdir()
    for file in sorted(sample_data.glob("P0[4-6]_daily*")):
        (mine / file.name).symlink_to(file)
    for name in ("labels.csv", "participants.csv"):
        (mine / name).symlink_to(sample_data / name)
    result = probe(
        tmp_path / "e.parquet",
        task="activity",
        labels=sample_data / "labels.csv",
        test=mine,
        dry_run=True,
        **FAST,
    )
    assert result.n_participants == 6
    with pytest.raises(UsageError, match="no bundled model"):
        probe(study(tmp_path / "toy"), task="activity", test=mine, dry_run=True, **FAST)
