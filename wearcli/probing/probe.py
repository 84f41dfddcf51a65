"""`wearcli.probe`: how much of a task can be read out of embeddings, told honestly."""

from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from wearcli._version import __version__
from wearcli.errors import UsageError
from wearcli.files import check_output, content_sha256
from wearcli.labels.by_person import Level, check_level
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.label_map import LabelMap
from wearcli.labels.named import Kind
from wearcli.labels.samples import Samples
from wearcli.labels.sets import SampleOptions, TaskSamples, read_sets
from wearcli.labels.tasks import Task
from wearcli.probing.crossfit import CrossFits, fit_all
from wearcli.probing.document import ProbeDocument, SampleInput, Signal
from wearcli.probing.kinds import FEATURES, check_kinds, load_kind, parse_kinds
from wearcli.probing.kinds.kind import Predictor
from wearcli.probing.learning_curve import learning_curve
from wearcli.probing.options import ProbeOptions
from wearcli.probing.outside import outside_tables
from wearcli.probing.problems import Study, check_arguments, class_samples, make_study
from wearcli.probing.records import Band, Groups, LearningPoint, ModelName
from wearcli.probing.result import ProbeResult
from wearcli.probing.saved import predictions_table, save_probe, versions
from wearcli.probing.scoring import Scored, score

PROTOCOL = (
    "folds by participant; {chosen}; mean: score over all "
    "held-out predictions pooled; low, high: 95 % percentile interval of a bootstrap over participants; "
    "folds: each fold's own score; features: the linear probe on hand-made features, same folds; pauroc: the "
    "area for false positive rates to 0.1, standardised to 0.5 for chance and 1 for the best (McClish 1989); "
    "probabilities: logits divided by a temperature fitted on people held out inside the training folds (Guo "
    "et al. 2017); auroc, pauroc: by those before it, probabilities ** temperature over their sum; brier, "
    "ece: of the probabilities of held-out people; intervals: the 95 % band of a new person's sample, from "
    "the errors of held-out people, every participant weighing the same, its coverage measured on folds left "
    "out of it"
)
LEFT_OUT = (
    "; left out by {by}: a probe that is scored on one {by} is fitted on the others, of other people; folds: "
    "each {by}'s own score"
)
TESTED = "; test: scored on the outside set alone, by probes fitted on everybody who is not in it"


