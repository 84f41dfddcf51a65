"""Gravity in a table of its own, beside the table of an acceleration: both as one table."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from wearcli.recordings.tables.table import Batch, Table

# Gravity is not known further from its next sample than so many of its usual steps.
_STEPS = 10


def with_gravity_beside(table: Table, gravity: Table, time: tuple[int, int], axes: list[int]) -> Table:
    """Return a table with the axes of another one behind its own columns, at the times of its own rows.

    Gravity turns slowly, so it is interpolated between its samples.

    Args:
        table: Acceleration.
        gravity: Gravity, with stamps of the same clock.
        time: Positions of the column of time in the two; both hold numbers, or both dates.
        axes: Positions of x, y and z in `gravity`.
    """
    width = len(table.columns)

    def stream(wanted: int | None, channels: list[int]) -> Iterator[Batch]:
        own = [j for j in channels if j < width]
        beside = [axes[j - width] for j in channels if j >= width]
        if not beside:
            yield from table.stream(wanted, own)
            return
        track = _Track(gravity.stream(time[1], beside), len(beside))
        # Another column of time comes from a second pass in step with the first.
        others = None if wanted in (time[0], None) else table.stream(wanted, [])
        for batch in table.stream(time[0], own):
            added = track.at(_counts(batch))
            values = np.empty((len(added), len(channels)), np.float32)
            values[:, [j < width for j in channels]] = batch.values
            values[:, [j >= width for j in channels]] = added
            stamps = batch.time if others is None else next(others).time
            yield Batch(None if wanted is None else stamps, values)

    return replace(table, columns=[*table.columns, *(gravity.columns[j] for j in axes)], stream=stream)


class _Track:
    """A sensor's samples on their way: values between them at stamps that go on, in bounded memory."""

    def __init__(self, batches: Iterator[Batch], channels: int) -> None:
        self._batches = batches
        self._origin: np.number | None = None
        self._gap = np.inf
        self._time, self._values = np.empty(0), np.empty((0, channels))

    def at(self, stamps: np.ndarray) -> np.ndarray:
        """Return the values at stamps, (samples, channels); NaN where no sample is near."""
        times = self._read_to(stamps)
        if not len(self._time):
            return np.full((len(stamps), self._values.shape[1]), np.nan)
        values = np.stack([np.interp(times, self._time, column) for column in self._values.T], 1)
        after = np.searchsorted(self._time, times).clip(max=len(self._time) - 1)
        before = (after - 1).clip(min=0)
        nearest = np.minimum(np.abs(times - self._time[before]), np.abs(self._time[after] - times))
        values[~(nearest <= self._gap)] = np.nan
        first = np.searchsorted(self._time, np.nanmin(times)) if np.isfinite(times).any() else 0
        self._time, self._values = self._time[max(0, first - 2) :], self._values[max(0, first - 2) :]
        return values

    def _read_to(self, stamps: np.ndarray) -> np.ndarray:
        """The stamps from the first sample, after samples up to the last of them were read."""
        times = np.full(len(stamps), np.nan)
        while True:
            if self._origin is not None:
                # Whole numbers stay so until the difference: an epoch in ns is longer than a float64.
                times = np.asarray(stamps - self._origin, np.float64)
                if not np.isfinite(times).any() or self._time[-1] >= np.nanmax(times):
                    return times
            batch = next(self._batches, None)
            if batch is None:
                return times
            self._take(_counts(batch), batch.values)

    def _take(self, stamps: np.ndarray, values: np.ndarray) -> None:
        whole = np.isfinite(values).all(1) & np.isfinite(np.asarray(stamps, np.float64))
        if not whole.any():
            return
        if self._origin is None:
            self._origin = stamps[whole][0]
        times = np.asarray(stamps[whole] - self._origin, np.float64)
        last = self._time[-1] if len(self._time) else -np.inf
        rising = times > np.maximum.accumulate(np.concatenate(([last], times)))[:-1]
        self._time = np.concatenate([self._time, times[rising]])
        self._values = np.concatenate([self._values, values[whole][rising]])
        if np.isinf(self._gap) and len(self._time) > 1:
            self._gap = _STEPS * float(np.median(np.diff(self._time)))


def _counts(batch: Batch) -> np.ndarray:
    """The stamps of a batch as numbers."""
    assert isinstance(batch.time, np.ndarray), "a column of texts is no time of two tables"
    return batch.time.astype(np.int64) if batch.time.dtype.kind in "Mm" else batch.time
