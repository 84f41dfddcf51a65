"""The head of a device file: what it tells without the samples, against all of them."""

import gzip
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import opened, read, write_csv
from wearcli.errors import InputError
from wearcli.recordings.formats import actigraph, axivity, geneactiv
from wearcli.recordings.formats.device_files import DeviceHead, Ending
from wearcli.recordings.recording import Chunk, Recording
from wearcli.recordings.tables.table import HEAD_ROWS
from wearcli.truth.gait import gait_truth
from wearcli.truth.heart import heart_truth

HEADS = {".cwa": axivity.read_head, ".bin": geneactiv.read_head, ".gt3x": actigraph.read_head}
SAMPLES = {".cwa": axivity.read_samples, ".bin": geneactiv.read_samples, ".gt3x": actigraph.read_samples}
NAMES = [
    *("ax3_sample.cwa", "ax6_sample.cwa", "axivity_paradigma.cwa"),
    *("geneactiv.bin", "gnactv_sample.bin", "actigraph.gt3x"),
]


@pytest.fixture(scope="module")
def devices(realdata: Path) -> Path:
    return realdata / "data" / "devices"


def kind_of(path: Path) -> str:
    return Path(path.name.lower().removesuffix(".gz")).suffix


def device_head(path: Path) -> DeviceHead:
    return HEADS[kind_of(path)](path, str(path))


def all_stamps(path: Path) -> np.ndarray:
    """Times of all samples by the device's clock, ns."""
    ending = Ending()
    return np.concatenate([part.time_ns for part in SAMPLES[kind_of(path)](path, str(path), "acc", ending)])


def zone_ns(path: Path) -> int:
    """By how much the clock of a real file is ahead of UTC: each says -05:00 or -04:00, or nothing."""
    hours = {"geneactiv.bin": -5, "gnactv_sample.bin": -4, "actigraph.gt3x": -5}
    return hours.get(path.name.removesuffix(".gz"), 0) * 3600 * 10**9


