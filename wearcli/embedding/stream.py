"""Recordings to batches of the embeddings table: read ahead, computed on all cores, in order.

Each recording is read and resampled on a thread of its own; its batches are embedded on a pool of threads
as they come; what is yielded keeps the order of the recordings and of their windows. NumPy, pyarrow and
onnxruntime leave the interpreter's lock while they work, so threads fill the cores without copies.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from queue import Empty, Full, Queue

import numpy as np
import pyarrow as pa

from wearcli.embedding.table import rows
from wearcli.errors import WearcliError, unreadable
from wearcli.recordings.formats.registry import FORMATS
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.signals.windows import Findings, Windows, WindowSpec, iter_windows

AHEAD = 4  # batches of one recording that may wait: bounds the memory, however long the recording
POLL_S = 0.2
Embed = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


@dataclass
class Stream:
    """One recording on its way: its batches, then its end or its error."""

    source: Source
    queue: "Queue[Future[pa.RecordBatch] | None]" = field(default_factory=lambda: Queue(maxsize=AHEAD))
    recording: Recording | None = None
    findings: Findings = field(default_factory=Findings)
    error: WearcliError | None = None

    def warnings(self) -> list[str]:
        """What was found on the way that a user should know."""
        return [*(self.recording.warnings if self.recording else []), *self.findings.warnings]

    def batches(self, interrupted: threading.Event) -> Iterator[pa.RecordBatch]:
        """The recording's rows in time order; when they end, `error` says whether all came.

        Ends early once `interrupted` is set, also while no batch comes.
        """
        while not interrupted.is_set():
            try:
                future = self.queue.get(timeout=POLL_S)
            except Empty:
                continue
            if future is None:
                return
            yield future.result()


def embed_recordings(
    sources: Sequence[Source],
    open_recording: Callable[[Source], Recording],
    spec: WindowSpec,
    embed: Embed,
    batch: int,
    workers: int,
) -> Generator[Stream]:
    """Yields one Stream a source, in order; its batches must be consumed before the next one is asked for.

    Args:
        embed: (windows, samples, channels) -> embeddings (windows, D), features (windows, F).
        workers: threads that embed, and recordings that are read at once.
    """
    stop = threading.Event()

    def compute(recording: Recording, windows: Windows) -> pa.RecordBatch:
        embedding, features = embed(windows.values)
        return rows(recording, windows, spec.samples / spec.rate_hz, embedding, features)

    def put(stream: Stream, item: "Future[pa.RecordBatch] | None") -> None:
        while not stop.is_set():
            try:
                return stream.queue.put(item, timeout=POLL_S)
            except Full:
                continue
        raise _Stopped

    def read(stream: Stream) -> None:
        try:
            try:
                stream.recording = open_recording(stream.source)
                stream.recording.stream = until(stop, stream.recording.stream)
                for windows in iter_windows(stream.recording, spec, batch, stream.findings):
                    put(stream, pool.submit(compute, stream.recording, windows))
            except WearcliError as error:
                stream.error = error
            except _Stopped:
                raise
            except Exception as error:
                # Whatever a broken file makes a library raise: the file is named, the rest goes on.
                stream.error = unreadable(stream.source.path, error)
            put(stream, None)
        except _Stopped:
            return

    with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(workers) as readers:
        waiting, reading = deque(sources), deque[Stream]()
        try:
            while waiting or reading:
                while waiting and _may_start(waiting[0], reading, workers):
                    stream = Stream(waiting.popleft())
                    reading.append(stream)
                    readers.submit(read, stream)
                yield reading[0]
                reading.popleft()
        finally:
            stop.set()
            for stream in reading:  # wake nothing up for results that nobody takes
                _drain(stream)


def until(stop: threading.Event, chunks: Callable[[], Iterator[Chunk]]) -> Callable[[], Iterator[Chunk]]:
    """The chunks, until `stop` is set: reading may go on for minutes without a window."""

    def checked() -> Iterator[Chunk]:
        for chunk in chunks():
            if stop.is_set():
                raise _Stopped
            yield chunk

    return checked


def _may_start(source: Source, reading: "deque[Stream]", workers: int) -> bool:
    if not reading:
        return True
    whole = [s for s in [source, *(stream.source for stream in reading)] if FORMATS[s.format].whole_file]
    return len(reading) < workers and not whole


def _drain(stream: Stream) -> None:
    try:
        while (future := stream.queue.get_nowait()) is not None:
            future.cancel()
    except Empty:
        return


class _Stopped(Exception):
    """The consumer has gone."""
