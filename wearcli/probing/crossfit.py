"""Probes fitted once for each fold, and once on everybody; folds run side by side, each on one core."""

import os
import warnings
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from wearcli.probing.kinds import PROBES, input_column, load_kind
from wearcli.probing.kinds.kind import Fit, Predictor, Training
from wearcli.probing.problem import Problem
from wearcli.probing.records import Chosen
from wearcli.seeds import generator

_PARALLEL_BYTES = 2 << 30  # larger vectors are fitted one fold at a time: each fit copies them

Step = Callable[[str, int, int], None]  # called with a probe, how many fits are done, and how many there are


class Job(NamedTuple):
    """One fit: a probe of a problem, without the people of a fold.

    Attributes:
        probe: The kind of probe.
        problem: Number of the problem; the first one, where several are fitted together.
        fold: The fold whose people are held out; the number of folds stands for everybody.
    """

    probe: str
    problem: int
    fold: int


@dataclass(frozen=True)
class CrossFit:
    """The fits of a probe of a problem.

    Attributes:
        folds: The predictor of each fold, None where a fold holds nobody.
        chosen: The hyper-parameter of each fold's predictor.
        everybody: The predictor for recordings to come, None where it was not asked for.
        chosen_by_all: The hyper-parameter of `everybody`.
    """

    folds: list[Predictor | None]
    chosen: list[float | None]
    everybody: Predictor | None
    chosen_by_all: float | None

    @property
    def temperature(self) -> float | None:
        """The temperature of the probe of everybody; None where there is none."""
        return None if self.everybody is None else round(self.everybody.temperature, 6)


CrossFits = dict[tuple[str, int], CrossFit]  # by probe, and number of the problem


def fit_all(
    problems: list[Problem],
    probes: Iterable[str],
    n_folds: int,
    seed: int,
    step: Step,
    everybody: bool = True,
) -> CrossFits:
    """Fit every probe of every problem.

    Regressions of the same samples are fitted together. Each fit has its own generator and one core, so
    neither the order nor the number of cores changes a result.

    Args:
        problems: The problems to fit.
        probes: Names of probes.
        n_folds: How many folds there are.
        seed: Seed of all generators.
        step: Called after each fit with the probe, how many fits are done, and how many there are.
        everybody: Also fit on all samples, for recordings to come.

    Returns:
        The fits by probe and number of the problem.
    """
    together = _fitted_together(problems)
    probes = list(probes)
    jobs = [
        Job(probe, number, fold)
        for probe in probes
        for number in together
        for fold in np.unique(problems[number].fold).tolist()
        if fold >= 0
    ]
    final = [Job(probe, number, n_folds) for probe in probes if everybody for number in together]
    size = max(sum(values.nbytes for values in problem.vectors.values()) for problem in problems)
    workers = (os.cpu_count() or 1) if size < _PARALLEL_BYTES else 1
    fits: dict[Job, list[Fit]] = {}

    def run(job: Job) -> list[Fit]:
        folds = [one for one in jobs if one[:2] == job[:2]] if job.fold == n_folds else []
        previous = [fits[one][0] for one in folds]
        return _fit(job, [problems[i] for i in together[job.problem]], seed, previous)

    with threadpool_limits(limits=1), warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        # A weak penalty on separable classes has a far-off optimum; the search by score then passes it by.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes")  # few labels are no mistake
        for phase in (jobs, final):
            waiting = {pool.submit(run, job): job for job in phase}
            try:
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        job = waiting.pop(future)
                        fits[job] = future.result()
                        step(job.probe, len(fits), len(jobs) + len(final))
            finally:
                for future in waiting:
                    future.cancel()
    return {
        (probe, number): _cross_fit(
            [
                fits[job][place] if (job := Job(probe, leader, fold)) in fits else None
                for fold in range(n_folds + 1)
            ]
        )
        for probe in probes
        for leader, members in together.items()
        for place, number in enumerate(members)
    }


def chosen_by_fits(fitted: CrossFits, targets: list[str]) -> dict[str, dict[str, Chosen]]:
    """Return the hyper-parameters of the fits.

    Args:
        fitted: The fits.
        targets: Names of the targets, by number of the problem.

    Returns:
        chosen[probe][target]: the hyper-parameter of each fold's fit, and that of everybody.
    """
    chosen: dict[str, dict[str, Chosen]] = {}
    for (probe, place), fits in fitted.items():
        values: Chosen = {load_kind(probe).hyperparameter: fits.chosen, "everybody": fits.chosen_by_all}
        chosen.setdefault(probe, {})[targets[place]] = values
    return chosen