def count_reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files whose samples are streamed from now on."""
    paths: list[str] = []
    chunks = Recording.chunks

    def counted(recording: Recording) -> Iterator[Chunk]:
        if recording.modality == "acc":
            paths.append(recording.source.path.name)
        return chunks(recording)

    monkeypatch.setattr(Recording, "chunks", counted)
    return paths


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_a_head_tells_what_the_whole_file_does(
    devices: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stamps = all_stamps(devices / name)
    # This one was put on USB 39 s before it ended, as info.txt says.
    last_ns = stamps[0] + 120 * 10**9 if name == "actigraph.gt3x" else stamps[-1]
    reads = count_reads(monkeypatch)
    head = device_head(devices / name)
    np.testing.assert_array_equal(head.stamps_ns, stamps[:HEAD_ROWS])
    assert head.last_ns == pytest.approx(last_ns, abs=100)
    recording = opened(devices / name)
    assert recording.start is not None
    assert round(recording.start.timestamp() * 1e6) == (stamps[0] - zone_ns(devices / name)) // 1000
    assert recording.duration_s == pytest.approx((last_ns - stamps[0]) / 1e9, abs=1e-6)
    assert reads == []
    read(recording)
    assert reads == [name]


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES)
def test_a_head_tells_nothing_of_the_person(devices: Path, name: str) -> None:
    text = str(opened(devices / name).provenance)
    for secret in ("Adam", "Birth", "Subject", "UNC", "drift"):
        assert secret not in text


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES[:5])
def test_the_end_of_a_packed_file_is_told_about(
    devices: Path, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"{name}.gz"
    path.write_bytes(gzip.compress((devices / name).read_bytes()))
    whole = opened(devices / name)
    reads = count_reads(monkeypatch)
    recording = opened(path)
    assert recording.duration_s == pytest.approx(whole.duration_s, rel=0.05)
    assert recording.rate_hz == whole.rate_hz
    assert reads == []


def long_cwa(path: Path, sample: Path, times: int) -> Path:
    """A recording of AX3 again and again, each turn begun 300 s after the one before."""
    data = sample.read_bytes()
    turns = [data[:1024]]
    blocks = np.frombuffer(data[1024:], np.uint8).reshape(-1, 512)
    for turn in range(times):
        shifted = blocks.copy()
        for number, block in enumerate(shifted):
            (packed,) = struct.unpack_from("<I", block, 14)
            clock = np.datetime64("2000-01-01T00:00:00") + np.timedelta64(turn * 300, "s")
            clock += np.timedelta64((packed >> 12 & 31) * 3600 + (packed >> 6 & 63) * 60 + (packed & 63), "s")
            clock += np.timedelta64((packed >> 17 & 31) - 1, "D")
            day, rest = divmod(int((clock - np.datetime64("2000-01-01T00:00:00")).astype(int)), 86_400)
            fields = (day + 1) << 17 | rest // 3600 << 12 | rest % 3600 // 60 << 6 | rest % 60
            struct.pack_into("<I", block, 14, packed & ~((1 << 22) - 1) | fields)
            struct.pack_into("<I", block, 10, turn * len(blocks) + number)
            struct.pack_into("<H", block, 510, 0)
            struct.pack_into("<H", block, 510, -int(block.view("<u2").sum(dtype=np.uint16)) & 0xFFFF)
        turns.append(shifted.tobytes())
    path.write_bytes(b"".join(turns))
    return path


def long_bin(path: Path, sample: Path, times: int, rate: bytes) -> Path:
    data = sample.read_bytes().replace(b"Frequency:60.0", b"Frequency:" + rate)
    begin = data.index(b"Recorded Data")
    header = data[:begin].replace(b"Number of Pages:20", b"Number of Pages:%d" % (20 * times))
    pages = data[begin:].split(b"Recorded Data")[1:]
    parts = [header]
    for number in range(20 * times):
        page = pages[number % 20]
        seconds = round(number * 300 / float(rate) * 1000)
        stamp = np.datetime64("2024-04-30T15:13:30.000") + np.timedelta64(seconds, "ms")
        text = str(stamp).replace("T", " ").replace(".", ":").encode()
        old = page[page.index(b"Page Time:") :].split(b"\n")[0]
        parts.append(b"Recorded Data" + page.replace(old, b"Page Time:" + text, 1))
    path.write_bytes(b"".join(parts))
    return path


def long_gt3x(path: Path, sample: Path, times: int, compression: int) -> Path:
    with zipfile.ZipFile(sample) as archive:
        log, info = archive.read("log.bin"), archive.read("info.txt")
    records, position = [], 0
    while position < len(log):
        end = position + 9 + int.from_bytes(log[position + 6 : position + 8], "little")
        records.append(log[position:end])
        position = end
    out = []
    for turn in range(times):
        for record in records:
            moved = bytearray(record)
            struct.pack_into("<I", moved, 2, struct.unpack_from("<I", moved, 2)[0] + 100 * turn)
            check = 0xFF
            for byte in moved[:-1]:
                check ^= byte
            moved[-1] = check
            out.append(bytes(moved))
    last = 638500857000000000 + 100 * (times - 1) * 10**7
    info = info.replace(b"Last Sample Time: 638500857000000000", b"Last Sample Time: %d" % last)
    with zipfile.ZipFile(path, "w", compression) as archive:
        archive.writestr("log.bin", b"".join(out))
        archive.writestr("info.txt", info)
    return path


def bytes_read() -> int:
    lines = Path("/proc/self/io").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("rchar")).split()[1])


@pytest.mark.realdata
@pytest.mark.parametrize("kind", ["cwa", "bin", "gt3x stored", "gt3x deflated"])
def test_a_long_file_is_not_read_to_be_opened(devices: Path, tmp_path: Path, kind: str) -> None:
    if kind == "cwa":
        path = long_cwa(tmp_path / "a.cwa", devices / "ax3_sample.cwa", 40)
    elif kind == "bin":
        path = long_bin(tmp_path / "a.bin", devices / "geneactiv.bin", 120, b"66.7")
    else:
        method = zipfile.ZIP_STORED if "stored" in kind else zipfile.ZIP_DEFLATED
        path = long_gt3x(tmp_path / "a.gt3x", devices / "actigraph.gt3x", 120, method)
    stamps = all_stamps(path)
    assert len(stamps) > 2 * HEAD_ROWS
    head = device_head(path)
    np.testing.assert_array_equal(head.stamps_ns, stamps[:HEAD_ROWS])
    assert head.last_ns is not None
    # The device says when it ended: 39 s after its last sample in this file.
    assert head.last_ns / 1e9 == pytest.approx(stamps[-1] / 1e9, abs=40 if "gt3x" in kind else 1e-6)
    if sys.platform == "linux" and "deflated" not in kind:
        before = bytes_read()
        opened(path)
        assert bytes_read() - before < 0.6 * path.stat().st_size
    np.testing.assert_array_equal(read(opened(path))[0], (stamps - stamps[0]) / 1e9)


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES[:3])
def test_a_damaged_first_block_moves_neither_start_nor_time(devices: Path, tmp_path: Path, name: str) -> None:
    data = bytearray((devices / name).read_bytes())
    data[1024 + 100] ^= 0xFF  # its checksum is wrong now: the reader leaves the block out
    path = tmp_path / name
    path.write_bytes(data)
    stamps = all_stamps(path)
    recording = opened(path)
    np.testing.assert_array_equal(device_head(path).stamps_ns, stamps[:HEAD_ROWS])
    assert stamps[0] > all_stamps(devices / name)[0] + 10**8
    time, _ = read(recording)
    assert time[0] == 0.0
    assert recording.start is not None
    assert round(recording.start.timestamp() * 1e6) == stamps[0] // 1000
    assert any("damaged" in warning for warning in recording.warnings)


@pytest.mark.realdata
def test_gait_truth_reads_a_device_file_once(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both sensors are opened to pair them, and the reference alone is read."""
    for place, name in (("wrist", "ax3_sample.cwa"), ("ankle", "ax3_sample.cwa")):
        folder = tmp_path / place / "P1"
        folder.mkdir(parents=True)
        (folder / f"P1_{place}.cwa").write_bytes((devices / name).read_bytes())
    reads = count_reads(monkeypatch)
    gait_truth([tmp_path / "ankle"], tmp_path / "gait.csv", main=tmp_path / "wrist", min_quality=0.0)
    assert reads == ["P1_ankle.cwa"]


