"""At which rank a query's own target comes among a pool, ties counted fairly."""

from functools import lru_cache

import numpy as np
from scipy.special import gammaln

TIE = 1e-9  # cosines nearer than this are equal: products are rounded in another order elsewhere


def better_and_tied(similarity: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of a pool are more similar to each query than its own target, and how many as similar.

    similarity: (n, pool); own: (n,) the column of the query's own target, which is in neither count.
    """
    mine = np.take_along_axis(similarity, own[:, None], axis=1)
    better = (similarity > mine + TIE).sum(axis=1)
    return better, (similarity >= mine - TIE).sum(axis=1) - better - 1


def mean_rank(better: np.ndarray, tied: np.ndarray, pool: int, drawn: int | None) -> np.ndarray:
    """(n,) the mean of the ranks (1 is first) that a query's target may get, ties broken by chance.

    drawn: the expected rank in a pool of the target and `drawn` - 1 of the others, drawn without replacement.
    """
    ahead = better + tied / 2
    return 1 + (ahead if drawn is None else ahead * (drawn - 1) / max(pool - 1, 1))


def found_within(better: np.ndarray, tied: np.ndarray, pool: int, drawn: int | None) -> np.ndarray:
    """(pool or drawn,) queries whose target is among the first 1, 2, ..., of all of which the last counts.

    A tie counts by the share of its orders: any number of better .. better + tied is as likely to be ahead.
    In a drawn pool the number of those ahead is hypergeometric.
    """
    steps = np.zeros(pool + 1)
    np.add.at(steps, better, 1 / (tied + 1))
    np.add.at(steps, better + tied + 1, -1 / (tied + 1))
    ahead = np.cumsum(steps)[:pool]  # of how many queries 0, 1, ... of the whole pool are ahead
    return np.cumsum(ahead if drawn is None else ahead @ _hypergeometric(pool - 1, drawn - 1))


@lru_cache(maxsize=8)
def _hypergeometric(others: int, drawn: int) -> np.ndarray:
    """(others + 1, drawn + 1): of g of the `others` that are ahead, the chance that k are drawn."""
    ahead, k = np.arange(others + 1)[:, None], np.arange(drawn + 1)
    ways = _log_choose(ahead, k) + _log_choose(others - ahead, drawn - k)
    return np.exp(ways - _log_choose(np.array(others), np.array(drawn)))


def _log_choose(n: np.ndarray, r: np.ndarray) -> np.ndarray:
    possible = (r >= 0) & (r <= n)
    r = np.where(possible, r, 0)
    return np.where(possible, gammaln(n + 1) - gammaln(r + 1) - gammaln(np.abs(n - r) + 1), -np.inf)


def median_rank(curves: np.ndarray) -> np.ndarray:
    """(draws,) the median of ranks, of which the shares up to 1, 2, ... are `curves` (draws, ranks).

    As of numbers: the mean of the two in the middle.
    """
    low, high = ((curves < 0.5 + step).sum(axis=1) + 1 for step in (-TIE, TIE))
    return (low + np.minimum(high, curves.shape[1])) / 2
