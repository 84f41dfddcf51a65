"""Stride times of a study's recordings, measured by a second sensor on a leg."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.labels.intervals import overlaps
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.pairs import Pair, Pairs, Span, pair_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.rhythm import stride_times
from wearcli.signals.windows import WindowSpec
from wearcli.truth.result import GaitTruth
from wearcli.truth.spans import span_or_start

RATE_HZ = 50.0  # what strides repeat lies below 6 Hz
_STEP_S = 1.0  # between the windows that are tried for a place in an interval
_EDGE_S = 0.02  # a window may stand out of its interval by so much: clocks are given to milliseconds
_COLUMNS = ["recording", "onset", "duration", "stride_time_s", "cadence_spm", "quality"]


def find_pairs(
    paths: Sequence[Path],
    main: Path,
    placement: str | None,
    pattern: str | None,
    participant_from: str | None,
    reading: Reading,
) -> Pairs:
    """Pair the recordings of `main` with recordings of a second sensor (`pair_recordings`).

    Args:
        paths: Where the recordings of the second sensor are.
        main: Where the study's own recordings are.
        placement: Take the recordings of `paths` with this placement; they are then none of `main`.
        pattern: Names with the same text in its one group are a pair.
        participant_from: See `find_recordings`.
        reading: How the files are read.

    Raises:
        UsageError: There are no pairs.
    """
    sources = find_recordings(paths, participant_from=participant_from).sources
    references = [source for source in sources if placement in (None, source.placement)]
    if not references:
        present = ", ".join(sorted({source.placement or "(none given)" for source in sources}))
        raise UsageError(f"--placement {placement}: no recording has it; the placements there are {present}")
    taken = {source.path.resolve() for source in references}
    mains = find_recordings([main], participant_from=participant_from).sources
    mains = [source for source in mains if source.path.resolve() not in taken]
    if not mains:
        raise UsageError(
            f"{main}: all of its recordings are also recordings of the second sensor: separate them with "
            "--placement"
        )
    spans: dict[Path, Span] = {}

    def span(source: Source) -> Span:
        if source.path not in spans:
            spans[source.path] = span_or_start(source, reading)
        return spans[source.path]

    pairs = pair_recordings(references, mains, pattern, span)
    if not pairs.pairs:
        raise UsageError(
            f"{main}: no recording of it goes with one of the second sensor by participant and name or time: "
            "see --pair and --participant-from"
        )
    return pairs


@dataclass(frozen=True)
class SecondSensor:
    """A second sensor as a source of stride times.

    Attributes:
        window_s: Length of a row, s.
        min_quality: Leave out windows of a lower quality.
        intervals: recording, onset, duration (s) of the main recordings; a window must lie in one of them.
            None: anywhere.
        reading: How the files are read.
        result: To which counts and failures go.
    """

    window_s: float
    min_quality: float
    intervals: pd.DataFrame | None
    reading: Reading
    result: GaitTruth

    def rows(self, pairs: Sequence[Pair], step: Callable[[int, int], None]) -> pd.DataFrame:
        """Return a row a window of main recordings: recording, onset, duration (s), metrics.

        No two windows of a recording overlap. A reference that several main recordings share is read once.
        """
        rows = [pd.DataFrame()]
        windows: dict[Path, pd.DataFrame] = {}
        for done, pair in enumerate(pairs):
            path = pair.reference.path
            if path not in windows:
                windows[path] = self.result.read(pair.reference, self.reference_windows)
            if len(windows[path]):
                rows.append(self._main_rows(windows[path], pair))
            step(done + 1, len(pairs))
        return pd.concat(rows, ignore_index=True)

    def reference_windows(self, source: Source) -> pd.DataFrame:
        """Return windows of a recording of a leg: onset (s from its start), stride_time_s, quality.

        A window with more than 10 % missing has no row. See `rhythm.stride_times`.
        """
        spec = WindowSpec(RATE_HZ, self.window_s, self.window_s if self.intervals is None else _STEP_S)
        parts = [np.empty((0, 3))]
        for windows in iter_windows(open_recording(source, self.reading), spec):
            parts.append(np.stack([windows.onset_s, *stride_times(windows.values, RATE_HZ)], axis=1))
        return pd.DataFrame(np.concatenate(parts), columns=["onset", "stride_time_s", "quality"])

    def _main_rows(self, windows: pd.DataFrame, pair: Pair) -> pd.DataFrame:
        """The windows of a reference that can be used, on the clock of its main recording."""
        onset = (windows["onset"] + pair.shift_s).where(lambda t: (t < -_EDGE_S) | (t > 0), 0.0)
        rows = windows.assign(recording=pair.main.recording, onset=onset, duration=self.window_s)
        rows["cadence_spm"] = 120 / rows["stride_time_s"]
        onsets = rows["onset"].to_numpy()
        fits = np.arange(len(rows))
        if self.intervals is not None:
            window, _, shared = overlaps(rows, self.intervals)
            fits = np.unique(window[shared >= self.window_s - _EDGE_S])
        used, free = np.zeros(len(rows), bool), -_EDGE_S
        for number in fits:
            if onsets[number] >= free:
                used[number], free = True, onsets[number] + self.window_s - _EDGE_S
        good = used & (rows["quality"] >= self.min_quality).to_numpy()
        self.result.left_out[f"windows of a quality below {self.min_quality:g}"] += int((used & ~good).sum())
        return rows.loc[good, _COLUMNS]
