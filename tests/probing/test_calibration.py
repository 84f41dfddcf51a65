"""Temperatures of known answer, Brier score and calibration error against loops."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.probing.test_metrics import drawn
from wearcli.probing.bootstrap import participant_weights
from wearcli.probing.calibration import BINS, calibration_scores, fit_temperature, reliability
from wearcli.probing.crossfit import before_temperature, fit_all, held_out
from wearcli.probing.kinds.logistic import fit_logistic
from wearcli.probing.problem import Problem
from wearcli.probing.scoring import score
from wearcli.probing.study import Study


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [0.25, 1.0, 4.0])
def test_the_temperature_that_made_the_labels_is_found(temperature: float) -> None:
    rng = np.random.default_rng(0)
    logits = 3 * rng.normal(size=(20_000, 4))
    chance = softmax(logits / temperature)
    truth = (chance.cumsum(axis=1) > rng.random((len(logits), 1))).argmax(axis=1)
    assert fit_temperature(logits, truth) == pytest.approx(temperature, rel=0.05)


def test_samples_of_a_class_that_the_fit_never_saw_say_nothing() -> None:
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(500, 3))
    truth = rng.integers(2, size=500)
    logits[:, 2] = -np.inf
    alone = fit_temperature(logits[:, :2], truth)
    assert fit_temperature(np.concatenate([logits, logits]), np.concatenate([truth, np.full(500, 2)])) == (
        pytest.approx(alone, rel=1e-3)
    )
    assert fit_temperature(logits, np.full(500, 2)) == 1.0


def by_loop(truth: np.ndarray, chance: np.ndarray) -> tuple[float, float]:
    """Brier (1950) and Guo et al. (2017), equation 3, sample by sample."""
    brier, bins = 0.0, {}
    for label, row in zip(truth, chance, strict=True):
        brier += sum((p - (code == label)) ** 2 for code, p in enumerate(row))
        best = max(range(len(row)), key=lambda code: row[code])
        number = next(b for b in range(BINS) if row[best] <= (b + 1) / BINS or b == BINS - 1)
        bins.setdefault(number, []).append((row[best], best == label))
    gaps = sum(abs(sum(hit for _, hit in each) - sum(p for p, _ in each)) for each in bins.values())
    return brier / len(truth), gaps / len(truth)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 8), st.integers(2, 60), st.integers(2, 5))
def test_scores_are_those_of_a_loop_for_every_weighting(seed: int, people: int, n: int, classes: int) -> None:
    rng = np.random.default_rng(seed)
    owner = np.concatenate([np.arange(people), rng.integers(people, size=n)])
    chance = softmax(2 * rng.normal(size=(len(owner), classes)))
    truth = rng.integers(classes, size=len(owner))
    weights = participant_weights(np.arange(people) % 2, 2, 5, rng)
    found = calibration_scores(weights, truth, chance, owner)
    for row, weight in enumerate(weights):
        rows = drawn(weight, owner)
        if len(rows):
            brier, ece = by_loop(truth[rows], chance[rows])
            assert found["brier"][row] == pytest.approx(brier)
            assert found["ece"][row] == pytest.approx(ece)


def test_bins_of_reliability_add_up_to_the_calibration_error() -> None:
    rng = np.random.default_rng(3)
    chance = softmax(2 * rng.normal(size=(400, 3)))
    truth = rng.integers(3, size=400)
    bins = reliability(truth, chance)
    assert sum(each["samples"] for each in bins) == 400
    gaps = sum(each["samples"] * abs(each["accuracy"] - each["confidence"]) for each in bins) / 400
    whole = calibration_scores(np.ones((1, 1)), truth, chance, np.zeros(400, int))
    assert gaps == pytest.approx(whole["ece"][0], abs=1e-5)


def overconfident() -> Problem:
    """Each person has an offset of their own, which a probe of few people takes for the class."""
    rng = np.random.default_rng(4)
    owner = np.repeat(np.arange(12), 40)
    truth = rng.integers(3, size=len(owner))
    vectors = rng.normal(size=(len(owner), 30)) + 2 * rng.normal(size=(12, 30))[owner]
    vectors[:, :3] += np.eye(3)[truth]
    everything = np.arange(len(owner))
    return Problem({"embedding": vectors.astype(np.float32)}, everything, truth, owner, owner % 4, True)


def test_held_out_people_have_no_part_in_the_temperature() -> None:
    problem = overconfident()
    shuffled = problem.truth.copy()
    held = problem.fold == 2
    shuffled[held] = np.random.default_rng(5).permutation(shuffled[held])
    for probe in ("linear", "mlp"):
        one, other = (
            fit_all([each], [probe], 4, 0, lambda *_: None)[probe, 0]
            for each in (problem, replace(problem, truth=shuffled))
        )
        assert one.folds[2].temperature == other.folds[2].temperature != 1
        assert one.folds[1].temperature != other.folds[1].temperature


def test_a_temperature_lowers_the_loss_on_new_people_and_keeps_the_class() -> None:
    problem = overconfident()
    rng = np.random.default_rng(0)
    train = problem.fold != 0
    vectors = problem.vectors["embedding"]
    predictor, _ = fit_logistic(vectors[train], problem.truth[train], problem.participants[train], rng)
    truth = problem.truth[~train]
    losses = {}
    for each in (predictor, replace(predictor, temperature=1.0)):
        chance = each.probabilities(vectors[~train], 3)
        losses[each.temperature] = -np.log(chance[np.arange(len(truth)), truth]).mean()
    assert predictor.temperature > 1
    assert losses[predictor.temperature] < losses[1.0]
    raw = replace(predictor, temperature=1.0).probabilities(vectors[~train], 3)
    np.testing.assert_array_equal(
        raw.argmax(axis=1), predictor.probabilities(vectors[~train], 3).argmax(axis=1)
    )


def test_a_ranking_is_scored_as_without_temperatures() -> None:
    problem = overconfident()
    two = replace(problem, truth=np.minimum(problem.truth, 1))
    fitted = fit_all([two], ["linear"], 4, 0, lambda *_: None)
    plain = replace(
        fitted["linear", 0], folds=[replace(each, temperature=1.0) for each in fitted["linear", 0].folds]
    )
    vectors = two.vectors["embedding"]
    raw = held_out(two, plain, vectors, 2)
    calibrated = held_out(two, fitted["linear", 0], vectors, 2)
    assert np.abs(calibrated - raw).max() > 0.02
    np.testing.assert_allclose(before_temperature(two, fitted["linear", 0], calibrated), raw, atol=1e-9)
    people, samples = np.unique(two.participants).astype(str), pd.DataFrame(index=range(len(two.truth)))
    study = Study(
        [two], ["label"], ["a", "b"], two.truth, people, two.participants, two.fold, 4, [], measured=False
    )
    found, wanted = (
        score(study, samples, {("linear", 0): fits}, draws=20, seed=0).scores["linear"]
        for fits in (fitted["linear", 0], plain)
    )
    assert found["auroc"] == wanted["auroc"]
    assert found["pauroc"] == wanted["pauroc"]
    assert found["brier"] != wanted["brier"]
