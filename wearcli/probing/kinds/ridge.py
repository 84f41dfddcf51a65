"""Ridge regression in closed form, for many penalties at once, the penalty chosen by participant.

It has the least mean squared error + l2 * |weights|^2, so that scikit-learn's alpha is l2 * n. In all
functions weights are (D, penalties, targets) and bias (penalties, targets); l2 is (penalties, targets), or
(penalties, 1) where all targets have the same.
"""

import numpy as np

from wearcli.probing.folds import inner_folds
from wearcli.probing.kinds.dense import DensePredictor
from wearcli.probing.standardise import standardise

INNER_FOLDS = 10  # cheap, and steadier where participants are few
RIDGE_L2 = tuple((10.0 ** np.arange(3, -4.5, -0.5)).tolist())  # strongest first
DEFAULT_L2 = 1e-2  # where one participant alone leaves nothing to choose by
_ROWS = 16384  # rows in float64 at a time


def fit_ridge(
    vectors: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[DensePredictor, np.ndarray]:
    """Fit a ridge regression of every target, with the penalty of the least squared error of inner folds.

    The targets share the folds and what is costly, not the penalty.

    Args:
        vectors: (n, D) float32; they are standardised in place.
        truth: (n, targets) float64.
        participants: (n,) names or codes.
        rng: Draws the inner folds.

    Returns:
        The predictor of all targets, and (targets,) penalties.
    """
    mean, scale = standardise(vectors)
    level = truth.mean(axis=0)
    l2 = np.full(truth.shape[1], DEFAULT_L2)
    inner = inner_folds(participants, None, rng, INNER_FOLDS)
    tried = np.array(RIDGE_L2)[:, None]
    if vectors.shape[0] < vectors.shape[1]:
        values, goal = vectors.astype(np.float64), truth - level
        if inner is not None:
            errors = np.zeros((len(tried), len(l2)))
            for held in (inner == fold for fold in range(inner.max() + 1)):
                weights, bias = ridge_by_samples(values[~held], goal[~held], tried)
                predicted = np.tensordot(values[held], weights, axes=1) + bias
                errors += np.square(predicted - goal[held, None]).sum(axis=0)
            l2 = tried[errors.argmin(axis=0), 0]
        weights, bias = ridge_by_samples(values, goal, l2[None])
    else:
        folds = np.zeros(len(vectors), np.int64) if inner is None else inner
        parts = [products(vectors, truth - level, folds == fold) for fold in range(folds.max() + 1)]
        whole = np.sum(parts, axis=0)
        if inner is not None:
            tries = [ridge_from_products(whole - part, len(l2), tried) for part in parts]
            squares = [squared_errors(part, *fit) for part, fit in zip(parts, tries, strict=True)]
            l2 = tried[np.sum(squares, axis=0).argmin(axis=0), 0]
        weights, bias = ridge_from_products(whole, len(l2), l2[None])
    layer = (weights[:, 0].astype(np.float32), (bias[0] + level).astype(np.float32))
    return DensePredictor(mean, scale, (layer,)), l2


def products(values: np.ndarray, truth: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """(1 + D + targets, the same) sums of all products of 1, x and y: all that a ridge needs of its samples.

    Of a million samples they are as small as of a thousand, and those of a training fold are everybody's less
    those of the fold held out. values: (n, D) float32; truth: (n, targets) float64, best about 0, which loses
    no digits; rows: (n,) which count.
    """
    chosen = np.flatnonzero(rows)
    total = np.zeros((1 + values.shape[1] + truth.shape[1],) * 2)
    for first in range(0, len(chosen), _ROWS):
        block = chosen[first : first + _ROWS]
        row = np.concatenate([np.ones((len(block), 1)), values[block], truth[block]], axis=1)
        total += row.T @ row
    return total


def ridge_from_products(sums: np.ndarray, targets: int, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias, all from one eigendecomposition."""
    means = sums[0, 1:] / sums[0, 0]
    covariance = sums[1:, 1:] / sums[0, 0] - np.outer(means, means)
    dimension = len(means) - targets
    spectrum, basis = np.linalg.eigh(covariance[:dimension, :dimension])
    turned = basis.T @ covariance[:dimension, dimension:]
    weights = np.tensordot(basis, _shrunk(turned, spectrum, l2), axes=1)
    return weights, means[dimension:] - np.tensordot(means[:dimension], weights, axes=1)


def squared_errors(sums: np.ndarray, weights: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """(penalties, targets) sums of squared errors on the samples that the products are of."""
    targets = bias.shape[1]
    own = np.broadcast_to(np.eye(targets)[:, None], (targets, *bias.shape))
    # What the products of 1, x and y are taken with to make y - x w - bias.
    residual = np.concatenate([-bias[None], -weights, own])
    return np.asarray(np.einsum("apt,ab,bpt->pt", residual, sums, residual, optimize=True))


def ridge_by_samples(values: np.ndarray, truth: np.ndarray, l2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Weights and bias for fewer samples than numbers: w = X'v where (XX' / n + l2) v = y / n.

    values: (n, D), truth: (n, targets), float64.
    """
    centre, level = values.mean(axis=0), truth.mean(axis=0)
    centred, goal = values - centre, (truth - level) / len(values)
    spectrum, basis = np.linalg.eigh(centred @ centred.T / len(values))
    weights = np.tensordot(centred.T @ basis, _shrunk(basis.T @ goal, spectrum, l2), axes=1)
    return weights, level - np.tensordot(centre, weights, axes=1)


def _shrunk(turned: np.ndarray, spectrum: np.ndarray, l2: np.ndarray) -> np.ndarray:
    return np.asarray(turned[:, None] / (np.maximum(spectrum, 0)[:, None, None] + l2))
