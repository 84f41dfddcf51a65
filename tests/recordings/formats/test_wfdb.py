"""WFDB records: written by wfdb, and byte by byte by hand."""

import os
import random
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import check_line, opened, read, wrist
from wearcli.embedding.reuse import fingerprint
from wearcli.errors import InputError
from wearcli.recordings.formats import wfdb as wfdb_records
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings

wfdb = pytest.importorskip("wfdb")
START = datetime(2024, 5, 7, 9, 30, 5, 250_000, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """wfdb can fetch records from PhysioNet: it must never try."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    for name in ("getaddrinfo", "create_connection"):
        monkeypatch.setattr(socket, name, refuse)


def by_hand(folder: Path, header: str, **data: np.ndarray) -> Path:
    """A header, and data files as 16-bit little-endian numbers; returns the header of record `a`."""
    (folder / "a.hea").write_text(header)
    for name, values in data.items():
        (folder / name.replace("_", ".")).write_bytes(values.astype("<i2").tobytes())
    return folder / "a.hea"


def opened_ecg(path: Path, **flags: object):  # type: ignore[no-untyped-def]
    return opened(path, "wfdb", modality="ecg", **flags)


TWO = "a 2 100 4 09:30:05.25 07/05/2024\na.dat 16 200(10)/mV 16 0 0 0 0 V5\na.dat 16 100/uV 16 0 0 0 0 MLII\n"
PAIRS = np.array([[210, 100], [10, -100], [-190, 50], [-32768, 0]])


def test_bytes_by_hand(tmp_path: Path) -> None:
    """(sample - baseline) / gain, both signals interleaved, the lowest number a missing sample."""
    recording = opened_ecg(by_hand(tmp_path, TWO + "#<age>: 69 <sex>: M Jane Doe\n", a_dat=PAIRS))
    time, values = read(recording)
    np.testing.assert_array_equal(values, np.float32([[1, 1], [0, -1], [-1, 0.5], [np.nan, 0]]))
    np.testing.assert_allclose(time, [0, 0.01, 0.02, 0.03])
    assert values.dtype == np.float32
    assert (recording.channels, recording.rate_hz, recording.start) == (("V5", "MLII"), 100.0, START)
    assert (recording.unit, recording.unit_how) == ("raw", "mV, stated in the file")
    assert "taken as UTC" in str(recording.provenance["time"])
    assert "Jane" not in f"{recording.provenance}{recording.warnings}"
    one = opened_ecg(tmp_path / "a.hea", channels=1)
    assert one.warnings == ["ecg is from 'MLII', not 'V5' (--columns)"]
    np.testing.assert_array_equal(read(one)[1][:, 0], np.float32([1, -1, 0.5, 0]))
    turned = opened_ecg(tmp_path / "a.hea", channel_columns=["2", "V5"])
    np.testing.assert_array_equal(read(turned)[1][:2], [[1, 1], [-1, 0]])


def test_mat_data_after_their_head(tmp_path: Path) -> None:
    """As the CinC challenges have them: 16+24, so 24 bytes that are no samples, and no length said."""
    path = by_hand(tmp_path, "a 1 300\na.mat 16+24 1000/mV 16 0 -127 0 0 ECG\n")
    (tmp_path / "a.mat").write_bytes(bytes(24) + np.arange(600, dtype="<i2").tobytes())
    recording = opened_ecg(path)
    np.testing.assert_allclose(read(recording)[1][:, 0], np.arange(600) / 1000, rtol=1e-6)
    assert (recording.start, recording.duration_s) == (None, 2.0)


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of the writer
@pytest.mark.parametrize("form", ["212", "16", "80", "24", "516"])
def test_formats_and_streaming(tmp_path: Path, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    digital = np.random.default_rng(0).integers(-127, 127, (5001, 2))
    wfdb.wrsamp(
        "r100",
        *(360, ["mV", "mV"], ["MLII", "PLETH"]),
        **{"d_signal": digital, "fmt": [form] * 2, "adc_gain": [200.0, 100.0], "baseline": [0, 0]},
        write_dir=str(tmp_path),
    )
    whole = read(opened_ecg(tmp_path / "r100.hea"))[1][:, 0]
    np.testing.assert_allclose(whole, digital[:, 0] / 200, rtol=1e-6)
    monkeypatch.setattr(wfdb_records, "HEAD_ROWS", 777)
    recording = opened_ecg(tmp_path / "r100.hea")
    for _ in range(2):
        chunks = list(recording.chunks())
        assert max(len(chunk.time) for chunk in chunks) == 777
        np.testing.assert_array_equal(np.concatenate([c.values for c in chunks])[:, 0], whole)
    pulse = opened(tmp_path / "r100.hea", "wfdb", modality="ppg")
    np.testing.assert_allclose(read(pulse)[1][:, 0], digital[:, 1] / 100, rtol=1e-6)


def test_signals_of_several_rates_keep_their_own(tmp_path: Path) -> None:
    """x2: two samples a frame, of 50 frames a second."""
    header = "a 3 50 3\na.dat 16x2 1/mV 16 0 0 0 0 ECG\na.dat 16 1/NU 16 0 0 0 0 PPG\n"
    frames = np.array([[1, 2, 10], [3, 4, 20], [5, 6, 30]])
    header += "b.dat 16x4 1/mV 16 0 0 0 0 V1\n"
    path = by_hand(tmp_path, header, a_dat=frames, b_dat=np.arange(12))
    ecg = opened_ecg(path, channels=1, channel_columns=["ECG"])
    assert ecg.rate_hz == 100
    np.testing.assert_array_equal(read(ecg)[1][:, 0], [1, 2, 3, 4, 5, 6])
    ppg = opened(path, "wfdb", modality="ppg")
    assert ppg.rate_hz == 50
    np.testing.assert_array_equal(read(ppg)[1][:, 0], [10, 20, 30])
    with pytest.raises(InputError, match=r"several rates \(ECG 100 Hz, V1 200 Hz\).*--columns"):
        opened_ecg(path)


def test_acceleration_in_its_unit(tmp_path: Path) -> None:
    acc = (wrist(20.0, 50.0)[1] * 1000).round()
    lines = [f"a.dat 16 1000/g 16 0 0 0 0 acc_{axis}\n" for axis in "xyz"]
    path = by_hand(tmp_path, f"a 3 50 {len(acc)}\n" + "".join(lines), a_dat=acc)
    recording = opened(path, "wfdb")
    np.testing.assert_allclose(read(recording)[1], acc / 1000, atol=1e-6)
    assert (recording.unit, recording.unit_how) == ("g", "g, stated in the file")


def segments(folder: Path) -> Path:
    """A record of fixed layout: 3 + 2 samples, and one of variable layout with a gap between."""
    for name, first, count in (("s1", 0, 3), ("s2", 3, 2)):
        (folder / f"{name}.hea").write_text(f"{name} 1 100 {count}\n{name}.dat 16 1/mV 16 0 0 0 0 II\n")
        (folder / f"{name}.dat").write_bytes(np.arange(first, first + count, dtype="<i2").tobytes())
    (folder / "layout.hea").write_text("layout 2 100 0\n~ 0 1/mV 0 0 0 0 0 V\n~ 0 1/mV 0 0 0 0 0 II\n")
    (folder / "gap.hea").write_text("gap/4 2 100 9 10:00:00 01/02/2023\nlayout 0\ns1 3\n~ 4\ns2 2\n")
    (folder / "all.hea").write_text("all/2 1 100 5\ns1 3\ns2 2\n")
    return folder


def test_records_of_several_segments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = find_recordings([segments(tmp_path)], modality="ecg")
    assert [source.path.name for source in folder.sources] == ["all.hea", "gap.hea"]
    for rows in (100, 2):
        monkeypatch.setattr(wfdb_records, "HEAD_ROWS", rows)
        assert read(opened_ecg(tmp_path / "all.hea"))[1][:, 0].tolist() == [0, 1, 2, 3, 4]
        gap = opened_ecg(tmp_path / "gap.hea", channel_columns=["II"])
        values = read(gap)[1][:, 0]
        np.testing.assert_array_equal(values, [0, 1, 2, *[np.nan] * 4, 3, 4])
    assert gap.start == datetime(2023, 2, 1, 10, tzinfo=UTC)
    assert find_recordings([tmp_path / "s1.hea"]).sources[0].recording == "s1"
    (tmp_path / "s2.dat").unlink()
    with pytest.raises(InputError, match=r"copy s2\.dat beside it"):
        opened_ecg(tmp_path / "all.hea")


def test_names_in_other_case(tmp_path: Path) -> None:
    by_hand(tmp_path, TWO, a_dat=PAIRS)
    (tmp_path / "a.hea").rename(tmp_path / "A.HEA")
    (tmp_path / "a.dat").rename(tmp_path / "A.DAT")
    (source,) = find_recordings([tmp_path], modality="ecg").sources
    assert (source.format, source.recording) == ("wfdb", "A")
    assert read(opened_ecg(source.path))[1].shape == (4, 2)


def test_no_name_is_an_address(tmp_path: Path) -> None:
    folder = tmp_path / "memory::http:" / "example.org"
    folder.mkdir(parents=True)
    assert read(opened_ecg(by_hand(folder, TWO, a_dat=PAIRS)))[1].shape == (4, 2)
    for name in ("http://example.org/a.dat", "../a.dat", "s3://b"):
        path = by_hand(tmp_path, TWO.replace("a.dat", name), a_dat=PAIRS)
        with pytest.raises(InputError):
            opened_ecg(path)


def test_the_fingerprint_is_that_of_the_data_too(tmp_path: Path) -> None:
    source = Source("a", by_hand(tmp_path, TWO, a_dat=PAIRS), "wfdb", "p")
    marks = [fingerprint(source)]
    assert fingerprint(source) == marks[0]
    by_hand(tmp_path, TWO, a_dat=PAIRS + 1)
    marks.append(fingerprint(source))
    (tmp_path / "a.dat").unlink()
    marks.append(fingerprint(source))
    segments(tmp_path)
    layout = Source("all", tmp_path / "all.hea", "wfdb", "p")
    marks.append(fingerprint(layout))
    (tmp_path / "s2.dat").write_bytes(b"1234")
    marks.append(fingerprint(layout))
    (tmp_path / "s1.hea").write_text("s1 1 200 3\ns1.dat 16 1/mV 16 0 0 0 0 II\n")
    marks.append(fingerprint(layout))
    assert len({*marks}) == len(marks)


@pytest.mark.parametrize(
    ("header", "says"),
    [
        ("", "the file is empty"),
        ("hello\n", "not a readable WFDB record"),
        ("a 2 100 4\nc.dat 16 200 16 0 0 0 0 V5\na.dat 16 200 16 0 0 0 0 II\n", "copy c.dat beside it"),
        ("a 2 100 5" + TWO[9:], "a.dat is cut off: it holds 4 of 5 samples"),
        (TWO.replace(" 16 ", " 999 "), r"not a readable WFDB record|cut off"),
        (TWO.replace(" 16 ", " 8 "), "format 8, .*convert it to format 16"),
        ("a 0 100 4\n", "holds no samples"),
        ("a 2 0" + TWO[7:], "a rate of 0 Hz"),
        ("a 1 100 4\n~ 16 200 16 0 0 0 0 V5\n", "holds no samples"),
        ("a/2 1 100 4\nb 2\nc 2\n", r"copy b.hea, c.hea beside it"),
        (TWO.replace("V5", "RESP").replace("MLII", "ABP"), "no column that means ecg.*--columns from RESP"),
    ],
)
def test_records_that_cannot_be_read(tmp_path: Path, header: str, says: str) -> None:
    path = by_hand(tmp_path, header, a_dat=PAIRS)
    with pytest.raises(InputError, match=says) as error:
        read(opened_ecg(path))
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)


def test_damage_of_any_kind_is_one_line(tmp_path: Path) -> None:
    rng = random.Random(0)
    for _ in range(150):
        text = list(TWO)
        for _ in range(rng.choice((1, 2, 5))):
            text[rng.randrange(len(text))] = rng.choice("0123456789 -/x()+:.~\n#a")
        path = by_hand(tmp_path, "".join(text), a_dat=PAIRS)
        try:
            read(opened_ecg(path, channels=1))
        except InputError as error:
            check_line(error, path)


@pytest.mark.parametrize(
    "header", ["a 1 100 400\na\0b.dat 16\n", f"a {'9' * 5000} 100\na.dat 16\n", f"a/{'9' * 5000} 1 100\n"]
)
def test_names_and_counts_that_no_file_has(tmp_path: Path, header: str) -> None:
    """A zero byte in a name, and a count of 5,000 digits, ended the search for recordings."""
    (tmp_path / "a.hea").write_text(header)
    for source in find_recordings([tmp_path], modality="ecg").sources:
        with pytest.raises(InputError) as error:
            opened(source.path, "wfdb", modality="ecg")
        check_line(error.value, source.path)


def test_data_that_go_away_in_between(tmp_path: Path) -> None:
    path = by_hand(tmp_path, TWO, a_dat=PAIRS)
    recording = opened_ecg(path)
    read(recording)
    os.truncate(tmp_path / "a.dat", 9)
    with pytest.raises(InputError, match="not a readable WFDB record"):
        read(recording)


def test_leads_are_leads_here_only(tmp_path: Path) -> None:
    """A column called I or V1 may be anything in a CSV file."""
    (tmp_path / "a.csv").write_text("time,I,V1\n" + "".join(f"{i / 100},{i},{i}\n" for i in range(300)))
    with pytest.raises(InputError, match="no column that means ecg"):
        opened(tmp_path / "a.csv", modality="ecg")


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = by_hand(tmp_path, TWO, a_dat=PAIRS)
    monkeypatch.setitem(sys.modules, "wfdb", None)
    says = r"reading \.hea files needs wfdb: pip install 'wearcli\[physio\]'"
    with pytest.raises(InputError, match=says):
        opened_ecg(path)
    assert fingerprint(Source("a", path, "wfdb", "p"))
