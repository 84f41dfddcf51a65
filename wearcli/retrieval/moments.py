"""Moments that two embeddings tables have in common: the same people at the same time, in two signals."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError
from wearcli.labels.windows import COLUMNS, usable

MIN_COVERED = 0.5  # of a moment, by windows of the other signal that lie in it
_ROUNDING_S = 1e-3


@dataclass(frozen=True)
class Side:
    """The usable windows of one table, in time order within each key.

    key: (n,) what tells whose clock: the participant where starts are known, else the recording. begin, end:
    (n,) s on that clock. vectors: "embedding" (n, D), "features" (n, F) where the table has them, and
    "movement" (n, 1), g, where it was measured. about: the metadata of the table.
    """

    key: np.ndarray
    participant: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    vectors: dict[str, np.ndarray]
    about: dict[str, Any]
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.key)


@dataclass(frozen=True)
class Moments:
    """Pairs of the same moment. participant: (n,) names. query: "embedding", "features", "movement", (n, D)
    each; target: (n, D) float32. Where one table's windows are the shorter, its row is the mean of those
    within the moment. left_out: how many, by reason."""

    participant: np.ndarray
    query: dict[str, np.ndarray]
    target: np.ndarray
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.participant)


def read_side(path: Path, keep_nonwear: bool, min_quality: float) -> tuple[Side, bool]:
    """A table's usable windows, and whether all its starts are known.

    Raises InputError for a file that is no embeddings table or has no usable window.
    """
    table, about = read_table(path)
    missing = [name for name in (*COLUMNS, "start") if name not in table.column_names]
    if missing:
        raise InputError(f"{path}: no column {', '.join(missing)}: make the table with 'wearcli embed'")
    table, vectors, used, dropped = usable(table, str(path), keep_nonwear, min_quality)
    if not used.any():
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        raise InputError(f"{path}: no window can be used ({reasons or 'the table is empty'})")
    onset, duration = (table[name].to_numpy().astype(np.float64)[used] for name in ("onset", "duration"))
    if np.ptp(duration) > _ROUNDING_S:
        raise InputError(f"{path}: windows of several lengths: embed all recordings with one --window")
    recording, participant = (np.array(table[name].to_pylist(), str)[used] for name in COLUMNS[:2])
    start = table["start"].cast(pa.timestamp("us", tz="UTC")).cast(pa.int64())
    dated = start.null_count == 0
    begin = start.to_numpy()[used] / 1e6 if dated else onset
    key = participant if dated else recording
    if "movement_g" in table.column_names:
        vectors["movement"] = table["movement_g"].cast(pa.float32()).to_numpy()[:, None]
    vectors = {name: values[used] for name, values in vectors.items() if values.shape[1]}
    if "movement" in vectors and not np.isfinite(vectors["movement"]).all():
        del vectors["movement"]  # of PPG and ECG it is not measured
    order = np.lexsort((onset, recording, begin, key))
    side = Side(
        key[order],
        participant[order],
        begin[order],
        (begin + duration)[order],
        {name: values[order] for name, values in vectors.items()},
        about,
        dropped,
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
    """The moments of two tables, see `find_moments`, by the clock on the wall where both know their starts.

    Where neither does, by the time since the recording's start, of recordings of one name. Raises UsageError
    for tables of which one alone knows, InputError where there is no moment in common.
    """
    (one, dated), (other, also) = (read_side(path, keep_nonwear, min_quality) for path in (query, target))
    if dated != also:
        unknown = target if dated else query
        raise UsageError(
            f"{unknown}: some starts are not known, those of the other table are: tell them all in "
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
    """Moments are the windows of the table that has the longer ones (of equals the query's).

    A window of the other table belongs to the moment in which its middle lies, if it stands out by at most
    `tolerance_s`; together these must cover half of the moment, and their mean is its row. Of moments that
    overlap the first stays. Raises UsageError for a limit of movement that was not measured.
    """
    if max_movement_g is not None and "movement" not in query.vectors:
        raise UsageError(
            "--max-movement: the first table has no movement_g of all its windows, as acceleration has: "
            "leave it out, or name the table of acceleration first"
        )
    length_s = [float(side.end[0] - side.begin[0]) for side in (query, target)]
    long, short = (query, target) if length_s[0] >= length_s[1] - tolerance_s else (target, query)
    first, count = _members(long, short, tolerance_s)
    known = count > 0
    covered = np.zeros(len(long), bool)
    means = {name: np.zeros((len(long), values.shape[1])) for name, values in short.vectors.items()}
    for row in np.flatnonzero(known):
        own = slice(first[row], first[row] + count[row])
        least = MIN_COVERED * (long.end[row] - long.begin[row]) - _ROUNDING_S
        covered[row] = _covered(short, own, long.begin[row], long.end[row]) >= least
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
        {why: number for why, number in left_out.items() if number},
    )


def _members(long: Side, short: Side, tolerance_s: float) -> tuple[np.ndarray, np.ndarray]:
    """The first row of the shorter windows in each of the longer, and how many; rows follow one another."""
    codes = pd.Index(np.unique(np.concatenate([long.key, short.key])))
    code, other = codes.get_indexer(long.key), codes.get_indexer(short.key)
    first, count = np.zeros(len(long), np.int64), np.zeros(len(long), np.int64)
    edges = np.searchsorted(other, np.arange(len(codes) + 1))
    for number in np.unique(code):
        mine = np.flatnonzero(code == number)
        rows = slice(edges[number], edges[number + 1])
        begin, end = short.begin[rows], short.end[rows]
        middle = (begin + end) / 2  # all of one length: in order by begin, middle and end
        low = np.maximum(
            np.searchsorted(begin, long.begin[mine] - tolerance_s - _ROUNDING_S),
            np.searchsorted(middle, long.begin[mine] - _ROUNDING_S),
        )
        high = np.minimum(
            np.searchsorted(end, long.end[mine] + tolerance_s + _ROUNDING_S, side="right"),
            np.searchsorted(middle, long.end[mine] - _ROUNDING_S),
        )
        first[mine], count[mine] = edges[number] + low, np.maximum(high - low, 0)
    return first, count


def _covered(short: Side, own: slice, begin: float, end: float) -> float:
    """Seconds of begin to end that lie in these windows, which may overlap."""
    highs = np.minimum(short.end[own], end)
    reached = np.concatenate([[begin], np.maximum.accumulate(highs)[:-1]])
    return float(np.maximum(highs - np.maximum(short.begin[own], reached), 0).sum())


def _thinned(side: Side, usable_rows: np.ndarray) -> np.ndarray:
    """Rows of which none overlaps the one before it on the same clock; first come."""
    kept: list[int] = []
    for row in np.flatnonzero(usable_rows):
        last = kept[-1] if kept else None
        if last is None or side.key[last] != side.key[row] or side.begin[row] >= side.end[last] - _ROUNDING_S:
            kept.append(int(row))
    return np.array(kept, np.int64)
