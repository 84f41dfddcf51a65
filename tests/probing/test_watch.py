"""The probe that is made ready once says what `wearcli.probe` says of the same table."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.probing.tables import WINDOW_S, study, write_table
from wearcli.embedding.table import read_table
from wearcli.errors import InputError
from wearcli.labels.tasks import Task, resolve_task
from wearcli.labels.windows import UsableWindows, usable_windows
from wearcli.probing import watch as module
from wearcli.probing.probe import probe
from wearcli.probing.watch import WatchProbe


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("study")
    study(path, people=7, bouts=9, windows=6, signal=0.8, feature_signal=0.6, identity=0.5)
    gait = pd.read_csv(path / "gait.csv")  # two targets that are not each other's mirror
    gait["cadence_spm"] += np.random.default_rng(0).normal(scale=9, size=len(gait))
    gait.to_csv(path / "gait.csv", index=False)
    return path


def windows(folder: Path) -> UsableWindows:
    table, _ = read_table(folder / "embeddings.parquet")
    return usable_windows(table, "embeddings")


def task(folder: Path, name: str = "activity") -> Task:
    table = folder / ("labels.csv" if name == "activity" else f"{name}.csv")
    return resolve_task(name, table, None, None, {}, None, [])


@pytest.mark.parametrize(
    ("name", "epoch"), [("activity", None), ("activity", 4.5), ("gait", None), ("gait", 4.0)]
)
def test_scores_as_the_probe_does(folder: Path, tmp_path: Path, name: str, epoch: float | None) -> None:
    table = windows(folder)
    watched = WatchProbe(table.times, task(folder, name), epoch, seed=3)
    assert watched.people == 7
    expected = probe(
        folder / "embeddings.parquet",
        task=name,
        labels=folder / ("labels.csv" if name == "activity" else "gait.csv"),
        epoch=epoch,
        probe="linear",
        bootstrap=2,
        seed=3,
        output=tmp_path / "probe",
    )
    for vectors, which in (("embedding", "linear"), ("features", "features")):
        scores = expected.scores[which]
        wanted = [scores[key]["mean"] for key in scores if key.split(".")[-1] == watched.metric]
        assert len(wanted) == (1 if name == "activity" else 2)
        assert 0.2 < np.mean(wanted) < 0.99
        found = watched.score(table.vectors[vectors][watched.rows], which)
        assert found == pytest.approx(np.mean(wanted), abs=2e-6)


def test_windows_that_overlap(folder: Path, tmp_path: Path) -> None:
    """Each window is a sample by itself, and its neighbours, which share half of it, are others."""
    table = windows(folder)
    half = pd.DataFrame({"recording": np.repeat([f"p{n:02d}_a" for n in range(7)], 107)})
    half["participant"] = half["recording"].str[:3]
    half["onset"] = np.tile(np.arange(107.0), 7)
    half["duration"] = 2.0
    rng = np.random.default_rng(0)
    source = half["recording"].str[1:3].astype(int) * 54 + (half["onset"] // 2).astype(int)
    values = table.vectors["embedding"][source] + rng.normal(scale=0.1, size=(len(half), 6)).astype(
        np.float32
    )
    path = write_table(tmp_path / "half.parquet", half, values, values)
    expected = probe(
        path,
        task="activity",
        labels=folder / "labels.csv",
        probe="linear",
        bootstrap=2,
        output=tmp_path / "p",
    )
    watched = WatchProbe(half, task(folder), None, seed=0)
    assert len(watched.rows) == expected.n_windows > 700
    found = watched.score(values[watched.rows])
    assert found == pytest.approx(expected.scores["linear"]["macro_f1"]["mean"], abs=2e-6)


def test_needs_the_labelled_windows_alone(folder: Path, tmp_path: Path) -> None:
    """Labels that cover the second to the fourth window of each bout of six."""
    labels = pd.read_csv(folder / "labels.csv")
    labels["onset"] += 1.0 * WINDOW_S
    labels["duration"] = 3.0 * WINDOW_S
    labels.to_csv(tmp_path / "labels.csv", index=False)
    times = windows(folder).times
    watched = WatchProbe(times, task(tmp_path), None, seed=0)
    place = (times["onset"] / WINDOW_S).round().astype(int) % 6
    assert watched.rows.tolist() == np.flatnonzero(place.isin([1, 2, 3])).tolist()


def test_of_a_large_study_people_take_turns(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_WINDOWS", 60)
    times = windows(folder).times
    # One person has a tenth of the others' windows.
    rare = (times["participant"].astype(str) == "p03") & (times.index % 9 > 0)
    times = times[~rare].reset_index(drop=True)
    watched = WatchProbe(times, task(folder), None, seed=5)
    counts = times["participant"].astype(str).to_numpy()[watched.rows]
    people, numbers = np.unique(counts, return_counts=True)
    assert numbers.sum() == 60
    assert dict(zip(people.tolist(), numbers.tolist(), strict=True))["p03"] == 6
    assert np.ptp(numbers[people != "p03"]) <= 1
    assert np.array_equal(WatchProbe(times, task(folder), None, seed=5).rows, watched.rows)
    assert not np.array_equal(WatchProbe(times, task(folder), None, seed=6).rows, watched.rows)


def test_a_long_interval_is_seen_through_a_few_of_its_windows(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PER_SAMPLE", 2)
    table = windows(folder)
    watched = WatchProbe(table.times, task(folder, "gait"), None, seed=0)
    # The first of each half of the six windows of a bout.
    place = (table.times["onset"] / WINDOW_S).round().astype(int) % 6
    assert watched.rows.tolist() == np.flatnonzero(place.isin([0, 3])).tolist()
    kept = write_table(
        folder / "kept.parquet",
        table.times.iloc[watched.rows].reset_index(drop=True),
        *(table.vectors[name][watched.rows] for name in ("embedding", "features")),
    )
    expected = probe(
        kept, task="gait", labels=folder / "gait.csv", probe="linear", bootstrap=2, output=folder / "kept"
    )
    r = [expected.scores["linear"][f"{name}.r"]["mean"] for name in ("stride_time_s", "cadence_spm")]
    found = watched.score(table.vectors["embedding"][watched.rows])
    assert found == pytest.approx(np.mean(r), abs=2e-6)


def test_embeddings_that_are_all_the_same_score_as_nothing(folder: Path) -> None:
    times = windows(folder).times
    gait = WatchProbe(times, task(folder, "gait"), None, seed=0)
    assert gait.score(np.ones((len(gait.rows), 4), np.float32)) <= 0
    activity = WatchProbe(times, task(folder), None, seed=0)
    # Three classes, alike often: whichever is guessed, its F1 is 1/2 at best and the others' are 0.
    assert activity.score(np.ones((len(activity.rows), 4), np.float32)) < 1 / 2


def test_what_cannot_be_probed_is_an_error(folder: Path, tmp_path: Path) -> None:
    times = windows(folder).times
    labels = pd.read_csv(folder / "labels.csv")
    labels.assign(label="walk").to_csv(tmp_path / "labels.csv", index=False)
    with pytest.raises(InputError, match="every sample is 'walk'"):
        WatchProbe(times, task(tmp_path), None, seed=0)
    alone = times[times["participant"].astype(str) == "p01"].reset_index(drop=True)
    with pytest.raises(InputError, match="of one participant"):
        WatchProbe(alone, task(folder), None, seed=0)
