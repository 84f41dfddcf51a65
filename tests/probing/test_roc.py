"""Areas under the ROC curve against scikit-learn's, on samples repeated as often as their weight says."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from tests.probing.test_metrics import drawn
from wearcli.probing.bootstrap import participant_weights
from wearcli.probing.roc import _by_curve, _by_pairs, auroc, pauroc


def expected(truth: np.ndarray, score: np.ndarray, max_fpr: float | None) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # scikit-learn's, of one class alone
        return roc_auc_score(truth, score, max_fpr=max_fpr) if len(np.unique(truth)) == 2 else np.nan


@settings(max_examples=80, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9), st.integers(1, 60), st.sampled_from([0, 1, 2, 9]))
def test_areas_are_scikit_learns_for_every_weighting(seed: int, people: int, n: int, digits: int) -> None:
    """Few digits make many ties, also of positives with negatives, and steps that cross the limit."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(people, size=n)
    truth = (rng.random(n) < rng.choice([0.1, 0.5, 0.9])).astype(int)
    score = (rng.random(n) + 0.3 * truth).round(digits)
    chance = np.stack([-score, score], axis=1)
    weights = participant_weights(np.arange(people) % 3, 3, 12, rng)
    whole, part = auroc(weights, truth, chance, owner), pauroc(weights, truth, chance, owner)
    for row, weight in enumerate(weights):
        rows = drawn(weight, owner)
        for found, limit in ((whole, None), (part, 0.1)):
            wanted = expected(truth[rows], score[rows], limit)
            assert found[row] == pytest.approx(wanted, abs=1e-12, nan_ok=True)
    for way in (_by_curve, _by_pairs):
        np.testing.assert_allclose(way(weights, truth == 1, score, owner), whole, atol=1e-12)


def test_a_curve_of_one_step_is_chance_and_a_perfect_one_is_1() -> None:
    truth, owner = np.arange(40) % 2, np.arange(40)
    weights = np.ones((1, 40))
    ties = np.zeros((40, 2))
    perfect = np.stack([1.0 - truth, truth], axis=1)
    for area in (auroc, pauroc):
        assert area(weights, truth, ties, owner) == pytest.approx([0.5])
        assert area(weights, truth, perfect, owner) == pytest.approx([1])
    # All wrong: of the whole area nothing, of the partial one what McClish's formula leaves below chance.
    assert auroc(weights, truth, -perfect, owner) == pytest.approx([0])
    assert pauroc(weights, truth, -perfect, owner) == pytest.approx([0.5 * (1 - 0.005 / 0.095)])


def test_areas_of_three_thousand_people_in_two_thousand_draws() -> None:
    rng = np.random.default_rng(0)
    owner = np.arange(3000)
    weights = participant_weights(owner % 5, 5, 2000, rng)
    truth = (rng.random(3000) < 0.1).astype(int)
    score = rng.random(3000) + 0.5 * truth
    chance = np.stack([1 - score, score], axis=1)
    whole, part = auroc(weights, truth, chance, owner), pauroc(weights, truth, chance, owner)
    for row in (0, 3, 1000):
        rows = drawn(weights[row], owner)
        assert whole[row] == pytest.approx(expected(truth[rows], score[rows], None))
        assert part[row] == pytest.approx(expected(truth[rows], score[rows], 0.1))


def test_steps_of_very_many_samples_change_nothing_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    owner = rng.integers(40, size=60_000)
    truth = (rng.random(len(owner)) < 0.2).astype(int)
    score = (rng.normal(size=len(owner)) + truth + 0.5 * rng.normal(size=40)[owner]).round(3)
    chance = np.stack([-score, score], axis=1)
    weights = participant_weights(np.arange(40) % 5, 5, 100, rng)
    exact = auroc(weights, truth, chance, owner), pauroc(weights, truth, chance, owner)
    monkeypatch.setattr("wearcli.probing.roc.MANY", 50_000)
    for area, wanted in zip((auroc, pauroc), exact, strict=True):
        found = area(weights, truth, chance, owner)
        assert np.abs(found - wanted).max() < 1e-4
        assert (found != wanted).any()  # it was the other way, of steps
