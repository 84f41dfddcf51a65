import numpy as np
import pytest
from scipy import stats
from sklearn import metrics as sk

from wearcli.probing.bootstrap import interval, participant_weights, summary
from wearcli.probing.metrics import classification_scores, icc_2_1, regression_scores
from wearcli.probing.roc import auroc


def drawn(weights: np.ndarray, owner: np.ndarray) -> np.ndarray:
    """The samples that a row of weights stands for, repeated as often as their participant counts."""
    rows = [np.flatnonzero(owner == person) for person in range(len(weights))]
    return np.concatenate([np.tile(r, int(w)) for r, w in zip(rows, weights, strict=True)])


@pytest.fixture(scope="module")
def people() -> tuple[np.ndarray, np.ndarray]:
    """Owners of 300 samples of 9 people, and weights: all, 3 folds, 60 draws."""
    rng = np.random.default_rng(5)
    owner = np.sort(rng.integers(9, size=300))
    weights = participant_weights(np.arange(9) % 3, 3, 60, rng)
    return owner, weights


def test_weights_are_everybody_the_folds_and_draws_with_replacement() -> None:
    fold_of = np.array([0, 1, 1, 2])
    weights = participant_weights(fold_of, 3, 4000, np.random.default_rng(0))
    assert weights[:4].tolist() == [[1, 1, 1, 1], [1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert (weights[4:].sum(axis=1) == 4).all()
    np.testing.assert_allclose(weights[4:].mean(axis=0), 1, atol=0.06)
    assert weights[4:].var() == pytest.approx(0.75, abs=0.03)  # binomial(4, 1/4)


@pytest.mark.parametrize("classes", [2, 5])
def test_classification_scores_are_scikit_learns_for_every_weighting(people: tuple, classes: int) -> None:
    owner, weights = people
    rng = np.random.default_rng(classes)
    truth = rng.integers(classes, size=len(owner))
    truth[owner < 2] %= 2  # some draws and folds lack classes
    chance = rng.dirichlet(np.ones(classes), size=len(owner)).round(2)  # with ties
    chance[np.arange(len(truth)), truth] += 0.3
    predicted = chance.argmax(axis=1)
    scores = classification_scores(weights, truth, predicted, owner, classes)
    area = auroc(weights, truth, chance, owner)
    for row, weight in enumerate(weights):
        rows = drawn(weight, owner)
        t, p, c = truth[rows], predicted[rows], chance[rows]
        assert scores["macro_f1"][row] == pytest.approx(sk.f1_score(t, p, average="macro"))
        assert scores["balanced_accuracy"][row] == pytest.approx(
            np.mean([np.mean(p[t == k] == k) for k in np.unique(t)])
        )
        assert scores["kappa"][row] == pytest.approx(sk.cohen_kappa_score(t, p))
        if classes == 2:
            expected = sk.roc_auc_score(t, c[:, 1])
        else:
            expected = np.mean([sk.roc_auc_score(t == k, c[:, k]) for k in np.unique(t)])
        assert area[row] == pytest.approx(expected)


def test_regression_scores_are_the_closed_forms_for_every_weighting(people: tuple) -> None:
    owner, weights = people
    rng = np.random.default_rng(2)
    truth = 1e4 + rng.normal(size=len(owner))
    predicted = truth + rng.normal(size=len(owner)) * 0.5 + 0.1
    scores = regression_scores(weights, truth, predicted, owner, True)
    for row, weight in enumerate(weights):
        rows = drawn(weight, owner)
        t, p = truth[rows], predicted[rows]
        error = p - t
        assert scores["r"][row] == pytest.approx(stats.pearsonr(t, p)[0])
        assert scores["mae"][row] == pytest.approx(sk.mean_absolute_error(t, p))
        assert scores["rmse"][row] == pytest.approx(np.sqrt(np.mean(error**2)))
        assert scores["r2"][row] == pytest.approx(sk.r2_score(t, p))
        assert scores["icc"][row] == pytest.approx(icc_2_1(np.stack([t, p], axis=1)))
        assert scores["bias"][row] == pytest.approx(error.mean())
        assert scores["loa_low"][row] == pytest.approx(error.mean() - 1.96 * error.std(ddof=1))
        assert scores["loa_high"][row] == pytest.approx(error.mean() + 1.96 * error.std(ddof=1))


def test_icc_is_the_published_one() -> None:
    # Shrout & Fleiss 1979, table 2: six targets, four judges; table 4: ICC(2,1) = .29.
    ratings = [[9, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    assert icc_2_1(np.array(ratings, float)) == pytest.approx(0.2898, abs=5e-5)


def test_icc_by_mean_squares() -> None:
    rng = np.random.default_rng(3)
    x = rng.normal(size=(20, 1)) + 0.4 * rng.normal(size=(20, 3)) + [0, 0.5, 1]
    n, k = x.shape
    rows, raters, grand = x.mean(axis=1), x.mean(axis=0), x.mean()
    msr = k * ((rows - grand) ** 2).sum() / (n - 1)
    msc = n * ((raters - grand) ** 2).sum() / (k - 1)
    mse = ((x - rows[:, None] - raters + grand) ** 2).sum() / ((n - 1) * (k - 1))
    assert icc_2_1(x) == pytest.approx((msr - mse) / (msr + (k - 1) * mse + k * (msc - mse) / n))


def test_undefined_scores_are_nan() -> None:
    weights, owner = np.ones((1, 2)), np.array([0, 1, 1])
    same = np.ones(3)
    scores = regression_scores(weights, same, np.array([1.0, 2, 3]), owner, True)
    assert np.isnan([scores["r"][0], scores["r2"][0]]).all()
    assert np.isnan(regression_scores(weights, np.array([1.0, 2, 3]), same * 0.1, owner, False)["r"][0])
    alone = np.zeros(3, int)
    assert np.isnan(auroc(weights, alone, np.full((3, 2), 0.5), owner)[0])
    assert np.isnan(classification_scores(weights, alone, alone, owner, 2)["kappa"][0])


def test_the_interval_is_the_percentile_of_the_draws() -> None:
    values = np.concatenate([[0.5, 0.4, np.nan], np.arange(1001) / 1000])
    assert summary(values, 2) == {"mean": 0.5, "low": 0.025, "high": 0.975, "folds": [0.4, None]}
    assert interval(np.array([np.nan, np.nan, 1.0])) == (None, None)


def test_draws_spread_as_the_mean_of_participants_does() -> None:
    # The bias of people with as many samples each is the mean of their own effects; over draws with
    # replacement it has their deviation / sqrt(people). Draws of samples would spread a quarter as far.
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(12), 40)
    effect = rng.normal(size=12)
    error = effect[owner] + rng.normal(size=len(owner))
    weights = participant_weights(np.arange(12) % 5, 5, 8000, rng)
    truth = rng.normal(size=len(owner))
    draws = regression_scores(weights, truth, truth + error, owner, True)["bias"][6:]
    own = np.bincount(owner, weights=error) / 40
    assert draws.mean() == pytest.approx(own.mean(), abs=0.02)
    assert draws.std() == pytest.approx(own.std() / np.sqrt(12), rel=0.03)
    assert draws.std() > 3 * error.std() / np.sqrt(len(owner))


def test_the_interval_covers_the_mean_of_participant_effects() -> None:
    rng = np.random.default_rng(1)
    owner = np.repeat(np.arange(25), 10)
    hits = 0
    for _ in range(300):
        error = 0.3 + rng.normal(size=25)[owner] + 0.5 * rng.normal(size=len(owner))
        weights = participant_weights(np.arange(25) % 5, 5, 300, rng)
        truth = np.arange(len(owner), dtype=float)
        found = summary(regression_scores(weights, truth, truth + error, owner, True)["bias"], 5)
        hits += found["low"] <= 0.3 <= found["high"]  # type: ignore[operator]
    assert 0.87 <= hits / 300 <= 0.98


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    # The mean absolute error of people whose own errors differ: its interval over people holds the
    # population's value in about 95 % of studies (a little under, with 20 people).
    rng = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        owner = np.repeat(np.arange(20), 30)
        spread = rng.uniform(0.5, 1.5, size=20)[owner]
        weights = participant_weights(np.arange(20) % 5, 5, 300, rng)
        truth = np.zeros(len(owner))
        truth[0] = 1e-3  # not constant
        scores = regression_scores(weights, truth, truth + rng.normal(size=len(owner)) * spread, owner, False)
        found = summary(scores["mae"], 5)
        hits += found["low"] <= np.sqrt(2 / np.pi) <= found["high"]  # type: ignore[operator]
    assert 0.86 <= hits / 200 <= 0.99
