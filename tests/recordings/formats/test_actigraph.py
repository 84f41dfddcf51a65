""".gt3x files of each generation: values, times, zones, sleep and damage."""

import zipfile
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.formats.device_writers import (
    START,
    activity,
    activity2,
    info,
    parameters,
    record,
    seconds,
    write_gt3x,
)
from tests.recordings.make import check_line, opened, read
from wearcli.errors import InputError
from wearcli.inspection import inspect
from wearcli.recordings.formats.actigraph_info import decoded
from wearcli.recordings.formats.actigraph_log import Activity, LogReader

RATE = 30
T0 = seconds(START)


def samples_of(second: int, rate: int = RATE) -> list[tuple[int, int, int]]:
    rng = np.random.default_rng(second)
    return [tuple(row) for row in rng.integers(-2048, 2048, (rate, 3)).tolist()]


def log_of(numbers: list[int], kind: int = 26, rate: int = RATE) -> bytes:
    """A record for each of these seconds."""
    pack = activity2 if kind == 26 else activity
    return b"".join(record(kind, T0 + second, pack(samples_of(second, rate))) for second in numbers)


def values_of(numbers: list[int], rate: int = RATE) -> np.ndarray:
    return np.concatenate([np.array(samples_of(second, rate)) for second in numbers])


@pytest.mark.parametrize("kind", [0, 26])
@pytest.mark.parametrize("rate", [30, 50, 70, 90, 100, 31])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_samples_of_both_kinds_of_records(tmp_path: Path, kind: int, rate: int, method: int) -> None:
    log = log_of([0, 1, 2], kind, rate)
    path = write_gt3x(tmp_path / "a.gt3x", info(Sample_Rate=rate), method, log_bin=log)
    recording = opened(path)
    time, values = read(recording)
    np.testing.assert_allclose(values, values_of([0, 1, 2], rate) / 256, rtol=1e-7)
    np.testing.assert_allclose(time, np.arange(3 * rate) / rate, atol=1e-8)
    assert (recording.start, recording.range_limit, recording.warnings) == (START, 8.0, [])


@pytest.mark.parametrize(
    ("facts", "encoded", "scale"),
    [
        ({"Acceleration_Scale": "341.0"}, None, 341),
        ({"Acceleration_Scale": "256.0"}, 0x09400000, 256),
        ({"Acceleration_Scale": "341.0"}, 0x09400000, 256),  # the log's own is taken, and it is said
        ({"Serial_Number": "NEO1D00000000"}, None, 341),
        ({"Serial_Number": "CLE2B00000000"}, None, 341),
        ({"Serial_Number": "TAS1E00000000"}, None, 256),
    ],
)
def test_the_scale(tmp_path: Path, facts: dict, encoded: int | None, scale: float) -> None:
    log = log_of([0, 1], 0)
    if encoded is not None:
        log = record(21, T0 - 5, parameters(battery_state=2, accel_scale=encoded, sample_rate=30)) + log
    recording = opened(write_gt3x(tmp_path / "a.gt3x", info(**facts), log_bin=log))
    np.testing.assert_allclose(read(recording)[1], values_of([0, 1]) / scale, rtol=1e-6)
    assert len(recording.warnings) == (facts.get("Acceleration_Scale") == "341.0" and encoded is not None)


@pytest.mark.parametrize(
    ("word", "number"),
    [(0x09400000, 256), (0x0C400000, 2048), (0x05418937, 16.384), (0x05540000, 21), (0, 0), (0x01C00000, -1)],
)
def test_numbers_of_parameters(word: int, number: float) -> None:
    """Examples of ActiGraph, GT3X File Format, LogRecords/Parameters.md; and a negative one by its rule."""
    assert decoded(word) == pytest.approx(number, rel=1e-5)


