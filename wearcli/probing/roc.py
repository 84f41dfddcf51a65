"""Areas under the ROC curve, whole and partial, each at once for many weightings of the participants.

`weights` is (m, P): how often each participant counts in each of m evaluations (`participant_weights`).
"""

import numpy as np

from wearcli.probing.metrics import mean_defined, ratio

MAX_FPR = 0.1  # of the partial area, as Abbaspourazad et al. (ICLR 2024, arXiv 2312.05409) report it
_CHUNK = 200_000  # numbers a block of weightings may hold: its arrays stay in the cache
MANY = 200_000  # samples: with more, scores are ranked into steps
STEPS = 1024  # steps of equally many samples: an area changes by less than 1e-4
_CELLS = 100_000_000  # numbers that the counts of all participants and steps may hold
_PAIRS = 100  # pairs of participants that cost as much as a sample on a curve, in each weighting


def auroc(
    weights: np.ndarray, truth: np.ndarray, probabilities: np.ndarray, participants: np.ndarray
) -> np.ndarray:
    """Return the area under the ROC curve.

    For two classes it is the area of the second class. For more classes it is the mean of one against the
    rest, without a class that is absent or alone. With more than `MANY` samples, those within a step of
    scores count as ties.

    Args:
        weights: (m, P), how often each participant counts.
        truth: (n,) class codes.
        probabilities: (n, classes).
        participants: (n,) codes.

    Returns:
        (m,); NaN where there is only one class.
    """
    classes = probabilities.shape[1]
    wanted = [1] if classes == 2 else range(classes)
    area = _by_pairs if weights.shape[1] ** 2 <= _PAIRS * len(truth) else _by_curve
    if _in_steps(weights, truth):
        area = _by_steps
    areas = [area(weights, truth == code, probabilities[:, code], participants) for code in wanted]
    return mean_defined(np.stack(areas, axis=1))


def pauroc(
    weights: np.ndarray, truth: np.ndarray, probabilities: np.ndarray, participants: np.ndarray
) -> np.ndarray:
    """Return the area under the ROC curve for false positive rates up to `MAX_FPR`, for two classes.

    It is the area of the second class, standardised to 0.5 for chance and 1 for the best possible (McClish,
    Medical Decision Making 1989).

    Args:
        weights: (m, P), how often each participant counts.
        truth: (n,) class codes.
        probabilities: (n, 2).
        participants: (n,) codes.

    Returns:
        (m,); NaN where there is only one class.
    """
    by = _by_steps if _in_steps(weights, truth) else _by_curve
    area = by(weights, truth == 1, probabilities[:, 1], participants, MAX_FPR)
    chance = MAX_FPR**2 / 2
    return (1 + (area - chance) / (MAX_FPR - chance)) / 2


def _by_curve(
    weights: np.ndarray, positive: np.ndarray, score: np.ndarray, participants: np.ndarray, limit: float = 1.0
) -> np.ndarray:
    """Return the area (m,) up to the false positive rate `limit`: one sorting, and O(n) for each weighting.

    Samples of one score are one step of the curve. `positive` is (n,) bool, `score` is (n,).
    """
    order = np.argsort(-score, kind="stable")
    owner, up = participants[order], positive[order].astype(float)
    ends = np.flatnonzero(np.diff(score[order], append=-np.inf))  # of steps
    rows = max(1, _CHUNK // len(order))
    areas = []
    for first in range(0, len(weights), rows):
        counted = weights[first : first + rows, owner]
        true = _steps(counted * up, ends)
        false = _steps(counted, ends) - true
        areas.append(_under(true, false, limit))
    return np.concatenate(areas)


def _under(true: np.ndarray, false: np.ndarray, limit: float) -> np.ndarray:
    """Return the area (rows,) under curves of (rows, 1 + steps) true and false positives, up to a rate."""
    run = np.diff(false)
    width = np.diff(np.minimum(false, limit * false[:, -1:]))
    # A step that crosses the limit is cut where its line meets it.
    share = np.divide(width, run, out=np.zeros_like(run), where=run > 0)
    area = (width * (true[:, :-1] + share * np.diff(true) / 2)).sum(axis=1)
    return ratio(area, true[:, -1] * false[:, -1])


def _in_steps(weights: np.ndarray, truth: np.ndarray) -> bool:
    """Return whether samples are so many that they are ranked into steps."""
    return len(truth) > MANY and weights.shape[1] * STEPS <= _CELLS


def _by_steps(
    weights: np.ndarray, positive: np.ndarray, score: np.ndarray, participants: np.ndarray, limit: float = 1.0
) -> np.ndarray:
    """Return the same area for very many samples, from how many of each participant lie in each step."""
    people = weights.shape[1]
    step = np.empty(len(score), np.int64)
    order = np.argsort(-score, kind="stable")
    step[order] = np.arange(len(score)) * STEPS // len(score)
    # Equal scores share the step of the first of them.
    first = np.flatnonzero(np.diff(score[order], prepend=np.inf))
    step[order] = np.repeat(step[order[first]], np.diff(np.append(first, len(score))))
    cell = participants * STEPS + step
    counts = [
        np.bincount(cell[members], minlength=people * STEPS).reshape(people, STEPS).astype(float)
        for members in (positive, ~positive)
    ]
    rows = max(1, 20 * _CHUNK // STEPS)
    areas = []
    for begin in range(0, len(weights), rows):
        true, false = (
            np.pad(np.cumsum(weights[begin : begin + rows] @ counted_by_person, axis=1), ((0, 0), (1, 0)))
            for counted_by_person in counts
        )
        areas.append(_under(true, false, limit))
    return np.concatenate(areas)


def _steps(counted: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return 0 and the cumulative sum of (rows, n) at the end of each step, (rows, 1 + steps)."""
    total = np.cumsum(counted, axis=1)
    return np.pad(total if len(ends) == total.shape[1] else total[:, ends], ((0, 0), (1, 0)))


def _by_pairs(
    weights: np.ndarray, positive: np.ndarray, score: np.ndarray, participants: np.ndarray
) -> np.ndarray:
    """Return the whole area (m,) as a sum over pairs of participants: fast for few people with many samples.

    The positives of one meet the negatives of the other, so that no weighting needs a new ranking.
    """
    people = weights.shape[1]
    owner, above = participants[positive], score[positive]
    wins = np.zeros((people, people))  # of the row's positives over the column's negatives, ties half
    negatives, negative_owner = score[~positive], participants[~positive]
    order = np.lexsort((negatives, negative_owner))
    edges = np.searchsorted(negative_owner[order], np.arange(people + 1))
    for person in range(people):
        members = negatives[order[edges[person] : edges[person + 1]]]
        if len(members):
            beaten = np.searchsorted(members, above) + np.searchsorted(members, above, side="right")
            wins[:, person] = np.bincount(owner, weights=beaten / 2, minlength=people)
    pairs = (weights @ np.bincount(owner, minlength=people)) * (
        weights @ np.bincount(negative_owner, minlength=people)
    )
    return ratio(((weights @ wins) * weights).sum(1), pairs)
