"""What the files of Axivity, GENEActiv and ActiGraph devices share: a head, and samples apart from it.

A format parses the head of its files itself: when time begins and ends, the rate, the range. The samples are
read when they are streamed, all at once; they are handed on in slices, and let go after the last one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from wearcli.errors import InputError
from wearcli.modality import MODALITIES
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.table import HEAD_ROWS

TICK_NS = 10**9
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class DeviceHead:
    """What the head of a device file tells.

    Attributes:
        stamps_ns: Times of the first samples, at most `HEAD_ROWS`, (samples,) int64 ns since 1970.
        last_ns: Time of the last sample, about where the file does not tell it; None where nothing does.
        rate_hz: The rate that the device was set to, Hz; None where the file does not tell it.
        range_g: Greatest value of acceleration that the device measures, g; None where it does not tell.
        modalities: Signals that the device recorded.
        facts: What else the head tells of the device; nothing of the person.
    """

    stamps_ns: np.ndarray
    last_ns: int | None
    rate_hz: float | None
    range_g: float | None = None
    modalities: tuple[str, ...] = ("acc",)
    facts: Mapping[str, str] = field(default_factory=dict)


class Samples(NamedTuple):
    """All samples of a device file.

    Attributes:
        time_ns: (samples,) int64 since 1970.
        values: (samples, channels) float32, in the unit of the signal.
        warnings: What is damaged or missing, one line each.
    """

    time_ns: np.ndarray
    values: np.ndarray
    warnings: list[str]


# (file, its name for messages) -> its head; InputError or ValueError where it is damaged.
HeadReader: TypeAlias = Callable[[Path, str], DeviceHead]


class SamplesReader(Protocol):
    """Reads all samples of a signal; InputError or ValueError where the file is damaged."""

    def __call__(self, path: Path, file_name: str, modality: str) -> Samples:
        """Return the samples; file_name: the file in messages."""


def open_device(
    source: Source,
    reading: Reading,
    file_name: str,
    title: str,
    modalities: tuple[str, ...],
    read_head: HeadReader,
    read_samples: SamplesReader,
) -> Recording:
    """Return the recording of a device file, of which the head alone has been read.

    Damage and truncation become warnings while the samples are streamed.

    Args:
        source: Which file, of whom.
        reading: Which signal; the file tells the rest itself.
        file_name: The file in messages.
        title: The format in messages.
        modalities: Signals that such files may hold.
        read_head: Reads the head.
        read_samples: Reads all samples of a signal.

    Raises:
        InputError: The file holds no such signal, or its head is damaged.
    """
    modality = reading.modality
    if modality not in modalities:
        signals = " and ".join(MODALITIES[name].title for name in modalities)
        raise InputError(f"{file_name}: {title} files hold {signals} only, no {modality}")
    signal = MODALITIES[modality]
    head = _readable(read_head, source.path, file_name, title)
    if modality not in head.modalities:
        raise InputError(f"{file_name}: holds no {signal.title}: its device has no such sensor")
    first_ns = int(head.stamps_ns[0])
    measured = measure_rate((head.stamps_ns - first_ns) / TICK_NS)
    rate = measured if np.isfinite(measured) else head.rate_hz
    if rate is None:
        raise InputError(f"{file_name}: its time does not move, and it tells no rate: copy it again")
    warnings: list[str] = []

    def stream() -> Iterator[Chunk]:
        samples = _readable(partial(read_samples, modality=modality), source.path, file_name, title)
        warnings.extend(warning for warning in samples.warnings if warning not in warnings)
        yield from _chunks(samples, first_ns)

    return Recording(
        source,
        modality,
        signal.channels,
        rate,
        head.rate_hz,
        signal.unit,
        f"{signal.unit}, device format",
        datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=first_ns // 1000),
        stream,
        head.range_g if signal.clipping else None,
        None if head.last_ns is None else (head.last_ns - first_ns) / TICK_NS,
        warnings,
        {
            "format": source.format,
            "time": "device clock, no zone: taken as UTC",
            "device": dict(head.facts),
        },
    )


def _readable(read: Callable[[Path, str], _Part], path: Path, file_name: str, title: str) -> _Part:
    try:
        return read(path, file_name)
    except (ValueError, OSError) as error:
        raise not_readable(file_name, f"{title} file", error) from None


def _chunks(samples: Samples, first_ns: int) -> Iterator[Chunk]:
    for begin in range(0, len(samples.time_ns), HEAD_ROWS):
        part = slice(begin, begin + HEAD_ROWS)
        # A copy: a view would keep the whole array alive with whoever holds a chunk.
        yield Chunk((samples.time_ns[part] - first_ns) / TICK_NS, samples.values[part].copy())
