"""Scores of predictions, each computed at once for many weightings of the participants.

`weights` is (m, P): how often each participant counts in each of m evaluations (`participant_weights`). Every
score is name -> (m,) float64, NaN where it is undefined. `roc` has the areas under curves.
"""

import numpy as np

_CHUNK = 4_000_000  # numbers a block of replicates may hold


def classification_scores(
    weights: np.ndarray, truth: np.ndarray, predicted: np.ndarray, participants: np.ndarray, classes: int
) -> dict[str, np.ndarray]:
    """Return macro-F1 (over the classes that are true or predicted), balanced accuracy and Cohen's kappa.

    Definitions are those of scikit-learn.

    Args:
        weights: (m, P), how often each participant counts.
        truth: (n,) class codes.
        predicted: (n,) class codes.
        participants: (n,) codes.
        classes: How many classes there are.

    Returns:
        Each score (m,).
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
    """Return the counts of true and predicted classes of each participant.

    Args:
        truth: (n,) class codes.
        predicted: (n,) class codes.
        participants: (n,) codes.
        classes: How many classes there are.
        people: How many participants there are.

    Returns:
        (people, classes, classes): participant, truth, predicted.
    """
    cell = (participants * classes + truth) * classes + predicted
    counts = np.bincount(cell, minlength=people * classes * classes)
    return counts.reshape(people, classes, classes).astype(float)


def f1_by_class(matrix: np.ndarray) -> np.ndarray:
    """Return the F1 of each class.

    Args:
        matrix: Counts (..., classes, classes): truth, predicted.

    Returns:
        (..., classes); NaN for a class that is neither true nor predicted.
    """
    hits = np.diagonal(matrix, axis1=-2, axis2=-1)
    return ratio(2 * hits, matrix.sum(-1) + matrix.sum(-2))


def _confusion_scores(matrix: np.ndarray) -> dict[str, np.ndarray]:
    """Return the scores of confusion matrices (m, classes, classes)."""
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
    """Return r, MAE, RMSE and R2; with `agreement` also ICC(2,1), and Bland and Altman's bias and limits.

    The bias is the mean of predicted - truth. The limits are the bias -+ 1.96 standard deviations (Bland &
    Altman, Lancet 1986).

    Args:
        weights: (m, P), how often each participant counts.
        truth: (n,) float64.
        predicted: (n,) float64.
        participants: (n,) codes.
        agreement: Also score ICC and limits of agreement.

    Returns:
        Each score (m,).
    """
    centre = truth.mean()  # sums of squares about the mean lose no digits
    t, p = truth - centre, predicted - centre
    error = p - t
    columns = (np.ones_like(t), t, p, t * t, p * p, t * p, np.abs(error), error * error)
    people = weights.shape[1]
    by_person = np.stack([np.bincount(participants, weights=c, minlength=people) for c in columns], axis=1)
    n, st, sp, stt, spp, stp, absolute, squared = (weights @ by_person).T
    var_t, var_p = stt - ratio(st * st, n), spp - ratio(sp * sp, n)
    cov = stp - ratio(st * sp, n)
    # A constant has no correlation: its sums leave only rounding errors.
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
    """Return ICC(2,1): two-way random, absolute agreement (Shrout & Fleiss 1979).

    Args:
        ratings: (n, raters).

    Returns:
        The ICC.
    """
    ratings = ratings - ratings.mean()
    total = ratings.sum(axis=1)
    n = np.array(float(len(ratings)))
    return float(_icc(n, ratings.sum(axis=0), (total**2).sum(), (ratings**2).sum()))


def _icc(n: np.ndarray, columns: np.ndarray, rows_squared: np.ndarray, squared: np.ndarray) -> np.ndarray:
    """Return the ICC from sums: n (...), each rater's sum (..., k), of squared row sums, and of squares."""
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
    """Return the quotient, NaN where the divisor is 0.

    Args:
        above: The dividend.
        below: The divisor.

    Returns:
        above / below.
    """
    defined = np.asarray(below) != 0
    return np.asarray(np.divide(above, below, out=np.full(np.shape(below), np.nan), where=defined))


def mean_defined(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of the values that are not NaN.

    Args:
        values: (..., n).

    Returns:
        (...); NaN where no value is defined.
    """
    defined = np.isfinite(values)
    return ratio(np.where(defined, values, 0).sum(-1), defined.sum(-1).astype(float))
