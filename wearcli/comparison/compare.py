"""`wearcli.compare`: several encoders on one task: the same people, samples and folds, one table."""

import json
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from wearcli._version import __version__
from wearcli.comparison.models import (
    UNTRAINED,
    Entry,
    name_models,
    open_models,
    untrained_like,
    with_architecture,
)
from wearcli.comparison.side_by_side import Comparison, side_by_side
from wearcli.comparison.tables import embed_tables
from wearcli.embedding.metadata import EmbedArguments, TableMetadata
from wearcli.embedding.table import read_table
from wearcli.errors import UsageError, WearcliError
from wearcli.files import atomic_file, check_output, content_sha256
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.named import Kind
from wearcli.labels.shared import check_alike, one_error
from wearcli.labels.tasks import Task, one_against_rest, resolve_task
from wearcli.models.folder import Model
from wearcli.probing.kinds import check_kinds, load_kind, parse_kinds
from wearcli.probing.problems import check_arguments
from wearcli.probing.saved import versions
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.discovery import find_recordings

FORMAT = 1
DOCUMENT = "comparison.json"
PROTOCOL = (
    "samples that every model has; folds by participant, the same for all; {chosen}; mean: score over all "
    "held-out predictions pooled; low, high: 95 % percentile interval of a bootstrap over participants, of a "
    "difference on the same draws for both; p: two-sided, of the same draws, p_holm: corrected for how many "
    "models are compared with the one (Holm 1979), intervals are not; folds: each fold's own "
    "score; features: the linear probe on the hand-made features of a model's own windows; untrained: an "
    "encoder of random weights"
)


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
    probe: str = "linear",
    folds: int = 5,
    bootstrap: int = 2000,
    seed: int = 0,
    stride_s: float | None = None,
    untrained: bool = True,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    participant_from: str | None = None,
    reading: Reading | None = None,
    output: Path | str | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    watch: Callable[[str, str, float], None] = lambda phase, name, share: None,
) -> Comparison:
    """Probe frozen encoders side by side, on the same samples in the same folds by participant.

    models: bundled names, model folders, run folders of `pretrain` and embeddings tables (Parquet, Arrow).
    Each model embeds `recordings` (recordings/ if None) into a table of its own, from which a rerun takes
    what is as it was. Beside them stand the linear probe on hand-made features, the majority class or the
    mean and, unless `untrained` is False, an encoder of random weights like the first model that names its
    own (where there is none, or no torch, it is left out and a warning says so).

    task, labels, target, kind, positive, epoch, probe, folds, bootstrap, seed, keep_nonwear, min_quality: as
    of `probe`. Models of other windows are compared on epochs, or on the intervals of a regression. stride_s:
    of
    all models, by default the window of each. participant_from, reading: as of `embed`. output:
    comparisons/<task> if None; gets comparison.json and tables/, which a rerun keeps. dry_run: check, count
    in `models` what would be embedded, write nothing. watch: told "embed" or "probe", the model, and the
    share of that which is done.

    A model or recording that fails is named in `failed`, and the others go on. Raises UsageError for
    arguments that cannot be, UsageError or InputError where nothing is left to compare.
    """
    kinds = parse_kinds(probe)
    if len(kinds) > 1:
        raise UsageError(f"--probe {probe}: models are compared by one probe: name one of {', '.join(kinds)}")
    check_arguments(kind, epoch, folds, bootstrap, seed, min_quality)
    if stride_s is not None and not 0 < stride_s < float("inf"):
        raise UsageError(f"a stride of {stride_s:g} s: --stride takes seconds above 0")
    if Path(task).name != task:
        raise UsageError(f"--task {task}: a name, without a folder: say where to with -o")
    folder = Path(output) if output is not None else Path("comparisons") / task
    if not dry_run:
        check_output(folder / DOCUMENT, overwrite)
    named = name_models([models] if isinstance(models, str | Path) else models)
    entries, errors = open_models(named, stride_s)
    if not entries:
        raise one_error(errors)
    place = _place(recordings, entries)
    wanted = [target] if isinstance(target, str) else target
    found = _task(task, labels, wanted, kind, place, participant_from, entries)
    if positive is not None:
        found = one_against_rest(found, positive)
    check_kinds(kinds, found.kind, found.source)
    if found.kind == "classification" and epoch is None:
        check_alike({name: entry.windows for name, entry in entries.items()})
    warnings = _may_know(entries, place)
    with TemporaryDirectory() as scratch:
        if untrained and not dry_run and (warning := _add_untrained(entries, Path(scratch), seed)):
            warnings.append(warning)
        tables = embed_tables(
            entries,
            place,
            folder / "tables",
            stride_s,
            participant_from,
            reading,
            dry_run,
            lambda name, share: watch("embed", name, share),
        )
    errors |= tables.errors
    if not set(tables.paths) - {UNTRAINED}:
        raise one_error(errors)
    if dry_run:
        result = Comparison(found.name, found.kind, probe, epoch, bootstrap, seed)
        result.models = {
            name: {**entry.windows, "recordings_to_embed": tables.to_embed.get(name, 0)}
            for name, entry in entries.items()
        }
    else:
        result = side_by_side(
            tables.paths,
            found,
            epoch=epoch,
            probe=probe,
            folds=folds,
            bootstrap=bootstrap,
            seed=seed,
            keep_nonwear=keep_nonwear,
            min_quality=min_quality,
            step=lambda name, share: watch("probe", name, share),
        )
        result.output = str(folder)
    for name, about in result.models.items():
        about["given"] = str(named.get(name, ""))
    result.warnings = warnings + result.warnings
    result.failed = [
        *({"model": name, "error": str(error)} for name, error in errors.items()),
        *result.failed,
        *({"recording": name, "error": error} for name, error in tables.failed.items()),
    ]
    if not dry_run:
        arguments = {
            "models": [str(given) for given in named.values()],
            "recordings": None if place is None else str(place),
            "task": task,
            "labels": None if labels is None else str(labels),
            "target": wanted,
            "kind": kind,
            "positive": positive,
            "epoch": epoch,
            "probe": probe,
            "folds": folds,
            "bootstrap": bootstrap,
            "seed": seed,
            "stride_s": stride_s,
            "untrained": untrained,
            "keep_nonwear": keep_nonwear,
            "min_quality": min_quality,
            "participant_from": participant_from,
            **(reading or Reading()).to_json(),
        }
        _save(folder, result, found, arguments)
    return result


