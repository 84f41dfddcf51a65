"""Intervals over participants.

Every score here is a function of sums over participants, so the score over everybody, of one fold and of
a bootstrap replicate differ only in how often each participant counts: all are rows of one weight matrix.
"""

import numpy as np

from wearcli.probing.records import Score


def participant_weights(
    person_fold: np.ndarray,
    n_folds: int,
    draws: int,
    rng: np.random.Generator,
    person: np.ndarray | None = None,
) -> np.ndarray:
    """How often each participant counts: in all, in each fold, and in each bootstrap draw.

    Args:
        person_fold: (P,) the fold in which each participant is held out.
        n_folds: How many folds there are.
        draws: Of as many people as there are, with replacement.
        rng: Draws them.
        person: (P,) codes, where people are held out in several folds and have a column in each; a person is
            drawn with all columns.

    Returns:
        (1 + folds + draws, P) float64.
    """
    people = len(person_fold) if person is None else int(person.max()) + 1
    folds = np.arange(n_folds)[:, None] == person_fold
    counts = np.zeros((draws, people))
    np.add.at(counts, (np.arange(draws)[:, None], rng.integers(people, size=(draws, people))), 1)
    counts = counts if person is None else counts[:, person]
    return np.concatenate([np.ones((1, len(person_fold))), folds.astype(float), counts])


def summary(values: np.ndarray, folds: int) -> Score:
    """`{mean, low, high, folds}` of a score at the rows of `participant_weights`.

    mean: the score over all held-out predictions pooled. low, high: its 95 % percentile interval over
    participants, None where fewer than half of the draws define the score. folds: each fold's own score.
    """
    low, high = interval(values[1 + folds :])
    return {
        "mean": number(values[0]),
        "low": low,
        "high": high,
        "folds": [number(v) for v in values[1 : 1 + folds]],
    }


def interval(draws: np.ndarray) -> tuple[float | None, float | None]:
    """The 2.5 and 97.5 percentiles of the draws that are finite."""
    finite = draws[np.isfinite(draws)]
    if not len(finite) or len(finite) < len(draws) / 2:
        return None, None
    low, high = np.percentile(finite, [2.5, 97.5])
    return number(low), number(high)


def number(value: float) -> float | None:
    """A float of six decimals for JSON, None where it is not finite."""
    return round(float(value), 6) if np.isfinite(value) else None
