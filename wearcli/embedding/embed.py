"""`embed`: recordings in, the embeddings table out."""

import os
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from wearcli._version import __version__
from wearcli.embedding.metadata import EmbedArguments, ModelIdentity, TableMetadata
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import Earlier, files_behind, fingerprint, open_earlier
from wearcli.embedding.stream import Stream, embed_recordings
from wearcli.embedding.table import Format, Sink, open_sink, schema
from wearcli.errors import UsageError
from wearcli.files import check_output, held, size_of
from wearcli.interrupts import interrupt_flag
from wearcli.modality import FeatureSet, check_feature_set, feature_names
from wearcli.modality import features as features_of
from wearcli.models.encoder import Encoder
from wearcli.models.folder import DEFAULT_MODEL, Model, load_model
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.study.discovery import Folder, find_recordings
from wearcli.signals.windows import MAX_MISSING, WindowSpec

DEFAULT_OUTPUT = Path("embeddings.parquet")
SUFFIXES: dict[str, Format] = {
    ".parquet": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".jsonl": "jsonl",
}
BATCH = 128


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
    """Embed every recording found in `paths`.

    Args:
        output: the table's file; None streams to stdout. A Parquet file of an earlier run with the same
            model and settings is brought up to date: only new and changed recordings are embedded.
        form: parquet, arrow or jsonl; by default told from the output's suffix.
        window_s, stride_s: seconds; by default the model's own.
        reading: how to read the files where they do not tell.
        features: of acceleration, motion or heart; by default the model's own, else motion.

    Raises:
        UsageError: nothing to read, an output that is there and cannot be brought up to date, a window
            that the model or the features do not take, features of a signal that has no choice of them.
    """
    began = time.perf_counter()
    watcher = watcher or Watcher()
    target = None if output is None else Path(output)
    form = _format(target, form)
    loaded = load_model(model)
    modality, channels = loaded.modality, len(loaded.config.channels)
    reading = (reading or Reading()).for_signal(modality, channels)
    reading.check()
    check_feature_set(modality, features)
    features = features or loaded.config.features
    spec = _window_spec(loaded, window_s, stride_s, max_missing)
    folder = find_recordings(
        [Path(path) for path in paths], participant_from=participant_from, modality=modality
    )
    arguments = EmbedArguments(
        tuple(map(str, paths)),
        participant_from,
        max_missing,
        features if features == "heart" else None,
        reading.to_json(),
    )
    settings = _settings(loaded, spec, folder, arguments, features)
    result = EmbedResult(loaded.name, "-" if target is None else str(target))
    result.participant_rule, result.notes = folder.rule, list(folder.problems)
    updatable = form == "parquet" and target is not None
    earlier = None
    if target is not None:
        check_output(target, overwrite=overwrite or updatable)
        if updatable and not overwrite:
            earlier = open_earlier(target, settings, {source.recording for source in folder.sources})
    workers = workers or os.cpu_count() or 1
    marks = _fingerprints(folder.sources, workers) if updatable else {}
    _plan(folder.sources, marks, earlier, result)
    watcher.planned(result)
    if dry_run:
        return result
    if earlier is not None and not result.sizes:  # nothing to embed: the file stays, to the byte
        result.recordings = result.kept = len(result.plan)
        result.windows = sum(entry["windows"] for entry in earlier.recordings.values())
        result.hours = sum(entry["seconds"] for entry in earlier.recordings.values()) / 3600
        result.seconds = time.perf_counter() - began
        return result

    encoder = Encoder(loaded)

    def compute(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return encoder(values), features_of(values, spec.rate_hz, modality, features)

    def opened(source: Source) -> Recording:
        return open_recording(source, reading)

    table_schema = schema(encoder.dimension, len(settings.feature_names), settings, modality)
    new = [source for source in folder.sources if result.plan[source.recording] == "embed"]
    streams = embed_recordings(new, opened, spec, compute, batch, workers)
    made: dict[str, Any] = {}
    with closing(streams), interrupt_flag() as interrupted, suppress(_Unchanged):
        with open_sink(target, form, table_schema) as sink:
            for source in folder.sources:
                name = source.recording
                if earlier is not None and result.plan[name] == "keep":
                    made[name] = _copy(earlier, name, sink, table_schema)
                    result.kept += 1
                elif not result.interrupted:
                    entry = _consume(next(streams), target, sink, table_schema, result, watcher, interrupted)
                    if entry is not None:
                        made[name] = entry | {"fingerprint": marks.get(name)}
                if name in made:
                    made[name]["row"] = result.windows
                    result.recordings += 1
                    result.windows += made[name]["windows"]
                    result.hours += made[name]["seconds"] / 3600
            if not made:
                result.output = ""
                raise _Unchanged
            if earlier is not None and made == earlier.recordings:
                raise _Unchanged
            sink.close(made)
    result.seconds = time.perf_counter() - began
    return result


def _format(target: Path | None, form: Format | None) -> Format:
    """The output's format, by --format, else by its suffix; Arrow on stdout."""
    if target is None:
        return form or "arrow"
    told = SUFFIXES.get(target.suffix.lower())
    if form is None and told is None:
        raise UsageError(f"{target}: the suffix tells no format: use {', '.join(SUFFIXES)}, or --format")
    if form is not None and told not in (None, form):
        raise UsageError(f"{target}: the suffix says {told}, --format {form}: change one of them")
    return form or told or "parquet"


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
    if not (0 < window < np.inf and 0 < stride < np.inf):
        raise UsageError("--window and --stride are seconds above 0")
    return WindowSpec(config.rate_hz, window, stride, missing)


def _settings(
    model: Model, spec: WindowSpec, folder: Folder, arguments: EmbedArguments, features: FeatureSet | None
) -> TableMetadata:
    """What this run's rows depend on, and where the labels are."""
    return TableMetadata(
        __version__,
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
    )


def _fingerprints(sources: Sequence[Source], workers: int) -> dict[str, str]:
    """Each recording's fingerprint; an unreadable one has none, and fails where it is read."""

    def mark(source: Source) -> str:
        try:
            return fingerprint(source)
        except OSError:
            return ""

    with ThreadPoolExecutor(workers) as pool:
        return dict(zip((s.recording for s in sources), pool.map(mark, sources), strict=True))


def _plan(
    sources: Sequence[Source], marks: dict[str, str], earlier: Earlier | None, result: EmbedResult
) -> None:
    for source in sources:
        name = source.recording
        known = earlier.recordings.get(name) if earlier else None
        result.plan[name] = "keep" if known and known["fingerprint"] == marks[name] else "embed"
        if result.plan[name] == "embed":
            result.sizes[name] = sum(map(size_of, files_behind(source)))


def _copy(earlier: Earlier, name: str, sink: Sink, table_schema: pa.Schema) -> dict[str, Any]:
    """Write a recording's rows as an earlier run made them."""
    for part in earlier.rows(name):
        sink.write(part.replace_schema_metadata(table_schema.metadata))
    return dict(earlier.recordings[name])


def _consume(
    stream: Stream,
    target: Path | None,
    sink: Sink,
    table_schema: pa.Schema,
    result: EmbedResult,
    watcher: Watcher,
    interrupted: threading.Event,
) -> dict[str, Any] | None:
    """Write a recording's rows once all of them came; None if it failed or was interrupted: then none is."""
    count = 0
    # A recording may turn out broken at its last byte: until then its rows wait, the many of a long one
    # in a file that has no name.
    with held(None if target is None else target.parent) as waiting:
        with pa.ipc.new_stream(waiting, table_schema.remove_metadata()) as writer:
            for batch in stream.batches(interrupted):
                writer.write_batch(batch)
                count += batch.num_rows
                watcher.advanced(stream.source, batch.num_rows, _share(stream, batch))
        if interrupted.is_set():
            # What is complete is kept, so that the next run does the rest.
            result.interrupted = True
            return None
        if stream.error is not None:
            result.failed.append({"recording": stream.source.recording, "error": str(stream.error)})
            watcher.finished(stream)
            return None
        waiting.seek(0)
        for batch in pa.ipc.open_stream(waiting):
            sink.write(pa.Table.from_batches([batch]).replace_schema_metadata(table_schema.metadata))
    result.embedded += 1
    result.windows_embedded += count
    result.windows_dropped += stream.findings.dropped
    if said := stream.warnings():
        result.warnings[stream.source.recording] = said
    watcher.finished(stream)
    return {"windows": count, "seconds": stream.findings.seconds}


def _share(stream: Stream, batch: pa.RecordBatch) -> float:
    """About how much of a recording is done after this batch."""
    if stream.recording is None or not stream.recording.duration_s:
        return 0.0
    return min(1.0, batch.column("onset")[-1].as_py() / stream.recording.duration_s)


class _Unchanged(Exception):
    """Not one recording came through, or every row is as it was: no file is written."""
