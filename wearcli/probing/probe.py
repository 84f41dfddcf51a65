"""`wearcli.probe`: how much of a task can be read out of embeddings, told honestly."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

import wearcli
from wearcli.embedding.table import read_table
from wearcli.errors import UsageError
from wearcli.files import check_output, sha256_of
from wearcli.probing.crossfit import Fitted, Probe, Problem, fit_all
from wearcli.probing.gather import gather, some
from wearcli.probing.join import Samples
from wearcli.probing.named import Kind
from wearcli.probing.people import Level, check_level
from wearcli.probing.predictor import Predictor
from wearcli.probing.problems import check_arguments, class_samples, make_study
from wearcli.probing.saved import predictions_table, save_probe, versions
from wearcli.probing.scoring import Scored, Summary, score
from wearcli.probing.tasks import Task, one_against_rest, resolve_task
from wearcli.probing.windows import MIN_QUALITY, windows_of, without_windows

PROTOCOL = (
    "folds by participant; penalty chosen by inner folds by participant, epochs of the mlp on participants "
    "held out of the training ones, one network for all targets of the same samples; mean: score over all "
    "held-out predictions pooled; low, high: 95 % percentile interval of a bootstrap over participants; "
    "folds: each fold's own score; features: the linear probe on hand-made features, same folds; pauroc: the "
    "area for false positive rates to 0.1, standardised to 0.5 for chance and 1 for the best (McClish 1989)"
)


@dataclass
class ProbeResult:
    """What a probe found. `scores[probe][metric]` is `{mean, low, high, folds}`.

    mean is the score over all held-out predictions pooled, each made by the probe that had not seen the
    participant; low and high its 95 % interval by bootstrap over participants; folds each fold's own score,
    None where it is undefined. Metrics of the tasks gait and heart, and of several targets, are
    `target.metric`. positive: of two classes, the one that auroc and pauroc are of.
    """

    task: str
    kind: str
    n_windows: int
    n_samples: int
    n_participants: int
    folds: int
    scores: dict[str, dict[str, Summary]]
    differences: dict[str, dict[str, dict[str, float | None]]]
    targets: list[str]
    classes: list[str]
    positive: str | None
    class_samples: dict[str, dict[str, int]]
    per_class: dict[str, dict[str, float | None]]
    confusion: dict[str, list[list[int]]]
    chosen: dict[str, dict[str, dict[str, Any]]]
    level: Level
    min_segments: int
    epoch: float | None
    bootstrap: int
    seed: int
    model: dict[str, Any]
    dropped: dict[str, int]
    warnings: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self)


def probe(
    embeddings: Path | str = "embeddings.parquet",
    *,
    task: str,
    labels: Path | str | None = None,
    target: str | list[str] | None = None,
    kind: Kind | None = None,
    positive: str | None = None,
    level: Level = "window",
    min_segments: int = 1,
    epoch: float | None = None,
    probe: Literal["linear", "mlp", "both"] = "both",
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

    embeddings: a Parquet or Arrow file, or "-" for an Arrow stream on stdin. task, labels, target, kind: see
    `resolve_task`. positive: a class, told from all the others as one. level: "participant" makes one sample
    of all windows of a participant, their mean, of those with `min_segments` windows or more (`join_people`).
    epoch: seconds; label intervals are cut into epochs and the windows of each pooled. probe: the linear one,
    the MLP, or both; the linear probe on hand-made features and the majority class or mean always stand
    beside them. folds: by participant, at most one a participant. keep_nonwear: windows that were not worn
    too. min_quality: windows of a quality (0 to 1) below it are left out, those of none are kept. output: the
    probe folder, probes/<task> if None; one that holds something else is not replaced. dry_run: join and
    check, fit nothing, write nothing. step: called after each fit with the probe's name, how many are done,
    and of how many.

    Raises UsageError for arguments that cannot be, InputError for data that cannot be probed.
    """
    if probe not in ("linear", "mlp", "both"):
        raise UsageError(f"unknown probe '{probe}': --probe linear, mlp or both")
    check_arguments(kind, epoch, folds, bootstrap, seed, min_quality)
    check_level(level, min_segments, epoch)
    if Path(task).name != task:
        raise UsageError(f"--task {task}: a name, without a folder: say where to with -o")
    folder = Path(output) if output is not None else Path("probes") / task
    if not dry_run:
        check_output(folder, overwrite, mark="probe.json")
    where = "stdin" if str(embeddings) == "-" else str(embeddings)
    table, metadata = read_table("-" if where == "stdin" else Path(embeddings))
    windows = windows_of(table, where, keep_nonwear, min_quality)
    wanted = [target] if isinstance(target, str) else target
    beside = None if where == "stdin" else Path(embeddings)
    recordings = windows.times["recording"].unique().astype(str).tolist()
    given = None if labels is None else Path(labels)
    found = resolve_task(task, given, wanted, kind, metadata, beside, recordings)
    if positive is not None:
        found = one_against_rest(found, positive)
    fewest = min_segments if level == "participant" else None
    samples, warnings, dropped = gather(found, windows, epoch, min_segments=fewest)
    if absent := without_windows(table, metadata):
        warnings.insert(0, _absent(absent, metadata))
    del table, windows  # the samples may be all that is needed of them
    study = make_study(found, samples, folds, seed)
    warnings += study.warnings
    probes: list[Probe] = ["linear", "mlp"] if probe == "both" else [probe]
    if "features" in samples.vectors:
        probes.append("features")
    else:
        warnings.append("the table has no hand-made features: the baseline 'features' is left out")

    fitted: dict[tuple[Probe, int], Fitted] = {}
    scored = Scored()
    if not dry_run:
        fitted = fit_all(study.problems, probes, study.n_folds, seed, step or (lambda *_: None))
        scored = score(
            study.problems,
            fitted,
            study.prefixes(found),
            classes=study.classes,
            n_folds=study.n_folds,
            draws=bootstrap,
            seed=seed,
            agreement=found.measured,
        )
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
        chosen=_chosen(fitted, study.targets),
        level=level,
        min_segments=min_segments,
        epoch=epoch,
        bootstrap=bootstrap,
        seed=seed,
        model=metadata.get("model") or {},
        dropped=dropped,
        warnings=warnings,
        output=None if dry_run else str(folder),
    )
    if not dry_run:
        arguments = {
            "embeddings": where,
            "task": task,
            "labels": None if labels is None else str(labels),
            "target": wanted,
            "kind": kind,
            "positive": positive,
            "level": level,
            "min_segments": min_segments,
            "epoch": epoch,
            "probe": probe,
            "folds": folds,
            "bootstrap": bootstrap,
            "seed": seed,
            "keep_nonwear": keep_nonwear,
            "min_quality": min_quality,
        }
        _save(folder, result, found, metadata, samples, study.problems, fitted, scored, arguments)
    return result


