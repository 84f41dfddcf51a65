"""`wearcli.gait`: walking bouts, and a gait probe's metrics in them, by bout and by day."""

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wearcli._version import __version__
from wearcli.embedding.result import Watcher
from wearcli.errors import UsageError
from wearcli.files import atomic_folder, check_output
from wearcli.prediction.apply import choose_probe
from wearcli.prediction.inputs import Inputs, recording_of, recording_tables
from wearcli.probing.saved import load_probe
from wearcli.recordings.reading import Reading
from wearcli.walking import rule
from wearcli.walking.bouts import GAP_S, MIN_BOUT_S, Bout, Bouts
from wearcli.walking.days import DAY_COLUMNS, Days
from wearcli.walking.metrics import GaitProbe
from wearcli.walking.picture import draw_gait
from wearcli.walking.result import GaitResult, document

AT_MOST = 16384  # windows of a recording at once
MARK = "gait.json"
DECIMALS = 4
BOUT_COLUMNS = (
    *("recording", "participant", "placement", "day", "start", "onset", "duration"),
    *("windows", "samples", "strides"),
)


def gait(
    paths: Sequence[Path | str] | Path | str,
    probe: Path | str = Path("probes/gait"),
    output: Path | str = Path("gait"),
    *,
    use: str | None = None,
    walking: Path | str | None = None,
    labels: Sequence[str] = (),
    min_bout: float = MIN_BOUT_S,
    timezone: str = "UTC",
    model: str | Path | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    workers: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watcher: Watcher | None = None,
    step: Callable[[int, int | None], None] = lambda done, total: None,
) -> GaitResult:
    """Find walking bouts, predict gait metrics in them, and write bouts.csv, days.csv, gait.json, gait.png.

    paths: recordings, one embeddings table, or "-" for an Arrow stream of one on stdin (`recording_tables`).
    probe: folder of a regression; use: which of its probes, the linear one if None. walking: folder of a
    probe of activities, `labels` those of its classes that are walks; None: the rule of `gait.walking`.
    min_bout: seconds; walking windows at most 2.5 s apart are one bout. timezone: of the days (zoneinfo);
    without a start a day is counted from the recording's own. A bout is of the day on which it begins.

    bouts.csv: recording, participant, placement, day, start, onset, duration (s), windows, samples (n of the
    interval), strides (duration / stride time), and of each metric its mean over the bout, <metric>_low and
    <metric>_high, its 95 % interval, and <metric>_sd, the deviation over the bout's samples. That is no
    stride-to-stride variability, which only a probe with the target stride_time_cv tells.
    days.csv: participant, placement, day, hours (of worn windows), walking_min, bouts, strides,
    longest_bout_s, p95_bout_s, samples, and of each metric the mean over all bouts, weighing as they last,
    and its interval.

    The interval is that of a mean of n samples of a new person (`gait.metrics`): errors of one person go
    together, so that many samples do not make it vanish.

    Raises UsageError for arguments or a probe that cannot be, InputError for a damaged probe or table.
    """
    folder, target = Path(probe), Path(output)
    if not 0 < min_bout < float("inf"):
        raise UsageError(f"--min-bout {min_bout:g}: seconds above 0")
    zone = _zone(timezone)
    saved = load_probe(folder)
    if saved.result.kind != "regression" or saved.result.level == "participant":
        raise UsageError(
            f"{folder}: it predicts no metrics of walks: fit one with 'wearcli probe --task gait'"
        )
    name = choose_probe(saved, use)
    if walking is None and labels:
        raise UsageError(f"--label {labels[0]}: a class of a walking probe: name that with --walking")
    activity, told = None, {"by": "rule", **rule.THRESHOLDS}
    if walking is not None:
        activity = load_probe(Path(walking))
        rule.check_walking_probe(activity, labels, str(walking))
        told = {"by": "probe", "probe": Path(walking).name, "labels": list(labels)}
    if not dry_run:
        check_output(target, overwrite, mark=MARK)
    given = [paths] if isinstance(paths, str | Path) else list(paths)
    with recording_tables(
        given,
        saved,
        name,
        at_most=AT_MOST,
        model=model,
        participant_from=participant_from,
        reading=reading,
        workers=workers,
        scratch=target.absolute().parent,
        dry_run=dry_run,
        watcher=watcher,
    ) as inputs:
        stride_s = float(inputs.metadata.stride_s or 0.0)
        applied = GaitProbe(saved, name, stride_s)
        result = GaitResult(str(folder), name, applied.targets, told)
        if inputs.embedded is not None:
            result.failed, result.plan = inputs.embedded.failed, list(inputs.embedded.plan)
        if dry_run or (inputs.embedded is not None and not inputs.embedded.output):
            return result
        walks = (
            rule.rule_for(inputs.metadata, inputs.name)
            if activity is None
            else rule.probe_for(activity, labels, inputs.metadata, inputs.name)
        )
        days = Days(zone, stride_s)
        rows = list(_bout_rows(inputs, walks, applied, days, min_bout, result, step))
    bouts = pd.DataFrame(rows, columns=[*BOUT_COLUMNS, *applied.columns(None, spread=True)])
    by_day = pd.DataFrame(days.rows(applied), columns=[*DAY_COLUMNS, *applied.columns(None)])
    result.sum_up(bouts, by_day, applied)
    settings = {
        "paths": ["stdin" if str(path) == "-" else str(path) for path in given],
        "min_bout_s": min_bout,
        "gap_s": GAP_S,
        "timezone": timezone,
        "sample_s": applied.sample_s,
    }
    _write(target, bouts, by_day, result, dict(saved.result.model), settings)
    result.output = str(target)
    return result


