import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.recordings.make import opened, read, wrist
from wearcli.errors import InputError
from wearcli.recordings.formats import npz
from wearcli.recordings.tables import table

TIME, ACC = wrist()
START = datetime(2024, 5, 7, 9, 30, tzinfo=UTC)


def check(path: Path, start: datetime | None = None, **flags: object) -> None:
    recording = opened(path, **flags)
    for _ in range(2):
        time, values = read(recording)
        np.testing.assert_allclose(time, TIME, atol=1e-6)
        np.testing.assert_allclose(values, ACC, atol=1e-5)
        assert values.dtype == np.float32
    assert recording.start == start
    assert recording.rate_hz == pytest.approx(50.0)


def frame(**columns: object) -> dict[str, object]:
    return {**columns, **{f"acc_{axis}": ACC[:, k] for k, axis in enumerate("xyz")}}


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Europe/Berlin"])
def test_parquet_stamps(tmp_path: Path, unit: str, zone: str | None) -> None:
    path = tmp_path / "a.parquet"
    per_second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[unit]
    stamps = (int(START.timestamp()) + np.arange(len(TIME))) * per_second
    column = pa.array(stamps, pa.int64()).cast(pa.timestamp(unit, zone))
    pq.write_table(pa.table(frame(time=column)), path)
    if unit == "s":  # Parquet has no seconds: they are kept as ms
        assert pq.read_schema(path).field("time").type.unit == "ms"
    recording = opened(path)
    assert recording.start == START
    assert recording.rate_hz == pytest.approx(1.0)
    assert ("no zone" in str(recording.provenance["time"])) is (zone is None)


