"""Checks before a probe is fitted, and warnings about folds that lack a class."""

import numpy as np

from wearcli.errors import InputError
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task
from wearcli.probing.problem import Problem
from wearcli.words import counted

FEWEST_SAMPLES = 5


def check_samples(task: Task, samples: Samples, people: np.ndarray) -> None:
    """Check that there are at least two participants and a few samples.

    Args:
        task: The task.
        samples: The samples of the task.
        people: The names of the participants.

    Raises:
        InputError: There are fewer.
    """
    if len(people) < 2:
        raise InputError(
            f"all samples are of one participant ({people[0]}): a probe is scored on people "
            "that it has not seen; add others, or tell them apart with 'wearcli embed --participant-from'"
        )
    if len(samples) < FEWEST_SAMPLES:
        raise InputError(
            f"{task.source}: only {counted(len(samples), 'sample')} with windows, {FEWEST_SAMPLES} are the "
            "fewest: add recordings, or shorten --epoch, or lower --min-segments"
        )


def check_folds(task: Task, problem: Problem) -> None:
    """Check that every fold leaves two classes to train on.

    Args:
        task: The task.
        problem: The problem with its folds.

    Raises:
        InputError: A fold leaves nothing, or a left-out group leaves only one class.
    """
    for fold in np.unique(problem.fold[problem.fold >= 0]).tolist():
        codes = np.unique(problem.truth[problem.training(fold)])
        if not len(codes):
            raise InputError(
                f"{task.source}: without the people and the group that are held out nobody is left to train "
                "on"
            )
        if len(codes) == 1 and problem.group is not None:
            raise InputError(f"{task.source}: with one group left out, all that is left is of one class")


def class_warnings(
    classes: list[str],
    codes: np.ndarray,
    owner: np.ndarray,
    people: np.ndarray,
    fold: np.ndarray,
    n_folds: int,
) -> list[str]:
    """Return warnings about classes that some folds lack.

    Args:
        classes: Names of the classes.
        codes: (n,) the class of each sample.
        owner: (n,) the participant of each sample.
        people: The names of the participants.
        fold: (n,) the fold in which each sample is held out.
        n_folds: How many folds there are.

    Returns:
        The warnings.
    """
    alone, rare = [], []
    for code, name in enumerate(classes):
        members = codes == code
        holders = np.unique(owner[members])
        absent = n_folds - len(np.unique(fold[members]))
        if absent == n_folds - 1:
            who = people[holders[0]] if len(holders) == 1 else counted(len(holders), "participant")
            alone.append(f"'{name}' ({who})")
        elif absent:
            rare.append(
                f"'{name}' ({counted(len(holders), 'participant')}, absent from {absent} of {n_folds} folds)"
            )
    warnings = []
    if alone:
        warnings.append(
            f"class {', '.join(alone)} is in one fold only, so the probe scored on it never saw it: "
            "its F1 is 0"
        )
    if rare:
        warnings.append(f"class {', '.join(rare)}: the scores of the folds without it leave it out")
    return warnings


def outside_warnings(classes: list[str], problem: Problem) -> list[str]:
    """Return warnings about classes that only the outside set has.

    Args:
        classes: Names of the classes.
        problem: The problem, whose fold is the outside set.

    Returns:
        The warnings.
    """
    trained = np.unique(problem.truth[problem.training(0)])
    new = [classes[code] for code in np.setdiff1d(np.unique(problem.truth), trained)]
    if not new:
        return []
    return [f"class {', '.join(new)} is in the outside set alone, so no probe can tell it: its F1 is 0"]
