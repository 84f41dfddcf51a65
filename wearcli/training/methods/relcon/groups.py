"""RelCon's batch: some windows of each of several people, every one of them embedded once."""

import numpy as np
import pandas as pd

from wearcli.errors import InputError
from wearcli.seeds import generator
from wearcli.training.sampler import TRAIN


class GroupSampler:
    """Groups of windows of one person close in time, with the candidates of each anchor.

    A person is chosen as `PairSampler` does (the chance grows with the square root of their windows), no
    person twice in a step; then one of their windows, evenly, and `within` others of theirs around it: of
    the same recording and all within `seconds`, or, where those are too few, the next ones in the order of
    their recordings. The first `anchors` windows of a group are anchors. An anchor's candidates are
    all other windows of its group, and `between` of the other groups' anchors; always without replacement.

    Args:
        index: A data frame with recording, participant, onset (seconds).
        rows: Those to draw from.
        groups: People a step; fewer where there are fewer, and one alone has candidates of their own only.
        within: Candidates of an anchor's own person.
        between: Candidates of other people.
        anchors: Anchors of a group.
        seconds: Greatest time between the windows of a group.
        seed: The seed of the run.

    Attributes:
        left_out: Number of people with fewer than within + 1 windows, who are left out.

    Raises:
        InputError: Nobody has so many windows.
    """

    def __init__(
        self,
        index: pd.DataFrame,
        rows: np.ndarray,
        groups: int,
        within: int,
        between: int,
        anchors: int,
        seconds: float,
        seed: int,
    ) -> None:
        self.size, self.anchors, self.seed = within + 1, anchors, seed
        part = index.loc[rows]
        person = pd.factorize(part["participant"], sort=True)[0]
        recording = pd.factorize(part["recording"], sort=True)[0]
        onset = part["onset"].to_numpy(np.float64)
        order = np.lexsort((onset, recording, person))
        self.rows = np.asarray(rows, np.int64)[order]
        counts = np.bincount(person)
        self.starts = np.concatenate(([0], np.cumsum(counts)))
        self.people = np.flatnonzero(counts >= self.size)
        self.left_out = len(counts) - len(self.people)
        if not len(self.people):
            raise InputError(
                f"nobody has {self.size} windows, as many as a group of candidates: give longer recordings, "
                "or a smaller --within"
            )
        weight = np.sqrt(counts[self.people])
        self.chance = weight / weight.sum()
        self.groups = min(groups, len(self.people))
        self.between = min(between, (self.groups - 1) * anchors)
        # For each window the stretch of windows that its group comes from.
        owner, onset = person[order], onset[order]
        # Recordings in the order of their people, which is not that of their names, one after the other.
        begins = (np.diff(owner, prepend=-1) != 0) | (np.diff(recording[order], prepend=-1) != 0)
        line = np.cumsum(begins) * (np.ptp(onset) + 2 * seconds + 1) + (onset - onset.min())
        # A short stretch widens within its recording, or over the person's others if that is too small.
        edges = np.append(np.flatnonzero(begins), len(begins))
        here = np.cumsum(begins) - 1
        enough = np.diff(edges)[here] >= self.size
        first = np.where(enough, edges[here], self.starts[owner])
        last = np.where(enough, edges[here + 1], self.starts[owner + 1])
        reach = seconds / 2 + 1e-6
        begin = np.maximum(np.searchsorted(line, line - reach), first)
        end = np.minimum(np.searchsorted(line, line + reach, side="right"), last)
        begin = np.maximum(begin - np.maximum(self.size - (end - begin) + 1, 0) // 2, first)
        self.end = np.minimum(np.maximum(end, begin + self.size), last)
        self.begin = np.maximum(np.minimum(begin, self.end - self.size), first)

    def draw(self, step: int, stream: int = TRAIN) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The windows of a step, its anchors and their candidates.

        Returns:
            Rows (groups * (within + 1),) of the index, group after group; anchors (a,) and candidates
            (a, within + between), positions among these rows; all int64.
        """
        rng = generator(self.seed, "batches", stream, step)
        people = rng.choice(self.people, self.groups, replace=False, p=self.chance)
        groups = np.stack([self._group(int(person), rng) for person in people])
        place = np.arange(groups.size).reshape(groups.shape)
        anchors = place[:, : self.anchors]
        own = np.stack([np.delete(place, n, axis=1) for n in range(self.anchors)], axis=1)
        candidates = own.reshape(anchors.size, -1)
        if self.between:
            # Others' anchors, each with a random key; an anchor takes those with the smallest.
            keys = rng.random((anchors.size, anchors.size), np.float32)
            group = np.repeat(np.arange(len(people)), self.anchors)
            keys[group[:, None] == group] = 2
            chosen = np.argpartition(keys, self.between - 1, axis=1)[:, : self.between]
            candidates = np.concatenate([candidates, anchors.reshape(-1)[chosen]], axis=1)
        return self.rows[groups.reshape(-1)], anchors.reshape(-1), candidates

    def _group(self, person: int, rng: np.random.Generator) -> np.ndarray:
        """A window of the person and `within` others around it, in random order: positions in `rows`."""
        window = rng.integers(self.starts[person], self.starts[person + 1])
        around = np.arange(self.begin[window], self.end[window] - 1)
        around += around >= window  # all of the stretch but the window itself
        return np.concatenate(([window], rng.choice(around, self.size - 1, replace=False)))