@pytest.mark.parametrize(
    ("zone", "metadata", "hours"),
    [
        ("-05:00:00", None, 5),
        ("05:30:00", None, -5.5),
        ("00:00:00", None, 0),
        (None, None, 0),
        # The documented mark of files whose stamps are UTC already.
        ("-06:00:00", b'{"MetadataType":"LocalTimeLog","UsedUtc":true}', 0),
        ("-06:00:00", rb'{"Parsed":true,"JSON":"{\"UsedUtc\":true}"}', 0),
        ("-06:00:00", b'{"MetadataType":"LocalTimeLog","UsedUtc":false}', 6),
    ],
)
def test_the_zone(tmp_path: Path, zone: str | None, metadata: bytes | None, hours: float) -> None:
    log = (b"" if metadata is None else record(6, T0 - 9, metadata)) + log_of([0, 1])
    recording = opened(write_gt3x(tmp_path / "a.gt3x", info(TimeZone=zone), log_bin=log))
    assert recording.start == START + timedelta(hours=hours)
    assert ("no zone" in str(recording.provenance["time"])) == (zone is None)


def test_records_of_other_kinds_and_zeros_between(tmp_path: Path) -> None:
    log = b"".join(
        (
            *(record(6, T0 - 9, b"{}"), record(21, T0 - 9, parameters(sample_rate=RATE)), bytes(7)),
            *(log_of([0]), record(2, T0, b"\x10\x10"), bytes(3), record(5, T0, b"\0\0"), log_of([1])),
            *(record(13, T0, bytes(6)), record(3, T0 + 2, b"\x05\x01\x02"), log_of([2]), bytes(50)),
        )
    )
    recording = opened(write_gt3x(tmp_path / "a.gt3x", info(), log_bin=log))
    time, values = read(recording)
    np.testing.assert_allclose(values, values_of([0, 1, 2]) / 256, rtol=1e-7)
    assert (len(time), recording.warnings) == (90, [])


def test_a_record_that_is_cut_short_keeps_its_rate(tmp_path: Path) -> None:
    log = log_of([0]) + record(26, T0 + 1, activity2(samples_of(1)[:10])) + log_of([2])
    time, _ = read(opened(write_gt3x(tmp_path / "a.gt3x", info(), log_bin=log)))
    np.testing.assert_allclose(time[30:40], 1 + np.arange(10) / 30, atol=1e-8)
    assert time[40] == 2.0


def idle(begins: int, ends: int) -> tuple[bytes, bytes]:
    """The events that say that the device sleeps, and that it wakes."""
    return record(3, T0 + begins, b"\x08"), record(3, T0 + ends, b"\x09")


def test_sleep_in_between_and_at_the_end(tmp_path: Path) -> None:
    """Of 60 s the device slept 20 and then 15: the recording is as long as it ran."""
    begins, ends = idle(10, 30)
    log = log_of(list(range(10))) + begins + ends + log_of(list(range(30, 45))) + idle(45, 60)[0]
    last = START + timedelta(seconds=60)
    path = write_gt3x(tmp_path / "P1_a.gt3x", info(last=last), log_bin=log)
    (row,) = inspect([path]).recordings
    assert (row.samples, row.gaps) == (750, 2)
    assert row.duration_s == pytest.approx(60, abs=0.1)
    assert row.gap_s == pytest.approx(35, abs=0.1)
    assert row.warnings == [
        "no samples for 0:00:35 in 2 gaps: the device was idle (idle sleep mode) or on USB"
    ]


def test_usb_at_the_end_is_no_sample(tmp_path: Path) -> None:
    """A record of samples of one byte says that the device was put on USB."""
    for kind in (0, 26):
        log = log_of([0, 1], kind) + record(kind, T0 + 2, b"Z")
        path = write_gt3x(tmp_path / "a.gt3x", info(last=START + timedelta(seconds=60)), log_bin=log)
        (row,) = inspect([path]).recordings
        assert (row.samples, row.gaps, round(row.duration_s)) == (60, 1, 60)


def test_a_log_that_ends_while_the_device_sampled_is_cut_off(tmp_path: Path) -> None:
    path = write_gt3x(tmp_path / "a.gt3x", info(last=START + timedelta(hours=26)), log_bin=log_of([0, 1]))
    (row,) = inspect([path]).recordings
    assert (row.gaps, round(row.duration_s)) == (0, 2)
    assert row.warnings == [
        "the file is cut off 0:00:02 after the start, 1 d 1:59:58 before the device's last sample: "
        "its end is missing"
    ]