@pytest.mark.realdata
def test_heart_truth_reads_a_file_of_acceleration_once(
    devices: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its head tells the clock that the beats are for, its samples the movement beside them."""
    study = tmp_path / "P1"
    study.mkdir()
    (study / "P1.acc.cwa").write_bytes((devices / "ax3_sample.cwa").read_bytes())
    start = opened(study / "P1.acc.cwa").start
    assert start is not None
    time = np.arange(120 * 64) / 64
    pulse = np.sin(2 * np.pi * 1.2 * time) + 0.4 * np.sin(4 * np.pi * 1.2 * time)
    stamps = (np.datetime64(start.replace(tzinfo=None), "ms") + (time * 1000).astype("m8[ms]")).astype(str)
    write_csv(study / "P1.ppg.csv", "time,ppg", stamps, pulse)
    reads = count_reads(monkeypatch)
    result = heart_truth([tmp_path], tmp_path / "heart.csv", min_quality=0.0)
    assert (result.rows, dict(result.clocks)) == (2, {"name": 1})
    assert reads == ["P1.acc.cwa"]


@pytest.mark.realdata
@pytest.mark.parametrize("name", NAMES[1:3])
def test_rotation_of_an_ax6(devices: Path, name: str) -> None:
    import actfast

    recording = opened(devices / name, modality="gyro")
    truth = actfast.read(str(devices / name))["timeseries"]["high_frequency"]["gyroscope"]
    np.testing.assert_allclose(read(recording)[1], truth, rtol=1e-6)
    assert (recording.unit, recording.range_limit) == ("deg/s", None)


@pytest.mark.realdata
def test_an_ax3_has_no_rotation(devices: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = count_reads(monkeypatch)
    path = devices / "ax3_sample.cwa"
    with pytest.raises(InputError) as error:
        opened(path, modality="gyro")
    assert str(error.value) == f"{path}: holds no rotation: its device has no such sensor"
    assert reads == []
