"""`embed`: recordings in, the embeddings table out."""

import os
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

import wearcli
from wearcli.embedding.encoder import Encoder
from wearcli.embedding.reuse import Earlier, fingerprint, open_earlier
from wearcli.embedding.stream import Stream, embed_recordings
from wearcli.embedding.table import Format, Sink, open_sink, schema
from wearcli.errors import UsageError, WearcliError
from wearcli.files import check_output, size_of
from wearcli.interrupts import interrupt_flag
from wearcli.models.folder import DEFAULT_MODEL, Model, load_model
from wearcli.recordings.discovery import Folder, find_recordings
from wearcli.recordings.open import open_recording
from wearcli.recordings.recording import Recording, Source
from wearcli.signals.features import FEATURE_NAMES, features
from wearcli.signals.windows import MAX_MISSING, WindowSpec

DEFAULT_OUTPUT = Path("embeddings.parquet")
BATCH = 128
HELD_BYTES = 64 * 2**20


@dataclass
class EmbedResult:
    """What a run did; `to_json` has the keys that others rely on.

    plan: each recording and what becomes of it: "embed" or "keep". sizes: bytes of those to embed.
    """

    model: str
    output: str
    recordings: int = 0
    windows: int = 0
    hours: float = 0.0
    seconds: float = 0.0
    embedded: int = 0  # recordings embedded now
    kept: int = 0  # recordings whose rows are as an earlier run made them
    windows_embedded: int = 0
    windows_dropped: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    plan: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    participant_rule: str = ""
    notes: list[str] = field(default_factory=list)
    interrupted: bool = False

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: windows_per_s counts the windows embedded now."""
        return {
            "recordings": self.recordings,
            "failed": self.failed,
            "windows": self.windows,
            "hours": round(self.hours, 4),
            "seconds": round(self.seconds, 3),
            "windows_per_s": round(self.windows_embedded / self.seconds, 1) if self.seconds else 0.0,
            "model": self.model,
            "output": self.output,
            "embedded": self.embedded,
            "kept": self.kept,
            "windows_dropped": self.windows_dropped,
            "participant_rule": self.participant_rule,
            "notes": self.notes,
        }


@dataclass
class Watcher:
    """What a caller may watch: the plan before the work, each batch's windows, each recording's end.

    advanced: windows of this batch, and the share of the recording that is done (0 where it cannot be told).
    """

    planned: Callable[[EmbedResult], None] = lambda result: None
    advanced: Callable[[Source, int, float], None] = lambda source, windows, share: None
    finished: Callable[[Source, Recording | None, WearcliError | None], None] = lambda *_: None


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
    reading: dict[str, Any] | None = None,
    watcher: Watcher | None = None,
) -> EmbedResult:
    """Embed every recording found in `paths`.

    Args:
        output: the table's file; None streams to stdout. A Parquet file of an earlier run with the same
            model and settings is brought up to date: only new and changed recordings are embedded.
        form: parquet, arrow or jsonl; by default told from the output's suffix.
        window_s, stride_s: seconds; by default the model's window, and a stride of one window.
        reading: how to read the files where they do not tell: see `recordings.open.open_recording`.

    Raises:
        UsageError: nothing to read, an output that is there and cannot be brought up to date, a window
            that the model does not take.
    """
    began = time.perf_counter()
    watcher = watcher or Watcher()
    reading = reading or {}
    target = None if output is None else Path(output)
    form = form or ("arrow" if target is None else _format_of(target))
    loaded = load_model(model)
    spec = _window_spec(loaded, window_s, stride_s, max_missing)
    folder = find_recordings(
        [Path(path) for path in paths],
        participant_from=participant_from,
        modality=loaded.config.get("modality", "acc"),
    )
    settings = _settings(loaded, spec, folder, [str(path) for path in paths], reading)
    result = EmbedResult(f"{loaded.name}", "-" if target is None else str(target))
    result.participant_rule, result.notes = folder.rule, list(folder.problems)
    earlier = None
    if target is not None and not overwrite:
        if form == "parquet":
            earlier = open_earlier(target, settings, {source.recording for source in folder.sources})
        else:
            check_output(target, overwrite)
    marks = _plan(folder.sources, earlier, result, hashed=form == "parquet" and target is not None)
    watcher.planned(result)
    if dry_run:
        return result
    if earlier is not None and "embed" not in result.plan.values():
        _count_kept(earlier, result)  # nothing is new: the file stays as it is, to the byte
        result.seconds = time.perf_counter() - began
        return result

    encoder = Encoder(loaded)
    workers = workers or os.cpu_count() or 1
    rate = spec.rate_hz

    def compute(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return encoder(values), features(values, rate)

    def opened(source: Source) -> Recording:
        return open_recording(source, modality=loaded.config.get("modality", "acc"), **reading)

    table_schema = schema(encoder.dimension, len(FEATURE_NAMES), settings)
    new = [source for source in folder.sources if result.plan[source.recording] == "embed"]
    streams = embed_recordings(new, opened, spec, compute, batch, workers)
    made: dict[str, Any] = {}
    with closing(streams), interrupt_flag() as interrupted, suppress(_Nothing):
        with open_sink(target, form, table_schema) as sink:
            for source in folder.sources:
                name = source.recording
                if earlier is not None and result.plan[name] == "keep":
                    made[name] = _copy(earlier, name, sink, table_schema)
                    result.kept += 1
                elif not result.interrupted:
                    entry = _consume(next(streams), sink, table_schema, result, watcher, interrupted)
                    if entry is not None:
                        made[name] = entry | {"fingerprint": marks.get(name)}
                if name in made:
                    made[name]["row"] = result.windows
                    result.recordings += 1
                    result.windows += made[name]["windows"]
                    result.hours += made[name]["seconds"] / 3600
            if not made:
                result.output = ""
                raise _Nothing
            sink.close(made)
    result.seconds = time.perf_counter() - began
    return result


def _window_spec(model: Model, window_s: float | None, stride_s: float | None, missing: float) -> WindowSpec:
    """The model's own window; another length only where the model says that it takes any."""
    config = model.config
    own = float(config["window_s"])
    if window_s is not None and window_s != own and not config.get("any_length", False):
        raise UsageError(
            f"model {model.name} takes windows of {own:g} s: leave --window out, or use --stride"
        )
    spec = WindowSpec(float(config["rate_hz"]), window_s or own, stride_s or window_s or own, missing)
    if spec.window_s <= 0 or spec.stride_s <= 0:
        raise UsageError("--window and --stride are seconds above 0")
    return spec


