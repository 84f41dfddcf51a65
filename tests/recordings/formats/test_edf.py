"""EDF, EDF+ and BDF: written by pyedflib, and byte by byte by hand."""

import random
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import check_line, opened, read, wrist
from wearcli.errors import InputError
from wearcli.recordings.formats import edf
from wearcli.recordings.study.discovery import find_recordings

pyedflib = pytest.importorskip("pyedflib")
START = datetime(2024, 5, 7, 9, 30, 5, tzinfo=UTC)
PULSE = 800 * np.sin(np.arange(2560) / 7)


def write(path: Path, *signals: tuple[str, str, float, np.ndarray], note: bool = False) -> Path:
    """A file of (label, dimension, rate, values) by pyedflib."""
    kind = pyedflib.FILETYPE_BDFPLUS if path.suffix == ".bdf" else pyedflib.FILETYPE_EDFPLUS
    depth = 2**23 if path.suffix == ".bdf" else 2**15
    with pyedflib.EdfWriter(str(path), len(signals), file_type=kind) as writer:
        writer.setPatientName("Jane_Doe")
        writer.setBirthdate(datetime(1970, 3, 4))
        writer.setStartdatetime(START.replace(tzinfo=None))
        for j, (label, dimension, rate, values) in enumerate(signals):
            top = float(np.ceil(np.abs(values).max()))
            writer.setSignalHeader(
                j,
                {
                    **{"label": label, "dimension": dimension, "sample_frequency": rate},
                    **{"physical_max": top, "physical_min": -top, "prefilter": "", "transducer": ""},
                    **{"digital_max": depth - 1, "digital_min": -depth},
                },
            )
        writer.writeSamples([values for *_, values in signals])
        if note:
            writer.writeAnnotation(1.0, 2.0, "Jane sneezed")
    return path


def by_hand(
    signals: Sequence[tuple[str, str, Sequence[int]]],
    reserved: str = "",
    began: bytes | None = None,
    records: int | None = None,
    date: str = "07.05.24",
) -> bytes:
    """A file of one-second records; signals: label, dimension, 16-bit values of one record (2 records).

    Each value stands for a tenth. began: an annotation signal, before the others, that says when the first
    record began.
    """

    def fields(width: int, *cells: object) -> bytes:
        return b"".join(str(cell).encode().ljust(width) for cell in cells)

    heads = [(label, unit, -3276.8, 3276.7, len(values)) for label, unit, values in signals]
    if began is not None:
        heads.insert(0, ("EDF Annotations", "", -1, 1, 20))
    count = len(heads)
    labels, units, low, high, lengths = zip(*heads, strict=True)
    head = fields(8, 0) + fields(80, "X F X Jane_Doe", "Startdate X X X X") + fields(8, date, "09.30.05")
    head += fields(8, 256 * (count + 1)) + fields(44, reserved)
    head += fields(8, 2 if records is None else records, 1) + fields(4, count)
    head += fields(16, *labels) + fields(80, *[""] * count) + fields(8, *units, *low, *high)
    head += fields(8, *[-32768] * count, *[32767] * count) + fields(80, *[""] * count)
    head += fields(8, *lengths) + fields(32, *[""] * count)
    body = b""
    for second in range(2):
        if began is not None:
            stamp = b"+%d%s\x14\x14\0" % (second, began)
            body += stamp.ljust(40, b"\0")
        body += b"".join(np.asarray(values, "<i2").tobytes() for *_, values in signals)
    return head + body


