"""What a runner gives of each recording: its rows as they come, then what became of it.

A runner does the one picklable job (`job.EmbedJob`) for many recordings: on threads here (`engine`), or in
other processes. What comes after it, such as the table, its reuse, shards and messages, sees streams only.
"""

import threading
from collections.abc import Generator, Iterator, Sequence
from typing import Protocol

import pyarrow as pa

from wearcli.embedding.job import EmbedJob
from wearcli.errors import WearcliError
from wearcli.recordings.recording import Source
from wearcli.signals.windows import Findings


class Stream(Protocol):
    """One recording on its way.

    Attributes:
        source: The recording's place and names.
        findings: What cutting it into windows came upon; complete at its end.
        error: Why it could not be read to its end; None where all rows came.
    """

    source: Source
    findings: Findings
    error: WearcliError | None

    @property
    def unit_how(self) -> str | None:
        """The file's own unit and how it is known; None where the recording could not be opened."""

    def warnings(self) -> list[str]:
        """Return what a user should know about the recording, a line each."""

    def batches(self, interrupted: threading.Event) -> Iterator[pa.RecordBatch]:
        """Yield the rows in time order; after the last one, `error` says whether all came.

        Args:
            interrupted: Ends the rows early once it is set, also while no batch comes.
        """

    def share_done(self, batch: pa.RecordBatch) -> float:
        """Return about how much of the recording is done after a batch; 0 where that cannot be told."""


class Runner(Protocol):
    """Does the job for many recordings."""

    def __call__(self, sources: Sequence[Source], job: EmbedJob) -> Generator[Stream, None, None]:
        """Yield one stream a recording, in the order of `sources`; closing the generator ends the work.

        The batches of a stream are consumed before the next stream is asked for.
        """
