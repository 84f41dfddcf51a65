"""EDF+D and BDF+D files whose records follow each other without an interruption, read record by record.

Such a file is an EDF+C file that declares itself otherwise, which EDFlib refuses. The onset of every record
stands in its first annotation (EDF+, section 2.2.2).
"""

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column

_FIXED, _PER_SIGNAL = 256, 256
_ONSET = re.compile(rb"([+-]\d+(?:\.\d*)?)\x14")
_TOLERANCE_S = 1e-3


class Records(NamedTuple):
    """Where the samples of a file are.

    Attributes:
        columns: The signals.
        lengths: Samples of each signal in a record.
        offsets: Samples of a record before those of each signal.
        gains: What a stored number is multiplied by, for each signal.
        shifts: What is added to it then.
        records: Number of records.
        size: Samples of all signals and annotations in a record.
        width: Bytes of a sample.
        begin: Bytes before the first record.
        start: Start of the recording.
    """

    columns: list[Column]
    lengths: list[int]
    offsets: list[int]
    gains: np.ndarray
    shifts: np.ndarray
    records: int
    size: int
    width: int
    begin: int
    start: datetime

    @property
    def rows(self) -> list[int]:
        """Samples of each signal in the whole file."""
        return [length * self.records for length in self.lengths]


def read_records(path: Path, annotations: tuple[bytes, ...], file_name: str) -> Records:
    """Return where the samples of a file are, whose header was found whole.

    Args:
        path: The file.
        annotations: Labels of signals that hold annotations.
        file_name: The file in messages.

    Raises:
        InputError: A record does not follow the one before.
        ValueError: The header is damaged.
    """
    with path.open("rb") as stream:
        head = stream.read(_FIXED)
        signals, count, seconds = int(head[252:256]), int(head[236:244]), float(head[244:252])
        heads = stream.read(_PER_SIGNAL * signals)

        def cells(before: int, size: int) -> list[bytes]:
            at = before * signals
            return [heads[at + j * size : at + (j + 1) * size].strip() for j in range(signals)]

        labels, units = cells(0, 16), cells(96, 8)
        physical = np.array([[float(cell) for cell in cells(before, 8)] for before in (104, 112)])
        digital = np.array([[float(cell) for cell in cells(before, 8)] for before in (120, 128)])
        lengths = [int(cell) for cell in cells(216, 8)]
        width = 2 if head[:1] == b"0" else 3
        kept = [j for j in range(signals) if labels[j] not in annotations]
        size = sum(lengths)
        offsets = np.cumsum([0, *lengths])[:-1]
        marks = next(j for j in range(signals) if labels[j] in annotations)
        begin = _FIXED + _PER_SIGNAL * signals
        first: float | None = None
        for record in range(count):
            stream.seek(begin + (record * size + int(offsets[marks])) * width)
            match = _ONSET.match(stream.read(lengths[marks] * width))
            if match is None:
                raise ValueError("a record without its onset")
            onset = float(match[1])
            first = onset if first is None else first
            if abs(onset - first - record * seconds) > _TOLERANCE_S:
                raise InputError(
                    f"{file_name}: has an interruption {onset - first:g} s after its start (EDF+D), which is "
                    "not read: convert it to EDF+C, with EDFbrowser for one"
                )
    span = digital[1] - digital[0]
    if not (span != 0)[kept].all():
        raise ValueError("a signal without a digital range")
    gains = (physical[1] - physical[0]) / np.where(span == 0, 1, span)
    columns = [
        Column(
            labels[j].decode("latin-1"), "number", units[j].decode("latin-1") or None, lengths[j] / seconds
        )
        for j in kept
    ]
    start = datetime.strptime(head[168:184].decode("ascii"), "%d.%m.%y%H.%M.%S")
    return Records(
        columns,
        [lengths[j] for j in kept],
        [int(offsets[j]) for j in kept],
        gains[kept],
        (physical[0] - digital[0] * gains)[kept],
        count,
        size,
        width,
        begin,
        # EDF has two digits of a year: 85 to 99 are of the last century.
        start.replace(year=start.year - 100 if start.year > 2084 else start.year),
    )


def stream_records(path: Path, records: Records, channels: list[int]) -> Iterator[Batch]:
    """Yield the samples of signals of one rate, in physical units.

    Args:
        path: The file.
        records: Where its samples are.
        channels: Positions of the signals.
    """
    length = records.lengths[channels[0]]
    at_once = max(1, HEAD_ROWS // max(length, 1))
    with path.open("rb") as stream:
        stream.seek(records.begin)
        for first in range(0, records.records, at_once):
            count = min(at_once, records.records - first)
            stored = stream.read(count * records.size * records.width)
            whole = len(stored) // (records.size * records.width)
            numbers = _numbers(stored[: whole * records.size * records.width], records.width)
            numbers = numbers.reshape(whole, records.size)
            values = np.empty((whole * length, len(channels)), np.float32)
            for k, j in enumerate(channels):
                part = numbers[:, records.offsets[j] : records.offsets[j] + length].reshape(-1)
                values[:, k] = part * records.gains[j] + records.shifts[j]
            yield Batch(None, values)


def _numbers(stored: bytes, width: int) -> np.ndarray:
    """The little-endian integers of 2 or 3 bytes in a record."""
    if width == 2:
        return np.frombuffer(stored, "<i2")
    wide = np.zeros((len(stored) // 3, 4), np.uint8)
    wide[:, 1:] = np.frombuffer(stored, np.uint8).reshape(-1, 3)
    return wide.reshape(-1).view("<i4") >> 8
