"""Metrics of walks from foot contacts, against walks like clockwork and a loop over milliseconds."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.walking.make import feet, write_events
from wearcli.errors import InputError, UsageError
from wearcli.truth.events import Steps, read_events
from wearcli.truth.strides import Walk, find_walks, walk_metrics


def steps_of(pairs: dict[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, Steps]:
    return {foot: Steps(contact, off) for foot, (contact, off) in pairs.items()}


@settings(max_examples=50, deadline=None)
@given(stride=st.floats(0.6, 1.8), stance=st.floats(0.52, 0.75), strides=st.integers(3, 20))
def test_a_walk_like_clockwork(stride: float, stance: float, strides: int) -> None:
    """Of two feet half a stride apart, each on the ground for `stance`, both are for 2 stance - 1."""
    steps = steps_of(feet(stride, stance, strides))
    metrics, odd = walk_metrics(Walk("w", 0.0, 1000.0, 50.0), steps)
    assert odd == 0
    assert metrics["stride_time_s"] == pytest.approx(stride)
    assert metrics["cadence_spm"] == pytest.approx(120 / stride)
    assert metrics["stride_time_cv"] == pytest.approx(0, abs=1e-9)
    assert metrics["stance_pct"] == pytest.approx(100 * stance)
    assert metrics["double_support_pct"] == pytest.approx(100 * (2 * stance - 1))
    assert metrics["walking_speed_mps"] == pytest.approx(0.05)
    assert metrics["n_strides"] == 2 * (strides - 1)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 9999), stance=st.floats(0.4, 0.8))
def test_an_irregular_walk(seed: int, stance: float) -> None:
    """Double support by looking each half millisecond at which foot swings; below half a run, with none."""
    rng = np.random.default_rng(seed)
    pairs = {}
    for foot, (contact, off) in feet(1.1, stance, 7).items():
        moved = contact + rng.normal(scale=0.03, size=len(contact))
        pairs[foot] = (moved, moved - (contact - off) * rng.uniform(0.9, 1.1, len(contact)))
    metrics, _ = walk_metrics(Walk("w", 0.0, 99.0, np.nan), steps_of(pairs))
    strides = np.concatenate([np.diff(contact) for contact, _ in pairs.values()])
    assert metrics["stride_time_s"] == pytest.approx(np.median(strides))
    assert metrics["stride_time_cv"] == pytest.approx(np.sqrt(np.var(strides)) / np.mean(strides))
    first, last = (pick(c[end] for c, _ in pairs.values()) for pick, end in ((max, 0), (min, -1)))
    moments = np.arange(first, last, 5e-4)
    swings = [(moments >= o) & (moments < c) for pair in pairs.values() for c, o in zip(*pair, strict=True)]
    both_down = ~np.any(swings, axis=0)
    assert metrics["double_support_pct"] == pytest.approx(100 * both_down.mean(), abs=0.2)
    assert np.isnan(metrics["walking_speed_mps"])


def test_a_step_out_of_a_turn_is_no_part_of_the_walk() -> None:
    """Its foot was lifted before the walk began; that it lands within changes nothing."""
    pairs = feet(1.0, 0.6, 6)
    off = pairs["left"][1]
    walk = Walk("w", float(off[2]) + 0.01, 50.0, np.nan)  # the third left foot is in the air
    metrics, _ = walk_metrics(walk, steps_of(pairs))
    inside = sum(
        int((c >= walk.onset).sum() - (1 if foot == "left" else 0)) for foot, (c, _) in pairs.items()
    )
    assert metrics["n_strides"] == inside - 2


def test_a_missed_contact_and_one_marked_twice_make_no_strides() -> None:
    contact, off = feet(1.6, 0.6, 8)["left"]
    twice = np.sort(np.append(np.delete(contact, 3), contact[5] + 0.1))
    metrics, odd = walk_metrics(Walk("w", 0.0, 99.0, np.nan), {"left": Steps(twice, off)})
    assert odd == 2  # of 3.2 s, and of 0.1 s
    assert metrics["stride_time_s"] == pytest.approx(1.6, abs=0.06)
    assert np.isnan(metrics["double_support_pct"])  # of one foot nobody knows


def test_without_lift_offs_only_what_contacts_tell() -> None:
    steps = {foot: Steps(contact, np.zeros(0)) for foot, (contact, _) in feet(1.0, 0.6).items()}
    metrics, _ = walk_metrics(Walk("w", 0.0, 99.0, np.nan), steps)
    assert metrics["stride_time_s"] == pytest.approx(1.0)
    assert np.isnan(metrics["stance_pct"])
    assert np.isnan(metrics["double_support_pct"])


def test_walks_lie_between_pauses() -> None:
    early, late = feet(1.0, 0.6, 5, begin=1.0), feet(1.2, 0.6, 6, begin=20.0)
    steps = {
        foot: Steps(*(np.concatenate([early[foot][i], late[foot][i]]) for i in (0, 1))) for foot in early
    }
    one, other = find_walks("w", steps, np.nan)
    assert (one.onset, other.onset) == pytest.approx((1.0, 20.0))  # the left foot's first lift-off
    told = [walk_metrics(walk, steps)[0] for walk in (one, other)]
    assert [metrics["stride_time_s"] for metrics in told] == pytest.approx([1.0, 1.2])
    assert [metrics["n_strides"] for metrics in told] == [8, 10]


def test_names_of_columns_and_what_shares_a_row(tmp_path: Path) -> None:
    """A row a stance, with other names, in any order, is the same as a row a swing."""
    swings = read_events(write_events(tmp_path / "swings.csv", feet(1.1, 0.6)))["w1"]
    lines = ["Trial;Side;Heel strike (s);toe_off_s"]
    for foot, (contact, off) in feet(1.1, 0.6).items():
        lines += [f"w1;{foot[0].upper()};{c};{o}" for c, o in zip(contact[:-1], off[1:], strict=True)]
        lines += [f"w1;{foot};{contact[-1]};", f"w1;{foot};;{off[0]}"]
    (tmp_path / "stances.csv").write_text("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    stances = read_events(tmp_path / "stances.csv")["w1"]
    for foot in ("left", "right"):
        np.testing.assert_allclose(stances[foot].contact, swings[foot].contact)
        np.testing.assert_allclose(stances[foot].off, swings[foot].off)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("recording,foot,when\nw,left,1\n", "no column contact"),
        ("recording,foot,contact\nw,left,1\nw,both,2\n", "line 3: foot 'both' is neither left nor right"),
        ("recording,foot,contact,off\nw,left,1,x\n", "line 2: 'x' is not a time in seconds"),
        ("recording,foot,contact\nw,left,\n", "holds no contact"),
        ("", "cannot be read as a table"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "events.csv").write_text(text)
    with pytest.raises(InputError, match=says):
        read_events(tmp_path / "events.csv")
    with pytest.raises(UsageError, match="no such table"):
        read_events(tmp_path / "other.csv")
