"""`wearcli.gait`: walking bouts, and a gait probe's metrics in them, by bout and by day."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wearcli._version import __version__
from wearcli.embedding.metadata import ModelName
from wearcli.embedding.result import Watcher
from wearcli.errors import UsageError
from wearcli.files import atomic_folder, reserved
from wearcli.labels.coverage import Coverage
from wearcli.prediction.apply import choose_probe
from wearcli.prediction.inputs import (
    EmbeddingOptions,
    Inputs,
    names_table,
    path_list,
    path_names,
    recording_tables,
)
from wearcli.prediction.predict import Step
from wearcli.prediction.regroup import recording_name
from wearcli.probing.saved import SavedProbe, load_probe
from wearcli.recordings.reading import Reading
from wearcli.recordings.tables.zone import parse_zone
from wearcli.walking.bouts import GAP_S, Bout, Bouts
from wearcli.walking.days import DAY_COLUMNS, Days
from wearcli.walking.defaults import MIN_BOUT_S, OUTPUT, PROBE, TIMEZONE
from wearcli.walking.measured import STRIDE_S, MeasuredBouts
from wearcli.walking.metrics import GaitProbe
from wearcli.walking.picture import draw_gait
from wearcli.walking.result import GaitResult, document
from wearcli.walking.rule import Walking, WalkingRule, choose_rule
from wearcli.walking.without_probe import RULE, measured_rows, read_walks

AT_MOST = 16384  # windows of a recording at once
MARK = "gait.json"
DECIMALS = 4
BOUT_COLUMNS = (
    *("recording", "participant", "placement", "day", "start", "onset", "duration"),
    *("windows", "samples", "strides"),
)


def gait(
    paths: Sequence[Path | str] | Path | str,
    probe: Path | str | None = None,
    output: Path | str = OUTPUT,
    *,
    use: str | None = None,
    walking: Path | str | None = None,
    labels: Sequence[str] = (),
    intervals: Path | str | None = None,
    min_bout: float = MIN_BOUT_S,
    timezone: str | None = None,
    model: str | Path | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    step: Step = lambda done, total: None,
) -> GaitResult:
    """Find walking bouts, and measure or predict gait in them: bouts.csv, days.csv, gait.json, gait.png.

    Without a probe the recordings' own signal is measured (`walking.measured`): bouts.csv then has steps,
    stride_time_s, cadence_spm, stride_regularity, at the trunk step_regularity and step_symmetry, and at the
    lower back walking_speed_mps, without intervals. What is not known is empty. With a probe:

    bouts.csv: recording, participant, placement, day, start, onset, duration (s), windows, samples (n of the
    interval), strides (duration / stride time), and for every metric its mean over the bout, <metric>_low and
    <metric>_high, its 95 % interval, and <metric>_sd, the deviation over the bout's samples. That is not the
    stride-to-stride variability, which only a probe with the target stride_time_cv predicts.

    days.csv: participant, placement, day, hours (of worn windows), hours_recorded (gaps included),
    hours_not_worn, hours_without_data (gaps, idle sleep, damage), walking_min, bouts, strides,
    longest_bout_s, p95_bout_s, samples, and for every metric the mean over all bouts, weighted by their
    time, and its interval. A bout belongs to the day on which it begins; without a start a day is counted
    from the recording's own beginning.

    The interval is that of a mean of n samples of a new person (`walking.metrics`): the errors for one person
    go together, so that many samples do not make it vanish.

    Args:
        paths: Recordings, one embeddings table, or "-" for an Arrow stream of one on stdin.
        probe: Folder of a regression probe. Default: none for recordings, probes/gait for a table.
        output: The folder to write.
        use: Which probe of the folder. Default: the first one.
        walking: Folder of a probe of activities. Default: the rule of `walking.rule`.
        labels: The classes of `walking` that are walks.
        intervals: A table of walks (recording, onset, duration in s) to measure, instead of those that are
            looked for; without a probe alone.
        min_bout: Length of the shortest bout, s; walking windows at most 2.5 s apart are one bout.
        timezone: Zone of the days, and of clocks that state none, such as Europe/Berlin. Default: that of
            `reading`, else the one that a table was embedded with, else UTC.
        model: Name or folder of the model. Default: the model of the probe's name.
        participant_from: See `wearcli.embed`.
        reading: How the files are read.
        workers: Number of threads.
        overwrite: Replace an output that exists already.
        dry_run: Check, and write nothing.
        watcher: Watches the embedding.
        step: Is called with the number of windows that are done, and of all where that is known.

    Returns:
        The sums, and the rows of days.csv.

    Raises:
        UsageError: The arguments or the probe cannot be.
        InputError: The probe or the table is damaged.

    Example:
        >>> result = wearcli.gait("recordings", "probes/gait")  # doctest: +SKIP
        >>> result.walking_min  # doctest: +SKIP
    """
    if not 0 < min_bout < float("inf"):
        raise UsageError(f"--min-bout {min_bout:g}: seconds above 0")
    reading = reading or Reading()
    timezone = timezone or reading.timezone
    if timezone is not None:
        parse_zone(timezone)
    given = path_list(paths)
    if probe is None and not names_table(given):
        if walking is not None or labels or use or model:
            raise UsageError("--walking, --label, --use and --model need a gait probe: name it with --probe")
        measured = MeasuredBouts(min_bout, Days(parse_zone(timezone or TIMEZONE), STRIDE_S))
        if intervals is not None:
            measured.intervals = read_walks(Path(intervals))
        with reserved(None if dry_run else Path(output), overwrite, mark=MARK):
            return _measure(given, measured, Path(output), participant_from, reading, timezone, dry_run, step)
    if intervals is not None:
        raise UsageError("--intervals measures walks of recordings, without --probe")
    saved = _load_gait_probe(Path(probe or PROBE))
    options = EmbeddingOptions(
        model, participant_from, replace(reading, timezone=None), workers, watcher, timezone
    )
    walks = choose_rule(None if walking is None else Path(walking), labels)
    result = GaitResult(str(Path(probe or PROBE)), choose_probe(saved, use), [], walks.document)
    with reserved(None if dry_run else Path(output), overwrite, mark=MARK):
        _predict(given, saved, walks, min_bout, options, Path(output), result, dry_run, step)
    return result


def _predict(
    given: list[Path | str],
    saved: SavedProbe,
    walks: WalkingRule,
    min_bout: float,
    options: EmbeddingOptions,
    target: Path,
    result: GaitResult,
    dry_run: bool,
    step: Step,
) -> None:
    """Predict gait in the bouts by the probe that `result` names, write the folder, and fill `result`."""
    with recording_tables(
        given, saved, result.use, at_most=AT_MOST, options=options, output=target, dry_run=dry_run
    ) as inputs:
        gait_probe = GaitProbe(saved, result.use, inputs.stride_s)
        result.targets = gait_probe.targets
        if inputs.embedded is not None:
            result.failed, result.plan = inputs.embedded.failed, list(inputs.embedded.plan)
        if dry_run or inputs.empty:
            return
        timezone = options.timezone or inputs.metadata.arguments.reading.get("timezone")
        days = Days(parse_zone(timezone or TIMEZONE), inputs.stride_s)
        rule = walks.for_table(inputs.metadata, inputs.name)
        rows = list(_bout_rows(inputs, rule, gait_probe, days, min_bout, result, step))
    bouts = pd.DataFrame(rows, columns=[*BOUT_COLUMNS, *gait_probe.columns(None, spread=True)])
    by_day = pd.DataFrame(days.rows(gait_probe), columns=[*DAY_COLUMNS, *gait_probe.columns(None)])
    result.sum_up(bouts, by_day, gait_probe)
    if timezone is None and by_day["day"].str.contains("-").any():
        result.notes.append(f"days are dates in {TIMEZONE}: --timezone gives them another zone")
    settings = {
        "paths": path_names(given),
        "min_bout_s": min_bout,
        "gap_s": GAP_S,
        "timezone": timezone or TIMEZONE,
        "sample_s": gait_probe.sample_s,
    }
    _write(target, bouts, by_day, result, saved.result.model, settings)
    result.output = str(target)


def _measure(
    paths: list[Path | str],
    measured: MeasuredBouts,
    target: Path,
    participant_from: str | None,
    reading: Reading,
    timezone: str | None,
    dry_run: bool,
    step: Step,
) -> GaitResult:
    """Measure recordings and write the folder."""
    result = GaitResult("", "measured", measured.measures.targets, dict(RULE))
    if measured.intervals is not None:
        result.walking = {"by": "intervals"}
    if timezone is not None:
        reading = replace(reading, timezone=timezone)
    places = [Path(path) for path in paths]
    rows = list(measured_rows(places, measured, participant_from, reading, result, dry_run, step))
    if dry_run or not result.recordings:
        return result
    columns = measured.measures.columns(None, spread=True)
    bouts = pd.DataFrame(rows, columns=[*BOUT_COLUMNS, *columns])
    by_day = pd.DataFrame(
        measured.days.rows(measured.measures), columns=[*DAY_COLUMNS, *measured.measures.columns(None)]
    )
    result.sum_up(bouts, by_day)
    if timezone is None and by_day["day"].str.contains("-").any():
        result.notes.append(f"days are dates in {TIMEZONE}: --timezone gives them another zone")
    settings = {
        "paths": path_names(paths),
        "min_bout_s": measured.min_bout_s,
        "gap_s": GAP_S,
        "timezone": timezone or TIMEZONE,
    }
    _write(target, bouts, by_day, result, {}, settings)
    result.output = str(target)
    return result


def _load_gait_probe(folder: Path) -> SavedProbe:
    """The probe in a folder; UsageError where it predicts no amounts of windows."""
    saved = load_probe(folder)
    if saved.result.kind != "regression" or saved.result.level == "participant":
        raise UsageError(
            f"{folder}: it predicts no metrics of walks: fit one with 'wearcli probe --task gait'"
        )
    return saved


def _write(
    target: Path,
    bouts: pd.DataFrame,
    days: pd.DataFrame,
    result: GaitResult,
    model: ModelName,
    settings: Mapping[str, object],
) -> None:
    """Write the folder, whole or not at all."""
    with atomic_folder(target) as temporary:
        bouts.round(DECIMALS).to_csv(temporary / "bouts.csv", index=False)
        days.round(DECIMALS).to_csv(temporary / "days.csv", index=False)
        if (note := draw_gait(temporary / "gait.png", bouts, result.targets)) is not None:
            result.notes.append(note)
        made = {"wearcli": __version__, **document(result, model, settings)}
        (temporary / MARK).write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


def _bout_rows(
    inputs: Inputs,
    walks: Walking,
    probe: GaitProbe,
    days: Days,
    min_bout: float,
    result: GaitResult,
    step: Step,
) -> Iterator[dict[str, object]]:
    """Yield the rows of bouts.csv, one recording after the other; counts go to `result` and `days`."""
    coverage = Coverage(False, 0.0, inputs.stride_s)
    for recording, tables in groupby(inputs.tables, recording_name):
        bouts, reached = Bouts(min_bout), -np.inf
        result.recordings += 1
        for table in tables:
            timed = _timed(table)
            reached = days.add_windows(timed, reached)
            coverage.add(timed)
            for bout in bouts.add(timed, walks(timed)) if len(timed) else ():
                yield _row(bout, probe, days)
            result.windows += len(table)
            step(result.windows, inputs.windows)
        extent = inputs.extents.get(str(recording))
        # What is left of the last window's stride is no time without data.
        goes_on = extent is not None and extent.span_s - reached >= (inputs.metadata.window_s or 0.0)
        days.end_recording(extent.span_s if extent and goes_on else reached)
        coverage.end(extent)
        for bout in bouts.end():
            yield _row(bout, probe, days)
    result.hours_recorded, result.hours_left_out = coverage.recorded_s / 3600, coverage.left_out_hours()


def _timed(table: pa.Table) -> pa.Table:
    """The windows that have a name, a person and a time."""
    complete = pc.is_finite(pc.add(table["onset"], table["duration"]))
    for name in ("recording", "participant"):
        complete = pc.and_(complete, pc.is_valid(table[name]))
    return table.filter(complete)  # a null counts as False


def _row(bout: Bout, probe: GaitProbe, days: Days) -> dict[str, object]:
    """A row of bouts.csv."""
    means = probe.bout_means(bout.windows)
    start = bout.windows["start"][0].as_py()
    return {
        "recording": bout.windows["recording"][0].as_py(),
        **days.add_bout(bout, means),
        "start": None if start is None else start.astimezone(days.zone).isoformat(timespec="milliseconds"),
        "onset": bout.onset,
        "duration": bout.duration,
        "windows": len(bout.windows),
        "samples": means.samples if means else 0.0,
        "strides": probe.strides(means, bout.duration),
        **probe.columns(means, spread=True),
    }
