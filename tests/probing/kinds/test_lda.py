"""The LDA probe against scikit-learn, against the textbook, and its shrinkage against a search by hand."""

import numpy as np
import pytest
from scipy.stats import norm
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import f1_score
from sklearn.preprocessing import StandardScaler

from wearcli.errors import UsageError
from wearcli.probing.folds import inner_draws
from wearcli.probing.kinds import check_kinds, lda
from wearcli.probing.kinds.dense import DensePredictor
from wearcli.probing.kinds.lda import SHRINKAGES, Spectrum, fit_lda
from wearcli.probing.kinds.ridge import products


def samples(classes: int, n: int = 240, dimension: int = 8) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Classes of unlike sizes, columns of unlike spread that go together, one of them constant."""
    rng = np.random.default_rng(classes)
    truth = np.minimum(rng.integers(classes + 1, size=n), classes - 1)
    vectors = rng.normal(size=(n, dimension)) @ rng.normal(size=(dimension, dimension))
    vectors[:, :classes] += 1.5 * np.eye(classes)[truth]
    vectors[:, -1] = 4
    return vectors.astype(np.float32), truth, np.arange(n) % 6


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("solver", ["lsqr", "eigen"])
def test_probabilities_are_scikit_learns(classes: int, solver: str) -> None:
    vectors, truth, owner = samples(classes)
    predictor, shrinkage = fit_lda(vectors.copy(), truth, owner, np.random.default_rng(0))
    assert shrinkage in SHRINKAGES
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    model = LinearDiscriminantAnalysis(solver=solver, shrinkage=shrinkage).fit(scaled, truth)
    heated = np.log(predictor.probabilities(vectors, classes)) * predictor.temperature
    plain = np.exp(heated) / np.exp(heated).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(plain, model.predict_proba(scaled), atol=1e-4)


@pytest.mark.parametrize("shrinkage", SHRINKAGES)
def test_every_shrinkage_of_one_spectrum_is_the_textbooks(shrinkage: float) -> None:
    """x' S^-1 m - m' S^-1 m / 2 + log p, a class at a time, with the inverse of the shrunk covariance."""
    vectors, truth, _ = samples(3)
    vectors = vectors[:, :-1]
    sums = products(vectors, np.eye(4)[truth], np.ones(len(truth), bool))  # a fourth class without samples
    spectrum = Spectrum.from_products(sums, vectors.shape[1])
    assert spectrum.classes.tolist() == [0, 1, 2]
    weights, bias = spectrum.layer(shrinkage)
    within = sum(
        np.cov(vectors[truth == code].T.astype(np.float64), bias=True) * (truth == code).mean()
        for code in range(3)
    )
    shrunk = (1 - shrinkage) * within + shrinkage * np.eye(7) * np.trace(within) / 7
    for code in range(3):
        mean = vectors[truth == code].mean(axis=0, dtype=np.float64)
        direction = np.linalg.solve(shrunk, mean)
        np.testing.assert_allclose(weights[:, code], direction, rtol=1e-5, atol=1e-6)
        assert bias[code] == pytest.approx(np.log((truth == code).mean()) - mean @ direction / 2, rel=1e-5)


def test_on_two_gaussians_it_finds_the_best_direction() -> None:
    """Of two classes N(+-m, S) no rule is right more often than that of S^-1 m: Phi(sqrt(m' S^-1 m))."""
    rng = np.random.default_rng(0)
    root = rng.normal(size=(6, 6)) / 2 + np.eye(6)
    middle = rng.normal(size=6) * 0.6
    truth = np.arange(20_000) % 2
    vectors = (rng.normal(size=(20_000, 6)) @ root.T + np.where(truth[:, None], middle, -middle)).astype(
        np.float32
    )
    train = np.arange(20_000) < 10_000
    predictor, _ = fit_lda(vectors[train], truth[train], np.arange(10_000) % 10, rng)
    found = (predictor.probabilities(vectors[~train], 2).argmax(axis=1) == truth[~train]).mean()
    best = norm.cdf(np.sqrt(middle @ np.linalg.solve(root @ root.T, middle)))
    assert found == pytest.approx(best, abs=0.01)  # two standard errors


@pytest.mark.parametrize("n", [120, 600])
def test_the_shrinkage_is_that_of_a_search_by_scikit_learn(n: int) -> None:
    vectors, truth, owner = samples(4, n, 24)
    vectors = vectors[:, :-1]
    _, shrinkage = fit_lda(vectors.copy(), truth, owner, np.random.default_rng(5))
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    draws = inner_draws(owner, truth, np.random.default_rng(5))
    scores = {}
    for tried in SHRINKAGES:
        predicted = np.empty((len(draws), n), int)
        for row, inner in zip(predicted, draws, strict=True):
            for held in (inner == part for part in range(inner.max() + 1)):
                model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=tried)
                row[held] = model.fit(scaled[~held], truth[~held]).predict(scaled[held])
        scores[tried] = f1_score(np.tile(truth, len(draws)), predicted.ravel(), average="macro")
    assert scores[shrinkage] == pytest.approx(max(scores.values()), abs=0.005)  # a sample on the border


def test_of_many_samples_the_shrinkage_is_chosen_on_some(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, truth, owner = samples(3, 2000)
    monkeypatch.setattr(lda, "SEARCH_SAMPLES", 400)
    predictor, shrinkage = fit_lda(vectors.copy(), truth, owner, np.random.default_rng(0))
    scaled = StandardScaler().fit_transform(vectors.astype(np.float64))
    model = LinearDiscriminantAnalysis(solver="lsqr", shrinkage=shrinkage).fit(scaled, truth)
    assert isinstance(predictor, DensePredictor)
    found = predictor.probabilities(vectors, 3).argmax(axis=1)
    assert (found == model.predict(scaled)).mean() > 0.998  # all of them are fitted


def test_numbers_are_refused_in_one_line() -> None:
    check_kinds(["linear", "lda"], "classification", "labels.csv")
    said = "--probe lda tells classes apart, and gait.csv has numbers: use --probe linear or mlp"
    with pytest.raises(UsageError, match=said):
        check_kinds(["linear", "lda"], "regression", "gait.csv")
