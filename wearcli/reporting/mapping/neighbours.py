"""Neighbours of samples: are they of the same label, or of the same person?

A map of two dimensions shows what it happens to show; these shares are of all dimensions. Samples that
overlap in time share the signal itself, so they are not counted as neighbours.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

NEIGHBOURS = 10
_CELLS = 4_000_000  # distances at a time


@dataclass(frozen=True)
class Share:
    """How many of a sample's neighbours are of its kind.

    Attributes:
        share: Mean share of the neighbours.
        chance: Mean share of as many samples taken at random.
    """

    share: float
    chance: float

    @property
    def beyond_chance(self) -> float | None:
        """The share between chance (0) and all neighbours (1); None where chance is 1 already."""
        return (self.share - self.chance) / (1 - self.chance) if self.chance < 1 else None


def standardised(vectors: np.ndarray) -> np.ndarray:
    """Return vectors (n, D) with mean 0 and deviation 1 in each column; constant columns are 0."""
    values = vectors.astype(np.float64)
    values -= values.mean(axis=0)
    scale = values.std(axis=0)
    # Rounding gives a constant column a tiny deviation.
    constant = scale <= 1e-6 * np.abs(vectors).max(axis=0, initial=0)
    scaled: np.ndarray = (values / np.where(constant, 1, scale) * ~constant).astype(np.float32)
    return scaled


def neighbour_shares(
    vectors: np.ndarray,
    rows: pd.DataFrame,
    kinds: dict[str, np.ndarray],
    asked: np.ndarray,
    other_people: bool = False,
) -> dict[str, Share]:
    """Compute the share of the 10 nearest neighbours (Euclidean) that are of the same kind.

    Args:
        vectors: Standardised vectors, (n, D).
        rows: One row a sample: recording, participant, onset, duration (s).
        kinds: Values (n,) by the name of a kind; a sample without one (None, NaN) is left out of the kind.
        asked: Row numbers (k,) of the samples whose neighbours are looked up, among all samples.
        other_people: Whether to look among samples of other participants only.

    Returns:
        The share by kind; a kind in which no sample has 10 others to choose from is left out.
    """
    codes = {name: pd.factorize(pd.Series(values))[0] for name, values in kinds.items()}
    person, recording = (pd.factorize(rows[name])[0] for name in ("participant", "recording"))
    begin = rows["onset"].to_numpy(np.float64)
    end = begin + rows["duration"].to_numpy(np.float64)
    squares = np.einsum("nd,nd->n", vectors, vectors)
    hits: dict[str, list[np.ndarray]] = {name: [] for name in codes}
    chances: dict[str, list[np.ndarray]] = {name: [] for name in codes}
    step = max(1, _CELLS // len(vectors))
    for first in range(0, len(asked), step):
        batch = asked[first : first + step, None]
        distance = squares[None] - 2 * vectors[batch[:, 0]] @ vectors.T
        apart = (recording[batch] != recording) | (end[batch] <= begin + 1e-6) | (begin[batch] >= end - 1e-6)
        apart[np.arange(len(batch)), batch[:, 0]] = False
        if other_people:
            apart &= person[batch] != person
        for name, code in codes.items():
            free = apart & (code >= 0)
            usable = (free.sum(axis=1) >= NEIGHBOURS) & (code[batch[:, 0]] >= 0)
            if not usable.any():
                continue
            near = np.where(free, distance, np.inf)[usable]
            nearest = np.argpartition(near, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
            own = code[batch[usable]]
            hits[name].append((code[nearest] == own).mean(axis=1))
            same = (code == own) & free[usable]
            chances[name].append(same.sum(axis=1) / free[usable].sum(axis=1))
    return {
        name: Share(float(np.concatenate(hits[name]).mean()), float(np.concatenate(chances[name]).mean()))
        for name in codes
        if hits[name]
    }
