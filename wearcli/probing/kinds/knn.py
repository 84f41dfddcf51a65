"""The kNN probe: the nearest training samples vote, by the cosine of standardised vectors."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import f1_score

from wearcli.probing.calibration import fit_temperature
from wearcli.probing.folds import inner_draws
from wearcli.probing.kinds.kind import (
    Arrays,
    Fit,
    ProbeKind,
    Training,
    check_codes,
    check_scaling,
    class_probabilities,
)
from wearcli.probing.kinds.neighbours import log_votes, nearest, unit, weighted_mean
from wearcli.probing.standardise import standardise

NEIGHBOURS = (1, 2, 5, 10, 20, 50, 100, 200)
DEFAULT_NEIGHBOURS = 20  # where one participant alone leaves nothing to choose by
MOST_SAMPLES = 20_000  # that are kept and saved: some 10 MB for vectors of 256 numbers
SEARCH_SAMPLES = 5_000  # whose neighbours choose k


@dataclass(frozen=True)
class NeighbourPredictor:
    """Training samples and what they are.

    Attributes:
        mean: (D,) float32.
        scale: (D,) float32.
        vectors: (n, D) float16, standardised and of length 1.
        answers: (n,) places in `classes`, or (n,) float64 values.
        neighbours: How many vote.
        classes: (k,) codes of the classes that the training samples had, None for a regression.
        priors: (k,) their shares of the training samples.
        temperature: What the logits are divided by before they become probabilities (see `calibration`).
    """

    mean: np.ndarray
    scale: np.ndarray
    vectors: np.ndarray
    answers: np.ndarray
    neighbours: int
    classes: np.ndarray | None = None
    priors: np.ndarray | None = None
    temperature: float = 1.0

    @property
    def inputs(self) -> int:
        """How many numbers a sample has."""
        return len(self.mean)

    def values(self, vectors: np.ndarray) -> np.ndarray:
        """(n,) float64 predictions of a regression."""
        parts = self._nearest(vectors)
        return np.concatenate([weighted_mean(self.answers[rows], weights) for rows, weights in parts])

    def probabilities(self, vectors: np.ndarray, classes: int) -> np.ndarray:
        """(n, classes) float64, rows summing to 1; 0 for a class that the training samples lacked."""
        assert self.classes is not None  # of a classification
        assert self.priors is not None
        parts = self._nearest(vectors)
        logits = np.concatenate(
            [log_votes(self.answers[rows], weights, self.priors) for rows, weights in parts]
        )
        return class_probabilities(logits, self.temperature, self.classes, classes)

    def _nearest(self, vectors: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        return nearest(unit((vectors - self.mean) / self.scale), self.vectors, self.neighbours)

    def arrays(self) -> Arrays:
        """All of it as plain arrays."""
        names = ("mean", "scale", "vectors", "answers", "classes", "priors")
        arrays = {name: getattr(self, name) for name in names if getattr(self, name) is not None}
        return arrays | {
            "neighbours": np.array(self.neighbours),
            "temperature": np.array(self.temperature),
        }

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray]) -> "NeighbourPredictor":
        """A predictor of `arrays`.

        Raises:
            ValueError: Their sizes do not fit each other.
            LookupError: One is missing.
        """
        vectors, answers, neighbours = arrays["vectors"], arrays["answers"], int(arrays["neighbours"])
        if vectors.shape != (len(answers), check_scaling(arrays)) or answers.ndim != 1:
            raise ValueError(f"samples of {vectors.shape} with answers of {answers.shape}")
        if not 1 <= neighbours <= len(vectors):
            raise ValueError(f"{neighbours} neighbours of {len(vectors)} samples")
        classes, priors = arrays.get("classes"), arrays.get("priors")
        if classes is not None:
            codes = check_codes(classes)
            if priors is None or priors.shape != codes.shape or not (priors > 0).all():
                raise ValueError("the classes have no shares")
            if answers.dtype.kind not in "iu" or not ((answers >= 0) & (answers < len(codes))).all():
                raise ValueError("an answer is none of the classes")
        temperature = float(arrays["temperature"])
        return cls(
            arrays["mean"], arrays["scale"], vectors, answers, neighbours, classes, priors, temperature
        )


def fit_knn(training: Training) -> list[Fit]:
    """Keep the training samples, and choose how many neighbours vote.

    k is that of the best macro-F1 (in a regression the least squared error, of each target) over the held-out
    predictions of inner folds by participant; of equals the largest. The temperature is of the same
    predictions. More than `MOST_SAMPLES` samples are drawn from.
    """
    vectors, truth, participants, rng = (
        training.vectors,
        training.truth,
        training.participants,
        training.rng,
    )
    mean, scale = standardise(vectors)
    if len(vectors) > MOST_SAMPLES:
        kept = np.sort(rng.choice(len(vectors), MOST_SAMPLES, replace=False))
        vectors, truth, participants = vectors[kept], truth[kept], participants[kept]
    # Rounded before anything is chosen, so that what is scored is what is saved.
    stored = unit(vectors).astype(np.float16)
    if training.classify:
        classes, codes = np.unique(truth, return_inverse=True)
        priors = np.bincount(codes) / len(codes)
        neighbours, temperature = _choose_for_classes(stored, codes, participants, rng)
        predictor = NeighbourPredictor(mean, scale, stored, codes, neighbours, classes, priors, temperature)
        return [Fit(predictor, neighbours)]
    chosen = _choose_for_values(stored, truth, participants, rng)
    return [
        Fit(NeighbourPredictor(mean, scale, stored, truth[:, target].copy(), neighbours), neighbours)
        for target, neighbours in enumerate(chosen)
    ]


def _search(
    stored: np.ndarray, participants: np.ndarray, codes: np.ndarray | None, rng: np.random.Generator
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Of inner folds: rows that are held out, (m,); the rows nearest to each, (m, k); and their weights."""
    looked_at = np.arange(len(stored))
    if len(stored) > SEARCH_SAMPLES:
        looked_at = np.sort(rng.choice(len(stored), SEARCH_SAMPLES, replace=False))
    for inner in inner_draws(participants, codes, rng):
        for part in range(inner.max() + 1):
            train = np.flatnonzero(inner != part)
            queries = looked_at[inner[looked_at] == part]
            done = 0
            for rows, weights in nearest(stored[queries].astype(np.float32), stored[train], NEIGHBOURS[-1]):
                yield queries[done : done + len(rows)], train[rows], weights
                done += len(rows)


