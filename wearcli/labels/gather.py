"""A task's table and the windows of the recordings, joined to samples."""

from collections.abc import Collection

import pandas as pd

from wearcli.errors import InputError
from wearcli.labels.by_person import join_people
from wearcli.labels.intervals import contradictions, whole_recordings
from wearcli.labels.samples import Samples, join_classes, join_targets
from wearcli.labels.tasks import Task, task_intervals
from wearcli.labels.windows import UsableWindows


def gather(
    task: Task,
    windows: UsableWindows,
    epoch: float | None,
    whole: pd.DataFrame | None = None,
    min_segments: int | None = None,
) -> tuple[Samples, list[str], dict[str, int]]:
    """Join a task to windows.

    Args:
        task: The task with its table of labels.
        windows: The windows to join; they may be without vectors.
        epoch: Cut label intervals into epochs of so many seconds; None: no epochs.
        whole: One interval a recording, for a table of participants. Default: from its first window to its
            last.
        min_segments: Make one sample a participant of so many windows or more (`join_people`), and no epochs.

    Returns:
        The samples, warnings, and what was left out on the way, by reason.

    Raises:
        InputError: The names of the table and of the windows are not the same, or no window lies in an
            interval.
    """
    whole = whole_recordings(windows.times) if whole is None else whole
    intervals, left_out = task_intervals(task, whole)
    what = "recording" if "recording" in task.table else "participant"
    labelled, embedded = (set(table[what].dropna()) for table in (task.table, whole))
    if not labelled & embedded:
        raise InputError(
            f"no {what} of {task.source} ({some(labelled)}) is among the embeddings' ({some(embedded)}): "
            "make the names the same, or name another table with --labels"
        )
    if not len(intervals):
        reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.items())
        raise InputError(f"{task.source}: no row can be used ({reasons}): mend {', '.join(task.targets)}")
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
        raise InputError(
            f"no window lies by half in an interval of {task.source}"
            f"{_example(min(labelled & embedded), whole, intervals)}: "
            "onset and duration are seconds from the recording's start"
        )
    warnings = list(task.warnings)
    if classify and (count := contradictions(intervals)):
        warnings.append(
            f"{count} intervals of {task.source} begin within an interval of another label: a window takes "
            "the label that covers most of it, and every such interval makes epochs of its own"
        )
    if missing := labelled - embedded:
        left_out[f"labelled {what}s without usable windows"] = len(missing)
    if rows := left_out.get("rows without a target"):
        warnings.append(f"{rows} rows of {task.source} have no value in {', '.join(task.targets)}: left out")
    return samples, warnings, windows.dropped | left_out | samples.dropped


def some(names: Collection[str]) -> str:
    """Return a few names of many, for a message."""
    first = sorted(names)[:3]
    return ", ".join(first) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _example(recording: str, whole: pd.DataFrame, intervals: pd.DataFrame) -> str:
    """When one recording has windows and when it has labels, for a message."""
    windows, labels = (table[table["recording"] == recording] for table in (whole, intervals))
    if not len(windows) or not len(labels):
        return ""
    return f" ({recording}: labels {_span(labels)}, windows {_span(windows)})"


def _span(times: pd.DataFrame) -> str:
    return f"{times['onset'].min():g} to {(times['onset'] + times['duration']).max():g} s"
