"""The samples of a task, checked, as problems that probes can be fitted on, with the folds of everybody."""

from dataclasses import dataclass

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task
from wearcli.probing.folds import group_folds, participant_folds
from wearcli.probing.problem import Problem
from wearcli.probing.records import ClassCount
from wearcli.seeds import generator

FEWEST_SAMPLES = 5
FEW_PARTICIPANTS = 5


@dataclass(frozen=True)
class Study:
    """All that a probe is fitted on and scored by.

    problems: one for each of `targets`. classes: names, sorted (but the task's `positive` is the second of
    two), empty of a regression; codes: (n,) of each sample, or None. people: the participants' names; owner:
    (n,) which of them each sample is of; fold: (n,) in which fold it is held out, -1 in none. groups: names
    of what is left out as a whole, None where people alone are.
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
    groups: list[str] | None = None

    @property
    def parts(self) -> int:
        """How many `folds` a score has: groups where these are left out."""
        return self.n_folds if self.groups is None else len(self.groups)

    def prefixes(self, task: Task) -> list[str]:
        """What stands before a score's name for each target: nothing where there is one that is no metric."""
        several = task.measured or len(self.targets) > 1
        return [f"{name}." if several else "" for name in self.targets]


def check_arguments(
    kind: str | None, epoch: float | None, folds: int, bootstrap: int, seed: int, min_quality: float
) -> None:
    """UsageError for values that no probe can have."""
    if kind not in (None, "classification", "regression"):
        raise UsageError(f"unknown kind '{kind}': --kind classification or regression")
    if epoch is not None and not (np.isfinite(epoch) and epoch > 0):
        raise UsageError(f"an epoch of {epoch} s: --epoch takes seconds above 0")
    if folds < 2:
        raise UsageError(f"{folds} folds: --folds takes 2 or more")
    if bootstrap < 1:
        raise UsageError(f"{bootstrap} bootstrap draws: --bootstrap takes 1 or more")
    if seed < 0:
        raise UsageError(f"seed {seed}: --seed takes 0 or more")
    if not 0 <= min_quality <= 1:
        raise UsageError(f"a quality of {min_quality:g}: --min-quality takes 0 to 1")


def make_study(
    task: Task, samples: Samples, folds: int, seed: int, leave_out: str | None = None, test: bool = False
) -> Study:
    """The samples as problems, in `folds` by participant, at most one a participant.

    leave_out: "participant" for a fold each; another name is a column of `samples.rows`, each value of which
    is left out as a whole (`group_folds`). test: the samples whose column `test` is true are held out, and
    all the others train. Raises InputError for samples of one person or one class, and for too few.
    """
    people, owner = np.unique(samples.rows["participant"].astype(str).to_numpy(str), return_inverse=True)
    check_samples(task, samples, people)
    classes: list[str] = []
    codes: np.ndarray | None = None
    if task.kind == "classification":
        found_classes, codes = np.unique(samples.truth.astype(str), return_inverse=True)
        classes = found_classes.tolist()
        if len(classes) == 2 and classes[0] == task.positive:
            classes, codes = classes[::-1], 1 - codes
        if len(classes) < 2:
            raise InputError(
                f"{task.source}: every sample is '{classes[0]}': a classification needs two classes"
            )
    groups: list[str] | None = None
    group: np.ndarray | None = None
    rng = generator(seed, "folds")
    if test:
        fold = np.where(samples.rows["test"].to_numpy(bool), 0, -1)
        if np.isin(owner, owner[fold == 0]).all():
            raise InputError(
                f"{task.source}: everybody is in the outside set of --test too, so nobody is left to train "
                "on: give another set"
            )
    elif leave_out not in (None, "participant"):
        groups, group = _groups(samples, leave_out)
        fold = group_folds(owner, group, codes, folds, rng)
    else:
        n_folds = min(folds, len(people)) if leave_out is None else len(people)
        fold = participant_folds(owner, codes, n_folds, rng)
    n_folds = int(fold.max()) + 1
    if codes is not None:
        rows = np.arange(len(samples))
        problems = [Problem(samples.vectors, rows, codes, owner, fold, True, group)]
        targets = list(task.targets)
        _check_folds(task, problems[0])
        warnings = (
            outside_warnings(classes, problems[0])
            if test
            else class_warnings(classes, codes, owner, people, fold, n_folds)
        )
    else:
        problems, targets, warnings = regressions(task, samples, owner, fold, group)
    if len(people) < FEW_PARTICIPANTS:
        warnings.append(f"{len(people)} participants only: an interval over so few people says little")
    return Study(problems, targets, classes, codes, people, owner, fold, n_folds, warnings, groups)


