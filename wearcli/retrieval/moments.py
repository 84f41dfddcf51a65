"""Moments that two embeddings tables have in common: the same people at the same time, in two signals."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError
from wearcli.labels.pooling import newly_covered
from wearcli.labels.windows import COLUMNS, select_windows

MIN_COVERED = 0.5  # of a moment, by windows of the other signal that lie in it
_ROUNDING_S = 1e-3


@dataclass(frozen=True)
class Side:
    """The usable windows of one table, in time order within every key.

    Attributes:
        key: (n,) whose clock it is: the participant's where starts are known, else the recording's.
        participant: (n,) names.
        begin: (n,) s on that clock.
        end: (n,) s on that clock.
        vectors: "embedding" (n, D), "features" (n, F) where the table has them, and "movement" (n, 1), g,
            where it was measured.
        metadata: The document of the table.
        dropped: Windows that were left out, by reason.
    """

    key: np.ndarray
    participant: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    vectors: dict[str, np.ndarray]
    metadata: TableMetadata
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Moments:
    """Pairs of the same moment.

    Where one table's windows are the shorter, its row is the mean of those within the moment.

    Attributes:
        participant: (n,) names.
        query: "embedding", "features" and "movement", (n, D) float32.
        target: (n, D) float32, the embedding.
        left_out: Moments that were left out, by reason.
    """

    participant: np.ndarray
    query: dict[str, np.ndarray]
    target: np.ndarray
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.participant)


def read_side(path: Path, keep_nonwear: bool, min_quality: float) -> tuple[Side, bool]:
    """Return a table's usable windows, and whether all their starts are known.

    Raises:
        InputError: The file is no embeddings table, or it has no usable window.
    """
    table, metadata = read_table(path)
    missing = [name for name in (*COLUMNS, "start") if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}: make the table with 'wearcli embed'")
    windows = select_windows(table, str(path), keep_nonwear, min_quality, ["start", "movement_g"])
    if not len(windows):
        reasons = ", ".join(f"{count} {reason}" for reason, count in windows.dropped.items())
        raise InputError(f"{path}: no window can be used ({reasons or 'the table is empty'})")
    if np.ptp(windows.duration) > _ROUNDING_S:
        raise InputError(f"{path}: windows of several lengths: embed all recordings with one --window")
    times = windows.times
    recording, participant = (times[name].to_numpy(str) for name in ("recording", "participant"))
    dated = bool(times["start"].notna().all())
    begin = times["start"].to_numpy("datetime64[us]").astype(np.int64) / 1e6 if dated else windows.onset
    key = participant if dated else recording
    vectors = dict(windows.vectors)
    if "movement_g" in times and times["movement_g"].notna().all():  # of PPG and ECG it is not measured
        vectors["movement"] = times[["movement_g"]].to_numpy(np.float32)
    order = np.lexsort((windows.onset, recording, begin, key))
    side = Side(
        key[order],
        participant[order],
        begin[order],
        (begin + windows.duration)[order],
        {name: values[order] for name, values in vectors.items()},
        metadata,
        windows.dropped,
    )
    return side, dated


def read_moments(
    query: Path,
    target: Path,
    *,
    tolerance_s: float,
    max_movement_g: float | None,
    keep_nonwear: bool,
    min_quality: float,
) -> tuple[Moments, Side, Side]:
    """Return the moments of two tables (`find_moments`), and the windows of the query's and the target's.

    Time is the clock on the wall where the starts of both are known. Where neither knows them, it is the time
    since the recording's start, of recordings of one name.

    Args:
        query: An embeddings table.
        target: An embeddings table of another signal of the same people and times.
        tolerance_s: By how much a window may stand out of the other table's, s.
        max_movement_g: Leave out windows of the query of a larger movement_g.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.

    Raises:
        UsageError: The starts are known in one table alone.
        InputError: There is no moment in common.
    """
    (one, dated), (other, other_dated) = (
        read_side(path, keep_nonwear, min_quality) for path in (query, target)
    )
    if dated != other_dated:
        undated = target if dated else query
        raise UsageError(
            f"{undated}: some starts are not known, and those of the other table are: give all starts in "
            "recordings.csv and embed again"
        )
    moments = find_moments(one, other, tolerance_s, max_movement_g)
    if not len(moments):
        reasons = ", ".join(f"{count} {reason}" for reason, count in moments.left_out.items() if count)
        raise InputError(
            f"{query}, {target}: no moment that both have ({reasons}): are they of the same "
            f"{'participants and times' if dated else 'recordings'}?"
        )
    return moments, one, other


def find_moments(query: Side, target: Side, tolerance_s: float, max_movement_g: float | None) -> Moments:
    """Return the moments that two tables have in common.

    Moments are the windows of the table that has the longer ones (of equals the query's). A window of the
    other table belongs to the moment in which its middle lies, if it stands out by at most `tolerance_s`;
    together these must cover half of the moment, and their mean is its row. Of moments that overlap the first
    stays.

    Args:
        query: The windows of the query's table.
        target: The windows of the target's table.
        tolerance_s: By how much a window may stand out of the other table's, s.
        max_movement_g: Leave out windows of the query of a larger movement.

    Raises:
        UsageError: A limit of movement, and movement was not measured.
    """
    if max_movement_g is not None and "movement" not in query.vectors:
        raise UsageError(
            "--max-movement: the first table has no movement_g of all its windows, as acceleration has: "
            "leave it out, or name the table of acceleration first"
        )
    length_s = [float(side.end[0] - side.begin[0]) for side in (query, target)]
    long, short = (query, target) if length_s[0] >= length_s[1] - tolerance_s else (target, query)
    first, count = _members(long, short, tolerance_s)
    covered = np.zeros(len(long), bool)
    means = {name: np.zeros((len(long), values.shape[1])) for name, values in short.vectors.items()}
    for row in np.flatnonzero(count > 0):
        own = slice(first[row], first[row] + count[row])
        least = MIN_COVERED * (long.end[row] - long.begin[row]) - _ROUNDING_S
        ends = np.minimum(short.end[own], long.end[row])
        covered[row] = newly_covered(short.begin[own], ends, long.begin[row]).sum() >= least
        for name, values in short.vectors.items():
            means[name][row] = values[own].mean(axis=0, dtype=np.float64)
    sides = (long.vectors, means) if long is query else (means, long.vectors)
    still = np.ones(len(long), bool)
    if max_movement_g is not None:
        still = sides[0]["movement"][:, 0] <= max_movement_g
    kept = _thinned(long, covered & still)
    left_out = {
        "windows without half of their time in the other table": int((~covered).sum()),
        "of too much movement (--max-movement)": int((covered & ~still).sum()),
        "that overlap one before": int((covered & still).sum()) - len(kept),
    }
    return Moments(
        long.participant[kept],
        {name: values[kept].astype(np.float32) for name, values in sides[0].items()},
        sides[1]["embedding"][kept].astype(np.float32),
        {reason: number for reason, number in left_out.items() if number},
    )


def _members(long: Side, short: Side, tolerance_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The first row of the shorter windows in every longer one, and how many; rows follow one another."""
    codes = pd.Index(np.unique(np.concatenate([long.key, short.key])))
    code, other = codes.get_indexer(long.key), codes.get_indexer(short.key)
    first, count = np.zeros(len(long), np.int64), np.zeros(len(long), np.int64)
    edges = np.searchsorted(other, np.arange(len(codes) + 1))
    for number in np.unique(code):
        moments = np.flatnonzero(code == number)
        rows = slice(edges[number], edges[number + 1])
        begin, end = short.begin[rows], short.end[rows]
        middle = (begin + end) / 2  # all of one length: in order by begin, middle and end
        low = np.maximum(
            np.searchsorted(begin, long.begin[moments] - tolerance_s - _ROUNDING_S),
            np.searchsorted(middle, long.begin[moments] - _ROUNDING_S),
        )
        high = np.minimum(
            np.searchsorted(end, long.end[moments] + tolerance_s + _ROUNDING_S, side="right"),
            np.searchsorted(middle, long.end[moments] - _ROUNDING_S),
        )
        first[moments], count[moments] = edges[number] + low, np.maximum(high - low, 0)
    return first, count


def _thinned(side: Side, usable_rows: np.ndarray) -> np.ndarray:
    """Rows of which none overlaps the one before it on the same clock; first come."""
    kept: list[int] = []
    for row in np.flatnonzero(usable_rows):
        last = kept[-1] if kept else None
        if last is None or side.key[last] != side.key[row] or side.begin[row] >= side.end[last] - _ROUNDING_S:
            kept.append(int(row))
    return np.array(kept, np.int64)
