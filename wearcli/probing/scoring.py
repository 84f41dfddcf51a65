"""From held-out predictions to the scores of probes, with their intervals over participants."""

from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from wearcli.probing.bootstrap import number, summary
from wearcli.probing.calibration import reliability
from wearcli.probing.crossfit import CrossFit, CrossFits, temperatures, trivial
from wearcli.probing.error_bands import error_band
from wearcli.probing.evaluate import (
    Counting,
    Rows,
    counting,
    countings,
    difference,
    evaluate,
    evaluate_trivial,
    held_out_by,
    trivial_name,
    without_folds,
)
from wearcli.probing.kinds import FEATURES
from wearcli.probing.metrics import confusion, f1_by_class
from wearcli.probing.predictions import Predictions
from wearcli.probing.problem import Problem
from wearcli.probing.records import Band, Calibration, Groups, Interval, Score
from wearcli.probing.study import Study


@dataclass
class Scored:
    """All scores, probe by probe.

    Attributes:
        scores: scores[probe][metric].
        differences: differences[probe][metric], a probe less the probe on features.
        confusion: confusion[probe]; rows are the true classes.
        per_class: per_class[probe][class], the F1 of a class.
        calibration: calibration[probe], of a classification.
        intervals: intervals[probe][target], of a regression.
        groups: groups[group][probe][metric], of groups left out as a whole.
        predictions: The predictions of each target and probe.
    """

    scores: dict[str, dict[str, Score]] = field(default_factory=dict)
    differences: dict[str, dict[str, Interval]] = field(default_factory=dict)
    confusion: dict[str, list[list[int]]] = field(default_factory=dict)
    per_class: dict[str, dict[str, float | None]] = field(default_factory=dict)
    calibration: dict[str, Calibration] = field(default_factory=dict)
    intervals: dict[str, dict[str, Band]] = field(default_factory=dict)
    groups: dict[str, dict[str, dict[str, Interval]]] = field(default_factory=dict)
    predictions: list[Predictions] = field(default_factory=list)


@dataclass(frozen=True)
class HeldOut:
    """The held-out samples of a problem, and their predictions.

    Attributes:
        problem: The problem with its scored samples.
        predicted: Predictions of each probe, see `held_out_by`.
        ranks: For classes, the probabilities before the temperature, of each probe.
        constant: Predictions of the trivial predictor.
        classes: How many classes there are, 0 for a regression.
        agreement: Also score ICC and limits of agreement.
    """

    problem: Problem
    predicted: dict[str, np.ndarray]
    ranks: dict[str, np.ndarray | None]
    constant: np.ndarray
    classes: int
    agreement: bool

    def only(self, chosen: np.ndarray) -> "HeldOut":
        """Return some of the samples, as one fold.

        Args:
            chosen: (n,) bool, the samples to keep.

        Returns:
            The smaller set of samples.
        """
        whole = replace(self.problem, vectors={}, group=None, fold=np.zeros(len(chosen), np.int64))
        return replace(
            self,
            problem=whole.only(chosen),
            predicted={probe: values[chosen] for probe, values in self.predicted.items()},
            ranks={probe: None if rows is None else rows[chosen] for probe, rows in self.ranks.items()},
            constant=self.constant[chosen],
        )

    def evaluate(self, counts: Counting) -> dict[str, Rows]:
        """Return the scores of every probe and of the trivial predictor.

        Args:
            counts: How often participants count.

        Returns:
            Each probe's metrics at the rows of `counts`.
        """
        scores = {
            probe: evaluate(self.problem, predicted, counts, self.agreement, self.ranks[probe])
            for probe, predicted in self.predicted.items()
        }
        scores[trivial_name(self.problem)] = evaluate_trivial(
            self.problem, self.constant, counts, self.classes, self.agreement
        )
        return scores


def score(study: Study, samples: pd.DataFrame, fitted: CrossFits, *, draws: int, seed: int) -> Scored:
    """Score every probe of every problem, and the majority class or the mean.

    All probes share the same draws of participants, so that differences are paired. Where groups are left out
    as a whole, the groups are the `folds` of a score.

    Args:
        study: The problems that were fitted.
        samples: One row for each sample, for the predictions.
        fitted: The fits.
        draws: How many bootstrap draws.
        seed: Seed of the draws.

    Returns:
        All scores.
    """
    out = Scored()
    for place, counts in enumerate(countings(study, draws, seed)):
        fits = {probe: fit for (probe, problem), fit in fitted.items() if problem == place}
        held = _held_out(study, study.problems[place], fits)
        rows = held.evaluate(counts)
        _add_scores(out, study, study.prefixes[place], rows)
        _add_groups(out, study, place, held, draws, seed)
        for probe, fit in fits.items():
            if held.problem.classify:
                _add_classes(out, study, probe, held, rows[probe], fit)
            else:
                errors = held.predicted[probe] - held.problem.truth
                band = error_band(errors, held.problem.participants, held.problem.fold)
                out.intervals.setdefault(probe, {})[study.targets[place]] = band
        out.predictions += _predictions(study, samples, study.targets[place], held, fits)
    return out


