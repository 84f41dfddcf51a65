"""Whose neighbours samples are: of the same label, or of the same person?

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
    """The mean share of a sample's neighbours that are of its kind, and that of as many drawn at random."""

    share: float
    chance: float

    @property
    def beyond_chance(self) -> float | None:
        """0 by chance, 1 where all neighbours are of the sample's kind; None where chance is 1 already."""
        return (self.share - self.chance) / (1 - self.chance) if self.chance < 1 else None


def standardised(vectors: np.ndarray) -> np.ndarray:
    """(n, D) float32 with mean 0 and deviation 1 in each column; constant columns are 0."""
    values = vectors.astype(np.float64)
    values -= values.mean(axis=0)
    scale = values.std(axis=0)
    # Rounding leaves a constant column a deviation of its own.
    constant = scale <= 1e-6 * np.abs(vectors).max(axis=0, initial=0)
    return (values / np.where(constant, 1, scale) * ~constant).astype(np.float32)


def neighbour_shares(
    vectors: np.ndarray,
    rows: pd.DataFrame,
    kinds: dict[str, np.ndarray],
    asked: np.ndarray,
    other_people: bool = False,
) -> dict[str, Share]:
    """Of the 10 nearest neighbours (Euclidean) of samples, the share that is of the same kind.

    vectors: (n, D), standardised. rows: recording, participant, onset, duration (s) of each. kinds: by name,
    (n,) values; a sample without one (None, NaN) is left out of it, as asked and as neighbour. asked: (k,)
    rows whose neighbours are looked up, among all. other_people: only among samples of other participants.
    A kind in which nobody has 10 others to choose from is left out.
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
        mine = asked[first : first + step, None]
        distance = squares[None] - 2 * vectors[mine[:, 0]] @ vectors.T
        apart = (recording[mine] != recording) | (end[mine] <= begin + 1e-6) | (begin[mine] >= end - 1e-6)
        apart[np.arange(len(mine)), mine[:, 0]] = False
        if other_people:
            apart &= person[mine] != person
        for name, code in codes.items():
            free = apart & (code >= 0)
            usable = (free.sum(axis=1) >= NEIGHBOURS) & (code[mine[:, 0]] >= 0)
            if not usable.any():
                continue
            near = np.where(free, distance, np.inf)[usable]
            nearest = np.argpartition(near, NEIGHBOURS - 1, axis=1)[:, :NEIGHBOURS]
            own = code[mine[usable]]
            hits[name].append((code[nearest] == own).mean(axis=1))
            same = (code == own) & free[usable]
            chances[name].append(same.sum(axis=1) / free[usable].sum(axis=1))
    return {
        name: Share(float(np.concatenate(hits[name]).mean()), float(np.concatenate(chances[name]).mean()))
        for name in codes
        if hits[name]
    }
