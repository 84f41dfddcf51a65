"""Values that no sensor measured are missing, and said."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recordings.make import opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.modality import MODALITIES
from wearcli.recordings.tables.impossible import recognise_fillers

TIME, ACC = wrist()
ACC_SIGNAL, PPG, ECG = (MODALITIES[name] for name in ("acc", "ppg", "ecg"))
CODES = [-9999, -999, 9999, 32767, -32768, 1e20, -1e30, 99.99, 999.9, 65535, 9.96921e36]


def missing(path: Path, **flags: object) -> tuple[np.ndarray, list[str]]:
    """The samples with a missing value, and the warnings; the others are as they were written."""
    recording = opened(path, **flags)
    values = read(recording)[1]
    gone = np.isnan(values).any(1)
    np.testing.assert_allclose(values[~gone], ACC[~gone], atol=1e-5)
    assert np.array_equal(np.isnan(read(recording)[1]).any(1), gone)  # a second pass says the same
    return np.flatnonzero(gone), recording.warnings


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("axes", [[0, 1, 2], [1]])
@pytest.mark.parametrize("unit", ["g", "m/s2"])
def test_fillers_on_all_axes_or_one(tmp_path: Path, code: float, axes: list[int], unit: str) -> None:
    values = ACC * (9.80665 if unit == "m/s2" else 1.0)
    rows = np.r_[100:400, 700]
    values[np.ix_(rows, axes)] = code
    gone, warnings = missing(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *values.T))
    assert np.array_equal(gone, rows)
    assert warnings == [f"301 samples hold {code:.7g}, which stands for nothing measured: they are missing"]


def test_an_unusual_filler_on_all_axes(tmp_path: Path) -> None:
    values = ACC.copy()
    values[300:320] = 17.5
    gone, warnings = missing(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *values.T))
    assert np.array_equal(gone, np.arange(300, 320))
    assert "hold 17.5" in warnings[0]


def test_a_filler_in_most_samples_and_after_the_head(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wearcli.recordings.tables.tabular.HEAD_ROWS", 1)
    monkeypatch.setattr("wearcli.recordings.formats.delimited._BLOCK_BYTES", 2**12)
    values = ACC.copy()
    values[300:950] = -9999
    assert np.array_equal(
        missing(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *values.T))[0], np.arange(300, 950)
    )


def test_clipped_samples_are_measured(tmp_path: Path) -> None:
    """A fall that clips at 16 g, in counts of 16 bits after a quiet head, and in g."""
    counts = np.rint(ACC * 2048)
    counts[500:505, 2] = 32767
    recording = opened(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *counts.T), unit="1/2048g")
    assert not np.isnan(read(recording)[1]).any()
    values = ACC.copy()
    values[500:515, 0] = -16.0
    recording = opened(write_csv(tmp_path / "b.csv", "time,x,y,z", TIME, *values.T))
    assert not np.isnan(read(recording)[1]).any()
    assert recording.warnings == []


@pytest.mark.parametrize(("unit", "factor"), [("g", 1.0), ("mg", 1000.0), ("m/s2", 9.80665)])
def test_beyond_200_g(tmp_path: Path, unit: str, factor: float) -> None:
    values = ACC.copy()
    values[[5, 50, 500], [0, 1, 2]] = [201.0, -1234.5, 3e5]
    values[7] = 190.0
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *(values * factor).T)
    recording = opened(path, unit=unit)
    assert np.flatnonzero(np.isnan(read(recording)[1]).any(1)).tolist() == [5, 50, 500]
    assert recording.warnings == ["3 samples are beyond 200 g, the most that is measured: they are missing"]


def test_a_wrong_unit_is_refused(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *(ACC * 16384).T)
    with pytest.raises(InputError, match=r"100% of its first samples are beyond 200 g in g: say"):
        opened(path, unit="g")


def test_zeros_where_gravity_is(tmp_path: Path) -> None:
    values = ACC.copy()
    values[100:600] = 0
    gone, warnings = missing(write_csv(tmp_path / "a.csv", "time,x,y,z", TIME, *values.T))
    assert np.array_equal(gone, np.arange(100, 600))
    assert warnings == ["500 samples are 0 on all axes, where gravity is 1 g: they are missing"]


def test_an_empatica_file_has_a_range(tmp_path: Path) -> None:
    counts = np.rint(ACC * 64).astype(int)
    counts[17] = [-9999, 0, 64]
    counts[18] = [141, 0, 64]  # 2.2 g, of a range of 2
    lines = ["1700000000.0, 1700000000.0, 1700000000.0", "32.0, 32.0, 32.0"]
    folder = tmp_path / "P1"
    folder.mkdir()
    (folder / "ACC.csv").write_text("\n".join(lines + [",".join(map(str, row)) for row in counts]))
    recording = opened(folder, kind="e4")
    assert np.flatnonzero(np.isnan(read(recording)[1]).any(1)).tolist() == [17, 18]
    assert any("hold -9999" in warning for warning in recording.warnings)
    assert any("beyond 2.2 g" in warning for warning in recording.warnings)


@pytest.mark.parametrize("code", [-32768.0, 9999.0, 4.5e6, 1e20])
def test_fillers_of_ppg_and_ecg(code: float) -> None:
    beats = np.sin(np.arange(6000, dtype=np.float32) / 20)[:, None]
    ecg = beats.copy()
    ecg[100:200] = code
    assert np.float32(code) in recognise_fillers(ecg, ECG).codes
    ppg = np.rint(1e5 + 500 * beats)
    ppg[100:200] = code
    fillers = recognise_fillers(ppg, PPG)
    assert np.array_equal(np.flatnonzero(np.isnan(fillers.without(ppg)).any(1)), np.arange(100, 200))
    # Whole numbers take any value, so a code that is not in the head is none.
    assert recognise_fillers(np.rint(1000 + 20 * beats), PPG).codes == ()


@given(scale=st.sampled_from([1.0, 1000.0, 9.80665, 64.0, 1 / 9]), seed=st.integers(0, 99))
@settings(max_examples=30, deadline=None)
def test_nothing_of_a_plain_recording_is_a_filler(scale: float, seed: int) -> None:
    values = (wrist(seed=seed)[1] * scale).astype(np.float32)
    assert recognise_fillers(values, ACC_SIGNAL).mask(values) is None


def test_fillers_against_a_loop() -> None:
    rng = np.random.default_rng(3)
    values = rng.normal(0, 1, (2000, 3)).astype(np.float32)
    values[rng.integers(0, 2000, 60), rng.integers(0, 3, 60)] = rng.choice([-9999, 999, 55.5], 60)
    fillers = recognise_fillers(values, ACC_SIGNAL)
    expected = np.array([[value in (-9999, 999) for value in row] for row in values])
    assert np.array_equal(fillers.mask(values), expected)
