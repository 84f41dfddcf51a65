"""Bouts of walking windows, against a clock that ticks by the second."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.walking.bouts import GAP_S, Bout, Bouts


def table(onset: np.ndarray, duration: float) -> pa.Table:
    return pa.table({"onset": onset, "duration": np.full(len(onset), duration)})


def found(
    onset: np.ndarray, duration: float, walking: np.ndarray, min_bout: float, cuts: Sequence[int]
) -> list[Bout]:
    """The bouts, the windows given in the parts that `cuts` makes of them."""
    bouts, result = Bouts(min_bout), []
    for rows in np.split(np.arange(len(onset)), cuts):
        if len(rows):
            result += bouts.add(table(onset[rows], duration), walking[rows])
    return result + bouts.end()


def by_the_clock(
    onset: np.ndarray, duration: float, walking: np.ndarray, min_bout: float
) -> list[tuple[float, float]]:
    """Onset and duration, from which of the half seconds are in a walking window."""
    ticks = np.zeros(2 * round(onset[-1] + duration) + 20, bool)
    for begin in onset[walking]:
        ticks[round(2 * begin) : round(2 * (begin + duration))] = True
    spans: list[list[int]] = []
    for tick in np.flatnonzero(ticks):
        if spans and tick - spans[-1][1] <= 2 * GAP_S:
            spans[-1][1] = tick + 1
        else:
            spans.append([tick, tick + 1])
    return [(a / 2, (b - a) / 2) for a, b in spans if (b - a) / 2 >= min_bout]


@settings(max_examples=150, deadline=None)
@given(
    walking=st.lists(st.booleans(), min_size=1, max_size=40),
    present=st.lists(st.booleans(), min_size=40, max_size=40),
    stride=st.sampled_from([2.5, 5.0, 10.0]),
    min_bout=st.sampled_from([1.0, 10.0, 20.0]),
    cuts=st.lists(st.integers(0, 40), max_size=4),
)
def test_bouts_as_the_clock_has_them(
    walking: list[bool], present: list[bool], stride: float, min_bout: float, cuts: list[int]
) -> None:
    """However the windows come, and where some are missing; each walking window of a bout is in it once."""
    there = np.flatnonzero(present[: len(walking)])
    if not len(there):
        return
    onset, mask = there * stride, np.array(walking)[there]
    got = found(onset, 5.0, mask, min_bout, sorted(cuts))
    assert [(one.onset, one.duration) for one in got] == by_the_clock(onset, 5.0, mask, min_bout)
    for one in got:
        own = onset[mask & (onset >= one.onset) & (onset < one.onset + one.duration)]
        assert one.windows["onset"].to_pylist() == own.tolist()


def test_nothing_is_held_of_a_bout_that_has_ended() -> None:
    bouts = Bouts(10.0)
    assert bouts.add(table(np.arange(0, 20, 2.5), 5.0), np.ones(8, bool)) == []
    (done,) = bouts.add(table(np.arange(20, 40, 2.5), 5.0), np.zeros(8, bool))
    assert (done.onset, done.duration, len(done.windows)) == (0, 22.5, 8)
    assert not bouts.held
    assert not bouts.end()


@pytest.mark.parametrize(("gap", "number"), [(2, 1), (3, 2)])
def test_two_windows_in_between_do_not_end_a_walk_and_three_do(gap: int, number: int) -> None:
    """Windows of 5 s every 2.5 s: one that is left out is covered by its neighbours."""
    walking = np.array([True] * 4 + [False] * gap + [True] * 4)
    assert len(found(np.arange(len(walking)) * 2.5, 5.0, walking, 10.0, [])) == number
