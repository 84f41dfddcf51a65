"""A task's table and the windows of the recordings, joined to samples."""

from collections.abc import Collection

import pandas as pd

from wearcli.errors import InputError
from wearcli.labels.by_person import join_people
from wearcli.labels.intervals import Samples, contradictions, join_classes, join_targets, whole_recordings
from wearcli.labels.tasks import Task, intervals_of
from wearcli.labels.windows import EmbeddedWindows


def gather(
    task: Task,
    windows: EmbeddedWindows,
    epoch: float | None,
    whole: pd.DataFrame | None = None,
    min_segments: int | None = None,
) -> tuple[Samples, list[str], dict[str, int]]:
    """Samples of the task, warnings, and what was left out on the way.

    whole: an interval a recording, for a table of participants; by default from its first window to its last.
    min_segments: make one sample a participant, of so many windows or more (`join_people`), and no epochs.
    """
    whole = whole_recordings(windows) if whole is None else whole
    intervals, left_out = intervals_of(task, whole)
    what = "recording" if "recording" in task.table else "participant"
    named, ours = set(task.table[what]), set(whole[what])
    if not named & ours:
        raise InputError(
            f"no {what} of {task.where} ({some(named)}) is among the embeddings' ({some(ours)}): "
            "make the names the same, or name another table with --labels"
        )
    if not len(intervals):
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise InputError(f"{task.where}: no row can be used ({reasons}): mend {', '.join(task.targets)}")
    # Only what could have been met counts as left out.
    intervals = intervals[intervals["recording"].isin(set(whole["recording"]))]
    classify = task.kind == "classification"
    targets = list(task.targets)
    if classify:
        intervals = intervals.rename(columns={targets[0]: "label"})
    if min_segments is not None:
        samples = join_people(windows, intervals, None if classify else targets, min_segments)
    elif classify:
        samples = join_classes(windows, intervals, epoch)
    else:
        samples = join_targets(windows, intervals, targets, epoch)
    if not len(samples):
        name = min(named & ours)
        mine, theirs = whole[whole["recording"] == name], intervals[intervals["recording"] == name]
        example = ""
        if len(mine) and len(theirs):
            example = f" ({name}: labels {_span(theirs)}, windows {_span(mine)})"
        raise InputError(
            f"no window lies by half in an interval of {task.where}{example}: "
            "onset and duration are seconds from the recording's start"
        )
    warnings = list(task.warnings)
    if classify and (count := contradictions(intervals)):
        warnings.append(
            f"{count} intervals of {task.where} begin within one of another label: a window takes the label "
            "that covers most of it, an epoch is made for each"
        )
    if missing := named - ours:
        left_out[f"labelled {what}s without usable windows"] = len(missing)
    if rows := left_out.get("rows without a target"):
        warnings.append(f"{rows} rows of {task.where} have no value in {', '.join(task.targets)}: left out")
    return samples, warnings, windows.dropped | left_out | samples.dropped


def _span(times: pd.DataFrame) -> str:
    return f"{times['onset'].min():g} to {(times['onset'] + times['duration']).max():g} s"


def some(names: Collection[str]) -> str:
    """A few names of many, for a message."""
    first = sorted(names)[:3]
    return ", ".join(first) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
