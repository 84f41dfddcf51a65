import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from tests.recordings.make import wrist, write_csv
from wearcli.cli.app import app
from wearcli.errors import UsageError
from wearcli.inspection import Inspection, inspect
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study import sisters as module

RUNNER = CliRunner()


def only(path: Path, **flags: object) -> Inspection:
    (row,) = inspect([path], **flags).recordings  # type: ignore[arg-type]
    return row


def test_a_plain_recording(tmp_path: Path) -> None:
    time, acc = wrist(60.0)
    row = only(write_csv(tmp_path / "P1_a.csv", "time,x,y,z", time, *(acc * 1000).round().T))
    assert (row.recording, row.participant, row.format, row.error) == ("P1_a", "P1", "csv", None)
    assert (row.samples, row.duration_s, row.gaps, row.warnings) == (3000, pytest.approx(60.0), 0, [])
    assert (row.unit, row.unit_how) == ("mg", "by the magnitude at rest")
    assert row.rate_hz == pytest.approx(50.0)
    assert (row.wear, row.clipped) == (1.0, 0.0)
    truth = np.median(np.linalg.norm(acc[1500:], axis=1))
    assert row.rest_g == pytest.approx(truth, abs=2e-3)


def test_gaps_resets_and_missing_samples(tmp_path: Path) -> None:
    time, acc = wrist(120.0)
    cells = acc.astype(object)
    cells[3100, 1] = ""
    time[1000:] += 10.0
    time[2000:] += 0.5
    time[5000:] -= 400.0
    row = only(write_csv(tmp_path / "a.csv", "time,x,y,z", time.round(3), *cells.T))
    assert (row.gaps, row.gap_s) == (2, pytest.approx(10.5, abs=1e-6))
    assert (row.clock_resets, row.samples_missing, row.samples) == (1, 1, 5999)
    assert row.duration_s == pytest.approx(130.5, abs=0.1)


def test_wear_and_clipping(tmp_path: Path) -> None:
    """An hour moved, then an hour on the table; one second of it at the device's limit."""
    rate = 20.0
    rng = np.random.default_rng(0)
    moved = rng.normal(0, 0.2, (int(3600 * rate), 3)) + [0, 0, 1]
    moved[500:520] = 1.5
    still = np.tile([0, 0, 1.0], (int(3600 * rate), 1))
    acc = np.clip(np.concatenate([moved, still]), -1.5, 1.5).round(3)
    row = only(write_csv(tmp_path / "a.csv", "time,x,y,z", (np.arange(len(acc)) / rate).round(2), *acc.T))
    assert row.wear == pytest.approx(0.5, abs=0.01)
    high = (np.abs(acc) >= 1.5).any(1)
    assert 20 / len(acc) <= row.clipped <= high.mean()  # type: ignore[operator]
    assert row.rest_g == pytest.approx(1.0, abs=1e-3)


def test_too_short_to_judge(tmp_path: Path) -> None:
    time, acc = wrist(2.0)
    row = only(write_csv(tmp_path / "a.csv", "time,x,y,z", time, *acc.T))
    assert (row.wear, row.samples) == (None, 100)


def test_other_signals(tmp_path: Path) -> None:
    time = np.arange(640) / 64
    path = write_csv(tmp_path / "a.csv", "time,ppg", time, np.sin(time))
    row = only(path, modality="ppg")
    assert (row.wear, row.clipped, row.rest_g, row.unit) == (None, None, None, "raw")
    assert (row.samples, row.rate_hz) == (640, pytest.approx(64.0))


def test_an_odd_unit_is_noted(tmp_path: Path) -> None:
    time, acc = wrist()
    for name, factor in (("a", 1), ("b", 1), ("c", 1000)):
        write_csv(tmp_path / f"{name}.csv", "time,x,y,z", time, *(acc * factor).T)
    result = inspect([tmp_path])
    assert [row.unit for row in result.recordings] == ["g", "g", "mg"]
    assert result.notes == ["1 recording not taken to be in g as most are (c): see --unit"]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    time, acc = wrist()
    for person in ("P1", "P2"):
        (tmp_path / person).mkdir()
        write_csv(tmp_path / person / f"{person}.csv", "time,x,y,z", time, *acc.T)
    (tmp_path / "P1" / "bad.csv").write_text("time,x,y,z\nbroken\n")
    (tmp_path / "labels.csv").write_text("recording,onset,duration,label\n")
    return tmp_path


