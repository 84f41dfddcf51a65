"""Stride times of a study's recordings as a second sensor, on a leg, has them."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError, WearcliError, unreadable
from wearcli.labels.intervals import overlaps
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.pairs import Pair, Pairs, pair_recordings
from wearcli.signals.rhythm import stride_times
from wearcli.signals.windows import WindowSpec, iter_windows
from wearcli.truth.gait_result import TruthResult

RATE_HZ = 50.0  # what strides repeat lies below 6 Hz
_STEP_S = 1.0  # between the windows that are tried for a place in an interval
_EDGE_S = 0.02  # a window may stand out of its interval by so much: clocks are told to milliseconds


def find_pairs(
    paths: Sequence[Path],
    main: Path,
    placement: str | None,
    pattern: str | None,
    participant_from: str | None,
    reading: Reading,
) -> Pairs:
    """Recordings of `main` with theirs of a second sensor in `paths`, see `pair_recordings`.

    placement: takes of `paths` those of that placement, which are then none of `main`. Raises UsageError
    where there are no pairs.
    """
    found = find_recordings(paths, participant_from=participant_from).sources
    references = [source for source in found if placement in (None, source.placement)]
    if not references:
        there = ", ".join(sorted({source.placement or "(none told)" for source in found}))
        raise UsageError(f"--placement {placement}: no recording has it; the placements there are {there}")
    taken = {source.path.resolve() for source in references}
    mains = find_recordings([main], participant_from=participant_from).sources
    mains = [source for source in mains if source.path.resolve() not in taken]
    if not mains:
        raise UsageError(
            f"{main}: each of its recordings is one of the second sensor: tell them apart with --placement"
        )
    heads: dict[Path, tuple[datetime | None, float]] = {}

    def span(source: Source) -> tuple[datetime | None, float]:
        if source.path not in heads:
            try:
                recording = open_recording(source, reading)
                heads[source.path] = recording.start, recording.duration_s or np.inf
            except WearcliError:  # named where it is read through
                heads[source.path] = source.start, np.inf
        return heads[source.path]

    pairs = pair_recordings(references, mains, pattern, span)
    if not pairs.pairs:
        raise UsageError(
            f"{main}: no recording of it goes with one of the second sensor by participant and name or time: "
            "see --pair and --participant-from"
        )
    return pairs


def rows_of_pairs(
    pairs: Sequence[Pair],
    window_s: float,
    min_quality: float,
    intervals: pd.DataFrame | None,
    reading: Reading,
    result: TruthResult,
    step: Callable[[int, int], None],
) -> pd.DataFrame:
    """A row a window of main recordings: recording, onset, duration (s), metrics. Counts go to `result`.

    intervals: recording, onset, duration (s) of the main recordings, in one of which a window must lie; None:
    anywhere. No two windows of a recording overlap. A reference that cannot be read is named in
    `result.failed`.
    """
    step_s = window_s if intervals is None else _STEP_S
    rows = [pd.DataFrame()]
    made: dict[Path, pd.DataFrame | None] = {}  # several main recordings may have one reference
    for done, pair in enumerate(pairs):
        source = pair.reference
        if source.path not in made:
            made[source.path] = None
            try:
                made[source.path] = reference_windows(source, window_s, step_s, reading)
            except WearcliError as error:
                result.failed.append({"recording": source.recording, "error": str(error)})
            except Exception as error:  # one file that nobody foresaw does not stop the rest
                told = str(unreadable(source.path, error))
                result.failed.append({"recording": source.recording, "error": told})
        windows = made[source.path]
        if windows is not None and len(windows):
            rows.append(_main_rows(windows, pair, window_s, min_quality, intervals, result))
        step(done + 1, len(pairs))
    return pd.concat(rows, ignore_index=True)


def reference_windows(source: Source, window_s: float, step_s: float, reading: Reading) -> pd.DataFrame:
    """Windows of a recording of a leg, every `step_s`: onset (s from its start), stride_time_s, quality.

    One with more than 10 % missing has no row. See `rhythm.stride_times`.
    """
    spec = WindowSpec(RATE_HZ, window_s, step_s)
    parts = [np.empty((0, 3))]
    for windows in iter_windows(open_recording(source, reading), spec):
        parts.append(np.stack([windows.onset_s, *stride_times(windows.values, RATE_HZ)], axis=1))
    return pd.DataFrame(np.concatenate(parts), columns=["onset", "stride_time_s", "quality"])


def _main_rows(
    windows: pd.DataFrame,
    pair: Pair,
    window_s: float,
    min_quality: float,
    intervals: pd.DataFrame | None,
    result: TruthResult,
) -> pd.DataFrame:
    """The windows of a reference that can be used, on the clock of its main recording."""
    onset = (windows["onset"] + pair.shift_s).where(lambda t: (t < -_EDGE_S) | (t > 0), 0.0)
    rows = windows.assign(recording=pair.main.recording, onset=onset, duration=window_s)
    rows["cadence_spm"] = 120 / rows["stride_time_s"]
    onsets = rows["onset"].to_numpy()
    fits = np.arange(len(rows))
    if intervals is not None:
        window, _, shared = overlaps(rows, intervals)
        fits = np.unique(window[shared >= window_s - _EDGE_S])
    used, free = np.zeros(len(rows), bool), -_EDGE_S
    for number in fits:
        if onsets[number] >= free:
            used[number], free = True, onsets[number] + window_s - _EDGE_S
    good = used & (rows["quality"] >= min_quality).to_numpy()
    result.left_out[f"windows of a quality below {min_quality:g}"] += int((used & ~good).sum())
    return rows.loc[good, ["recording", "onset", "duration", "stride_time_s", "cadence_spm", "quality"]]
