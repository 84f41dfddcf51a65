"""What every reader returns: one signal of one recording, as a stream of chunks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.modality import Modality
from wearcli.recordings.reading import Reading


class Chunk(NamedTuple):
    """Consecutive samples as the file has them, stamps included.

    Attributes:
        time: (samples,) float64, seconds from the recording's first stamp. It may have gaps, duplicates and
            steps back: `wearcli.signals.clock` mends them.
        values: (samples, channels) float32, in the unit of the recording; a missing value is NaN.
    """

    time: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Source:
    """A recording on disk that is not read yet.

    Attributes:
        recording: Its name, one of a kind in its study.
        path: Its file (of a WFDB record the header), or its folder.
        format: Name of its format in `recordings.formats.registry.FORMATS`.
        participant: The person.
        placement: Where the sensor was worn, where recordings.csv tells it.
        rate_hz: Rate that recordings.csv gives, Hz.
        start: Start that recordings.csv gives, without a zone where it gives none.
        root: Folder of its study; None for the folder that it lies in.
        participant_how: How the participant is known, in words.
        reading: How recordings.csv says that this file is read; it counts more than what is given for all.
    """

    recording: str
    path: Path
    format: str
    participant: str
    placement: str | None = None
    rate_hz: float | None = None
    start: datetime | None = None
    root: Path | None = None
    participant_how: str = ""
    reading: Reading | None = None

    @property
    def dataset(self) -> str:
        """Name of the study that the recording belongs to: that of its root."""
        return (self.root or self.path.absolute().parent).name


@dataclass
class Span:
    """How long the device recorded, which may be longer than its samples last.

    Attributes:
        seconds: From the first sample to the end of the recording, s; None where the samples tell it.
    """

    seconds: float | None = None


@dataclass
class Recording:
    """An opened recording: facts of its head, and `chunks()` to stream its samples.

    Attributes:
        source: Which recording it is.
        modality: The signal.
        channels: Names of the channels.
        rate_hz: Rate measured from the stamps, Hz; the nominal one where a file has no stamps.
        rate_nominal_hz: Rate that the user or the file gives, Hz.
        unit: Unit of the values after conversion: g, deg/s, or raw (as the file has them).
        unit_how: The file's own unit, and after ", " how it is known.
        start: Time of the first sample, UTC; None where nothing tells it.
        stream: Reads the samples from their beginning.
        range_limit: Measuring range of the device in `unit`, where the file tells it.
        duration_s: Duration as far as the head tells it, about, s.
        warnings: What a user should know, one line each; streaming may add to it.
        provenance: How the file was read.
        span: How long the device recorded; known once all samples have been streamed.
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
    span: Span = field(default_factory=Span)

    def chunks(self) -> Iterator[Chunk]:
        """Read the whole recording from its beginning, in bounded memory."""
        return self.stream()
