"""Ridge regression in closed form, for many penalties at once.

The least mean squared error + l2 * |weights|^2. weights: (D, penalties, targets), bias: (penalties, targets);
l2: (penalties, targets), or (penalties, 1) the same for all targets.
"""

import numpy as np

_ROWS = 16384  # rows in float64 at a time


def products(values: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(1 + D + targets, the same) sums of all products of 1, x and y: all that a ridge needs of its samples.

    Of a million samples they are as small as of a thousand, and those of a training fold are everybody's less
    those of the fold held out. values: (n, D) float32; truth: (n, targets) float64, best about 0, which loses
    no digits; rows: (n,) which count.
    """
    chosen = np.flatnonzero(rows)
    total = np.zeros((1 + values.shape[1] + truth.shape[1],) * 2)
    for first in range(0, len(chosen), _ROWS):
        mine = chosen[first : first + _ROWS]
        row = np.concatenate([np.ones((len(mine), 1)), values[mine], truth[mine]], axis=1)
        total += row.T @ row
    return total


def ridge_of_products(sums: np.ndarray, targets: int, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias, all from one eigendecomposition."""
    means = sums[0, 1:] / sums[0, 0]
    covariance = sums[1:, 1:] / sums[0, 0] - np.outer(means, means)
    dimension = len(means) - targets
    spectrum, basis = np.linalg.eigh(covariance[:dimension, :dimension])
    turned = basis.T @ covariance[:dimension, dimension:]
    weights = np.tensordot(basis, _shrunk(turned, spectrum, l2), axes=1)
    return weights, means[dimension:] - np.tensordot(means[:dimension], weights, axes=1)


def errors_of_products(sums: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(penalties, targets) sums of squared errors on the samples that the products are of."""
    targets = bias.shape[1]
    own = np.broadcast_to(np.eye(targets)[:, None], (targets, *bias.shape))
    # What the products of 1, x and y are taken with to make y - x w - bias.
    residual = np.concatenate([-bias[None], -weights, own])
    return np.einsum("apt,ab,bpt->pt", residual, sums, residual, optimize=True)


def ridge_of_few(values: np.ndarray, truth: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias for fewer samples than numbers: w = X'v where (XX' / n + l2) v = y / n.

    values: (n, D), truth: (n, targets), float64.
    """
    centre, level = values.mean(axis=0), truth.mean(axis=0)
    centred, goal = values - centre, (truth - level) / len(values)
    spectrum, basis = np.linalg.eigh(centred @ centred.T / len(values))
    weights = np.tensordot(centred.T @ basis, _shrunk(basis.T @ goal, spectrum, l2), axes=1)
    return weights, level - np.tensordot(centre, weights, axes=1)


def _shrunk(turned: np.ndarray, spectrum: np.ndarray, l2: np.ndarray) -> np.ndarray:
    return turned[:, None] / (np.maximum(spectrum, 0)[:, None, None] + l2)
