"""The LDA probe: linear discriminant analysis with a covariance shrunk towards a sphere.

The classes share one covariance S, the mean of theirs weighed by their samples. With the shrinkage a it is
(1 - a) S + a tr(S) / D I (Ledoit & Wolf, J. Multivariate Anal. 88, 2004). a is chosen on people, as
their formula for it takes samples to be independent. The probe tells classes apart only.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import f1_score

from wearcli.probing.calibration import fit_temperature
from wearcli.probing.folds import inner_draws
from wearcli.probing.kinds.dense import DensePredictor, single_class
from wearcli.probing.kinds.kind import Fit, ProbeKind, Training
from wearcli.probing.kinds.ridge import products
from wearcli.probing.standardise import standardise

SHRINKAGES = (1.0, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 1e-4)  # strongest first
DEFAULT_SHRINKAGE = 0.1  # where one participant alone leaves nothing to choose by
SEARCH_SAMPLES = 50_000  # of which the shrinkage is chosen


@dataclass(frozen=True)
class Spectrum:
    """What all shrinkages share: the eigenvalues of the covariance, and the classes in its axes.

    Attributes:
        values: (D,) eigenvalues.
        axes: (D, D) eigenvectors, a column each.
        means: (k, D) class means in these axes.
        log_priors: (k,) logarithms of the classes' shares.
        classes: (k,) codes of the classes that have samples.
    """

    values: np.ndarray
    axes: np.ndarray
    means: np.ndarray
    log_priors: np.ndarray
    classes: np.ndarray

    @classmethod
    def from_products(cls, sums: np.ndarray, dimension: int) -> "Spectrum":
        """The spectrum of samples by the `products` of 1, their (dimension,) values and classes (one-hot)."""
        counts = sums[0, 1 + dimension :]
        classes = np.flatnonzero(counts > 0.5)
        counts = counts[classes]
        means = sums[1 + dimension :, 1 : 1 + dimension][classes] / counts[:, None]
        scatter = sums[1 : 1 + dimension, 1 : 1 + dimension] - (means.T * counts) @ means
        values, axes = np.linalg.eigh(scatter / counts.sum())
        return cls(np.maximum(values, 0), axes, means @ axes, np.log(counts / counts.sum()), classes)

    def layer(self, shrinkage: float) -> tuple[np.ndarray, np.ndarray]:
        """Weights (D, k) and bias (k,) of the logits with a shrinkage."""
        shrunk = (1 - shrinkage) * self.values + shrinkage * self.values.mean()
        inverse = 1 / np.maximum(shrunk, 1e-12)
        bias = self.log_priors - (np.square(self.means) * inverse).sum(axis=1) / 2
        return self.axes @ (self.means * inverse).T, bias


def fit_lda(
    vectors: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[DensePredictor, float]:
    """Fit a discriminant analysis.

    The shrinkage is the one with the best macro-F1 over the held-out predictions of inner folds by
    participant (of equals the strongest). The temperature is of the same predictions.

    Args:
        vectors: (n, D) float32; they are standardised in place.
        truth: (n,) class codes.
        participants: (n,) names or codes.
        rng: Draws the inner folds.

    Returns:
        The predictor, and the shrinkage.
    """
    mean, scale = standardise(vectors)
    classes, codes = np.unique(truth, return_inverse=True)
    if len(classes) == 1:
        return single_class(mean, scale, classes), DEFAULT_SHRINKAGE
    if len(codes) > SEARCH_SAMPLES:
        some = np.sort(rng.choice(len(codes), SEARCH_SAMPLES, replace=False))
        shrinkage, temperature = _choose(vectors[some], codes[some], participants[some], rng)
    else:
        shrinkage, temperature = _choose(vectors, codes, participants, rng)
    members = np.eye(len(classes))
    sums = products(vectors, members[codes], np.ones(len(codes), bool))
    weights, bias = Spectrum.from_products(sums, vectors.shape[1]).layer(shrinkage)
    layer = (weights.astype(np.float32), bias.astype(np.float32))
    return DensePredictor(mean, scale, (layer,), classes, temperature), shrinkage


def _choose(
    values: np.ndarray, codes: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[float, float]:
    """The shrinkage, and the temperature of the inner folds' held-out predictions with it."""
    draws = inner_draws(participants, codes, rng)
    if not draws:
        return DEFAULT_SHRINKAGE, 1.0
    members = np.eye(int(codes.max()) + 1)[codes]
    spectra = []
    for number, fold in enumerate(draws):
        parts = [products(values, members, fold == part) for part in range(fold.max() + 1)]
        # What a fold is fitted on is everybody but those who are held out.
        whole = np.sum(parts, axis=0)
        for part, sums in enumerate(parts):
            spectra.append((number, fold == part, Spectrum.from_products(whole - sums, values.shape[1])))
    truth = np.tile(codes, len(draws))
    best, best_score, best_logits = DEFAULT_SHRINKAGE, -1.0, np.empty((0, 0))
    for shrinkage in SHRINKAGES:
        logits = np.full((len(draws), *members.shape), -np.inf)
        for number, held, spectrum in spectra:
            weights, bias = spectrum.layer(shrinkage)
            rows = np.flatnonzero(held)
            logits[number, rows[:, None], spectrum.classes] = values[rows] @ weights.astype(np.float32) + bias
        score = f1_score(truth, logits.argmax(axis=2).ravel(), average="macro")
        if score > best_score + 1e-12:
            best, best_score, best_logits = shrinkage, score, logits.reshape(len(truth), -1)
    return best, fit_temperature(best_logits, truth)


def fit(training: Training) -> list[Fit]:
    """Fit the probe; it is for classes only (`ProbeKind.regression`)."""
    return [Fit(*fit_lda(training.vectors, training.truth, training.participants, training.rng))]


KIND = ProbeKind(
    title="LDA probe",
    hyperparameter="shrinkage",
    protocol="shrinkage of the lda's covariance chosen by inner folds by participant",
    fit=fit,
    load=DensePredictor.from_arrays,
    regression=False,
)
