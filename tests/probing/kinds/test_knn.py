"""The kNN probe against loops and scikit-learn, its k against a search by hand, its size and its memory."""

import numpy as np
import pytest
from sklearn.metrics import f1_score
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.preprocessing import StandardScaler

from wearcli.probing.folds import inner_draws
from wearcli.probing.kinds import knn, neighbours
from wearcli.probing.kinds.kind import Training
from wearcli.probing.kinds.knn import NEIGHBOURS, NeighbourPredictor, fit_knn
from wearcli.probing.kinds.neighbours import SHARPNESS, log_votes, nearest, unit, votes, weighted_mean


def samples(n: int = 360, classes: int = 3) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(n)
    truth = np.minimum(rng.integers(classes + 1, size=n), classes - 1)
    vectors = rng.normal(size=(n, 7)) * [1, 2, 3, 4, 5, 1, 0] + 5
    vectors[:, :classes] += 2 * np.eye(classes)[truth]
    return vectors.astype(np.float32), truth, np.arange(n) % 9


def training(vectors: np.ndarray, truth: np.ndarray, owner: np.ndarray, seed: int = 0) -> Training:
    rng = np.random.default_rng(seed)
    return Training(vectors.copy(), truth, owner, rng, classify=truth.ndim == 1)


def fitted(one: Training) -> list[NeighbourPredictor]:
    predictors = [fit.predictor for fit in fit_knn(one)]
    assert all(isinstance(predictor, NeighbourPredictor) for predictor in predictors)
    return predictors  # type: ignore[return-value]


