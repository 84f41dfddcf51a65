"""Probes fitted once a fold, and once on everybody; folds side by side, each on one core."""

import os
import warnings
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import threadpool_limits

from wearcli.probing.linear import fit_logistic, fit_ridge
from wearcli.probing.mlp import fit_mlp
from wearcli.probing.predictor import Predictor
from wearcli.probing.problem import Problem
from wearcli.seeds import generator

Probe = Literal["linear", "mlp", "features"]
PROBES: tuple[Probe, ...] = ("linear", "mlp", "features")
_PARALLEL_BYTES = 2 << 30  # vectors beyond this are fitted one fold at a time: each fit copies them


@dataclass(frozen=True)
class Fitted:
    """A probe of a problem: one predictor a fold (None where a fold holds nobody), and one of everybody.

    chosen: the penalty (linear) or the number of epochs (mlp) of each.
    """

    folds: list[Predictor | None]
    chosen: list[float | None]
    everybody: Predictor | None
    chosen_by_all: float | None

    @property
    def temperature(self) -> float | None:
        """Of the probe of everybody; None where there is none."""
        return None if self.everybody is None else round(self.everybody.temperature, 6)


def fit_all(
    problems: list[Problem],
    probes: list[Probe],
    n_folds: int,
    seed: int,
    step: Callable[[str, int, int], None],
    everybody: bool = True,
) -> dict[tuple[Probe, int], Fitted]:
    """Every probe of every problem, by (probe, number of the problem).

    Regressions of the same samples are fitted together. step: called with what is done, how many fits are
    done, and of how many. everybody: fit on all samples too, for recordings to come. Each fit has its own
    generator and one core, so neither the order nor the number of cores changes a result.
    """
    together = _together(problems)
    jobs: list[tuple[Probe, int, int]] = [
        (probe, number, fold)
        for probe in probes
        for number in together
        for fold in np.unique(problems[number].fold).tolist()
        if fold >= 0
    ]
    final: list[tuple[Probe, int, int]] = [
        (probe, number, n_folds) for probe in probes if everybody for number in together
    ]
    size = max(sum(values.nbytes for values in problem.vectors.values()) for problem in problems)
    workers = (os.cpu_count() or 1) if size < _PARALLEL_BYTES else 1
    results: dict[tuple[Probe, int, int], tuple[Predictor, float]] = {}
    fits_done = 0
    with threadpool_limits(limits=1), warnings.catch_warnings(), ThreadPoolExecutor(workers) as pool:
        # A weak penalty on separable classes has a far-off optimum; the search by score then passes it by.
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The number of unique classes")  # of few labels: that is known
        for phase in (jobs, final):
            typical = _typical(results, problems, n_folds) if phase is final else {}
            waiting = {
                pool.submit(
                    _fit, [problems[i] for i in together[job[1]]], job, seed, typical.get(job[1])
                ): job
                for job in phase
            }
            try:
                while waiting:
                    done, _ = wait(waiting, return_when=FIRST_COMPLETED)
                    for future in done:
                        probe, first, fold = waiting.pop(future)
                        for number, fit in zip(together[first], future.result(), strict=True):
                            results[probe, number, fold] = fit
                        fits_done += 1
                        step(probe, fits_done, len(jobs) + len(final))
            finally:
                for future in waiting:
                    future.cancel()
    fitted = {}
    for probe in probes:
        for number in range(len(problems)):
            found = [results.get((probe, number, fold)) for fold in range(n_folds + 1)]
            fitted[probe, number] = Fitted(
                [fit and fit[0] for fit in found[:-1]],
                [fit and fit[1] for fit in found[:-1]],
                found[-1] and found[-1][0],
                found[-1] and found[-1][1],
            )
    return fitted


