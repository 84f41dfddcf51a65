"""The samples of a task, checked, as problems that probes can be fitted on, with the folds of everybody."""

from dataclasses import dataclass

import numpy as np

from wearcli.errors import InputError
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task
from wearcli.probing.folds import group_folds, participant_folds
from wearcli.probing.problem import Problem
from wearcli.probing.records import ClassCount
from wearcli.probing.study_checks import (
    FEWEST_SAMPLES,
    check_folds,
    check_samples,
    class_warnings,
    outside_warnings,
)
from wearcli.seeds import generator
from wearcli.words import counted

FEW_PARTICIPANTS = 5


@dataclass(frozen=True)
class Study:
    """The problems that probes are fitted on, and what scores need.

    Attributes:
        problems: One for each of `targets`.
        targets: The columns that are predicted.
        classes: Names, sorted (but the `positive` of the task is the second of two); empty for a regression.
        codes: (n,) the class of each sample, None for a regression.
        people: The names of the participants.
        owner: (n,) the participant of each sample, as a number in `people`.
        fold: (n,) the fold in which each sample is held out, -1 for none.
        n_folds: How many folds there are.
        warnings: What the user should know.
        measured: Whether a second method has measured the targets, see `Task.measured`.
        groups: Names of groups left out as a whole, None where only people are left out.
    """

    problems: list[Problem]
    targets: list[str]
    classes: list[str]
    codes: np.ndarray | None
    people: np.ndarray
    owner: np.ndarray
    fold: np.ndarray
    n_folds: int
    warnings: list[str]
    measured: bool
    groups: list[str] | None = None

    @property
    def parts(self) -> int:
        """How many `folds` a score has: the groups, where groups are left out."""
        return self.n_folds if self.groups is None else len(self.groups)

    @property
    def prefixes(self) -> list[str]:
        """The prefix of the scores of each target.

        It is empty for a single target that no second method has measured.
        """
        several = self.measured or len(self.targets) > 1
        return [f"{name}." if several else "" for name in self.targets]

    @property
    def class_samples(self) -> dict[str, ClassCount]:
        """How many samples each class has, and how many participants these are of; empty for a regression."""
        return {
            name: ClassCount(
                samples=int(np.count_nonzero(self.codes == code)),
                participants=len(np.unique(self.owner[self.codes == code])),
            )
            for code, name in enumerate(self.classes)
        }


@dataclass(frozen=True)
class Division:
    """When each sample is held out.

    Attributes:
        fold: (n,) the fold in which each sample is held out, -1 for none.
        groups: Names of groups left out as a whole, None where only people are left out.
        group: (n,) the group of each sample, None where only people are left out.
    """

    fold: np.ndarray
    groups: list[str] | None = None
    group: np.ndarray | None = None


def make_study(
    task: Task, samples: Samples, folds: int, seed: int, leave_out: str | None = None, test: bool = False
) -> Study:
    """Return the samples as problems, with folds by participant.

    Args:
        task: The task.
        samples: The samples of the task.
        folds: How many folds, at most one for each participant.
        seed: Seed of the folds.
        leave_out: "participant" for a fold for each participant. Another name is a column of `samples.rows`;
            each of its values is left out as a whole (`group_folds`).
        test: Hold out the samples whose column `test` is true; all others train.

    Returns:
        The study.

    Raises:
        InputError: The samples are of one person or one class, or too few.
    """
    people, owner = np.unique(samples.rows["participant"].astype(str).to_numpy(str), return_inverse=True)
    check_samples(task, samples, people)
    classes, codes = _classes(task, samples) if task.kind == "classification" else ([], None)
    if test:
        division = _outside(task, samples, owner)
    else:
        division = _divide(samples, owner, codes, folds, seed, leave_out)
    fold, n_folds = division.fold, int(division.fold.max()) + 1
    if codes is not None:
        problem = Problem(samples.vectors, np.arange(len(samples)), codes, owner, fold, True, division.group)
        check_folds(task, problem)
        problems, targets = [problem], list(task.targets)
        warnings = (
            outside_warnings(classes, problem)
            if test
            else class_warnings(classes, codes, owner, people, fold, n_folds)
        )
    else:
        problems, targets, warnings = _regressions(task, samples, owner, division)
    if len(people) < FEW_PARTICIPANTS:
        warnings.append(
            f"{counted(len(people), 'participant')} only: an interval over so few people says little"
        )
    return Study(
        problems,
        targets,
        classes,
        codes,
        people,
        owner,
        fold,
        n_folds,
        warnings,
        task.measured,
        division.groups,
    )


