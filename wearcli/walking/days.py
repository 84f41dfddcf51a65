"""Bouts gathered by participant, placement and day."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.labels.pooling import newly_covered
from wearcli.labels.windows import is_unworn
from wearcli.walking.bouts import Bout
from wearcli.walking.metrics import GaitProbe, Means

DAY_S = 86400
_KEYS = ("participant", "placement")
DAY_COLUMNS = (
    *("participant", "placement", "day", "hours", "walking_min", "bouts", "strides"),
    *("longest_bout_s", "p95_bout_s", "samples"),
)


@dataclass
class Day:
    """A day of a sensor. seconds: for which there are worn windows; bouts: duration (s), means if any."""

    seconds: float = 0.0
    bouts: list[tuple[float, Means | None]] = field(default_factory=list)


@dataclass
class Days:
    """What is known of each participant, placement ("" where unknown) and day, as recordings go by.

    Sensors that were worn together are days of their own, as they see the same walks. A day is the date in
    `zone` on which a window or bout begins; of a recording without a start it is the number of the day since
    its beginning, "1" the first.
    """

    zone: ZoneInfo
    stride_s: float
    found: dict[tuple[str, str, str], Day] = field(default_factory=lambda: defaultdict(Day))

    def add_windows(self, table: pa.Table, before: float) -> float:
        """Count the worn windows of one recording, the next ones in time; returns where the last one ends.

        before: where those before end, seconds from the recording's start.
        """
        times = table.select([*_KEYS, "start", "onset", "duration"]).to_pandas()
        times = times[~is_unworn(table)]
        if not len(times):
            return before
        onset = times["onset"].to_numpy()
        reach = onset + np.maximum(times["duration"].to_numpy(), self.stride_s)
        times["seconds"] = newly_covered(onset, reach, before)
        times["day"] = days_of(times["start"], times["onset"], self.zone)
        times["placement"] = times["placement"].fillna("")
        sums = times.groupby([*_KEYS, "day"], as_index=False)["seconds"].sum()
        for *key, seconds in sums.itertuples(index=False):
            self.found[tuple(key)].seconds += float(seconds)
        return float((times["onset"] + times["duration"]).max())

    def add_bout(self, bout: Bout, means: Means | None) -> dict[str, str]:
        """Count a bout; returns its participant, placement and day."""
        first = bout.windows.slice(0, 1).select([*_KEYS, "start"]).to_pandas()
        day = str(days_of(first["start"], pd.Series([bout.onset]), self.zone)[0])
        participant, placement = first["participant"][0], first["placement"][0] or ""
        self.found[participant, placement, day].bouts.append((bout.duration, means))
        return {"participant": participant, "placement": placement, "day": day}

    def rows(self, probe: GaitProbe) -> Iterator[dict[str, object]]:
        """The rows of days.csv, in order; one without a bout has no metrics."""
        for key in sorted(self.found, key=lambda key: (*key[:2], len(key[2]), key[2])):
            known = self.found[key]
            durations = np.array([duration for duration, _ in known.bouts])
            means = probe.of_day([each for _, each in known.bouts if each is not None])
            yield {
                **dict(zip((*_KEYS, "day"), key, strict=True)),
                "hours": known.seconds / 3600,
                "walking_min": durations.sum() / 60,
                "bouts": len(durations),
                "strides": probe.strides(means, durations.sum()) if len(durations) else 0.0,
                "longest_bout_s": durations.max(initial=0.0),
                "p95_bout_s": np.percentile(durations, 95) if len(durations) else 0.0,
                "samples": means.samples if means else 0.0,
                **probe.columns(means),
            }


def days_of(start: pd.Series, onset: pd.Series, zone: ZoneInfo) -> np.ndarray:
    """(n,) strings: dates in `zone` of moments in UTC; where they are NaT the number of the recording's day.

    onset: seconds from the recording's start.
    """
    moments = pd.to_datetime(start, utc=True)
    dates = moments.dt.tz_convert(zone).dt.strftime("%Y-%m-%d").to_numpy(object)
    numbers = (onset.to_numpy() // DAY_S + 1).astype(int).astype(str).astype(object)
    return np.where(moments.isna().to_numpy(), numbers, dates)
