"""Columns of mean 0 and deviation 1."""

import numpy as np

_BLOCK_ROWS = 16384  # rows in float64 at a time


def standardisation(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and standard deviation of the columns.

    Args:
        vectors: (n, D).

    Returns:
        (D,) float32 for each; the deviation of a constant column is given as 1.
    """
    blocks = [vectors[first : first + _BLOCK_ROWS] for first in range(0, len(vectors), _BLOCK_ROWS)]
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(vectors)
    square = sum(np.square(block - mean).sum(axis=0) for block in blocks) / len(vectors)
    scale = np.sqrt(square)
    # Rounding leaves a small deviation in a constant column: division by it would turn the column into noise.
    scale[scale <= 1e-6 * np.abs(mean)] = 1
    return np.asarray(mean, np.float32), np.asarray(scale, np.float32)


def standardise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise columns in place.

    Args:
        vectors: (n, D).

    Returns:
        Their `standardisation`.
    """
    mean, scale = standardisation(vectors)
    vectors -= mean
    vectors /= scale
    return mean, scale