def _choose_for_classes(
    stored: np.ndarray, codes: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> tuple[int, float]:
    """How many neighbours, and the temperature of the inner folds' held-out predictions with them."""
    classes = int(codes.max()) + 1
    priors = np.bincount(codes) / len(codes)
    truth: list[np.ndarray] = []
    logits: dict[int, list[np.ndarray]] = {k: [] for k in NEIGHBOURS}
    for queries, rows, weights in _search(stored, participants, codes, rng):
        truth.append(codes[queries])
        for k in NEIGHBOURS:
            logits[k].append(log_votes(codes[rows[:, :k]], weights[:, :k], priors))
    if not truth or classes == 1:
        return min(DEFAULT_NEIGHBOURS, len(stored)), 1.0
    true = np.concatenate(truth)
    best, best_score, best_logits = 0, -1.0, np.empty((0, 0))
    for k in reversed(NEIGHBOURS):
        held_out = np.concatenate(logits[k])
        score = f1_score(true, held_out.argmax(axis=1), average="macro")
        if score > best_score + 1e-12:
            best, best_score, best_logits = k, score, held_out
    return min(best, len(stored)), fit_temperature(best_logits, true)


def _choose_for_values(
    stored: np.ndarray, truth: np.ndarray, participants: np.ndarray, rng: np.random.Generator
) -> list[int]:
    """How many neighbours of each target; truth: (n, targets)."""
    errors = np.zeros((len(NEIGHBOURS), truth.shape[1]))
    for queries, rows, weights in _search(stored, participants, None, rng):
        for number, k in enumerate(NEIGHBOURS):
            for target, values in enumerate(truth.T):
                predicted = weighted_mean(values[rows[:, :k]], weights[:, :k])
                errors[number, target] += np.square(predicted - values[queries]).sum()
    if not errors.any():
        return [min(DEFAULT_NEIGHBOURS, len(stored))] * truth.shape[1]
    # Of equals the largest.
    best = len(NEIGHBOURS) - 1 - errors[::-1].argmin(axis=0)
    return [min(NEIGHBOURS[number], len(stored)) for number in best.tolist()]


KIND = ProbeKind(
    title="kNN probe",
    hyperparameter="neighbours",
    protocol="neighbours of the knn chosen by inner folds by participant",
    fit=fit_knn,
    load=NeighbourPredictor.from_arrays,
)
