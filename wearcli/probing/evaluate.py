"""Scores of held-out predictions: over everybody, in each fold, and in each draw of the bootstrap."""

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
    """Return the draws of participants for a problem, the same for everything that is scored on it.

    Args:
        problem: The problem with its scored samples.
        number: Number of the problem in its study.
        n_folds: How many folds, or groups where the problem has them.
        draws: How many bootstrap draws.
        seed: Seed of the draws.

    Returns:
        How often participants count.
    """
    rng = generator(seed, "bootstrap", number)
    _, person = np.unique(problem.participants, return_inverse=True)
    part = problem.fold if problem.group is None else problem.group
    columns, owner = np.unique(person * n_folds + part, return_inverse=True)
    weights = participant_weights(columns % n_folds, n_folds, draws, rng, columns // n_folds)
    return Counting(owner, weights)


def countings(study: Study, draws: int, seed: int) -> list[Counting]:
    """Return the `counting` of every problem of a study.

    Args:
        study: The problems and their folds.
        draws: How many bootstrap draws.
        seed: Seed of the draws.

    Returns:
        One for each problem.
    """
    return [
        counting(problem.scored(), number, study.parts, draws, seed)
        for number, problem in enumerate(study.problems)
    ]


def held_out_by(
    tested: Problem, probe: str, fitted: CrossFit, classes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the `held_out` predictions of a probe and, for classes, their `before_temperature`.

    Args:
        tested: The problem with its scored samples.
        probe: The kind of probe.
        fitted: The fits.
        classes: How many classes there are, 0 for a regression.

    Returns:
        (n, classes) probabilities and the same before the temperature; (n,) values and None for a regression.
    """
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
        problem: The problem with its scored samples.
        predicted: Predictions, as `held_out` gives them.
        counts: How often participants count.
        agreement: Also score ICC and limits of agreement.
        ranks: For classes, the probabilities before the temperature; None: `predicted`.

    Returns:
        Each metric at the rows of `counts`.
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
    """Score the majority class or the mean.

    Args:
        problem: The problem with its scored samples.
        constant: (n,) predictions, as `trivial` gives them.
        counts: How often participants count.
        classes: How many classes there are, 0 for a regression.
        agreement: Also score ICC and limits of agreement.

    Returns:
        Each metric at the rows of `counts`.
    """
    weights, owner = counts.weights, counts.owner
    if problem.classify:
        scores = classification_scores(weights, problem.truth, constant, owner, classes)
        return scores | _areas(problem, np.zeros((len(constant), classes)), counts)
    scores = regression_scores(weights, problem.truth, constant, owner, agreement)
    # The prediction is constant within a fold. Pooled, the folds' means run against those of held-out people,
    # which would give a correlation without meaning.
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
    """Return the scores of a probe on all problems of a study, with names as in `Study.prefixes`.

    Args:
        study: The targets and the classes.
        problems: The problems of the study, with the vectors and labels that were fitted.
        fitted: The fits.
        probe: The kind of probe.
        counts: The `countings` of the study.
        agreement: Also score ICC and limits of agreement.

    Returns:
        Each metric at the rows of the counts.
    """
    scores = []
    for place, problem in enumerate(problems):
        tested = problem.scored()
        predicted, ranks = held_out_by(tested, probe, fitted[probe, place], len(study.classes))
        scores.append(evaluate(tested, predicted, counts[place], agreement, ranks))
    return _prefixed(study.prefixes, scores)


def trivial_rows(study: Study, counts: list[Counting], agreement: bool) -> Rows:
    """Return the scores of the majority class or the mean on all problems of a study.

    Args:
        study: The problems.
        counts: The `countings` of the study.
        agreement: Also score ICC and limits of agreement.

    Returns:
        Each metric at the rows of the counts.
    """
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
    """Return the name of the trivial predictor: majority or mean.

    Args:
        problem: A classification or a regression.
    """
    return "majority" if problem.classify else "mean"


def difference(scores: np.ndarray, others: np.ndarray, n_folds: int) -> Interval:
    """Return a score less another one, with an interval over the same draws of participants.

    Args:
        scores: (1 + folds + draws,).
        others: (1 + folds + draws,).
        n_folds: How many folds there are.

    Returns:
        The difference and its interval.
    """
    rows = scores - others
    low, high = interval(rows[1 + n_folds :])
    return {"mean": number(rows[0]), "low": low, "high": high}


def without_folds(score: Score) -> Interval:
    """Return the score and its interval alone.

    Args:
        score: A score with its folds.
    """
    return {"mean": score["mean"], "low": score["low"], "high": score["high"]}


def _areas(problem: Problem, probabilities: np.ndarray, counts: Counting) -> Rows:
    """Return AUROC and, for two classes, the partial one; probabilities are (n, classes)."""
    words = counts.weights, problem.truth, probabilities, counts.owner
    areas = {"auroc": auroc(*words)}
    return areas | {"pauroc": pauroc(*words)} if probabilities.shape[1] == 2 else areas


def _prefixed(prefixes: list[str], scores: Iterable[Rows]) -> Rows:
    """Return the scores of several targets together, with their prefixes."""
    return {
        prefix + metric: row
        for prefix, rows in zip(prefixes, scores, strict=True)
        for metric, row in rows.items()
    }
