"""`wearcli.compare`: several encoders on one task, on the same people, samples and folds, in one table."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from wearcli.comparison.models import UNTRAINED, Entry, name_models, open_models
from wearcli.comparison.options import CompareOptions
from wearcli.comparison.result import Comparison
from wearcli.comparison.save import DOCUMENT, save_comparison
from wearcli.comparison.side_by_side import side_by_side
from wearcli.comparison.tables import Tables, embed_tables
from wearcli.comparison.task import compared_recordings, compared_task, overlap_warnings
from wearcli.comparison.untrained import add_untrained
from wearcli.errors import WearcliError
from wearcli.files import reserved
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.named import Kind
from wearcli.labels.shared import check_alike, one_error
from wearcli.labels.tasks import Task
from wearcli.leftovers import scratch
from wearcli.probing.defaults import BOOTSTRAP, COMPARED_BY, FOLDS, SEED
from wearcli.probing.kinds import check_kinds
from wearcli.recordings.reading import Reading

Watch = Callable[[str, str, float], None]  # "embed" or "probe", the model, the share that is done


def compare(
    models: Sequence[str | Path] | str | Path,
    recordings: Path | str | None = None,
    *,
    task: str,
    labels: Path | str | None = None,
    target: str | list[str] | None = None,
    kind: Kind | None = None,
    positive: str | None = None,
    epoch: float | None = None,
    probe: str = COMPARED_BY,
    folds: int = FOLDS,
    bootstrap: int = BOOTSTRAP,
    seed: int = SEED,
    stride_s: float | None = None,
    untrained: bool = True,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    participant_from: str | None = None,
    reading: Reading | None = None,
    output: Path | str | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watch: Watch = lambda phase, name, share: None,
) -> Comparison:
    """Probe frozen encoders side by side, on the same samples in the same folds by participant.

    Every model embeds the recordings into a table of its own. A rerun takes unchanged recordings from that
    table. Three baselines stand beside the models: the linear probe on hand-made features, the majority class
    or the mean, and an encoder of random weights. The latter is like the first model that names its own
    encoder. Without such a model, or without torch, it is left out and a warning states so. A model or
    recording that fails is named in `failed`, and the others go on.

    Args:
        models: Bundled names, model folders, run folders of `pretrain` and embeddings tables.
        recordings: The recordings that the models embed, with their labels; None: recordings/.
        task: The task, as for `wearcli.probe`; so are the next arguments.
        labels: The table of labels; None: wearcli looks for it beside the recordings.
        target: The column or columns to predict; None: those of the task.
        kind: classification or regression; None: the values decide.
        positive: One class that stands against all others together.
        epoch: Length of an epoch, s. Models with different windows are compared on epochs, or on the
            intervals of a regression.
        probe: The kind of probe that every model has: linear, mlp, lda or knn.
        folds: Number of folds by participant, at most one for each participant.
        bootstrap: Number of resamples of participants for the intervals.
        seed: Seed of all random numbers.
        stride_s: Time from a window to the next, for all models, s; None: each has its own.
        untrained: Also compare with an encoder of random weights.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.
        participant_from: What names the participant of a file, as for `wearcli.embed`.
        reading: How files are read; None: the files state everything.
        output: The folder of comparison.json and tables/, which a rerun keeps; None: comparisons/<task>.
        overwrite: Replace an existing comparison.json.
        dry_run: Check, and count in `models` what would be embedded; write nothing.
        watch: Called with "embed" or "probe", the model, and the share that is done.

    Returns:
        The scores of the models and their differences, which are also in comparison.json.

    Raises:
        UsageError: A value of an argument is not possible, or nothing is left to compare.
        InputError: Nothing is left to compare.

    Example:
        >>> result = wearcli.compare(["motion-v5", "runs/mine"], task="activity", probe="lda")
        >>> result.less_first["mine"]["macro_f1"]["p_holm"]
    """
    named = name_models([models] if isinstance(models, str | Path) else models)
    options = CompareOptions(
        models=list(named.values()),
        recordings=None if recordings is None else Path(recordings),
        task=task,
        labels=None if labels is None else Path(labels),
        target=[target] if isinstance(target, str) else target,
        kind=kind,
        positive=positive,
        epoch=epoch,
        probe=probe,
        folds=folds,
        bootstrap=bootstrap,
        seed=seed,
        stride_s=stride_s,
        untrained=untrained,
        keep_nonwear=keep_nonwear,
        min_quality=min_quality,
        participant_from=participant_from,
        reading=reading or Reading(),
    )
    options.check()
    folder = Path("comparisons") / task if output is None else Path(output)
    with reserved(None if dry_run else folder / DOCUMENT, overwrite):
        return _run(named, options, folder, dry_run, watch)


def _run(
    named: dict[str, str | Path], options: CompareOptions, folder: Path, dry_run: bool, watch: Watch
) -> Comparison:
    """Embed, fit, score and save; with `dry_run` check and count only."""
    entries, errors = open_models(named, options.stride_s)
    if not entries:
        raise one_error(errors)
    options = replace(options, recordings=compared_recordings(options.recordings, entries))
    task = compared_task(options, entries)
    check_kinds([options.probe], task.kind, task.source)
    if task.kind == "classification" and options.epoch is None:
        check_alike({name: entry.windows for name, entry in entries.items()})
    warnings = overlap_warnings(entries, options.recordings)
    with scratch() as place:
        if options.untrained and not dry_run:
            warnings += add_untrained(entries, place, options.seed)
        tables = embed_tables(
            entries, options, folder / "tables", dry_run, lambda name, share: watch("embed", name, share)
        )
    errors |= tables.errors
    if not set(tables.paths) - {UNTRAINED}:
        raise one_error(errors)
    if dry_run:
        result = _planned(task, options, entries, tables)
    else:
        result = side_by_side(tables.paths, task, options, lambda name, share: watch("probe", name, share))
        result.output = str(folder)
    _add_failures(result, named, errors, tables, warnings)
    if not dry_run:
        save_comparison(folder, result, task, options)
    return result


def _planned(task: Task, options: CompareOptions, entries: dict[str, Entry], tables: Tables) -> Comparison:
    """Return the result of a dry run."""
    result = Comparison(task.name, task.kind, options.probe, options.epoch, options.bootstrap, options.seed)
    result.models = {
        name: {
            "rate_hz": entry.windows["rate_hz"],
            "window_s": entry.windows["window_s"],
            "stride_s": entry.windows["stride_s"],
            "recordings_to_embed": tables.to_embed.get(name, 0),
        }
        for name, entry in entries.items()
    }
    return result


def _add_failures(
    result: Comparison,
    named: dict[str, str | Path],
    errors: dict[str, WearcliError],
    tables: Tables,
    warnings: list[str],
) -> None:
    """Add how the models were given, which of them failed, and warnings, from the steps before the probes."""
    for name, about in result.models.items():
        about["given"] = str(named.get(name, ""))
    result.warnings = warnings + result.warnings
    result.failed = [
        *({"model": name, "error": str(error)} for name, error in errors.items()),
        *result.failed,
        *({"recording": name, "error": error} for name, error in tables.failed.items()),
    ]
