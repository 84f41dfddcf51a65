"""Several embeddings tables probed on the same samples in the same folds, their differences paired."""

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from wearcli.comparison.multiple import corrected
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.shared import share
from wearcli.labels.tasks import Task
from wearcli.probing.bootstrap import summary
from wearcli.probing.crossfit import CrossFits, fit_all, trivial
from wearcli.probing.kinds import FEATURES
from wearcli.probing.problem import Problem
from wearcli.probing.problems import Study, class_samples, make_study
from wearcli.probing.records import ClassCount, Interval, Score
from wearcli.probing.scoring import (
    Counting,
    counting,
    difference,
    evaluate,
    evaluate_trivial,
    held_out_by,
    trivial_name,
)


class Difference(Interval):
    """A paired difference; p_holm is corrected for how many models are compared."""

    p: float | None
    p_holm: float | None


Rows = dict[str, np.ndarray]  # metric -> (1 + folds + draws,), see `participant_weights`


@dataclass
class Comparison:
    """Models side by side. `scores[name][metric]` is `{mean, low, high, folds}` as a probe's.

    name: of a model, of hand-made features (`features`, or `features of NAME` where windows differ and so do
    they), `majority` or `mean`. less_features[model][metric] is `{mean, low, high, p, p_holm}` of its score
    less that of the features of its own windows, less_first of its score less that of the model `first`, draw
    by draw of the bootstrap the same participants; p_holm is corrected for how many models are compared with
    the one (`multiple`). models: of each its table, model, rate_hz, window_s, stride_s,
    dimension, features (the name of theirs, or None), samples (its own; `n_samples` are everybody's),
    dropped, and chosen (of each target the penalty or the epochs in each fold). left_out: samples that some
    model has and not all have. participants: of each fold. failed: a model or a recording, and the error.
    """

    task: str
    kind: str
    probe: str
    epoch: float | None
    bootstrap: int
    seed: int
    n_samples: int = 0
    n_participants: int = 0
    folds: int = 0
    first: str = ""
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    scores: dict[str, dict[str, Score]] = field(default_factory=dict)
    less_features: dict[str, dict[str, Difference]] = field(default_factory=dict)
    less_first: dict[str, dict[str, Difference]] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    class_samples: dict[str, ClassCount] = field(default_factory=dict)
    participants: list[list[str]] = field(default_factory=list)
    left_out: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self)


