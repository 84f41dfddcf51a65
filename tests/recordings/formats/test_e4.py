import gzip
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import opened, read, wrist
from wearcli.errors import InputError
from wearcli.recordings.formats.e4 import is_e4

START = datetime(2022, 2, 7, 9, 52, 54, tzinfo=UTC)


@pytest.fixture
def export(tmp_path: Path) -> Path:
    folder = tmp_path / "A01"
    folder.mkdir()
    counts = np.round(wrist(30.0, 32.0)[1] * 64).astype(int)
    first = f"{START.timestamp():.6f}"
    rows = [",".join(map(str, row)) for row in counts.tolist()]
    pulse = [f"{value:.2f}" for value in np.sin(np.arange(1920) / 10)]
    (folder / "ACC.csv").write_text("\n".join([", ".join([first] * 3), ", ".join(["32.000000"] * 3), *rows]))
    (folder / "BVP.csv").write_text("\n".join([first, "64.000000", *pulse]))
    (folder / "IBI.csv").write_text(f"{first}, IBI\n1.5,0.8\n")
    (folder / "tags.csv").write_text("")
    return folder


def test_folder(export: Path) -> None:
    assert is_e4(export)
    recording = opened(export, "e4")
    time, values = read(recording)
    np.testing.assert_array_equal(time, np.arange(960) / 32)
    np.testing.assert_array_equal(values, (np.round(wrist(30.0, 32.0)[1] * 64) / 64).astype(np.float32))
    assert (recording.start, recording.rate_hz, recording.range_limit) == (START, 32.0, 2.0)
    assert (recording.unit, recording.unit_how) == ("g", "1/64 g, Empatica E4 format")
    pulse = opened(export, "e4", modality="ppg")
    assert (pulse.rate_hz, pulse.channels) == (64.0, ("ppg",))
    np.testing.assert_allclose(read(pulse)[1][:, 0], np.sin(np.arange(1920) / 10).round(2), atol=1e-6)
    assert (pulse.unit, pulse.unit_how) == ("raw", "raw, stated in the file")
    assert opened(export, "e4", modality="ppg", channels=1).channels == ("ppg",)
    with pytest.raises(InputError, match=r"has 1 of ppg .* needed is 3"):
        opened(export, "e4", modality="ppg", channels=3)


@pytest.mark.parametrize("inner", ["", "A01/"])
def test_zip(export: Path, tmp_path: Path, inner: str) -> None:
    path = tmp_path / "A01.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in export.iterdir():
            archive.write(file, inner + file.name)
            archive.writestr(f"__MACOSX/{inner}._{file.name}", b"\0\1")
    assert is_e4(path)
    for a, b in zip(read(opened(path, "e4")), read(opened(export, "e4")), strict=True):
        np.testing.assert_array_equal(a, b)


def test_gz_and_lower_case(export: Path) -> None:
    whole = read(opened(export, "e4"))
    (export / "acc.csv.gz").write_bytes(gzip.compress((export / "ACC.csv").read_bytes()))
    (export / "ACC.csv").unlink()
    np.testing.assert_array_equal(read(opened(export, "e4"))[1], whole[1])


def test_what_is_no_export(export: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no ecg"):
        opened(export, "e4", modality="ecg")
    (export / "BVP.csv").unlink()
    with pytest.raises(InputError, match=r"BVP.csv is not there"):
        opened(export, "e4", modality="ppg")
    (export / "ACC.csv").write_text("time,x,y,z\n0,0,0,1\n")
    assert not is_e4(export)
    with pytest.raises(InputError, match=r"ACC.csv is not there, or does not begin"):
        opened(export, "e4")
    path = tmp_path / "other.zip"
    path.write_bytes(b"PK\x03\x04junk")
    assert not is_e4(path)
    with pytest.raises(InputError, match="not a readable Empatica E4 export"):
        opened(path, "e4")


def test_only_a_header(export: Path) -> None:
    lines = (export / "ACC.csv").read_text().splitlines()
    (export / "ACC.csv").write_text("\n".join(lines[:2]) + "\n")
    with pytest.raises(InputError, match="holds no samples"):
        opened(export, "e4")


def saved_anew(
    export: Path, start: str, separator: str = ",", comma: bool = False, empty: int = 0, codec: str = "utf-8"
) -> None:
    """Both files as a spreadsheet writes them: its start, separator, decimal sign, and empty cells."""
    for name, cells in (("ACC.csv", 3), ("BVP.csv", 1)):
        rows = [line.replace(" ", "").split(",") for line in (export / name).read_text().split("\n")]
        rows[:2] = [[start] * cells, [rows[1][0].rstrip("0").rstrip(".")] * cells]
        lines = [separator.join(row) + separator * empty for row in rows]
        text = "\r\n".join(line.replace(".", ",") if comma else line for line in lines) + "\r\n"
        (export / name).write_bytes(text.encode(codec))


@pytest.mark.parametrize(
    ("separator", "comma", "empty", "codec"),
    [
        (",", False, 0, "utf-8"),
        (",", False, 2, "utf-8-sig"),
        (";", True, 0, "utf-8-sig"),
        (";", True, 3, "utf-8"),
        ("\t", True, 0, "utf-16"),
        ("\t", False, 1, "utf-16"),
    ],
)
@pytest.mark.parametrize("start", ["1644227574", "1.64E+09", "1.644227574E+09"])
def test_what_a_spreadsheet_saved_anew(
    export: Path, separator: str, comma: bool, empty: int, codec: str, start: str
) -> None:
    whole, pulse = read(opened(export, "e4")), read(opened(export, "e4", modality="ppg"))
    saved_anew(export, start, separator, comma, empty, codec)
    assert is_e4(export)
    shown = start.replace(".", ",") if comma else start
    for modality, expected in (("acc", whole), ("ppg", pulse)):
        recording = opened(export, "e4", modality=modality)
        time, values = read(recording)
        np.testing.assert_array_equal(time, expected[0])
        np.testing.assert_allclose(values, expected[1], atol=1e-6)
        if start == "1.64E+09":
            (line,) = recording.warnings
            assert recording.start is None
            assert f"rounded its start to {shown}: the start is unknown" in line
        else:
            assert (recording.start, recording.warnings) == (START, [])


def test_a_pulse_with_decimal_commas_and_no_separator(export: Path) -> None:
    pulse = read(opened(export, "e4", modality="ppg"))
    text = (export / "BVP.csv").read_text()
    (export / "BVP.csv").write_text(text.replace(".", ","))
    recording = opened(export, "e4", modality="ppg")
    assert (recording.start, recording.rate_hz) == (START, 64.0)
    np.testing.assert_allclose(read(recording)[1], pulse[1], atol=1e-6)


def test_rows_with_empty_cells_here_and_there(export: Path) -> None:
    whole = read(opened(export, "e4"))
    lines = (export / "ACC.csv").read_text().splitlines()
    (export / "ACC.csv").write_text("\n".join(line + ",," * (k % 3 == 0) for k, line in enumerate(lines)))
    np.testing.assert_array_equal(read(opened(export, "e4"))[1], whole[1])
