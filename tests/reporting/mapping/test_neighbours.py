"""Shares of neighbours against a slow loop, and against studies whose answer is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.reporting.mapping import neighbours
from wearcli.reporting.mapping.neighbours import NEIGHBOURS, Share, neighbour_shares, standardised


def rows_of(people: np.ndarray, onset: np.ndarray, duration: float = 1.0) -> pd.DataFrame:
    names = [f"p{code}" for code in people]
    return pd.DataFrame({"recording": names, "participant": names, "onset": onset, "duration": duration})


def oracle(
    vectors: np.ndarray, rows: pd.DataFrame, kind: list, asked: list[int], other_people: bool
) -> tuple[float, float] | None:
    """One sample after the other."""
    shares, chances = [], []
    for one in asked:
        if kind[one] is None:
            continue
        mine = rows.iloc[one]
        free = []
        for other in range(len(rows)):
            theirs = rows.iloc[other]
            overlap = (
                theirs.recording == mine.recording
                and theirs.onset < mine.onset + mine.duration - 1e-6
                and mine.onset < theirs.onset + theirs.duration - 1e-6
            )
            stranger = theirs.participant != mine.participant
            if not overlap and kind[other] is not None and (stranger or not other_people):
                free.append(other)
        if len(free) < NEIGHBOURS:
            continue
        near = sorted(free, key=lambda other: float(np.sum((vectors[one] - vectors[other]) ** 2)))
        shares.append(np.mean([kind[other] == kind[one] for other in near[:NEIGHBOURS]]))
        chances.append(np.mean([kind[other] == kind[one] for other in free]))
    return (float(np.mean(shares)), float(np.mean(chances))) if shares else None


@pytest.mark.parametrize("other_people", [False, True])
@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(5, 40), missing=st.floats(0, 0.6))
def test_as_counted_by_hand(other_people: bool, seed: int, count: int, missing: float) -> None:
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(count, 3)).astype(np.float32)
    rows = rows_of(rng.integers(0, 3, count), rng.integers(0, 20, count) / 2)
    kind = [None if rng.random() < missing else "ab"[rng.integers(2)] for _ in range(count)]
    asked = np.sort(rng.permutation(count)[: count // 2 + 1])
    found = neighbour_shares(vectors, rows, {"label": np.array(kind, object)}, asked, other_people)
    expected = oracle(vectors, rows, kind, asked.tolist(), other_people)
    if expected is None:
        assert found == {}
    else:
        assert (found["label"].share, found["label"].chance) == pytest.approx(expected)


def test_in_pieces_it_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(60, 4)).astype(np.float32)
    rows = rows_of(rng.integers(0, 4, 60), np.arange(60.0))
    words = vectors, rows, {"label": rng.integers(0, 2, 60)}, np.arange(60)
    whole = neighbour_shares(*words)
    monkeypatch.setattr(neighbours, "_CELLS", 130)
    assert neighbour_shares(*words) == whole


def test_clusters_of_labels_and_of_people() -> None:
    """Labels lie far apart, people anywhere: all neighbours share the label, a quarter the person."""
    rng = np.random.default_rng(1)
    count = 1200
    label, person = np.arange(count) % 3, rng.integers(0, 4, count)
    vectors = rng.normal(size=(count, 5)).astype(np.float32)
    vectors[:, 0] += 100 * label
    rows = rows_of(person, np.arange(count, dtype=float))
    found = neighbour_shares(vectors, rows, {"label": label, "participant": person}, np.arange(count))
    assert found["label"].share == 1
    assert found["label"].chance == pytest.approx(399 / 1199)
    assert found["label"].beyond_chance == 1
    assert found["participant"].share == pytest.approx(0.25, abs=0.02)
    assert found["participant"].beyond_chance == pytest.approx(0, abs=0.02)


def test_overlapping_windows_are_no_neighbours() -> None:
    """Windows of 2 s every second: a window's next of kin in time holds half of its signal."""
    count = 60
    vectors = np.arange(count, dtype=np.float32)[:, None]
    rows = rows_of(np.zeros(count, int), np.arange(count, dtype=float), duration=2.0)
    pair = np.arange(count) // 2  # with one of the two that it overlaps
    found = neighbour_shares(vectors, rows, {"pair": pair}, np.arange(count))
    assert found["pair"] == Share(0, 0)


def test_where_all_are_of_one_kind_nothing_is_beyond_chance() -> None:
    assert Share(1, 1).beyond_chance is None


def test_standardised_columns() -> None:
    rng = np.random.default_rng(2)
    vectors = np.c_[rng.normal(5, 3, 500), rng.normal(-1, 1e-4, 500), np.full(500, 0.1)].astype(np.float32)
    found = standardised(vectors)
    assert found.mean(axis=0) == pytest.approx([0, 0, 0], abs=1e-5)
    assert found.std(axis=0) == pytest.approx([1, 1, 0], abs=1e-4)