def side_by_side(
    tables: Mapping[str, Path],
    task: Task,
    *,
    epoch: float | None = None,
    probe: str = "linear",
    folds: int = 5,
    bootstrap: int = 2000,
    seed: int = 0,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    step: Callable[[str, float], None] = lambda name, share: None,
) -> Comparison:
    """Probe every table (name -> Parquet or Arrow file) on the samples that all have, see `share`.

    Folds and draws of participants are made once, as `probe` makes them of one table alone. A table that
    cannot be used is named in `failed`, and the others go on. step: called with a model's name and the
    share of all that is done. Raises what `share` and `make_study` do.
    """
    shared = share(tables, task, epoch, keep_nonwear, min_quality)
    study = make_study(task, shared.samples, folds, seed)
    counts = [counting(each, n, study.n_folds, bootstrap, seed) for n, each in enumerate(study.problems)]
    models: dict[str, Rows] = {}
    features: dict[str, Rows] = {}
    whose: dict[str, str] = {}  # the model whose features came first, by their content
    for name, table in shared.tables.items():
        vectors = table.vectors(task, epoch, keep_nonwear, min_quality)
        problems = [_with_vectors(problem, vectors, len(shared.samples)) for problem in study.problems]
        probes = [probe]
        if FEATURES in vectors:
            digest = hashlib.sha256(vectors["features"].tobytes()).hexdigest()
            if whose.setdefault(digest, name) == name:
                probes.append(FEATURES)
            table.about["features"] = whose[digest]
        else:
            shared.warnings.append(f"{name}: its table has no hand-made features to compare it with")
            table.about["features"] = None

        def told(_: str, fits: int, total: int, name: str = name, done: int = len(models)) -> None:
            step(name, (done + fits / total) / len(shared.tables))

        fitted = fit_all(problems, probes, study.n_folds, seed, told, everybody=False)
        models[name] = _rows(study, task, problems, fitted, probe, counts)
        if FEATURES in probes:
            features[name] = _rows(study, task, problems, fitted, FEATURES, counts)
        table.about["dimension"] = vectors["embedding"].shape[1]
        table.about["chosen"] = {
            target: fitted[probe, number].chosen for number, target in enumerate(study.targets)
        }

    first = next(iter(models))
    against_features = {
        name: features[table.about["features"]]
        for name, table in shared.tables.items()
        if table.about["features"] is not None
    }
    against_first = {name: models[first] for name in models if name != first}
    titles = {name: "features" if len(features) == 1 else f"features of {name}" for name in features}
    for table in shared.tables.values():
        table.about["features"] = titles.get(table.about["features"])
    everything = models | {titles[name]: rows for name, rows in features.items()}
    everything[trivial_name(study.problems[0])] = _trivial_rows(study, task, counts)
    return Comparison(
        task.name,
        task.kind,
        probe,
        epoch,
        bootstrap,
        seed,
        n_samples=len(shared.samples),
        n_participants=len(study.people),
        folds=study.n_folds,
        first=first,
        models={name: table.about for name, table in shared.tables.items()},
        scores={
            name: {metric: summary(row, study.n_folds) for metric, row in rows.items()}
            for name, rows in everything.items()
        },
        less_features=_differences(models, against_features, study.n_folds),
        less_first=_differences(models, against_first, study.n_folds),
        targets=study.targets,
        classes=study.classes,
        class_samples=class_samples(study),
        participants=[
            np.unique(study.people[study.owner[study.fold == number]]).tolist()
            for number in range(study.n_folds)
        ],
        left_out=shared.left_out,
        failed=[{"model": name, "error": str(error)} for name, error in shared.errors.items()],
        warnings=shared.warnings + study.warnings,
    )


def _differences(
    models: Mapping[str, Rows], others: Mapping[str, Rows], n_folds: int
) -> dict[str, dict[str, Difference]]:
    """Of each model with another to be compared with: `{mean, low, high, p, p_holm}` of each metric, p
    corrected over the models."""
    found: dict[str, dict[str, Difference]] = {name: {} for name in others}
    for metric in next(iter(models.values())):
        rows = {name: (models[name][metric], other[metric]) for name, other in others.items()}
        tests = corrected({name: (one - other)[1 + n_folds :] for name, (one, other) in rows.items()})
        for name, (one, other) in rows.items():
            p, p_holm = tests[name]
            found[name][metric] = {**difference(one, other, n_folds), "p": p, "p_holm": p_holm}
    return found


def _with_vectors(problem: Problem, vectors: dict[str, np.ndarray], n_samples: int) -> Problem:
    """The problem with a table's vectors of the samples (n_samples, D) that it has a value of."""
    if len(problem.rows) < n_samples:
        vectors = {name: values[problem.rows] for name, values in vectors.items()}
    return replace(problem, vectors=vectors)


def _rows(
    study: Study,
    task: Task,
    problems: list[Problem],
    fitted: CrossFits,
    probe: str,
    counts: list[Counting],
) -> Rows:
    """What a probe of all problems scores."""
    scores = []
    for number, problem in enumerate(problems):
        predicted, ranks = held_out_by(problem, probe, fitted[probe, number], len(study.classes))
        scores.append(evaluate(problem, predicted, counts[number], task.measured, ranks))
    return _named(study.prefixes(task), scores)


def _trivial_rows(study: Study, task: Task, counts: list[Counting]) -> Rows:
    classes = len(study.classes)
    scores = [
        evaluate_trivial(problem, trivial(problem, classes), counts[number], classes, task.measured)
        for number, problem in enumerate(study.problems)
    ]
    return _named(study.prefixes(task), scores)


def _named(prefixes: list[str], scores: Iterable[dict[str, np.ndarray]]) -> Rows:
    return {
        prefix + metric: row
        for prefix, each in zip(prefixes, scores, strict=True)
        for metric, row in each.items()
    }
