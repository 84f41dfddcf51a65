from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.training import make
from wearcli.errors import InputError, UsageError
from wearcli.training.data import TrainingData
from wearcli.training.methods.learner import start_learner
from wearcli.training.settings import Settings


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """Two sets, both with recordings P0_0, P0_1 ...; of a minute each, in windows of 2 s."""
    root = tmp_path_factory.mktemp("stores")
    return [make.store(root / "first", people=3), make.store(root / "second", people=2, seed=1)]


def table(path: Path, rows: list[tuple]) -> str:
    pd.DataFrame(rows, columns=["recording", "onset", "duration", "label"]).to_csv(path, index=False)
    return str(path)


def check(settings) -> None:
    start_learner(settings).check()


def supervised(*labels: str, **options) -> Settings:
    return make.settings(paths=("x",), method="supervised", labels=labels, **options)


def known(data: TrainingData, recording: str) -> dict[float, str]:
    """Onset -> label of the windows of a recording that have one."""
    mine = data.index[data.index["recording"].str.endswith(recording) & data.index["label"].notna()]
    return dict(zip(mine["onset"], mine["label"], strict=True))


def test_a_window_takes_the_label_of_half_of_it_or_more(stores, tmp_path):
    rng = np.random.default_rng(0)
    rows, end = [], 0.0
    while end < 55:
        onset, duration = end + rng.choice([0, 0.5, 1.0]), rng.uniform(0.2, 6)
        rows.append(("P1_1", onset, duration, rng.choice(["sit", "walk", "run"])))
        end = onset + duration
    data = TrainingData(stores[:1])
    make.label(data, supervised(table(tmp_path / "labels.csv", rows)))
    expected = {}
    for begin in np.arange(0, 60, 2.0):
        covered = {"sit": 0.0, "walk": 0.0, "run": 0.0}
        for _, onset, duration, label in rows:
            covered[label] += max(0.0, min(begin + 2, onset + duration) - max(begin, onset))
        best = max(covered, key=covered.get)
        if covered[best] >= 1:
            expected[begin] = best
    assert known(data, "P1_1") == expected
    assert 10 < len(expected) < 30  # some windows have none: the oracle's other branch
    assert data.index["usable"].sum() == len(expected)
    assert set(data.describe(data.split(0, 0)[0])[0]) == {"name", "participants", "windows", "hours"}


def test_what_was_not_worn_stays_out(stores, tmp_path):
    data = TrainingData(stores[:1])
    data.index.loc[:4, "usable"] = False
    make.label(data, supervised(table(tmp_path / "l.csv", [("P0_0", 0, 30, "a"), ("P0_0", 30, 30, "b")])))
    assert list(data.index.index[data.index["usable"]]) == list(range(5, 30))


def test_sets_with_recordings_of_one_name_are_told_apart_by_what_was_said(stores, tmp_path):
    one = table(tmp_path / "one.csv", [("P0_0", 0, 20, "sit"), ("P1_0", 0, 20, "walk")])
    two = table(tmp_path / "two.csv", [("P0_0", 0, 10, "fall"), ("P1_0", 0, 20, "walk")])
    with pytest.raises(UsageError, match=r"several sets \(first, second\).*--labels first=FILE"):
        make.label(TrainingData(stores), supervised(one))
    data, said = TrainingData(stores), []
    make.label(data, supervised(f"second={two}", f"first={one}"), said.append)
    assert data.index.groupby("dataset")["label"].nunique().to_dict() == {"first": 2, "second": 2}
    assert known(data, "second/P0_0") == dict.fromkeys([0.0, 2.0, 4.0, 6.0, 8.0], "fall")
    assert len(known(data, "first/P0_0")) == 10
    assert said == [
        "first: 20 of 180 windows have a label, of 2 classes",
        "second: 15 of 120 windows have a label, of 2 classes",
    ]
    with pytest.raises(UsageError, match="the sets are first, second, none is third"):
        make.label(TrainingData(stores), supervised(f"third={two}"))


