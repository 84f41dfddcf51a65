"""A clip whose values do not tell its unit has that of its sisters, whatever is opened, and in any order."""

from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import wrist, write_csv
from wearcli.errors import InputError
from wearcli.inspection import inspect
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study import sisters as sisters_module
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.sisters import Sisters
from wearcli.signals.preprocess import preprocess
from wearcli.words import counted

HEADER = "time,acc_x,acc_y,acc_z"


def fall(scale: float) -> np.ndarray:
    """Four seconds without rest whose mean magnitude is that of no unit: much of it in free fall."""
    time = np.arange(200) / 50
    values = np.stack([0.4 * np.sin(9 * time), 0.4 * np.cos(7 * time), 0.3 * np.sin(5 * time)], 1)
    return (values * scale).round(5)


def study(folder: Path, sisters: int, factor: float, header: str = HEADER) -> Path:
    for number in range(sisters):
        time, acc = wrist(seed=number)
        write_csv(folder / f"P{number}_walk.csv", header, time, *(acc * factor).round(5).T)
    write_csv(folder / "Z9_fall.csv", HEADER, np.arange(200) / 50, *fall(factor).T)
    return folder


@pytest.mark.parametrize(("unit", "factor"), [("g", 1.0), ("m/s2", 9.80665)])
@pytest.mark.parametrize("sisters", [1, 3, 20])
def test_sisters_decide(tmp_path: Path, unit: str, factor: float, sisters: int) -> None:
    sources = find_recordings([study(tmp_path, sisters, factor)]).sources
    clip = sources[-1]
    assert clip.recording == "Z9_fall"
    with pytest.raises(InputError, match="--unit"):  # alone
        Sisters([clip]).open(clip, Reading())
    recording = Sisters(sources).open(clip, Reading())
    count = min(sisters, 12)
    assert (
        recording.unit_how
        == f"{unit}, as in {counted(count, 'other recording')} with the same columns and rate"
    )
    values = np.concatenate([chunk.values for chunk in recording.chunks()])
    np.testing.assert_allclose(values, fall(1.0), atol=1e-4)
    # Neither the order nor what was opened before counts.
    again = Sisters(sources[::-1])
    again.open(sources[0], Reading())
    assert again.open(clip, Reading()).unit_how == recording.unit_how
    row = inspect([tmp_path]).recordings[-1]
    assert (row.unit, row.error) == (unit, None)
    assert (row.unit_how or "").startswith("as in")


def test_others_decide_nothing(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    sources = find_recordings([study(tmp_path / "a", 3, 1.0, header="time,x,y,z")]).sources
    with pytest.raises(InputError, match="--unit"):  # other columns
        Sisters(sources).open(sources[-1], Reading())
    (tmp_path / "b").mkdir()
    time, acc = wrist()
    for number, factor in enumerate((1.0, 9.80665)):  # two units
        write_csv(tmp_path / "b" / f"P{number}_walk.csv", HEADER, time, *(acc * factor).T)
    write_csv(tmp_path / "b" / "Z9_fall.csv", HEADER, np.arange(200) / 50, *fall(1.0).T)
    sources = find_recordings([tmp_path / "b"]).sources
    with pytest.raises(InputError, match="--unit"):
        Sisters(sources).open(sources[-1], Reading())
    (tmp_path / "c").mkdir()
    study(tmp_path / "c", 3, 1.0)
    write_csv(tmp_path / "c" / "Z9_fall.csv", HEADER, np.arange(200) / 50, *fall(300.0).T)
    sources = find_recordings([tmp_path / "c"]).sources
    with pytest.raises(InputError, match="--unit"):  # counts among g
        Sisters(sources).open(sources[-1], Reading())


def test_a_sister_that_breaks_a_library_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = find_recordings([study(tmp_path, 3, 1.0)]).sources
    real = sisters_module.open_recording

    def failing(source: Source, reading: Reading) -> Recording:
        if source.recording == "P1_walk":
            raise KeyError("deep")
        return real(source, reading)

    monkeypatch.setattr(sisters_module, "open_recording", failing)
    assert "as in 2 other" in Sisters(sources).open(sources[-1], Reading()).unit_how


def test_clear_evidence_stays(tmp_path: Path) -> None:
    """A recording that tells another unit than its sisters keeps its own, and a note names it."""
    study(tmp_path, 4, 1.0)
    time, acc = wrist(seed=7)
    write_csv(tmp_path / "P7_walk.csv", HEADER, time, *(acc * 9.80665).T)
    (tmp_path / "old.agd").write_bytes(b"SQLite format 3")
    result = inspect([tmp_path])
    store = preprocess([tmp_path], tmp_path / "store")
    assert store.not_read == result.not_read == {".agd": 1}
    assert any("1 recording not taken to be in g as most are (P7_walk)" in note for note in store.notes)
    assert {row.recording: row.unit for row in result.recordings}["P7_walk"] == "m/s2"
    assert any("1 recording not taken to be in g as most are (P7_walk)" in note for note in result.notes)
