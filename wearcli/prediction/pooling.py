"""Windows made the samples that a probe was fitted on: epochs of a recording, or whole people.

A recording comes in parts, in the order of time; no more of it is held than an epoch.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from wearcli.labels.intervals import inside, pool
from wearcli.prediction.windows import Samples

_ROUNDING_S = 1e-6


@dataclass
class Epochs:
    """A recording cut into epochs from its first window on, the windows of each pooled as in training.

    A window is of the epoch that it lies in with at least half of its length. An epoch that windows cover for
    less than half is left out and counted; a recording shorter than an epoch is one as it is, as a label's
    interval would be. The last epoch ends with the last window.

    epoch_s: seconds. stride_s: from window to window; where a window is shorter it stands for so much.
    """

    epoch_s: float
    stride_s: float
    left_out: Counter[str]
    held: Samples | None = None
    origin: float = 0.0
    done: int = 0  # epochs that are complete

    def add(self, new: Samples) -> Samples | None:
        """The next windows of a recording; returns epochs that are complete."""
        if not len(new):
            return None
        if self.held is None:  # more may not come: an epoch is cut at its end
            self.origin, self.held = float(new.onset[0]), new
            return None
        self.held = self.held.then(new)
        # No window to come begins before the latest one.
        return self._cut(int(np.floor((new.onset[-1] - self.origin) / self.epoch_s + _ROUNDING_S)))

    def end(self) -> Samples | None:
        """The last epochs of the recording; what is added next is of another one."""
        rest = None if self.held is None else self._cut(None)
        self.held, self.origin, self.done = None, 0.0, 0
        return rest

    def _cut(self, until: int | None) -> Samples | None:
        """The epochs from number `done` up to `until`, None: up to the recording's end."""
        held = self.held
        assert held is not None
        first, last = (
            np.floor((edge - self.origin) / self.epoch_s).astype(int) for edge in (held.onset, held.end)
        )
        # Of a window's epochs those in which it can lie by half.
        numbers = np.unique([first, np.minimum(first + 1, last), last])
        numbers = numbers[(numbers >= self.done) & (numbers < (np.inf if until is None else until))]
        onset = self.origin + numbers * self.epoch_s
        stop = held.end.max() if until is None else np.inf
        needed = min(self.epoch_s, stop - self.origin) / 2
        window, epoch = inside(_frame(held.onset, held.duration), _frame(onset, self.epoch_s))
        counts = np.bincount(epoch, minlength=len(onset))
        enough = self._covered(held, onset) >= needed - _ROUNDING_S
        if poor := int(((counts > 0) & ~enough).sum()):
            self.left_out["epochs that windows cover for less than half"] += poor
        kept = np.flatnonzero((counts > 0) & enough)
        samples = None
        if len(kept):
            samples = self._pooled(held, window[np.isin(epoch, kept)], counts[kept], onset[kept], stop)
        if until is not None:
            self.done = max(self.done, until)
            self.held = held.only(held.end > self.origin + self.done * self.epoch_s)
        return samples

    def _covered(self, held: Samples, onset: np.ndarray) -> np.ndarray:
        """(epochs,) seconds of each for which windows stand, those that overlap counted once."""
        seconds, end = newly_covered(held, self.stride_s), _reach(held, self.stride_s)
        # Seconds covered until a time: they grow from each stretch's begin to its end, and nowhere else.
        edges = np.column_stack([end - seconds, end]).reshape(-1)
        covered = np.column_stack([np.cumsum(seconds) - seconds, np.cumsum(seconds)]).reshape(-1)
        return np.interp(onset + self.epoch_s, edges, covered) - np.interp(onset, edges, covered)

    def _pooled(
        self, held: Samples, window: np.ndarray, counts: np.ndarray, onset: np.ndarray, stop: float
    ) -> Samples:
        """Epochs with these onsets and so many windows each; none lasts beyond `stop`."""
        first = window[np.cumsum(counts) - counts]
        return Samples(
            origin=held.origin,
            start=held.start[first] + seconds_of(onset - held.onset[first]),
            onset=onset,
            duration=np.minimum(self.epoch_s, stop - onset),
            windows=counts,
            vectors=pool(held.vectors, window, counts),
        )


@dataclass
class People:
    """One sample a participant: the mean of all windows of theirs; what is held is a sum for each.

    fewest: participants with fewer windows are left out and counted.
    """

    fewest: int
    stride_s: float
    left_out: Counter[str]
    sums: dict[str, np.ndarray] = field(default_factory=dict)
    windows: Counter[str] = field(default_factory=Counter)
    seconds: dict[str, float] = field(default_factory=dict)
    reached: tuple[str, float] = ("", -np.inf)  # the last recording, and the end of its last window

    def add(self, new: Samples) -> None:
        """Windows of one recording, the next ones in time."""
        if not len(new):
            return
        recording, person = new.origin["recording"], new.origin["participant"]
        before = self.reached[1] if self.reached[0] == recording else -np.inf
        self.reached = recording, float(_reach(new, self.stride_s).max())
        seconds = float(newly_covered(new, self.stride_s, before).sum())
        self.sums[person] = self.sums.get(person, 0) + new.vectors.sum(axis=0, dtype=np.float64)
        self.windows[person] += len(new)
        self.seconds[person] = self.seconds.get(person, 0.0) + seconds

    def all(self) -> Samples | None:
        """A sample a participant, by name.

        Recording, placement, start and onset are those of no one recording, so they are null; duration is the
        time that windows stand for.
        """
        people = sorted(name for name, count in self.windows.items() if count >= self.fewest)
        if few := len(self.windows) - len(people):
            self.left_out[f"participants with fewer than {self.fewest} windows, as the probe wants"] += few
        if not people:
            return None
        nothing = np.full(len(people), None, object)
        return Samples(
            origin={"recording": nothing, "participant": np.array(people, object), "placement": nothing},
            start=np.full(len(people), np.datetime64("NaT", "us")),
            onset=np.full(len(people), np.nan),
            duration=np.array([self.seconds[name] for name in people]),
            windows=np.array([self.windows[name] for name in people]),
            vectors=np.array([self.sums[name] / self.windows[name] for name in people], np.float32),
        )


def seconds_of(values: np.ndarray) -> np.ndarray:
    """(n,) seconds as timedelta64[us]."""
    return np.round(values * 1e6).astype("timedelta64[us]")


def newly_covered(windows: Samples | pd.DataFrame, stride_s: float, before: float = -np.inf) -> np.ndarray:
    """(n,) seconds for which each window stands and none before it; `before`: where those of earlier end."""
    end = _reach(windows, stride_s)
    earlier = np.maximum.accumulate(np.concatenate([[before], end]))[:-1]
    return np.maximum(end - np.maximum(np.asarray(windows.onset), earlier), 0.0)


def _reach(windows: Samples | pd.DataFrame, stride_s: float) -> np.ndarray:
    return np.asarray(windows.onset + np.maximum(windows.duration, stride_s))


def _frame(onset: np.ndarray, duration: np.ndarray | float) -> pd.DataFrame:
    """Intervals of the one recording, as `labels.intervals` takes them."""
    return pd.DataFrame({"recording": "", "onset": onset, "duration": duration})