def test_bytes_by_hand(tmp_path: Path) -> None:
    """The truth is in the bytes: values, rate, start to the fraction of a second, and no one's name."""
    path = tmp_path / "a.edf"
    path.write_bytes(by_hand([("EKG1-EKG2", "uV", [10, -20, 30, 32767]), ("Resp", "", [1, 2])]))
    recording = opened(path, modality="ecg")
    time, values = read(recording)
    np.testing.assert_allclose(values[:, 0], [1, -2, 3, 3276.7] * 2, rtol=1e-6)
    np.testing.assert_array_equal(time, np.arange(8) / 4)
    assert values.dtype == np.float32
    assert (recording.channels, recording.rate_hz, recording.start) == (("EKG1-EKG2",), 4.0, START)
    assert (recording.unit, recording.unit_how) == ("raw", "uV, stated in the file")
    assert (recording.provenance["file_unit"], recording.duration_s) == ("uV", 2.0)
    assert "taken as UTC" in str(recording.provenance["time"])
    assert "Jane" not in f"{recording.provenance}{recording.warnings}"
    path.write_bytes(by_hand([("PPG", "", [1, 2, 3, 4])], "EDF+C", began=b".25"))
    recording = opened(path, modality="ppg")
    assert recording.start == START.replace(microsecond=250_000)
    np.testing.assert_allclose(read(recording)[1][:, 0], [0.1, 0.2, 0.3, 0.4] * 2, rtol=1e-5)
    path.write_bytes(by_hand([("PPG", "", [1, 2, 3, 4])], date="01.01.85"))
    recording = opened(path, modality="ppg")
    assert recording.start is None
    assert "left out" in str(recording.provenance["time"])


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
def test_signals_of_every_kind(tmp_path: Path, suffix: str) -> None:
    time, acc = wrist(10.0, 64.0)
    path = write(
        tmp_path / f"a{suffix}",
        ("EEG Fpz-Cz", "uV", 256, PULSE),
        ("ECG I", "mV", 256, PULSE / 1000),
        ("Pleth", "nW", 128, PULSE[:1280]),
        *((f"ACC {axis}", "mg", 64, acc[:, k] * 1000) for k, axis in enumerate("XYZ")),
        note=True,
    )
    ecg, ppg, motion = (opened(path, "edf", modality=m) for m in ("ecg", "ppg", "acc"))
    assert (ecg.rate_hz, ppg.rate_hz, motion.rate_hz) == (256, 128, 64)
    np.testing.assert_allclose(read(ecg)[1][:, 0], PULSE / 1000, atol=1e-3)
    np.testing.assert_allclose(read(ppg)[1][:, 0], PULSE[:1280], atol=0.05)
    np.testing.assert_allclose(read(motion)[1], acc, atol=1e-3)
    np.testing.assert_allclose(read(motion)[0], time)
    assert (motion.unit, motion.unit_how) == ("g", "mg, stated in the file")
    assert (ppg.unit, ppg.provenance["file_unit"], ppg.warnings) == ("raw", "nW", [])
    assert ecg.start == START
    assert "Jane" not in f"{ecg.provenance}"
    with pytest.raises(InputError, match="no columns that mean acceleration"):
        opened(write(tmp_path / f"b{suffix}", ("ECG", "mV", 256, PULSE)), "edf")


