"""`embed`: recordings in, the embeddings table out."""

import math
import os
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from wearcli._version import __version__
from wearcli.embedding.defaults import BATCH
from wearcli.embedding.engine import embed_recordings
from wearcli.embedding.job import EmbedJob
from wearcli.embedding.metadata import EmbedArguments, ModelIdentity, TableMetadata
from wearcli.embedding.pipeline import PIPELINE
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import EarlierTable, EmbedPlan, plan_embedding
from wearcli.embedding.sinks import SUFFIXES, Format, open_sink
from wearcli.embedding.table import schema
from wearcli.embedding.writing import TableWriter
from wearcli.errors import UsageError
from wearcli.files import reserved
from wearcli.interrupts import interrupt_flag
from wearcli.modality import MODALITIES, FeatureSet, check_feature_set, feature_names
from wearcli.models.folder import DEFAULT_MODEL, Model, load_model
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import Folder, find_recordings
from wearcli.recordings.study.sisters import Sisters
from wearcli.signals.defaults import MAX_MISSING
from wearcli.signals.windows import WindowSpec

DEFAULT_OUTPUT = Path("embeddings.parquet")


def embed(
    paths: Sequence[Path | str],
    output: Path | str | None = DEFAULT_OUTPUT,
    *,
    model: str | Path = DEFAULT_MODEL,
    form: Format | None = None,
    stride_s: float | None = None,
    window_s: float | None = None,
    max_missing: float = MAX_MISSING,
    batch: int = BATCH,
    workers: int | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    participant_from: str | None = None,
    reading: Reading | None = None,
    features: FeatureSet | None = None,
    watcher: Watcher | None = None,
) -> EmbedResult:
    """Embed recordings: one row a window, with its embedding and hand-made features.

    A Parquet file of an earlier run with the same model and settings is brought up to date: only new and
    changed recordings are embedded, or all of them where another version of wearcli made it whose rows may
    differ. An interrupted run writes the recordings that are complete, and the next one does the rest; a
    table that was to be replaced as a whole stays as it was.

    Args:
        paths: Files of recordings, and folders that are searched for them.
        output: The table's file; None streams to stdout.
        model: Name of a bundled model, or a model or run folder.
        form: Format of the table: parquet, arrow or jsonl; None takes it from the suffix of `output`.
        stride_s: Time from the begin of a window to the begin of the next, s; None is the model's own.
        window_s: Length of a window, s, for models that take any; None is the model's own.
        max_missing: Largest share of a window that may lie in gaps; windows with more are left out.
        batch: Windows that are embedded at once.
        workers: Threads that embed, and recordings that are read at once; None is the number of cores.
        overwrite: Replace the table that is there instead of bringing it up to date.
        dry_run: Only plan: nothing is read but the files' bytes, and nothing is written.
        participant_from: Rule that gives each recording its participant, see `find_recordings`.
        reading: How files are read where they do not tell it themselves.
        features: Set of hand-made features, where the signal has a choice; None is the model's own.
        watcher: Called as the work goes on.

    Returns:
        What was done: counts, failed recordings, warnings.

    Raises:
        UsageError: there is nothing to read, the output is there and cannot be brought up to date, or the
            model or the signal does not take such windows or features.
        InputError: the model's files are damaged.

    Example:
        >>> import wearcli
        >>> result = wearcli.embed(["recordings"], "embeddings.parquet")  # doctest: +SKIP
        >>> result.windows, result.failed  # doctest: +SKIP
        (1242, [])
    """
    began = time.perf_counter()
    watcher = watcher or Watcher()
    target = None if output is None else Path(output)
    form = _format(target, form)
    loaded = load_model(model)
    modality = loaded.modality
    reading = (reading or Reading()).for_signal(modality, len(loaded.config.channels))
    reading.check()
    check_feature_set(modality, features)
    features = features or loaded.config.features
    spec = _window_spec(loaded, window_s, stride_s, max_missing)
    folder = find_recordings(paths, participant_from=participant_from, modality=modality)
    default = next(iter(MODALITIES[modality].feature_sets))
    arguments = EmbedArguments(
        tuple(map(str, paths)),
        participant_from,
        max_missing,
        None if features == default else features,
        reading.to_json(),
    )
    settings = _settings(loaded, spec, folder, arguments, features)
    updatable = form == "parquet"
    workers = workers or os.cpu_count() or 1
    with reserved(None if dry_run else target, overwrite or updatable):
        plan = plan_embedding(
            folder.sources, settings, target if updatable else None, overwrite=overwrite, workers=workers
        )
        result = EmbedResult(
            loaded.name,
            "-" if target is None else str(target),
            folder.rule,
            folder.doubt,
            folder.not_read,
            [*folder.problems, *plan.notes],
            plan.actions,
            plan.sizes,
        )
        result.failed.extend(folder.failures())
        watcher.planned(result)
        if dry_run:
            return result
        same_people = plan.earlier and plan.earlier.metadata.participant_doubt == settings.participant_doubt
        if plan.earlier is not None and not plan.sizes and same_people:  # the file stays, to the byte
            _count_kept(plan.earlier, result)
        else:
            job = EmbedJob(loaded, spec, reading, features, batch, Sisters(folder.sources))
            _write(folder.sources, job, plan, settings, target, form, workers, result, watcher)
    result.seconds = time.perf_counter() - began
    return result