def _write(
    target: Path,
    bouts: pd.DataFrame,
    days: pd.DataFrame,
    result: GaitResult,
    model: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """The folder, whole or not at all."""
    with atomic_folder(target) as temporary:
        bouts.round(DECIMALS).to_csv(temporary / "bouts.csv", index=False)
        days.round(DECIMALS).to_csv(temporary / "days.csv", index=False)
        if (lack := draw_gait(temporary / "gait.png", bouts, result.targets)) is not None:
            result.notes.append(lack)
        made = {"wearcli": __version__, **document(result, model, settings)}
        (temporary / MARK).write_text(json.dumps(made, indent=2, ensure_ascii=False) + "\n")


def _bout_rows(
    inputs: Inputs,
    walks: rule.Walking,
    probe: GaitProbe,
    days: Days,
    min_bout: float,
    result: GaitResult,
    step: Callable[[int, int | None], None],
) -> Iterator[dict[str, Any]]:
    """The rows of bouts.csv, one recording after the other; counts go to `result` and `days`."""
    for _, tables in groupby(inputs.tables, recording_of):
        bouts, reached = Bouts(min_bout), -np.inf
        result.recordings += 1
        for every in tables:
            table = _timed(every)
            reached = days.add_windows(table, reached)
            for bout in bouts.add(table, walks(table)) if len(table) else ():
                yield _row(bout, probe, days)
            result.windows += len(every)
            step(result.windows, inputs.windows)
        for bout in bouts.end():
            yield _row(bout, probe, days)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise UsageError(f"--timezone {name}: no such zone: a name such as Europe/Berlin") from None


def _timed(table: pa.Table) -> pa.Table:
    """The windows that have a name, a person and a time."""
    known = pc.is_finite(pc.add(table["onset"], table["duration"]))
    for name in ("recording", "participant"):
        known = pc.and_(known, pc.is_valid(table[name]))
    return table.filter(known)  # a null counts as False


def _row(bout: Bout, probe: GaitProbe, days: Days) -> dict[str, Any]:
    """A row of bouts.csv."""
    means = probe.of_bout(bout.windows)
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
