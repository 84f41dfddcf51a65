"""Walking bouts of recordings and their measures, straight from the signal, without a probe or a model."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.table import Extent
from wearcli.labels.coverage import Coverage
from wearcli.recordings.recording import Recording
from wearcli.signals.cutting import iter_windows
from wearcli.signals.features.motion import FEATURE_NAMES, features
from wearcli.signals.gait.rhythm import rhythm
from wearcli.signals.gait.trunk import PLACEMENTS
from wearcli.signals.gait.walk import MeasuredWalk, measure_walk
from wearcli.signals.gait.walking import on_leg, steady, walking_at_leg
from wearcli.signals.windows import Findings, Windows, WindowSpec
from wearcli.walking.bouts import GAP_S, Bouts
from wearcli.walking.days import Days
from wearcli.walking.metrics import Means
from wearcli.walking.rule import walking_by_rule

RATE_HZ, WINDOW_S, STRIDE_S = 50.0, 5.0, 2.5  # of the windows in which walking is looked for
MARGIN_S = 5.0  # of signal around a bout, in which its edges are looked for
AT_ONCE = 128  # windows
LOWER_BACK = ("lower_back", "l5", "sacrum")
MEASURES = (
    *("stride_time_s", "cadence_spm", "stride_regularity", "step_regularity", "step_symmetry"),
    "walking_speed_mps",
)


@dataclass
class Measures:
    """The measures of bouts and days, in the form in which `Days` takes those of a probe."""

    targets: list[str] = field(default_factory=lambda: list(MEASURES))

    def day_means(self, bouts: list[Means]) -> Means | None:
        """Return the means over several bouts, weighted by their seconds, and the sum of their strides."""
        if not bouts:
            return None
        value = {"strides": float(sum(bout.value["strides"] for bout in bouts))}
        for name in self.targets:
            pairs = [(bout.value[name], bout.seconds) for bout in bouts if np.isfinite(bout.value[name])]
            values, seconds = np.array(pairs).reshape(-1, 2).T
            value[name] = float(np.average(values, weights=seconds)) if pairs else np.nan
        return Means(sum(bout.seconds for bout in bouts), float(len(bouts)), value, {})

    def columns(self, means: Means | None, spread: bool = False) -> dict[str, float]:
        """Return the measures, steps, and with `spread` stride_time_sd; NaN without means."""
        value = means.value if means else {}
        columns = {"steps": 2 * value.get("strides", np.nan)}
        columns |= {name: value.get(name, np.nan) for name in self.targets}
        if spread:
            columns["stride_time_s_sd"] = means.sd["stride_time_s"] if means else np.nan
        return columns

    def strides(self, means: Means | None, seconds: float) -> float:
        """Return the strides that were counted; NaN without means."""
        return means.value["strides"] if means else np.nan


@dataclass
class Trail:
    """The signal of the windows that went by, as far back as it may be needed."""

    pieces: dict[int, np.ndarray] = field(default_factory=dict)

    def add(self, windows: Windows) -> None:
        """Keep the samples of windows."""
        half = round(STRIDE_S * RATE_HZ)
        for number, values in zip(windows.index.tolist(), windows.values, strict=True):
            self.pieces[number], self.pieces[number + 1] = values[:half], values[half : 2 * half]

    def forget(self, before_s: float) -> None:
        """Let go what ends before a time."""
        first = int(before_s // STRIDE_S)
        for number in [number for number in self.pieces if number < first]:
            del self.pieces[number]

    def signal(self, begin_s: float, end_s: float) -> tuple[float, np.ndarray]:
        """Return the time of the first sample, s, and the samples (samples, 3); gaps hold the last value."""
        numbers = range(int(max(begin_s, 0.0) // STRIDE_S), int(np.ceil(end_s / STRIDE_S)))
        held = [number for number in numbers if number in self.pieces]
        if not held:
            return begin_s, np.zeros((0, 3))
        parts = [self.pieces[held[0]]]
        for number in range(held[0] + 1, held[-1] + 1):
            parts.append(self.pieces.get(number, np.broadcast_to(parts[-1][-1:], parts[0].shape)))
        return held[0] * STRIDE_S, np.concatenate(parts)


@dataclass
class MeasuredBouts:
    """Reads recordings and yields the rows of their bouts; counts go to days and coverage.

    Attributes:
        min_bout_s: A shorter bout is none, s.
        days: The days of all recordings.
        intervals: Walks (recording, onset, duration in s) to measure instead of those that are looked for.
        measures: The measures.
        coverage: The time that was used.
        windows: How many there were.
    """

    min_bout_s: float
    days: Days
    intervals: pd.DataFrame | None = None
    measures: Measures = field(default_factory=Measures)
    coverage: Coverage = field(default_factory=lambda: Coverage(False, 0.0, STRIDE_S))
    windows: int = 0

    def rows(self, recording: Recording) -> Iterator[dict[str, object]]:
        """Yield the rows of bouts.csv of one recording."""
        trail, findings, reached = Trail(), Findings(), -np.inf
        bouts = Bouts(self.min_bout_s)
        walks = self._given_walks(recording)
        rest = None
        spec = WindowSpec(RATE_HZ, WINDOW_S, STRIDE_S)
        for windows in iter_windows(recording, spec, AT_ONCE, findings):
            self.windows += len(windows)
            table = _table(recording, windows)
            reached = self.days.add_windows(table, reached)
            self.coverage.add(table)
            trail.add(windows)
            latest = float(windows.onset_s[-1])
            if walks is None:
                for bout in bouts.add(table, walking_windows(windows, recording.source.placement)):
                    yield from self._row(recording, trail, bout.onset, bout.duration, bout.windows)
                pending = float(bouts.held[0]["onset"][0].as_py()) if bouts.held else latest
            else:
                rest = table.slice(len(table) - 1)
                while walks and sum(walks[0]) + MARGIN_S < latest:
                    yield from self._row(recording, trail, *walks.pop(0), rest, exact=True)
                pending = min(walks[0][0], latest) if walks else latest
            trail.forget(pending - MARGIN_S - GAP_S)
        extent = Extent(findings.span_s, findings.seconds)
        self.days.end_recording(max(extent.span_s, reached if np.isfinite(reached) else 0.0))
        self.coverage.end(extent)
        if walks is None:
            for bout in bouts.end():
                yield from self._row(recording, trail, bout.onset, bout.duration, bout.windows)
        elif rest is not None:
            for onset, duration in walks:
                yield from self._row(recording, trail, onset, duration, rest, exact=True)

    def _given_walks(self, recording: Recording) -> list[tuple[float, float]] | None:
        """Onset and duration of the walks of a recording that are given, in order; None where none are."""
        if self.intervals is None:
            return None
        own = self.intervals[self.intervals["recording"] == recording.source.recording].sort_values("onset")
        return [(float(onset), float(length)) for onset, length in own[["onset", "duration"]].to_numpy()]

    def _row(
        self,
        recording: Recording,
        trail: Trail,
        onset: float,
        duration: float,
        windows: pa.Table,
        exact: bool = False,
    ) -> Iterator[dict[str, object]]:
        """The row of bouts.csv; none of a bout that was looked for and in which no stride repeats."""
        placement = (recording.source.placement or "").lower()
        first, signal = trail.signal(onset - MARGIN_S, onset + duration + MARGIN_S)
        walk = measure_walk(
            signal,
            RATE_HZ,
            onset - first,
            onset + duration - first,
            trunk=placement in PLACEMENTS,
            speed=placement in LOWER_BACK,
            exact=exact,
        )
        begin, length = first + walk.begin_s, walk.end_s - walk.begin_s
        means = _means(walk)
        if means is None and not exact:
            return
        start = None if recording.start is None else recording.start + timedelta(seconds=begin)
        yield {
            "recording": recording.source.recording,
            **self.days.add_walk(
                recording.source.participant, recording.source.placement, start, begin, length, means
            ),
            "start": None
            if start is None
            else start.astimezone(self.days.zone).isoformat(timespec="milliseconds"),
            "onset": begin,
            "duration": length,
            "windows": np.nan if exact else len(windows),
            "samples": length / walk.stride_time_s if means else 0.0,
            "strides": walk.strides,
            **self.measures.columns(means, spread=True),
        }


def walking_windows(windows: Windows, placement: str | None) -> np.ndarray:
    """Return (n,) bool: the windows of walking, by the rhythm at a leg, elsewhere by the rule on features."""
    if on_leg(placement):
        return walking_at_leg(windows.values, RATE_HZ)
    table = pd.DataFrame(features(windows.values, RATE_HZ), columns=list(FEATURE_NAMES))
    timed = rhythm(windows.values, RATE_HZ)
    return np.asarray(walking_by_rule(table) & steady(timed.stride_s, windows.onset_s, STRIDE_S + GAP_S))


def _means(walk: MeasuredWalk) -> Means | None:
    """The measures of a walk; None where nothing repeats in it."""
    if not np.isfinite(walk.stride_time_s):
        return None
    value = {
        "strides": walk.strides,
        "stride_time_s": walk.stride_time_s,
        "cadence_spm": 120 / walk.stride_time_s,
        "stride_regularity": walk.stride_regularity,
        "step_regularity": walk.step_regularity,
        "step_symmetry": walk.step_symmetry,
        "walking_speed_mps": walk.walking_speed_mps,
    }
    return Means(walk.end_s - walk.begin_s, walk.strides, value, {"stride_time_s": walk.stride_time_sd})


def _table(recording: Recording, windows: Windows) -> pa.Table:
    """Windows with the columns of an embeddings table that bouts and days need."""
    n, source = len(windows), recording.source
    start = recording.start
    moments = [None if start is None else start + timedelta(seconds=s) for s in windows.onset_s.tolist()]
    return pa.table(
        {
            "recording": pa.array([source.recording] * n, pa.string()),
            "participant": pa.array([source.participant] * n, pa.string()),
            "placement": pa.array([source.placement] * n, pa.string()),
            "start": pa.array(moments, pa.timestamp("us", tz="UTC")),
            "onset": windows.onset_s,
            "duration": np.full(n, WINDOW_S),
            "wear": windows.wear,
            "quality": windows.quality,
        }
    )
