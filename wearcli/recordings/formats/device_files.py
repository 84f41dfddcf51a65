"""What the files of Axivity, GENEActiv and ActiGraph devices share: a head, and samples apart from it.

A format parses the head of its files: when time begins and ends, the rate, the range, the zone of the clock.
The samples come batch by batch while they are streamed, so that memory stays flat however long a file is.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple, Protocol, TypeAlias, TypeVar

import numpy as np

from wearcli.errors import InputError
from wearcli.modality import MODALITIES
from wearcli.recordings.formats.damage import not_readable
from wearcli.recordings.formats.losses import TICK_NS
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.table import HEAD_ROWS
from wearcli.recordings.tables.units import odd_rest
from wearcli.recordings.tables.zone import clock_zone

# How far the time from block to block may be from the nominal one; beyond lies a gap, or a clock set anew.
_DRIFT = 0.05
_Part = TypeVar("_Part")


@dataclass(frozen=True)
class DeviceHead:
    """What the head of a device file tells.

    Attributes:
        stamps_ns: Times of the first samples by the device's clock, at most `HEAD_ROWS`, (samples,) int64 ns
            since 1970.
        last_ns: Time of the last sample, about where the file does not tell it; None where nothing does.
        rate_hz: The rate that the device was set to, Hz; None where the file does not tell it.
        range_g: Greatest value of acceleration that the device measures, g; None where it does not tell.
        modalities: Signals that the device recorded.
        zone: Zone of the device's clock as the file writes it; None where it does not.
        facts: What else the head tells of the device; nothing of the person.
        warnings: What is odd about the head, one line each.
    """

    stamps_ns: np.ndarray
    last_ns: int | None
    rate_hz: float | None
    range_g: float | None = None
    modalities: tuple[str, ...] = ("acc",)
    zone: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


class Samples(NamedTuple):
    """Consecutive samples of a device file.

    Attributes:
        time_ns: Times by the device's clock, (samples,) int64 since 1970.
        values: (samples, channels) float32, in the unit of the signal.
    """

    time_ns: np.ndarray
    values: np.ndarray


@dataclass
class Ending:
    """What is known once all samples of a file have been streamed.

    Attributes:
        warnings: What is damaged or missing, one line each.
        last_ns: Time until which the device recorded, where that is after its last sample; else None.
    """

    warnings: list[str] = field(default_factory=list)
    last_ns: int | None = None


# (file, its name for messages) -> its head; InputError or ValueError where it is damaged.
HeadReader: TypeAlias = Callable[[Path, str], DeviceHead]


class SamplesReader(Protocol):
    """Reads the samples of a signal; InputError or ValueError where the file is damaged."""

    def __call__(self, path: Path, file_name: str, modality: str, ending: Ending) -> Iterator[Samples]:
        """Yield the samples; file_name: the file in messages; ending: filled when the last one has come."""


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
        read_samples: Reads the samples of a signal.

    Raises:
        InputError: The file holds no such signal, or its head is damaged.
    """
    modality = reading.modality
    if modality not in modalities:
        signals = " and ".join(MODALITIES[name].title for name in modalities)
        raise InputError(f"{file_name}: {title} files hold {signals} only, no {modality}")
    signal = MODALITIES[modality]
    head = _readable(partial(read_head, source.path, file_name), file_name, title)
    if modality not in head.modalities:
        raise InputError(f"{file_name}: holds no {signal.title}: its device has no such sensor")
    first_ns = int(head.stamps_ns[0])
    measured = measure_rate((head.stamps_ns - first_ns) / TICK_NS)
    rate = measured if np.isfinite(measured) else head.rate_hz
    if rate is None:
        raise InputError(f"{file_name}: its time does not move, and it tells no rate: copy it again")
    zone = clock_zone(head.zone, reading.timezone)
    start = zone.utc(datetime(1970, 1, 1) + timedelta(microseconds=first_ns // 1000))
    warnings = list(head.warnings)
    recording = Recording(
        source,
        modality,
        signal.channels,
        rate,
        head.rate_hz,
        signal.unit,
        f"{signal.unit}, device format",
        start,
        lambda: iter(()),
        head.range_g if signal.clipping else None,
        None if head.last_ns is None else (head.last_ns - first_ns) / TICK_NS,
        warnings,
        {"format": source.format, "time": f"device clock, {zone.how}", "device": dict(head.facts)},
    )

    def stream() -> Iterator[Chunk]:
        ending = Ending()
        batches = read_samples(source.path, file_name, modality, ending)
        odd: list[str] | None = None
        while (samples := _readable(lambda: next(batches, None), file_name, title)) is not None:
            if odd is None:
                odd = odd_rest(samples.values[:HEAD_ROWS], rate, signal)
                ending.warnings += odd
            yield from _chunks(samples, first_ns)
        warnings.extend(warning for warning in ending.warnings if warning not in warnings)
        if ending.last_ns is not None:
            recording.span.seconds = (ending.last_ns - first_ns) / TICK_NS

    recording.stream = stream
    return recording


def block_stamps(starts_ns: np.ndarray, counts: np.ndarray, steps_ns: np.ndarray) -> np.ndarray:
    """Return the times of samples that come in blocks, each of which has a time: (samples,) int64 ns.

    The samples of a block are spread evenly up to the start of the next one, as a device's rate is a little
    off the nominal one. Where the next block lies elsewhere, they lie a nominal step apart; those of the last
    block as far apart as those before.

    Args:
        starts_ns: Time of the first sample of each block and of the block after them, (blocks + 1,) int64;
            the last one is 0 where there is none.
        counts: Number of samples of each block, (blocks,).
        steps_ns: Nominal time from sample to sample of each block, (blocks,).
    """
    steps = own_steps(starts_ns, np.append(0, np.cumsum(counts)), steps_ns)
    index = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    offset = np.rint(index * np.repeat(steps, counts)).astype(np.int64)
    return np.asarray(np.repeat(starts_ns[:-1], counts) + offset)


def own_steps(times_ns: np.ndarray, samples: np.ndarray, steps_ns: np.ndarray) -> np.ndarray:
    """Return the time from sample to sample between stamped samples, (n,) float64 ns.

    Where it is a twentieth or more off what `steps_ns` says, there is a gap, or one stamp twice: then the
    device is taken to be as fast or slow, against its nominal rate, as before, or else as after.

    Args:
        times_ns: Times of the stamped samples, (n + 1,) int64.
        samples: Their numbers among all samples, (n + 1,).
        steps_ns: Nominal time from sample to sample after each, (n,).
    """
    pace = np.diff(times_ns) / np.maximum(np.diff(samples), 1) / steps_ns
    near = np.abs(pace - 1) <= _DRIFT
    if near.all():
        return np.asarray(pace * steps_ns)
    if not near.any():
        return np.asarray(steps_ns, np.float64)
    latest = np.maximum.accumulate(np.where(near, np.arange(len(near)), int(np.argmax(near))))
    return np.asarray(pace[latest] * steps_ns)


def _readable(read: Callable[[], _Part], file_name: str, title: str) -> _Part:
    try:
        return read()
    except (ValueError, OSError) as error:
        raise not_readable(file_name, f"{title} file", error) from None


def _chunks(samples: Samples, first_ns: int) -> Iterator[Chunk]:
    for begin in range(0, len(samples.time_ns), HEAD_ROWS):
        part = slice(begin, begin + HEAD_ROWS)
        yield Chunk((samples.time_ns[part] - first_ns) / TICK_NS, samples.values[part])
