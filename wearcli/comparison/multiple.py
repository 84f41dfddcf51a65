"""Many differences at once: a p of each from its bootstrap, corrected for the number of differences."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from wearcli.probing.bootstrap import number

LEVEL = 0.05


class PValues(NamedTuple):
    """The p of a difference, and its correction by Holm; None where it is undefined."""

    p: float | None
    p_holm: float | None


def bootstrap_p(draws: np.ndarray) -> float:
    """Return the two-sided p of a difference being 0, by inverting its percentile interval.

    It is below 0.05 where the 95 % interval does not contain 0 (Efron & Tibshirani 1993, section 15.4), and
    never below 2 / (draws + 1). With few people it is liberal, like the interval.

    Args:
        draws: The difference in each bootstrap draw (draws,).

    Returns:
        The p; NaN where fewer than half of the draws define the difference.
    """
    finite = draws[np.isfinite(draws)]
    if not len(finite) or len(finite) < len(draws) / 2:
        return float("nan")
    rarer = min(np.count_nonzero(finite <= 0), np.count_nonzero(finite >= 0))
    return min(1.0, 2 * (rarer + 1) / (len(finite) + 1))


def holm(values: np.ndarray) -> np.ndarray:
    """Correct values of p by the step-down method of Holm (1979).

    The probability of one or more false findings among all is then at most the level, however the differences
    depend on each other. NaN stays, and does not count.

    Args:
        values: (n,).

    Returns:
        (n,).
    """
    corrected = np.full(len(values), np.nan)
    defined = np.flatnonzero(np.isfinite(values))
    order = defined[np.argsort(values[defined], kind="stable")]
    factors = len(order) - np.arange(len(order))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(values[order] * factors)) if len(order) else 1
    return corrected


def corrected(draws: Mapping[str, np.ndarray]) -> dict[str, PValues]:
    """Return p and p_holm of differences that are looked at together.

    Args:
        draws: Each difference in its bootstrap draws, by name.

    Returns:
        By name, see `bootstrap_p` and `holm`.
    """
    values = np.array([bootstrap_p(row) for row in draws.values()])
    return {
        name: PValues(number(p), number(after))
        for name, p, after in zip(draws, values, holm(values), strict=True)
    }