def test_one_bad_file_does_not_stop_the_rest(study: Path) -> None:
    result = inspect([study])
    assert [row.error is None for row in result.recordings] == [True, False, True]
    assert result.failed == 1
    assert "no rows of numbers" in str(result.recordings[1].error)


def test_an_error_that_no_reader_foresaw_is_a_row_too(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = module.open_recording

    def failing(source: Source, reading: Reading) -> Recording:
        if source.recording == "P1":
            raise KeyError("deep\ninside")
        return before(source, reading)

    monkeypatch.setattr(module, "open_recording", failing)
    result = inspect([study])
    assert [row.error is None for row in result.recordings] == [False, False, True]
    assert str(result.recordings[0].error).endswith(
        r"cannot be read ('deep\ninside' is not there): is the file whole?"
    )
    assert "\n" not in str(result.recordings[0].error)


def test_command_json(study: Path) -> None:
    done = RUNNER.invoke(app, ["inspect", str(study), "--json"])
    assert done.exit_code == 1
    document = json.loads(done.stdout)
    assert (document["failed"], len(document["recordings"])) == (1, 3)
    assert document["recordings"][0]["rate_hz"] == pytest.approx(50.0)
    assert document["participant_rule"].startswith("2 participants, from the recording's folder")
    assert document["sidecars"] == {"labels": [str(study / "labels.csv")]}


def test_command_jsonl_and_table(study: Path) -> None:
    done = RUNNER.invoke(app, ["inspect", str(study), "--jsonl"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["recording"] for row in rows] == ["P1", "bad", "P2"]
    done = RUNNER.invoke(app, ["inspect", str(study / "P2")])
    assert (done.exit_code, done.stdout) == (0, "")
    for word in ("P2", "50.00", "20.0 s", "g, by the magnitude at rest", "1 participant, from"):
        assert word in done.stderr
    both = RUNNER.invoke(app, ["inspect", str(study), "--json", "--jsonl"])
    assert isinstance(both.exception, UsageError)


def test_command_flags_reach_the_reader(tmp_path: Path) -> None:
    time, acc = wrist()
    write_csv(
        tmp_path / "a.csv",
        "when,wrist_x,wrist_y,wrist_z,hip_x,hip_y,hip_z",
        *[time * 1e3],
        *acc.T,
        *(acc * 64).T,
    )
    flags = ["--columns", "hip_x, hip_y,hip_z", "--time-column", "when", "--time-unit", "ms", "--unit", "mg"]
    done = RUNNER.invoke(app, ["inspect", str(tmp_path), "--json", *flags, "--rate-hz", "50"])
    (row,) = json.loads(done.stdout)["recordings"]
    assert (row["unit_how"], row["time"]) == ("given by --unit", "elapsed ms, given by --time-unit")
    assert (row["rate_nominal_hz"], row["error"]) == (50.0, None)


@pytest.mark.parametrize("flags", [["--unit", "furlong"], ["--time-unit", "foo"], ["--columns", "x,y"]])
def test_flags_that_no_file_takes_are_usage(study: Path, flags: list[str]) -> None:
    done = RUNNER.invoke(app, ["inspect", str(study), "--json", *flags])
    assert isinstance(done.exception, UsageError)
    assert done.stdout == ""
    assert flags[0] in str(done.exception)


@pytest.mark.realdata
def test_real_devices(realdata: Path) -> None:
    rows = inspect([realdata / "data" / "devices"]).recordings
    assert [row.error for row in rows] == [None] * len(rows)
    rates = {row.recording: round(row.rate_hz or 0) for row in rows}
    assert (rates["ax3_sample"], rates["ax6_sample"]) == (197, 98)
    assert (rates["actigraph"], rates["geneactiv"], rates["gnactv_sample"]) == (60, 60, 50)
    rest = [row.rest_g for row in rows if row.rest_g is not None]
    assert rest == pytest.approx([1.0] * len(rest), abs=0.06)  # none is calibrated
