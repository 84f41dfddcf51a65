"""Files that ask for too much: bombs, rates of no sensor, lines without end, thousands of columns."""

import gzip
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.recordings.formats import device_writers
from tests.recordings.make import check_line, opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.recordings.formats import bombs, npz, packed
from wearcli.recordings.open import open_recording
from wearcli.recordings.recording import Source

TIME, ACC = wrist()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bombs of some hundred kilobytes are as good as real ones."""
    monkeypatch.setattr(bombs, "HARMLESS_BYTES", 2**16)


def refused(path: Path, kind: str | None = None, says: str = "unpacks to more than 200 times") -> None:
    with pytest.raises(InputError, match=says) as error:
        read(opened(path, kind))
    check_line(error.value, path)


@pytest.mark.usefixtures("small")
def test_bombs_of_every_packed_format(tmp_path: Path) -> None:
    rows = b"0,0,1\n" * 400_000
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(b"x,y,z\n" + rows, 9))
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        read(opened(tmp_path / "a.csv.gz", rate=50.0))
    for level, name in ((zipfile.ZIP_DEFLATED, "b.zip"), (zipfile.ZIP_LZMA, "c.zip")):
        with zipfile.ZipFile(tmp_path / name, "w", level) as archive:
            archive.writestr("ACC.csv", b"1644227574.0,1644227574.0,1644227574.0\n32.0,32.0,32.0\n" + rows)
        refused(tmp_path / name, "e4")
    np.savez_compressed(tmp_path / "d.npz", acc=np.full((300_000, 3), 0.58), rate_hz=50.0)
    refused(tmp_path / "d.npz")


@pytest.mark.usefixtures("small")
def test_what_a_recording_shrinks_to_is_no_bomb(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", np.arange(20000) / 50, *np.zeros((3, 20000), int))
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(path.read_bytes(), 9))
    assert len(read(opened(tmp_path / "b.csv.gz", unit="g"))[0]) == 20000


@pytest.mark.parametrize("rate", [1e9, 0.002, float("inf"), -50.0])
def test_rates_of_no_sensor(tmp_path: Path, rate: float) -> None:
    """At 1e9 Hz resampling asked for the memory of a filter of half a billion taps."""
    np.savez(tmp_path / "a.npz", acc=ACC, rate_hz=rate)
    refused(tmp_path / "a.npz", says="rate")


def test_a_clock_beyond_all_years(tmp_path: Path) -> None:
    for first, year in ((253_402_300_785, 9999), (253_402_300_799 + 10**9, 9999), (-80_000_000_000, 1)):
        stamps = pa.array((TIME * 1e6).astype(np.int64) + first * 10**6, pa.timestamp("us"))
        table = pa.table({"timestamp": stamps, **{axis: ACC[:, k] for k, axis in enumerate("xyz")}})
        pq.write_table(table, tmp_path / "a.parquet")
        recording = opened(tmp_path / "a.parquet")
        assert recording.start is None
        assert f"its clock begins in the year {year}" in recording.warnings[0]
        np.testing.assert_allclose(read(recording)[0], TIME, atol=1e-6)


def test_a_time_that_goes_on_for_ages(tmp_path: Path) -> None:
    time = TIME.copy()
    time[-200:] += 1e12
    refused(write_csv(tmp_path / "a.csv", "time,x,y,z", time, *ACC.T), says="more than 100 years")


def test_lines_without_end(tmp_path: Path) -> None:
    """Patterns that try every part of a text anew took hours over these."""
    good = "\n".join(f"{t:.2f},{x},{y},{z}" for t, (x, y, z) in zip(TIME, ACC, strict=True))
    for number, line in enumerate(
        ("a" * 10**6, "1" * 10**5 + "x", "sampl" * 10**5, "(" * 10**5, "1,2" * 10**5)
    ):
        path = tmp_path / f"{number}.csv"
        path.write_text(f"{line}\ntime,x,y,z\n{good}\n{line}\n")
        try:
            assert len(read(opened(path))[0]) >= 0.9 * len(TIME)
        except InputError as error:
            check_line(error, path)
    path.write_text("\n".join([f"time,{'(' * 10**5},x,y,z", *(f"{t},0,0,0,1" for t in TIME)]))
    assert len(read(opened(path))[0]) == len(TIME)


def test_thousands_of_channels_come_in_fewer_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wide = np.zeros((len(TIME), 400))
    wide[:, 100:103] = ACC
    np.savez(tmp_path / "a.npz", time=TIME, acc=wide)
    monkeypatch.setattr(npz, "_BATCH_BYTES", 400 * 8 * 100)
    recording = opened(tmp_path / "a.npz", channel_columns=("acc_101", "acc_102", "acc_103"))
    assert {len(chunk.time) for chunk in recording.chunks()} == {100}
    np.testing.assert_allclose(read(recording)[1], ACC, atol=1e-6)
    with pytest.raises(InputError) as failure:
        opened(tmp_path / "a.npz")
    assert len(str(failure.value)) < 1000


def test_an_array_of_one_monstrous_cell(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        header = b"{'descr': '<U1000000000', 'fortran_order': False, 'shape': (), }"
        data = b"\x93NUMPY\x01\x00" + (len(header) + 1).to_bytes(2, "little") + header + b"\n"
        archive.writestr("unit.npy", data)
    with pytest.raises(InputError) as failure:
        open_recording(Source("a", tmp_path / "a.npz", "npz", "p"))
    check_line(failure.value, tmp_path / "a.npz")


@pytest.mark.usefixtures("small")
def test_a_parquet_file_of_one_value_for_ever_is_a_bomb(tmp_path: Path) -> None:
    zeros = np.zeros(10**6, np.float32)
    for name, compression in (("a", "none"), ("b", "zstd")):
        path = tmp_path / f"{name}.parquet"
        pq.write_table(pa.table({"x": zeros, "y": zeros, "z": zeros}), path, compression=compression)
        refused(path)


def test_a_text_that_a_parquet_file_repeats_is_in_memory_once(tmp_path: Path) -> None:
    """Each cell of a table with one text of a megabyte took a megabyte."""
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(TIME), np.int32)), pa.array(["q" * 10**6]))
    axes = {axis: ACC[:, k] for k, axis in enumerate("xyz")}
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"time": text, **axes}), path, store_schema=False)
    before = pa.total_allocated_bytes()
    refused(path, says="its time column holds texts of 1,000,000 bytes")
    pq.write_table(pa.table({"time": TIME, "sensor": text, **axes}), path, store_schema=False)
    assert len(read(opened(path))[0]) == len(TIME)
    assert pa.total_allocated_bytes() - before < 10**7


@pytest.mark.usefixtures("small")
def test_a_gt3x_that_is_a_bomb(tmp_path: Path) -> None:
    device_writers.write_gt3x(
        tmp_path / "a.gt3x", device_writers.info(), log_bin=_gt3x_log() + b"\x1e" * 10**7
    )
    refused(tmp_path / "a.gt3x")


def _gt3x_log() -> bytes:
    second, payload = (
        device_writers.seconds(device_writers.START),
        device_writers.activity([(0, 0, 341)] * 30),
    )
    return b"".join(device_writers.record(0, second + k, payload) for k in range(5))


def test_the_disk_of_the_temporary_folder_stays_free(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.cwa.gz").write_bytes(gzip.compress(bytes(1000)))
    monkeypatch.setattr(
        packed.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**9, 10**9 - 10, 10)
    )
    with (
        pytest.raises(InputError, match=r"no room to unpack it in .*TMPDIR"),
        packed.unpacked(tmp_path / "a.cwa.gz", str(tmp_path / "a.cwa.gz")),
    ):
        pass
