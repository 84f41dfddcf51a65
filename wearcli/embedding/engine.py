"""The embedding job over many recordings, on the cores of one machine.

Each recording is read and resampled on a thread of its own; its batches are embedded on a pool of threads as
they come; the order of the recordings and of their windows is kept. NumPy, pyarrow and onnxruntime leave the
interpreter's lock while they work, so threads fill the cores without copies.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, Full, Queue
from typing import TypeAlias

import pyarrow as pa

from wearcli.embedding.job import EmbedJob
from wearcli.errors import InputError, WearcliError, blamed_on, unreadable, without_frames
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.signals.windows import Findings
from wearcli.words import counted

AHEAD = 4  # batches of one recording that may wait: bounds the memory, however long the recording
POLL_S = 0.2
_Item: TypeAlias = "Future[pa.RecordBatch] | WearcliError | None"


@dataclass
class ThreadStream:
    """One recording on its way: its batches, then its end or its error; a `stream.Stream`.

    Attributes:
        source: The recording's place and names.
        queue: Its batches, as they are embedded; at its end what went wrong with it, None where nothing did.
        recording: The opened recording, None until it is open.
        findings: What cutting it into windows came upon; complete at its end.
        error: Why it could not be read to its end.
    """

    source: Source
    queue: "Queue[_Item]" = field(default_factory=lambda: Queue(maxsize=AHEAD))
    recording: Recording | None = None
    findings: Findings = field(default_factory=Findings)
    error: WearcliError | None = None

    @property
    def unit_how(self) -> str | None:
        """The file's own unit and how it is known; None until the recording is open."""
        return None if self.recording is None else self.recording.unit_how

    def warnings(self) -> list[str]:
        """Return what a user should know about the recording, a line each."""
        spoiled = [
            f"{counted(count, 'window')} without a row: {why}" for why, count in self.findings.spoiled.items()
        ]
        return [*(self.recording.warnings if self.recording else []), *self.findings.warnings, *spoiled]

    def batches(self, interrupted: threading.Event) -> Iterator[pa.RecordBatch]:
        """Yield the rows in time order; after the last one, `error` says whether all came.

        Args:
            interrupted: Ends the rows early once it is set, also while no batch comes.
        """
        count = 0
        while not interrupted.is_set():
            try:
                item = self.queue.get(timeout=POLL_S)
            except Empty:
                continue
            if not isinstance(item, Future):
                self.error = item or self._without_rows(count)
                return
            try:
                with blamed_on(self.source.path):
                    batch = item.result()
            except WearcliError as error:
                self.error = without_frames(error)  # its reader stops at this
                _drain(self)
                return
            count += batch.num_rows
            if batch.num_rows:
                yield batch

    def _without_rows(self, count: int) -> WearcliError | None:
        """The error of a recording that has windows, but no row of any of them."""
        if count or not self.findings.spoiled:
            return None
        (why, _), *_ = self.findings.spoiled.most_common(1)
        return InputError(
            f"{self.source.path}: no window has a row: {why}: take another model, or leave it out"
        )

    def share_done(self, batch: pa.RecordBatch) -> float:
        """Return about how much of the recording is done after a batch; 0 where that cannot be told."""
        if self.recording is None or not self.recording.duration_s:
            return 0.0
        return min(1.0, float(batch.column("onset")[-1].as_py()) / self.recording.duration_s)


def embed_recordings(
    sources: Sequence[Source], job: EmbedJob, workers: int
) -> Generator[ThreadStream, None, None]:
    """Yield one stream a recording, in order; its batches must be consumed before the next one is asked for.

    Args:
        sources: The recordings.
        job: What is done to each.
        workers: Threads that embed, and recordings that are read at once.
    """
    stop = threading.Event()

    def put(stream: ThreadStream, item: _Item) -> None:
        while not stop.is_set() and stream.error is None:
            try:
                return stream.queue.put(item, timeout=POLL_S)
            except Full:
                continue
        raise _Stopped

    def read(stream: ThreadStream) -> None:
        failure: WearcliError | None = None
        try:
            try:
                with blamed_on(stream.source.path):
                    recording = stream.recording = job.open(stream.source)
                    recording.stream = until(stop, recording.stream)
                    for windows in job.windows(recording, stream.findings):
                        put(stream, pool.submit(job.rows, recording, windows, stream.findings))
            except WearcliError as error:
                failure = without_frames(error)
            except SystemExit as error:  # a library's: it ends a thread, and nobody would know
                failure = without_frames(unreadable(stream.source.path, error))
            put(stream, failure)
        except _Stopped:
            return

    with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(workers) as readers:
        waiting, reading = deque(sources), deque[ThreadStream]()
        try:
            while waiting or reading:
                while waiting and len(reading) < max(workers, 1):
                    stream = ThreadStream(waiting.popleft())
                    reading.append(stream)
                    readers.submit(read, stream)
                yield reading[0]
                reading.popleft()
        finally:
            stop.set()
            for stream in reading:  # wake nothing up for results that nobody takes
                _drain(stream)


def until(stop: threading.Event, chunks: Callable[[], Iterator[Chunk]]) -> Callable[[], Iterator[Chunk]]:
    """Return the chunks until `stop` is set: reading may go on for minutes without a window."""

    def checked() -> Iterator[Chunk]:
        for chunk in chunks():
            if stop.is_set():
                raise _Stopped
            yield chunk

    return checked


def _drain(stream: ThreadStream) -> None:
    """Cancel the batches of a stream that nobody takes."""
    try:
        while isinstance(item := stream.queue.get_nowait(), Future):
            item.cancel()
    except Empty:
        return


class _Stopped(GeneratorExit):
    """The consumer has gone."""