def _place(recordings: Path | str | None, entries: dict[str, Entry]) -> Path | None:
    """The recordings; None where tables alone are compared, which know theirs."""
    if recordings is not None:
        return Path(recordings)
    if all(isinstance(entry.source, Path) for entry in entries.values()):
        return None
    if not Path("recordings").is_dir():
        raise UsageError("no recordings named and no folder recordings/ here: name them with --recordings")
    return Path("recordings")


def _recordings(place: Path, participant_from: str | None, entries: dict[str, Entry]) -> list[str]:
    """The recordings of any signal that a model takes; UsageError where there is none of any."""
    signals = {entry.source.modality: None for entry in entries.values() if isinstance(entry.source, Model)}
    names: dict[str, None] = {}
    errors: dict[str, WearcliError] = {}
    for signal in signals or {"acc": None}:
        try:
            found = find_recordings([place], participant_from=participant_from, modality=signal)
            names |= dict.fromkeys(source.recording for source in found.sources)
        except UsageError as error:  # a model of this signal fails by its name where it embeds
            errors[signal] = error
    if not names:
        raise one_error(errors)
    return list(names)


def _may_know(entries: dict[str, Entry], place: Path | None) -> list[str]:
    """A line for each model that was trained on a set of the recordings' name: its people may be the same."""
    if place is None:
        return []
    here = place.resolve().name
    return [
        f"{name} was trained on a set named '{here}', as these recordings are: if they are its people, its "
        "score tells nothing of new ones"
        for name, entry in entries.items()
        if isinstance(entry.source, Model)
        and here in {item.name for item in entry.source.config.training_sets}
    ]


def _task(
    name: str,
    labels: Path | str | None,
    target: list[str] | None,
    kind: Kind | None,
    place: Path | None,
    participant_from: str | None,
    entries: dict[str, Entry],
) -> Task:
    """The task, found before anything is embedded: among the recordings, or where the first table says."""
    if place is not None:
        metadata, beside = TableMetadata(arguments=EmbedArguments((str(place),))), None
        names = _recordings(place, participant_from, entries)
    else:
        beside = next(entry.source for entry in entries.values() if isinstance(entry.source, Path))
        table, metadata = read_table(beside)
        names = table["recording"].unique().to_pylist()
    given = None if labels is None else Path(labels)
    return resolve_task(name, given, target, kind, metadata, beside, names)


def _add_untrained(entries: dict[str, Entry], folder: Path, seed: int) -> str | None:
    """Add the encoder of random weights; a warning where there can be none."""
    like = with_architecture(entries)
    if like is None:
        if not any(isinstance(entry.source, Model) for entry in entries.values()):
            return None
        return "no untrained encoder beside them: no model's config.json names its encoder"
    try:
        entries[UNTRAINED] = untrained_like(entries[like], folder, seed)
    except WearcliError as error:
        return f"no untrained encoder beside them: {error}"
    return None


def _save(folder: Path, result: Comparison, task: Task, arguments: dict[str, Any]) -> None:
    document = {
        "format": FORMAT,
        **result.to_json(),
        "wearcli": __version__,
        "protocol": PROTOCOL.format(chosen=_choices(result.probe)),
        "labels": {str(path): content_sha256(path) for path in task.paths},
        "versions": versions() | {"onnxruntime": version("onnxruntime")},
        "arguments": arguments,
    }
    with atomic_file(folder / DOCUMENT) as path:
        path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def _choices(probe: str) -> str:
    """How the hyper-parameters of the probe, and of the linear one on features, are chosen."""
    return ", ".join(dict.fromkeys(load_kind(name).protocol for name in ("linear", probe)))
