"""Rows into the table, recording by recording: each whole or not at all."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa

from wearcli.embedding.recording_rows import RecordingRows
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import EarlierRows, EmbedPlan
from wearcli.embedding.sinks import Format, Sink, open_sink
from wearcli.embedding.stream import Stream
from wearcli.embedding.table import Extent
from wearcli.files import held
from wearcli.recordings.recording import Source


class TableOutput(NamedTuple):
    """Where a table is written, None for stdout; its format; its columns and metadata."""

    target: Path | None
    form: Format
    schema: pa.Schema


def note_kept(recordings: Mapping[str, RecordingRows], result: EmbedResult) -> None:
    """Count in the result the recordings of a table that stays as it is."""
    for name, entry in recordings.items():
        result.kept += 1
        note_rows(name, entry, result)


def note_rows(name: str, entry: RecordingRows, result: EmbedResult) -> None:
    """Count in the result one recording that is in the table."""
    result.recordings += 1
    result.windows += entry.windows
    result.hours += entry.seconds / 3600
    if entry.span_s is not None:
        result.extents[name] = Extent(entry.span_s, entry.seconds)


def write_table(
    sources: Sequence[Source],
    streams: Iterator[Stream],
    plan: EmbedPlan,
    output: TableOutput,
    result: EmbedResult,
    watcher: Watcher,
    interrupted: threading.Event,
) -> dict[str, RecordingRows]:
    """Do what the plan says, and write the table, whole or not at all.

    Args:
        sources: The recordings of the table, in order.
        streams: Streams of those to embed, in the same order.
        plan: What becomes of each.
        output: Where it is written.
        result: Gets what was done.
        watcher: Called as the work goes on.
        interrupted: Ends the work early: what is complete by then is written, so that the next run does the
            rest; a table that was to be replaced as a whole stays as it was.

    Returns:
        What the table notes of each recording in it; nothing where no table is written.
    """
    target = output.target
    with suppress(_Unchanged), open_sink(*output) as sink:
        writer = TableWriter(sink, output.schema, None if target is None else target.parent, result, watcher)
        for source in sources:
            name = source.recording
            if plan.actions[name] == "embed" and not result.interrupted:
                writer.embed(next(streams), plan.fingerprints.get(name), interrupted)
            # Rows of a changed recording stay as they were, where the run ends before it is reached.
            if plan.actions[name] == "keep" or (result.interrupted and name not in writer.recordings):
                writer.keep(plan.earlier, name)
        replaces = target is not None and plan.earlier is None and target.exists()
        if not writer.recordings or (result.interrupted and replaces):
            writer.recordings = {}
            raise _Unchanged
        same = plan.earlier is not None and writer.recordings == plan.earlier.recordings
        if same and plan.sizes and target is not None and target.exists():
            raise _Unchanged
        sink.close({name: entry.to_json() for name, entry in writer.recordings.items()})
    return writer.recordings


class _Unchanged(Exception):
    """No file is written: no recording came through, every row is as it was, or an overwrite broke off."""


class TableWriter:
    """Writes the rows of recordings into a sink, and counts them in the result.

    Attributes:
        recordings: What the table notes of each recording that is in it.
    """

    def __init__(
        self, sink: Sink, table_schema: pa.Schema, folder: Path | None, result: EmbedResult, watcher: Watcher
    ) -> None:
        self._sink, self._schema, self._folder = sink, table_schema, folder
        self._result, self._watcher = result, watcher
        self.recordings: dict[str, RecordingRows] = {}
        self._rows = 0

    def keep(self, earlier: EarlierRows | None, name: str) -> None:
        """Write the rows of a recording as an earlier run made them, if it did."""
        if earlier is None or name not in earlier.recordings:
            return
        for part in earlier.rows(name):
            self._write(part)
        entry = earlier.recordings[name]
        self._result.kept += 1
        self._note(name, entry)

    def embed(self, stream: Stream, fingerprint: str | None, interrupted: threading.Event) -> None:
        """Write the rows of a recording once all of them came; none where it failed or was interrupted."""
        result, source, count = self._result, stream.source, 0
        # A recording may turn out broken at its last byte: until then its rows wait, the many of a long one
        # in a file that has no name.
        with held(self._folder) as waiting:
            with pa.ipc.new_stream(waiting, self._schema.remove_metadata()) as writer:
                for batch in stream.batches(interrupted):
                    writer.write_batch(batch)
                    count += batch.num_rows
                    self._watcher.advanced(source, batch.num_rows, stream.share_done(batch))
            if interrupted.is_set():
                result.interrupted = True  # what is complete is kept, so that the next run does the rest
                return
            if stream.error is not None:
                result.failed.append({"recording": source.recording, "error": str(stream.error)})
                self._watcher.finished(stream)
                return
            waiting.seek(0)
            for batch in pa.ipc.open_stream(waiting):
                self._write(pa.Table.from_batches([batch]))
        result.embedded += 1
        result.windows_embedded += count
        result.windows_dropped += stream.findings.dropped + stream.findings.spoiled.total()
        if warnings := stream.warnings():
            result.warnings[source.recording] = warnings
        self._watcher.finished(stream)
        counts = stream.findings
        self._note(
            source.recording, RecordingRows(count, counts.seconds, fingerprint, span_s=counts.span_s or None)
        )

    def _write(self, rows: pa.Table) -> None:
        self._sink.write(rows.replace_schema_metadata(self._schema.metadata))

    def _note(self, name: str, entry: RecordingRows) -> None:
        self.recordings[name] = replace(entry, row=self._rows)
        self._rows += entry.windows
        note_rows(name, entry, self._result)