def _groups(samples: Samples, leave_out: str | None) -> tuple[list[str], np.ndarray]:
    """The names of the groups of a column of the samples' rows, and (n,) codes."""
    column = samples.rows[leave_out].astype(object)
    if column.isna().any():
        who = samples.rows.loc[column.isna().to_numpy(), "recording"].iloc[0]
        raise InputError(
            f"recording {who} has no {leave_out}: --leave-out {leave_out} needs one of every one"
        )
    names, codes = np.unique(column.astype(str).to_numpy(str), return_inverse=True)
    if len(names) < 2:
        raise InputError(f"every sample has the {leave_out} '{names[0]}': --leave-out needs two or more")
    return names.tolist(), codes


def _check_folds(task: Task, problem: Problem) -> None:
    """InputError where a fold leaves nothing to train on, or one class."""
    for fold in np.unique(problem.fold[problem.fold >= 0]).tolist():
        if not len(known := np.unique(problem.truth[problem.training(fold)])):
            raise InputError(
                f"{task.source}: without the people and the group that are held out nobody is left to "
                "train on"
            )
        if len(known) == 1 and problem.group is not None:
            raise InputError(f"{task.source}: with one group left out, all that is left is of one class")


def check_samples(task: Task, samples: Samples, people: np.ndarray) -> None:
    """InputError unless there are two participants and a few samples; people: the participants' names."""
    if len(people) < 2:
        raise InputError(
            f"all {len(samples)} samples are of one participant ({people[0]}): a probe is scored on people "
            "that it has not seen; add others, or tell them apart with 'wearcli embed --participant-from'"
        )
    if len(samples) < FEWEST_SAMPLES:
        raise InputError(
            f"only {len(samples)} samples of {task.source} have windows, {FEWEST_SAMPLES} are the fewest: "
            "add recordings, or shorten --epoch, or lower --min-segments"
        )


def regressions(
    task: Task, samples: Samples, owner: np.ndarray, fold: np.ndarray, group: np.ndarray | None = None
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
            Problem(
                vectors,
                np.flatnonzero(known),
                truth[known],
                owner[known],
                fold[known],
                False,
                None if group is None else group[known],
            )
        )
        targets.append(name)
    if not problems:
        raise InputError(f"{task.source}: no target can be predicted ({'; '.join(warnings)}): see --target")
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


def outside_warnings(classes: list[str], problem: Problem) -> list[str]:
    """What to say of classes that only the outside set has."""
    known = np.unique(problem.truth[problem.training(0)])
    new = [classes[code] for code in np.setdiff1d(np.unique(problem.truth), known)]
    if not new:
        return []
    return [f"class {', '.join(new)} is in the outside set alone, so no probe can tell it: its F1 is 0"]


def class_samples(study: Study) -> dict[str, ClassCount]:
    """How many samples each class has, and of how many participants; empty of a regression."""
    found: dict[str, ClassCount] = {}
    for code, name in enumerate(study.classes):
        mine = study.codes == code
        found[name] = {
            "samples": int(np.count_nonzero(mine)),
            "participants": len(np.unique(study.owner[mine])),
        }
    return found
