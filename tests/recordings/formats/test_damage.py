"""Files that no reader can use: each an InputError of one line, whatever is wrong inside."""

import gzip
import io
import random
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.recordings.make import check_line, opened, read, wrist, write_csv
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.errors import reason as reason_line
from wearcli.recordings.formats.e4 import is_e4
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings

TIME, ACC = wrist()
AXES = {axis: ACC[:, k] for k, axis in enumerate("xyz")}
CSV = "time,x,y,z\n" + "\n".join(f"{t:.2f},{x},{y},{z}" for t, (x, y, z) in zip(TIME, ACC, strict=True))
START = "1644227574.0, 1644227574.0, 1644227574.0\n32.0, 32.0, 32.0\n"
E4 = START + "\n".join(",".join(map(str, row)) for row in np.round(ACC * 64).astype(int).tolist())


def refused(path: Path, says: str, kind: str | None = None, **flags: object) -> None:
    with pytest.raises(InputError, match=says) as error:
        read(opened(path, kind, **flags))
    check_line(error.value, path)


def parquet(path: Path, **columns: object) -> Path:
    pq.write_table(pa.table(columns), path)
    return path


def test_parquet_columns_of_one_name(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    arrays = [pa.array(TIME), *(pa.array(column) for column in AXES.values())]
    for names, repeated in (("time", "x"), ("time", "time")):
        table = pa.Table.from_arrays([*arrays, arrays[0]], names=[names, "x", "y", "z", repeated])
        pq.write_table(table, path)
        refused(path, "several columns|called")
    pq.write_table(pa.Table.from_arrays([*arrays, *arrays[:2]], names=["time", *"xyz", "b", "b"]), path)
    assert len(read(opened(path))[0]) == len(TIME)


def test_axes_of_one_name_are_doubt(tmp_path: Path) -> None:
    """Left and right of a pair, say: one of them was taken unsaid."""
    path = write_csv(tmp_path / "a.csv", "time,x,y,z,x,y,z", TIME, *ACC.T, *(-ACC.T))
    refused(path, "several columns of one name.*--columns 5,6,7")
    np.testing.assert_allclose(read(opened(path, channel_columns=["2", "3", "4"]))[1], ACC, atol=1e-6)
    path = write_csv(tmp_path / "b.csv", "time,x,y,z,mag x,mag x,mag y,mag z", TIME, *ACC.T, *ACC.T, TIME)
    np.testing.assert_allclose(read(opened(path))[1], ACC, atol=1e-6)


@pytest.mark.parametrize(
    "kind", [pa.binary(), pa.list_(pa.float64()), pa.struct({"a": pa.int8()}), pa.null()]
)
def test_a_time_column_that_holds_no_times(tmp_path: Path, kind: pa.DataType) -> None:
    cell = {"binary": b"x", "list": [1.0], "struct": {"a": 1}}.get(str(kind).split("<")[0])
    path = parquet(tmp_path / "a.parquet", time=pa.array([cell] * len(TIME), kind), **AXES)
    refused(path, "its time column holds no times: name another with --time-column")


@pytest.mark.parametrize("unit", ["D", "h", "M", "Y"])
def test_days_are_no_samples(tmp_path: Path, unit: str) -> None:
    """Resampled to 50 Hz such a file asked for the memory of years."""
    days = (np.datetime64("2024", unit) + np.arange(len(TIME))).astype(f"M8[{unit}]")
    np.savez(tmp_path / "a.npz", time=days, acc=ACC)
    refused(tmp_path / "a.npz", r"its stamps lie .* s apart, .* --time-unit")
    if unit == "D":
        path = parquet(tmp_path / "b.parquet", date=pa.array(days.astype("M8[D]")), **AXES)
        refused(path, "s apart")


def test_rates_that_no_sensor_has(tmp_path: Path) -> None:
    np.savez(tmp_path / "fast.npz", time=np.arange(len(TIME)).astype("M8[ns]"), acc=ACC)
    refused(tmp_path / "fast.npz", "s apart.*--time-unit")
    path = write_csv(tmp_path / "slow.csv", "time (s),x,y,z", np.arange(len(TIME)) * 2.0, *ACC.T)
    refused(path, "lie 2 s apart")
    assert opened(path, time_unit="ms").rate_hz == pytest.approx(500)
    one = write_csv(tmp_path / "one.csv", "time (s),x,y,z", np.arange(len(TIME)), *ACC.T)
    assert opened(one, unit="g").rate_hz == 1.0


def test_npz_of_other_things(tmp_path: Path) -> None:
    def saved(name: str, **arrays: np.ndarray) -> Path:
        np.savez(tmp_path / name, **arrays)  # type: ignore[arg-type]
        return tmp_path / name

    np.save(tmp_path / "a.npy", ACC)
    refused((tmp_path / "a.npy").rename(tmp_path / "plain.npz"), "no zip archive")
    for kind in ("c16", "V4", [("x", "f4")]):
        refused(saved("a.npz", time=TIME, acc=np.zeros((len(TIME), 3), kind)), "acceleration")
    with zipfile.ZipFile(tmp_path / "b.npz", "w") as archive:
        archive.writestr("acc.npy", b"\x93NUMPY\x01\x00\x10\x00{'descr': (\n      \n")
    refused(tmp_path / "b.npz", "not a readable .npz")


@pytest.mark.parametrize("cut", [-1, -3, 20_001])
def test_utf16_that_is_cut(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(CSV.encode("utf-16")[:cut])
    refused(path, "not valid utf-16-le text .*save it as UTF-8")
    path.write_bytes(CSV.encode("utf-16") + b"\x00\xd8\x41\x00")
    refused(path, "not valid utf-16")


def zipped(path: Path, text: str = E4) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ACC.csv", text)
    return path


def test_an_e4_zip_damaged_inside(tmp_path: Path) -> None:
    whole = zipped(tmp_path / "a.zip").read_bytes()
    checksum = whole.index(b"PK\x01\x02") + 16
    for at, value in ((len(whole) // 2, b"\xff" * 40), (len(whole) * 3 // 4, b"\0" * 9), (checksum, b"\0\1")):
        path = tmp_path / "b.zip"
        path.write_bytes(whole[:at] + value + whole[at + len(value) :])
        refused(
            path,
            "not a readable Empatica E4 export|cannot be read to its end|not what the column holds",
            "e4",
        )


@pytest.mark.parametrize("flag", [1, 0x20], ids=["encrypted", "patched"])
def test_a_zip_that_python_cannot_open_is_no_export(tmp_path: Path, flag: int) -> None:
    data = bytearray(zipped(tmp_path / "a.zip").read_bytes())
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + offset] |= flag
    (tmp_path / "a.zip").write_bytes(data)
    assert not is_e4(tmp_path / "a.zip")
    (tmp_path / "b.csv").write_text(CSV)
    assert len(find_recordings([tmp_path]).sources) == 1
    refused(tmp_path / "a.zip", "not a readable Empatica E4 export", "e4")


def test_a_file_that_goes_away_in_between(tmp_path: Path) -> None:
    for name, data in (("a.csv", CSV.encode()), ("b.parquet", b""), ("c.npz", b"")):
        path = tmp_path / name
        if name == "b.parquet":
            parquet(path, time=TIME, **AXES)
        elif name == "c.npz":
            np.savez(path, time=TIME, acc=ACC)
        else:
            path.write_bytes(data)
        recording = opened(path)
        read(recording)
        path.unlink()
        with pytest.raises(InputError, match="cannot be read"):
            read(recording)


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        ({"unit": "furlong"}, "--unit 'furlong': give g, mg or m/s2"),
        (
            {"time_unit": "foo"},
            "--time-unit 'foo': give s, ms, us, ns, iso, dmy, mdy, ymd, excel, matlab or days",
        ),
        ({"rate_hz": 0.0}, "--rate-hz 0: must be above 0"),
        ({"rate_hz": float("nan")}, "--rate-hz nan"),
        ({"channel_columns": ["x", "y"]}, "--columns x,y: acceleration needs three"),
        ({"channel_columns": ["x", "", "z"]}, "names or positions"),
        ({"time_column": ""}, "names or positions"),
    ],
)
def test_flags_that_no_file_takes_are_usage(tmp_path: Path, flags: dict, says: str) -> None:
    (tmp_path / "a.csv").write_text(CSV)
    (source,) = find_recordings([tmp_path]).sources
    for refuse in (Reading(**flags).check, lambda: open_recording(source, Reading(**flags))):
        with pytest.raises(UsageError, match=says):
            refuse()
    Reading(unit="milli-g", time_unit="dmy", rate_hz=50.0, channel_columns=("1", "2", "3")).check()
    Reading(modality="ppg", channel_columns=("bvp",)).check()


def whole_files() -> dict[str, bytes]:
    table = pa.table({"time": TIME, **AXES})
    plain, packed, columns, export = (io.BytesIO() for _ in range(4))
    np.savez(plain, time=TIME, acc=ACC, fs=50.0)
    np.savez_compressed(packed, time=TIME, acc=ACC)
    pq.write_table(table, columns)
    with zipfile.ZipFile(export, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ACC.csv", E4)
    return {
        "a.csv": CSV.encode(),
        "b.csv": CSV.encode("utf-16"),
        "c.csv.gz": gzip.compress(CSV.encode()),
        "d.npz": plain.getvalue(),
        "e.npz": packed.getvalue(),
        "f.parquet": columns.getvalue(),
        "g.zip": export.getvalue(),
    }


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyarrow, of odd bytes
@pytest.mark.parametrize("name", list(whole_files()))
def test_damage_of_any_kind_is_one_line(tmp_path: Path, name: str) -> None:
    """Cut, with bytes changed, with a part missing: read to its end or refused, never another error."""
    rng, whole, path = random.Random(name), whole_files()[name], tmp_path / name
    for turn in range(60):
        data = bytearray(whole)
        at = rng.randrange(len(data))
        if turn % 3 == 0:
            del data[at:]
        elif turn % 3 == 1:
            for _ in range(rng.choice((1, 4, 30))):
                data[rng.randrange(len(data))] = rng.randrange(256)
        else:
            del data[at : at + rng.randrange(1, 400)]
        path.write_bytes(data)
        try:
            for source in find_recordings([path]).sources:
                for _ in open_recording(source).chunks():
                    pass
        except WearcliError as error:
            check_line(error, path)


def flipped(data: bytes, position: int) -> bytes:
    return data[:position] + bytes([data[position] ^ 0xFF]) + data[position + 1 :]


@pytest.mark.parametrize(
    ("name", "damage", "line"),
    [
        ("a.csv", lambda data: data[:9], "no rows of numbers found: a recording has one row a sample"),
        ("a.csv", lambda data: b"", "the file is empty: copy it again"),
        ("a.csv", lambda data: b"\0" * 99, "not a text file: is its suffix right?"),
        (
            "a.csv",
            lambda data: data.replace(b"\n1.00,", b"\nnever,"),
            "column 'time', row 52: 'never' is not what the column holds elsewhere: mend or remove it",
        ),
        ("b.csv", lambda data: data[:-1], "not valid utf-16-le text (truncated data): save it as UTF-8"),
        (
            "c.csv.gz",
            lambda data: data[:-9],
            "not a readable text file (Truncated compressed stream): copy it again",
        ),
        ("d.npz", lambda data: data[:-1], "not a readable .npz file (no zip archive): copy it again"),
        (
            "d.npz",
            lambda data: flipped(data, 5000),
            "cannot be read to its end (Bad CRC-32 for file 'time.npy'): copy it again",
        ),
        (
            "f.parquet",
            lambda data: data[:-1],
            "not a readable Parquet file (Parquet magic bytes not found in footer. Either the file is "
            "corrupted or this is not a parquet file): copy it again",
        ),
    ],
)
def test_the_very_line(tmp_path: Path, name: str, damage: Callable[[bytes], bytes], line: str) -> None:
    path = tmp_path / name
    path.write_bytes(damage(whole_files()[name]))
    with pytest.raises(WearcliError) as error:
        read(open_recording(find_recordings([path]).sources[0]))
    assert str(error.value) == f"{path}: {line}"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError(22, "Invalid argument"), "Invalid argument"),
        (zlib.error("Error -3 while decompressing data: bad"), "decompressing data: bad"),
        (
            ValueError("Couldn't deserialize: TProtocolException: Invalid\nmore"),
            "Couldn't deserialize: Invalid",
        ),
        (ValueError("bytes \x00\x1b[31m  here."), r"bytes \x00\x1b[31m here"),
        (ValueError("holds pickled data: allow_pickle=True"), "its content is damaged"),
        (EOFError(), "its content is damaged"),
        (KeyError("x"), "'x' is not there"),
    ],
)
def test_what_a_library_says_in_one_line(error: Exception, reason: str) -> None:
    assert reason_line(error) == reason


