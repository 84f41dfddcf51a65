"""From held-out predictions to the scores of a probe, with their intervals over participants."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from wearcli.probing.bootstrap import interval, number, participant_weights, summary
from wearcli.probing.calibration import calibration_scores, reliability
from wearcli.probing.crossfit import CrossFit, CrossFits, before_temperature, held_out, temperatures, trivial
from wearcli.probing.error_bands import error_band
from wearcli.probing.kinds import FEATURES, input_column
from wearcli.probing.metrics import classification_scores, confusion, f1_by_class, regression_scores
from wearcli.probing.problem import Problem
from wearcli.probing.records import Band, Calibration, Interval, Score
from wearcli.probing.roc import auroc, pauroc
from wearcli.seeds import generator


@dataclass
class Scored:
    """scores[probe][metric] as the contract says; differences[probe][metric], a probe less `features`;
    confusion[probe] (rows true), per_class[probe][class] and calibration[probe] of a classification;
    intervals[probe][prefix], the `error_band` of a regression; groups[group][probe][metric] of what was left
    out as a whole; predictions in blocks for `predictions_table`."""

    scores: dict[str, dict[str, Score]] = field(default_factory=dict)
    differences: dict[str, dict[str, Interval]] = field(default_factory=dict)
    confusion: dict[str, list[list[int]]] = field(default_factory=dict)
    per_class: dict[str, dict[str, float | None]] = field(default_factory=dict)
    calibration: dict[str, Calibration] = field(default_factory=dict)
    intervals: dict[str, dict[str, Band]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, Interval]]] = field(default_factory=dict)
    predictions: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Counting:
    """owner: (n,) the participant of each sample, as a column of weights: (1 + folds + draws, P), see
    `participant_weights`. A participant who is in several left-out groups has a column in each."""

    owner: np.ndarray
    weights: np.ndarray


@dataclass(frozen=True)
class HeldOut:
    """A problem's held-out samples, what each probe says of them (`held_out_by`), and the trivial one."""

    problem: Problem
    predictions: dict[str, np.ndarray]
    ranks: dict[str, np.ndarray | None]
    constant: np.ndarray

    def of_group(self, mine: np.ndarray) -> "HeldOut":
        """Those of a mask, as one fold."""
        part = replace(self.problem, vectors={}, group=None, fold=np.zeros(len(mine), np.int64)).only(mine)
        return HeldOut(
            part,
            {probe: predicted[mine] for probe, predicted in self.predictions.items()},
            {probe: None if ranks is None else ranks[mine] for probe, ranks in self.ranks.items()},
            self.constant[mine],
        )


def score(
    problems: list[Problem],
    fitted: CrossFits,
    names: list[str],
    *,
    classes: list[str],
    n_folds: int,
    draws: int,
    seed: int,
    agreement: bool,
    groups: list[str] | None = None,
) -> Scored:
    """Score every probe of every problem, and the majority class or the mean.

    names: a prefix of the metric's name for each problem ("" or "stride_time_s."). agreement: ICC(2,1) and
    limits of agreement too. groups: names of what is left out as a whole, which are then the `folds` of a
    score. The same draws of participants serve all probes, so that differences are paired.
    """
    out = Scored()
    parts = n_folds if groups is None else len(groups)
    for number_, (problem, prefix) in enumerate(zip(problems, names, strict=True)):
        tested = problem.scored()
        counts = counting(tested, number_, parts, draws, seed)
        fits = {probe: fit for (probe, which), fit in fitted.items() if which == number_}
        told = {probe: held_out_by(tested, probe, fit, len(classes)) for probe, fit in fits.items()}
        constant = trivial(problem, len(classes))[problem.fold >= 0]
        held = HeldOut(
            tested,
            {probe: predicted for probe, (predicted, _) in told.items()},
            {probe: ranks for probe, (_, ranks) in told.items()},
            constant,
        )
        values = evaluate_all(held, counts, len(classes), agreement)
        for name, metrics in values.items():
            found = {prefix + metric: summary(rows, parts) for metric, rows in metrics.items()}
            out.scores.setdefault(name, {}).update(found)
        for name in fits:
            if name != FEATURES and FEATURES in values:
                differences = {
                    prefix + metric: difference(values[name][metric], rows, parts)
                    for metric, rows in values[FEATURES].items()
                }
                out.differences.setdefault(name, {}).update(differences)
        for code, group in enumerate(groups or []):
            mine = np.asarray(tested.group == code)
            if not mine.any():  # the target is not known there
                continue
            part = held.of_group(mine)
            own = counting(part.problem, number_, 1, draws, seed)
            for probe, metrics in evaluate_all(part, own, len(classes), agreement).items():
                of_group = {
                    prefix + metric: without_folds(summary(rows, 1)) for metric, rows in metrics.items()
                }
                out.groups.setdefault(group, {}).setdefault(probe, {}).update(of_group)
        for probe, fit in fits.items():
            predicted = held.predictions[probe]
            if problem.classify:
                codes = predicted.argmax(axis=1)
                _add_classes(out, probe, tested, predicted, codes, classes, values[probe], fit.temperature)
                _add_predictions(out, number_, probe, codes, predicted, temperatures(tested, fit))
            else:
                band = error_band(predicted - tested.truth, tested.participants, tested.fold)
                out.intervals.setdefault(probe, {})[prefix] = band
                _add_predictions(out, number_, probe, predicted)
        _add_predictions(out, number_, trivial_name(problem), constant)
    return out