def probe(
    embeddings: Path | str | Sequence[Path | str] = "embeddings.parquet",
    *,
    task: str,
    labels: Path | str | None = None,
    target: str | list[str] | None = None,
    kind: Kind | None = None,
    positive: str | None = None,
    label_map: Path | str | None = None,
    leave_out: str | None = None,
    test: Path | str | Sequence[Path | str] = (),
    label_share: Sequence[float] = (),
    level: Level = "window",
    min_segments: int = 1,
    epoch: float | None = None,
    probe: str | Sequence[str] = "both",
    folds: int = 5,
    bootstrap: int = 2000,
    seed: int = 0,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    output: Path | str | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[str, int, int], None] | None = None,
) -> ProbeResult:
    """Fit and score probes of `task` on an embeddings table, and save them as a folder.

    embeddings: a Parquet or Arrow file, or "-" for an Arrow stream on stdin; several files are sets, each
    with labels of its own (`read_sets`). task, labels, target, kind: see `resolve_task`. positive: a class,
    told from all the others as one. label_map: a CSV of label,class, see `LabelMap`. leave_out: placement,
    set, participant, or a column of participants.csv such as site: each of its values is left out as a whole,
    with its people. test: an outside set, on which alone probes are scored, as embeddings tables or folders
    of recordings (`outside_tables`).
    label_share: percentages of the labels, for a learning curve of the first probe and the features. level:
    "participant" makes one sample of all windows of a participant, their mean, of those with `min_segments`
    windows or more (`join_people`). epoch: seconds; label intervals are cut into epochs and the windows of
    each pooled. probe: the linear one, the MLP, or both; the linear probe on hand-made features and the
    majority class or mean always stand beside them. folds: by participant, at most one a participant.
    keep_nonwear: windows that were not worn too. min_quality: windows of a quality (0 to 1) below it are left
    out, those of none are kept. output: the probe folder, probes/<task> if None; one that holds something
    else is not replaced. dry_run: join and check, fit nothing, write nothing. step: called after each fit
    with the probe's name, how many are done, and of how many.

    Raises UsageError for arguments that cannot be, InputError for data that cannot be probed.
    """
    probes = parse_kinds(probe)
    check_arguments(kind, epoch, folds, bootstrap, seed, min_quality)
    check_level(level, min_segments, epoch)
    tables, tests = _listed(embeddings), _listed(test)
    if tests and leave_out is not None:
        raise UsageError(f"--test with --leave-out {leave_out}: what is held out is one of the two")
    if Path(task).name != task:
        raise UsageError(f"--task {task}: a name, without a folder: say where to with -o")
    folder = Path(output) if output is not None else Path("probes") / task
    if not dry_run:
        check_output(folder, overwrite, mark="probe.json")
    wanted = SampleOptions(
        task=task,
        labels=None if labels is None else Path(labels),
        targets=[target] if isinstance(target, str) else target,
        kind=kind,
        positive=positive,
        label_map=None if label_map is None else LabelMap(Path(label_map)),
        epoch=epoch,
        min_segments=min_segments if level == "participant" else None,
        leave_out=leave_out,
        keep_nonwear=keep_nonwear,
        min_quality=min_quality,
    )
    with outside_tables([Path(path) for path in tests], tables[0]) as (outside, failed):
        gathered = read_sets(tables, outside, wanted)
    found, samples, warnings = gathered.task, gathered.samples, failed + gathered.warnings
    check_kinds(probes, found.kind, found.source)
    study = make_study(found, samples, folds, seed, leave_out, bool(tests))
    warnings += study.warnings
    if FEATURES in samples.vectors:
        probes.append(FEATURES)
    else:
        warnings.append("the table has no hand-made features: the baseline 'features' is left out")

    tell = step or (lambda *_: None)
    fitted: CrossFits = {}
    scored = Scored()
    curve: list[LearningPoint] = []
    if not dry_run:
        fitted = fit_all(study.problems, probes, study.n_folds, seed, tell)
        scored = score(
            study.problems,
            fitted,
            study.prefixes(found),
            classes=study.classes,
            n_folds=study.n_folds,
            draws=bootstrap,
            seed=seed,
            agreement=found.measured,
            groups=study.groups,
        )
        if label_share:
            chosen = list(dict.fromkeys([probes[0], *probes[-1:]]))
            curve = learning_curve(study, found, chosen, label_share, draws=bootstrap, seed=seed, step=tell)
    result = ProbeResult(
        task=task,
        kind=found.kind,
        n_windows=samples.n_windows,
        n_samples=len(samples),
        n_participants=len(study.people),
        folds=study.n_folds,
        scores=scored.scores,
        differences=scored.differences,
        targets=study.targets,
        classes=study.classes,
        positive=study.classes[1] if len(study.classes) == 2 else None,
        class_samples=class_samples(study),
        per_class=scored.per_class,
        confusion=scored.confusion,
        calibration=scored.calibration,
        intervals=_by_target(scored, study, found),
        groups=_groups(scored, study, leave_out),
        learning_curve=curve,
        chosen=_chosen(fitted, study.targets),
        level=level,
        min_segments=min_segments,
        epoch=epoch,
        bootstrap=bootstrap,
        seed=seed,
        model=cast(ModelName, gathered.metadata.model.to_json()),
        dropped=gathered.left_out,
        tables=[str(table) for table in tables],
        tested=[str(table) for table in tests],
        warnings=warnings,
        output=None if dry_run else str(folder),
    )
    if not dry_run:
        arguments = ProbeOptions(
            embeddings=["stdin" if table == "-" else str(table) for table in tables],
            task=task,
            labels=None if labels is None else str(labels),
            target=wanted.targets,
            kind=kind,
            positive=positive,
            label_map=None if label_map is None else str(label_map),
            leave_out=leave_out,
            test=[str(table) for table in tests],
            label_share=list(label_share),
            level=level,
            min_segments=min_segments,
            epoch=epoch,
            probe=probe if isinstance(probe, str) else ",".join(probe),
            folds=folds,
            bootstrap=bootstrap,
            seed=seed,
            keep_nonwear=keep_nonwear,
            min_quality=min_quality,
        )
        _save(folder, result, gathered, study, fitted, scored, arguments)
    return result


