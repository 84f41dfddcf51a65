"""L2 multinomial logistic regression by L-BFGS, the penalty chosen by participant.

The penalty `l2` is per sample (mean loss + l2 / 2 * |weights|^2), so that one value means the same for few
samples and for many; scikit-learn's C is 1 / (l2 * n). Of many samples the penalty is chosen on some, and the
fit of all begins from theirs.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import f1_score

from wearcli.probing.calibration import fit_temperature
from wearcli.probing.folds import inner_draws
from wearcli.probing.kinds.dense import DensePredictor, single_class
from wearcli.probing.standardise import standardise

LOGISTIC_L2 = tuple((10.0 ** np.arange(0, -5.5, -0.5)).tolist())  # strongest first
PATIENCE = 3  # weaker penalties that may do worse before the search ends
SEARCH_SAMPLES = 50_000  # of which the penalty is chosen: more do not change the choice, and cost by number
DEFAULT_L2 = 1e-2  # where one participant alone leaves nothing to choose by


def fit_logistic(
    vectors: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[DensePredictor, float]:
    """Fit a logistic regression.

    The penalty is the one with the best macro-F1 over the held-out predictions of inner folds by participant
    (of equals the strongest). The search ends when `PATIENCE` weaker ones in a row did worse. The temperature
    is of the same predictions. Both are chosen on `SEARCH_SAMPLES` where there are more.

    Args:
        vectors: (n, D) float32; they are standardised in place.
        truth: (n,) class codes.
        participants: (n,) names or codes.
        rng: Draws the inner folds.

    Returns:
        The predictor, and the penalty.
    """
    mean, scale = standardise(vectors)
    classes, codes = np.unique(truth, return_inverse=True)
    if len(classes) == 1:
        return single_class(mean, scale, classes), DEFAULT_L2
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
    return DensePredictor(mean, scale, (layer,), classes, temperature), l2


def _choose_logistic(
    values: np.ndarray, codes: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """The penalty, and the temperature of the inner folds' held-out predictions with it."""
    inner = inner_draws(participants, codes, rng)
    if not inner:
        return DEFAULT_L2, 1.0
    draws = len(inner)
    # The number of the draw, and who is held out.
    helds = [(draw, fold == part) for draw, fold in enumerate(inner) for part in range(fold.max() + 1)]
    starts: list[LogisticRegression | None] = [None] * len(helds)
    best, best_score, worse = DEFAULT_L2, -1.0, 0
    best_logits = np.empty((0, 0))
    truth = np.tile(codes, draws)
    for l2 in LOGISTIC_L2:
        logits = np.full((draws, len(codes), int(codes.max()) + 1), -np.inf)
        for number, (draw, held) in enumerate(helds):
            present = np.unique(codes[~held])
            if len(present) == 1:
                logits[draw, held, present[0]] = 0
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
    """A fit that begins from the weights of `start` (the search goes from strong to weak)."""
    model = start or LogisticRegression(solver="lbfgs", max_iter=300, warm_start=True)
    model.set_params(C=1 / (l2 * len(codes)), tol=tolerance)
    return model.fit(values, codes)


def _logits(model: LogisticRegression) -> tuple[np.ndarray, np.ndarray]:
    """Weights (D, classes) and bias (classes,) whose softmax is the model's probability."""
    if len(model.classes_) == 2:  # scikit-learn keeps one row, for a sigmoid
        half, bias = model.coef_[0] / 2, model.intercept_[0] / 2
        return np.stack([-half, half], axis=1), np.array([-bias, bias])
    return model.coef_.T, model.intercept_
