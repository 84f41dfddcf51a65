"""What every reader returns: one signal of one recording, as a stream of chunks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.modality import Modality


class Chunk(NamedTuple):
    """Consecutive samples as the file has them, stamps included.

    time: (samples,) float64, seconds from the recording's first stamp; may hold gaps, duplicates and
        steps back: `wearcli.signals.clock` mends them.
    values: (samples, channels) float32, in the recording's unit (g for acceleration).
    """

    time: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Source:
    """A recording that was found, not yet read."""

    recording: str
    path: Path  # a file (of a WFDB record the header), or the folder of an Empatica E4 export
    format: str  # csv, parquet, npz, e4, cwa, bin, gt3x, edf, wfdb
    participant: str
    placement: str | None = None
    rate_hz: float | None = None  # said by recordings.csv or --rate-hz
    start: datetime | None = None  # said by recordings.csv, UTC
    root: Path | None = None  # of the study that it was found in; None: the folder it lies in

    @property
    def dataset(self) -> str:
        """The name of the study that the recording belongs to: that of its root."""
        return (self.root or self.path.absolute().parent).name


@dataclass
class Recording:
    """An opened recording: facts found in its head, and `chunks()` to stream the rest.

    rate_hz: measured from the stamps (the nominal one where a file has no stamps).
    unit: after conversion, "g" for acceleration and "raw" for other signals; `unit_how` says what the
        file's own unit was, and after ", " how that was known.
    duration_s: about, as far as the head tells; for a progress display only.
    range_limit: the device's measuring range in `unit` where the file tells it, else None.
    """

    source: Source
    modality: Modality
    channels: tuple[str, ...]
    rate_hz: float
    rate_nominal_hz: float | None
    unit: str
    unit_how: str
    start: datetime | None
    stream: Callable[[], Iterator[Chunk]]
    range_limit: float | None = None
    duration_s: float | None = None
    warnings: list[str] = field(default_factory=list)
    provenance: dict[str, object] = field(default_factory=dict)

    def chunks(self) -> Iterator[Chunk]:
        """Read the whole recording from its beginning, in bounded memory."""
        return self.stream()
