"""Label efficiency: the scores of a probe that is fitted on a part of the labels."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from wearcli.errors import UsageError
from wearcli.probing.bootstrap import summary
from wearcli.probing.crossfit import Step, fit_all
from wearcli.probing.evaluate import Rows, countings, difference, probe_rows, without_folds
from wearcli.probing.kinds import FEATURES
from wearcli.probing.problem import Labelled, Problem
from wearcli.probing.records import LearningPoint
from wearcli.probing.study import Study
from wearcli.seeds import generator

REPEATS = 5  # draws of the labels of a share, whose scores are averaged


def parse_shares(text: str) -> list[float]:
    """Return the percentages of a text such as "100,30,10,3,1", largest first.

    Args:
        text: Percentages, separated by commas.

    Returns:
        The percentages.

    Raises:
        UsageError: One of them is not a percentage.
    """
    try:
        shares = sorted({float(part) for part in text.split(",")}, reverse=True)
    except ValueError:
        shares = [0.0]
    if not all(0 < share <= 100 for share in shares):
        raise UsageError(f"--label-share {text}: percentages above 0 up to 100, such as 100,30,10,3,1")
    return shares


def learning_curve(
    study: Study, probes: Sequence[str], shares: Sequence[float], *, draws: int, seed: int, step: Step
) -> list[LearningPoint]:
    """Return the scores of probes that are fitted on a share of the labels of the training people.

    The samples of a share are chosen at random among those of all training people, within each class. Every
    class keeps at least one. The samples of a smaller share are a part of those of a larger one. A score is
    the mean of `REPEATS` draws of labels. Its interval is that of the mean over the same draws of
    participants.

    Args:
        study: The problems to fit.
        probes: Names of probes; the first one is compared with the features.
        shares: Shares of the labels, %.
        draws: How many bootstrap draws.
        seed: Seed of all draws.
        step: Called after each repeat.

    Returns:
        For each share, the mean number of samples that a fold's probe is fitted on, and the scores.
    """
    counts = countings(study, draws, seed)
    total = sum(_repeats(share) for share in shares)
    done = 0
    points: list[LearningPoint] = []
    for share in shares:
        rows: dict[str, list[Rows]] = {probe: [] for probe in probes}
        used: list[int] = []
        for repeat in range(_repeats(share)):
            order = generator(seed, "labels used", repeat).permutation(len(study.owner))
            problems = [
                replace(problem, labelled=Labelled(share / 100, order[problem.rows]))
                for problem in study.problems
            ]
            used += _training_samples(problems[0])
            fitted = fit_all(problems, probes, study.n_folds, seed, lambda *_: None, everybody=False)
            for probe in probes:
                rows[probe].append(probe_rows(study, problems, fitted, probe, counts, study.measured))
            done += 1
            step(f"{share:g} % of the labels", done, total)
        points.append(_point(study, share, used, {probe: _mean(several) for probe, several in rows.items()}))
    return points


def _repeats(share: float) -> int:
    """Return how many draws of the labels a share needs."""
    return 1 if share == 100 else REPEATS


def _training_samples(problem: Problem) -> list[int]:
    """Return how many samples each fold's probe is fitted on."""
    folds = np.unique(problem.fold[problem.fold >= 0]).tolist()
    return [int(np.count_nonzero(problem.training(fold))) for fold in folds]


def _mean(several: list[Rows]) -> Rows:
    """Return the mean of several scores, metric by metric."""
    return {metric: np.mean([rows[metric] for rows in several], axis=0) for metric in several[0]}


def _point(study: Study, share: float, used: list[int], means: dict[str, Rows]) -> LearningPoint:
    """Return the scores with a share of the labels."""
    features, parts = means.get(FEATURES, {}), study.parts
    return {
        "share": share,
        "samples": round(float(np.mean(used)), 1),
        "repeats": _repeats(share),
        "scores": {
            probe: {metric: without_folds(summary(row, parts)) for metric, row in rows.items()}
            for probe, rows in means.items()
        },
        "less_features": {
            metric: difference(row, features[metric], parts)
            for metric, row in next(iter(means.values())).items()
            if metric in features
        },
    }
