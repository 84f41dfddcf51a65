"""The linear and MLP probes against scikit-learn, and as plain arrays."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from wearcli.probing.linear import DEFAULT_L2, LOGISTIC_L2, RIDGE_L2, fit_logistic, fit_ridge
from wearcli.probing.mlp import DEFAULT_EPOCHS, fit_mlp
from wearcli.probing.predictor import standardisation


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
    predictor, l2 = fit_logistic(vectors, truth, owner, np.random.default_rng(0))
    assert l2 in LOGISTIC_L2
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    model = LogisticRegression(C=1 / (l2 * len(truth)), max_iter=5000, tol=1e-8).fit(scaled, truth)
    np.testing.assert_allclose(
        predictor.probabilities(vectors, classes), model.predict_proba(scaled), atol=2e-3
    )


def test_ridge_is_scikit_learns_at_the_chosen_penalty() -> None:
    vectors, _, owner = samples(2)
    truth = vectors @ np.arange(8) + np.random.default_rng(1).normal(size=len(vectors))
    predictor, l2 = fit_ridge(vectors, truth, owner, np.random.default_rng(0))
    assert l2 in RIDGE_L2
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    model = Ridge(alpha=l2 * len(truth)).fit(scaled, truth)
    np.testing.assert_allclose(predictor.values(vectors), model.predict(scaled), rtol=1e-4)


def test_a_noisy_problem_is_given_a_stronger_penalty_than_a_clean_one() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(120, 60)).astype(np.float32)
    owner, signal = np.repeat(np.arange(12), 10), vectors[:, :3].sum(axis=1).astype(np.float64)
    clean = fit_ridge(vectors, signal, owner, rng)[1]
    noisy = fit_ridge(vectors, signal + 5 * rng.normal(size=120), owner, rng)[1]
    assert clean < 0.01 < 0.1 < noisy


def test_mlp_learns_what_no_line_can() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(1200, 2)).astype(np.float32)
    truth = (vectors[:, 0] * vectors[:, 1] > 0).astype(int)
    owner = np.arange(1200) % 12
    predictor, epochs = fit_mlp(vectors, truth, owner, rng, classify=True)
    assert epochs >= 1
    chance = predictor.probabilities(vectors, 2)
    assert (chance.argmax(axis=1) == truth).mean() > 0.9
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    product = (vectors[:, 0] * vectors[:, 1]).astype(np.float64) * 40 + 100
    values = fit_mlp(vectors, product, owner, rng, classify=False)[0].values(vectors)
    assert np.corrcoef(values, product)[0, 1] > 0.9
    assert values.mean() == pytest.approx(product.mean(), abs=5)


def test_mlp_epochs_can_be_given_and_seeds_repeat() -> None:
    vectors, truth, owner = samples(3)
    one, epochs = fit_mlp(vectors, truth, owner, np.random.default_rng(3), classify=True, epochs=4)
    two, _ = fit_mlp(vectors, truth, owner, np.random.default_rng(3), classify=True, epochs=4)
    assert epochs == 4
    np.testing.assert_array_equal(one.outputs(vectors), two.outputs(vectors))


def test_one_participant_or_one_class_is_fitted_without_a_choice() -> None:
    vectors, truth, _ = samples(3)
    alone = np.zeros(len(truth), int)
    rng = np.random.default_rng(0)
    assert fit_logistic(vectors, truth, alone, rng)[1] == DEFAULT_L2
    assert fit_mlp(vectors, truth, alone, rng, classify=True)[1] == DEFAULT_EPOCHS
    for predictor in (
        fit_logistic(vectors, np.full(len(truth), 2), alone, rng)[0],
        fit_mlp(vectors, np.full(len(truth), 2), alone, rng, classify=True)[0],
    ):
        assert (predictor.probabilities(vectors, 4) == [0, 0, 1, 0]).all()


def test_standardisation_leaves_constants_alone() -> None:
    vectors = np.random.default_rng(0).normal(3, 2, size=(40_000, 3)).astype(np.float32)
    vectors[:, 1] = 0.1
    mean, scale = standardisation(vectors)
    np.testing.assert_allclose(mean, vectors.mean(axis=0, dtype=np.float64), rtol=1e-6)
    np.testing.assert_allclose(scale[[0, 2]], vectors[:, [0, 2]].std(axis=0, dtype=np.float64), rtol=1e-6)
    assert scale[1] == 1