def _held_out(study: Study, problem: Problem, fits: dict[str, CrossFit]) -> HeldOut:
    """Return the predictions of every probe for the held-out samples of a problem."""
    tested, classes = problem.scored(), len(study.classes)
    both = {probe: held_out_by(tested, probe, fit, classes) for probe, fit in fits.items()}
    return HeldOut(
        tested,
        {probe: predicted for probe, (predicted, _) in both.items()},
        {probe: ranks for probe, (_, ranks) in both.items()},
        trivial(problem, classes)[problem.fold >= 0],
        classes,
        study.measured,
    )


def _add_scores(out: Scored, study: Study, prefix: str, rows: dict[str, Rows]) -> None:
    """Add the scores of every probe, and their differences to those of the features."""
    for probe, metrics in rows.items():
        scores = {prefix + metric: summary(row, study.parts) for metric, row in metrics.items()}
        out.scores.setdefault(probe, {}).update(scores)
        # The trivial predictor is the last one and has no difference.
        if FEATURES in rows and probe not in (FEATURES, [*rows][-1]):
            differences = {
                prefix + metric: difference(metrics[metric], row, study.parts)
                for metric, row in rows[FEATURES].items()
            }
            out.differences.setdefault(probe, {}).update(differences)


def _add_groups(out: Scored, study: Study, place: int, held: HeldOut, draws: int, seed: int) -> None:
    """Add the scores of each group that was left out as a whole."""
    for code, group in enumerate(study.groups or []):
        members = np.asarray(held.problem.group == code)
        if not members.any():  # the target has no value there
            continue
        part = held.only(members)
        counts = counting(part.problem, place, 1, draws, seed)
        for probe, metrics in part.evaluate(counts).items():
            scores = {
                study.prefixes[place] + metric: without_folds(summary(row, 1))
                for metric, row in metrics.items()
            }
            out.groups.setdefault(group, {}).setdefault(probe, {}).update(scores)


def _add_classes(out: Scored, study: Study, probe: str, held: HeldOut, rows: Rows, fit: CrossFit) -> None:
    """Add confusion, F1 of each class and calibration of a probe."""
    truth, probabilities = held.problem.truth, held.predicted[probe]
    codes = probabilities.argmax(axis=1)
    matrix = confusion(truth, codes, np.zeros(len(codes), np.int64), held.classes, 1)[0]
    out.confusion[probe] = matrix.astype(int).tolist()
    out.per_class[probe] = dict(zip(study.classes, map(number, f1_by_class(matrix)), strict=True))
    out.calibration[probe] = {
        "brier": number(rows["brier"][0]),
        "ece": number(rows["ece"][0]),
        "bins": reliability(truth, probabilities),
        "temperature": fit.temperature,
    }


def _predictions(
    study: Study, samples: pd.DataFrame, target: str, held: HeldOut, fits: dict[str, CrossFit]
) -> list[Predictions]:
    """Return what each probe, and last the trivial predictor, predicts of a target."""
    problem, names = held.problem, np.array(study.classes, object)
    blocks = []
    for probe, predicted in {**held.predicted, trivial_name(problem): held.constant}.items():
        probabilities = predicted if predicted.ndim == 2 else None
        codes = predicted if probabilities is None else probabilities.argmax(axis=1)
        blocks.append(
            Predictions(
                rows=samples.iloc[problem.rows],
                fold=problem.fold,
                group=None if problem.group is None else np.array(study.groups, object)[problem.group],
                target=target,
                probe=probe,
                truth=names[problem.truth] if problem.classify else problem.truth,
                predicted=names[codes] if problem.classify else codes,
                probabilities=probabilities,
                temperature=None if probabilities is None else temperatures(problem, fits[probe]),
            )
        )
    return blocks


def group_scores(scored: Scored, study: Study, leave_out: str | None) -> Groups | None:
    """Return scores, samples and participants of each left-out group.

    Args:
        scored: The scores.
        study: The problems.
        leave_out: Name of the column of the groups.

    Returns:
        The groups; None where only people are left out.
    """
    if study.groups is None:
        return None
    group = study.problems[0].group
    assert group is not None  # every problem of a study with groups has them
    owners = study.problems[0].participants
    return {
        "by": leave_out,
        "scores": scored.groups,
        "samples": {name: int((group == code).sum()) for code, name in enumerate(study.groups)},
        "participants": {
            name: len(np.unique(owners[group == code])) for code, name in enumerate(study.groups)
        },
    }