def _settings(
    model: Model, spec: WindowSpec, folder: Folder, paths: list[str], reading: dict[str, Any]
) -> dict[str, Any]:
    """The document in the table's metadata: all that its rows depend on, and where the labels are."""
    return {
        "version": wearcli.__version__,
        "model": {"name": model.name, "sha256": model.config["sha256"]},
        "rate_hz": spec.rate_hz,
        "window_s": spec.window_s,
        "stride_s": spec.stride_s,
        "unit": model.config["unit"],
        "feature_names": list(FEATURE_NAMES),
        "sidecars": {kind: [str(path) for path in files] for kind, files in folder.sidecars.items()},
        "arguments": {"paths": paths, "max_missing": spec.max_missing, **reading},
    }


def _format_of(path: Path) -> Format:
    forms: dict[str, Format] = {
        ".parquet": "parquet",
        ".arrow": "arrow",
        ".arrows": "arrow",
        ".jsonl": "jsonl",
    }
    if path.suffix.lower() not in forms:
        raise UsageError(f"{path}: the suffix tells no format: use .parquet, .arrow or .jsonl, or --format")
    return forms[path.suffix.lower()]


def _plan(
    sources: Sequence[Source], earlier: Earlier | None, result: EmbedResult, hashed: bool
) -> dict[str, str]:
    """Fill `result.plan` and `sizes`; returns the fingerprints where the output will hold them."""
    marks: dict[str, str] = {}
    for source in sources:
        name = source.recording
        if hashed:
            marks[name] = fingerprint(source)
        known = earlier.recordings.get(name) if earlier else None
        result.plan[name] = "keep" if known and known["fingerprint"] == marks[name] else "embed"
        if result.plan[name] == "embed":
            result.sizes[name] = size_of(source.path)
    return marks


def _count_kept(earlier: Earlier, result: EmbedResult) -> None:
    result.recordings = result.kept = len(result.plan)
    result.windows = sum(entry["windows"] for entry in earlier.recordings.values())
    result.hours = sum(entry["seconds"] for entry in earlier.recordings.values()) / 3600


def _copy(earlier: Earlier, name: str, sink: Sink, table_schema: pa.Schema) -> dict[str, Any]:
    """Write a recording's rows as an earlier run made them."""
    for part in earlier.rows(name):
        sink.write(part.replace_schema_metadata(table_schema.metadata))
    return dict(earlier.recordings[name])


def _consume(
    stream: Stream,
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
    with tempfile.SpooledTemporaryFile(HELD_BYTES) as held:
        with pa.ipc.new_stream(held, table_schema.remove_metadata()) as writer:
            for batch in stream.batches():
                if interrupted.is_set():
                    # What is complete is kept, so that the next run does the rest.
                    result.interrupted = True
                    return None
                writer.write_batch(batch)
                count += batch.num_rows
                watcher.advanced(stream.source, batch.num_rows, _share(stream, batch))
        if stream.error is not None:
            result.failed.append({"recording": stream.source.recording, "error": str(stream.error)})
            watcher.finished(stream.source, stream.recording, stream.error)
            return None
        held.seek(0)
        for batch in pa.ipc.open_stream(held):
            sink.write(pa.Table.from_batches([batch]).replace_schema_metadata(table_schema.metadata))
    result.embedded += 1
    result.windows_embedded += count
    result.windows_dropped += stream.findings.dropped
    watcher.finished(stream.source, stream.recording, None)
    return {"windows": count, "seconds": stream.findings.seconds}


def _share(stream: Stream, batch: pa.RecordBatch) -> float:
    """About how much of a recording is done after this batch."""
    if stream.recording is None or not stream.recording.duration_s:
        return 0.0
    return min(1.0, batch.column("onset")[-1].as_py() / stream.recording.duration_s)


class _Nothing(Exception):
    """Not one recording came through: no output is written."""
