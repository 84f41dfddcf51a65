"""Calibration: whether predictions with 70 % are right in 70 of 100 cases, and how they become so.

The logits of a probe are divided by one number, its temperature (Guo et al., ICML 2017, section 4.2). It is
the one with the least log loss on people held out inside the training folds. For the linear probe these are
the inner folds that chose the penalty; for the MLP they are the fifth that chose the epoch. So the people
whose probabilities score the calibration have no part in the temperature. The predicted class does not
change.
"""

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import logsumexp

from wearcli.probing.metrics import ratio
from wearcli.probing.records import ConfidenceBin

BINS = 15  # bins of confidence, all of one width, like Guo et al.
_RANGE = (np.log(0.05), np.log(20.0))


def fit_temperature(logits: np.ndarray, truth: np.ndarray) -> float:
    """Return the temperature of the least log loss (Guo et al. 2017).

    Args:
        logits: (n, classes), -inf for a class that the fit never saw. Samples of such a class do not count.
        truth: (n,) class codes.

    Returns:
        The temperature; 1 where no sample counts.
    """
    seen = np.isfinite(logits[np.arange(len(truth)), truth])
    logits, truth = logits[seen], truth[seen]
    if not len(truth):
        return 1.0
    own = logits[np.arange(len(truth)), truth]

    def loss(log_temperature: float) -> float:
        heat = np.exp(log_temperature)
        return float((logsumexp(logits / heat, axis=1) - own / heat).mean())

    best = minimize_scalar(loss, bounds=_RANGE, method="bounded", options={"xatol": 1e-4})
    return float(np.exp(best.x))


def calibration_scores(
    weights: np.ndarray, truth: np.ndarray, probabilities: np.ndarray, participants: np.ndarray
) -> dict[str, np.ndarray]:
    """Return the Brier score and the expected calibration error for weightings of the participants.

    Args:
        weights: (m, P), how often each participant counts.
        truth: (n,) class codes.
        probabilities: (n, classes).
        participants: (n,) codes.

    Returns:
        `brier` (m,): the mean squared distance to the true class, over all classes (Brier 1950), 0 to 2.
        `ece` (m,): |accuracy - confidence| of the predicted class in `BINS` bins, each weighted by its
        samples (Guo et al. 2017, equation 3).
    """
    people = weights.shape[1]
    own = probabilities[np.arange(len(truth)), truth]
    squared = np.einsum("nc,nc->n", probabilities, probabilities) - 2 * own + 1
    counts = np.bincount(participants, minlength=people)
    total = weights @ counts
    brier = ratio(weights @ np.bincount(participants, weights=squared, minlength=people), total)
    confidence, hit, bins_by_sample = _confidence(truth, probabilities)
    cell = participants * BINS + bins_by_sample
    gaps = np.bincount(cell, weights=hit - confidence, minlength=people * BINS).reshape(people, BINS)
    return {"brier": brier, "ece": ratio(np.abs(weights @ gaps).sum(axis=1), total)}


def reliability(truth: np.ndarray, probabilities: np.ndarray) -> list[ConfidenceBin]:
    """Return the mean confidence, the accuracy and the number of samples of each bin of confidence.

    Args:
        truth: (n,) class codes.
        probabilities: (n, classes).

    Returns:
        The bins that have samples, by confidence.
    """
    confidence, hit, bins_by_sample = _confidence(truth, probabilities)
    bins: list[ConfidenceBin] = []
    for number in np.unique(bins_by_sample):
        members = bins_by_sample == number
        bins.append(
            {
                "confidence": round(float(confidence[members].mean()), 6),
                "accuracy": round(float(hit[members].mean()), 6),
                "samples": int(members.sum()),
            }
        )
    return bins


def _confidence(truth: np.ndarray, probabilities: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the probability of each sample's predicted class, whether it is true, and its bin."""
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities[np.arange(len(truth)), predicted]
    bins_by_sample = np.clip(np.ceil(confidence * BINS).astype(np.int64) - 1, 0, BINS - 1)
    return confidence, (predicted == truth).astype(float), bins_by_sample
