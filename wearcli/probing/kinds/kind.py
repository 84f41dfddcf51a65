"""What a probe kind is: how it is fitted, what it predicts with, how it is saved."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

Arrays = dict[str, np.ndarray]


class Predictor(Protocol):
    """A fitted probe of one target. What is cross-validated, saved, loaded and applied is this one thing."""

    @property
    def inputs(self) -> int:
        """How many numbers a sample has."""

    @property
    def classes(self) -> np.ndarray | None:
        """(k,) codes of the classes that the training samples had, ascending; None for a regression."""

    @property
    def temperature(self) -> float:
        """What the logits are divided by before they become probabilities (see `calibration`)."""

    def probabilities(self, vectors: np.ndarray, classes: int) -> np.ndarray:
        """(n, classes) float64, rows summing to 1; 0 for a class that the training samples lacked."""

    def values(self, vectors: np.ndarray) -> np.ndarray:
        """(n,) float64 predictions of a regression."""

    def arrays(self) -> Arrays:
        """All of it as plain arrays, from which the `load` of its kind makes it again."""


@dataclass(frozen=True)
class Fit:
    """A fitted probe of one target, and the hyper-parameter that was chosen for it."""

    predictor: Predictor
    chosen: float


@dataclass(frozen=True)
class Training:
    """What a probe is fitted on.

    Attributes:
        vectors: (n, D) float32, a copy that the fit may change.
        truth: (n,) class codes, or (n, targets) float64 values.
        participants: (n,) codes.
        rng: The generator of this fit.
        classify: Whether `truth` has classes.
        previous: The fits of the folds, for the probe of everybody; empty for that of a fold.
    """

    vectors: np.ndarray
    truth: np.ndarray
    participants: np.ndarray
    rng: np.random.Generator
    classify: bool
    previous: Sequence[Fit] = ()


@dataclass(frozen=True)
class ProbeKind:
    """A kind of probe.

    Attributes:
        title: Its name in tables and sentences.
        hyperparameter: What is chosen inside the training folds, the key in `chosen` of probe.json.
        protocol: How it is chosen, as a part of a sentence.
        fit: Fits it: one `Fit` of a classification, one a target of a regression.
        load: Makes a predictor of the arrays that it was saved as.
        regression: Whether it can predict numbers.
    """

    title: str
    hyperparameter: str
    protocol: str
    fit: Callable[[Training], list[Fit]]
    load: Callable[[Mapping[str, np.ndarray]], Predictor]
    regression: bool = True


def check_scaling(arrays: Mapping[str, np.ndarray]) -> int:
    """Return how many numbers `mean` and `scale` of saved arrays standardise.

    Raises:
        ValueError: They do not fit each other, or a scale is not above 0.
        LookupError: One is missing.
    """
    mean, scale = arrays["mean"], arrays["scale"]
    if mean.ndim != 1 or mean.shape != scale.shape or not (scale > 0).all():
        raise ValueError(f"a mean of {mean.shape} and a scale of {scale.shape}, which is to be above 0")
    return len(mean)


def check_codes(classes: np.ndarray) -> np.ndarray:
    """Return the saved codes of classes.

    Raises:
        ValueError: They are no ascending whole numbers.
    """
    if classes.ndim != 1 or classes.dtype.kind not in "iu" or not (np.diff(classes) > 0).all():
        raise ValueError("the codes of the classes are no ascending whole numbers")
    return classes


def class_probabilities(
    logits: np.ndarray, temperature: float, codes: np.ndarray, classes: int
) -> np.ndarray:
    """The softmax of logits over a temperature.

    Args:
        logits: (n, k), of the classes that the training samples had.
        temperature: What they are divided by.
        codes: (k,) which classes these are.
        classes: How many there are in all.

    Returns:
        (n, classes) float64, 0 for a class without a logit.
    """
    heated = logits.astype(np.float64) / temperature
    heated -= heated.max(axis=1, keepdims=True)
    np.exp(heated, out=heated)
    heated /= heated.sum(axis=1, keepdims=True)
    everything = np.zeros((len(logits), classes))
    everything[:, codes] = heated
    return everything