def test_a_table_finds_its_set_by_its_recordings(stores, tmp_path):
    """P2 is in the first set alone; the second one is left without labels and is not drawn from."""
    data, said = TrainingData(stores), []
    rows = [("P2_0", 0, 20, "sit"), ("P2_1", 0, 20, "walk"), ("Q9_0", 0, 9, "x")]
    make.label(data, supervised(table(tmp_path / "l.csv", rows)), said.append)
    assert set(data.index.loc[data.index["usable"], "dataset"]) == {"first"}
    assert "note: second has no labels: none of its windows is used" in said


def test_a_label_of_the_person_is_that_of_all_their_recordings(stores, tmp_path):
    (tmp_path / "participants.csv").write_text("participant,sex\nP0,f\nP1,m\nP2,f\n")
    data = TrainingData(stores[:1])
    make.label(data, supervised(str(tmp_path / "participants.csv"), target="sex"))
    assert data.index.groupby("name")["label"].unique().map(list).to_dict() == {
        "P0": ["f"],
        "P1": ["m"],
        "P2": ["f"],
    }


def test_whole_numbers_are_classes_in_the_column_label_and_for_multitask(stores, tmp_path):
    codes = table(tmp_path / "codes.csv", [("P0_0", 0, 30, 1), ("P0_1", 0, 30, 2)])
    data = TrainingData(stores[:1])
    make.label(data, supervised(codes))
    assert set(data.index["label"].dropna()) == {"1", "2"}
    assert data.index["amount"].isna().all()
    other = amounts(tmp_path / "other.csv", [("P0_0", 0, 30, 1), ("P0_1", 0, 30, 2)])
    both = make.settings(paths=("x",), method="multitask", labels=(other,), target="hr_bpm")
    make.label(data := TrainingData(stores[:1]), both)
    assert set(data.index["label"].dropna()) == {"1", "2"}
    said: list[str] = []
    make.label(data := TrainingData(stores[:1]), supervised(other, target="hr_bpm"), said.append)
    assert set(data.index["amount"].dropna()) == {1, 2}
    assert said[0] == (
        "note: column hr_bpm has 2 whole numbers, taken as amounts: call the column label if not"
    )


def amounts(path: Path, rows: list[tuple]) -> str:
    pd.DataFrame(rows, columns=["recording", "onset", "duration", "hr_bpm"]).to_csv(path, index=False)
    return str(path)


def test_amounts_are_of_supervised_alone(stores, tmp_path):
    file = amounts(tmp_path / "amounts.csv", [("P0_0", 0, 30, 60.5), ("P0_1", 0, 30, 71.2)])
    settings = make.settings(paths=("x",), method="multitask", labels=(file,), target="hr_bpm")
    with pytest.raises(UsageError, match="column hr_bpm has amounts, not classes: name another --target"):
        make.label(TrainingData(stores[:1]), settings)
    data, said = TrainingData(stores), []
    make.label(data, supervised(f"first={file}", target="hr_bpm"), said.append)
    assert data.index["label"].isna().all()
    assert data.index["amount"].value_counts().to_dict() == {60.5: 15, 71.2: 15}
    assert data.index["usable"].sum() == 30
    assert said == [
        "first: 30 of 180 windows have a value of hr_bpm, 65.85 ± 5.44",
        "note: second has no labels: none of its windows is used",
    ]


def test_a_window_takes_the_amount_that_covers_most_of_it_and_half_or_more(stores, tmp_path):
    """Intervals of any length that may overlap, against a loop over windows and intervals."""
    rng = np.random.default_rng(1)
    rows = [
        ("P1_1", rng.uniform(0, 55), rng.uniform(0.5, 6), round(rng.uniform(50, 90), 2)) for _ in range(14)
    ]
    data = TrainingData(stores[:1])
    make.label(data, supervised(amounts(tmp_path / "a.csv", rows), target="hr_bpm"))
    expected = {}
    for begin in np.arange(0, 60, 2.0):
        covers = [max(0.0, min(begin + 2, o + d) - max(begin, o)) for _, o, d, _ in rows]
        if max(covers) >= 1:
            expected[begin] = [row[3] for row, c in zip(rows, covers, strict=True) if c == max(covers)]
    mine = data.index[data.index["amount"].notna()]
    assert set(mine["recording"].str[-4:]) == {"P1_1"}
    found = dict(zip(mine["onset"], mine["amount"], strict=True))
    assert found.keys() == expected.keys()
    assert all(found[begin] in expected[begin] for begin in expected)
    assert 10 < len(expected) < 30
    assert any(len(each) > 1 for each in expected.values())  # of two that cover all of it either may hold


