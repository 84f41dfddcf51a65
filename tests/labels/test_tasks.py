"""The tasks with a name: what each finds, and of which kind it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from tests.probing.tables import study
from wearcli.cli.options import Task as TaskOption
from wearcli.errors import UsageError
from wearcli.labels.named import NAMED, NAMES
from wearcli.labels.samples import join_classes
from wearcli.labels.tasks import Task, one_against_rest, resolve_task
from wearcli.labels.windows import UsableWindows
from wearcli.probing.probe import probe

KEYS = ["recording", "onset", "duration"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study of 8 people with a table for every task."""
    study(tmp_path)
    gait = pd.read_csv(tmp_path / "gait.csv")
    heart = gait[KEYS].assign(
        hr_bpm=gait["cadence_spm"] / 2, sdnn_ms=40 + gait["stride_time_s"], rmssd_ms=gait["stride_time_s"]
    )
    heart.assign(n_beats=60, quality=1.0, device="x").to_csv(tmp_path / "heart.csv", index=False)
    about = pd.read_csv(tmp_path / "participants.csv").assign(
        height_cm=160.0, weight_kg=50 + np.arange(8) * 3
    )
    about.to_csv(tmp_path / "participants.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "kind", "targets"),
    [
        ("activity", "classification", ["label"]),
        ("rhythm", "classification", ["label"]),
        ("gait", "regression", ["stride_time_s", "cadence_spm"]),
        ("heart", "regression", ["hr_bpm", "sdnn_ms", "rmssd_ms"]),
        ("age", "regression", ["age"]),
        ("bmi", "regression", ["bmi"]),
        ("sex", "classification", ["sex"]),
    ],
)
@pytest.mark.parametrize("level", ["window", "participant"])
def test_every_task_name(folder: Path, name: str, kind: str, targets: list[str], level: Any) -> None:
    result = probe(task=name, level=level, probe="linear", bootstrap=20)
    assert (result.kind, result.targets, result.n_participants) == (kind, targets, 8)
    assert result.output == f"probes/{name}"
    assert set(result.scores) == {"linear", "features", "majority" if result.classes else "mean"}
    metrics = {key.split(".")[-1] for key in result.scores["linear"]}
    assert ("icc" in metrics) == (name in ("gait", "heart"))
    assert ("pauroc" in metrics) == (name == "sex")
    assert all("." in key for key in result.scores["linear"]) == (name in ("gait", "heart"))
    assert not [warning for warning in result.warnings if "whole numbers" in warning]
    if level == "participant":
        people = 8 * (3 if name in ("activity", "rhythm") else 1)
        assert (result.n_samples, result.n_windows) == (people, 240)


def test_one_metric_of_the_heart_is_named_too(folder: Path) -> None:
    result = probe(task="heart", target="hr_bpm", probe="linear", bootstrap=20)
    assert {"hr_bpm.icc", "hr_bpm.loa_low", "hr_bpm.bias"} < set(result.scores["linear"])
    classes = probe(task="gait", target="cadence_spm", kind="classification", dry_run=True)
    assert classes.kind == "classification"


def test_the_names_are_in_the_help_and_in_words() -> None:
    assert NAMES == "activity, rhythm, gait, heart, age, bmi or sex"
    help_ = TaskOption.__metadata__[0].help
    assert [name for name in NAMED if name not in help_] == []


def resolve(name: str, path: Path, target: list[str] | None = None) -> Task:
    return resolve_task(name, path, target, None, {}, None, [])


