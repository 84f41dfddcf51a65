"""`embed`: recordings in, the embeddings table out."""

import os
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from wearcli.embedding.defaults import BATCH
from wearcli.embedding.engine import embed_recordings
from wearcli.embedding.prepare import prepare
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import plan_embedding
from wearcli.embedding.shards import embed_parts
from wearcli.embedding.sinks import SUFFIXES, Format, table_format
from wearcli.embedding.stream import Runner
from wearcli.embedding.writing import TableOutput, note_kept, write_table
from wearcli.errors import UsageError
from wearcli.files import reserved
from wearcli.interrupts import interrupt_flag
from wearcli.modality import FeatureSet
from wearcli.models.folder import DEFAULT_MODEL
from wearcli.recordings.reading import Reading
from wearcli.recordings.study.shards import Shard, choose_shard
from wearcli.signals.defaults import MAX_MISSING

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
    shard: Shard | str | None = None,
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
        shard: Embed these recordings of the study alone, such as 3/64; every node gets its own by itself. The
            output is then a folder of parts, see `embedding.manifest`, or an Arrow stream or JSON lines of
            these recordings.
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
    workers = workers or os.cpu_count() or 1
    runner: Runner = partial(embed_recordings, workers=workers)
    target = None if output is None else Path(output)
    shard = Shard.parse(shard) if isinstance(shard, str) else shard
    is_file = target is None or target.suffix.lower() in SUFFIXES or form in ("arrow", "jsonl")
    parts = None if shard is None or is_file else target
    form = "parquet" if parts is not None else table_format(target, form)
    if shard is not None and parts is None and form == "parquet":
        raise UsageError(f"--shard with -o {target}: give a folder for its parts, or a file .arrow or .jsonl")
    preparation = prepare(
        paths,
        model,
        stride_s=stride_s,
        window_s=window_s,
        max_missing=max_missing,
        batch=batch,
        participant_from=participant_from,
        reading=reading,
        features=features,
    )
    if shard is not None and parts is not None:
        result = embed_parts(
            preparation,
            shard,
            parts,
            runner,
            overwrite=overwrite,
            dry_run=dry_run,
            workers=workers,
            watcher=watcher,
        )
        result.seconds = time.perf_counter() - began
        return result
    job, sources = preparation.job, choose_shard(shard, preparation.folder.sources)
    planned = tuple(source.recording for source in sources)
    settings = replace(preparation.settings, recordings_planned=planned)
    updatable = form == "parquet"
    with reserved(None if dry_run else target, overwrite or updatable):
        plan = plan_embedding(
            sources, settings, target if updatable else None, overwrite=overwrite, workers=workers
        )
        result = preparation.result("-" if target is None else str(target), plan)
        watcher.planned(result)
        if dry_run:
            return result
        if plan.unchanged and plan.earlier is not None:  # the file stays, to the byte
            note_kept(plan.earlier.recordings, result)
        else:
            new = [source for source in sources if plan.actions[source.recording] == "embed"]
            place = TableOutput(target, form, job.schema(settings))
            with closing(runner(new, job)) as streams, interrupt_flag() as interrupted:
                if not write_table(sources, streams, plan, place, result, watcher, interrupted):
                    result.output = ""
    result.seconds = time.perf_counter() - began
    return result
