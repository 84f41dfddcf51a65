"""A linear probe that is set up once and scored again and again as the embeddings of its windows change."""

from dataclasses import replace

import numpy as np
import pandas as pd

from wearcli.labels.gather import gather
from wearcli.labels.intervals import ROUNDING_S, overlaps
from wearcli.labels.pooling import pool
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task
from wearcli.labels.windows import UsableWindows
from wearcli.probing.crossfit import fit_all
from wearcli.probing.defaults import FOLDS
from wearcli.probing.evaluate import countings, probe_rows
from wearcli.probing.kinds import input_column
from wearcli.probing.study import make_study
from wearcli.seeds import generator

MAX_WINDOWS = 2000  # few enough for a score in seconds
PER_SAMPLE = 20  # windows of a long epoch or interval, evenly spaced


class WatchProbe:
    """The linear probe of `wearcli.probe`, on at most `MAX_WINDOWS` windows.

    If a study has more windows, the seed chooses the samples, with people in turn. Folds, pooling of epochs
    and the inner search of the penalty are those of `wearcli.probe` with the same seed.

    Args:
        times: One row for each window: recording, participant, onset, duration (s).
        task: The task.
        epoch_s: Length of an epoch, s; None without epochs.
        seed: Seed of samples, folds and fits.

    Attributes:
        rows: The rows of `times` that the probe needs, in the order in which `score` takes their vectors.
        metric: macro_f1 or r.
        people: How many participants there are.
        warnings: What the user should know of the samples.

    Raises:
        InputError: The task cannot be probed on these windows.
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

    def score(self, vectors: np.ndarray, probe: str = "linear") -> float | None:
        """Return the macro-F1, or r (the mean over several targets).

        Args:
            vectors: (len(rows), D) float32, embeddings or features of the windows of `rows`.
            probe: linear, or features for the linear probe on features.

        Returns:
            The score; None where it is undefined.
        """
        study = self.study
        samples = pool(vectors, self._window, self._counts) if self._pooled else vectors[self._window]
        problems = [
            replace(problem, vectors={input_column(probe): samples[problem.rows]})
            for problem in study.problems
        ]
        fitted = fit_all(problems, [probe], study.n_folds, self.seed, lambda *_: None, everybody=False)
        rows = probe_rows(study, problems, fitted, probe, countings(study, 1, self.seed), agreement=False)
        scores = [rows[prefix + self.metric][0] for prefix in study.prefixes]
        defined = [float(score) for score in scores if np.isfinite(score)]
        return sum(defined) / len(defined) if defined else None


def _some(samples: Samples, seed: int) -> Samples:
    """Return as many samples as `MAX_WINDOWS` allow: the first of every participant, then the second, ..."""
    shuffled = generator(seed, "watched samples").permutation(len(samples))
    rows = samples.rows.iloc[shuffled]
    turn = rows.groupby(rows["participant"].astype(str).to_numpy(str)).cumcount().to_numpy()
    order = np.argsort(turn, kind="stable")
    windows = np.minimum(rows["windows"].to_numpy()[order], PER_SAMPLE).cumsum()
    chosen = np.sort(shuffled[order[windows <= MAX_WINDOWS]])
    return replace(samples, rows=samples.rows.iloc[chosen], truth=samples.truth[chosen])


def _members(times: pd.DataFrame, samples: pd.DataFrame, pooled: bool) -> tuple[np.ndarray, np.ndarray]:
    """Return the windows of each sample, sample by sample, and how many each has (at most `PER_SAMPLE`).

    A window belongs to an epoch that holds at least half of it. A window that is a sample belongs to itself.
    """
    window, sample, shared = overlaps(times, samples)
    duration = times["duration"].to_numpy()[window]
    inside = shared >= (duration / 2 if pooled else duration) - ROUNDING_S
    window, sample = window[inside], sample[inside]
    counts = np.bincount(sample, minlength=len(samples))
    place = np.arange(len(sample)) - (np.cumsum(counts) - counts)[sample]
    # Many windows are divided into PER_SAMPLE equal parts; the first of each part is taken.
    part, before = (at * PER_SAMPLE // counts[sample] for at in (place, place - 1))
    kept = (counts[sample] <= PER_SAMPLE) | (part > before)
    return window[kept], np.minimum(counts, PER_SAMPLE)
