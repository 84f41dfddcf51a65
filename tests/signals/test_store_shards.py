"""Window stores of shards are together the store of one machine, and pretraining takes their folder."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.recordings.make import wrist, write_csv
from wearcli.errors import InputError
from wearcli.inspection import inspect
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.signals.store_shards import is_store, store_folders
from wearcli.training.settings import Settings
from wearcli.training.stores import own_stores


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for number in range(5):
        write_csv(folder / f"P{number}_walk.csv", "time,x,y,z", *_columns(10 + number, number))
    write_csv(folder / "P7_short.csv", "time,x,y,z", *_columns(1, 7))
    return folder


def _columns(seconds: float, seed: int) -> list[np.ndarray]:
    time, acc = wrist(seconds=seconds, seed=seed)
    return [time, *acc.T]


def opened(folder: Path) -> tuple[pd.DataFrame, np.ndarray]:
    stores = [WindowStore.open(path) for path in store_folders(folder)]
    index = pd.concat([store.index for store in stores], ignore_index=True)
    return index, np.concatenate([store.take(np.arange(len(store))) for store in stores])


@pytest.mark.parametrize("shards", [2, 9])
def test_the_windows_are_those_of_one_store(study: Path, tmp_path: Path, shards: int) -> None:
    preprocess([study], tmp_path / "one", window_s=2.0)
    for number in range(shards, 0, -1):
        preprocess([study], tmp_path / "stores", window_s=2.0, shard=f"{number}/{shards}")
        if number > 1:
            with pytest.raises(InputError, match=f"the store of shard 1 of {shards} is missing"):
                store_folders(tmp_path / "stores")
    assert is_store(tmp_path / "stores")
    assert not is_store(study)
    (index, values), (expected, same) = opened(tmp_path / "stores"), opened(tmp_path / "one")
    pd.testing.assert_frame_equal(index, expected)
    np.testing.assert_array_equal(values, same)
    settings = Settings.from_options({"paths": (str(tmp_path / "stores"),), "window": 2.0})
    assert sum(len(store) for store in own_stores(settings)) == len(expected)


def test_turned_copies_differ_from_shard_to_shard(study: Path, tmp_path: Path) -> None:
    """One stream of random numbers for all would turn the windows of every shard alike."""
    for number in (1, 2):
        preprocess([study], tmp_path / "stores", window_s=2.0, rotations=1, shard=f"{number}/2")
    rotation = opened(tmp_path / "stores")[0]["rotation"].dropna()
    turned = np.stack(rotation.to_list())
    assert len(np.unique(turned.round(6), axis=0)) == len(turned) > 8


def test_a_shard_is_made_again_and_a_study_that_changed_is_refused(study: Path, tmp_path: Path) -> None:
    stores = tmp_path / "stores"
    for number in (1, 2):
        preprocess([study], stores, window_s=2.0, shard=f"{number}/2")
    (stores / "store-1-of-2.json").unlink()  # as if it had been killed just before
    preprocess([study], stores, window_s=2.0, shard="1/2")
    assert len(store_folders(stores)) == 2
    note = stores / "store-1-of-2.json"
    note.write_text(json.dumps(json.loads(note.read_text()) | {"study": "another"}))
    with pytest.raises(InputError, match="cut from different recordings"):
        store_folders(stores)
    note.write_text("[")
    with pytest.raises(InputError, match="run 'wearcli preprocess' with its --shard again"):
        store_folders(stores)
    preprocess([study], stores, window_s=2.0, shard="2/3")
    with pytest.raises(InputError, match="it holds stores of 2 and of 3 shards"):
        store_folders(stores)


def test_inspect_takes_the_recordings_of_a_shard(study: Path) -> None:
    rows = [row for number in (1, 2, 3) for row in inspect([study], shard=f"{number}/3").recordings]
    assert rows == inspect([study]).recordings