def by_loops(queries: np.ndarray, stored: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
    """A query and a neighbour at a time; of equal cosines the earlier one."""
    rows = np.empty((len(queries), k), int)
    weights = np.empty((len(queries), k))
    for i, query in enumerate(queries):
        cosines = [float(np.dot(query.astype(float), other.astype(float))) for other in stored]
        order = sorted(range(len(stored)), key=lambda j: (-cosines[j], j))[:k]
        rows[i] = order
        weights[i] = [np.exp((cosines[j] - cosines[order[0]]) / SHARPNESS) for j in order]
    return rows, weights


@pytest.mark.parametrize("k", [1, 4, 30, 60])
def test_neighbours_are_those_of_a_loop_in_parts_of_any_size(k: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(k)
    queries, stored = unit(rng.normal(size=(25, 6))), unit(rng.normal(size=(60, 6)))
    wanted, weights = by_loops(queries, stored, k)
    for block in (1, 60 * 7, 10**6):
        monkeypatch.setattr(neighbours, "_BLOCK", block)
        parts = list(nearest(queries, stored, k))
        assert max(len(rows) for rows, _ in parts) == min(25, max(1, block // 60))
        np.testing.assert_array_equal(np.concatenate([rows for rows, _ in parts]), wanted)
        np.testing.assert_allclose(np.concatenate([some for _, some in parts]), weights, rtol=1e-4)


def test_what_neighbours_vote_for() -> None:
    codes, weights = np.array([[0, 2, 2], [1, 1, 0]]), np.array([[1.0, 0.5, 0.25], [1.0, 0.1, 0.1]])
    np.testing.assert_allclose(votes(codes, weights, 3), [[1, 0, 0.75], [0.1, 1.1, 0]])
    priors = np.array([0.5, 0.3, 0.2])
    wanted = np.array([[1.5, 0.3, 0.95], [0.6, 1.4, 0.2]]) / [[2.75], [2.2]]
    np.testing.assert_allclose(np.exp(log_votes(codes, weights, priors)), wanted)
    values = np.array([[10.0, 20.0, 40.0], [3.0, 3.0, 3.0]])
    np.testing.assert_allclose(weighted_mean(values, weights), [30 / 1.75, 3.0])


def test_votes_are_scikit_learns() -> None:
    vectors, truth, owner = samples()
    (predictor,) = fitted(training(vectors, truth, owner))
    scaled = StandardScaler().fit_transform(vectors[:, :6].astype(np.float64))  # a constant says nothing
    k = predictor.neighbours
    model = KNeighborsClassifier(k, metric="cosine", weights=lambda far: np.exp(-far / SHARPNESS))
    model.fit(scaled, truth)
    new = samples(200)[0]
    queries = StandardScaler().fit(vectors[:, :6].astype(np.float64)).transform(new[:, :6])
    # One vote more, as heavy as the nearest neighbour's, is shared by the frequencies of the classes.
    far = model.kneighbors(queries)[0]
    total = np.exp((far[:, :1] - far) / SHARPNESS).sum(axis=1, keepdims=True)
    wanted = (model.predict_proba(queries) * total + np.bincount(truth) / len(truth)) / (total + 1)
    heated = np.log(predictor.probabilities(new, 3)) * predictor.temperature
    plain = np.exp(heated) / np.exp(heated).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(plain, wanted, atol=0.03)  # vectors are kept in half precision
    assert np.abs(plain - wanted).mean() < 0.002


def test_values_are_scikit_learns() -> None:
    vectors, truth, owner = samples()
    numbers = np.stack([vectors[:, 0] * 3.0, 7.0 - truth], axis=1)
    scaled = StandardScaler().fit_transform(vectors[:, :6].astype(np.float64))
    for target, predictor in enumerate(fitted(training(vectors, numbers, owner))):
        model = KNeighborsRegressor(
            predictor.neighbours, metric="cosine", weights=lambda far: np.exp(-far / SHARPNESS)
        )
        found = model.fit(scaled, numbers[:, target]).predict(scaled)
        np.testing.assert_allclose(predictor.values(vectors), found, atol=0.02 * np.ptp(numbers[:, target]))


@pytest.mark.parametrize("n", [90, 700])
def test_k_is_that_of_a_search_by_hand(n: int) -> None:
    vectors, truth, owner = samples(n)
    (predictor,) = fitted(training(vectors, truth, owner, 3))
    stored = predictor.vectors.astype(np.float32)
    draws = inner_draws(owner, truth, np.random.default_rng(3))
    priors = np.bincount(truth) / n
    predicted = {k: np.empty((len(draws), n), int) for k in NEIGHBOURS}
    for number, inner in enumerate(draws):
        for part in range(inner.max() + 1):
            train, held = np.flatnonzero(inner != part), np.flatnonzero(inner == part)
            rows, weights = by_loops(stored[held], stored[train], min(NEIGHBOURS[-1], len(train)))
            for k in NEIGHBOURS:
                logits = log_votes(truth[train][rows[:, :k]], weights[:, :k], priors)
                predicted[k][number, held] = logits.argmax(axis=1)
    everything = np.tile(truth, len(draws))
    scores = {min(k, n): f1_score(everything, predicted[k].ravel(), average="macro") for k in NEIGHBOURS}
    assert scores[predictor.neighbours] == pytest.approx(max(scores.values()), abs=1e-9)


def test_noise_wants_more_neighbours_than_a_clear_signal() -> None:
    rng = np.random.default_rng(0)
    vectors, owner = rng.normal(size=(600, 3)).astype(np.float32), np.arange(600) % 10
    angle = np.arctan2(vectors[:, 0], vectors[:, 1]).astype(np.float64)
    clear, noisy = np.abs(angle), np.abs(angle) + 3 * rng.normal(size=600)
    few, many = fitted(training(vectors, np.stack([clear, noisy], axis=1), owner))
    assert few.neighbours < many.neighbours


def test_a_probe_stays_small(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors, truth, owner = samples(3000)
    monkeypatch.setattr(knn, "MOST_SAMPLES", 500)
    monkeypatch.setattr(knn, "SEARCH_SAMPLES", 200)
    (predictor,) = fitted(training(vectors, truth, owner))
    assert predictor.vectors.shape == (500, 7)
    assert predictor.vectors.dtype == np.float16
    assert sum(one.nbytes for one in predictor.arrays().values()) < 500 * (7 * 2 + 8) + 500
    assert (predictor.probabilities(vectors, 3).argmax(axis=1) == truth).mean() > 0.6
    (again,) = fitted(training(vectors, truth, owner))
    np.testing.assert_array_equal(again.vectors, predictor.vectors)
