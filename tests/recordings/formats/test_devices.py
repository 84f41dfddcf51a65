import gzip
import random
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import check_line, opened, read
from wearcli.errors import InputError

NAMES = ["ax3_sample.cwa", "ax6_sample.cwa", "geneactiv.bin", "gnactv_sample.bin", "actigraph.gt3x"]


@pytest.fixture(scope="module")
def devices(realdata: Path) -> Path:
    return realdata / "data" / "devices"


def copied(source: Path, target: Path, change: object = None) -> Path:
    data = bytearray(source.read_bytes())
    target.write_bytes(change(data) if change else data)  # type: ignore[operator]
    return target


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "samples", "nominal", "rate", "limit"),
    [
        ("ax3_sample.cwa", 58_800, 200, 197.2, 8),
        ("ax6_sample.cwa", 10_360, 100, 98.4, 16),
        ("geneactiv.bin", 6_000, 60, 60, 8),
        ("gnactv_sample.bin", 900, 50, 50, 8),
        ("actigraph.gt3x", 4_860, 60, 60, 8),
    ],
)
def test_real_files(
    devices: Path, name: str, samples: int, nominal: float, rate: float, limit: float
) -> None:
    import actfast

    recording = opened(devices / name)
    truth = next(t for t in actfast.read(str(devices / name))["timeseries"].values() if "acceleration" in t)
    for _ in range(2):  # the arrays are let go after the first pass, and read anew
        time, values = read(recording)
        np.testing.assert_array_equal(values, truth["acceleration"])
        # The library lets a block's samples lie at the nominal rate, and jump to the next block.
        np.testing.assert_allclose(time, (truth["datetime"] - truth["datetime"][0]) / 1e9, atol=0.02)
        assert np.diff(time).min() > 0.97 / rate
    assert (len(time), recording.rate_nominal_hz, recording.range_limit) == (samples, nominal, limit)
    assert recording.rate_hz == pytest.approx(rate, rel=1e-3)
    assert (recording.unit, recording.unit_how) == ("g", "g, device format")
    assert bool(recording.warnings) == (name == "actigraph.gt3x")  # of which see the test of its end
    assert recording.start is not None
    first = np.datetime64(recording.start.replace(tzinfo=None), "ns").astype(np.int64)
    zone = {"geneactiv.bin": -5, "gnactv_sample.bin": -4, "actigraph.gt3x": -5}.get(name, 0)
    assert first / 1e9 + zone * 3600 == pytest.approx(truth["datetime"][0] / 1e9, abs=0.02)


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_gz(devices: Path, tmp_path: Path, name: str) -> None:
    path = tmp_path / f"{name.upper()}.GZ"
    path.write_bytes(gzip.compress((devices / name).read_bytes()))
    np.testing.assert_array_equal(read(opened(path))[1], read(opened(devices / name))[1])


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES[:4])
def test_truncated_files_are_used_and_said(devices: Path, tmp_path: Path, name: str) -> None:
    whole = read(opened(devices / name))[1]
    path = copied(
        devices / name, tmp_path / name, lambda data: data[: int(len(data) * 0.6) // 512 * 512 + 100]
    )
    recording = opened(path)
    values = read(recording)[1]
    assert 0.4 * len(whole) < len(values) < 0.8 * len(whole)
    np.testing.assert_array_equal(values[:-300], whole[: len(values) - 300])
    assert len(recording.warnings) == 1
    assert "cut off" in recording.warnings[0]


@pytest.mark.realdata
def test_truncated_gz_is_used_and_said(devices: Path, tmp_path: Path) -> None:
    path = tmp_path / "a.cwa.gz"
    path.write_bytes(gzip.compress((devices / "ax3_sample.cwa").read_bytes())[:100_000])
    recording = opened(path)
    assert len(read(recording)[0]) > 20_000
    assert any("the .gz is cut off" in warning for warning in recording.warnings)


@pytest.mark.realdata
def test_accents_in_the_notes(devices: Path, tmp_path: Path) -> None:
    def noted(data: bytearray) -> bytearray:
        return bytearray(data.replace(b"Investigator ID:   ", "Investigator ID:Zoë".encode("latin-1")))

    path = copied(devices / "geneactiv.bin", tmp_path / "a.bin", noted)
    assert "Zoë".encode("latin-1") in path.read_bytes()
    recording = opened(path)
    np.testing.assert_array_equal(read(recording)[1], read(opened(devices / "geneactiv.bin"))[1])
    assert recording.warnings == []


@pytest.mark.realdata
def test_missing_and_restarted_blocks(devices: Path, tmp_path: Path) -> None:
    def without(data: bytearray) -> bytearray:
        return data[: 1024 + 100 * 512] + data[1024 + 130 * 512 :]

    recording = opened(copied(devices / "ax3_sample.cwa", tmp_path / "a.cwa", without))
    read(recording)
    assert recording.warnings == [
        "30 blocks are missing from the sequence (18.2 s), the first 0:01:01 after the start"
    ]

    def repeated(data: bytearray) -> bytearray:
        return data + data[1024:]

    recording = opened(copied(devices / "ax3_sample.cwa", tmp_path / "b.cwa", repeated))
    np.testing.assert_array_equal(read(recording)[1], read(opened(devices / "ax3_sample.cwa"))[1])
    assert recording.warnings == ["490 blocks are in the file twice: read once"]


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_damage_in_the_middle(devices: Path, tmp_path: Path, name: str) -> None:
    def spoil(data: bytearray) -> bytearray:
        data[len(data) // 2 : len(data) // 2 + 700] = b"\x55" * 700
        return data

    recording = opened(copied(devices / name, tmp_path / name, spoil))
    assert len(read(recording)[0]) > 0
    assert any("damaged" in warning or "cut off" in warning for warning in recording.warnings)


@pytest.mark.realdata
def test_a_zip_that_is_not_closed(devices: Path, tmp_path: Path) -> None:
    """Of a download that broke off: what came is read by the archive's inner headers, without info.txt."""
    path = copied(devices / "actigraph.gt3x", tmp_path / "a.gt3x", lambda data: data[: len(data) // 2])
    recording = opened(path)
    time, values = read(recording)
    np.testing.assert_array_equal(values, read(opened(devices / "actigraph.gt3x"))[1][: len(time)])
    assert (len(time), recording.rate_hz) == (2400, pytest.approx(60))
    assert recording.warnings == ["the file is cut off 0:00:40 after the start: its end is missing"]
    path = copied(devices / "actigraph.gt3x", tmp_path / "b.gt3x", lambda data: data[:600])
    with pytest.raises(InputError, match=r"is not closed\): copy it again"):
        opened(path)


@pytest.mark.parametrize("kind", ["cwa", "bin", "gt3x"])
@pytest.mark.parametrize(
    "content", [b"", b"hello" * 300, b"MD", b"Device Identity", b"PK\x03\x04", b"\0" * 2000]
)
@pytest.mark.parametrize("packed", [False, True])
def test_garbage(tmp_path: Path, kind: str, content: bytes, packed: bool) -> None:
    path = tmp_path / (f"a.{kind}.gz" if packed else f"a.{kind}")
    path.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(InputError) as error:
        opened(path, kind)
    check_line(error.value, path)


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_damage_of_any_kind_is_one_line(devices: Path, tmp_path: Path, name: str) -> None:
    """In the head or anywhere: read to its end or refused, and refused in a line that says so."""
    whole, rng, path = (devices / name).read_bytes(), random.Random(name), tmp_path / name
    for turn in range(40):
        data = bytearray(whole)
        reach = min(4000, len(data)) if turn % 2 else len(data)
        for _ in range(rng.choice((1, 5, 60, 400))):
            data[rng.randrange(reach)] = rng.choice((0, 255, rng.randrange(256)))
        if turn % 5 == 0:
            del data[rng.randrange(len(data)) :]
        path.write_bytes(data)
        try:
            assert len(read(opened(path))[0]) > 0
        except InputError as error:
            check_line(error, path)


def test_a_gz_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "a.cwa.gz").write_bytes(b"not packed at all")
    with pytest.raises(InputError, match="cannot be unpacked"):
        opened(tmp_path / "a.cwa.gz")


def test_other_signals(tmp_path: Path) -> None:
    (tmp_path / "a.cwa").write_bytes(b"MD")
    with pytest.raises(InputError, match="hold acceleration and rotation only, no ppg"):
        opened(tmp_path / "a.cwa", modality="ppg")
