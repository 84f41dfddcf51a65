"""Windows of recordings that come in parts, pooled to the samples that a probe was fitted on.

A recording comes in parts, in the order of time; no more of it is held than an epoch. The samples are
`UsableWindows` whose times have the column windows.
"""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from wearcli.labels.intervals import ROUNDING_S, inside
from wearcli.labels.pooling import newly_covered, pool
from wearcli.labels.windows import UsableWindows


@dataclass
class Epochs:
    """A recording cut into epochs from its first window on, the windows of an epoch pooled as in training.

    A window is in the epoch in which it lies with at least half of its length. An epoch that windows cover
    for less than half is left out and counted; a recording shorter than an epoch is one as it is, as a
    label's interval would be. The last epoch ends with the last window.

    Attributes:
        epoch_s: Length of an epoch, s.
        stride_s: Seconds from window to window; a window that is shorter stands for so much.
        left_out: Counts what was left out, by reason.
        held: Windows of epochs that are not complete.
        origin: Where the first epoch begins, s.
        done: How many epochs are complete.
    """

    epoch_s: float
    stride_s: float
    left_out: Counter[str]
    held: UsableWindows | None = None
    origin: float = 0.0
    done: int = 0

    def add(self, windows: UsableWindows) -> UsableWindows | None:
        """Take the next windows of a recording; return the epochs that are complete."""
        if not len(windows):
            return None
        if self.held is None:  # more may not come: an epoch is cut at its end
            self.origin, self.held = float(windows.onset[0]), windows
            return None
        self.held = self.held.then(windows)
        # No window to come begins before the latest one.
        return self._cut(int(np.floor((windows.onset[-1] - self.origin) / self.epoch_s + ROUNDING_S)))

    def end(self) -> UsableWindows | None:
        """Return the last epochs of the recording; what is added next belongs to another one."""
        rest = None if self.held is None else self._cut(None)
        self.held, self.origin, self.done = None, 0.0, 0
        return rest

    def _cut(self, until: int | None) -> UsableWindows | None:
        """The epochs from number `done` up to `until`, None: up to the recording's end."""
        held = self.held
        assert held is not None
        first, last = (
            np.floor((edge - self.origin) / self.epoch_s).astype(int) for edge in (held.onset, held.end)
        )
        # The epochs in which a window can lie by half.
        numbers = np.unique([first, np.minimum(first + 1, last), last])
        numbers = numbers[(numbers >= self.done) & (numbers < (np.inf if until is None else until))]
        onset = self.origin + numbers * self.epoch_s
        stop = held.end.max() if until is None else np.inf
        needed = min(self.epoch_s, stop - self.origin) / 2
        epochs = pd.DataFrame({"recording": "", "onset": onset, "duration": self.epoch_s})
        window, epoch = inside(held.times.assign(recording=""), epochs)
        counts = np.bincount(epoch, minlength=len(onset))
        enough = self._covered(held, onset) >= needed - ROUNDING_S
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

    def _covered(self, held: UsableWindows, onset: np.ndarray) -> np.ndarray:
        """(epochs,) seconds for which windows stand, those that overlap counted once."""
        end = held.reach(self.stride_s)
        seconds = newly_covered(held.onset, end)
        # Seconds covered until a time: they grow from each stretch's begin to its end, and nowhere else.
        edges = np.column_stack([end - seconds, end]).reshape(-1)
        covered = np.column_stack([np.cumsum(seconds) - seconds, np.cumsum(seconds)]).reshape(-1)
        until_end, until_onset = (np.interp(at, edges, covered) for at in (onset + self.epoch_s, onset))
        return np.asarray(until_end - until_onset)

    def _pooled(
        self, held: UsableWindows, window: np.ndarray, counts: np.ndarray, onset: np.ndarray, stop: float
    ) -> UsableWindows:
        """Epochs with these onsets, each of so many windows; none lasts beyond `stop`."""
        times = held.times.iloc[window[np.cumsum(counts) - counts]].reset_index(drop=True)
        if "start" in times:
            times["start"] += microseconds(onset - times["onset"].to_numpy())
        duration = np.minimum(self.epoch_s, stop - onset)
        times = times.assign(onset=onset, duration=duration, windows=counts)
        vectors = {name: pool(values, window, counts) for name, values in held.vectors.items()}
        return UsableWindows(times, vectors, {})


@dataclass
class _Person:
    """The windows of a participant so far: sums of their vectors, and the time that they stand for."""

    sums: dict[str, np.ndarray] = field(default_factory=dict)
    windows: int = 0
    seconds: float = 0.0


@dataclass
class People:
    """One sample a participant: the mean of all windows; what is held is one sum a participant.

    Attributes:
        fewest: Participants with fewer windows are left out and counted.
        stride_s: Seconds from window to window; a window that is shorter stands for so much.
        left_out: Counts what was left out, by reason.
    """

    fewest: int
    stride_s: float
    left_out: Counter[str]
    _people: dict[str, _Person] = field(default_factory=dict)
    _recording: str = ""  # the last one, and the end of its last window
    _reached: float = -np.inf

    def add(self, windows: UsableWindows) -> None:
        """Take windows of one recording, the next ones in time."""
        if not len(windows):
            return
        recording, name = (str(windows.times[column].iloc[0]) for column in ("recording", "participant"))
        before = self._reached if self._recording == recording else -np.inf
        end = windows.reach(self.stride_s)
        self._recording, self._reached = recording, float(end.max())
        person = self._people.setdefault(name, _Person())
        person.windows += len(windows)
        person.seconds += float(newly_covered(windows.onset, end, before).sum())
        for vector, values in windows.vectors.items():
            person.sums[vector] = person.sums.get(vector, 0) + values.sum(axis=0, dtype=np.float64)

    def samples(self) -> UsableWindows | None:
        """Return a sample a participant, by name; None if there is none.

        Recording, placement, start and onset would be those of one recording among several, so they are null;
        duration is the time that windows stand for.
        """
        kept = {name: one for name, one in sorted(self._people.items()) if one.windows >= self.fewest}
        if few := len(self._people) - len(kept):
            self.left_out[f"participants with fewer than {self.fewest} windows, as the probe wants"] += few
        if not kept:
            return None
        people = list(kept.values())
        times = pd.DataFrame(
            {
                "recording": np.full(len(kept), None, object),
                "participant": np.array([*kept], object),
                "onset": np.nan,
                "duration": [one.seconds for one in people],
                "windows": [one.windows for one in people],
            }
        )
        vectors = {
            name: np.array([one.sums[name] / one.windows for one in people], np.float32)
            for name in people[0].sums
        }
        return UsableWindows(times, vectors, {})


def microseconds(seconds: np.ndarray) -> np.ndarray:
    """Return (n,) seconds as timedelta64[us]."""
    return np.round(seconds * 1e6).astype("timedelta64[us]")