def test_missing_amounts_and_those_of_a_person(stores, tmp_path):
    rows = [("P0_0", 0, 20, None), ("P0_0", 20, 20, 60.5), ("P0_1", 0, 60, 71.0)]
    data = TrainingData(stores[:1])
    make.label(data, supervised(amounts(tmp_path / "a.csv", rows), target="hr_bpm"))
    assert data.index["amount"].value_counts().to_dict() == {60.5: 10, 71.0: 30}
    (tmp_path / "participants.csv").write_text("participant,age\nP0,31.5\nP1,40\nP2,\n")
    data = TrainingData(stores[:1])
    make.label(data, supervised(str(tmp_path / "participants.csv"), target="age"))
    assert data.index.groupby("name")["amount"].max().dropna().to_dict() == {"P0": 31.5, "P1": 40.0}
    assert data.index["usable"].sum() == 120


def test_amounts_that_teach_nothing_or_stand_beside_classes_are_refused(stores, tmp_path):
    same = amounts(tmp_path / "same.csv", [("P0_0", 0, 30, 60.5), ("P1_0", 0, 30, 60.5)])
    with pytest.raises(InputError, match=r"every labelled window of first is '60.5': there is nothing"):
        make.label(TrainingData(stores[:1]), supervised(same, target="hr_bpm"))
    one = amounts(tmp_path / "one.csv", [("P0_0", 0, 30, 60.5), ("P1_0", 0, 30, 62.5)])
    two = amounts(tmp_path / "two.csv", [("P0_0", 0, 30, "low"), ("P1_0", 0, 30, "high")])
    with pytest.raises(UsageError, match="--target hr_bpm has classes in second and amounts in first"):
        make.label(TrainingData(stores), supervised(f"first={one}", f"second={two}", target="hr_bpm"))


def test_labels_that_teach_nothing_are_refused(stores, tmp_path):
    data = TrainingData(stores[:1])
    other = table(tmp_path / "other.csv", [("Q0_0", 0, 30, "a"), ("Q1_0", 0, 30, "b")])
    with pytest.raises(InputError, match=r"no recording of .*other.csv \(Q0_0, Q1_0\) is among those") as one:
        make.label(data, supervised(other))
    same = table(tmp_path / "same.csv", [("P0_0", 0, 30, "a"), ("P1_0", 0, 30, "a")])
    with pytest.raises(InputError, match=r"every labelled window of first is 'a'") as two:
        make.label(TrainingData(stores[:1]), supervised(same))
    with pytest.raises(UsageError, match="no column colour; the columns there are label") as three:
        make.label(TrainingData(stores[:1]), supervised(same, target="colour"))
    assert all("\n" not in str(error.value) for error in (one, two, three))


def test_labels_beside_recordings_are_found_and_a_store_has_none(stores, tmp_path):
    study = tmp_path / "study"
    study.mkdir()
    (study / "P0_0.csv").write_text("time,x,y,z\n" + "".join(f"{k / 50},0,0,1\n" for k in range(500)))
    with pytest.raises(UsageError, match="name the file with --labels"):
        check(make.settings(paths=(str(study),), method="supervised"))
    table(study / "labels.csv", [("P0_0", 0, 30, "a"), ("P2_1", 0, 30, "b")])
    check(make.settings(paths=(str(study),), method="supervised"))
    data = TrainingData(stores[:1])
    make.label(data, make.settings(paths=(str(study),), method="supervised"))
    assert set(data.index["label"].dropna()) == {"a", "b"}
    with pytest.raises(UsageError, match="a window store has none"):
        check(make.settings(paths=(str(stores[0].folder),), method="supervised"))
    for missing in (str(study / "none.csv"), f"first={study}/none.csv"):
        with pytest.raises(UsageError, match="no such table of labels"):
            check(supervised(missing))
    check(make.settings(paths=(str(stores[0].folder),)))  # of a method that needs none
