"""Bouts against a fine ruler laid over the time line, and short ones against a plain loop."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wearcli.prediction.bouts import merge_bouts, own_time

CLASSES = ["rest", "run", "walk"]


def rows_of(onset: list[float], labels: list[str], duration: float, sure: float = 0.8) -> pd.DataFrame:
    """Rows of one recording, with the probability `sure` for the label and the rest shared by the others."""
    chances = np.full((len(onset), len(CLASSES)), (1 - sure) / 2, np.float32)
    chances[np.arange(len(onset)), [CLASSES.index(label) for label in labels]] = sure
    return pd.DataFrame(
        {
            "recording": "a",
            "participant": "p",
            "placement": "wrist",
            "start": pd.Timestamp("2025-01-01T00:00:00Z") + pd.to_timedelta(onset, "s"),
            "onset": onset,
            "duration": duration,
            "windows": 1,
            "label": labels,
            "confidence": np.float32(sure),
            "probabilities": list(chances),
        }
    )


@st.composite
def recordings(draw: st.DrawFn) -> tuple[pd.DataFrame, float]:
    """Windows of 4 s every 1, 2, 4 or 6 s, some of them missing, and the stride."""
    stride = draw(st.sampled_from([1.0, 2.0, 4.0, 6.0]))
    labels = draw(st.lists(st.sampled_from([*CLASSES, ""]), min_size=1, max_size=25))
    onset = [number * stride for number, label in enumerate(labels) if label]
    return rows_of(onset, [label for label in labels if label], 4.0), stride


@settings(deadline=None)
@given(recordings())
def test_every_moment_is_of_the_window_whose_centre_is_nearest(given: tuple[pd.DataFrame, float]) -> None:
    rows, stride = given
    if not len(rows):
        return
    bouts = merge_bouts(rows, CLASSES, stride)
    onset = rows["onset"].to_numpy()
    ruler = np.arange(-1, onset[-1] + 8, 0.25) + 0.1  # never on a border
    told = []
    for moment in ruler:
        covering = (onset < moment) & (moment < onset + 4)
        if not covering.any() and stride > 4:  # between two windows that follow one another
            before, after = onset[onset <= moment], onset[onset > moment]
            meet = len(before) > 0 and len(after) > 0 and after[0] - before[-1] == stride
            covering = np.isin(onset, [before[-1], after[0]]) if meet else covering
        nearest = np.where(covering, abs(onset + 2 - moment), np.inf)
        told.append(rows["label"].iloc[nearest.argmin()] if covering.any() else "")
    found = np.full(len(ruler), "", object)
    for bout in bouts.itertuples():
        mine = (ruler > bout.onset) & (ruler < bout.onset + bout.duration)
        assert (found[mine] == "").all()  # no moment is of two bouts
        found[mine] = bout.label
    assert found.tolist() == told
    assert bouts["windows"].sum() == len(rows)
    # Neighbours that meet have different labels: else they were one.
    meets = np.isclose(bouts["onset"][1:], (bouts["onset"] + bouts["duration"])[:-1])
    assert (bouts["label"].to_numpy()[1:] != bouts["label"].to_numpy()[:-1])[meets].all()


def plain_merge(lengths: list[float], labels: list[str], meets: list[bool], shortest: float) -> list[list]:
    """Bouts [length, label, meets the one before]; one at a time is absorbed, and all are looked at anew."""
    bouts = [list(one) for one in zip(lengths, labels, meets, strict=True)]
    while True:
        for i in range(len(bouts) - 1, 0, -1):
            if bouts[i][2] and bouts[i][1] == bouts[i - 1][1]:
                bouts[i - 1][0] += bouts[i][0]
                del bouts[i]
        short = []
        for i, (length, _, met) in enumerate(bouts):
            near = [i - 1] if met else []
            near += [i + 1] if i + 1 < len(bouts) and bouts[i + 1][2] else []
            if length < shortest and near:
                short.append((length, i, max(near, key=lambda j: (bouts[j][0], -j))))
        if not short:
            return bouts
        _, i, into = min(short)
        bouts[i][1] = bouts[into][1]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(1, 9), st.sampled_from(CLASSES), st.sampled_from([True, True, True, False])),
        min_size=1,
        max_size=14,
    ),
    st.integers(1, 12),
)
@example([(2, "rest", False), (3, "run", True), (9, "walk", True)], 8)  # 2 and 3 are 5, still short
def test_short_bouts_join_the_longer_neighbour_shortest_first(
    drawn: list[tuple[int, str, bool]], shortest: int
) -> None:
    lengths, labels, meets = ([one[i] for one in drawn] for i in range(3))
    meets[0] = False
    begin, onset, duration = 0.0, [], []
    for length, met in zip(lengths, meets, strict=True):
        begin += 0.0 if met else 5.0
        onset.append(begin)
        duration.append(float(length))
        begin += length
    rows = rows_of(onset, labels, 1.0).assign(duration=duration)
    bouts = merge_bouts(rows, CLASSES, min_bout_s=shortest)
    expected = plain_merge([float(n) for n in lengths], labels, meets, shortest)
    assert bouts["label"].tolist() == [label for _, label, _ in expected]
    assert bouts["duration"].tolist() == pytest.approx([length for length, _, _ in expected])


def test_confidence_is_the_mean_probability_of_the_label_over_the_bouts_time() -> None:
    # 10 s of walk at .8, 4 s of rest at .8 (walk .1), 10 s of walk at .8: one bout of walk.
    rows = rows_of([0.0, 10.0, 14.0], ["walk", "rest", "walk"], 10.0).assign(duration=[10.0, 4.0, 10.0])
    (bout,) = merge_bouts(rows, CLASSES, min_bout_s=5).itertuples()
    assert (bout.label, bout.onset, bout.duration, bout.windows) == ("walk", 0.0, 24.0, 3)
    assert bout.confidence == pytest.approx((20 * 0.8 + 4 * 0.1) / 24, rel=1e-6)


def test_a_bout_tells_the_time_at_which_it_begins() -> None:
    bouts = merge_bouts(rows_of([0.0, 2.5, 5.0], ["walk", "run", "run"], 5.0), CLASSES, 2.5)
    assert bouts["onset"].tolist() == [0.0, 3.75]
    assert str(bouts["start"].iloc[1]) == "2025-01-01 00:00:03.750000+00:00"


def test_a_gap_parts_what_has_one_label() -> None:
    bouts = merge_bouts(rows_of([0.0, 2.5, 10.0], ["walk"] * 3, 5.0), CLASSES, 2.5)
    assert bouts[["onset", "duration"]].to_numpy().tolist() == [[0.0, 7.5], [10.0, 5.0]]
    begin, end, joined = own_time(rows_of([0.0, 10.0], ["walk", "run"], 5.0), stride_s=10.0)
    assert (begin.tolist(), end.tolist(), joined.tolist()) == ([0.0, 7.5], [7.5, 15.0], [False, True])