def test_bmi_is_weight_by_squared_height_where_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    path.write_text(
        "participant,height_cm,weight_kg\na,180,81\nb,0,70\nc,,70\nd,170,\ne,-1,60\nf,200,n/a\ng,160,64\nh,150,0\n"
    )
    task = resolve("bmi", path)
    assert task.kind == "regression"
    assert task.table["bmi"].tolist() == pytest.approx([25.0, *[np.nan] * 5, 25.0, np.nan], nan_ok=True)
    own = tmp_path / "own.csv"
    own.write_text("participant,height_cm,weight_kg,bmi\na,180,81,30\nb,180,81,\n")
    assert resolve("bmi", own).table["bmi"].tolist() == pytest.approx([30, np.nan], nan_ok=True)
    assert resolve("mine", path, ["bmi"]).table["bmi"][0] == pytest.approx(25)
    path.write_text("participant,height_cm,age\na,180,81\n")
    with pytest.raises(UsageError, match=r"no column bmi \(nor weight_kg and height_cm\); .* height_cm, age"):
        resolve("bmi", path)
    path.write_text("participant,height_cm,weight_kg\na,1.80 m,81\n")
    with pytest.raises(UsageError, match=r"column height_cm is not of numbers: mend it, or .* a column bmi"):
        resolve("bmi", path)


def test_sex_may_be_a_code_and_age_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "participants.csv"
    path.write_text("participant,sex,age\na,0,30\nb,1,40\nc,,50\n")
    sex = resolve("sex", path)
    assert (sex.kind, sex.table["sex"].dropna().tolist()) == ("classification", ["0", "1"])
    assert not resolve("age", path).warnings
    path.write_text("participant,sex,age\na,0,30-40\n")
    with pytest.raises(UsageError, match="column age is not of numbers"):
        resolve("age", path)


@pytest.mark.parametrize(
    ("name", "file"), [("rhythm", "labels"), ("heart", "heart"), ("bmi", "participants")]
)
def test_a_named_task_without_its_table(folder: Path, name: str, file: str) -> None:
    Path(f"{file}.csv").unlink()
    with pytest.raises(UsageError, match=rf"no {file}\.csv found in .*: name it with --labels"):
        probe(task=name)


@pytest.mark.parametrize("positive", ["rest", "stairs", "walk"])
def test_one_class_against_the_rest(folder: Path, tmp_path: Path, positive: str) -> None:
    result = probe(task="activity", positive=positive, probe="linear", bootstrap=20)
    other = "other" if positive == "rest" else "rest"
    assert result.classes == [other, positive]
    assert result.positive == positive
    assert {name: each["samples"] for name, each in result.class_samples.items()} == {
        positive: 80,
        other: 160,
    }
    held = pd.read_parquet("probes/activity/predictions.parquet").query("probe == 'linear'")
    chance = np.stack(held["probabilities"]).astype(float)
    before = chance ** held["temperature"].to_numpy()[:, None]
    before = before[:, 1] / before.sum(axis=1)
    for key, limit in (("auroc", None), ("pauroc", 0.1)):
        wanted = roc_auc_score(held["truth"] == positive, before, max_fpr=limit)
        assert result.scores["linear"][key]["mean"] == pytest.approx(wanted, abs=1e-4)
    assert result.scores["majority"]["pauroc"]["mean"] == 0.5
    assert ((chance[:, 1] > 0.5) == (held["predicted"] == positive)).all()


def test_two_other_classes_cover_a_window_together() -> None:
    rows = [("a", 0.0, 4.0, "X"), ("a", 4.0, 3.0, "Y"), ("a", 7.0, 3.0, "Z"), ("a", 10.0, 5.0, None)]
    table = pd.DataFrame(rows, columns=[*KEYS, "label"])
    three = Task("rhythm", "classification", ("label",), (Path("x"),), table)
    two = one_against_rest(three, "X")
    assert two.table["label"].tolist()[:3] == ["X", "rest", "rest"]
    assert two.table["label"].isna().tolist() == [False] * 3 + [True]
    times = pd.DataFrame({"recording": ["a"], "participant": "p", "onset": 0.0, "duration": 10.0})
    window = UsableWindows(times, {}, {})
    assert not len(join_classes(window, three.table.dropna(), None))
    assert join_classes(window, two.table.dropna(), None).truth.tolist() == ["rest"]
