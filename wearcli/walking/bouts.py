"""Walking windows joined to bouts, while the windows of a recording come in parts."""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from wearcli.labels.intervals import ROUNDING_S

# A shorter gap does not end a bout: this made 1.3 bouts instead of 1.6 of a single walk of selfback, and took
# 0.4 % instead of 0.3 % of all else.
GAP_S = 2.5


@dataclass(frozen=True)
class Bout:
    """A bout of walking.

    Attributes:
        onset: Seconds from the recording's start.
        duration: Length, s.
        windows: Its walking windows, rows of the embeddings table.
    """

    onset: float
    duration: float
    windows: pa.Table


@dataclass
class Bouts:
    """The bouts of one recording: walking windows that touch or lie at most `GAP_S` apart.

    A bout reaches from the first window's start to the last one's end.

    Attributes:
        min_bout_s: A shorter bout is none, s.
        held: Windows of a bout that may go on.
    """

    min_bout_s: float
    held: list[pa.Table] = field(default_factory=list)

    def add(self, table: pa.Table, walking: np.ndarray) -> list[Bout]:
        """Take the recording's next windows; return the bouts that are complete.

        Args:
            table: The windows, at least one.
            walking: (n,) bool, which of them are walking.
        """
        if walking.any():
            self.held.append(table.filter(pa.array(walking)))
        # No window to come begins before the latest one.
        return self._complete(float(table["onset"][-1].as_py()))

    def end(self) -> list[Bout]:
        """Return the last bouts; what is added next belongs to another recording."""
        return self._complete(np.inf)

    def _complete(self, latest: float) -> list[Bout]:
        if not self.held:
            return []
        held = pa.concat_tables(self.held)
        onset = held["onset"].to_numpy()
        ends = onset + held["duration"].to_numpy()
        first = np.concatenate(([0], np.flatnonzero(onset[1:] - ends[:-1] > GAP_S + ROUNDING_S) + 1))
        last = np.concatenate((first[1:], [len(held)]))
        going_on = latest - ends[-1] <= GAP_S + ROUNDING_S
        self.held = [held.slice(first[-1])] if going_on else []
        bouts = []
        for begin, after in zip(first, last, strict=True):
            duration = float(ends[after - 1] - onset[begin])
            if duration >= self.min_bout_s - ROUNDING_S and not (going_on and after == len(held)):
                bouts.append(Bout(float(onset[begin]), duration, held.slice(begin, after - begin)))
        return bouts