def test_rates_that_differ_are_doubt(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", ("ECG II", "mV", 128, PULSE[:1280]), ("ECG V5", "mV", 256, PULSE))
    with pytest.raises(InputError, match=r"several rates \(ECG II 128 Hz, ECG V5 256 Hz\).*--columns"):
        opened(path, modality="ecg")
    assert opened(path, modality="ecg", channel_columns=["ECG V5"]).rate_hz == 256
    chosen = opened(path, modality="ecg", channels=1)
    assert (chosen.channels, chosen.rate_hz) == (("ECG II",), 128)
    assert chosen.warnings == ["ecg is from 'ECG II', not 'ECG V5' (--columns)"]


def test_what_flags_may_change(tmp_path: Path) -> None:
    """Said for the other files of a folder; time and rate stand in the file."""
    path = write(tmp_path / "a.edf", ("time", "s", 1, PULSE[:10]), ("ch1", "mV", 256, PULSE))
    flags = {"channel_columns": ["ch1"], "time_column": "timestamp", "time_unit": "ms"}
    recording = opened(path, modality="ppg", rate=50.0, **flags)
    assert (recording.rate_hz, recording.provenance["time_column"]) == (256, None)
    assert recording.warnings == ["the rate is stated as 50 Hz and in the file 256 Hz"]


def test_blocks_are_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(
        tmp_path / "a.edf", ("V1", "mV", 256, PULSE), ("II", "mV", 256, -PULSE), ("Temp", "C", 1, PULSE[:10])
    )
    whole = read(opened(path, modality="ecg"))
    monkeypatch.setattr(edf, "HEAD_ROWS", 333)
    recording = opened(path, modality="ecg")
    assert recording.channels == ("V1", "II")
    for _ in range(2):
        chunks = list(recording.chunks())
        assert max(len(chunk.time) for chunk in chunks) == 333
        np.testing.assert_array_equal(np.concatenate([c.values for c in chunks]), whole[1])
        np.testing.assert_array_equal(np.concatenate([c.time for c in chunks]), whole[0])
    # One file, read by several at a time: EDFlib itself refuses to open it twice.
    halves = [opened(path, modality="ecg") for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for _, values in pool.map(read, halves):
            np.testing.assert_array_equal(values, whole[1])


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: b"", "the file is empty"),
        (lambda data: b"time,ecg\n0,1\n" * 99, "not an EDF file"),
        (lambda data: data[:300], "its header is damaged"),
        (lambda data: data[:-3], "is cut off: 781 of 784 bytes are there"),
        (lambda data: by_hand([("ECG", "mV", [1, 2])], records=-1), "its recorder did not close it"),
        (lambda data: by_hand([], "EDF+C", b""), "holds no signals, only annotations"),
        (lambda data: data.replace(b"-32768", b"-3276x"), "not a readable EDF file .*mend its header"),
    ],
)  # fmt: skip
def test_files_that_cannot_be_read(
    tmp_path: Path, change, says: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(change(by_hand([("ECG", "mV", [1, 2, 3]), ("SaO2", "%", [1])])))
    with pytest.raises(InputError, match=says) as error:
        opened(path, modality="ecg")
    assert str(error.value).startswith(f"{path}: ")
    assert "\n" not in str(error.value)
    assert capfd.readouterr().out == ""  # stdout may carry the embeddings


def test_damage_of_any_kind_is_one_line(tmp_path: Path) -> None:
    rng, path = random.Random(0), tmp_path / "a.edf"
    whole = by_hand([("ECG", "mV", range(50)), ("II", "mV", range(50))], "EDF+C", b".5")
    for turn in range(200):
        data = bytearray(whole)
        for _ in range(rng.choice((1, 2, 5))):
            data[rng.randrange(1024)] = rng.choice(b"0123456789 -+.\0\xff")
        path.write_bytes(data if turn % 3 else data[: rng.randrange(len(data))])
        try:
            read(opened(path, modality="ecg", channels=1))
        except InputError as error:
            check_line(error, path)


def test_a_file_that_goes_away_in_between(tmp_path: Path) -> None:
    path = write(tmp_path / "a.edf", ("ECG", "mV", 256, PULSE))
    recording = opened(path, modality="ecg")
    read(recording)
    whole = path.read_bytes()
    path.write_bytes(whole[:-5000])
    with pytest.raises(InputError, match="is cut off"):
        read(recording)
    path.unlink()
    with pytest.raises(InputError, match=r"not a readable EDF file \(No such file"):
        read(recording)


def test_bytes_beyond_the_end_are_said(tmp_path: Path) -> None:
    path = tmp_path / "a.edf"
    path.write_bytes(by_hand([("ECG", "mV", [1, 2, 3])]) + bytes(7))
    recording = opened(path, modality="ecg")
    assert recording.warnings == ["7 bytes beyond its stated length were left out"]
    assert len(read(recording)[0]) == 6


def test_without_the_library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.EDF", ("ECG", "mV", 256, PULSE))
    monkeypatch.setitem(sys.modules, "pyedflib", None)
    (source,) = find_recordings([tmp_path], modality="ecg").sources
    assert source.format == "edf"
    says = r"reading \.edf files needs pyedflib: pip install 'wearcli\[physio\]'"
    with pytest.raises(InputError, match=says):
        opened(path, "edf", modality="ecg")


def declared_discontinuous(path: Path, signals: Sequence[tuple[str, str, float, np.ndarray]]) -> Path:
    """A file by pyedflib, and a copy that says of itself that it has interruptions, and has none."""
    data = write(path, *signals).read_bytes()
    copy = path.with_stem(f"{path.stem}-d")
    copy.write_bytes(data[:196] + b"D" + data[197:])
    return copy


@pytest.mark.parametrize("suffix", [".edf", ".bdf"])
def test_records_that_follow_each_other_are_read_whatever_they_declare(tmp_path: Path, suffix: str) -> None:
    """pyedflib reads the same file where it declares itself continuous."""
    rng = np.random.default_rng(0)
    path = tmp_path / f"P1_ecg{suffix}"
    signals = [("ECG I", "mV", 256.0, PULSE / 400), ("Resp", "", 64.0, rng.normal(size=640))]
    patched = declared_discontinuous(path, signals)
    expected = read(opened(path, "edf", modality="ecg"))
    recording = opened(patched, "edf", modality="ecg")
    time, values = read(recording)
    np.testing.assert_array_equal(time, expected[0])
    np.testing.assert_allclose(values, expected[1], atol=1e-6)
    assert recording.start == START
    assert recording.rate_hz == 256.0


def test_an_interruption_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "P1_ecg.edf"
    patched = declared_discontinuous(path, [("ECG I", "mV", 256.0, PULSE / 400)])
    data = patched.read_bytes()
    assert data.count(b"+4\x14\x14") == 1
    patched.write_bytes(data.replace(b"+4\x14\x14", b"+9\x14\x14"))
    with pytest.raises(
        InputError, match=r"has an interruption 9 s after its start .*convert it to EDF"
    ) as error:
        opened(patched, "edf", modality="ecg")
    check_line(error.value, patched)
