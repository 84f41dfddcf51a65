"""Predictors of dense layers: the linear, MLP and LDA probes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wearcli.probing.kinds.kind import Arrays, check_codes, check_scaling, class_probabilities


@dataclass(frozen=True)
class DensePredictor:
    """Standardise, then dense layers with ReLU between them; a linear probe has one layer.

    Attributes:
        mean: (D,) float32.
        scale: (D,) float32.
        layers: Of each layer weights (inputs, outputs) and bias (outputs,), float32.
        classes: (outputs,) codes of the classes that the training samples had, None for a regression.
        temperature: What the logits are divided by before they become probabilities (see `calibration`).
    """

    mean: np.ndarray
    scale: np.ndarray
    layers: tuple[tuple[np.ndarray, np.ndarray], ...]
    classes: np.ndarray | None = None
    temperature: float = 1.0

    @property
    def inputs(self) -> int:
        """How many numbers a sample has."""
        return len(self.mean)

    def only(self, output: int) -> "DensePredictor":
        """The predictor of one of the targets of a regression of several."""
        weights, bias = self.layers[-1]
        last = (weights[:, output : output + 1].copy(), bias[output : output + 1].copy())
        return DensePredictor(self.mean, self.scale, (*self.layers[:-1], last))

    def outputs(self, vectors: np.ndarray) -> np.ndarray:
        """(n, outputs) float32 of (n, D) vectors: logits, or the values of the targets."""
        return forward((vectors - self.mean) / self.scale, self.layers)

    def values(self, vectors: np.ndarray) -> np.ndarray:
        """(n,) float64 predictions of a regression of one target."""
        return self.outputs(vectors)[:, 0].astype(np.float64)

    def probabilities(self, vectors: np.ndarray, classes: int) -> np.ndarray:
        """(n, classes) float64, rows summing to 1; 0 for a class that the training samples lacked."""
        assert self.classes is not None  # of a classification
        return class_probabilities(self.outputs(vectors), self.temperature, self.classes, classes)

    def arrays(self) -> Arrays:
        """All of it as plain arrays."""
        arrays = {"mean": self.mean, "scale": self.scale}
        for number, (weights, bias) in enumerate(self.layers):
            arrays |= {f"coef{number}": weights, f"intercept{number}": bias}
        if self.classes is not None:
            arrays |= {"classes": self.classes, "temperature": np.array(self.temperature)}
        return arrays

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "DensePredictor":
        """A predictor of `arrays`; an older one may lack the temperature.

        Raises:
            ValueError: Their sizes do not fit each other.
            LookupError: One is missing.
        """
        depth = sum(name.startswith("coef") for name in arrays)
        layers = tuple((arrays[f"coef{number}"], arrays[f"intercept{number}"]) for number in range(depth))
        width = check_scaling(arrays)
        for weights, bias in layers:
            if weights.ndim != 2 or len(weights) != width or bias.shape != weights.shape[1:]:
                raise ValueError(f"a layer of {weights.shape} and {bias.shape} after {width} numbers")
            width = len(bias)
        classes = arrays.get("classes")
        if not layers or width != (1 if classes is None else len(check_codes(classes))):
            raise ValueError(f"{width} outputs do not fit the classes")
        temperature = float(arrays.get("temperature", 1.0))
        return cls(arrays["mean"], arrays["scale"], layers, classes, temperature)


def single_class(mean: np.ndarray, scale: np.ndarray, classes: np.ndarray) -> DensePredictor:
    """The predictor of training samples that all have one class."""
    layer = (np.zeros((len(mean), 1), np.float32), np.zeros(1, np.float32))
    return DensePredictor(mean, scale, (layer,), classes)


def forward(values: np.ndarray, layers: Sequence[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """(n, outputs) of dense layers with ReLU between them, for standardised (n, D) values."""
    for number, (weights, bias) in enumerate(layers):
        if number:
            values = np.maximum(values, 0)
        values = values @ weights + bias
    return values
