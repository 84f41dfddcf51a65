"""Time stamps as devices write them, mended to times that strictly increase.

What happens in real files, and what is done here:

- a sample without a time or with a missing value is left out (a gap remains);
- stamps that come in bursts (many equal, then a jump: radio packets, whole-second stamps) are spread at
  the sample rate about their own smoothed course;
- a duplicate stamp, or one a little before its predecessor, is left out;
- a few samples whose stamps leap away, and then return to where they would be, have wrong stamps: left out;
- a step back of more than `RESET_S` is a clock that was set anew: what follows is taken to continue one
  sample later, and is counted, as no one can know how long the clock stood.
"""

import itertools

import numpy as np
from scipy.ndimage import uniform_filter1d

from wearcli.recordings.recording import Chunk

RESET_S = 1.0
BURST_SHARE = (
    0.05  # of sample intervals under a fifth of the period: the stamps tell of delivery, not sampling
)
SMOOTH_S = 10.0
LEAP_S = 60.0  # samples that leap away for longer are taken at their word


class Clock:
    """Mends the stamps of one recording, chunk by chunk, and counts what it mends.

    Args:
        rate_hz: The sample rate, as measured, Hz.

    Attributes:
        resets: How often the clock was set back.
        dropped: Samples with duplicate or backward stamps.
        invalid: Samples without a time or a value, or with a time that leapt away.
    """

    def __init__(self, rate_hz: float) -> None:
        self.period = 1.0 / rate_hz
        self.resets = 0
        self.dropped = 0
        self.invalid = 0
        self._shift = 0.0  # added to the file's stamps since the last reset
        self._last_raw = -np.inf
        self._last = -np.inf

    def mend(self, chunk: Chunk) -> Chunk:
        """Return the chunk with strictly increasing times, later than those of the chunks before it."""
        time, values = chunk
        valid = np.isfinite(time)
        if np.issubdtype(values.dtype, np.floating):
            # One sum finds the common case, where nothing is missing, without a temporary the chunk's size.
            if not np.isfinite(values.sum(dtype=np.float64)):
                valid &= np.isfinite(values).all(axis=1)
        if not valid.all():
            self.invalid += int(np.count_nonzero(~valid))
            time, values = time[valid], values[valid]
        if len(time) == 0:
            return Chunk(time, values)
        before = self._last_raw
        steps = self._steps(time)
        if np.abs(steps).max() > RESET_S and (leapt := self._leaps(time, steps)).any():
            self.invalid += int(np.count_nonzero(leapt))
            time, values = time[~leapt], values[~leapt]
            steps = self._steps(time)
        self._last_raw = float(time[-1])
        time = time + (self._shift + self._undo_resets(steps))
        self._shift = float(time[-1] - self._last_raw)
        if steps.min() >= 0.2 * self.period and time[0] > self._last:
            self._last = float(time[-1])
            return Chunk(time, values)
        return self._order(time, values, continues=time[0] - before <= RESET_S)

    def warnings(self) -> list[str]:
        """Return what was mended, in words."""
        repairs = {
            "samples without a usable time or value left out": self.invalid,
            "samples with duplicate or backward stamps left out": self.dropped,
            "times the clock was set back: what follows is taken to continue at once": self.resets,
        }
        return [f"{count} {what}" for what, count in repairs.items() if count]

    def _steps(self, time: np.ndarray) -> np.ndarray:
        before = self._last_raw if np.isfinite(self._last_raw) else time[0] - self.period
        return np.diff(time, prepend=before)

    def _leaps(self, time: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """Samples between a leap and the one that undoes it, (samples,) bool.

        Undone: the sample after them lies within `RESET_S` of where the samples before them lead.
        """
        leapt = np.zeros(len(time), bool)
        leaps = np.flatnonzero(np.abs(steps) > RESET_S)
        for begin, end in itertools.pairwise(leaps.tolist()):
            elapsed = steps[begin : end + 1].sum()
            expected = (end - begin + 1) * self.period
            short = end - begin <= LEAP_S / self.period
            if short and steps[begin] * steps[end] < 0 and abs(elapsed - expected) <= RESET_S:
                leapt[begin:end] = True
        return leapt

    def _undo_resets(self, steps: np.ndarray) -> np.ndarray | float:
        """What to add to each stamp so that a clock set back continues; (samples,) or 0."""
        if steps.min() >= -RESET_S:
            return 0.0
        back = steps < -RESET_S
        self.resets += int(back.sum())
        return np.cumsum(np.where(back, self.period - steps, 0.0))

    def _order(self, time: np.ndarray, values: np.ndarray, continues: bool) -> Chunk:
        """Spread bursts, then leave out what does not move forward."""
        if len(time) > 1 and np.mean(np.diff(time) < 0.2 * self.period) > BURST_SHARE:
            time = self._spread(time, continues)
        latest = np.maximum.accumulate(np.concatenate(([self._last], time)))[:-1]
        forward = time > latest
        self.dropped += int(np.count_nonzero(~forward))
        time, values = time[forward], values[forward]
        if len(time):
            self._last = float(time[-1])
        return Chunk(time, values)

    def _spread(self, time: np.ndarray, continues: bool) -> np.ndarray:
        """Bursts at the sample rate: each stretch follows the smoothed lateness of its stamps.

        A stretch begins at its first stamp (the first of a chunk, if it `continues` the last chunk's, one
        sample after that), as nobody can tell by how much its stamps are early or late. It ends where a
        stamp is more than a second later than the samples since the last distinct stamp explain.
        """
        first = np.flatnonzero(np.diff(time, prepend=-np.inf) != 0)  # of each run of equal stamps
        counts = np.diff(np.append(first, len(time)))
        late = np.diff(time[first]) - counts[:-1] * self.period
        breaks = first[1:][late > RESET_S]
        out = np.empty_like(time)
        size = max(3, round(SMOOTH_S / self.period))
        for begin, end in zip(np.append(0, breaks), np.append(breaks, len(time)), strict=True):
            ideal = np.arange(end - begin) * self.period
            lateness = time[begin:end] - ideal
            course = uniform_filter1d(lateness, min(size, end - begin), mode="nearest")
            onset = self._last + self.period if begin == 0 and continues else time[begin]
            out[begin:end] = ideal + course + (onset - course[0])
        return out
