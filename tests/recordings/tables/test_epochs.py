"""Counts of epochs are named as such, and never read as acceleration."""

from pathlib import Path

import pytest

from tests.recordings.make import opened
from wearcli.errors import InputError

HEADER = """------------ Data File Created By ActiGraph GT3X+ ActiLife v6.13.3 date format M/d/yyyy
Serial Number: NEO1B41100255
Start Time 00:00:00
Start Date 3/4/2024
Epoch Period (hh:mm:ss) 00:{minutes:02d}:{seconds:02d}
--------------------------------------------------
"""
COUNTS = "".join(f"{i * 37 % 900},{i * 91 % 1500},{i * 53 % 700}\n" for i in range(200))


@pytest.mark.parametrize("names", ["", "Axis1,Axis2,Axis3\n"])
@pytest.mark.parametrize(("minutes", "seconds"), [(0, 10), (1, 0)])
def test_the_header_says_the_epoch(tmp_path: Path, names: str, minutes: int, seconds: int) -> None:
    path = tmp_path / "a.csv"
    path.write_text(HEADER.format(minutes=minutes, seconds=seconds) + names + COUNTS)
    with pytest.raises(InputError, match=f"counts of epochs of {60 * minutes + seconds} s"):
        opened(path)


@pytest.mark.parametrize(
    "names",
    ["Axis1,Axis2,Axis3,Steps", "axis1_counts,axis2_counts,axis3_counts,x", "counts x,counts y,counts z,t"],
)
def test_the_columns_say_counts(tmp_path: Path, names: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(names + "\n" + COUNTS.replace("\n", ",0\n"))
    with pytest.raises(InputError, match="are counts of epochs"):
        opened(path)


def test_whole_numbers_once_a_second(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"{i},{row}\n" for i, row in enumerate(COUNTS.splitlines()))
    path.write_text("time,x,y,z\n" + rows)
    with pytest.raises(InputError, match="whole numbers once in 1 s are counts of epochs"):
        opened(path, time_unit="s")
    assert opened(path, time_unit="s", unit="mg").rate_hz == pytest.approx(1.0)


def test_raw_files_are_none(tmp_path: Path) -> None:
    path = tmp_path / "raw.csv"
    rows = "".join("0.012,-0.996,0.141\n" for _ in range(200))
    header = HEADER.format(minutes=0, seconds=0).replace("M/d/yyyy", "M/d/yyyy at 50 Hz")
    path.write_text(header + "Accelerometer X,Accelerometer Y,Accelerometer Z\n" + rows)
    assert opened(path).rate_hz == 50.0
