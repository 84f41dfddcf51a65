"""The rank of a query's own target among a pool; ties are counted by the share of their orders."""

from functools import lru_cache

import numpy as np
from scipy.special import gammaln

TIE = 1e-9  # cosines nearer than this are equal: products are rounded in another order elsewhere


def better_and_tied(similarity: np.ndarray, own: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Count the windows of a pool that are more similar to a query than its own target, and as similar.

    Args:
        similarity: (n, pool).
        own: (n,) the column of the query's own target, which is in neither count.

    Returns:
        Two arrays (n,).
    """
    target = np.take_along_axis(similarity, own[:, None], axis=1)
    better = (similarity > target + TIE).sum(axis=1)
    return better, (similarity >= target - TIE).sum(axis=1) - better - 1


def mean_rank(better: np.ndarray, tied: np.ndarray, pool: int, pool_size: int | None) -> np.ndarray:
    """Return (n,) the mean of the ranks (1 is first) that a target may get, ties broken by chance.

    Args:
        better: (n,) windows that come before the target.
        tied: (n,) windows that are as similar.
        pool: Windows of the pool.
        pool_size: The expected rank in a pool of the target and `pool_size` - 1 of the others, sampled
            without replacement; None: the rank in the whole pool.
    """
    ahead = better + tied / 2
    return np.asarray(1 + (ahead if pool_size is None else ahead * (pool_size - 1) / max(pool - 1, 1)))


def hits_within(better: np.ndarray, tied: np.ndarray, pool: int, pool_size: int | None) -> np.ndarray:
    """Return (pool or pool_size,) queries whose target is among the first 1, 2, ...; the last counts all.

    A tie counts by the share of its orders: any number of better .. better + tied is as likely to be ahead.
    In a sampled pool the number of those ahead is hypergeometric. The arguments are those of `mean_rank`.
    """
    steps = np.zeros(pool + 1)
    np.add.at(steps, better, 1 / (tied + 1))
    np.add.at(steps, better + tied + 1, -1 / (tied + 1))
    ahead = np.cumsum(steps)[:pool]  # queries with 0, 1, ... windows of the whole pool ahead
    return np.cumsum(ahead if pool_size is None else ahead @ _hypergeometric(pool - 1, pool_size - 1))


def median_rank(curves: np.ndarray) -> np.ndarray:
    """Return (draws,) the median rank; like a median of numbers, the mean of the two in the middle.

    Args:
        curves: (draws, ranks) shares of queries up to rank 1, 2, ...
    """
    low, high = ((curves < 0.5 + step).sum(axis=1) + 1 for step in (-TIE, TIE))
    return np.asarray((low + np.minimum(high, curves.shape[1])) / 2)


@lru_cache(maxsize=8)
def _hypergeometric(others: int, sampled: int) -> np.ndarray:
    """(others + 1, sampled + 1): if g of the `others` are ahead, the chance that k of them are sampled."""
    ahead, k = np.arange(others + 1)[:, None], np.arange(sampled + 1)
    ways = _log_choose(ahead, k) + _log_choose(others - ahead, sampled - k)
    return np.asarray(np.exp(ways - _log_choose(np.array(others), np.array(sampled))))


def _log_choose(n: np.ndarray, r: np.ndarray) -> np.ndarray:
    possible = (r >= 0) & (r <= n)
    r = np.where(possible, r, 0)
    return np.where(possible, gammaln(n + 1) - gammaln(r + 1) - gammaln(np.abs(n - r) + 1), -np.inf)