def held_out(problem: Problem, fitted: CrossFit, vectors: np.ndarray, classes: int) -> np.ndarray:
    """Predict each sample by the predictor of its fold, which never saw its participant.

    Args:
        problem: The samples and their folds.
        fitted: The fits.
        vectors: (n, D) float32.
        classes: How many classes there are, 0 for a regression.

    Returns:
        (n, classes) probabilities, or (n,) values for a regression.
    """
    out = np.empty((len(vectors), classes) if problem.classify else len(vectors))
    for number, predictor in enumerate(fitted.folds):
        rows = problem.fold == number
        if predictor is not None:
            part = vectors[rows]
            out[rows] = predictor.probabilities(part, classes) if problem.classify else predictor.values(part)
    return out


def temperatures(problem: Problem, fitted: CrossFit) -> np.ndarray:
    """Return the temperature of the fold in which each sample is held out.

    Args:
        problem: The samples and their folds.
        fitted: The fits.

    Returns:
        (n,).
    """
    return np.asarray(
        np.array([1.0 if one is None else one.temperature for one in fitted.folds])[problem.fold]
    )


def before_temperature(problem: Problem, fitted: CrossFit, probabilities: np.ndarray) -> np.ndarray:
    """Return the probabilities of `held_out` without the temperature of each fold.

    Scores of a ranking use these. Within a fold, a temperature does not change the ranking of two classes.
    Across folds, temperatures that come from few people would add their own chance (docs/lab/probes.md).

    Args:
        problem: The samples and their folds.
        fitted: The fits.
        probabilities: (n, classes), as `held_out` gives them.

    Returns:
        (n, classes).
    """
    with np.errstate(divide="ignore"):
        powers = temperatures(problem, fitted)[:, None] * np.log(probabilities)
    np.exp(powers - powers.max(axis=1, keepdims=True), out=powers)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def trivial(problem: Problem, classes: int) -> np.ndarray:
    """Return the majority class (as code) or the mean of each fold's training samples.

    Args:
        problem: The samples and their folds.
        classes: How many classes there are, 0 for a regression.

    Returns:
        (n,) the prediction for each held-out sample.
    """
    out = np.empty(len(problem.truth), problem.truth.dtype)
    for fold in np.unique(problem.fold[problem.fold >= 0]).tolist():
        held = problem.fold == fold
        train = problem.truth[problem.training(fold)]
        out[held] = np.bincount(train, minlength=classes).argmax() if problem.classify else train.mean()
    return out


def _fitted_together(problems: list[Problem]) -> dict[int, list[int]]:
    """Return the problems that share a fit, by the first of them: regressions of the same samples."""
    first: dict[bytes, int] = {}
    together: dict[int, list[int]] = {}
    for number, problem in enumerate(problems):
        leader = number if problem.classify else first.setdefault(problem.rows.tobytes(), number)
        together.setdefault(leader, []).append(number)
    return together


def _fit(job: Job, problems: list[Problem], seed: int, previous: list[Fit]) -> list[Fit]:
    """Return a fit of each of the problems, which have the same samples."""
    problem = problems[0]
    truth = problem.truth if problem.classify else np.stack([one.truth for one in problems], axis=1)
    train = problem.training(job.fold)
    training = Training(
        vectors=problem.vectors[input_column(job.probe)][train],  # a copy, which a fit standardises in place
        truth=truth[train],
        participants=problem.participants[train],
        rng=generator(seed, "probe fit", PROBES.index(job.probe), job.problem, job.fold),
        classify=problem.classify,
        previous=previous,
    )
    return load_kind(job.probe).fit(training)


def _cross_fit(fits: list[Fit | None]) -> CrossFit:
    """Return the fits of a probe, from those of each fold and last that of everybody."""
    *folds, last = fits
    return CrossFit(
        [None if fit is None else fit.predictor for fit in folds],
        [None if fit is None else fit.chosen for fit in folds],
        None if last is None else last.predictor,
        None if last is None else last.chosen,
    )
