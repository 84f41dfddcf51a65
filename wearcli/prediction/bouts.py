"""Equal neighbouring labels joined to bouts, which tile the time that windows cover and never overlap."""

import heapq
from dataclasses import dataclass

import numpy as np
import pandas as pd

from wearcli.labels.intervals import TOUCH_S


def own_time(rows: pd.DataFrame, stride_s: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the part of the time line for which every row of a recording stands.

    Neighbours that overlap or touch meet in the middle of what they share, which for windows of one length is
    midway between their centres; the first and the last reach to their own edges. Windows that lie apart, but
    begin at most `stride_s` after each other, meet in the middle of the gap. Any other gap stays a gap.

    Args:
        rows: onset and duration (s), by onset.
        stride_s: Seconds from window to window.

    Returns:
        Begin (n,) s, end (n,) s, and whether a row meets the one before, (n,) bool.
    """
    onset = rows["onset"].to_numpy(np.float64)
    duration = rows["duration"].to_numpy(np.float64)
    begin, end = onset.copy(), onset + duration
    joined = np.zeros(len(rows), bool)
    joined[1:] = onset[1:] <= (onset + np.maximum(duration, stride_s))[:-1] + TOUCH_S
    middle = (end[:-1] + onset[1:]) / 2
    begin[1:] = np.where(joined[1:], middle, begin[1:])
    end[:-1] = np.where(joined[1:], middle, end[:-1])
    return begin, end, joined


def merge_bouts(
    rows: pd.DataFrame, classes: list[str], stride_s: float = 0.0, min_bout_s: float = 0.0
) -> pd.DataFrame:
    """Return the bouts of one recording.

    Neighbours that meet (`own_time`) and have one label are one bout. A bout shorter than `min_bout_s` takes
    the label of the longer of the bouts that it meets (of two alike the earlier) and is one with it, the
    shortest bout first; a bout that meets none stays.

    Args:
        rows: Rows of a classification (`apply_probe`).
        classes: In the order of the probabilities.
        stride_s: Seconds from window to window.
        min_bout_s: The length of the shortest bout that stays as it is, s.

    Returns:
        The columns of `rows` without probabilities. confidence is the mean probability of the bout's label
        over its time; windows is how many are in it.
    """
    if not len(rows):
        return rows
    begin, end, joined = own_time(rows, stride_s)
    code = pd.Index(classes).get_indexer(pd.Index(rows["label"]))
    new = np.ones(len(rows), bool)
    new[1:] = ~joined[1:] | (code[1:] != code[:-1])
    first = np.flatnonzero(new)
    if min_bout_s > 0:
        last = np.append(first[1:], len(rows)) - 1
        kept, labels = _absorbed(begin[first], end[last], code[first], joined[first], min_bout_s)
        first, code = first[kept], np.repeat(labels, np.diff(np.append(first[kept], len(rows))))
    last = np.append(first[1:], len(rows)) - 1
    chance = np.stack(rows["probabilities"].to_list())[np.arange(len(rows)), code].astype(np.float64)
    length = end[last] - begin[first]
    bouts = rows.iloc[first].drop(columns="probabilities").reset_index(drop=True)
    bouts["start"] += pd.to_timedelta(np.round((begin[first] - bouts["onset"].to_numpy()) * 1e6), "us")
    bouts["onset"], bouts["duration"] = begin[first], length
    bouts["windows"] = np.add.reduceat(rows["windows"].to_numpy(), first)
    bouts["label"] = np.array(classes, object)[code[first]]
    bouts["confidence"] = (np.add.reduceat(chance * (end - begin), first) / length).astype(np.float32)
    return bouts


@dataclass
class _Bout:
    """A bout among its neighbours, which are row numbers; -1: it meets none."""

    begin: float
    end: float
    label: int
    before: int
    after: int
    exists: bool = True  # not yet part of another bout

    @property
    def length(self) -> float:
        return round(self.end - self.begin, 6)  # sums of seconds that are alike stay alike


def _absorbed(
    begin: np.ndarray, end: np.ndarray, label: np.ndarray, joined: np.ndarray, shortest_s: float
) -> tuple[np.ndarray, np.ndarray]:
    """The bouts that are left once the short ones have joined a neighbour, and their labels.

    Args:
        begin: (n,) s.
        end: (n,) s.
        label: (n,) codes.
        joined: (n,) whether a bout meets the one before.
        shortest_s: Length of the shortest bout that stays, s.
    """
    follows = np.append(joined[1:], False)
    bouts = [
        _Bout(begin[i], end[i], int(label[i]), i - 1 if joined[i] else -1, i + 1 if follows[i] else -1)
        for i in range(len(begin))
    ]

    def unite(left: int, right: int, label: int) -> int:
        one, other = bouts[left], bouts[right]
        one.end, one.after, one.label, other.exists = other.end, other.after, label, False
        if other.after >= 0:
            bouts[other.after].before = left
        return left

    waiting = [(one.length, i) for i, one in enumerate(bouts) if one.length < shortest_s]
    heapq.heapify(waiting)
    while waiting:
        length, number = heapq.heappop(waiting)
        short = bouts[number]
        near = [i for i in (short.before, short.after) if i >= 0]
        if not short.exists or short.length != length or not near:
            continue  # it is part of another by now, or longer
        longer = max(near, key=lambda i: bouts[i].length)
        here = unite(min(number, longer), max(number, longer), bouts[longer].label)
        if (before := bouts[here].before) >= 0 and bouts[before].label == bouts[here].label:
            here = unite(before, here, bouts[here].label)
        if (after := bouts[here].after) >= 0 and bouts[after].label == bouts[here].label:
            here = unite(here, after, bouts[here].label)
        if bouts[here].length < shortest_s:
            heapq.heappush(waiting, (bouts[here].length, here))
    kept = np.array([i for i, one in enumerate(bouts) if one.exists])
    return kept, np.array([bouts[i].label for i in kept])
