"""Scores of predictions, each computed at once for many weightings of the participants.

weights: (m, P), how often each participant counts in each of m evaluations (`participant_weights`).
Every function returns name -> (m,) float64, NaN where a score is undefined. `roc` has the areas under curves.
"""

import numpy as np

_CHUNK = 4_000_000  # numbers a block of replicates may hold


def classification_scores(
    weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray, participants: np.ndarray, classes: int
) -> dict[str, np.ndarray]:
    """Macro-F1 (over the classes that are true or predicted), balanced accuracy, Cohen's kappa.

    truth, predicted, participants: (n,) codes. Definitions as in scikit-learn.
    """
    by_person = confusion(truth, predicted, participants, classes, weights.shape[1]).reshape(
        -1, classes * classes
    )
    rows = max(1, _CHUNK // classes**2)
    parts = [
        _confusion_scores((weights[i : i + rows] @ by_person).reshape(-1, classes, classes))
        for i in range(0, len(weights), rows)
    ]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def confusion(
    truth: np.ndarray, predicted: np.ndarray, participants: np.ndarray, classes: int, people: int
) -> np.ndarray:
    """(people, classes, classes) counts: participant, truth, predicted."""
    cell = (participants * classes + truth) * classes + predicted
    counts = np.bincount(cell, minlength=people * classes * classes)
    return counts.reshape(people, classes, classes).astype(float)


def f1_by_class(matrix: np.ndarray) -> np.ndarray:
    """(..., classes) F1 of (..., classes, classes) counts; NaN for a class neither true nor predicted."""
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return ratio(2 * hits, matrix.sum(-1) + matrix.sum(-2))


def _confusion_scores(matrix: np.ndarray) -> dict[str, np.ndarray]:
    true, guessed = matrix.sum(2), matrix.sum(1)
    total = true.sum(1)
    hits = np.diagonal(matrix, axis1=1, axis2=2)
    observed = ratio(hits.sum(1), total)
    expected = ratio((true * guessed).sum(1), total**2)
    return {
        "macro_f1": mean_defined(f1_by_class(matrix)),
        "balanced_accuracy": mean_defined(ratio(hits, true)),
        "kappa": ratio(observed - expected, 1 - expected),
    }


def regression_scores(
    weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray, participants: np.ndarray, agreement: bool
) -> dict[str, np.ndarray]:
    """r, MAE, RMSE, R2; with `agreement` also ICC(2,1), and Bland and Altman's bias and limits.

    truth, predicted: (n,) float64. bias is the mean of predicted - truth, the limits bias -+ 1.96 standard
    deviations (Bland & Altman, Lancet 1986).
    """
    centre = truth.mean()  # sums of squares about it lose no digits
    t, p = truth - centre, predicted - centre
    error = p - t
    columns = (np.ones_like(t), t, p, t * t, p * p, t * p, np.abs(error), error * error)
    people = weights.shape[1]
    by_person = np.stack([np.bincount(participants, weights=c, minlength=people) for c in columns], axis=1)
    n, st, sp, stt, spp, stp, absolute, squared = (weights @ by_person).T
    var_t, var_p = stt - ratio(st * st, n), spp - ratio(sp * sp, n)
    cov = stp - ratio(st * sp, n)
    # A constant has no correlation; what its sums leave is rounding.
    var_t = np.where(var_t > 1e-12 * np.maximum(stt, 1e-300), var_t, np.nan)
    var_p = np.where(var_p > 1e-12 * np.maximum(spp, 1e-300), var_p, np.nan)
    scores = {
        "r": cov / np.sqrt(var_t * var_p),
        "mae": ratio(absolute, n),
        "rmse": np.sqrt(ratio(squared, n)),
        "r2": 1 - squared / var_t,
    }
    if agreement:
        bias = ratio(sp - st, n)
        deviation = np.sqrt(np.maximum(ratio(squared - n * bias**2, np.maximum(n - 1, 0)), 0))
        scores["icc"] = _icc(n, np.stack([st, sp], axis=-1), stt + spp + 2 * stp, stt + spp)
        scores |= {"bias": bias, "loa_low": bias - 1.96 * deviation, "loa_high": bias + 1.96 * deviation}
    return scores


def icc_2_1(ratings: np.ndarray) -> float:
    """ICC(2,1) of (n, raters) ratings: two-way random, absolute agreement (Shrout & Fleiss 1979)."""
    ratings = ratings - ratings.mean()
    total = ratings.sum(axis=1)
    n = np.array(float(len(ratings)))
    return float(_icc(n, ratings.sum(axis=0), (total**2).sum(), (ratings**2).sum()))


def _icc(n: np.ndarray, columns: np.ndarray, rows_squared: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """From sums: n (...), each rater's sum (..., k), the sum of squared row sums, the sum of squares."""
    k = columns.shape[-1]
    correction = ratio(columns.sum(-1) ** 2, n * k)
    between_rows = rows_squared / k - correction
    between_raters = ratio((columns**2).sum(-1), n) - correction
    rest = squared - correction - between_rows - between_raters
    degrees = np.maximum(n - 1, 0)
    ms_rows, ms_raters, ms_rest = (
        ratio(between_rows, degrees),
        between_raters / (k - 1),
        ratio(rest, degrees * (k - 1)),
    )
    return ratio(ms_rows - ms_rest, ms_rows + (k - 1) * ms_rest + k * ratio(ms_raters - ms_rest, n))


def ratio(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Above / below, NaN where below is 0."""
    defined = np.asarray(below) != 0
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=defined))


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    defined = np.isfinite(values)
    return ratio(np.where(defined, values, 0).sum(-1), defined.sum(-1).astype(float))