def _classes(task: Task, samples: Samples) -> tuple[list[str], np.ndarray]:
    """Return the names of the classes, and (n,) codes."""
    names, codes = np.unique(samples.truth.astype(str), return_inverse=True)
    classes: list[str] = names.tolist()
    if len(classes) == 2 and classes[0] == task.positive:
        classes, codes = classes[::-1], 1 - codes
    if len(classes) < 2:
        raise InputError(f"{task.source}: every sample is '{classes[0]}': a classification needs two classes")
    return classes, codes


def _outside(task: Task, samples: Samples, owner: np.ndarray) -> Division:
    """Return one fold: the outside set."""
    fold = np.where(samples.rows["test"].to_numpy(bool), 0, -1)
    if np.isin(owner, owner[fold == 0]).all():
        raise InputError(
            f"{task.source}: everybody is in the outside set of --test too, so nobody is left to train "
            "on: give another set"
        )
    return Division(fold)


def _divide(
    samples: Samples,
    owner: np.ndarray,
    codes: np.ndarray | None,
    folds: int,
    seed: int,
    leave_out: str | None,
) -> Division:
    """Return folds by participant, or by groups and their participants."""
    rng = generator(seed, "folds")
    if leave_out not in (None, "participant"):
        groups, group = _groups(samples, leave_out)
        return Division(group_folds(owner, group, codes, folds, rng), groups, group)
    people = int(owner.max()) + 1
    n_folds = min(folds, people) if leave_out is None else people
    return Division(participant_folds(owner, codes, n_folds, rng))


def _groups(samples: Samples, leave_out: str | None) -> tuple[list[str], np.ndarray]:
    """Return the names of the groups of a column of the samples' rows, and (n,) codes."""
    column = samples.rows[leave_out].astype(object)
    if column.isna().any():
        who = samples.rows.loc[column.isna().to_numpy(), "recording"].iloc[0]
        raise InputError(
            f"recording {who} has no {leave_out}: --leave-out {leave_out} needs one of every recording"
        )
    names, codes = np.unique(column.astype(str).to_numpy(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(f"every sample has the {leave_out} '{names[0]}': --leave-out needs two or more")
    return names.tolist(), codes


def _regressions(
    task: Task, samples: Samples, owner: np.ndarray, division: Division
) -> tuple[list[Problem], list[str], list[str]]:
    """Return a problem for each target that can be one, their names, and warnings about the others."""
    whole = Problem(
        samples.vectors, np.arange(len(samples)), samples.truth, owner, division.fold, False, division.group
    )
    problems, targets, warnings = [], [], []
    for column, name in enumerate(task.targets):
        truth = samples.truth[:, column]
        measured = np.isfinite(truth)
        reason = ""
        if measured.sum() < FEWEST_SAMPLES:
            reason = f"has a value in {counted(int(measured.sum()), 'sample')} only"
        elif len(np.unique(division.fold[measured])) < 2:
            reason = "has values of people in one fold only"
        elif np.ptp(truth[measured]) == 0:
            reason = f"is always {truth[measured][0]:g}"
        if reason:
            warnings.append(f"target {name} {reason}: left out")
            continue
        if not measured.all():
            warnings.append(
                f"target {name} has no value in {(~measured).sum()} of {counted(len(truth), 'sample')}: "
                "left out"
            )
        problems.append(whole.for_target(column, None if measured.all() else measured))
        targets.append(name)
    if not problems:
        raise InputError(f"{task.source}: no target can be predicted ({'; '.join(warnings)}): see --target")
    return problems, targets, warnings