def _count_kept(earlier: EarlierTable, result: EmbedResult) -> None:
    """Fill the result of a run that keeps every row."""
    entries = earlier.recordings.values()
    result.recordings = result.kept = len(result.plan)
    result.windows = sum(entry.windows for entry in entries)
    result.hours = sum(entry.seconds for entry in entries) / 3600


def _write(
    sources: Sequence[Source],
    job: EmbedJob,
    plan: EmbedPlan,
    settings: TableMetadata,
    target: Path | None,
    form: Format,
    workers: int,
    result: EmbedResult,
    watcher: Watcher,
) -> None:
    """Do what the plan says, and write the table, whole or not at all."""
    table_schema = schema(job.encoder.dimension, len(settings.feature_names), settings, job.model.modality)
    new = [source for source in sources if plan.actions[source.recording] == "embed"]
    streams = embed_recordings(new, job, workers)
    with closing(streams), interrupt_flag() as interrupted, suppress(_Unchanged):
        with open_sink(target, form, table_schema) as sink:
            folder = None if target is None else target.parent
            writer = TableWriter(sink, table_schema, folder, result, watcher)
            for source in sources:
                name = source.recording
                if plan.actions[name] == "embed" and not result.interrupted:
                    writer.embed(next(streams), plan.fingerprints.get(name), interrupted)
                # Rows of a changed recording stay as they were, where the run ends before it is reached.
                if plan.actions[name] == "keep" or (result.interrupted and name not in writer.recordings):
                    writer.keep(plan.earlier, name)
            replaces = target is not None and plan.earlier is None and target.exists()
            if not writer.recordings or (result.interrupted and replaces):
                result.output = ""
                raise _Unchanged
            if plan.earlier is not None and writer.recordings == plan.earlier.recordings and plan.sizes:
                raise _Unchanged
            sink.close({name: entry.to_json() for name, entry in writer.recordings.items()})


def _format(target: Path | None, form: Format | None) -> Format:
    """The format of the output: as given, else by its suffix; Arrow on stdout."""
    if target is None:
        return form or "arrow"
    by_suffix = SUFFIXES.get(target.suffix.lower())
    if form is None and by_suffix is None:
        raise UsageError(f"{target}: no format has this suffix: use {', '.join(SUFFIXES)}, or --format")
    if form is not None and by_suffix not in (None, form):
        raise UsageError(f"{target}: the suffix says {by_suffix}, --format {form}: change one of them")
    return form or by_suffix or "parquet"


def _window_spec(model: Model, window_s: float | None, stride_s: float | None, missing: float) -> WindowSpec:
    """The model's own window; another length only where the model says that it takes any."""
    config = model.config
    own = config.window_s
    if window_s is not None and window_s != own and not config.any_length:
        raise UsageError(
            f"model {model.name} takes windows of {own:g} s: leave --window out, or use --stride"
        )
    window = own if window_s is None else window_s
    stride = config.stride_for(window) if stride_s is None else stride_s
    if not (0 < window < math.inf and 0 < stride < math.inf):
        raise UsageError("--window and --stride are seconds above 0")
    return WindowSpec(config.rate_hz, window, stride, missing)


def _settings(
    model: Model, spec: WindowSpec, folder: Folder, arguments: EmbedArguments, features: FeatureSet | None
) -> TableMetadata:
    """What this run's rows depend on, and where the labels are."""
    return TableMetadata(
        __version__,
        PIPELINE,
        ModelIdentity(model.name, model.config.sha256),
        spec.rate_hz,
        window_s=spec.samples / spec.rate_hz,
        stride_s=spec.stride / spec.rate_hz,
        unit=model.config.unit,
        modality=model.modality,
        feature_names=feature_names(model.modality, features),
        arguments=arguments,
        sidecars={kind: tuple(map(str, files)) for kind, files in folder.sidecars.items()},
        # A reader tells from it whether a recording failed, or was too short, or the stream broke off.
        recordings_planned=tuple(source.recording for source in folder.sources),
        participant_doubt=folder.doubt or None,
    )


class _Unchanged(Exception):
    """No file is written: no recording came through, every row is as it was, or an overwrite broke off."""
