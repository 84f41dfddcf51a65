"""`wearcli.probe`: how well a task can be read from embeddings, scored on people not seen in training."""

from collections.abc import Callable, Sequence
from pathlib import Path

from wearcli.files import reserved
from wearcli.labels.by_person import Level
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.named import Kind
from wearcli.labels.sets import TaskSamples, read_sets
from wearcli.probing.crossfit import CrossFits, chosen_by_fits, fit_all
from wearcli.probing.defaults import BOOTSTRAP, EMBEDDINGS, FOLDS, MIN_SEGMENTS, PROBES, SEED
from wearcli.probing.kinds import FEATURES, check_kinds
from wearcli.probing.learning_curve import learning_curve
from wearcli.probing.options import STREAM, ProbeOptions
from wearcli.probing.outside import outside_tables
from wearcli.probing.records import LearningPoint
from wearcli.probing.result import ProbeResult
from wearcli.probing.save import save_result
from wearcli.probing.scoring import Scored, group_scores, score
from wearcli.probing.study import Study, make_study


def probe(
    embeddings: Path | str | Sequence[Path | str] = EMBEDDINGS,
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
    min_segments: int = MIN_SEGMENTS,
    epoch: float | None = None,
    probe: str | Sequence[str] = PROBES,
    folds: int = FOLDS,
    bootstrap: int = BOOTSTRAP,
    seed: int = SEED,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    output: Path | str | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[str, int, int], None] | None = None,
) -> ProbeResult:
    """Fit and score probes of a task on an embeddings table, and save them as a folder.

    Two baselines always stand beside them: the linear probe on hand-made features, and the majority class or
    the mean.

    Args:
        embeddings: A Parquet or Arrow file, or "-" for an Arrow stream on stdin. Several files are sets, each
            with labels of its own.
        task: activity, rhythm, gait, heart, age, bmi, sex, or a name of your own.
        labels: The table of labels; None: wearcli looks for it beside the recordings.
        target: The column or columns to predict; None: those of the task.
        kind: classification or regression; None: the values decide.
        positive: One class that stands against all others together.
        label_map: A CSV of label,class (and set) that gives labels of several sets common names.
        leave_out: placement, set, participant, or a column of participants.csv such as site. Each of its
            values is left out as a whole, with its people.
        test: An outside set on which alone probes are scored: embeddings tables, or folders of recordings.
        label_share: Percentages of the labels, for a learning curve of the first probe and the features.
        level: "participant" makes one sample of all windows of a participant, their mean.
        min_segments: With that level, leave out participants with fewer windows.
        epoch: Length of an epoch, s. Label intervals are cut into epochs, and the windows of an epoch are
            pooled.
        probe: Kinds of probe: linear, mlp, lda, knn, several with commas or as a list; both means linear and
            mlp.
        folds: Number of folds by participant, at most one for each participant.
        bootstrap: Number of resamples of participants for the intervals.
        seed: Seed of all random numbers.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.
        output: The probe folder; None: probes/<task>. A folder that holds something else is not replaced.
        overwrite: Replace an existing probe folder.
        dry_run: Join and check; fit and write nothing.
        step: Called after each fit with the name of the probe, how many fits are done, and how many there
            are.

    Returns:
        The scores, which are also in probe.json.

    Raises:
        UsageError: A value of an argument is not possible.
        InputError: The data cannot be probed.

    Example:
        >>> result = wearcli.probe("embeddings.parquet", task="activity", probe="linear,lda")
        >>> result.scores["lda"]["macro_f1"]["mean"]
    """
    options = ProbeOptions(
        embeddings=[STREAM if str(table) == "-" else str(table) for table in _listed(embeddings)],
        task=task,
        labels=None if labels is None else str(labels),
        target=[target] if isinstance(target, str) else target,
        kind=kind,
        positive=positive,
        label_map=None if label_map is None else str(label_map),
        leave_out=leave_out,
        test=[str(table) for table in _listed(test)],
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
    options.check()
    folder = Path("probes") / task if output is None else Path(output)
    if dry_run:
        return _run(options, None, step or (lambda *_: None))
    with reserved(folder, overwrite, mark="probe.json"):
        return _run(options, folder, step or (lambda *_: None))


def _run(options: ProbeOptions, folder: Path | None, step: Callable[[str, int, int], None]) -> ProbeResult:
    """Read, fit, score and save; without a folder read and check only."""
    tables = options.tables
    with outside_tables([Path(path) for path in options.test], tables[0]) as (outside, failed):
        gathered = read_sets(tables, outside, options.sample_options())
    task, samples = gathered.task, gathered.samples
    check_kinds(options.kinds, task.kind, task.source)
    study = make_study(task, samples, options.folds, options.seed, options.leave_out, bool(options.test))
    warnings = [*failed, *gathered.warnings, *study.warnings]
    probes = options.kinds
    if FEATURES in samples.vectors:
        probes.append(FEATURES)
    else:
        warnings.append("the table has no hand-made features: the baseline 'features' is left out")
    fitted: CrossFits = {}
    scored, curve = Scored(), []
    if folder is not None:
        fitted = fit_all(study.problems, probes, study.n_folds, options.seed, step)
        scored = score(study, samples.rows, fitted, draws=options.bootstrap, seed=options.seed)
        if options.label_share:
            curve = learning_curve(
                study,
                [name for name in (probes[0], FEATURES) if name in probes],
                options.label_share,
                draws=options.bootstrap,
                seed=options.seed,
                step=step,
            )
    result = _result(options, gathered, study, fitted, scored, curve, warnings, folder)
    if folder is not None:
        save_result(folder, result, options, gathered, fitted, scored.predictions)
    return result


def _result(
    options: ProbeOptions,
    gathered: TaskSamples,
    study: Study,
    fitted: CrossFits,
    scored: Scored,
    curve: list[LearningPoint],
    warnings: list[str],
    folder: Path | None,
) -> ProbeResult:
    """Return the result of a probe."""
    return ProbeResult(
        task=options.task,
        kind=gathered.task.kind,
        n_windows=gathered.samples.n_windows,
        n_samples=len(gathered.samples),
        n_participants=len(study.people),
        folds=study.n_folds,
        scores=scored.scores,
        differences=scored.differences,
        targets=study.targets,
        classes=study.classes,
        positive=study.classes[1] if len(study.classes) == 2 else None,
        class_samples=study.class_samples,
        per_class=scored.per_class,
        confusion=scored.confusion,
        calibration=scored.calibration,
        intervals=scored.intervals,
        groups=group_scores(scored, study, options.leave_out),
        learning_curve=curve,
        chosen=chosen_by_fits(fitted, study.targets),
        level=options.level,
        min_segments=options.min_segments,
        epoch=options.epoch,
        bootstrap=options.bootstrap,
        seed=options.seed,
        model=gathered.metadata.model.to_json(),
        dropped=gathered.left_out,
        tables=["-" if table == STREAM else table for table in options.embeddings],
        label_tables=[str(path) for path in gathered.task.paths],
        tested=options.test,
        warnings=warnings,
        output=None if folder is None else str(folder),
    )


def _listed(given: Path | str | Sequence[Path | str]) -> list[Path | str]:
    """Return one path or several as a list."""
    return [given] if isinstance(given, Path | str) else list(given)
