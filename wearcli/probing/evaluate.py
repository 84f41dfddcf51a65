"""The scores of held-out predictions, over everybody, in each fold, and in each draw of the bootstrap."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from wearcli.probing.bootstrap import interval, number, participant_weights
from wearcli.probing.calibration import calibration_scores
from wearcli.probing.crossfit import CrossFit, CrossFits, before_temperature, held_out, trivial
from wearcli.probing.kinds import input_column
from wearcli.probing.metrics import classification_scores, regression_scores
from wearcli.probing.problem import Problem
from wearcli.probing.records import Interval, Score
from wearcli.probing.roc import auroc, pauroc
from wearcli.probing.study import Study
from wearcli.seeds import generator

Rows = dict[str, np.ndarray]  # metric -> (1 + folds + draws,), see `participant_weights`


@dataclass(frozen=True)
class Counting:
    """How often participants count.

    Attributes:
        owner: (n,) the participant of each sample, as a column of `weights`. A participant who is in several
            left-out groups has a column in each.
        weights: (1 + folds + draws, P), see `participant_weights`.
    """

    owner: np.ndarray
    weights: np.ndarray


def counting(problem: Problem, number: int, n_folds: int, draws: int, seed: int) -> Counting:
    """The draws of participants for a problem, the same for all that is scored on it.

    Args:
        problem: Its scored samples.
        number: Of the problem in its study.
        n_folds: Folds, or groups where the problem has them.
        draws: Of the bootstrap.
        seed: Of the draws.
    """
    rng = generator(seed, "bootstrap", number)
    _, person = np.unique(problem.participants, return_inverse=True)
    part = problem.fold if problem.group is None else problem.group
    columns, owner = np.unique(person * n_folds + part, return_inverse=True)
    weights = participant_weights(columns % n_folds, n_folds, draws, rng, columns // n_folds)
    return Counting(owner, weights)


def countings(study: Study, draws: int, seed: int) -> list[Counting]:
    """The `counting` of every problem of a study."""
    return [
        counting(problem.scored(), number, study.parts, draws, seed)
        for number, problem in enumerate(study.problems)
    ]


def held_out_by(
    tested: Problem, probe: str, fitted: CrossFit, classes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """The `held_out` predictions of a probe, and of classes their `before_temperature`."""
    predicted = held_out(tested, fitted, tested.vectors[input_column(probe)], classes)
    return predicted, before_temperature(tested, fitted, predicted) if tested.classify else None


def evaluate(
    problem: Problem,
    predicted: np.ndarray,
    counts: Counting,
    agreement: bool,
    ranks: np.ndarray | None = None,
) -> Rows:
    """Score held-out predictions.

    Args:
        problem: Its scored samples.
        predicted: As `held_out` gives them.
        counts: How often participants count.
        agreement: Score ICC and limits of agreement too.
        ranks: Of classes the probabilities before the temperature; by default the predicted ones.
    """
    weights, owner = counts.weights, counts.owner
    if not problem.classify:
        return regression_scores(weights, problem.truth, predicted, owner, agreement)
    codes, classes = predicted.argmax(axis=1), predicted.shape[1]
    scores = classification_scores(weights, problem.truth, codes, owner, classes)
    scores |= _areas(problem, predicted if ranks is None else ranks, counts)
    return scores | calibration_scores(weights, problem.truth, predicted, owner)


def evaluate_trivial(
    problem: Problem, constant: np.ndarray, counts: Counting, classes: int, agreement: bool
) -> Rows:
    """The same of the majority class or the mean, as `trivial` gives it."""
    weights, owner = counts.weights, counts.owner
    if problem.classify:
        scores = classification_scores(weights, problem.truth, constant, owner, classes)
        return scores | _areas(problem, np.zeros((len(constant), classes)), counts)
    scores = regression_scores(weights, problem.truth, constant, owner, agreement)
    # Within a fold it is constant. Pooled, the folds' means run against the held-out people's own,
    # which would give a correlation that says nothing.
    nothing = np.full(len(weights), np.nan)
    return scores | {name: nothing for name in ("r", "icc") if name in scores}


def probe_rows(
    study: Study,
    problems: list[Problem],
    fitted: CrossFits,
    probe: str,
    counts: list[Counting],
    agreement: bool,
) -> Rows:
    """The scores of a probe on all problems of a study, called as `Study.prefixes` says.

    Args:
        study: Names the targets and the classes.
        problems: Those of the study, with the vectors and labels that were fitted.
        fitted: Their fits.
        probe: Which of them.
        counts: The `countings` of the study.
        agreement: Score ICC and limits of agreement too.
    """
    scores = []
    for place, problem in enumerate(problems):
        tested = problem.scored()
        predicted, ranks = held_out_by(tested, probe, fitted[probe, place], len(study.classes))
        scores.append(evaluate(tested, predicted, counts[place], agreement, ranks))
    return _prefixed(study.prefixes, scores)


def trivial_rows(study: Study, counts: list[Counting], agreement: bool) -> Rows:
    """The scores of the majority class or the mean on all problems of a study."""
    classes = len(study.classes)
    return _prefixed(
        study.prefixes,
        (
            evaluate_trivial(
                problem.scored(),
                trivial(problem, classes)[problem.fold >= 0],
                counts[place],
                classes,
                agreement,
            )
            for place, problem in enumerate(study.problems)
        ),
    )


def trivial_name(problem: Problem) -> str:
    """What the trivial predictor is called."""
    return "majority" if problem.classify else "mean"


def difference(scores: np.ndarray, others: np.ndarray, n_folds: int) -> Interval:
    """A score less another, draw by draw of the same participants."""
    rows = scores - others
    low, high = interval(rows[1 + n_folds :])
    return {"mean": number(rows[0]), "low": low, "high": high}


def without_folds(score: Score) -> Interval:
    """The score and its interval alone."""
    return {"mean": score["mean"], "low": score["low"], "high": score["high"]}


def _areas(problem: Problem, probabilities: np.ndarray, counts: Counting) -> Rows:
    """AUROC and, of two classes, the partial one. probabilities: (n, classes)."""
    words = counts.weights, problem.truth, probabilities, counts.owner
    areas = {"auroc": auroc(*words)}
    return areas | {"pauroc": pauroc(*words)} if probabilities.shape[1] == 2 else areas


def _prefixed(prefixes: list[str], scores: Iterable[Rows]) -> Rows:
    return {
        prefix + metric: row
        for prefix, rows in zip(prefixes, scores, strict=True)
        for metric, row in rows.items()
    }
