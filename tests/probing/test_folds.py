import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.probing.folds import participant_folds


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_nobody_is_in_two_folds_and_no_fold_is_empty(data: st.DataObject) -> None:
    people = data.draw(st.integers(2, 12))
    counts = data.draw(st.lists(st.integers(1, 30), min_size=people, max_size=people))
    owner = np.repeat(np.arange(people), counts)
    seed = data.draw(st.integers(0, 99))
    classes = np.random.default_rng(seed).integers(4, size=len(owner)) if data.draw(st.booleans()) else None
    folds = data.draw(st.integers(2, people))
    fold = participant_folds(owner, classes, folds, np.random.default_rng(seed))
    for person in range(people):
        assert len(set(fold[owner == person])) == 1
    assert set(fold) == set(range(folds))
    again = participant_folds(owner, classes, folds, np.random.default_rng(seed))
    np.testing.assert_array_equal(fold, again)


def test_samples_and_rare_classes_are_spread() -> None:
    rng = np.random.default_rng(1)
    counts = rng.integers(20, 60, size=40)
    owner = np.repeat(np.arange(40), counts)
    classes = np.zeros(len(owner), int)
    rare = np.isin(owner, np.arange(0, 40, 4))  # ten people have a class that the others have not
    classes[rare & (rng.random(len(owner)) < 0.3)] = 1
    fold = participant_folds(owner, classes, 5, rng)
    assert np.ptp(np.bincount(fold)) < 0.15 * len(owner) / 5
    assert np.ptp(np.bincount(fold[classes == 1])) < 0.3 * (classes == 1).sum() / 5
    sizes = np.bincount(participant_folds(owner, None, 5, rng))
    assert np.ptp(sizes) < 0.1 * len(owner) / 5


def test_more_folds_than_people_is_refused() -> None:
    with pytest.raises(ValueError, match="3 folds of 2"):
        participant_folds(np.array([0, 1]), None, 3, np.random.default_rng(0))
