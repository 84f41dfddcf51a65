"""The samples of a task, checked, as problems that probes can be fitted on."""

from collections.abc import Collection

import numpy as np
import pandas as pd

from wearcli.errors import InputError
from wearcli.probing.crossfit import Problem
from wearcli.probing.join import Samples, contradictions, join_classes, join_targets, whole_recordings
from wearcli.probing.tasks import Task, intervals_of
from wearcli.probing.windows import EmbeddedWindows

FEWEST_SAMPLES = 5


def gather(
    task: Task, windows: EmbeddedWindows, epoch: float | None
) -> tuple[Samples, list[str], dict[str, int]]:
    """Samples of the task, warnings, and what was left out on the way."""
    whole = whole_recordings(windows)
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
    if task.kind == "classification":
        renamed = intervals.rename(columns={task.targets[0]: "label"})
        samples = join_classes(windows, renamed, epoch)
    else:
        samples = join_targets(windows, intervals, list(task.targets), epoch)
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
    if task.kind == "classification" and (count := contradictions(renamed)):
        warnings.append(
            f"{count} intervals of {task.where} begin within one of another label: a window takes the label "
            "that covers most of it, an epoch is made for each"
        )
    if missing := named - ours:
        left_out[f"labelled {what}s without usable windows"] = len(missing)
    if rows := left_out.get("rows without a target"):
        warnings.append(f"{rows} rows of {task.where} have no value in {', '.join(task.targets)}: left out")
    return samples, warnings, windows.dropped | left_out | samples.dropped


def check_samples(task: Task, samples: Samples, people: np.ndarray) -> None:
    """InputError unless there are two participants and a few samples; people: the participants' names."""
    if len(people) < 2:
        raise InputError(
            f"all {len(samples)} samples are of one participant ({people[0]}): a probe is scored on people "
            "that it has not seen; add others, or tell them apart with 'wearcli embed --participant-from'"
        )
    if len(samples) < FEWEST_SAMPLES:
        raise InputError(
            f"only {len(samples)} samples of {task.where} have windows, {FEWEST_SAMPLES} are the fewest: add "
            "recordings, or shorten --epoch"
        )


def regressions(
    task: Task, samples: Samples, owner: np.ndarray, fold: np.ndarray
) -> tuple[list[Problem], list[str], list[str]]:
    """A problem for each target that can be one, their names, and warnings of the others."""
    problems, targets, warnings = [], [], []
    for name, truth in zip(task.targets, samples.truth.T, strict=True):
        known = np.isfinite(truth)
        reason = ""
        if known.sum() < FEWEST_SAMPLES:
            reason = f"has a value in {known.sum()} samples only"
        elif len(np.unique(fold[known])) < 2:
            reason = "is known of people in one fold only"
        elif np.ptp(truth[known]) == 0:
            reason = f"is always {truth[known][0]:g}"
        if reason:
            warnings.append(f"target {name} {reason}: left out")
            continue
        if not known.all():
            warnings.append(
                f"target {name} has no value in {(~known).sum()} of {len(truth)} samples: those left out"
            )
            vectors = {key: values[known] for key, values in samples.vectors.items()}
        else:
            vectors = samples.vectors
        problems.append(
            Problem(vectors, np.flatnonzero(known), truth[known], owner[known], fold[known], False)
        )
        targets.append(name)
    if not problems:
        raise InputError(f"{task.where}: no target can be predicted ({'; '.join(warnings)}): see --target")
    return problems, targets, warnings


def class_warnings(
    classes: list[str],
    codes: np.ndarray,
    owner: np.ndarray,
    people: np.ndarray,
    fold: np.ndarray,
    n_folds: int,
) -> list[str]:
    """What to say of classes that some folds lack. people: names; codes, owner, fold: (n,), see `Problem`."""
    alone, rare = [], []
    for code, name in enumerate(classes):
        mine = codes == code
        holders = np.unique(owner[mine])
        absent = n_folds - len(np.unique(fold[mine]))
        if absent == n_folds - 1:
            who = people[holders[0]] if len(holders) == 1 else f"{len(holders)} participants"
            alone.append(f"'{name}' ({who})")
        elif absent:
            rare.append(f"'{name}' ({len(holders)} participants, absent from {absent} of {n_folds} folds)")
    warnings = []
    if alone:
        warnings.append(
            f"class {', '.join(alone)} is in one fold only, so the probe scored on it never saw it: "
            "its F1 is 0"
        )
    if rare:
        warnings.append(f"class {', '.join(rare)}: the scores of the folds without it leave it out")
    return warnings


def class_samples(classes: list[str], codes: np.ndarray, owner: np.ndarray) -> dict[str, dict[str, int]]:
    """How many samples each class has, and of how many participants."""
    return {
        name: {"samples": int((codes == code).sum()), "participants": len(np.unique(owner[codes == code]))}
        for code, name in enumerate(classes)
    }


def _span(times: pd.DataFrame) -> str:
    return f"{times['onset'].min():g} to {(times['onset'] + times['duration']).max():g} s"


def some(names: Collection[str]) -> str:
    """A few names of many, for a message."""
    first = sorted(names)[:3]
    return ", ".join(first) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
