"""Contacts beside a signal whose steps are given: in step, shifted, drifting, with lost samples, still."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import wearcli
from tests.walking.make import write_events, write_recording
from wearcli.errors import InputError, UsageError
from wearcli.truth.in_step import RATE_HZ, InStep, compare_steps

STEP_S = 0.55


def contacts_of(seed: int = 0, steps: int = 18, begin_s: float = 4.0) -> np.ndarray:
    """(steps,) s of contacts whose steps vary by 2 %."""
    rng = np.random.default_rng(seed)
    return begin_s + np.cumsum(STEP_S * (1 + 0.02 * rng.normal(size=steps)))


def trunk(contacts: np.ndarray, seconds: float, rate_hz: float = RATE_HZ, seed: int = 0) -> np.ndarray:
    """(samples, 3) g: a peak a tenth of a step after each contact, a sway once in two; then it stands."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    steps = np.interp(time, contacts, np.arange(len(contacts)), left=0, right=len(contacts) - 1)
    walking = (time > contacts[0] - STEP_S / 2) & (time < contacts[-1] + STEP_S / 2)
    phase = 2 * np.pi * (steps - 0.1)
    values = np.zeros((len(time), 3))
    values[:, 0] = 1 + walking * (0.25 * np.cos(phase) + 0.08 * np.cos(2 * phase + 0.5))
    values[:, 1] = walking * 0.12 * np.cos(phase + 1.2)
    values[:, 2] = walking * 0.10 * np.sin(phase / 2)
    turn, _ = np.linalg.qr(np.random.default_rng(7).normal(size=(3, 3)))
    return (values + np.random.default_rng(seed).normal(scale=0.02, size=values.shape)) @ turn


def compared(values: np.ndarray, contacts: np.ndarray) -> InStep:
    result = compare_steps(values, 0.0, contacts)
    assert result is not None
    return result


@pytest.mark.parametrize("seed", range(5))
def test_a_walk_in_step(seed: int) -> None:
    contacts = contacts_of(seed)
    result = compared(trunk(contacts, 20.0, seed=seed), contacts)
    assert result.fault is None
    assert abs(result.steps) < 0.4
    assert abs(result.phase) < 0.06
    assert abs(result.drift) < 0.1


@pytest.mark.parametrize("shift", [-0.25, -0.18, 0.18, 0.25])
def test_a_shift_within_a_step(shift: float) -> None:
    """By the phase: a shift of s is s over the time of a step."""
    contacts = contacts_of()
    result = compared(trunk(contacts, 20.0), contacts + shift)
    assert result.fault is not None
    away = result.phase - shift / STEP_S
    assert away - round(away) == pytest.approx(0, abs=0.06)


def test_a_shift_by_whole_steps_shows_where_the_walk_ends() -> None:
    contacts = contacts_of()
    for steps in (4, 6):
        fault = compared(trunk(contacts, 24.0), contacts + steps * STEP_S).fault
        assert fault is not None
        assert "still" in fault


@pytest.mark.parametrize("drift", [-0.06, -0.03, 0.03, 0.06])
def test_a_clock_that_drifts(drift: float) -> None:
    contacts = contacts_of()
    wrong = contacts[0] + (contacts - contacts[0]) * (1 + drift)
    result = compared(trunk(contacts, 22.0), wrong)
    assert result.fault is not None
    if abs(drift) < 0.05:
        assert result.drift == pytest.approx(drift * 17, abs=0.2)


@pytest.mark.parametrize("lost_s", [0.2, 0.27, 0.9, 2.03])
def test_samples_that_are_lost_and_closed_up(lost_s: float) -> None:
    """In the middle of the walk, as in ipol_gait: the contacts after it come too late."""
    contacts = contacts_of()
    values = trunk(contacts, 20.0)
    middle = round(contacts[9] * RATE_HZ)
    closed = np.delete(values, slice(middle, middle + round(lost_s * RATE_HZ)), axis=0)
    assert compared(closed, contacts).fault is not None


