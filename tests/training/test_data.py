import json

import numpy as np
import pytest

from tests.training import make
from wearcli.errors import InputError
from wearcli.signals.store import WindowStore
from wearcli.training.data import TrainingData


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    root = tmp_path_factory.mktemp("stores")
    return [make.store(root / "first"), make.store(root / "second", people=3, seed=1)]


def test_rows_run_on_from_store_to_store(stores):
    data = TrainingData(stores)
    assert len(data) == len(data.index) == len(stores[0]) + len(stores[1])
    rows = np.array([len(stores[0]) + 5, 3, len(stores[0]), 0])
    expected = np.concatenate(
        [stores[1].take(np.array([5])), stores[0].take(np.array([3])), stores[1].take(np.array([0]))]
    )
    assert np.array_equal(data.take(rows)[:3], expected)


def test_participants_of_one_name_in_two_sets_are_two(stores):
    assert TrainingData(stores).index["participant"].nunique() == 9


@pytest.mark.parametrize("seed", range(5))
def test_split_is_by_participant_and_loses_nobody(stores, seed):
    data = TrainingData(stores)
    train, aside = data.split(0.34, seed)
    people = data.index["participant"]
    assert set(people[train]).isdisjoint(people[aside])
    assert people[aside].nunique() == 3
    assert sorted([*train, *aside]) == list(range(len(data)))
    again = data.split(0.34, seed)
    assert np.array_equal(train, again[0])


def test_split_differs_by_seed_and_may_be_none(stores):
    data = TrainingData(stores)
    chosen = {tuple(sorted(set(data.index["participant"][data.split(0.34, seed)[1]]))) for seed in range(5)}
    assert len(chosen) > 1
    assert len(data.split(0.0, 0)[1]) == 0
    assert data.index["participant"][data.split(0.01, 0)[1]].nunique() == 1


def test_one_participant_is_never_set_aside(tmp_path):
    data = TrainingData([make.store(tmp_path / "one", people=1)])
    train, aside = data.split(0.5, 0)
    assert len(train) == len(data)
    assert len(aside) == 0


def test_describe_counts_people_windows_and_hours(stores):
    data = TrainingData(stores)
    first, second = data.describe(np.arange(len(data)))
    assert first == {"name": "first", "participants": 6, "windows": 360, "hours": 0.2}
    assert second["participants"] == 3


def test_people_of_each_set_by_their_own_names(stores):
    data = TrainingData(stores)
    first, second = [f"P{n}" for n in range(6)], ["P0", "P1", "P2"]
    assert data.people(np.arange(len(data))) == {"first": first, "second": second}
    assert data.people(data.split(0.34, 0)[0]).keys() <= {"first", "second"}
    assert data.people_in_several_sets() == second
    assert TrainingData(stores[:1]).people_in_several_sets() == []


def test_windows_not_worn_are_left_out(stores):
    store = WindowStore.open(stores[0].folder)
    store.index.loc[:9, "wear"] = 0.2
    store.index.loc[10, "wear"] = np.nan  # not known: kept
    train, _ = TrainingData([store]).split(0.0, 0)
    assert list(train) == list(range(10, len(store)))


def test_stores_that_differ_are_refused(tmp_path, stores):
    other = make.store(tmp_path / "other", people=1)
    path = other.folder / "store.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "rate_hz": 100.0, "window_s": 1.0}))
    with pytest.raises(InputError, match=r"other.*at 100 Hz.*unlike.*first.*at 50 Hz"):
        TrainingData([stores[0], WindowStore.open(other.folder)])


def test_normalised_stores_are_refused(tmp_path):
    other = make.store(tmp_path / "other", people=1)
    path = other.folder / "store.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "normalize": "revin"}))
    with pytest.raises(InputError, match="--normalize none"):
        TrainingData([WindowStore.open(other.folder)])
