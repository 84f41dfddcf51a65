"""Linear probes: L2 logistic regression and ridge regression, the penalty chosen by participant.

The penalty `l2` is per sample (mean loss + l2 / 2 * |weights|^2), so that one value means the same for few
samples and for many; scikit-learn's C is 1 / (l2 * n), its ridge alpha l2 * n. The solver of the logistic
regression is L-BFGS: of many samples the penalty is chosen on some, and the fit of all begins from theirs.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from wearcli.probing.calibration import fit_temperature
from wearcli.probing.folds import participant_folds
from wearcli.probing.predictor import Predictor, standardise
from wearcli.probing.ridge import errors_of_products, products, ridge_of_few, ridge_of_products

INNER_FOLDS = 3
# Of few samples one draw of inner folds tells penalties apart by chance: as many draws as make this many
# predictions, within reason.
DRAWN_SAMPLES, MOST_DRAWS = 500, 5
RIDGE_INNER_FOLDS = 10  # cheap, and steadier where participants are few
LOGISTIC_L2 = tuple((10.0 ** np.arange(0, -5.5, -0.5)).tolist())  # strongest first
RIDGE_L2 = tuple((10.0 ** np.arange(3, -4.5, -0.5)).tolist())
PATIENCE = 3  # weaker penalties that may do worse before the search ends
SEARCH_SAMPLES = 50_000  # of which the penalty is chosen: more do not change the choice, and cost by number
DEFAULT_L2 = 1e-2  # where one participant alone leaves nothing to choose by


def fit_logistic(
    vectors: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[Predictor, float]:
    """Multinomial logistic regression and the penalty chosen for it.

    vectors: (n, D) float32, which are standardised where they lie; truth: (n,) class codes, participants:
    (n,) names or codes. The penalty is the one with the best macro-F1 over the held-out predictions of inner
    folds by participant, which of few samples are drawn several times (of equals the strongest); the search
    ends when `PATIENCE` weaker ones in a row did worse. The temperature is of the same predictions. Both are
    of `SEARCH_SAMPLES` where there are more.
    """
    mean, scale = standardise(vectors)
    classes, codes = np.unique(truth, return_inverse=True)
    if len(classes) == 1:
        layer = (np.zeros((vectors.shape[1], 1), np.float32), np.zeros(1, np.float32))
        return Predictor(mean, scale, (layer,), classes), DEFAULT_L2
    start = None
    if len(codes) > SEARCH_SAMPLES:
        some = np.sort(rng.choice(len(codes), SEARCH_SAMPLES, replace=False))
        values = vectors[some]
        l2, temperature = _choose_logistic(values, codes[some], participants[some], rng)
        if len(np.unique(codes[some])) == len(classes):
            start = _logistic(values, codes[some], l2, 1e-3)
    else:
        l2, temperature = _choose_logistic(vectors, codes, participants, rng)
    weights, bias = _logits(_logistic(vectors, codes, l2, 1e-4, start))
    layer = (weights.astype(np.float32), bias.astype(np.float32))
    return Predictor(mean, scale, (layer,), classes, temperature), l2


def fit_ridge(
    vectors: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[Predictor, np.ndarray]:
    """Ridge regression of each target, and its penalty: that of the least squared error over inner folds.

    vectors: (n, D) float32, which are standardised where they lie; truth: (n, targets) float64, participants:
    (n,) names or codes. The targets share the folds and what is costly, not the penalty: (targets,).
    """
    mean, scale = standardise(vectors)
    level = truth.mean(axis=0)
    l2 = np.full(truth.shape[1], DEFAULT_L2)
    inner = inner_folds(participants, None, rng, RIDGE_INNER_FOLDS)
    tried = np.array(RIDGE_L2)[:, None]
    if vectors.shape[0] < vectors.shape[1]:
        values, goal = vectors.astype(np.float64), truth - level
        if inner is not None:
            errors = np.zeros((len(tried), len(l2)))
            for held in (inner == fold for fold in range(inner.max() + 1)):
                weights, bias = ridge_of_few(values[~held], goal[~held], tried)
                predicted = np.tensordot(values[held], weights, axes=1) + bias
                errors += np.square(predicted - goal[held, None]).sum(axis=0)
            l2 = tried[errors.argmin(axis=0), 0]
        weights, bias = ridge_of_few(values, goal, l2[None])
    else:
        folds = np.zeros(len(vectors), np.int64) if inner is None else inner
        parts = [products(vectors, truth - level, folds == fold) for fold in range(folds.max() + 1)]
        whole = np.sum(parts, axis=0)
        if inner is not None:
            tries = [ridge_of_products(whole - part, len(l2), tried) for part in parts]
            found = [errors_of_products(part, *fit) for part, fit in zip(parts, tries, strict=True)]
            l2 = tried[np.sum(found, axis=0).argmin(axis=0), 0]
        weights, bias = ridge_of_products(whole, len(l2), l2[None])
    layer = (weights[:, 0].astype(np.float32), (bias[0] + level).astype(np.float32))
    return Predictor(mean, scale, (layer,)), l2


def inner_folds(
    participants: np.ndarray, truth: np.ndarray | None, rng: np.random.Generator, folds: int = INNER_FOLDS
) -> np.ndarray | None:
    """The inner fold of each training sample, by participant; None where there is only one participant."""
    people, codes = np.unique(participants, return_inverse=True)
    if len(people) < 2:
        return None
    return participant_folds(codes, truth, min(folds, len(people)), rng)


def _choose_logistic(
    values: np.ndarray, codes: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """The penalty, and the temperature of the inner folds' held-out predictions with it."""
    draws = int(np.clip(DRAWN_SAMPLES // len(codes), 1, MOST_DRAWS))
    helds: list[tuple[int, np.ndarray]] = []  # the draw, and who is held out
    for draw in range(draws):
        inner = inner_folds(participants, codes, rng)
        if inner is None:
            return DEFAULT_L2, 1.0
        helds += [(draw, inner == fold) for fold in range(inner.max() + 1)]
    starts: list[LogisticRegression | None] = [None] * len(helds)
    best, best_score, worse = DEFAULT_L2, -1.0, 0
    best_logits = np.empty((0, 0))
    truth = np.tile(codes, draws)
    for l2 in LOGISTIC_L2:
        logits = np.full((draws, len(codes), int(codes.max()) + 1), -np.inf)
        for number, (draw, held) in enumerate(helds):
            known = np.unique(codes[~held])
            if len(known) == 1:
                logits[draw, held, known[0]] = 0
                continue
            model = _logistic(values[~held], codes[~held], l2, 1e-3, starts[number])
            starts[number] = model
            weights, bias = _logits(model)
            logits[draw][np.ix_(held, model.classes_)] = values[held] @ weights + bias
        score = f1_score(truth, logits.argmax(axis=2).ravel(), average="macro")
        if score > best_score + 1e-12:
            best, best_score, best_logits, worse = l2, score, logits.reshape(len(truth), -1), 0
        else:
            worse += 1
            if worse == PATIENCE:
                break
    return best, fit_temperature(best_logits, truth)


def _logistic(
    values: np.ndarray,
    codes: np.ndarray,
    l2: float,
    tolerance: float,
    start: LogisticRegression | None = None,
) -> LogisticRegression:
    """Fit, from the weights of `start` where there are some (the search goes from strong to weak)."""
    model = start or LogisticRegression(solver="lbfgs", max_iter=300, warm_start=True)
    model.set_params(C=1 / (l2 * len(codes)), tol=tolerance)
    return model.fit(values, codes)


def _logits(model: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
    """Weights (D, classes) and bias (classes,) whose softmax is the model's probability."""
    if len(model.classes_) == 2:  # scikit-learn keeps one row, for a sigmoid
        half, bias = model.coef_[0] / 2, model.intercept_[0] / 2
        return np.stack([-half, half], axis=1), np.array([-bias, bias])
    return model.coef_.T, model.intercept_
