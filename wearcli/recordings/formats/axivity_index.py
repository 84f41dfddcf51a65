"""The blocks of an Axivity .cwa file in the order of their time, and what is missing among them.

One pass over the file: sixteen bytes a block are held, which is 8 MB of a week.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wearcli.recordings.formats import axivity_blocks as cwa
from wearcli.recordings.formats.axivity_blocks import BLOCK, HEADER
from wearcli.recordings.formats.losses import TICK_NS, Losses

_AT_ONCE = 2048


@dataclass(frozen=True)
class BlockIndex:
    """Where the usable blocks of a file are, in the order of their time.

    Attributes:
        numbers: Of each block its number in the file, (n,) int64.
        starts_ns: Time of its first sample, (n + 1,) int64; the last one is 0.
        losses: What is damaged, missing or out of order.
    """

    numbers: np.ndarray
    starts_ns: np.ndarray
    losses: Losses

    def __len__(self) -> int:
        return len(self.numbers)

    def warnings(self) -> list[str]:
        """Return what is damaged, missing or out of order, one line each."""
        return self.losses.warnings()


@dataclass(frozen=True)
class _Notes:
    """What is kept of each usable block while the index is made; all (n,) int64."""

    numbers: np.ndarray
    sequence: np.ndarray
    times_ns: np.ndarray
    stamped: np.ndarray
    counts: np.ndarray
    steps_ns: np.ndarray

    def in_order(self, order: np.ndarray) -> "_Notes":
        return _Notes(*(values[order] for values in vars(self).values()))


def index_blocks(path: Path) -> BlockIndex:
    """Return the index of a file that is not packed; without a usable block it is empty."""
    parts: list[list[np.ndarray]] = []
    unusable: list[np.ndarray] = []
    empty: list[np.ndarray] = []
    begin = 0
    with path.open("rb") as stream:
        stream.seek(HEADER)
        while len(blocks := cwa.as_blocks(stream.read(BLOCK * _AT_ONCE))):
            usable = cwa.is_usable(blocks)
            numbers = np.arange(begin, begin + len(blocks))
            if not usable.all():
                blank = (blocks[:, :1] == blocks).all(1) & ~usable
                unusable.append(numbers[~usable & ~blank])
                empty.append(numbers[blank])
                numbers, blocks = numbers[usable], blocks[usable]
            begin += len(usable)
            if len(blocks):
                times, stamped = cwa.stamps(blocks)
                counts, steps = cwa.sample_counts(blocks), cwa.nominal_steps_ns(blocks)
                parts.append([numbers, cwa.field(blocks, 10, "<u4"), times, stamped, counts, steps])
    if not parts:
        return BlockIndex(np.zeros(0, np.int64), np.zeros(1, np.int64), Losses(0, "block"))
    notes = _Notes(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))
    del parts
    notes, lines = _in_time(notes)
    starts = cwa.starts(notes.times_ns, notes.stamped, notes.counts, notes.steps_ns)
    losses = Losses(int(starts[0]), "block")
    damaged = np.concatenate(unusable or [np.zeros(0, np.int64)])
    losses.add(len(damaged), len(damaged) * BLOCK, _time_before(damaged, notes.numbers, starts))
    losses.lines += lines
    blank_blocks = np.concatenate(empty or [np.zeros(0, np.int64)])
    if len(blank_blocks):
        since = losses.at(_time_before(blank_blocks, notes.numbers, starts) or int(starts[0]))
        losses.lines.append(
            f"{len(blank_blocks)} blocks ({len(blank_blocks) * BLOCK:,} bytes) are empty, the first {since}"
        )
    losses.lines += _missing(notes, starts, losses)
    if path.stat().st_size % BLOCK:
        losses.lines.append("the file is cut off within a block: its end is missing")
    return BlockIndex(notes.numbers, np.append(starts, 0), losses)


def ordered_blocks(path: Path, index: BlockIndex, at_most: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the usable blocks in order: which of the index, and their bytes (n, 512) uint8.

    Args:
        path: The file, not packed.
        index: Its index.
        at_most: Blocks at once.
    """
    with path.open("rb") as stream:
        for begin in range(0, len(index), at_most):
            numbers = index.numbers[begin : begin + at_most]
            breaks = np.flatnonzero(np.diff(numbers) != 1) + 1
            parts = []
            for run in np.split(numbers, breaks):
                stream.seek(HEADER + BLOCK * int(run[0]))
                parts.append(stream.read(BLOCK * len(run)))
            yield slice(begin, begin + len(numbers)), cwa.as_blocks(b"".join(parts))


def _in_time(notes: _Notes) -> tuple[_Notes, list[str]]:
    """Blocks in the order of their time where that mends their sequence; what was mended, in words.

    Where the device's clock was set back the sequence goes on, or begins anew: then they stay as they are.
    """
    back = np.diff(notes.times_ns) < 0
    if not back.any():
        return notes, []
    order = np.lexsort((notes.numbers, notes.sequence, notes.times_ns))
    ordered = notes.in_order(order)
    copies = np.append(False, (np.diff(ordered.times_ns) == 0) & (np.diff(ordered.sequence) == 0))
    ordered = ordered.in_order(np.flatnonzero(~copies))
    if _breaks(ordered.sequence) >= _breaks(notes.sequence):
        return notes, []
    lines = []
    if copies.any():
        lines.append(f"{int(copies.sum())} blocks are in the file twice: read once")
    if (np.diff(ordered.numbers) < 0).any():
        lines.append("the blocks are not in the order of their time: sorted")
    return ordered, lines


def _breaks(sequence: np.ndarray) -> int:
    return int(np.count_nonzero(np.diff(sequence) != 1))


def _missing(notes: _Notes, starts: np.ndarray, losses: Losses) -> list[str]:
    """What the sequence says about blocks that the file does not have."""
    steps, between = np.diff(notes.sequence), np.diff(notes.numbers)
    # Blocks that are there and damaged are not missing.
    absent = np.where(steps > 0, np.maximum(steps - np.maximum(between, 1), 0), 0)
    lines = []
    if absent.any():
        before = np.flatnonzero(absent)
        ends = starts[before] + notes.counts[before] * notes.steps_ns[before]
        seconds = max(0.0, float((starts[before + 1] - ends).sum()) / TICK_NS)
        lines.append(
            f"{int(absent.sum())} blocks are missing from the sequence ({seconds:.1f} s), the first "
            f"{losses.at(int(ends[0]))}"
        )
    if restarts := int(np.count_nonzero(steps < 1)):
        lines.append(f"the sequence of blocks restarts {restarts} times")
    return lines


def _time_before(lost: np.ndarray, numbers: np.ndarray, starts: np.ndarray) -> int | None:
    """The time of the usable block before the first of some others; None where there is none."""
    if len(lost) == 0:
        return None
    before = starts[numbers < lost[0]]
    return int(before[-1]) if len(before) else None
