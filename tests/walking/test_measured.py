"""`gait` without a probe: bouts, steps and days of recordings whose walks are given."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wearcli
from tests.signals.gait.make import standing, trunk
from tests.walking.make import leg, write_recording
from wearcli.errors import UsageError

Command = Callable[..., tuple[int, str, str]]


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A back that rests 30 s, walks 60 s, rests 30 s, walks 30 s and rests; an ankle that walks."""
    folder = tmp_path / "study"
    folder.mkdir()
    parts = [standing(30.0), trunk(1.1, 60.0, 0.25), standing(30.0), trunk(1.3, 30.0, 0.15), standing(20.0)]
    write_recording(folder / "back.csv", np.concatenate(parts))
    write_recording(folder / "ankle.csv", leg(1.2, 40.0))
    (folder / "recordings.csv").write_text(
        "recording,file,participant,placement,start\n"
        "back,back.csv,P1,lower_back,2024-05-01T10:00:00Z\nankle,ankle.csv,P2,ankle,\n"
    )
    return folder


def test_bouts_steps_and_days(study: Path, tmp_path: Path) -> None:
    result = wearcli.gait(study, output=tmp_path / "gait")
    bouts = pd.read_csv(tmp_path / "gait" / "bouts.csv")
    back = bouts[bouts["recording"] == "back"]
    assert back["onset"].to_numpy() == pytest.approx([30, 120], abs=1.5)
    assert back["duration"].to_numpy() == pytest.approx([60, 30], abs=2.5)
    assert back["stride_time_s"].to_numpy() == pytest.approx([1.1, 1.3], rel=0.01)
    assert back["cadence_spm"].to_numpy() == pytest.approx([120 / 1.1, 120 / 1.3], rel=0.01)
    assert back["steps"].to_numpy() == pytest.approx([2 * 60 / 1.1, 2 * 30 / 1.3], rel=0.03)
    assert back["step_symmetry"].to_numpy() == pytest.approx([1, 1], abs=0.1)
    assert back["walking_speed_mps"].between(0.4, 2).all()
    assert np.allclose(bouts["steps"], 2 * bouts["strides"], atol=1e-3)
    ankle = bouts[bouts["recording"] == "ankle"]
    assert ankle["stride_time_s"].to_numpy() == pytest.approx([1.2], rel=0.01)
    assert ankle[["step_regularity", "step_symmetry", "walking_speed_mps"]].isna().all(axis=None)
    days = pd.read_csv(tmp_path / "gait" / "days.csv").set_index("participant")
    assert days.loc["P1", "day"] == "2024-05-01"
    assert days.loc["P1", "steps"] == pytest.approx(back["steps"].sum(), abs=0.01)
    assert days.loc["P1", "walking_min"] == pytest.approx(1.5, abs=0.1)
    assert days.loc["P1", "hours_recorded"] == pytest.approx(170 / 3600, rel=0.01)
    assert any("empty for placement ankle" in note for note in result.notes)
    document = json.loads((tmp_path / "gait" / "gait.json").read_text())
    assert document["walking"]["by"] == "rule on the signal"
    assert document["bouts"] == len(bouts) == 3


def test_walks_that_are_given_are_measured_as_they_are(study: Path, tmp_path: Path) -> None:
    """Also one that is shorter than a bout, and one in which nothing repeats, whose measures are empty."""
    table = tmp_path / "walks.csv"
    table.write_text("recording,onset,duration\nback,40,8\nback,5,12\nback,125,20\nother,1,9\n")
    wearcli.gait(study, output=tmp_path / "gait", intervals=table)
    bouts = pd.read_csv(tmp_path / "gait" / "bouts.csv")
    assert bouts[["onset", "duration"]].to_numpy().tolist() == [[5, 12], [40, 8], [125, 20]]
    assert bouts["stride_time_s"].iloc[1:].to_numpy() == pytest.approx([1.1, 1.3], rel=0.01)
    assert bouts["strides"].iloc[1:].to_numpy() == pytest.approx([8 / 1.1, 20 / 1.3], rel=0.01)
    assert pd.isna(bouts["stride_time_s"].iloc[0]) or bouts["stride_regularity"].iloc[0] < 0.5


def test_the_command(study: Path, tmp_path: Path, command: Command) -> None:
    out = tmp_path / "gait"
    code, _, err = command("gait", str(study), "-o", str(out), "--dry-run")
    assert code == 0, err
    assert not out.exists()
    (study / "broken.csv").write_text("time,x,y,z\nno,numbers,at,all\n")
    code, stdout, err = command("gait", str(study), "-o", str(out), "--json")
    assert code == 1
    assert "broken.csv" in str(json.loads(stdout)["failed"])
    assert "min of walking" in err
    assert {path.name for path in out.iterdir()} >= {"bouts.csv", "days.csv", "gait.json"}


def test_words_that_need_a_probe(study: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="need a gait probe"):
        wearcli.gait(study, output=tmp_path / "g", labels=["walking"])
    with pytest.raises(UsageError, match="without --probe"):
        wearcli.gait(study, tmp_path / "probe", output=tmp_path / "g", intervals=tmp_path / "w.csv")
    with pytest.raises(UsageError, match="no such table of intervals"):
        wearcli.gait(study, output=tmp_path / "g", intervals=tmp_path / "w.csv")