def _absent(names: list[str], metadata: dict[str, Any]) -> str:
    return (
        f"{len(names)} of {len(metadata['recordings_planned'])} recordings have no windows in the table "
        f"({some(names)}): failed, too short or not reached; 'wearcli embed' says which"
    )


def _chosen(
    fitted: dict[tuple[Probe, int], Fitted], targets: list[str]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The penalty (l2) or the epochs that each fit chose: chosen[probe][target]."""
    chosen: dict[str, dict[str, dict[str, Any]]] = {}
    for (name, number), fits in fitted.items():
        what = "epochs" if name == "mlp" else "l2"
        found = {what: fits.chosen, "everybody": fits.chosen_by_all}
        chosen.setdefault(name, {})[targets[number]] = found
    return chosen


def _pooling(result: ProbeResult) -> str | None:
    """How the vectors of several windows became a sample's."""
    if result.level == "participant":
        return "mean of a participant's windows"
    pooled = result.epoch is not None or result.kind == "regression"
    return "mean of an epoch's windows" if pooled else None


def _save(
    folder: Path,
    result: ProbeResult,
    task: Task,
    metadata: dict[str, Any],
    samples: Samples,
    problems: list[Problem],
    fitted: dict[tuple[Probe, int], Fitted],
    scored: Scored,
    arguments: dict[str, Any],
) -> None:
    info = result.to_json() | {
        "wearcli": wearcli.__version__,
        "protocol": PROTOCOL,
        "signal": {key: metadata.get(key) for key in ("rate_hz", "window_s", "stride_s", "unit")},
        "input": {
            "dimension": int(samples.vectors["embedding"].shape[1]),
            "pooling": _pooling(result),
            "epoch_s": result.epoch,
        },
        "labels": {str(path): sha256_of(path) for path in task.paths},
        "versions": versions(),
        "arguments": arguments,
    }
    predictors: dict[tuple[str, str], Predictor] = {
        (name, result.targets[number]): fits.everybody
        for (name, number), fits in fitted.items()
        if fits.everybody is not None
    }
    names = np.array(result.classes, object)
    blocks = []
    for block in scored.predictions:
        problem = problems[block["problem"]]
        told = {"truth": problem.truth, "predicted": block["predicted"]}
        blocks.append(
            {
                "rows": samples.rows.iloc[problem.rows],
                "fold": problem.fold,
                "target": result.targets[block["problem"]],
                "probe": block["probe"],
                "probabilities": block["probabilities"],
                **{key: names[codes] if problem.classify else codes for key, codes in told.items()},
            }
        )
    save_probe(folder, info, predictors, predictions_table(blocks, result.classes or None))
