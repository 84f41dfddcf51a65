"""From held-out predictions to the scores of a probe, with their intervals over participants."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from wearcli.probing.bootstrap import interval, number, participant_weights, summary
from wearcli.probing.crossfit import Fitted, Probe, Problem, held_out, trivial
from wearcli.probing.metrics import classification_scores, confusion, f1_by_class, regression_scores
from wearcli.probing.roc import auroc, pauroc

Summary = dict[str, float | list[float | None] | None]


@dataclass
class Scored:
    """scores[probe][metric] as the contract says; differences[probe][metric], a probe less `features`;
    confusion[probe] (rows true) and per_class[probe][class] of a classification; predictions in blocks for
    `predictions_table`."""

    scores: dict[str, dict[str, Summary]] = field(default_factory=dict)
    differences: dict[str, dict[str, dict[str, float | None]]] = field(default_factory=dict)
    confusion: dict[str, list[list[int]]] = field(default_factory=dict)
    per_class: dict[str, dict[str, float | None]] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Counting:
    """owner: (n,) the participant of each sample, as a column of weights: (1 + folds + draws, P), see
    `participant_weights`."""

    owner: np.ndarray
    weights: np.ndarray


def score(
    problems: list[Problem],
    fitted: dict[tuple[Probe, int], Fitted],
    names: list[str],
    *,
    classes: list[str],
    n_folds: int,
    draws: int,
    seed: int,
    agreement: bool,
) -> Scored:
    """Score every probe of every problem, and the majority class or the mean.

    names: a prefix of the metric's name for each problem ("" or "stride_time_s."). agreement: ICC(2,1) and
    limits of agreement too. The same draws of participants serve all probes, so that differences are paired.
    """
    out = Scored()
    for number_, (problem, prefix) in enumerate(zip(problems, names, strict=True)):
        counts = counting(problem, number_, n_folds, draws, seed)
        values: dict[str, dict[str, np.ndarray]] = {}
        for probe in [probe for probe, which in fitted if which == number_]:
            vectors = problem.vectors["features" if probe == "features" else "embedding"]
            predicted = held_out(problem, fitted[probe, number_], vectors, len(classes))
            values[probe] = evaluate(problem, predicted, counts, agreement)
            if problem.classify:
                codes = predicted.argmax(axis=1)
                _add_classes(out, probe, problem, codes, classes)
                _add_predictions(out, number_, probe, codes, predicted)
            else:
                _add_predictions(out, number_, probe, predicted, None)
        name, constant = trivial_name(problem), trivial(problem, len(classes))
        values[name] = evaluate_trivial(problem, constant, counts, len(classes), agreement)
        _add_predictions(out, number_, name, constant, None)
        for name, metrics in values.items():
            found = {prefix + metric: summary(rows, n_folds) for metric, rows in metrics.items()}
            out.scores.setdefault(name, {}).update(found)
        for name in ("linear", "mlp"):
            if name in values and "features" in values:
                differences = {
                    prefix + metric: difference(values[name][metric], rows, n_folds)
                    for metric, rows in values["features"].items()
                }
                out.differences.setdefault(name, {}).update(differences)
    return out


def counting(problem: Problem, number: int, n_folds: int, draws: int, seed: int) -> Counting:
    """The draws for the `number`th problem: the same whatever is scored on it."""
    people, owner = np.unique(problem.participants, return_inverse=True)
    fold_of = np.empty(len(people), np.int64)
    fold_of[owner] = problem.fold
    rng = np.random.default_rng([seed, 1000 + number])
    return Counting(owner, participant_weights(fold_of, n_folds, draws, rng))


def evaluate(
    problem: Problem, predicted: np.ndarray, counts: Counting, agreement: bool
) -> dict[str, np.ndarray]:
    """metric -> (1 + folds + draws,) scores of held-out predictions, as `held_out` gives them."""
    weights, owner = counts.weights, counts.owner
    if not problem.classify:
        return regression_scores(weights, problem.truth, predicted, owner, agreement)
    codes, classes = predicted.argmax(axis=1), predicted.shape[1]
    scores = classification_scores(weights, problem.truth, codes, owner, classes)
    return scores | _areas(problem, predicted, counts)


def _areas(problem: Problem, probabilities: np.ndarray, counts: Counting) -> dict[str, np.ndarray]:
    """AUROC and, of two classes, the partial one. probabilities: (n, classes)."""
    words = counts.weights, problem.truth, probabilities, counts.owner
    areas = {"auroc": auroc(*words)}
    return areas | {"pauroc": pauroc(*words)} if probabilities.shape[1] == 2 else areas


def trivial_name(problem: Problem) -> str:
    """What the trivial predictor is called."""
    return "majority" if problem.classify else "mean"


def evaluate_trivial(
    problem: Problem, constant: np.ndarray, counts: Counting, classes: int, agreement: bool
) -> dict[str, np.ndarray]:
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


def difference(scores: np.ndarray, others: np.ndarray, n_folds: int) -> dict[str, float | None]:
    """`{mean, low, high}` of one score less another, draw by draw the same participants."""
    rows = scores - others
    low, high = interval(rows[1 + n_folds :])
    return {"mean": number(rows[0]), "low": low, "high": high}


def _add_classes(out: Scored, probe: str, problem: Problem, codes: np.ndarray, classes: list[str]) -> None:
    one = np.zeros(len(codes), np.int64)
    matrix = confusion(problem.truth, codes, one, len(classes), 1)[0]
    out.confusion[probe] = matrix.astype(int).tolist()
    out.per_class[probe] = dict(zip(classes, map(number, f1_by_class(matrix)), strict=True))


def _add_predictions(
    out: Scored, problem: int, probe: str, predicted: np.ndarray, probabilities: np.ndarray | None
) -> None:
    block = {"problem": problem, "probe": probe, "predicted": predicted, "probabilities": probabilities}
    out.predictions.append(block)