def damaged(log: bytes, at: int, value: bytes) -> bytes:
    return log[:at] + value + log[at + len(value) :]


RECORD = 9 + 6 * RATE


@pytest.mark.parametrize(
    ("at", "value", "lost"),
    [
        (5 * RECORD + 100, b"\xff\xfe", [5]),  # of the samples
        (5 * RECORD, b"\1", [5]),  # of the separator
        (5 * RECORD + 6, b"\xff\xff", [5]),  # of the size: it reaches over what follows
        (5 * RECORD + 6, b"\x10\0", [5]),
        (5 * RECORD + 2, b"\x1e\x1e\x1e\x1e", [5]),  # of the time
        (5 * RECORD + 50, b"\x1e" * 2 * RECORD, [5, 6, 7]),
        (0, b"\xaa" * 20, [0]),
    ],
)
def test_damage_costs_the_seconds_that_it_is_in(
    tmp_path: Path, at: int, value: bytes, lost: list[int]
) -> None:
    numbers = list(range(20))
    log = damaged(log_of(numbers), at, value)
    recording = opened(write_gt3x(tmp_path / "a.gt3x", info(), log_bin=log))
    time, values = read(recording)
    kept = [number for number in numbers if number not in lost]
    np.testing.assert_allclose(values, values_of(kept) / 256, rtol=1e-7)
    assert time[::RATE].tolist() == [number - kept[0] for number in kept]
    damage, *gap = recording.warnings
    at_s = "0:00:05" if lost[0] else "0:00:00"
    assert damage == f"1 damaged part ({len(lost) * RECORD:,} bytes) left out, {at_s} after the start"
    # What is lost before the first sample is no gap.
    time_s = f"0:00:0{len(lost)}"
    line = f"no samples for {time_s} in 1 gap: the log has no whole records there"
    assert gap == ([line] if lost[0] else [])


def test_parts_of_any_size_give_the_same_records() -> None:
    """A log that comes in pieces, damage in it, against one that comes at once."""
    log = damaged(log_of(list(range(12))), 3 * RECORD + 6, b"\xff\xff")
    log = damaged(log, 8 * RECORD + 70, b"\x1e\x1a\x1e")

    def times(size: int) -> tuple[list[int], int, int]:
        reader, out = LogReader(), []
        for at in range(0, len(log), size):
            for item in reader.feed(log[at : at + size]):
                assert isinstance(item, Activity)
                out += item.times_s.tolist()
        for item in reader.feed(b"", last=True):
            assert isinstance(item, Activity)
            out += item.times_s.tolist()
        return out, reader.damaged, reader.damaged_bytes

    expected = [T0 + second for second in range(12) if second not in (3, 8)], 2, 2 * RECORD
    for size in (len(log), 1000, 189, 50, 7, 1):
        assert times(size) == expected


def test_the_end_of_a_log_is_cut(tmp_path: Path) -> None:
    log = log_of([0, 1, 2])
    path = write_gt3x(tmp_path / "a.gt3x", info(), log_bin=log[:-40])
    recording = opened(path)
    assert len(read(recording)[0]) == 60
    assert recording.warnings == ["the file is cut off 0:00:02 after the start: its end is missing"]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_an_archive_that_breaks_off(tmp_path: Path, method: int) -> None:
    """The rate and the scale come from the log then."""
    log = record(21, T0 - 5, parameters(accel_scale=0x09400000, sample_rate=RATE)) + log_of(list(range(600)))
    path = write_gt3x(tmp_path / "a.gt3x", info(), method, log_bin=log)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    recording = opened(path)
    time, values = read(recording)
    assert 290 * RATE < len(time) < 310 * RATE
    np.testing.assert_allclose(values, values_of(list(range(600)))[: len(values)] / 256, rtol=1e-7)
    (warning,) = recording.warnings
    assert "the file is cut off 0:0" in warning
    assert "no zone" in str(recording.provenance["time"])


def test_a_deflated_log_that_is_damaged_is_read_up_to_there(tmp_path: Path) -> None:
    path = write_gt3x(tmp_path / "a.gt3x", info(), log_bin=log_of(list(range(600))))
    data = bytearray(path.read_bytes())
    begin = len(data) * 2 // 3
    data[begin : begin + 2000] = b"\x55" * 2000
    path.write_bytes(data)
    recording = opened(path)
    time, _ = read(recording)
    assert len(time) > 300 * RATE
    assert any("cut off" in warning or "damaged" in warning for warning in recording.warnings)


