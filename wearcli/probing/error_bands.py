"""How far a regression's prediction may be off for a person that it has not seen.

The band comes from the errors of held-out people alone, each predicted by the probe of the fold that never
saw that person. Every participant has the same weight, because a new person is one more participant and not
one more sample (Dunn, Wasserman & Ramdas, JASA 2023, section 3: pooling the groups' distributions).
"""

import numpy as np

from wearcli.probing.bootstrap import number
from wearcli.probing.records import Band

LEVEL = 0.95


def error_band(errors: np.ndarray, participants: np.ndarray, folds: np.ndarray) -> Band:
    """Return the error band of held-out predictions.

    Args:
        errors: (n,) predicted - truth.
        participants: (n,) codes.
        folds: (n,) codes.

    Returns:
        `half_width`: that of the 95 % band of one sample of a new person. `coverage`: the share of samples,
        each participant with the same weight, that lie in a band made of the other folds' people; None where
        there is one fold. `sd_between` and `sd_within`: deviation of the participants' mean errors about 0,
        and of errors about their participant's mean (a one-way analysis of variance). From these two,
        `mean_half_width` has the band of several samples of one person.
    """
    covered, people = 0.0, 0
    if len(np.unique(folds)) > 1:
        for fold in np.unique(folds):
            held = folds == fold
            band = half_width(errors[~held], participants[~held])
            inside = np.abs(errors[held]) <= band
            person = np.unique(participants[held], return_inverse=True)[1]
            covered += float((np.bincount(person, weights=inside) / np.bincount(person)).sum())
            people += int(person.max()) + 1
    between, within = _components(errors, participants)
    return {
        "half_width": number(half_width(errors, participants)),
        "coverage": number(covered / people) if people else None,
        "sd_between": number(between),
        "sd_within": number(within),
    }


def half_width(errors: np.ndarray, participants: np.ndarray) -> float:
    """Return the absolute error that 95 % of a new person's samples stay below.

    The level is raised to 0.95 (P + 1) / P for P people, as conformal prediction does for a new one.

    Args:
        errors: (n,) predicted - truth.
        participants: (n,) codes.

    Returns:
        The half-width, in the unit of the errors.
    """
    owner = np.unique(participants, return_inverse=True)[1]
    share = 1 / np.bincount(owner)
    people = len(share)
    size = np.abs(errors)
    order = np.argsort(size, kind="stable")
    reached = np.cumsum(share[owner[order]]) / people
    at = int(np.searchsorted(reached, min(1.0, LEVEL * (people + 1) / people) - 1e-12))
    return float(size[order[min(at, len(order) - 1)]])


def mean_half_width(band: Band, samples: np.ndarray | float) -> np.ndarray:
    """Return the half-width for the mean of several samples of one person.

    The part of the error that belongs to the person is the same in all samples of this person. So the band of
    a mean never falls below that part's share of the variance: half_width * sqrt((between^2 + within^2 / n) /
    (between^2 + within^2)).

    Args:
        band: The band of one sample.
        samples: How many samples the mean is of.

    Returns:
        The half-width for each number of samples; NaN where the band lacks a deviation.
    """
    half_width, sd_between, sd_within = band["half_width"], band["sd_between"], band["sd_within"]
    if half_width is None or sd_between is None or sd_within is None:
        return np.full(np.shape(samples), np.nan)
    between, within = sd_between**2, sd_within**2
    total = between + within
    share = (between + within / np.asarray(samples, float)) / total if total else np.ones(np.shape(samples))
    return half_width * np.sqrt(share)


def _components(errors: np.ndarray, participants: np.ndarray) -> tuple[float, float]:
    """Return the deviation between participants and that within participants."""
    owner = np.unique(participants, return_inverse=True)[1]
    counts = np.bincount(owner)
    means = np.bincount(owner, weights=errors) / counts
    degrees = len(errors) - len(counts)
    within = float(np.square(errors - means[owner]).sum() / degrees) if degrees else 0.0
    # A mean of few samples also varies by its samples. That part is not between people.
    between = max(0.0, float(np.square(means).mean() - within * (1 / counts).mean()))
    return between**0.5, within**0.5
