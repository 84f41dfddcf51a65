import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.make import noise, recording
from wearcli.errors import InputError, UsageError
from wearcli.signals.cutting import iter_windows
from wearcli.signals.normalise import random_rotations, revin, rotate, undo_revin
from wearcli.signals.store import DType, StoreSettings, WindowStore
from wearcli.signals.store_writer import write_store
from wearcli.signals.windows import WindowSpec

SPEC = WindowSpec(50.0, 2.0, 2.0)


def two_recordings() -> list:
    return [
        recording(*noise(60, 50, seed), 50, name=name) for seed, name in enumerate(("P01_walk", "P02_walk"))
    ]


def cut(each) -> np.ndarray:
    return np.concatenate([windows.values for windows in iter_windows(each, SPEC)])


@pytest.mark.parametrize("dtype", ["int16", "float32"])
def test_a_store_gives_back_its_windows(tmp_path: Path, dtype: DType) -> None:
    size = 7 * 300 * (2 if dtype == "int16" else 4)  # several shards, with recordings across their edges
    write_store(two_recordings(), SPEC, tmp_path, dtype=dtype, shard_bytes=size)
    assert len(list(tmp_path.glob("values-*.npy"))) == 9
    store = WindowStore.open(tmp_path)
    true = np.concatenate([cut(each) for each in two_recordings()])
    assert len(store) == len(true) == len(store.index) == 60
    rows = np.random.default_rng(0).permutation(len(true))
    np.testing.assert_allclose(store.take(rows), true[rows], atol=0 if dtype == "float32" else 0.5 / 2048)
    assert store.index["participant"].tolist() == ["P01"] * 30 + ["P02"] * 30
    assert store.index["onset"].tolist() == [2.0 * i for i in range(30)] * 2


def test_revin_is_undone_from_the_index(tmp_path: Path) -> None:
    write_store(two_recordings(), SPEC, tmp_path, normalize="revin")
    store = WindowStore.open(tmp_path)
    normalised = store.take(np.arange(len(store)))
    np.testing.assert_allclose(normalised.mean(axis=1), 0, atol=1e-5)
    mean, deviation = (np.stack(store.index[name].to_list()) for name in ("mean", "deviation"))
    true = np.concatenate([cut(each) for each in two_recordings()])
    np.testing.assert_allclose(undo_revin(normalised, mean, deviation), true, atol=1e-5)


def test_each_rotated_copy_keeps_its_rotation(tmp_path: Path) -> None:
    write_store(two_recordings()[:1], SPEC, tmp_path, rotations=2, dtype="float32", seed=3)
    store = WindowStore.open(tmp_path)
    true = cut(two_recordings()[0])
    turned = store.index["rotation"].notna().to_numpy()
    assert turned.sum() == 2 * len(true)
    rotations = np.stack(store.index["rotation"][turned].to_list()).reshape(-1, 3, 3)
    assert len({tuple(r.ravel()) for r in rotations}) == len(rotations)
    back = np.einsum("nji,nsj->nsi", rotations, store.take(np.flatnonzero(turned)))
    np.testing.assert_allclose(back, np.concatenate([true, true]), atol=1e-5)


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_store(two_recordings(), SPEC, tmp_path / name, rotations=1, seed=5)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()


def test_a_recording_that_breaks_midway_leaves_no_window(tmp_path: Path) -> None:
    good, bad = two_recordings()
    whole = bad.stream

    def broken():
        for number, chunk in enumerate(whole()):
            yield chunk
            if number == 0:
                raise InputError("bad.csv: breaks off")

    bad.stream = broken
    failed = []
    write_store([bad, good], SPEC, tmp_path, failed=lambda each, error: failed.append(str(error)))
    store = WindowStore.open(tmp_path)
    assert failed == ["bad.csv: breaks off"]
    assert store.index["recording"].unique().tolist() == ["P01_walk"]
    np.testing.assert_allclose(store.take(np.arange(len(store))), cut(good), atol=0.5 / 2048)


def test_too_short_for_one_window_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no window of 2 s"):
        write_store([recording(*noise(1, 50), 50)], SPEC, tmp_path)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 2**31))
def test_rotation_keeps_norm_and_handedness(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(5, 20, 3)).astype(np.float32)
    turns = random_rotations(5, rng)
    np.testing.assert_allclose(np.linalg.det(turns), 1, atol=1e-5)
    np.testing.assert_allclose(
        np.linalg.norm(rotate(values, turns), axis=2), np.linalg.norm(values, axis=2), atol=1e-5
    )


def test_rotations_are_uniform_over_the_sphere() -> None:
    turned = random_rotations(20_000, np.random.default_rng(0)) @ np.array([0.0, 0.0, 1.0])
    # Archimedes: each coordinate of a uniform direction is uniform on [-1, 1].
    for coordinate in turned.T:
        histogram, _ = np.histogram(coordinate, bins=10, range=(-1, 1))
        assert np.abs(histogram - 2000).max() < 200


def test_revin_of_a_constant_window_is_finite() -> None:
    normalised, mean, deviation = revin(np.ones((1, 10, 3), np.float32))
    assert np.isfinite(normalised).all()
    np.testing.assert_allclose(undo_revin(normalised, mean, deviation), 1.0)