def test_few_contacts_and_a_signal_elsewhere_say_nothing() -> None:
    contacts = contacts_of()
    values = trunk(contacts, 20.0)
    assert compare_steps(values, 0.0, contacts[:4]) is None
    assert compare_steps(values, 8.0, contacts) is None
    assert compare_steps(np.ones((1000, 3)), 0.0, contacts) is None


def write_walks(folder: Path, lost: dict[str, float]) -> Path:
    """A recording a walk, with so many seconds lost in its middle; their contacts in events.csv."""
    folder.mkdir()
    parts = []
    for number, (name, seconds) in enumerate(lost.items()):
        contacts = contacts_of(number)
        values = trunk(contacts, 20.0, 100.0, number)
        middle = round(contacts[9] * 100)
        values = np.delete(values, slice(middle, middle + round(seconds * 100)), axis=0)
        write_recording(folder / f"{name}.csv", values, 100.0)
        feet = {
            foot: (contacts[k::2], contacts[k::2] - 0.4 * STEP_S) for k, foot in enumerate(("left", "right"))
        }
        parts.append(pd.read_csv(write_events(folder.parent / f"{name}_events.csv", feet, name)))
    pd.concat(parts).to_csv(folder.parent / "events.csv", index=False)
    return folder


def test_walks_out_of_step_are_left_out_and_named(tmp_path: Path) -> None:
    lost = {"P1": 0.0, "P2": 0.31, "P3": 0.0, "P4": 2.0}
    folder = write_walks(tmp_path / "backs", lost)
    result = wearcli.gait_truth(events=tmp_path / "events.csv", main=folder, output=tmp_path / "gait.csv")
    assert sorted(pd.read_csv(tmp_path / "gait.csv").recording) == ["P1", "P3"]
    assert result.left_out["walks out of step with their signal"] == 2
    named = [note for note in result.notes if note.startswith("out of step")]
    assert [name for name in lost if any(f"{name} at" in note for note in named)] == ["P2", "P4"]
    without = wearcli.gait_truth(events=tmp_path / "events.csv", output=tmp_path / "all.csv")
    assert without.rows == 4
    assert any("were not compared" in note for note in without.notes)


def test_a_signal_that_ends_before_the_contacts(tmp_path: Path) -> None:
    folder = write_walks(tmp_path / "backs", {"P1": 0.0, "P2": 8.0})
    result = wearcli.gait_truth(events=tmp_path / "events.csv", main=folder, output=tmp_path / "gait.csv")
    assert result.rows == 1
    assert any("after the end of the signal" in note for note in result.notes)


def test_sensors_elsewhere_and_other_names(tmp_path: Path) -> None:
    folder = write_walks(tmp_path / "wrists", {"P1": 0.0, "P2": 0.3})
    (folder / "recordings.csv").write_text(
        "recording,file,participant,placement\nP1,P1.csv,P1,wrist\nP2,P2.csv,P2,wrist\n"
    )
    result = wearcli.gait_truth(events=tmp_path / "events.csv", main=folder, output=tmp_path / "gait.csv")
    assert result.rows == 2
    assert any("2 walks could not be compared" in note for note in result.notes)
    events = pd.read_csv(tmp_path / "events.csv").assign(recording="other")
    events.to_csv(tmp_path / "other.csv", index=False)
    with pytest.raises(UsageError, match="no recording there has a name of the events"):
        wearcli.gait_truth(events=tmp_path / "other.csv", main=folder, output=tmp_path / "no.csv")


def test_no_walk_in_step_is_an_error(tmp_path: Path) -> None:
    folder = write_walks(tmp_path / "backs", {"P1": 0.31})
    with pytest.raises(InputError, match="1 walks out of step with their signal"):
        wearcli.gait_truth(events=tmp_path / "events.csv", main=folder, output=tmp_path / "gait.csv")
