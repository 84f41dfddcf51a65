"""A fitted probe as plain arrays: what is cross-validated, saved, loaded and applied is the same thing."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

_ROWS = 16384  # rows in float64 at a time


@dataclass(frozen=True)
class Predictor:
    """Standardise, then dense layers with ReLU between them; a linear probe has one layer.

    mean, scale: (D,) float32. layers: (weights (inputs, outputs), bias (outputs,)) float32 each.
    classes: (outputs,) codes of the classes that the training samples had, None for a regression.
    temperature: what the logits are divided by before they become probabilities (see `calibration`).
    """

    mean: np.ndarray
    scale: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    classes: np.ndarray | None = None
    temperature: float = 1.0

    def only(self, output: int) -> "Predictor":
        """The predictor of one of the targets of a regression of several."""
        weights, bias = self.layers[-1]
        last = (weights[:, output : output + 1].copy(), bias[output : output + 1].copy())
        return Predictor(self.mean, self.scale, (*self.layers[:-1], last))

    def outputs(self, vectors: np.ndarray) -> np.ndarray:
        """(n, outputs) float32 of (n, D) vectors: logits, or the targets' values."""
        return forward((vectors - self.mean) / self.scale, self.layers)

    def values(self, vectors: np.ndarray) -> np.ndarray:
        """(n,) float64 predictions of a regression of one target."""
        return self.outputs(vectors)[:, 0].astype(np.float64)

    def probabilities(self, vectors: np.ndarray, classes: int) -> np.ndarray:
        """(n, classes) float64, rows summing to 1; 0 for a class that the training samples lacked."""
        logits = self.outputs(vectors).astype(np.float64) / self.temperature
        logits -= logits.max(axis=1, keepdims=True)
        np.exp(logits, out=logits)
        logits /= logits.sum(axis=1, keepdims=True)
        everything = np.zeros((len(vectors), classes))
        everything[:, self.classes] = logits
        return everything


def forward(values: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(n, outputs) of dense layers with ReLU between them, for standardised (n, D) values."""
    for number, (weights, bias) in enumerate(layers):
        if number:
            values = np.maximum(values, 0)
        values = values @ weights + bias
    return values


def standardisation(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the columns of (n, D) vectors, float32; the scale of a constant is 1."""
    blocks = [vectors[first : first + _ROWS] for first in range(0, len(vectors), _ROWS)]
    mean = sum(block.sum(axis=0, dtype=np.float64) for block in blocks) / len(vectors)
    square = sum(np.square(block - mean).sum(axis=0) for block in blocks) / len(vectors)
    scale = np.sqrt(square)
    # Rounding leaves a constant column a deviation of its own: dividing by it would make noise of it.
    scale[scale <= 1e-6 * np.abs(mean)] = 1
    return mean.astype(np.float32), scale.astype(np.float32)


def standardise(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Standardise the columns of (n, D) vectors where they lie; returns `standardisation` of them."""
    mean, scale = standardisation(vectors)
    vectors -= mean
    vectors /= scale
    return mean, scale
