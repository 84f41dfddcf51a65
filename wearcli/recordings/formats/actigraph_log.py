"""Records of log.bin in an ActiGraph .gt3x file: walked along, checked, and the samples in them unpacked.

Layout: ActiGraph, GT3X File Format (a record is separator, type, time in s, size, payload, checksum).
"""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from wearcli.recordings.formats.bits import signed_12_bits

ACTIVITY, EVENT, METADATA, PARAMETERS, ACTIVITY2 = 0x00, 0x03, 0x06, 0x15, 0x1A
_IDLE_BEGINS = 0x08  # payload of an event
_HEADER = struct.Struct("<BBIH")
_SEPARATOR = 0x1E
_AROUND = _HEADER.size + 1  # bytes of a record beside its payload
_LARGEST_TYPE = 0x1F
_MOST_SAMPLE_BYTES = 2**14  # of a second
_YEARS_S = 946_684_800, 4_102_444_800  # 2000 to 2100
_STATED = 6  # bytes of separator, type and time
_FIRST_LOOK = 256  # bytes after damage; then twice as many each time
_FIRST_WALK = 64  # records after damage; then twice as many each time
_NOT_ZERO = re.compile(rb"[^\0]")


class Record(NamedTuple):
    """A record that is not of samples.

    Attributes:
        kind: Its type.
        payload: What it holds.
    """

    kind: int
    payload: bytes


class Activity(NamedTuple):
    """Records of samples, one after another.

    Attributes:
        times_s: When the second of each begins by the device's clock, (records,) int64 s since 1970.
        samples: Number of samples of each.
        values: Raw values of x, y and z, (records * samples, 3) int16.
    """

    times_s: np.ndarray
    samples: int
    values: np.ndarray


@dataclass
class Gaps:
    """Seconds without samples.

    Attributes:
        count: In how many gaps.
        seconds: How many.
    """

    count: int = 0
    seconds: int = 0


