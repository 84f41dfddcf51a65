"""The map from one signal's space to another's, learned on other people."""

import numpy as np

from wearcli.probing.kinds.ridge import fit_ridge
from wearcli.probing.standardise import standardisation

VARIANCE = 0.95  # of the standardised target, that the components kept have
MOST_COMPONENTS = 64
_NOTHING = 1e-6  # a prediction no longer than it, in deviations, is what rounding leaves of 0


def whitening(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return mean (D,), scale (D,) and projection (D, components) that standardise and whiten rows.

    The components are the principal ones of the largest variance, as many as have `VARIANCE` of all of it,
    each scaled to deviation 1. Rows that are all the same have none.

    Args:
        values: (n, D) rows to learn from.
    """
    mean, scale = standardisation(values)
    standard = ((values - mean) / scale).astype(np.float64)
    spread, basis = np.linalg.eigh(standard.T @ standard / len(values))
    spread, basis = spread[::-1], basis[:, ::-1]
    share = np.cumsum(spread) / max(spread.sum(), 1e-12)
    count = min(int(np.searchsorted(share, VARIANCE)) + 1, MOST_COMPONENTS, int((spread > 1e-9).sum()))
    return mean, scale, basis[:, :count] / np.sqrt(spread[:count])


def mapped(
    query: np.ndarray,
    target: np.ndarray,
    participants: np.ndarray,
    train: np.ndarray,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    """Map held-out queries to the space of the whitened targets.

    A ridge regression predicts every component of the whitened target from the standardised query; its
    penalty is chosen by folds of the training participants, as `fit_ridge` does.

    Args:
        query: (n, D) float32.
        target: (n, E) float32.
        participants: (n,) codes.
        train: (n,) bool; the rest is held out.
        rng: For the folds that choose the penalty.

    Returns:
        Held-out queries and targets, (m, components) float64.
    """
    mean, scale, projection = whitening(target[train])
    white = ((target - mean) / scale).astype(np.float64) @ projection
    if not projection.shape[1]:
        return np.zeros((int((~train).sum()), 0)), white[~train]
    predictor, _ = fit_ridge(query[train].copy(), white[train], participants[train], rng)
    predicted = predictor.outputs(query[~train]).astype(np.float64)
    predicted[np.linalg.norm(predicted, axis=1) < _NOTHING] = 0
    return predicted, white[~train]


def directions(values: np.ndarray) -> np.ndarray:
    """Return rows of length 1, whose products are cosines; a row of length 0 stays so."""
    length = np.linalg.norm(values, axis=1, keepdims=True)
    return np.asarray(values / np.where(length > 0, length, 1))