def test_a_member_that_is_said_to_be_larger_than_it_is(tmp_path: Path) -> None:
    path = write_gt3x(tmp_path / "a.gt3x", info(), zipfile.ZIP_STORED, log_bin=log_of([0, 1]))
    data = path.read_bytes()
    size = (2 * RECORD).to_bytes(4, "little")
    assert data.count(size) == 4
    path.write_bytes(data.replace(size, (2**31).to_bytes(4, "little")))
    try:
        read(opened(path))
    except InputError as error:
        check_line(error, path)


def test_activity_bin_of_older_devices(tmp_path: Path) -> None:
    raw = samples_of(1, 61)
    text = info(
        Serial_Number="NEO1C00000000", Last_Sample_Time=None, Acceleration_Max=None, TimeZone="01:00:00"
    )
    path = write_gt3x(tmp_path / "a.gt3x", text, activity_bin=activity(raw), lux_bin=bytes(4))
    recording = opened(path)
    time, values = read(recording)
    np.testing.assert_allclose(values, np.array(raw) / 341, rtol=1e-6)
    np.testing.assert_allclose(time, np.arange(61) / 30, atol=1e-8)
    assert recording.start == START - timedelta(hours=1)
    assert recording.range_limit == pytest.approx(2048 / 341)
    assert recording.duration_s == pytest.approx(2.0)
    assert recording.warnings == []
    without = info(Serial_Number="NEO1C00000000", Sample_Rate=0)
    with pytest.raises(InputError, match="no start date or no sample rate"):
        opened(write_gt3x(tmp_path / "b.gt3x", without, activity_bin=activity(raw)))


def test_an_archive_of_other_things(tmp_path: Path) -> None:
    for members in ({"photo_jpg": b"x"}, {"lux_bin": b"xx"}):
        path = write_gt3x(tmp_path / "a.gt3x", info(), **members)
        with pytest.raises(InputError, match=r"it has no log\.bin\): export it as CSV"):
            opened(path)
    path = write_gt3x(tmp_path / "b.gt3x", info(), log_bin=record(2, T0, b"\x10\x10"))
    with pytest.raises(InputError, match="holds no samples: copy it again"):
        opened(path)


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("case", "name", "rate", "samples", "first", "duration_s"),
    [
        ("gt3x-activity2", "link_30hz", 30, 1830, [(0.020, 0.012, 1.043), (0.047, 0.004, 1.035)], 61),
        ("gt3x-activity2", "link_100hz", 100, 2700, [(0.0, 0.008, 0.996), (0.016, 0.0, 1.008)], 31),
        ("gt3x-v1-nhanes", "neo", 30, 1600, [(-0.015, 0.029, -1.006)], 53.3),
        ("gt3x-idle-sleep-tail", "ism", 60, 4860, [], 120),
    ],
)
def test_real_files_as_actilife_reads_them(
    realdata: Path, case: str, name: str, rate: int, samples: int, first: list, duration_s: float
) -> None:
    """Values of ActiLife's own CSV of the same recordings."""
    path = realdata / "cases" / case / f"{name}.gt3x"
    _, values = read(opened(path))
    assert len(values) == samples
    np.testing.assert_allclose(values[: len(first)], np.reshape(first, (-1, 3)), atol=6e-4)
    (row,) = inspect([path]).recordings
    assert row.rate_hz == pytest.approx(rate, rel=1e-6)
    assert row.duration_s == pytest.approx(duration_s, abs=0.1)


@pytest.mark.realdata
def test_zones_of_real_files(realdata: Path) -> None:
    folder = realdata / "cases" / "device-zone-ignored"
    starts = {name: opened(folder / f"zone.{name}").start for name in ("gt3x", "bin")}
    assert {name: start.isoformat() for name, start in starts.items() if start} == {
        "gt3x": "2024-04-30T19:53:00+00:00",
        "bin": "2025-03-17T17:37:33+00:00",
    }