def test_pandas_and_text(tmp_path: Path) -> None:
    stamps = pd.Timestamp(START) + pd.to_timedelta(TIME, unit="s")
    pd.DataFrame(frame(timestamp=stamps)).to_parquet(tmp_path / "a.parquet")
    check(tmp_path / "a.parquet", START)
    pd.DataFrame(frame(), index=stamps).to_parquet(tmp_path / "b.parquet")
    check(tmp_path / "b.parquet", START)
    for kind in (pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        text = pa.array([str(s) for s in stamps]).cast(kind)
        pq.write_table(pa.table(frame(time=text)), tmp_path / "c.parquet")
        check(tmp_path / "c.parquet", START)


def test_parquet_types_and_nulls(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    mg = [pa.array((ACC[:, k] * 1000).round().astype(np.int16)) for k in range(3)]
    names = ["t", "x", "y", "z"]
    pq.write_table(pa.table([pa.array((TIME * 1e3).astype(np.int64)), *mg], names), path)
    time, values = read(opened(path))
    np.testing.assert_allclose(values, ACC, atol=6e-4)
    mg[1] = pa.array([None if i == 5 else v for i, v in enumerate(mg[1].to_pylist())], pa.int16())
    stamps = pa.array([None if i == 7 else round(t * 1000) for i, t in enumerate(TIME)], pa.int64())
    pq.write_table(pa.table([stamps, *mg], names), path)
    recording = opened(path)
    time, values = read(recording)
    assert len(time) == len(TIME) - 1
    assert np.argwhere(np.isnan(values)).tolist() == [[5, 1]]
    assert recording.warnings == ["1 samples without a time stamp were left out"]


PPG = np.stack([np.sin(TIME * k) * 1000 for k in (7, 8, 9)], 1).astype(np.float32)


def test_several_optical_channels(tmp_path: Path) -> None:
    """All of them, or as many as are asked for; their unit is never told from their size."""
    path = tmp_path / "a.parquet"
    columns = {"time": TIME, "ppg": PPG[:, 0], "ppg2": PPG[:, 1], "ppg3": PPG[:, 2]}
    pq.write_table(pa.table(columns), path)
    for recording in (opened(path, modality="ppg"), opened(path, modality="ppg", channels=3)):
        assert (recording.channels, recording.warnings) == (("ppg", "ppg2", "ppg3"), [])
        assert (recording.unit, recording.unit_how) == ("raw", "raw, as in the file")
        assert recording.rate_hz == pytest.approx(50)
        time, values = read(recording)
        np.testing.assert_array_equal(values, PPG)
        np.testing.assert_allclose(time, TIME)
    one = opened(path, modality="ppg", channels=1)
    assert one.warnings == ["ppg is from 'ppg', not 'ppg2', 'ppg3' (--columns)"]
    np.testing.assert_array_equal(read(one)[1], PPG[:, :1])
    chosen = opened(path, modality="ppg", channels=1, channel_columns=["ppg3"])
    np.testing.assert_array_equal(read(chosen)[1], PPG[:, 2:])
    for flags in ({"channels": 4}, {"channels": 1, "channel_columns": ["ppg", "ppg2"]}):
        with pytest.raises(InputError, match="the number of channels needed is") as error:
            opened(path, modality="ppg", **flags)
        assert "\n" not in str(error.value)


def test_channels_of_one_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", time=TIME, ppg=PPG[:, :2], fs=50.0, unit="nW")
    recording = opened(tmp_path / "a.npz", modality="ppg")
    np.testing.assert_array_equal(read(recording)[1], PPG[:, :2])
    assert (recording.unit, recording.unit_how) == ("raw", "nW, stated in the file")
    assert recording.provenance["file_unit"] == "nW"


def test_parquet_row_groups_do_not_show(tmp_path: Path) -> None:
    time, acc = wrist(2 * table.HEAD_ROWS / 50.0 + 100)
    columns = pa.table({"time": time, "x": acc[:, 0], "y": acc[:, 1], "z": acc[:, 2]})
    for size in (1000, len(time)):
        pq.write_table(columns, tmp_path / "a.parquet", row_group_size=size)
        chunks = list(opened(tmp_path / "a.parquet").chunks())
        assert max(len(chunk.time) for chunk in chunks) <= table.HEAD_ROWS
        np.testing.assert_array_equal(np.concatenate([c.time for c in chunks]), time)


def test_damaged_parquet(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table(frame(time=TIME)), path)
    whole = path.read_bytes()
    for content in (b"", b"PAR1", whole[:-20], b"x" * 3000, whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(InputError, match="not a readable Parquet file") as error:
            opened(path)
        assert "\n" not in str(error.value)
    path.write_bytes(whole[:600] + bytes(400) + whole[1000:])
    with pytest.raises(InputError, match="not a readable Parquet file"):
        read(opened(path))


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize(
    "arrays",
    [
        {"time": TIME, "acc": ACC},
        {"time": TIME, "acc": np.asfortranarray(ACC)},
        {"time": TIME, "acc": ACC.T},
        {"time": TIME, "acc": np.asfortranarray(ACC.T)},
        {"t": TIME, "x": ACC[:, 0], "y": ACC[:, 1].astype("f4"), "z": ACC[:, 2]},
        {"T": TIME, "X": ACC[:, 0], "Y": ACC[:, 1], "Z": ACC[:, 2].astype(">f8"), "note": np.array("walk")},
        {"data": ACC, "fs": np.array(50.0)},
        {"ACC": ACC * 1000, "gyro": ACC, "sampling_rate": np.array([50])},
        {"time": TIME[:, None], "acc": ACC},
    ],
)
def test_npz(tmp_path: Path, save, arrays: dict[str, np.ndarray], monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(npz, "HEAD_ROWS", 333)  # several batches
    save(tmp_path / "a.npz", **arrays)
    check(tmp_path / "a.npz")


def test_npz_unnamed_array_and_stamps(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, ACC)
    check(path, rate=50.0)
    with pytest.raises(InputError, match="--rate-hz"):
        opened(path)
    stamps = np.datetime64("2024-05-07T09:30:00", "ms") + np.round(TIME * 1000).astype("m8[ms]")
    np.savez(path, time=stamps, acc=ACC)
    check(path, START)
    np.savez(path, time=stamps.astype(str), acc=ACC)
    check(path, START)
    np.savez(path, acc=ACC * 9.80665, rate_hz=50.0, unit="m/s2", start="2024-05-07T09:30:00+00:00")
    check(path, START)


def test_npz_that_cannot_be_used(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez(path, acc=np.array([{"a": 1}, None], dtype=object))
    with pytest.raises(InputError, match="Python objects"):
        opened(path)
    np.savez(path, rate=50.0)
    with pytest.raises(InputError, match="no arrays of samples"):
        opened(path)
    np.savez(path, gyro=ACC)
    with pytest.raises(InputError, match="--columns"):
        opened(path, rate=50.0)
    np.savez_compressed(path, time=TIME, acc=ACC)
    whole = path.read_bytes()
    for content in (b"", whole[: len(whole) // 2], b"PK" + b"x" * 400):
        path.write_bytes(content)
        with pytest.raises(InputError, match=r"not a readable \.npz file"):
            opened(path)
    path.write_bytes(whole[:3000] + bytes(900) + whole[3900:])
    with pytest.raises(InputError, match=r"cannot be read to its end|not a readable"):
        read(opened(path))


def test_two_threads_never_parse_a_header_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Python's own parser fails in that case (gh-106905): a good recording was named as a failed one."""
    paths = [tmp_path / f"P{person}.npz" for person in range(4)]
    for path in paths:
        np.savez(path, time=TIME, acc=ACC)
    parse, alone, clashes = np.lib.format.read_array_header_1_0, threading.Lock(), []

    def watched(stream: object) -> object:
        if not alone.acquire(blocking=False):
            clashes.append(stream)
            return parse(stream)
        try:
            time.sleep(0.002)  # lets the other thread run, as a collection of garbage does
            return parse(stream)
        finally:
            alone.release()

    monkeypatch.setattr(np.lib.format, "read_array_header_1_0", watched)
    with ThreadPoolExecutor(2) as pool:
        counts = list(pool.map(lambda path: len(read(opened(path))[1]), paths))
    assert len(set(counts)) == 1
    assert not clashes
