"""MATLAB files as scipy writes them, and raw data of an EmbracePlus as fastavro writes them."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from scipy.io import savemat

from tests.recordings.make import check_line, opened, read, wrist
from wearcli.errors import InputError

fastavro = pytest.importorskip("fastavro")
TIME, ACC = wrist(30.0, 50.0)


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(
    ("content", "flags"),
    [
        ({"acc": ACC, "fs": 50.0}, {}),
        ({"acc": ACC.T, "sampling_rate": 50.0}, {}),
        ({"time": TIME, "accX": ACC[:, 0], "accY": ACC[:, 1], "accZ": ACC[:, 2]}, {}),
        ({"walk": {"t": TIME, "acceleration": ACC, "who": "nobody"}}, {}),
        ({"d_iner": np.c_[ACC, ACC + 9]}, {"columns": ("d_iner_1", "d_iner_2", "d_iner_3"), "rate": 50.0}),
    ],
    ids=["matrix", "transpose", "vectors", "struct", "wide"],
)
def test_arrays_of_one_length(tmp_path: Path, content: dict, flags: dict, packed: bool) -> None:
    path = tmp_path / "P1_walk.mat"
    savemat(path, content, do_compression=packed)
    if "columns" in flags:
        flags = {**flags, "channel_columns": flags["columns"]}
        flags.pop("columns")
    seconds, values = read(opened(path, "mat", **flags))
    np.testing.assert_allclose(values, ACC, atol=1e-6)
    np.testing.assert_allclose(seconds, TIME, atol=1e-6)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"MATLAB 7.3 MAT-file".ljust(512) + b"\x89HDF\r\n\x1a\n", "MATLAB 7.3 .*save it with -v7"),
        (b"time,x\n" * 100, "not a readable .mat file"),
        (b"", "not a readable .mat file"),
    ],
)
def test_what_is_no_mat_file_is_one_line(tmp_path: Path, data: bytes, says: str) -> None:
    path = tmp_path / "P1_walk.mat"
    path.write_bytes(data)
    with pytest.raises(InputError, match=says) as error:
        opened(path, "mat")
    check_line(error.value, path)


@pytest.mark.parametrize("kind", [8, 10, 19, 100, 0x1109, 0xFFFF])
def test_an_element_of_no_type_is_one_line(tmp_path: Path, kind: int) -> None:
    """scipy took the type as a place in its memory: the process ended (SIGSEGV), or divided by zero."""
    path = tmp_path / "P1_walk.mat"
    savemat(path, {"acc": ACC, "fs": 50.0})
    data = path.read_bytes()
    at = data.index(b"acc\0") + 4
    assert data[at : at + 4] == b"\x09\0\0\0"
    path.write_bytes(data[:at] + kind.to_bytes(4, "little") + data[at + 4 :])
    with pytest.raises(InputError, match=f"not a readable .mat file .an element of type {kind}") as error:
        opened(path, "mat")
    check_line(error.value, path)


def embrace_plus(path: Path, factor: bool = False) -> np.ndarray:
    """A file with acceleration and pulse; returns the counts of acceleration (n, 3)."""
    counts = np.rint(ACC * 2048).astype(int)

    def array(name: str, kind: str) -> dict:
        return {"name": name, "type": {"type": "array", "items": kind}}

    def sensor(name: str, *fields: dict) -> dict:
        head = [{"name": "timestampStart", "type": "long"}, {"name": "samplingFrequency", "type": "float"}]
        return {"name": name, "type": {"type": "record", "name": f"a_{name}", "fields": [*head, *fields]}}

    ranges = {"physicalMin": -16, "physicalMax": 16, "digitalMin": -32768, "digitalMax": 32767}
    scale = {"conversionFactor": 1 / 2048} if factor else ranges
    kinds = [{"name": name, "type": "double" if factor else "int"} for name in scale]
    imu = {"name": "imuParams", "type": {"type": "record", "name": "imu", "fields": kinds}}
    sensors = [
        sensor("accelerometer", imu, *(array(axis, "int") for axis in "xyz")),
        sensor("bvp", array("values", "float")),
    ]
    raw = {"name": "rawData", "type": {"type": "record", "name": "raw", "fields": sensors}}
    schema = fastavro.parse_schema({"type": "record", "name": "file", "fields": [raw]})
    began = int(datetime(2024, 3, 4, 9, 15, tzinfo=UTC).timestamp() * 1e6)
    acceleration = {"timestampStart": began, "samplingFrequency": 64.0, "imuParams": scale}
    acceleration |= {axis: counts[:, j].tolist() for j, axis in enumerate("xyz")}
    pulse = {"timestampStart": began - 1_000_000, "samplingFrequency": 64.0, "values": [1.0, 2.0] * 900}
    with path.open("wb") as stream:
        document = {"rawData": {"accelerometer": acceleration, "bvp": pulse}}
        fastavro.writer(stream, schema, [document], codec="deflate")
    return counts


@pytest.mark.parametrize("factor", [False, True])
def test_counts_of_an_embrace_plus_are_g(tmp_path: Path, factor: bool) -> None:
    path = tmp_path / "P1_1709543700.avro"
    counts = embrace_plus(path, factor)
    recording = opened(path, "embraceplus")
    _, values = read(recording)
    np.testing.assert_allclose(values, counts / 2048, rtol=2e-5)
    assert (recording.rate_hz, recording.unit) == (64.0, "g")
    assert recording.start == datetime(2024, 3, 4, 9, 15, tzinfo=UTC)
    pulse = opened(path, "embraceplus", modality="ppg")
    assert pulse.start == datetime(2024, 3, 4, 9, 14, 59, tzinfo=UTC)
    assert read(pulse)[1][:4, 0].tolist() == [1.0, 2.0, 1.0, 2.0]


def test_another_avro_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "P1.avro"
    fields = [{"name": "x", "type": "int"}]
    schema = fastavro.parse_schema({"type": "record", "name": "r", "fields": fields})
    with path.open("wb") as stream:
        fastavro.writer(stream, schema, [{"x": 1}])
    for data in (path.read_bytes(), path.read_bytes()[:50], b"no avro"):
        path.write_bytes(data)
        with pytest.raises(InputError, match="Avro file") as error:
            opened(path, "embraceplus")
        check_line(error.value, path)


def test_a_sensor_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = tmp_path / "P1.avro"
    embrace_plus(path)
    with pytest.raises(InputError, match="its gyroscope is not as expected"):
        opened(path, "embraceplus", modality="gyro")
