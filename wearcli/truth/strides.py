"""Gait metrics of walks from the contacts and lift-offs of the feet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.labels.pooling import newly_covered
from wearcli.truth.events import Steps, read_events
from wearcli.truth.result import GaitTruth

# A shorter stride is an event marked twice; a longer one holds an event that was missed, or a pause.
STRIDE_S = (0.4, 3.0)
PAUSE_S = 2.0  # both feet where they are
FEWEST_STRIDES = 3  # of both feet together; fewer are no walk
_TOUCH_S = 1e-6  # rounding of intervals and events


@dataclass(frozen=True)
class Walk:
    """A walk.

    Attributes:
        recording: The recording.
        onset: Seconds from the recording's start.
        duration: Length, s.
        distance_m: Distance, m; NaN where it is not known.
    """

    recording: str
    onset: float
    duration: float
    distance_m: float


# The walks, of those given with their events by recording, that are to be kept.
Check = Callable[[Sequence[Walk], dict[str, dict[str, Steps]]], list[Walk]]


def event_rows(
    path: Path,
    intervals: pd.DataFrame | None,
    distance_m: float | None,
    result: GaitTruth,
    check: Check | None = None,
) -> pd.DataFrame:
    """Return a row a walk of a table of events: recording, onset, duration (s), metrics.

    Args:
        path: The table of events.
        intervals: recording, onset, duration (s) of walks and maybe distance_m; None: `find_walks`.
        distance_m: Length of walks without a distance_m of their own, m.
        result: To which counts go.
        check: Leaves out walks that are out of step with their signal.
    """
    steps = read_events(path)
    usual = np.nan if distance_m is None else distance_m
    if intervals is None:
        walks = [walk for name, feet in steps.items() for walk in find_walks(name, feet, usual)]
        result.notes.append(f"no intervals given: a walk ends where no foot moves for {PAUSE_S:g} s")
    else:
        if "distance_m" not in intervals:
            intervals = intervals.assign(distance_m=np.nan)
        table = intervals.assign(distance_m=intervals["distance_m"].fillna(usual))
        table = table[table["recording"].isin([*steps])]
        columns = (table[name].tolist() for name in ("recording", "onset", "duration", "distance_m"))
        walks = [Walk(*values) for values in zip(*columns, strict=True)]
        result.left_out["recordings with events and no interval"] = len({*steps} - {*table["recording"]})
    rows = []
    for walk in walks if check is None else check(walks, steps):
        metrics, odd = walk_metrics(walk, steps[walk.recording])
        result.left_out[f"strides under {STRIDE_S[0]:g} s or over {STRIDE_S[1]:g} s"] += odd
        result.left_out[f"walks of fewer than {FEWEST_STRIDES} strides"] += not metrics
        if metrics:
            place = {"recording": walk.recording, "onset": walk.onset, "duration": walk.duration}
            rows.append(place | metrics)
    return pd.DataFrame(rows)


def find_walks(recording: str, steps: dict[str, Steps], distance_m: float) -> list[Walk]:
    """Return the walks of a recording without intervals: they end where no foot moves for `PAUSE_S`."""
    events = np.sort(np.concatenate([times for foot in steps.values() for times in (foot.contact, foot.off)]))
    walks = []
    for run in np.split(events, np.flatnonzero(np.diff(events) > PAUSE_S) + 1):
        if len(run) > 1:
            walks.append(Walk(recording, float(run[0]), float(run[-1] - run[0]), distance_m))
    return walks


def walk_metrics(walk: Walk, steps: dict[str, Steps]) -> tuple[dict[str, float], int]:
    """Return the metrics of one walk, and how many strides were left out as too short or too long.

    A stride lasts from a foot's contact to its next one; the strides of both feet count. A contact is part of
    the walk if the foot was lifted within the walk too: a step that began in the turn before belongs to the
    turn. The metrics are NaN where the events do not say them:

    - stride_time_s: median of the strides
    - cadence_spm: 120 / stride_time_s
    - stride_time_cv: standard deviation over the mean, a fraction, of all strides of both feet
    - stance_pct: mean share of a stride from contact to lift-off
    - double_support_pct: share of the time that both feet are on the ground, from the first contact of the
      later foot to the last of the earlier
    - walking_speed_mps: distance / duration
    - n_strides: number of strides

    Args:
        walk: The walk.
        steps: The events of both feet in its recording.
    """
    begin, end = walk.onset - _TOUCH_S, walk.onset + walk.duration + _TOUCH_S
    strides, stances, ends, left_out = [], [], [], 0
    for foot in steps.values():
        inside = (foot.contact >= begin) & (foot.contact <= end) & ~(_lifted(foot) < begin)
        contact = foot.contact[inside]
        if len(contact):
            ends.append((contact[0], contact[-1]))
        length = np.diff(contact)
        kept = (length >= STRIDE_S[0]) & (length <= STRIDE_S[1])
        left_out += int(np.count_nonzero(~kept))
        # The stance of a stride ends with the one lift-off within it; with two, or none, it is not known.
        first, after = (np.searchsorted(foot.off, edge) for edge in (contact[:-1], contact[1:]))
        clear = kept & (after - first == 1)
        strides.append(length[kept])
        stances.append((foot.off[first[clear]] - contact[:-1][clear]) / length[clear])
    stride, stance = np.concatenate(strides), np.concatenate(stances)
    if len(stride) < FEWEST_STRIDES:
        return {}, left_out
    seconds = float(np.median(stride))
    return {
        "stride_time_s": seconds,
        "cadence_spm": 120 / seconds,
        "stride_time_cv": float(stride.std() / stride.mean()),
        "stance_pct": 100 * float(stance.mean()) if len(stance) else np.nan,
        "double_support_pct": 100 * _double_support(steps, ends),
        "walking_speed_mps": walk.distance_m / walk.duration if walk.duration > 0 else np.nan,
        "n_strides": len(stride),
    }, left_out


def _lifted(foot: Steps) -> np.ndarray:
    """(n,) s: when the foot was lifted before a contact; NaN without an event since the contact before."""
    before = np.concatenate(([-np.inf], foot.contact))
    off = np.concatenate(([-np.inf], foot.off))
    last = off[np.searchsorted(foot.off, foot.contact)]
    return np.where(last > before[:-1], last, np.nan)


def _double_support(steps: dict[str, Steps], ends: list[tuple[float, float]]) -> float:
    """Share of the time that no foot swings, between the first and the last contact that both feet reach.

    Args:
        steps: The events of both feet.
        ends: First and last contact of a foot, s.
    """
    if len(ends) < 2 or any(not len(foot.off) for foot in steps.values()):
        return np.nan
    first, last = max(one for one, _ in ends), min(one for _, one in ends)
    if last <= first:
        return np.nan
    # Swings of the two feet may overlap, in a run and where an event is marked late: such time counts once.
    off = np.concatenate([_lifted(foot) for foot in steps.values()])
    contact = np.concatenate([foot.contact for foot in steps.values()])
    order = [row for row in np.lexsort((contact, off)) if not np.isnan(off[row])]
    swinging = newly_covered(off[order], np.minimum(contact[order], last), first).sum()
    return float(1 - swinging / (last - first))
