"""`gait_truth`: a gait.csv to fit and score probes on, from foot contacts or a second sensor on a leg."""

import logging
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.files import reserved
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.sidecars import read_target_table
from wearcli.truth.defaults import GAIT_MIN_QUALITY, GAIT_OUTPUT, GAIT_WINDOW_S
from wearcli.truth.result import GaitTruth
from wearcli.truth.second_sensor import SecondSensor, find_pairs
from wearcli.truth.strides import event_rows
from wearcli.truth.walk_signals import WalkSignals

SHORTEST_WINDOW_S = 4.0  # two strides of the slowest walk
_LOG = logging.getLogger(__name__)


def gait_truth(
    paths: Sequence[Path | str] = (),
    output: Path | str = GAIT_OUTPUT,
    *,
    events: Path | str | None = None,
    main: Path | str | None = None,
    intervals: Path | str | None = None,
    labels: Sequence[str] = (),
    distance_m: float | None = None,
    placement: str | None = None,
    pair: str | None = None,
    window_s: float = GAIT_WINDOW_S,
    min_quality: float = GAIT_MIN_QUALITY,
    participant_from: str | None = None,
    reading: Reading | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> GaitTruth:
    """Write a gait.csv (recording, onset, duration in s, metrics) from foot contacts or a second sensor.

    From `events` a walk is a row, with the metrics of `strides.walk_metrics`. The walks are the intervals, or
    else lie between pauses. With `main`, recordings of the trunk, a walk whose contacts are out of step with
    the signal is left out and named (`in_step`). From a second sensor a window is a row, with stride_time_s,
    cadence_spm and quality (`rhythm.stride_times`). The clocks of the two sensors are brought together by the
    recordings' starts; without both starts they are taken to start together.

    Args:
        paths: Recordings of a second sensor at the ankle, thigh or foot. Default: those of `main`.
        output: The table to write.
        events: A table of foot contacts (`events.read_events`).
        main: The recordings that the rows are for, such as the wrist's; with `events` those in which the
            contacts are looked for.
        intervals: A table (recording, onset, duration, label) of the recordings that the rows are for; a
            column distance_m comes before `distance_m`.
        labels: The labels of `intervals` that are walks.
        distance_m: Length of every walk of `events`, m.
        placement: Take the recordings of the second sensor with this placement.
        pair: A pattern for the names of pairs, see `pairs.pair_recordings`.
        window_s: Length of a window of the second sensor, s.
        min_quality: Leave out its windows of a lower quality, 0 to 1.
        participant_from: See `find_recordings`.
        reading: How the files are read.
        overwrite: Replace an output that exists already.
        dry_run: Write nothing, and read no second sensor.
        step: Is called with the number of recordings that are done, and of all.

    Returns:
        What was made. A recording that cannot be read is named in it, and the rest goes on.

    Raises:
        UsageError: The arguments cannot be.
        InputError: A file cannot be used, or no row is left.

    Example:
        >>> wearcli.gait_truth(events="contacts.csv", output="gait.csv").rows  # doctest: +SKIP
        6
    """
    _check_options(paths, events, main, intervals, labels, distance_m, window_s, min_quality)
    reading = (reading or Reading()).for_signal("acc")
    reading.check()
    with reserved(None if dry_run else Path(output), overwrite):
        walks = None if intervals is None else _walk_intervals(Path(intervals), labels)
        result = GaitTruth(None if dry_run else str(output), source="events" if events else "second sensor")
        if events is not None:
            check = None
            if main is not None:
                check = WalkSignals.from_study(Path(main), participant_from, reading, result).in_step
            else:
                result.notes.append(
                    "contacts and signal were not compared: --for RECORDINGS finds walks that are out of step"
                )
            rows = event_rows(Path(events), walks, distance_m, result, check)
        else:
            folder = Path(str(main))
            sensors = [Path(path) for path in paths] or [folder]
            matched = find_pairs(sensors, folder, placement, pair, participant_from, reading)
            result.pairs, result.recordings = dict(matched.how), len(matched.pairs)
            result.left_out["recordings without one of the second sensor"] = len(matched.alone)
            for one in matched.pairs:
                _LOG.info(
                    "%s goes with %s, %+.3f s", one.main.recording, one.reference.recording, one.shift_s
                )
            if matched.together:
                result.notes.append(
                    f"{matched.together} pairs are taken to start together: one of the two starts is not "
                    "known"
                )
            if dry_run:
                return result
            sensor = SecondSensor(window_s, min_quality, walks, reading, result)
            rows = sensor.rows(matched.pairs, step)
        rows = rows.dropna(axis=1, how="all")
        hint = "are times in seconds, and names those of the recordings?"
        result.write(rows, list(rows.columns[3:]), str(events or main), "no walk in it", hint)
        return result


def _check_options(
    paths: Sequence[Path | str],
    events: Path | str | None,
    main: Path | str | None,
    intervals: Path | str | None,
    labels: Sequence[str],
    distance_m: float | None,
    window_s: float,
    min_quality: float,
) -> None:
    if (events is None and main is None) or (events is not None and paths):
        raise UsageError(
            "name either a table of foot contacts (--events FILE, with --for FOLDER beside it to compare "
            "them with a signal), or recordings of a second sensor and what they are for (PATHS --for FOLDER)"
        )
    if not 0 <= min_quality <= 1:
        raise UsageError(f"a quality of {min_quality:g}: --min-quality takes 0 to 1")
    if not SHORTEST_WINDOW_S <= window_s < np.inf:
        raise UsageError(f"a window of {window_s:g} s: --window takes {SHORTEST_WINDOW_S:g} s or more")
    if distance_m is not None and not 0 < distance_m < np.inf:
        raise UsageError(f"a distance of {distance_m:g} m: --distance takes metres above 0")
    if intervals is None and (labels or distance_m is not None):
        flag = "--label" if labels else "--distance"
        raise UsageError(f"{flag} needs walks whose ends are known: name a table of them with --intervals")


def _walk_intervals(path: Path, labels: Sequence[str]) -> pd.DataFrame:
    """The rows of a table of intervals with one of these labels; without a column label all rows."""
    if not path.is_file():
        raise UsageError(f"{path}: no such table of intervals: name another with --intervals")
    table = read_target_table(path).dropna(subset=["onset", "duration"])
    if "label" not in table:
        if labels:
            raise UsageError(f"{path}: no column label to choose from: leave --label out")
        return table
    present = sorted(table["label"].dropna().astype(str).unique())
    if absent := [label for label in labels if label not in present]:
        raise UsageError(f"{path}: no label '{absent[0]}'; the labels there are {', '.join(present)}")
    if not labels and len(present) > 1:
        raise UsageError(
            f"{path}: which of its labels are walks? Name them with --label: {', '.join(present)}"
        )
    return table[table["label"].astype(str).isin(labels or present)]