def held_out(problem: Problem, fitted: Fitted, vectors: np.ndarray, classes: int) -> np.ndarray:
    """What each sample is predicted to be by the fold's predictor that never saw its participant.

    Returns (n, classes) probabilities, or (n,) values where it is a regression.
    """
    out = np.empty((len(vectors), classes) if problem.classify else len(vectors))
    for number, predictor in enumerate(fitted.folds):
        rows = problem.fold == number
        if predictor is not None:
            part = vectors[rows]
            out[rows] = predictor.probabilities(part, classes) if problem.classify else predictor.values(part)
    return out


def temperatures(problem: Problem, fitted: Fitted) -> np.ndarray:
    """(n,) the temperature of the fold in which each sample is held out."""
    return np.array([1.0 if each is None else each.temperature for each in fitted.folds])[problem.fold]


def before_temperature(problem: Problem, fitted: Fitted, probabilities: np.ndarray) -> np.ndarray:
    """(n, classes) probabilities of `held_out` as they were before each fold's temperature.

    Scores of a ranking take these. Within a fold a temperature ranks two classes as before; across folds
    those of few people would mix in their own chance (docs/lab/probes.md).
    """
    with np.errstate(divide="ignore"):
        powers = temperatures(problem, fitted)[:, None] * np.log(probabilities)
    np.exp(powers - powers.max(axis=1, keepdims=True), out=powers)
    return powers / powers.sum(axis=1, keepdims=True)


def trivial(problem: Problem, classes: int) -> np.ndarray:
    """The majority class (as code) or the mean of each fold's training samples, for its held-out ones."""
    out = np.empty(len(problem.truth), problem.truth.dtype)
    for fold in np.unique(problem.fold[problem.fold >= 0]).tolist():
        held = problem.fold == fold
        train = problem.truth[problem.training(fold)]
        out[held] = np.bincount(train, minlength=classes).argmax() if problem.classify else train.mean()
    return out


def _together(problems: list[Problem]) -> dict[int, list[int]]:
    """Problems that one fit serves, by the first of them: regressions of the same samples."""
    first: dict[bytes, int] = {}
    together: dict[int, list[int]] = {}
    for number, problem in enumerate(problems):
        leader = number if problem.classify else first.setdefault(problem.rows.tobytes(), number)
        together.setdefault(leader, []).append(number)
    return together


def _fit(
    problems: list[Problem], job: tuple[Probe, int, int], seed: int, typical: tuple[int, float] | None
) -> list[tuple[Predictor, float]]:
    """A predictor, and what was chosen for it, for each of the problems."""
    probe, number, fold = job
    problem = problems[0]
    rng = generator(seed, "probe fit", PROBES.index(probe), number, fold)
    truth = problem.truth if problem.classify else np.stack([each.truth for each in problems], axis=1)
    train = problem.training(fold)
    # A copy, which a fit standardises where it lies.
    vectors = problem.vectors["features" if probe == "features" else "embedding"][train]
    truth, participants = truth[train], problem.participants[train]
    chosen: Any
    if probe == "mlp":
        fitted, chosen = fit_mlp(
            vectors, truth, participants, rng, classify=problem.classify, typical=typical
        )
    else:
        fitted, chosen = (fit_logistic if problem.classify else fit_ridge)(vectors, truth, participants, rng)
    if problem.classify:
        return [(fitted, chosen)]
    each_chosen = np.broadcast_to(chosen, len(problems)).tolist()
    return [(fitted.only(output), each) for output, each in enumerate(each_chosen)]


def _typical(
    results: dict[tuple[Probe, int, int], tuple[Predictor, float]], problems: list[Problem], n_folds: int
) -> dict[int, tuple[int, float]]:
    """For each problem the medians of its folds' best epochs and temperatures: the MLP of everybody has
    nobody to stop on."""
    found = {
        number: [results["mlp", number, fold] for fold in range(n_folds) if ("mlp", number, fold) in results]
        for number in range(len(problems))
    }
    return {
        number: (
            max(1, int(np.median([epochs for _, epochs in fits]))),
            float(np.median([predictor.temperature for predictor, _ in fits])),
        )
        for number, fits in found.items()
        if fits
    }
