"""Several embeddings tables, probed on the same samples in the same folds, with paired differences."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from wearcli.comparison.multiple import corrected
from wearcli.comparison.options import CompareOptions
from wearcli.comparison.result import Comparison, Difference, ModelAbout
from wearcli.labels.shared import Shared, SharedTable, share
from wearcli.labels.tasks import Task
from wearcli.probing.bootstrap import summary
from wearcli.probing.crossfit import fit_all
from wearcli.probing.evaluate import (
    Counting,
    Rows,
    countings,
    difference,
    probe_rows,
    trivial_name,
    trivial_rows,
)
from wearcli.probing.kinds import FEATURES
from wearcli.probing.problem import Problem
from wearcli.probing.study import Study, make_study


@dataclass
class ModelRows:
    """The scores of the models and of their features.

    Attributes:
        models: Scores by the name of a model.
        features: Scores of features, by the name of the first model that has them.
        owner: For each model, the first model that has the same features; None where its table has none.
        dimension: Length of the embedding, by model.
        chosen: The hyper-parameter of each target in each fold, by model.
        digests: The first model that has features, by the content of these features.
    """

    models: dict[str, Rows] = field(default_factory=dict)
    features: dict[str, Rows] = field(default_factory=dict)
    owner: dict[str, str | None] = field(default_factory=dict)
    dimension: dict[str, int] = field(default_factory=dict)
    chosen: dict[str, dict[str, list[float | None]]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    def title(self, model: str) -> str | None:
        """Return the name of the features of a model in the scores.

        Args:
            model: Name of the model.

        Returns:
            The name; None where the model has no features.
        """
        owner = self.owner[model]
        if owner is None:
            return None
        return FEATURES if len(self.features) == 1 else f"{FEATURES} of {owner}"


def side_by_side(
    tables: Mapping[str, Path],
    task: Task,
    options: CompareOptions,
    step: Callable[[str, float], None] = lambda name, share: None,
) -> Comparison:
    """Probe every table on the samples that all tables have, see `share`.

    Folds and draws of participants are made once, as `probe` makes them for a single table. A table that
    cannot be used is named in `failed`, and the others go on.

    Args:
        tables: Name -> Parquet or Arrow file.
        task: The task.
        options: Epochs, probe, folds and other arguments.
        step: Called with the name of a model and the share of everything that is done.

    Returns:
        The comparison.

    Raises:
        UsageError: The windows of the tables differ.
        InputError: No table, or no sample is left.
    """
    shared = share(tables, task, options.epoch, options.keep_nonwear, options.min_quality)
    study = make_study(task, shared.samples, options.folds, options.seed)
    counts = countings(study, options.bootstrap, options.seed)
    rows = ModelRows()
    for done, (name, table) in enumerate(shared.tables.items()):

        def model_step(_: str, fits: int, total: int, name: str = name, done: int = done) -> None:
            step(name, (done + fits / total) / len(shared.tables))

        vectors = table.vectors(task, options.epoch, options.keep_nonwear, options.min_quality)
        if FEATURES not in vectors:
            shared.warnings.append(f"{name}: its table has no hand-made features to compare it with")
        _add_model(rows, name, vectors, study, counts, options, model_step)
    return _comparison(task, options, shared, study, rows, counts)


def _add_model(
    rows: ModelRows,
    name: str,
    vectors: dict[str, np.ndarray],
    study: Study,
    counts: list[Counting],
    options: CompareOptions,
    step: Callable[[str, int, int], None],
) -> None:
    """Fit and score the probe of a model, and that on its features unless an earlier model has the same."""
    probes = [options.probe]
    rows.owner[name] = None
    if FEATURES in vectors:
        digest = hashlib.sha256(vectors[FEATURES].tobytes()).hexdigest()
        rows.owner[name] = rows.digests.setdefault(digest, name)
        probes += [FEATURES] if rows.owner[name] == name else []
    problems = [_with_vectors(problem, vectors, len(study.owner)) for problem in study.problems]
    fitted = fit_all(problems, probes, study.n_folds, options.seed, step, everybody=False)
    scores = {probe: probe_rows(study, problems, fitted, probe, counts, study.measured) for probe in probes}
    rows.models[name] = scores[options.probe]
    if FEATURES in scores:
        rows.features[name] = scores[FEATURES]
    rows.dimension[name] = vectors["embedding"].shape[1]
    rows.chosen[name] = {
        target: fitted[options.probe, place].chosen for place, target in enumerate(study.targets)
    }


def _comparison(
    task: Task,
    options: CompareOptions,
    shared: Shared,
    study: Study,
    rows: ModelRows,
    counts: list[Counting],
) -> Comparison:
    """Return the scores and paired differences as a result."""
    first = next(iter(rows.models))
    against_features = {name: rows.features[owner] for name, owner in rows.owner.items() if owner is not None}
    against_first = {name: rows.models[first] for name in rows.models if name != first}
    everything = dict(rows.models)
    for name, scores in rows.features.items():
        everything[str(rows.title(name))] = scores
    everything[trivial_name(study.problems[0])] = trivial_rows(study, counts, study.measured)
    return Comparison(
        task.name,
        task.kind,
        options.probe,
        options.epoch,
        options.bootstrap,
        options.seed,
        n_samples=len(shared.samples),
        n_participants=len(study.people),
        folds=study.n_folds,
        first=first,
        models={name: _about(name, table, rows) for name, table in shared.tables.items()},
        scores={
            name: {metric: summary(row, study.n_folds) for metric, row in scores.items()}
            for name, scores in everything.items()
        },
        less_features=_differences(rows.models, against_features, study.n_folds),
        less_first=_differences(rows.models, against_first, study.n_folds),
        targets=study.targets,
        classes=study.classes,
        class_samples=study.class_samples,
        participants=[
            np.unique(study.people[study.owner[study.fold == fold]]).tolist() for fold in range(study.n_folds)
        ],
        left_out=shared.left_out,
        failed=[{"model": name, "error": str(error)} for name, error in shared.errors.items()],
        warnings=shared.warnings + study.warnings,
    )


def _about(name: str, table: SharedTable, rows: ModelRows) -> ModelAbout:
    """Return what stands in the comparison about a model."""
    return {
        "table": str(table.path),
        "model": table.metadata.model.to_json() or None,
        "rate_hz": table.metadata.rate_hz,
        "window_s": table.metadata.window_s,
        "stride_s": table.metadata.stride_s,
        "participant_doubt": table.metadata.participant_doubt,
        "samples": table.samples,
        "dropped": table.dropped,
        "features": rows.title(name),
        "dimension": rows.dimension[name],
        "chosen": rows.chosen[name],
    }


def _differences(
    models: Mapping[str, Rows], others: Mapping[str, Rows], n_folds: int
) -> dict[str, dict[str, Difference]]:
    """Return the paired differences of each model to another, by metric; p is corrected over the models."""
    differences: dict[str, dict[str, Difference]] = {name: {} for name in others}
    for metric in next(iter(models.values())):
        rows = {name: (models[name][metric], other[metric]) for name, other in others.items()}
        tests = corrected({name: (one - other)[1 + n_folds :] for name, (one, other) in rows.items()})
        for name, (one, other) in rows.items():
            p, p_holm = tests[name]
            differences[name][metric] = {**difference(one, other, n_folds), "p": p, "p_holm": p_holm}
    return differences


def _with_vectors(problem: Problem, vectors: dict[str, np.ndarray], n_samples: int) -> Problem:
    """Return the problem with the vectors (n_samples, D) of a table; it may have a part of these samples."""
    if len(problem.rows) < n_samples:
        vectors = {name: values[problem.rows] for name, values in vectors.items()}
    return replace(problem, vectors=vectors)
