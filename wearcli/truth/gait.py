"""`gait_truth`: a gait.csv to fit and score probes on, from foot contacts or a second sensor on a leg."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file, check_output
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.sidecars import read_target_table
from wearcli.truth.gait_result import TruthResult
from wearcli.truth.second_sensor import find_pairs, rows_of_pairs
from wearcli.truth.strides import rows_of_events

MIN_QUALITY = 0.5
WINDOW_S = 10.0
SHORTEST_WINDOW_S = 4.0  # two strides of the slowest walk
DECIMALS = 4


def gait_truth(
    paths: Sequence[Path | str] = (),
    output: Path | str = Path("gait.csv"),
    *,
    events: Path | str | None = None,
    main: Path | str | None = None,
    intervals: Path | str | None = None,
    labels: Sequence[str] = (),
    distance_m: float | None = None,
    placement: str | None = None,
    pair: str | None = None,
    window_s: float = WINDOW_S,
    min_quality: float = MIN_QUALITY,
    participant_from: str | None = None,
    reading: Reading | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> TruthResult:
    """Write a gait.csv (recording, onset, duration in s, metrics) from `events`, or from a second sensor.

    events: a table of foot contacts (`events.read_events`); each walk is a row with the metrics that
    `strides.walk_metrics` names. The walks are the intervals, or else lie between pauses. distance_m: how far
    each led; a column distance_m of the intervals comes first.

    paths, main: recordings of a second sensor at the ankle, thigh or foot, and those that the rows are for.
    Each window of `window_s` seconds is a row with stride_time_s, cadence_spm and quality
    (`rhythm.stride_times`), where that is at least `min_quality`. placement: takes of `paths` (of `main`,
    where there are none) those of that placement. pair: a pattern, see `pairs.pair_recordings`. The clocks
    are brought together by the recordings' starts; without both they are taken to start together.

    intervals: a table (recording, onset, duration, label) of the recordings that the rows are of; labels:
    which of them are walks. participant_from, reading: see `find_recordings` and `Reading`. dry_run:
    write nothing, and read no second sensor. step: called with how many recordings are done, of how many.

    Raises UsageError for arguments that cannot be, InputError for files that cannot be used and where nothing
    is left. A recording that cannot be read is named in the result, and the rest goes on.
    """
    if (events is None) == (main is None) or (events is not None and paths):
        raise UsageError(
            "name either a table of foot contacts (--events FILE), or recordings of a second sensor and what "
            "they are for (PATHS --for FOLDER)"
        )
    if not 0 <= min_quality <= 1:
        raise UsageError(f"a quality of {min_quality:g}: --min-quality takes 0 to 1")
    if not SHORTEST_WINDOW_S <= window_s < np.inf:
        raise UsageError(f"a window of {window_s:g} s: --window takes {SHORTEST_WINDOW_S:g} s or more")
    if distance_m is not None and not 0 < distance_m < np.inf:
        raise UsageError(f"a distance of {distance_m:g} m: --distance takes metres above 0")
    if intervals is None and (labels or distance_m is not None):
        flag = "--label" if labels else "--distance"
        raise UsageError(f"{flag} is of walks whose ends are known: name a table of them with --intervals")
    reading = (reading or Reading()).for_signal("acc")
    reading.check()
    target = Path(output)
    if not dry_run:
        check_output(target, overwrite)
    walks = None if intervals is None else _intervals(Path(intervals), labels)
    result = TruthResult("events" if events else "second sensor", None if dry_run else str(target))
    if events is not None:
        rows = rows_of_events(Path(events), walks, distance_m, result)
    else:
        folder = Path(str(main))
        sensors = [Path(path) for path in paths] or [folder]
        found = find_pairs(sensors, folder, placement, pair, participant_from, reading)
        result.pairs, result.recordings = dict(found.how), len(found.pairs)
        result.left_out["recordings without one of the second sensor"] = len(found.alone)
        if found.together:
            result.notes.append(
                f"{found.together} pairs are taken to start together, as nothing tells the start of both"
            )
        if dry_run:
            return result
        rows = rows_of_pairs(found.pairs, window_s, min_quality, walks, reading, result, step)
    if not len(rows):
        said = [f"{count} {reason}" for reason, count in result.left_out.items() if count]
        said += [failure["error"] for failure in result.failed[:1]]
        raise InputError(
            f"{events or main}: no row of gait.csv can be made ({'; '.join(said) or 'no walk in it'}): are "
            "times in seconds, and names those of the recordings?"
        )
    rows = rows.dropna(axis=1, how="all").sort_values(["recording", "onset"], kind="stable")
    result.rows, result.recordings = len(rows), rows["recording"].nunique()
    for name in rows.columns[3:]:
        low, median, high = rows[name].quantile([0.05, 0.5, 0.95]).tolist()
        result.metrics[name] = {"median": median, "p5": low, "p95": high}
    if not dry_run:
        with atomic_file(target) as temporary:
            rows.round(DECIMALS).to_csv(temporary, index=False)
    return result


def _intervals(path: Path, labels: Sequence[str]) -> pd.DataFrame:
    """The rows of a table of intervals with one of these labels; without a column label all of them."""
    if not path.is_file():
        raise UsageError(f"{path}: no such table of intervals: name another with --intervals")
    table = read_target_table(path).dropna(subset=["onset", "duration"])
    if "label" not in table:
        if labels:
            raise UsageError(f"{path}: no column label to choose from: leave --label out")
        return table
    there = sorted(table["label"].dropna().astype(str).unique())
    if absent := [label for label in labels if label not in there]:
        raise UsageError(f"{path}: no label '{absent[0]}'; the labels there are {', '.join(there)}")
    if not labels and len(there) > 1:
        raise UsageError(f"{path}: which of its labels are walks? Name them with --label: {', '.join(there)}")
    return table[table["label"].astype(str).isin(labels or there)]
