"""Rows into the table, recording by recording: each whole or not at all."""

import threading
from dataclasses import replace
from pathlib import Path

import pyarrow as pa

from wearcli.embedding.engine import Stream
from wearcli.embedding.result import EmbedResult, Watcher
from wearcli.embedding.reuse import EarlierTable, RecordingRows
from wearcli.embedding.sinks import Sink
from wearcli.embedding.table import Extent
from wearcli.files import held


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

    def keep(self, earlier: EarlierTable | None, name: str) -> None:
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
        result = self._result
        self.recordings[name] = replace(entry, row=result.windows)
        result.recordings += 1
        result.windows += entry.windows
        result.hours += entry.seconds / 3600
        if entry.span_s is not None:
            result.extents[name] = Extent(entry.span_s, entry.seconds)
