"""Which windows of two sensors belong together, against a loop over all of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from tests.training import make
from wearcli.errors import InputError, UsageError
from wearcli.models.folder import load_model
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.simulation.sample import write_sample
from wearcli.training.data import TrainingData
from wearcli.training.methods.distill.pairs import Partners, matched, pair_windows
from wearcli.training.methods.distill.teacher import Teacher, check_windows

Rows = list[tuple[str, float]]
ROWS = st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 40).map(lambda n: n / 4)), max_size=12)


@examples(max_examples=200, deadline=None)
@given(mine=ROWS, theirs=ROWS)
def test_the_nearest_of_the_same_person_within_reach(mine: Rows, theirs: Rows) -> None:
    slack = 0.6
    left, right = (
        pd.DataFrame({"who": [w for w, _ in rows], "time": np.array([t for _, t in rows], float)})
        for rows in (mine, theirs)
    )
    left["who"], right["who"] = left["who"].astype(object), right["who"].astype(object)
    right.index = np.arange(len(right)) * 2 + 5  # their rows are some of many
    found = matched(left, right, slack)
    for (who, time), partner in zip(mine, found, strict=True):
        apart = {n: abs(t - time) for n, (w, t) in zip(right.index, theirs, strict=True) if w == who}
        near = min(apart.values(), default=np.inf)
        assert (partner == -1) == (near > slack)
        if partner != -1:
            assert apart[partner] == near


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Three people, two minutes of PPG and acceleration of sensors that were started apart."""
    folder = tmp_path_factory.mktemp("wrist")
    write_sample(folder / "study", 3, study="wrist", minutes=2.0)
    for modality, rate in (("acc", 50.0), ("ppg", 64.0)):
        preprocess(
            *([folder / "study"], folder / modality),
            window_s=30,
            stride_s=10,
            align=0.0,
            rate_hz=rate,
            modality=modality,
        )
    return folder


def pairs(study: Path, **changed) -> tuple[TrainingData, Partners]:
    data, partner = (TrainingData([WindowStore.open(study / name)]) for name in ("acc", "ppg"))
    settings = make.settings(method="distill", teacher="ppg-v1", **changed)
    return data, pair_windows(data, partner, Teacher(load_model("ppg-v1")), settings.own.max_movement)


def test_pairs_are_of_one_person_and_time(study) -> None:
    data, found = pairs(study)
    rows = np.flatnonzero(data.index["usable"])
    assert len(rows) >= 20
    mine = data.stores[0].index.iloc[rows]
    theirs = found.data.stores[0].index.iloc[found.rows[rows]]
    assert mine["participant"].tolist() == theirs["participant"].tolist()
    apart = (mine["start"].to_numpy() - theirs["start"].to_numpy()) / np.timedelta64(1, "ms")
    assert np.abs(apart).max() <= 500 / 50 + 500 / 64
    # Their onsets are not the same: the sensors were started apart.
    assert (np.abs(mine["onset"].to_numpy() - theirs["onset"].to_numpy()) > 0.5).any()
    assert found.take(rows[:2]).shape == (2, 30 * 64, 1)
    np.testing.assert_array_equal(found.take(rows[:2]), found.data.stores[0].take(found.rows[rows[:2]]))


def test_what_moves_and_what_is_poor_has_no_part(study) -> None:
    everything = pairs(study)[0].index
    limit = float(everything.loc[everything["usable"], "movement_g"].median())
    still = pairs(study, max_movement=limit)[0].index
    assert 0 < still["usable"].sum() < everything["usable"].sum()
    assert still.loc[still["usable"], "movement_g"].max() <= limit
    with pytest.raises(InputError, match="--max-movement"):
        pairs(study, max_movement=1e-9)


def test_where_nobody_has_both_signals_the_message_names_who_has_what(study) -> None:
    data = TrainingData([WindowStore.open(study / "acc")])
    partner = TrainingData([WindowStore.open(study / "ppg")])
    partner.index["who"] += ".ppg"
    with pytest.raises(InputError, match=r"acc is of P01, ppg of P01.ppg.*recordings.csv"):
        pair_windows(data, partner, Teacher(load_model("ppg-v1")), None)


def test_windows_whose_movement_nobody_knows_are_not_still(study) -> None:
    data = TrainingData([WindowStore.open(study / "acc")])
    partner = TrainingData([WindowStore.open(study / "ppg")])
    data.index.loc[: len(data) // 2, "movement_g"] = np.nan
    settings = make.settings(method="distill", teacher="ppg-v1", max_movement=1.0)
    pair_windows(data, partner, Teacher(load_model("ppg-v1")), settings.own.max_movement)
    assert not data.index.loc[: len(data) // 2, "usable"].any()
    assert data.index["usable"].any()


def test_the_clock_of_a_store_is_its_settings(study, tmp_path) -> None:
    """Cut by a clock that is 4 s behind the other: as many pairs, of what was 4 s apart."""
    preprocess([study / "study"], tmp_path / "late", window_s=30, stride_s=10, align=4.0, modality="ppg")
    partner = TrainingData([WindowStore.open(tmp_path / "late")])
    data = TrainingData([WindowStore.open(study / "acc")])
    found = pair_windows(data, partner, Teacher(load_model("ppg-v1")), None)
    rows = np.flatnonzero(data.index["usable"])
    mine = data.stores[0].index["start"].iloc[rows].reset_index(drop=True)
    theirs = partner.stores[0].index["start"].iloc[found.rows[rows]].reset_index(drop=True)
    assert ((mine - theirs).dt.total_seconds() - 4).abs().max() < 0.02


def test_stores_cut_at_other_times_have_no_pairs(study, tmp_path) -> None:
    preprocess([study / "study"], tmp_path / "ppg", window_s=30, stride_s=10, align=0.0, modality="ppg")
    data = TrainingData([WindowStore.open(study / "acc")])
    partner = TrainingData([WindowStore.open(tmp_path / "ppg")])
    partner.index["time"] += 5
    with pytest.raises(InputError, match="--align"):
        pair_windows(data, partner, Teacher(load_model("ppg-v1")), None)


def test_a_teacher_of_shorter_windows_gives_their_mean(study) -> None:
    teacher = Teacher(load_model("ppg-v1"))
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(3, 2 * teacher.samples, 1)).astype(np.float32)
    check_windows(teacher.model, 60.0, 64.0)
    halves = [teacher(windows[:, : teacher.samples]), teacher(windows[:, teacher.samples :])]
    np.testing.assert_allclose(teacher(windows), np.mean(halves, axis=0), atol=1e-6)
    with pytest.raises(UsageError, match="no whole number"):
        check_windows(teacher.model, 31.0, 64.0)
    with pytest.raises(UsageError, match="64 Hz"):
        check_windows(teacher.model, 30.0, 50.0)