def _listed(given: Path | str | Sequence[Path | str]) -> list[Path | Literal["-"]]:
    each = [given] if isinstance(given, Path | str) else list(given)
    return ["-" if str(path) == "-" else Path(path) for path in each]


def _by_target(scored: Scored, study: Study, task: Task) -> dict[str, dict[str, Band]]:
    names = dict(zip(study.prefixes(task), study.targets, strict=True))
    return {
        probe: {names[prefix]: band for prefix, band in bands.items()}
        for probe, bands in scored.intervals.items()
    }


def _groups(scored: Scored, study: Study, leave_out: str | None) -> Groups | None:
    """Scores, samples and participants of each left-out group; None where people alone are left out."""
    if study.groups is None:
        return None
    group = study.problems[0].group
    assert group is not None  # of every problem, where the study has groups
    owners = study.problems[0].participants
    return {
        "by": leave_out,
        "scores": scored.groups,
        "samples": {name: int((group == code).sum()) for code, name in enumerate(study.groups)},
        "participants": {
            name: len(np.unique(owners[group == code])) for code, name in enumerate(study.groups)
        },
    }


def _chosen(fitted: CrossFits, targets: list[str]) -> dict[str, dict[str, dict[str, Any]]]:
    """The hyper-parameter of each fit: chosen[probe][target]."""
    chosen: dict[str, dict[str, dict[str, Any]]] = {}
    for (name, number), fits in fitted.items():
        found = {load_kind(name).hyperparameter: fits.chosen, "everybody": fits.chosen_by_all}
        chosen.setdefault(name, {})[targets[number]] = found
    return chosen


def _pooling(result: ProbeResult) -> str | None:
    """How the vectors of several windows became a sample's."""
    if result.level == "participant":
        return "mean of a participant's windows"
    pooled = result.epoch is not None or result.kind == "regression"
    return "mean of an epoch's windows" if pooled else None


def _placements(samples: Samples) -> list[str]:
    """Where the sensors were, as far as the tables say."""
    if "placement" not in samples.rows:
        return []
    return sorted(samples.rows["placement"].dropna().astype(str).unique())


def _save(
    folder: Path,
    result: ProbeResult,
    gathered: TaskSamples,
    study: Study,
    fitted: CrossFits,
    scored: Scored,
    arguments: ProbeOptions,
) -> None:
    task, samples, metadata = gathered.task, gathered.samples, gathered.metadata
    by = arguments.leave_out
    choices = dict.fromkeys(load_kind(name).protocol for name, _ in fitted)
    protocol = (
        PROTOCOL.format(chosen=", ".join(choices))
        + (LEFT_OUT.format(by=by) if by else "")
        + (TESTED if result.tested else "")
    )
    document = ProbeDocument(
        result,
        wearcli=__version__,
        protocol=protocol,
        signal=Signal(**{field.name: getattr(metadata, field.name) for field in fields(Signal)}),
        input=SampleInput(
            dimension=int(samples.vectors["embedding"].shape[1]),
            features_dimension=int(samples.vectors["features"].shape[1])
            if "features" in samples.vectors
            else None,
            pooling=_pooling(result),
            placements=_placements(samples),
            epoch_s=result.epoch,
            sample_s=round(float(samples.rows["duration"].median()), 6),
        ),
        labels={str(path): content_sha256(path) for path in task.paths},
        versions=versions(),
        arguments=arguments,
    )
    predictors: dict[tuple[str, str], Predictor] = {
        (name, result.targets[number]): fits.everybody
        for (name, number), fits in fitted.items()
        if fits.everybody is not None
    }
    names = np.array(result.classes, object)
    blocks = []
    for block in scored.predictions:
        problem = study.problems[block["problem"]].scored()
        told = {"truth": problem.truth, "predicted": block["predicted"]}
        group = None if problem.group is None else np.array(study.groups, object)[problem.group]
        blocks.append(
            {
                "rows": samples.rows.iloc[problem.rows],
                "fold": problem.fold,
                "group": group,
                "target": result.targets[block["problem"]],
                "probe": block["probe"],
                "probabilities": block["probabilities"],
                "temperature": block["temperature"],
                **{key: names[codes] if problem.classify else codes for key, codes in told.items()},
            }
        )
    save_probe(folder, document, predictors, predictions_table(blocks, result.classes or None))