def test_a_damaged_export_in_a_folder_is_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "S01.zip").write_bytes(b"PK\x03\x04 and then nothing")
    (tmp_path / "P02_a.csv").write_text("time,x,y,z\n0,0,0,1\n0.02,0,0,1\n")
    folder = find_recordings([tmp_path])
    assert [source.recording for source in folder.sources] == ["P02_a", "S01"]
    with pytest.raises(InputError, match=r"S01\.zip"):
        open_recording(next(source for source in folder.sources if source.recording == "S01"))


def test_a_parquet_schema_that_does_not_fit_its_columns(tmp_path: Path) -> None:
    """Arrow ended the process when the statistics of such a column were looked at."""
    path = parquet(tmp_path / "a.parquet", time=TIME, **AXES)
    optional, required = b"\x25\x02\x18\x04time", b"\x25\x00\x18\x04time"
    assert path.read_bytes().count(optional) == 1
    path.write_bytes(path.read_bytes().replace(optional, required))
    refused(path, "not a readable Parquet file")


def test_text_with_characters_that_there_are_not(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", acc=ACC, rate_hz=50.0, unit="g")
    data = (tmp_path / "a.npz").read_bytes()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["unit.npy"] = members["unit.npy"][:-4] + b"\xff" * 4
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    refused(tmp_path / "a.npz", r"not a readable \.npz file")


def test_times_that_are_no_utf_8(tmp_path: Path) -> None:
    stamps = [f"2024-03-04 09:30:{t:06.3f}" for t in TIME]
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", [f"{stamp} (µ)" for stamp in stamps], *ACC.T)
    path.write_bytes(path.read_bytes().replace("µ".encode(), b"\xff\xfe"))
    refused(path, "Invalid UTF8")
