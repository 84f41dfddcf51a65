"""The linear and MLP probes against scikit-learn, and as plain arrays."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from wearcli.probing.crossfit import fit_all, held_out
from wearcli.probing.folds import inner_folds
from wearcli.probing.kinds.logistic import DEFAULT_L2, LOGISTIC_L2, PATIENCE, fit_logistic
from wearcli.probing.kinds.mlp import DEFAULT_EPOCHS, fit_mlp
from wearcli.probing.kinds.ridge import RIDGE_L2, fit_ridge
from wearcli.probing.problem import Problem
from wearcli.probing.standardise import standardisation


def samples(classes: int, n: int = 240) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(classes)
    owner = np.repeat(np.arange(6), n // 6)
    truth = rng.integers(classes, size=n)
    vectors = rng.normal(size=(n, 8)) * [1, 2, 3, 4, 5, 1, 1, 0] + 5
    vectors[:, : max(classes, 2)] += 1.5 * np.eye(max(classes, 2))[truth]
    return vectors.astype(np.float32), truth, owner


@pytest.mark.parametrize("classes", [2, 3, 4])
def test_logistic_is_scikit_learns_at_the_chosen_penalty(classes: int) -> None:
    vectors, truth, owner = samples(classes)
    predictor, l2 = fit_logistic(vectors.copy(), truth, owner, np.random.default_rng(0))
    assert l2 in LOGISTIC_L2
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    model = LogisticRegression(C=1 / (l2 * len(truth)), max_iter=5000, tol=1e-8).fit(scaled, truth)
    uncalibrated = replace(predictor, temperature=1.0).probabilities(vectors, classes)
    np.testing.assert_allclose(uncalibrated, model.predict_proba(scaled), atol=2e-3)


def scores_by_penalty(scaled: np.ndarray, truth: np.ndarray, inner: list[np.ndarray]) -> dict[float, float]:
    """By scikit-learn, a fold of a draw at a time: the macro-F1 of all draws' predictions together."""
    scores: dict[float, float] = {}
    for l2 in LOGISTIC_L2:
        predicted = []
        for folds in inner:
            found = np.empty_like(truth)
            for held in (folds == fold for fold in np.unique(folds)):
                model = LogisticRegression(C=1 / (l2 * (~held).sum()), max_iter=1000, tol=1e-3)
                found[held] = model.fit(scaled[~held], truth[~held]).predict(scaled[held])
            predicted.append(found)
        scores[l2] = f1_score(np.tile(truth, len(inner)), np.concatenate(predicted), average="macro")
        if len(scores) > PATIENCE and max([*scores.values()][-PATIENCE:]) <= max(
            [*scores.values()][:-PATIENCE]
        ):
            break
    return scores


@pytest.mark.parametrize(("n", "draws"), [(60, 5), (120, 4), (240, 2), (252, 1)])
def test_of_few_samples_the_penalty_is_that_of_several_draws_of_inner_folds(n: int, draws: int) -> None:
    rng = np.random.default_rng(n)
    truth = np.arange(n) % 6
    vectors = (rng.normal(size=(n, 12)) + 1.5 * np.eye(6, 12)[truth]).astype(np.float32)
    owner = np.repeat(np.arange(12), n // 12)
    scaled = StandardScaler().fit_transform(vectors).astype(np.float32)
    short = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        inner = [inner_folds(owner, truth, rng) for _ in range(draws)]
        scores = scores_by_penalty(scaled, truth, inner)
        _, l2 = fit_logistic(vectors.copy(), truth, owner, np.random.default_rng(seed))
        short.append(max(scores.values()) - scores[l2])
    assert max(short) < 0.01  # a solver that begins elsewhere may tell a sample or two otherwise


def test_ridge_is_scikit_learns_at_the_chosen_penalty() -> None:
    vectors, _, owner = samples(2)
    noise = np.random.default_rng(1).normal(size=(len(vectors), 2)) * [1, 60]
    truth = vectors @ np.arange(16).reshape(8, 2) + noise
    # With many samples for the dimension and with few, where it is solved in the samples' space.
    for rows in (slice(None), slice(None, None, 40)):
        x, y = vectors[rows], truth[rows]
        predictor, l2 = fit_ridge(x.copy(), y, owner[rows], np.random.default_rng(0))
        scaled = StandardScaler().fit_transform(x.astype(np.float64))
        for target in (0, 1):
            assert l2[target] in RIDGE_L2
            model = Ridge(alpha=l2[target] * len(y)).fit(scaled, y[:, target])
            found = predictor.only(target).values(x)
            np.testing.assert_allclose(found, model.predict(scaled), rtol=1e-4, atol=1e-2)


def test_ridge_of_a_target_is_the_same_alone_and_with_others() -> None:
    vectors, _, owner = samples(2)
    truth = vectors @ np.arange(24).reshape(8, 3) + np.random.default_rng(1).normal(size=(240, 3)) * 20
    together, l2 = fit_ridge(vectors.copy(), truth, owner, np.random.default_rng(0))
    for target in range(3):
        alone, own = fit_ridge(vectors.copy(), truth[:, [target]], owner, np.random.default_rng(0))
        assert own[0] == l2[target]
        np.testing.assert_allclose(together.only(target).values(vectors), alone.values(vectors), rtol=1e-5)


def test_targets_of_the_same_samples_are_fitted_together() -> None:
    vectors, _, owner = samples(2, 120)
    truth = vectors[:, :3].astype(np.float64) * [1, 100, 1e-3]
    fold = owner % 3
    kept = np.arange(120) % 4 > 0
    problems = [
        Problem({"embedding": vectors[rows]}, np.flatnonzero(rows), y[rows], owner[rows], fold[rows], False)
        for y, rows in ((truth[:, 0], kept | True), (truth[:, 1], kept), (truth[:, 2], kept | True))
    ]
    steps: list[tuple[str, int, int]] = []
    fitted = fit_all(problems, ["linear", "mlp"], 3, 0, lambda *step: steps.append(step))
    # Two sets of samples, two probes, three folds and everybody.
    assert [step[1:] for step in steps] == [(number, 16) for number in range(1, 17)]
    for (probe, number), fits in fitted.items():
        problem = problems[number]
        assert all(fit is not None for fit in [*fits.folds, fits.everybody])
        found = held_out(problem, fits, problem.vectors["embedding"], 0)
        assert np.corrcoef(found, problem.truth)[0, 1] > 0.9, (probe, number)
        assert np.abs(found - problem.truth).mean() < 0.5 * problem.truth.std()


def test_a_noisy_problem_is_given_a_stronger_penalty_than_a_clean_one() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 60)).astype(np.float32)
    owner, signal = np.repeat(np.arange(12), 10), vectors[:, :3].sum(axis=1).astype(np.float64)
    noisy = signal + 5 * rng.normal(size=120)
    _, l2 = fit_ridge(vectors.copy(), np.stack([signal, noisy], axis=1), owner, rng)
    assert l2[0] < 0.01 < 0.1 < l2[1]