@dataclass
class LogReader:
    """Reads the records of a log that comes in parts, and counts the bytes that belong to none.

    Attributes:
        damaged: Number of places with bytes that belong to no whole record.
        damaged_bytes: How many bytes they have.
        damaged_s: Time of the last samples before the first of those; None: none came before.
        last_s: Time of the last samples; None before the first ones.
        asleep: Whether the device has been idle, or on USB, since its last samples.
        idle: Gaps before which the device said that it sleeps.
        lost: Other gaps.
        cut: Whether the log ends within a record.
    """

    damaged: int = 0
    damaged_bytes: int = 0
    damaged_s: int | None = None
    last_s: int | None = None
    asleep: bool = False
    idle: Gaps = field(default_factory=Gaps)
    lost: Gaps = field(default_factory=Gaps)
    cut: bool = False
    searching: bool = False
    _rest: bytes = b""
    _in_damage: bool = False

    def feed(self, data: bytes, last: bool = False) -> Iterator[Record | Activity]:
        """Yield what is whole in the next part of the log; last: whether no other part comes."""
        log = self._rest + data
        position, most = 0, _FIRST_WALK if self.searching else 2**62
        while True:
            if self.searching:
                record, whole = _next_record(log, position, last)
                self._damage(record - position)
                position = record
                if not whole:
                    break
                self.searching, most = False, _FIRST_WALK
            starts, end, goes_on = _walk(log, position, most)
            good = _whole_ones(log, starts, end)
            yield from self._contents(log, starts[:good])
            if good < len(starts):
                position, goes_on = int(starts[good]), False
                self._damage(1)
                position += 1
            else:
                position = end
            if len(starts) == most and good == most:
                most *= 2
                continue
            if goes_on:
                if not last or not log[position:].strip(b"\0"):
                    break
                if not _next_record(log, position + 1, last)[1]:
                    self.cut = True
                    break
            self.searching = True
        self._rest = log[position:]

    def _damage(self, size: int) -> None:
        if size == 0:
            return
        if not self._in_damage:
            self.damaged += 1
            if self.damaged == 1:
                self.damaged_s = self.last_s
        self._in_damage = True
        self.damaged_bytes += size

    def _contents(self, log: bytes, starts: np.ndarray) -> Iterator[Record | Activity]:
        """What whole records hold: those of settings first, then samples."""
        if len(starts) == 0:
            return
        self._in_damage = False
        data = np.frombuffer(log, np.uint8)
        kinds = data[starts + 1]
        times = sum(data[starts + 2 + byte].astype(np.int64) << 8 * byte for byte in range(4))
        sizes = data[starts + 6].astype(np.int64) | data[starts + 7].astype(np.int64) << 8
        active = (kinds == ACTIVITY) | (kinds == ACTIVITY2)
        # A record of one byte is no sample: the device was put on USB.
        counts = np.where(kinds == ACTIVITY, sizes * 2 // 9, sizes // 6) * active
        for at in np.flatnonzero(np.isin(kinds, (METADATA, PARAMETERS))).tolist():
            begin = int(starts[at]) + _HEADER.size
            yield Record(int(kinds[at]), log[begin : begin + int(sizes[at])])
        sampled = np.flatnonzero(counts)
        falls_asleep = (kinds == EVENT) & (sizes == 1) & (data[starts + _HEADER.size] == _IDLE_BEGINS)
        self._follow_gaps(np.flatnonzero(falls_asleep | (active & (counts == 0))), sampled, times[sampled])
        if len(sampled) == 0:
            return
        self.last_s = int(times[sampled[-1]])
        changes = np.flatnonzero((np.diff(kinds[sampled]) != 0) | (np.diff(sizes[sampled]) != 0)) + 1
        for run in np.split(sampled, changes):
            first = run[0]
            rows = np.lib.stride_tricks.sliding_window_view(data, int(sizes[first]))
            values = _samples(rows[starts[run] + _HEADER.size], int(kinds[first]), int(counts[first]))
            yield Activity(times[run], int(counts[first]), values)

    def _follow_gaps(self, marks: np.ndarray, sampled: np.ndarray, times: np.ndarray) -> None:
        """Count the seconds without samples, and take over whether the device sleeps at the end.

        Args:
            marks: Numbers of the records that say that the device sleeps, or is put on USB.
            sampled: Numbers of the records of samples.
            times: Their times, s.
        """
        before = np.searchsorted(marks, sampled)
        asleep = np.diff(before, prepend=0) > 0
        asleep[:1] |= self.asleep
        missing = np.diff(times, prepend=times[:1] - 1 if self.last_s is None else self.last_s) - 1
        for gaps, kind in ((self.idle, asleep), (self.lost, ~asleep)):
            gaps.count += int(np.count_nonzero((missing > 0) & kind))
            gaps.seconds += int(missing[(missing > 0) & kind].sum())
        self.asleep = (self.asleep and not len(sampled)) or len(marks) > (before[-1] if len(before) else 0)


def _samples(payloads: np.ndarray, kind: int, samples: int) -> np.ndarray:
    """The samples of payloads (records, bytes) uint8 of one type and size: x, y, z, (n, 3) int16."""
    if kind == ACTIVITY2:
        raw = np.ascontiguousarray(payloads[:, : 6 * samples]).view("<i2")
        return raw.reshape(-1, 3)
    if short := -payloads.shape[1] % 3:
        payloads = np.pad(payloads, ((0, 0), (0, short)))
    raw = signed_12_bits(payloads)[:, : 3 * samples].reshape(-1, 3)
    return raw[:, [1, 0, 2]]  # y comes first


def _walk(log: bytes, position: int, most: int) -> tuple[np.ndarray, int, bool]:
    """Follow records from one to the next.

    Returns:
        Where they begin, (n,) int64; where the next one would begin; whether it may, as far as its part that
        is there tells.
    """
    starts: list[int] = []
    log_size = len(log)
    unpack = _HEADER.unpack_from
    goes_on = True
    while len(starts) < most:
        if position + _AROUND > log_size:
            rest = log[position:].lstrip(b"\0")
            position = log_size - len(rest)
            goes_on = not rest or rest[0] == _SEPARATOR
            break
        separator, kind, time_s, size = unpack(log, position)
        if separator == 0:  # now and then there are zeros between records
            content = _NOT_ZERO.search(log, position)
            position = content.start() if content else log_size
            continue
        if separator != _SEPARATOR or not _is_plausible(kind, time_s, size):
            goes_on = False
            break
        if position + _AROUND + size > log_size:
            break
        starts.append(position)
        position += _AROUND + size
    return np.array(starts, np.int64), position, goes_on


def _is_plausible(kind: int, time_s: int, size: int) -> bool:
    return (
        kind <= _LARGEST_TYPE
        and _YEARS_S[0] <= time_s <= _YEARS_S[1]
        and (size <= _MOST_SAMPLE_BYTES or kind not in (ACTIVITY, ACTIVITY2))
    )


def _whole_ones(log: bytes, starts: np.ndarray, end: int) -> int:
    """How many of the records come before the first one whose checksum is wrong."""
    if len(starts) == 0:
        return 0
    # The checksum is the complement of the others' exclusive or; zeros between records change nothing.
    whole = np.bitwise_xor.reduceat(np.frombuffer(log, np.uint8, end), starts) == 0xFF
    return len(starts) if whole.all() else int(np.argmin(whole))


def _next_candidate(log: bytes, position: int) -> int:
    """Where a separator, a type and a time come next, or a separator at the end; -1 for nowhere."""
    size = _FIRST_LOOK
    while (part := np.frombuffer(log, np.uint8)[position : position + size]).size >= _STATED:
        year = part[_STATED - 1 :]
        fits = (part[: 1 - _STATED] == _SEPARATOR) & (part[1 : 2 - _STATED] <= _LARGEST_TYPE)
        fits &= (year >= _YEARS_S[0] >> 24) & (year <= _YEARS_S[1] >> 24)
        if fits.any():
            return position + int(np.argmax(fits))
        position += len(fits)
        size *= 2
    return log.find(_SEPARATOR, position)


def _next_record(log: bytes, position: int, last: bool) -> tuple[int, bool]:
    """Where the next whole record begins; or else what may be one with the part that comes, and False."""
    while (position := _next_candidate(log, position)) >= 0:
        if position + _AROUND > len(log):
            if not last:
                return position, False
        else:
            _, kind, time_s, size = _HEADER.unpack_from(log, position)
            end = position + _AROUND + size
            if _is_plausible(kind, time_s, size):
                if end > len(log) and not last:
                    return position, False
                if end <= len(log) and _whole_ones(log, np.array([position]), end):
                    return position, True
        position += 1
    return len(log), False