def held_out_by(
    tested: Problem, probe: str, fitted: CrossFit, classes: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """What each sample is predicted to be, as `held_out`, and of classes its `before_temperature`."""
    vectors = tested.vectors[input_column(probe)]
    predicted = held_out(tested, fitted, vectors, classes)
    return predicted, before_temperature(tested, fitted, predicted) if tested.classify else None


def evaluate_all(
    held: HeldOut, counts: Counting, classes: int, agreement: bool
) -> dict[str, dict[str, np.ndarray]]:
    """probe -> metric -> (1 + folds + draws,) of each probe's held-out predictions and the trivial ones."""
    values = {
        probe: evaluate(held.problem, predicted, counts, agreement, held.ranks[probe])
        for probe, predicted in held.predictions.items()
    }
    constant = evaluate_trivial(held.problem, held.constant, counts, classes, agreement)
    return values | {trivial_name(held.problem): constant}


def without_folds(score: Score) -> Interval:
    """The score and its interval alone."""
    return {"mean": score["mean"], "low": score["low"], "high": score["high"]}


def counting(problem: Problem, number: int, n_folds: int, draws: int, seed: int) -> Counting:
    """The draws for the `number`th problem: the same whatever is scored on it.

    n_folds: folds, or groups where the problem has them.
    """
    rng = generator(seed, "bootstrap", number)
    _, person = np.unique(problem.participants, return_inverse=True)
    part = problem.fold if problem.group is None else problem.group
    columns, owner = np.unique(person * n_folds + part, return_inverse=True)
    weights = participant_weights(columns % n_folds, n_folds, draws, rng, columns // n_folds)
    return Counting(owner, weights)


def evaluate(
    problem: Problem,
    predicted: np.ndarray,
    counts: Counting,
    agreement: bool,
    ranks: np.ndarray | None = None,
) -> dict[str, np.ndarray]:
    """metric -> (1 + folds + draws,) scores of held-out predictions, as `held_out` gives them; of a
    classification ranks are those of `before_temperature`."""
    weights, owner = counts.weights, counts.owner
    if not problem.classify:
        return regression_scores(weights, problem.truth, predicted, owner, agreement)
    codes, classes = predicted.argmax(axis=1), predicted.shape[1]
    scores = classification_scores(weights, problem.truth, codes, owner, classes)
    scores |= _areas(problem, predicted if ranks is None else ranks, counts)
    return scores | calibration_scores(weights, problem.truth, predicted, owner)


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


def difference(scores: np.ndarray, others: np.ndarray, n_folds: int) -> Interval:
    """`{mean, low, high}` of one score less another, draw by draw the same participants."""
    rows = scores - others
    low, high = interval(rows[1 + n_folds :])
    return {"mean": number(rows[0]), "low": low, "high": high}


def _add_classes(
    out: Scored,
    probe: str,
    problem: Problem,
    probabilities: np.ndarray,
    codes: np.ndarray,
    classes: list[str],
    values: dict[str, np.ndarray],
    temperature: float | None,
) -> None:
    one = np.zeros(len(codes), np.int64)
    matrix = confusion(problem.truth, codes, one, len(classes), 1)[0]
    out.confusion[probe] = matrix.astype(int).tolist()
    out.per_class[probe] = dict(zip(classes, map(number, f1_by_class(matrix)), strict=True))
    out.calibration[probe] = {
        "brier": number(values["brier"][0]),
        "ece": number(values["ece"][0]),
        "bins": reliability(problem.truth, probabilities),
        "temperature": temperature,
    }


def _add_predictions(
    out: Scored,
    problem: int,
    probe: str,
    predicted: np.ndarray,
    probabilities: np.ndarray | None = None,
    heat: np.ndarray | None = None,
) -> None:
    told = {"predicted": predicted, "probabilities": probabilities, "temperature": heat}
    out.predictions.append({"problem": problem, "probe": probe, **told})