def test_mlp_learns_what_no_line_can() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1200, 2)).astype(np.float32)
    truth = (vectors[:, 0] * vectors[:, 1] > 0).astype(int)
    owner = np.arange(1200) % 12
    predictor, epochs = fit_mlp(vectors.copy(), truth, owner, rng, classify=True)
    assert epochs >= 1
    chance = predictor.probabilities(vectors, 2)
    assert (chance.argmax(axis=1) == truth).mean() > 0.9
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    product = (vectors[:, 0] * vectors[:, 1]).astype(np.float64) * 40 + 100
    both = np.stack([product, np.abs(vectors[:, 0]) / 100], axis=1)
    for targets in (both[:, :1], both):
        predictor, _ = fit_mlp(vectors.copy(), targets, owner, rng, classify=False)
        for number, target in enumerate(targets.T):
            values = predictor.only(number).values(vectors)
            assert np.corrcoef(values, target)[0, 1] > 0.9
            assert values.mean() == pytest.approx(target.mean(), abs=0.15 * target.std())


def test_mlp_epochs_can_be_given_and_seeds_repeat() -> None:
    vectors, truth, owner = samples(3)
    one, epochs = fit_mlp(
        vectors.copy(), truth, owner, np.random.default_rng(3), classify=True, typical=(4, 1.0)
    )
    two, _ = fit_mlp(vectors.copy(), truth, owner, np.random.default_rng(3), classify=True, typical=(4, 1.0))
    assert epochs == 4
    np.testing.assert_array_equal(one.outputs(vectors), two.outputs(vectors))


def test_one_participant_or_one_class_is_fitted_without_a_choice() -> None:
    vectors, truth, _ = samples(3)
    alone = np.zeros(len(truth), int)
    rng = np.random.default_rng(0)
    assert fit_logistic(vectors.copy(), truth, alone, rng)[1] == DEFAULT_L2
    assert fit_mlp(vectors.copy(), truth, alone, rng, classify=True)[1] == DEFAULT_EPOCHS
    for predictor in (
        fit_logistic(vectors.copy(), np.full(len(truth), 2), alone, rng)[0],
        fit_mlp(vectors.copy(), np.full(len(truth), 2), alone, rng, classify=True)[0],
    ):
        assert (predictor.probabilities(vectors, 4) == [0, 0, 1, 0]).all()


def test_standardisation_leaves_constants_alone() -> None:
    vectors = np.random.default_rng(0).normal(3, 2, size=(40_000, 3)).astype(np.float32)
    vectors[:, 1] = 0.1
    mean, scale = standardisation(vectors)
    np.testing.assert_allclose(mean, vectors.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(scale[[0, 2]], vectors[:, [0, 2]].std(axis=0, dtype=np.float64), rtol=1e-6)
    assert scale[1] == 1
