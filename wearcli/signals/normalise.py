"""Normalisation and rotation of windows; both can be undone.

RevIN (Kim et al., ICLR 2022) keeps the mean and the deviation of each window and channel beside it.
"""

from typing import Literal

import numpy as np

Normalisation = Literal["none", "zscore", "revin"]
EPSILON = 1e-5  # added to the variance, as in RevIN


def revin(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Normalise each window by its own statistics.

    Args:
        values: Windows (windows, samples, channels).

    Returns:
        The normalised windows, and the mean and deviation of each, (windows, channels); all float32. The
        deviation is sqrt(variance + 1e-5).
    """
    mean = values.mean(axis=1, dtype=np.float64)
    deviation = np.sqrt(values.var(axis=1, dtype=np.float64) + EPSILON)
    normalised = (values - mean[:, None]) / deviation[:, None]
    return normalised.astype(np.float32), mean.astype(np.float32), deviation.astype(np.float32)


def undo_revin(normalised: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return the windows that `revin` was given.

    Args:
        normalised: Windows (windows, samples, channels).
        mean: Means (windows, channels).
        deviation: Deviations (windows, channels).
    """
    windows: np.ndarray = normalised * deviation[:, None] + mean[:, None]
    return windows


def random_rotations(count: int, rng: np.random.Generator) -> np.ndarray:
    """Return rotations that are uniform over SO(3): unit quaternions from normal deviates.

    Args:
        count: Number of rotations.
        rng: Source of the random numbers.

    Returns:
        Matrices (count, 3, 3) float32.
    """
    quaternion = rng.standard_normal((count, 4))
    w, x, y, z = (quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0).astype(np.float32)


def rotate(values: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Turn each window by its own rotation.

    Args:
        values: Windows (windows, samples, 3).
        rotations: Matrices (windows, 3, 3).
    """
    turned: np.ndarray = values @ rotations.transpose(0, 2, 1)
    return turned
