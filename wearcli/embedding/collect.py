"""`collect`: a folder of parts to the one table that a run on one machine would have written."""

import time
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from wearcli.embedding.manifest import open_parts
from wearcli.embedding.parts import part_batches
from wearcli.embedding.result import EmbedResult
from wearcli.embedding.sinks import Format, open_sink, table_format
from wearcli.embedding.table import parts_schema
from wearcli.embedding.writing import note_kept
from wearcli.files import reserved

_ROWS = 1024  # at once


def collect(
    folder: Path | str,
    output: Path | str | None = Path("embeddings.parquet"),
    *,
    form: Format | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
) -> EmbedResult:
    """Join the shards of a study: rows and order are those of a run on one machine, to the byte.

    Args:
        folder: The folder that `embed` wrote the shards into.
        output: The table's file; None streams to stdout.
        form: Format of the table: parquet, arrow or jsonl; None takes it from the suffix of `output`.
        overwrite: Replace the table that is there.
        dry_run: Only check that all shards are there and belong together.

    Returns:
        What is in the table, and what failed in any shard.

    Raises:
        UsageError: The output is there already.
        InputError: Shards are missing or do not belong together, or a part is damaged.
    """
    began = time.perf_counter()
    folder, target = Path(folder), None if output is None else Path(output)
    form = table_format(target, form)
    with reserved(None if dry_run else target, overwrite):
        table = open_parts(folder)
        schema = parts_schema(table, folder)
        name = table.metadata.model.name or ""
        result = EmbedResult(name, "-" if target is None else str(target))
        result.participant_doubt = table.metadata.participant_doubt or ""
        result.failed = list(table.failed)
        result.plan = dict.fromkeys(table.metadata.recordings_planned, "keep")
        recordings, row = {}, 0
        for _, part in table.parts:
            note_kept(part.recordings, result)
            for recording, entry in part.recordings.items():
                recordings[recording] = replace(entry, row=row).to_json()
                row += entry.windows
        if not dry_run:
            with open_sink(target, form, schema) as sink:
                for batch in part_batches(table, schema, _ROWS):
                    sink.write(pa.Table.from_batches([batch]))
                sink.close(recordings)
    result.seconds = time.perf_counter() - began
    return result
