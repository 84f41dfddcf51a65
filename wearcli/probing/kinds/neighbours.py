"""Nearest neighbours by cosine, and what they vote for.

The k nearest neighbours of a sample have the weights exp((c - c1) / 0.07), where c is the cosine to a
neighbour and c1 that to the nearest (Wu et al., CVPR 2018, section 3.4; Caron et al., ICCV 2021). Classes
have the votes of their neighbours, and share one vote more by their frequency in training, so that no class
is impossible. A number is the weighted mean of the neighbours' numbers.
"""

from collections.abc import Iterator

import numpy as np

SHARPNESS = 0.07  # of the weights, in cosines
_BLOCK = 4_000_000  # cosines at a time


def unit(values: np.ndarray) -> np.ndarray:
    """(n, D) float32 rows of length 1, whose products are cosines; a row of zeros stays so."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1), np.float32)


def nearest(
    queries: np.ndarray, vectors: np.ndarray, neighbours: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """The nearest vectors of queries, in parts, so that memory stays flat.

    Args:
        queries: (m, D) float32, of length 1.
        vectors: (n, D), of length 1.
        neighbours: How many of them; all where there are fewer.

    Yields:
        Of the next queries (part, k) rows of `vectors`, the nearest first, and their weights.
    """
    count = min(neighbours, len(vectors))
    turned = vectors.astype(np.float32).T
    size = max(1, _BLOCK // len(vectors))
    for first in range(0, max(1, len(queries)), size):
        cosines = queries[first : first + size] @ turned
        if count < len(vectors):
            rows = np.argpartition(cosines, -count, axis=1)[:, -count:]
            rows.sort(axis=1)  # of equals the first
        else:
            rows = np.broadcast_to(np.arange(count), cosines.shape)
        near = np.take_along_axis(cosines, rows, axis=1)
        order = np.argsort(-near, axis=1, kind="stable")
        near = np.take_along_axis(near, order, axis=1).astype(np.float64)
        yield np.take_along_axis(rows, order, axis=1), np.exp((near - near[:, :1]) / SHARPNESS)


def votes(codes: np.ndarray, weights: np.ndarray, classes: int) -> np.ndarray:
    """(m, classes) sums of the weights of the neighbours of each class; codes, weights: (m, k)."""
    cells = np.arange(len(codes))[:, None] * classes + codes
    counts = np.bincount(cells.ravel(), weights=weights.ravel(), minlength=len(codes) * classes)
    return counts.reshape(len(codes), classes)


def log_votes(codes: np.ndarray, weights: np.ndarray, priors: np.ndarray) -> np.ndarray:
    """(m, classes) logits: logarithms of the votes, with one vote more that the classes share by `priors`."""
    counted = votes(codes, weights, len(priors)) + priors
    return np.asarray(np.log(counted / counted.sum(axis=1, keepdims=True)))


def weighted_mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """(m,) means of the neighbours' (m, k) values."""
    return np.asarray((values * weights).sum(axis=1) / weights.sum(axis=1))
