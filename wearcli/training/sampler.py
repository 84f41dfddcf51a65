"""Which windows make a step's batch: drawn from the seed and the step's number alone.

Nothing carries over from one step to the next, so a resumed run needs no random state.
"""

import numpy as np
import pandas as pd
import torch

from wearcli.seeds import generator, whole_number

TRAIN, VALIDATION, MONITOR = range(3)  # the first index of a stream, see `wearcli.seeds`


def torch_generator(seed: int, stream: str, *indices: int) -> torch.Generator:
    """The generator of torch for a named stream, on the CPU."""
    return torch.Generator().manual_seed(whole_number(seed, stream, *indices))


class PairSampler:
    """Pairs of windows of one recording at most `positive_seconds` apart.

    A participant is chosen with a chance that grows with the square root of their number of windows, so
    that a week of one does not drown an hour of another; then one of their windows, evenly; then its
    partner, evenly among the windows around it, the window itself included.

    Args:
        index: A data frame with recording, participant, onset (seconds).
        rows: Those to draw from.
        batch: Pairs a step.
        positive_seconds: Greatest time between the windows of a pair, seconds.
        seed: The seed of the run.
        weight: Chances of the rows, up to a factor, in place of those above.
    """

    def __init__(
        self,
        index: pd.DataFrame,
        rows: np.ndarray,
        batch: int,
        positive_seconds: float,
        seed: int,
        weight: np.ndarray | None = None,
    ) -> None:
        self.batch, self.positive_seconds, self.seed = batch, positive_seconds, seed
        part = index.loc[rows]
        recording = pd.factorize(part["recording"], sort=True)[0]
        onset = part["onset"].to_numpy(np.float64)
        order = np.lexsort((onset, recording))
        self.rows = np.asarray(rows, np.int64)[order]
        self.recording, self.onset = recording[order], onset[order]
        person = pd.factorize(part["participant"], sort=True)[0][order]
        counts = np.bincount(person)
        chance = np.sqrt(counts)[person] / counts[person] if weight is None else weight[order]
        self.cumulative = np.cumsum(chance) / chance.sum()
        # Recordings laid end to end, too far apart for a window of one to be near one of the next.
        span = float(np.ptp(onset)) + 2 * positive_seconds + 1
        line = self.recording * span + (self.onset - self.onset.min())
        slack = positive_seconds + 1e-6
        self.first = np.searchsorted(line, line - slack, side="left")
        self.last = np.searchsorted(line, line + slack, side="right")

    def draw(self, step: int, stream: int = TRAIN) -> tuple[np.ndarray, np.ndarray]:
        """The pairs of a step, and what to ignore in it.

        Returns:
            Rows (2 batch,) int64, anchors then partners; and (2 batch, 2 batch) bool, true for two windows of
            one recording within `positive_seconds`: they are too alike to be negatives of each other.
        """
        rng = generator(self.seed, "batches", stream, step)
        anchor = np.searchsorted(self.cumulative, rng.random(self.batch), side="right")
        anchor = np.minimum(anchor, len(self.rows) - 1)
        partner = rng.integers(self.first[anchor], self.last[anchor])
        chosen = np.concatenate((anchor, partner))
        recording, onset = self.recording[chosen], self.onset[chosen]
        near = np.abs(onset[:, None] - onset[None, :]) <= self.positive_seconds
        return self.rows[chosen], near & (recording[:, None] == recording[None, :])
