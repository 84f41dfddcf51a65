"""Pairs of segments of one person, for the participant-level contrast."""

import numpy as np
import pandas as pd

from wearcli.errors import InputError
from wearcli.seeds import generator
from wearcli.training.methods.participant.options import Positives
from wearcli.training.sampler import TRAIN

TRIES = 8


class PeopleSampler:
    """Two different segments of each of `batch` people, whatever lies between them.

    People are chosen without replacement, the chance growing with the square root of their segments; where
    there are fewer than `batch`, everybody comes as often as fits, once more at most. The first segment is
    any of theirs, its partner any other that does not overlap it in time (one that does only where there is
    no other).

    Args:
        index: A data frame with recording, participant, onset (seconds).
        rows: Those to draw from.
        batch: Pairs a step.
        window_s: Length of a segment, seconds.
        seed: The seed of the run.
        positives: With "segment" a segment is its own partner.

    Attributes:
        left_out: Number of people with a single segment, who are left out (none with "segment").

    Raises:
        InputError: Nobody has two segments.
    """

    def __init__(
        self,
        index: pd.DataFrame,
        rows: np.ndarray,
        batch: int,
        window_s: float,
        seed: int,
        positives: Positives = "participant",
    ) -> None:
        self.batch, self.window_s, self.seed, self.positives = batch, window_s, seed, positives
        part = index.loc[rows]
        person = pd.factorize(part["participant"], sort=True)[0]
        order = np.argsort(person, kind="stable")
        self.rows = np.asarray(rows, np.int64)[order]
        self.recording = pd.factorize(part["recording"], sort=True)[0][order]
        self.onset = part["onset"].to_numpy(np.float64)[order]
        self.counts = np.bincount(person)
        self.starts = np.cumsum(self.counts) - self.counts
        self.people = np.flatnonzero(self.counts >= (2 if positives == "participant" else 1))
        self.left_out = len(self.counts) - len(self.people)
        if not len(self.people):
            raise InputError(
                "nobody has two segments, as a pair of one person needs: give longer recordings, a shorter "
                "--window, or --positives segment"
            )

    def draw(self, step: int, stream: int = TRAIN) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of a step.

        Returns:
            Rows (2 batch,) int64, first segments then their partners; and (batch,) int64 codes of the people,
            or with `positives` "segment" of the segments.
        """
        rng = generator(self.seed, "batches", stream, step)
        people = self._people(rng)
        begin, count = self.starts[people], self.counts[people]
        first = begin + rng.integers(count)
        if self.positives == "segment":
            # One that comes twice, where there are few, is no negative of itself.
            return self.rows[np.concatenate((first, first))], np.unique(first, return_inverse=True)[1]
        return self.rows[np.concatenate((first, self._partners(first, begin, count, rng)))], people

    def _people(self, rng: np.random.Generator) -> np.ndarray:
        """(batch,) codes, as evenly as the square roots of their segments allow."""
        rounds, rest = divmod(self.batch, len(self.people))
        # Gumbel's trick: the greatest of log weight + noise are a draw without replacement.
        keys = 0.5 * np.log(self.counts[self.people]) + rng.gumbel(size=len(self.people))
        return np.concatenate([np.tile(self.people, rounds), self.people[np.argsort(-keys)[:rest]]])

    def _partners(
        self, first: np.ndarray, begin: np.ndarray, count: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        """Other segments of the same people, apart in time where a few tries find one."""
        other = self._others(first, begin, count, rng)
        for _ in range(TRIES):
            near = self._overlap(first, other)
            if not near.any():
                return other
            other[near] = self._others(first[near], begin[near], count[near], rng)
        for at in np.flatnonzero(self._overlap(first, other)):
            theirs = np.arange(begin[at], begin[at] + count[at])
            apart = theirs[~self._overlap(np.full(len(theirs), first[at]), theirs)]
            if len(apart):
                other[at] = rng.choice(apart)
        return other

    def _others(
        self, first: np.ndarray, begin: np.ndarray, count: np.ndarray, rng: np.random.Generator
    ) -> np.ndarray:
        other: np.ndarray = begin + rng.integers(count - 1)
        return other + (other >= first)

    def _overlap(self, first: np.ndarray, other: np.ndarray) -> np.ndarray:
        together = self.recording[first] == self.recording[other]
        overlap: np.ndarray = np.abs(self.onset[first] - self.onset[other]) < self.window_s - 1e-6
        output: np.ndarray = together & overlap
        return output