def test_rotation_is_stored_in_steps_of_a_gyroscope(tmp_path: Path) -> None:
    """The sensors of 2000 deg/s have steps of 1/16.4; the store's are 1/16, and reach over 2000."""
    time, values = noise(60, 50, 0)
    turning = recording(time, (values * 300).clip(-2040, 2040), 50)
    turning = replace(turning, modality="gyro", unit="deg/s")
    settings = write_store([turning], SPEC, tmp_path)
    assert (settings.dtype, settings.scale, settings.unit) == ("int16", 1 / 16, "deg/s")
    store = WindowStore.open(tmp_path)
    np.testing.assert_allclose(store.take(np.arange(30)), cut(turning), atol=0.5 / 16)
    assert store.index[["wear", "clipped", "movement_g", "quality"]].isna().all(axis=None)


def test_a_signal_without_axes_is_not_turned_or_stored_as_int16(tmp_path: Path) -> None:
    time, values = noise(60, 50, 0)
    pulse = replace(recording(time, values[:, :1], 50), modality="ppg", unit="raw", channels=("ppg",))
    with pytest.raises(UsageError, match="--rotate turns the axes of a sensor, and PPG has none"):
        write_store([pulse], SPEC, tmp_path, rotations=1)
    with pytest.raises(UsageError, match="int16 windows hold acceleration in g or rotation in deg/s"):
        write_store([pulse], SPEC, tmp_path, dtype="int16")


def test_settings_are_the_document(tmp_path: Path) -> None:
    settings = write_store(two_recordings(), SPEC, tmp_path)
    document = json.loads((tmp_path / "store.json").read_text())
    assert StoreSettings.from_json(document, "f") == settings
    assert json.loads(json.dumps(settings.to_json())) == document
    # A store of before there were other signals.
    old = {key: value for key, value in document.items() if key not in ("modality", "align")}
    assert StoreSettings.from_json(old, "f") == settings


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rate_hz": "fast"}, "its rate_hz is 'fast', not a number"),
        ({"rate_hz": -50.0}, "its rate_hz is -50.0, not above 0"),
        ({"rate_hz": 10**400}, "its rate_hz is a number of many digits"),
        ({"window_s": 7.0}, "7 s at 50 Hz are not its"),
        ({"scale": float("nan")}, "its scale is nan"),
        ({"scale": -1.0}, "its scale is -1.0, not above 0"),
        ({"samples": True}, "its samples is True, not a whole number"),
        ({"n_windows": 10**9}, "its shards do not hold its 1000000000 windows"),
        ({"shards": []}, "its shards do not hold"),
        ({"channels": []}, "it has no channels"),
        ({"shards": ["many"]}, "its shards[0] is"),
        ({"shards": 3}, "its shards is 3"),
        ({"dtype": "int8"}, "its dtype is 'int8'"),
        ({"modality": "eeg"}, "its modality is 'eeg'"),
        ({"normalize": "never"}, "its normalize is 'never'"),
        ({"channels": None}, "its channels is None"),
    ],
)
def test_a_damaged_document_is_one_line(tmp_path: Path, change: dict, problem: str) -> None:
    write_store(two_recordings(), SPEC, tmp_path)
    path = tmp_path / "store.json"
    document = json.loads(path.read_text())
    path.write_text(json.dumps({**document, **change}))
    with pytest.raises(InputError) as error:
        WindowStore.open(tmp_path)
    assert str(error.value).startswith(f"{path}: {problem}")
    assert str(error.value).endswith(": write the store anew with preprocess")
    del document["unit"]
    path.write_text(json.dumps(document))
    with pytest.raises(InputError, match="no unit in it: write the store anew"):
        WindowStore.open(tmp_path)
    path.write_text("{")
    with pytest.raises(InputError, match="not valid JSON"):
        WindowStore.open(tmp_path)


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        (np.zeros((30, 250, 3), np.float32), "do not hold what store.json says"),
        (np.zeros((30, 250, 2), np.int16), "do not hold what store.json says"),
        (np.zeros((29, 250, 3), np.int16), "do not hold what store.json says"),
        (np.array([print], object), "values-00000.npy: cannot be read"),
        (b"", "values-00000.npy: cannot be read"),
        (b"\x93NUMPY\x01\0\xff\xff{", "values-00000.npy: cannot be read"),
    ],
)
def test_shards_that_are_not_those_of_the_document_are_one_line(
    tmp_path: Path, values: np.ndarray | bytes, problem: str
) -> None:
    write_store(two_recordings(), SPEC, tmp_path)
    shard = tmp_path / "values-00000.npy"
    if isinstance(values, bytes):
        shard.write_bytes(values)
    else:
        np.save(shard, values)
    with pytest.raises(InputError) as error:
        WindowStore.open(tmp_path)
    assert problem in str(error.value)
    assert "\n" not in str(error.value)


def with_flipped_bit(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 4]) + content[place + 1 :]


def test_an_index_that_is_not_that_of_the_windows_is_one_line(tmp_path: Path) -> None:
    write_store(two_recordings(), SPEC, tmp_path)
    path = tmp_path / "index.parquet"
    index = pq.read_table(path)
    texts = index["onset"].cast(pa.string())
    whole = path.read_bytes()
    onset = pq.ParquetFile(path).metadata.row_group(0).column(5)
    middle = onset.dictionary_page_offset + onset.total_compressed_size // 2
    for damaged in (
        index.slice(1),
        index.drop_columns(["participant"]),
        index.set_column(index.schema.get_field_index("onset"), "onset", texts),
        whole[:-1],
        with_flipped_bit(whole, middle),
        b"PAR1",
    ):
        if isinstance(damaged, bytes):
            path.write_bytes(damaged)
        else:
            pq.write_table(damaged, path)
        with pytest.raises(
            InputError, match=r"index\.parquet: cannot be read .*: write the store anew"
        ) as error:
            _ = WindowStore.open(tmp_path).index
        assert "\n" not in str(error.value)
