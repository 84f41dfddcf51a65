"""Many differences at once: a p of each from its bootstrap, corrected for how many are looked at."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from wearcli.probing.bootstrap import number

LEVEL = 0.05


class PValues(NamedTuple):
    """The p of a difference, and the same corrected by Holm; None where it is undefined."""

    p: float | None
    p_holm: float | None


def bootstrap_p(draws: np.ndarray) -> float:
    """Two-sided p of a difference being 0, by inverting its percentile interval.

    It is below 0.05 where the 95 % interval leaves 0 out (Efron & Tibshirani 1993, section 15.4), and never
    below 2 / (draws + 1). It is NaN where fewer than half of the draws define the difference. With few people
    it is liberal, as the interval is.
    """
    finite = draws[np.isfinite(draws)]
    if not len(finite) or len(finite) < len(draws) / 2:
        return float("nan")
    rarer = min(np.count_nonzero(finite <= 0), np.count_nonzero(finite >= 0))
    return min(1.0, 2 * (rarer + 1) / (len(finite) + 1))


def holm(values: np.ndarray) -> np.ndarray:
    """Values of p corrected by the step-down method of Holm (1979).

    With it the probability of one false finding or more among all is at most the level, however the
    differences depend on each other. NaN stays, and does not count.
    """
    corrected = np.full(len(values), np.nan)
    defined = np.flatnonzero(np.isfinite(values))
    order = defined[np.argsort(values[defined], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factors)) if len(order) else 1
    return corrected


def corrected(draws: Mapping[str, np.ndarray]) -> dict[str, PValues]:
    """The p and p_holm of differences that are looked at together, by name; see `bootstrap_p`."""
    values = np.array([bootstrap_p(row) for row in draws.values()])
    return {
        name: PValues(number(p), number(after))
        for name, p, after in zip(draws, values, holm(values), strict=True)
    }
