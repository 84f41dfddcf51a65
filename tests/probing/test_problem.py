"""Who trains where people and whole groups are held out, and on which labels."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.probing.bootstrap import participant_weights
from wearcli.probing.folds import group_folds
from wearcli.probing.problem import Labelled, Problem


def problem(owner: np.ndarray, fold: np.ndarray, group: np.ndarray | None, truth: np.ndarray) -> Problem:
    vectors = {"embedding": np.zeros((len(owner), 1), np.float32)}
    return Problem(vectors, np.arange(len(owner)), truth, owner, fold, True, group)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 12), st.integers(2, 4), st.integers(2, 5), st.booleans())
def test_nobody_and_no_group_is_on_both_sides(
    seed: int, people: int, groups: int, folds: int, apart: bool
) -> None:
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(people), rng.integers(people, size=60)])
    group = owner % groups if apart else rng.integers(groups, size=len(owner))
    group = np.unique(group, return_inverse=True)[1]
    fold = group_folds(owner, group, None, folds, rng)
    each = problem(owner, fold, group, np.zeros(len(owner), int))
    assert sorted(np.unique(fold)) == list(range(fold.max() + 1))
    for number in np.unique(fold):
        held, train = fold == number, each.training(number)
        assert len(np.unique(group[held])) == 1
        assert not set(group[train]) & set(group[held])
        assert not set(owner[train]) & set(owner[held])
        # Nobody else is left out: whoever is of another group and another person trains.
        free = (group != group[held][0]) & ~np.isin(owner, owner[held])
        np.testing.assert_array_equal(train, free)
    if apart:  # a set of its own people needs no folds within it
        assert fold.max() + 1 == len(np.unique(group))


def test_an_outside_set_never_trains_nor_do_its_people() -> None:
    owner = np.array([0, 0, 1, 2, 2, 3])
    fold = np.array([-1, -1, -1, -1, 0, 0])  # person 2 is in both
    each = problem(owner, fold, None, np.zeros(6, int))
    assert each.training(0).tolist() == [True, True, True, False, False, False]
    assert each.training(1).tolist() == each.training(0).tolist()  # the probe that is saved
    assert each.scored().participants.tolist() == [2, 3]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(10, 200), st.sampled_from([1.0, 0.3, 0.1, 0.01]))
def test_a_share_of_labels_is_of_each_class_and_of_the_larger_share(seed: int, n: int, share: float) -> None:
    rng = np.random.default_rng(seed)
    truth, rows, order = rng.integers(4, size=n), rng.random(n) < 0.8, rng.permutation(n)
    kept = Labelled(share, order).among(rows, truth)
    larger = Labelled(min(1.0, 2 * share), order).among(rows, truth)
    assert not (kept & ~rows).any()
    assert not (kept & ~larger).any()
    for code in np.unique(truth[rows]):
        mine = rows & (truth == code)
        assert (kept & mine).sum() == max(1, round(share * mine.sum()))
    if share == 1:
        np.testing.assert_array_equal(kept, rows)


def test_people_held_out_in_several_groups_are_drawn_with_all_of_theirs() -> None:
    person = np.array([0, 0, 1, 2, 2])
    group = np.array([0, 1, 0, 0, 1])
    weights = participant_weights(group, 2, 300, np.random.default_rng(0), person)
    assert weights.shape == (303, 5)
    assert weights[:3].tolist() == [[1] * 5, [1, 0, 1, 1, 0], [0, 1, 0, 0, 1]]
    np.testing.assert_array_equal(weights[3:, 0], weights[3:, 1])
    np.testing.assert_array_equal(weights[3:, 3], weights[3:, 4])
    assert (weights[3:, [0, 2, 3]].sum(axis=1) == 3).all()
