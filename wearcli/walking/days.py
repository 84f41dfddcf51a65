"""Bouts gathered by participant, placement and day."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Protocol

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.labels.pooling import newly_covered
from wearcli.labels.windows import is_unworn
from wearcli.walking.bouts import Bout
from wearcli.walking.metrics import Means

DAY_S = 86400
_KEYS = ("participant", "placement")
DAY_COLUMNS = (
    *("participant", "placement", "day", "hours", "hours_recorded", "hours_not_worn"),
    *("hours_without_data", "walking_min", "bouts", "strides"),
    *("longest_bout_s", "p95_bout_s", "samples"),
)


class DayMetrics(Protocol):
    """What the metrics of a day are made by: a probe, or measures of the signal."""

    def day_means(self, bouts: list[Means]) -> Means | None:
        """Return the means over the bouts of a day."""

    def strides(self, means: Means | None, seconds: float) -> float:
        """Return the strides in so many seconds."""

    def columns(self, means: Means | None) -> dict[str, float]:
        """Return the columns of the metrics."""


@dataclass
class Day:
    """A day of a sensor.

    Attributes:
        seconds: Time with worn windows.
        unworn_s: Time with other windows.
        recorded_s: Time of the recordings, gaps included.
        bouts: Duration (s) and means of every bout; None where the probe uses none of its windows.
    """

    seconds: float = 0.0
    unworn_s: float = 0.0
    recorded_s: float = 0.0
    bouts: list[tuple[float, Means | None]] = field(default_factory=list)


@dataclass
class Days:
    """The days of every participant and placement ("" where it is not known), as recordings go by.

    Sensors that were worn together have days of their own, as they measure the same walks. A day is the date
    in `zone` on which a window or bout begins; for a recording without a start it is the number of the day
    since its beginning, from "1".

    Attributes:
        zone: Time zone of the dates.
        stride_s: Seconds from window to window; a window that is shorter stands for so much.
        by_key: The days by participant, placement and day.
    """

    zone: tzinfo
    stride_s: float
    by_key: dict[tuple[str, str, str], Day] = field(default_factory=lambda: defaultdict(Day))
    _under_way: set[tuple[str, str, str]] = field(default_factory=set)  # days of the recording that comes
    _start: datetime | None = None  # of that recording

    def add_windows(self, table: pa.Table, before: float) -> float:
        """Count the windows of one recording, the next ones in time; return where the last one ends.

        Args:
            table: The windows.
            before: Where the windows before end, seconds from the recording's start.
        """
        times = table.select([*_KEYS, "start", "onset", "duration"]).to_pandas()
        if not len(times):
            return before
        onset = times["onset"].to_numpy()
        reach = onset + np.maximum(times["duration"].to_numpy(), self.stride_s)
        times["seconds"] = newly_covered(onset, reach, before)
        times["day"] = day_names(times["start"], times["onset"], self.zone)
        times["placement"] = times["placement"].fillna("")
        times["unworn"] = is_unworn(table)
        sums = times.groupby([*_KEYS, "day", "unworn"], as_index=False)["seconds"].sum()
        for *key, unworn, seconds in sums.itertuples(index=False):
            day = self.by_key[tuple(key)]
            day.unworn_s += float(seconds) * unworn
            day.seconds += float(seconds) * (not unworn)
            self._under_way.add(tuple(key))
        first = times.iloc[0]
        self._start = (
            None if pd.isna(first["start"]) else first["start"] - pd.Timedelta(seconds=first["onset"])
        )
        return float((times["onset"] + times["duration"]).max())

    def end_recording(self, span_s: float) -> None:
        """Count the time of the recording whose windows have come; of days without any window it is left out.

        Args:
            span_s: From its first sample to its end, gaps included, s.
        """
        for key in self._under_way:
            begin_s, end_s = self._bounds(key[2])
            self.by_key[key].recorded_s += max(0.0, min(end_s, span_s) - max(begin_s, 0.0))
        self._under_way, self._start = set(), None

    def _bounds(self, day: str) -> tuple[float, float]:
        """Begin and end of a day, s from the recording's start."""
        if self._start is None:
            return (int(day) - 1) * DAY_S, int(day) * DAY_S
        midnight = datetime.fromisoformat(day)
        edges = (midnight.replace(tzinfo=self.zone), (midnight + timedelta(days=1)).replace(tzinfo=self.zone))
        begin, end = ((edge - self._start).total_seconds() for edge in edges)
        return begin, end

    def add_bout(self, bout: Bout, means: Means | None) -> dict[str, str]:
        """Count a bout; return its participant, placement and day."""
        first = bout.windows.slice(0, 1).select([*_KEYS, "start"]).to_pandas()
        day = str(day_names(first["start"], pd.Series([bout.onset]), self.zone)[0])
        participant = first["participant"][0]
        placement = bout.windows["placement"][0].as_py() or ""  # pandas may have a NaN for a null
        self.by_key[participant, placement, day].bouts.append((bout.duration, means))
        return {"participant": participant, "placement": placement, "day": day}

    def add_walk(
        self,
        participant: str,
        placement: str | None,
        start: datetime | None,
        onset: float,
        duration: float,
        means: Means | None,
    ) -> dict[str, str]:
        """Count a walk of a sensor; return its participant, placement and day.

        Args:
            participant: The person.
            placement: The placement.
            start: When it began; None where that is not known.
            onset: When it began, s from the recording's start.
            duration: Length, s.
            means: Its measures; None where there are none.
        """
        day = str(day_names(pd.Series([start]), pd.Series([onset]), self.zone)[0])
        self.by_key[participant, placement or "", day].bouts.append((duration, means))
        return {"participant": participant, "placement": placement or "", "day": day}

    def rows(self, probe: DayMetrics) -> Iterator[dict[str, object]]:
        """Yield the rows of days.csv, in order; a day without a bout has no metrics."""
        for key in sorted(self.by_key, key=lambda key: (*key[:2], len(key[2]), key[2])):
            day = self.by_key[key]
            durations = np.array([duration for duration, _ in day.bouts])
            means = probe.day_means([bout for _, bout in day.bouts if bout is not None])
            yield {
                **dict(zip((*_KEYS, "day"), key, strict=True)),
                "hours": day.seconds / 3600,
                "hours_recorded": max(day.recorded_s, day.seconds + day.unworn_s) / 3600,
                "hours_not_worn": day.unworn_s / 3600,
                "hours_without_data": max(0.0, day.recorded_s - day.seconds - day.unworn_s) / 3600,
                "walking_min": durations.sum() / 60,
                "bouts": len(durations),
                "strides": probe.strides(means, durations.sum()) if len(durations) else 0.0,
                "longest_bout_s": durations.max(initial=0.0),
                "p95_bout_s": np.percentile(durations, 95) if len(durations) else 0.0,
                "samples": means.samples if means else 0.0,
                **probe.columns(means),
            }


def day_names(start: pd.Series, onset: pd.Series, zone: tzinfo) -> np.ndarray:
    """Return (n,) strings: the date in a time zone, or the number of the recording's day.

    Args:
        start: (n,) moments in UTC; NaT: the number is taken.
        onset: (n,) seconds from the recording's start.
        zone: The time zone.
    """
    moments = pd.to_datetime(start, utc=True)
    dates = moments.dt.tz_convert(zone).dt.strftime("%Y-%m-%d").to_numpy(object)
    numbers = (onset.to_numpy() // DAY_S + 1).astype(int).astype(str).astype(object)
    return np.where(moments.isna().to_numpy(), numbers, dates)
