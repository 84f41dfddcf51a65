"""Normalisation and rotation of windows, each of which can be undone.

RevIN (Kim et al., ICLR 2022): a window's own mean and deviation per channel, kept beside it.
"""

from typing import Literal

import numpy as np

Normalisation = Literal["none", "zscore", "revin"]
EPSILON = 1e-5  # added to the variance, as in RevIN


def revin(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Each window by its own statistics.

    values: (windows, samples, channels) -> the normalised windows, mean and deviation, both
    (windows, channels) float32; deviation = sqrt(variance + 1e-5).
    """
    mean = values.mean(axis=1, dtype=np.float64)
    deviation = np.sqrt(values.var(axis=1, dtype=np.float64) + EPSILON)
    normalised = (values - mean[:, None]) / deviation[:, None]
    return normalised.astype(np.float32), mean.astype(np.float32), deviation.astype(np.float32)


def undo_revin(normalised: np.ndarray, mean: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """The windows that `revin` was given."""
    return normalised * deviation[:, None] + mean[:, None]


def random_rotations(count: int, rng: np.random.Generator) -> np.ndarray:
    """Rotations uniform over SO(3), (count, 3, 3) float32: unit quaternions from normal deviates."""
    quaternion = rng.standard_normal((count, 4))
    w, x, y, z = (quaternion / np.linalg.norm(quaternion, axis=1, keepdims=True)).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0).astype(np.float32)


def rotate(values: np.ndarray, rotations: np.ndarray) -> np.ndarray:
    """Each window by its own rotation: values (windows, samples, 3), rotations (windows, 3, 3)."""
    return values @ rotations.transpose(0, 2, 1)
