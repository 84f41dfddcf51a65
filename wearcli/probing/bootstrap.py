"""Intervals over participants.

Every score here is a function of sums over participants. The score over everybody, that of one fold and that
of a bootstrap draw therefore differ only in how often each participant counts: all are rows of one weight
matrix.
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
    """Return how often each participant counts: overall, in each fold, and in each bootstrap draw.

    Args:
        person_fold: (P,) the fold in which each participant is held out.
        n_folds: How many folds there are.
        draws: How many bootstrap draws, each of as many people as there are, with replacement.
        rng: Generator of the draws.
        person: (P,) codes of people, where a person is held out in several folds and has a column in each;
            all columns of a person are drawn together. None: each column is a person.

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
    """Return a score with its interval and the score of each fold.

    Args:
        values: The score at the rows of `participant_weights`, (1 + folds + draws,).
        folds: How many folds there are.

    Returns:
        `mean`: the score over all held-out predictions pooled. `low` and `high`: its 95 % percentile interval
        over participants, None where fewer than half of the draws define the score. `folds`: the score of
        each fold.
    """
    low, high = interval(values[1 + folds :])
    return {
        "mean": number(values[0]),
        "low": low,
        "high": high,
        "folds": [number(v) for v in values[1 : 1 + folds]],
    }


def interval(draws: np.ndarray) -> tuple[float | None, float | None]:
    """Return the 2.5 and 97.5 percentiles of the finite draws.

    Args:
        draws: A score in each bootstrap draw (draws,).

    Returns:
        The two percentiles, both None where fewer than half of the draws are finite.
    """
    finite = draws[np.isfinite(draws)]
    if not len(finite) or len(finite) < len(draws) / 2:
        return None, None
    low, high = np.percentile(finite, [2.5, 97.5])
    return number(low), number(high)


def number(value: float) -> float | None:
    """Return a float of six decimals for JSON.

    Args:
        value: A number.

    Returns:
        The rounded number, None where it is not finite.
    """
    return round(float(value), 6) if np.isfinite(value) else None
