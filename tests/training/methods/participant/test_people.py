"""Pairs of one person, and the figure that tells whether embeddings tell people apart."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.errors import InputError
from wearcli.training.methods.participant.people import PeopleSampler
from wearcli.training.monitor import dispersion_ratio
from wearcli.training.sampler import VALIDATION

WINDOW_S = 10.0


def index(recordings: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    """Rows of (participant, recording): onsets, in a shuffled order and numbered anew."""
    rows = [(f"{p}/{r}", p, onset) for (p, r), onsets in recordings.items() for onset in onsets]
    frame = pd.DataFrame(rows, columns=["recording", "participant", "onset"])
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def even(sizes: dict[str, int], step_s: float = WINDOW_S) -> pd.DataFrame:
    """One recording a participant, a segment each `step_s`."""
    return index({(p, "a"): [step_s * k for k in range(size)] for p, size in sizes.items()})


def sampler(table: pd.DataFrame, batch: int, seed: int = 0, rows: np.ndarray | None = None, **options):
    rows = np.arange(len(table)) if rows is None else rows
    return PeopleSampler(table, rows, batch, WINDOW_S, seed, **options)


def overlap(one: pd.Series, other: pd.Series) -> bool:
    return one.recording == other.recording and abs(one.onset - other.onset) < WINDOW_S - 1e-3


# Segments that overlap by half or by nine tenths, or follow one another, in up to three recordings a person.
studies = st.dictionaries(
    st.tuples(st.sampled_from("pqrstu"), st.sampled_from("abc")),
    st.lists(st.integers(0, 12), min_size=1, max_size=9, unique=True),
    min_size=1,
    max_size=12,
)


@settings(max_examples=80, deadline=None)
@given(
    study=studies,
    step_s=st.sampled_from([1.0, 5.0, 10.0]),
    batch=st.integers(2, 30),
    seed=st.integers(0, 99),
    left=st.floats(0, 0.5),
)
def test_pairs_are_two_segments_of_one_person_apart_in_time(study, step_s, batch, seed, left) -> None:
    table = index({key: [step_s * place for place in places] for key, places in study.items()})
    rng = np.random.default_rng(seed)
    rows = np.flatnonzero(rng.random(len(table)) >= left)
    part = table.loc[rows]
    counts = part["participant"].value_counts()
    able = set(counts.index[counts >= 2])
    if not able:
        with pytest.raises(InputError, match=r"nobody has two segments.*--positives segment"):
            sampler(table, batch, seed, rows)
        return
    drawn = sampler(table, batch, seed, rows)
    assert drawn.left_out == len(counts) - len(able)
    for step in range(3):
        chosen, people = drawn.draw(step)
        assert chosen.shape == (2 * batch,)
        assert set(chosen) <= set(rows)
        names = table["participant"].to_numpy()[chosen[:batch]]
        assert len({*zip(people.tolist(), names, strict=True)}) == len({*names}) == len({*people.tolist()})
        for first, second in zip(chosen[:batch], chosen[batch:], strict=True):
            assert first != second
            one, other = table.loc[first], table.loc[second]
            assert one.participant == other.participant
            if overlap(one, other):
                theirs = part[part["participant"] == one.participant]
                assert all(overlap(one, each) for _, each in theirs.iterrows())
        # Nobody twice before everybody once, and so on.
        come = Counter(names)
        assert set(come) <= able
        assert max(come.values()) - (min(come.values()) if len(come) == len(able) else 0) <= 1


def test_partners_come_from_everywhere_that_does_not_overlap() -> None:
    table = index({("p", "a"): [0, 5, 10, 15, 20], ("p", "b"): [0, 5]})
    drawn = sampler(table, 2)
    pairs: Counter[tuple[int, int]] = Counter()
    for step in range(4000):
        chosen, _ = drawn.draw(step)
        pairs.update(zip(chosen[:2].tolist(), chosen[2:].tolist(), strict=True))
    firsts = Counter(first for first, _ in pairs.elements())
    assert all(count / 8000 == pytest.approx(1 / 7, abs=0.02) for count in firsts.values())
    for first in range(7):
        apart = [k for k in range(7) if k != first and not overlap(table.loc[first], table.loc[k])]
        share = {k: pairs[first, k] / firsts[first] for k in apart}
        assert sum(share.values()) == pytest.approx(1)
        assert all(value == pytest.approx(1 / len(apart), abs=0.06) for value in share.values())


def test_people_weigh_as_the_root_of_their_segments() -> None:
    table = even({"a": 4, "b": 16, "c": 64, "d": 1})
    drawn = sampler(table, 2)
    assert drawn.left_out == 1
    names = table["participant"].to_numpy()
    first = Counter()
    for step in range(4000):
        rows, _ = drawn.draw(step)
        first.update(names[rows[:2]])
    # Two of three without replacement, by weights of 2, 4 and 8: who is left out.
    weights = {"a": 2, "b": 4, "c": 8}
    for who, weight in weights.items():
        stays = 0.0
        for one, heavy in weights.items():
            if one != who:
                rest = sum(weights.values()) - heavy
                third = rest - weight
                stays += heavy / sum(weights.values()) * third / rest
        assert first[who] / 4000 == pytest.approx(1 - stays, abs=0.03)


def test_segments_as_their_own_partners() -> None:
    table = even({"a": 5, "b": 1, "c": 9})
    drawn = sampler(table, 10, positives="segment")
    assert drawn.left_out == 0
    rows, people = drawn.draw(0)
    np.testing.assert_array_equal(rows[:10], rows[10:])
    # Every segment for itself: one that comes twice is no negative of itself.
    np.testing.assert_array_equal(people[:, None] == people, rows[:10, None] == rows[:10])
    names = Counter(table["participant"].to_numpy()[rows[:10]])
    assert sorted(names.values()) == [3, 3, 4]


def test_a_step_depends_on_seed_stream_and_number_alone() -> None:
    table = even(dict.fromkeys("abcdef", 30))

    def drawn(seed: int, step: int, stream: int = 0) -> np.ndarray:
        used = sampler(table, 16, seed)
        for earlier in range(step):
            used.draw(earlier)
        rows, people = used.draw(step, stream)
        again = sampler(table, 16, seed).draw(step, stream)
        assert np.array_equal(again[0], rows)
        assert np.array_equal(again[1], people)
        return rows

    first = drawn(0, 3)
    for other in (drawn(0, 4), drawn(1, 3), drawn(0, 3, VALIDATION)):
        assert not np.array_equal(first, other)


def looped_ratio(embeddings: torch.Tensor, people: list[int]) -> float:
    """On the unit sphere, with n - 1, over those with two embeddings or more."""
    rows = [row / row.norm() for row in embeddings.double()]
    groups = [[rows[i] for i, who in enumerate(people) if who == p] for p in sorted(set(people))]
    groups = [group for group in groups if len(group) >= 2]
    means = [sum(group) / len(group) for group in groups]

    def spread(points: list, middle: torch.Tensor) -> float:
        return sum(float((point - middle).square().sum()) for point in points) / (len(points) - 1)

    within = sum(spread(group, mean) for group, mean in zip(groups, means, strict=True)) / len(groups)
    return within / spread(means, sum(means) / len(means))


@settings(max_examples=60, deadline=None)
@given(
    people=st.lists(st.integers(0, 5), min_size=4, max_size=25), d=st.integers(2, 9), seed=st.integers(0, 999)
)
def test_the_dispersion_ratio_is_its_definition(people: list[int], d: int, seed: int) -> None:
    embeddings = torch.randn(len(people), d, generator=torch.Generator().manual_seed(seed))
    found = dispersion_ratio(embeddings, np.array(people))
    if sum(count >= 2 for count in Counter(people).values()) < 2:
        assert found is None
    else:
        assert found == pytest.approx(looped_ratio(embeddings, people), rel=1e-6)
        # Lengths do not matter.
        assert dispersion_ratio(3 * embeddings, np.array(people)) == pytest.approx(found, rel=1e-5)


def test_the_dispersion_ratio_in_the_limit() -> None:
    people = np.repeat(np.arange(4), 50)
    apart = torch.eye(4)[people]
    assert dispersion_ratio(apart, people) == 0
    generator = torch.Generator().manual_seed(0)
    near = apart + 0.01 * torch.randn(200, 4, generator=generator)
    noise = torch.randn(200, 4, generator=generator)
    told, untold = dispersion_ratio(near, people), dispersion_ratio(noise, people)
    assert told is not None
    assert untold is not None
    assert told < 0.01
    # Of means of 50 that differ by chance alone the spread is a fiftieth.
    assert 15 < untold < 200
    assert dispersion_ratio(torch.ones(200, 4), people) == 0
