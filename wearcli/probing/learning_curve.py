"""Label efficiency: what a probe scores that is fitted on a part of the labels."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from wearcli.errors import UsageError
from wearcli.labels.tasks import Task
from wearcli.probing.bootstrap import summary
from wearcli.probing.crossfit import fit_all
from wearcli.probing.problem import Labelled
from wearcli.probing.problems import Study
from wearcli.probing.records import Interval, LearningPoint
from wearcli.probing.scoring import counting, difference, evaluate, held_out_by, without_folds
from wearcli.seeds import generator

REPEATS = 5  # draws of the labels of a share: their scores are averaged


def parse_shares(text: str) -> list[float]:
    """Percentages such as "100,30,10,3,1", largest first; UsageError for what is none."""
    try:
        shares = sorted({float(part) for part in text.split(",")}, reverse=True)
    except ValueError:
        shares = [0.0]
    if not all(0 < share <= 100 for share in shares):
        raise UsageError(f"--label-share {text}: percentages above 0 up to 100, such as 100,30,10,3,1")
    return shares


def learning_curve(
    study: Study,
    task: Task,
    probes: Sequence[str],
    shares: Sequence[float],
    *,
    draws: int,
    seed: int,
    step: Callable[[str, int, int], None],
) -> list[LearningPoint]:
    """Of each share (in %) the scores of probes fitted on so much of the labels of the training people.

    The samples of a share are drawn at random among those of all training people, within each class, which
    keeps one at least; a smaller share is a part of a larger one. A score is the mean of `REPEATS` draws, its
    interval of the mean over the same draws of participants. Returns `{share, samples, repeats, scores,
    less_features}`; samples: labels that a fold's probe is fitted on, on average; less_features: of each
    metric `{mean, low, high}` of the first probe's less that of the features, paired.
    """
    counts = [counting(each.scored(), n, study.parts, draws, seed) for n, each in enumerate(study.problems)]
    total = sum(1 if share == 100 else REPEATS for share in shares)
    done = 0
    found: list[LearningPoint] = []
    for share in shares:
        repeats = 1 if share == 100 else REPEATS
        rows: dict[str, dict[str, list[np.ndarray]]] = {probe: {} for probe in probes}
        used = []
        for repeat in range(repeats):
            order = generator(seed, "labels used", repeat).permutation(len(study.owner))
            problems = [
                replace(each, labelled=Labelled(share / 100, order[each.rows])) for each in study.problems
            ]
            used += [
                np.count_nonzero(problems[0].training(fold))
                for fold in np.unique(problems[0].fold[problems[0].fold >= 0]).tolist()
            ]
            fitted = fit_all(problems, list(probes), study.n_folds, seed, lambda *_: None, everybody=False)
            for probe in probes:
                for number, (problem, prefix) in enumerate(zip(problems, study.prefixes(task), strict=True)):
                    tested = problem.scored()
                    fit = fitted[probe, number]
                    predicted, ranks = held_out_by(tested, probe, fit, len(study.classes))
                    scored = evaluate(tested, predicted, counts[number], task.measured, ranks)
                    for metric, values in scored.items():
                        rows[probe].setdefault(prefix + metric, []).append(values)
            done += 1
            step(f"{share:g} % of the labels", done, total)
        means = {
            probe: {metric: np.mean(values, axis=0) for metric, values in each.items()}
            for probe, each in rows.items()
        }
        against = means.get("features", {})
        found.append(
            {
                "share": share,
                "samples": round(float(np.mean(used)), 1),
                "repeats": repeats,
                "scores": {
                    probe: {metric: _summary(values, study.parts) for metric, values in each.items()}
                    for probe, each in means.items()
                },
                "less_features": {
                    metric: difference(values, against[metric], study.parts)
                    for metric, values in means[probes[0]].items()
                    if metric in against
                },
            }
        )
    return found


def _summary(values: np.ndarray, parts: int) -> Interval:
    return without_folds(summary(values, parts))
