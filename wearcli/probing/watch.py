"""A linear probe made ready once, to be scored again and again as the embeddings of its windows change."""

from dataclasses import replace
from typing import Literal

import numpy as np
import pandas as pd

from wearcli.labels.gather import gather
from wearcli.labels.intervals import overlaps
from wearcli.labels.pooling import pool
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task
from wearcli.labels.windows import UsableWindows
from wearcli.probing.crossfit import fit_all, held_out
from wearcli.probing.kinds import input_column
from wearcli.probing.problems import make_study
from wearcli.probing.scoring import counting, evaluate
from wearcli.seeds import generator

FOLDS = 5
MAX_WINDOWS = 2000  # so that a look at them takes seconds
PER_SAMPLE = 20  # windows of a long epoch or interval, evenly spaced
_ROUNDING_S = 1e-6


class WatchProbe:
    """The linear probe of `wearcli.probe`, of at most `MAX_WINDOWS` windows.

    Of a study that has more, samples are drawn by the seed, its people taking turns. Folds, pooling of epochs
    and the inner search of the penalty are those of `wearcli.probe` with the same seed.

    times: one row a window: recording, participant, onset, duration (s). rows: those of its rows that the
    probe needs, in the order in which `score` takes their vectors. metric: macro_f1 or r. people: how many.
    warnings: what to say of the samples. Raises InputError where the task cannot be probed on these windows.
    """

    def __init__(self, times: pd.DataFrame, task: Task, epoch_s: float | None, seed: int) -> None:
        samples, warnings, _ = gather(task, UsableWindows(times, {}, {}), epoch_s)
        samples = _some(samples, seed)
        self.seed, self.study = seed, make_study(task, samples, FOLDS, seed)
        self.people, self.warnings = len(self.study.people), warnings + self.study.warnings
        self.metric = "macro_f1" if task.kind == "classification" else "r"
        self._pooled = epoch_s is not None or task.kind == "regression"
        window, self._counts = _members(times, samples.rows, self._pooled)
        self.rows, self._window = np.unique(window, return_inverse=True)

    def score(self, vectors: np.ndarray, probe: Literal["linear", "features"] = "linear") -> float | None:
        """macro-F1, or r (the mean of those of several targets); None where it is undefined.

        vectors: (len(rows), D) float32, embeddings (linear) or features of the windows of `rows`.
        """
        study, folds = self.study, self.study.n_folds
        samples = pool(vectors, self._window, self._counts) if self._pooled else vectors[self._window]
        name = input_column(probe)
        problems = [replace(one, vectors={name: samples[one.rows]}) for one in study.problems]
        fitted = fit_all(problems, [probe], folds, self.seed, lambda *_: None, everybody=False)
        scores = []
        for number, problem in enumerate(problems):
            predicted = held_out(problem, fitted[probe, number], problem.vectors[name], len(study.classes))
            counts = counting(problem, number, folds, 1, self.seed)
            scores.append(float(evaluate(problem, predicted, counts, False)[self.metric][0]))
        defined = [score for score in scores if np.isfinite(score)]
        return sum(defined) / len(defined) if defined else None


def _some(samples: Samples, seed: int) -> Samples:
    """As many samples as `MAX_WINDOWS` allow: everybody's first one, then the second of each, and so on."""
    drawn = generator(seed, "watched samples").permutation(len(samples))
    rows = samples.rows.iloc[drawn]
    turn = rows.groupby(rows["participant"].astype(str).to_numpy(str)).cumcount().to_numpy()
    order = np.argsort(turn, kind="stable")
    windows = np.minimum(rows["windows"].to_numpy()[order], PER_SAMPLE).cumsum()
    chosen = np.sort(drawn[order[windows <= MAX_WINDOWS]])
    return replace(samples, rows=samples.rows.iloc[chosen], truth=samples.truth[chosen])


def _members(times: pd.DataFrame, samples: pd.DataFrame, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """The windows of each sample, those of a sample together, and how many each has (at most `PER_SAMPLE`).

    A window belongs to an epoch with at least half of its length; one that is a sample by itself to that.
    """
    window, sample, shared = overlaps(times, samples)
    duration = times["duration"].to_numpy()[window]
    inside = shared >= (duration / 2 if pooled else duration) - _ROUNDING_S
    window, sample = window[inside], sample[inside]
    counts = np.bincount(sample, minlength=len(samples))
    place = np.arange(len(sample)) - (np.cumsum(counts) - counts)[sample]
    # Of many windows in PER_SAMPLE equal parts, the first of each part.
    part, before = (at * PER_SAMPLE // counts[sample] for at in (place, place - 1))
    kept = (counts[sample] <= PER_SAMPLE) | (part > before)
    return window[kept], np.minimum(counts, PER_SAMPLE)
