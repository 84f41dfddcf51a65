"""The windows of an embeddings table that can be used: worn, of good quality, with finite numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError
from wearcli.labels.defaults import MIN_QUALITY, WORN

COLUMNS = ("recording", "participant", "onset", "duration", "embedding", "features")
_TEXTS = ("recording", "participant", "placement")


@dataclass(frozen=True)
class UsableWindows:
    """Windows that can be joined to labels, pooled, or given to a probe.

    Attributes:
        times: One row a window: recording, participant, onset, duration (s); placement, start (UTC) and
            movement_g where they were asked for and the table has them. Rows that are pooled have the column
            windows, how many they are the mean of.
        vectors: "embedding" (n, D) and "features" (n, F), float32 and finite. A table without features has
            no "features".
        dropped: How many windows were left out, by reason.
    """

    times: pd.DataFrame
    vectors: dict[str, np.ndarray]
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.times)

    @property
    def onset(self) -> np.ndarray:
        """(n,) seconds from the recording's start."""
        return self.times["onset"].to_numpy(np.float64)

    @property
    def duration(self) -> np.ndarray:
        """(n,) seconds."""
        return self.times["duration"].to_numpy(np.float64)

    @property
    def end(self) -> np.ndarray:
        """(n,) seconds from the recording's start."""
        return np.asarray(self.onset + self.duration)

    def reach(self, stride_s: float) -> np.ndarray:
        """Return (n,) s: the end of the time that a window stands for, its length or the stride if longer."""
        return np.asarray(self.onset + np.maximum(self.duration, stride_s))

    def only(self, rows: np.ndarray) -> "UsableWindows":
        """Return the windows of a mask (n,) or of row numbers."""
        times = self.times.iloc[np.flatnonzero(rows) if rows.dtype == bool else rows]
        vectors = {name: values[rows] for name, values in self.vectors.items()}
        return replace(self, times=times.reset_index(drop=True), vectors=vectors)

    def then(self, later: "UsableWindows") -> "UsableWindows":
        """Return these windows and later ones of the same recording."""
        vectors = {name: np.concatenate([self.vectors[name], later.vectors[name]]) for name in self.vectors}
        return replace(self, times=pd.concat([self.times, later.times], ignore_index=True), vectors=vectors)


def usable_windows(
    table: pa.Table, name: str, keep_nonwear: bool = False, min_quality: float = MIN_QUALITY
) -> UsableWindows:
    """Return the windows of an embeddings table that can be used, with their placement.

    Args:
        table: An embeddings table.
        name: The table's name in errors.
        keep_nonwear: Keep windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.

    Raises:
        InputError: The table is no embeddings table, is empty, or has no window that can be used.
    """
    missing = [column for column in COLUMNS if column not in table.column_names]
    if missing:
        raise InputError(
            f"{name}: not an embeddings table: no column {', '.join(missing)} "
            f"(it has {', '.join(table.column_names) or 'none'}): make one with 'wearcli embed'"
        )
    if not len(table):
        raise InputError(f"{name}: the table has no windows: see the messages of 'wearcli embed'")
    windows = select_windows(table, name, keep_nonwear, min_quality, ["placement"])
    if not len(windows):
        reasons = ", ".join(f"{count} {reason}" for reason, count in windows.dropped.items())
        flags = [flag for flag in ("--keep-nonwear", "--min-quality") if flag in reasons]
        todo = f"see {' and '.join(flags)}" if flags else "embed the recordings again"
        raise InputError(f"{name}: no window can be used ({reasons}): {todo}")
    return windows


def select_windows(
    table: pa.Table, name: str, keep_nonwear: bool, min_quality: float, columns: Sequence[str] = ()
) -> UsableWindows:
    """Return the usable windows among some rows of an embeddings table; there may be none.

    A window is left out, and counted, where its embedding or features are missing or not finite, where its
    quality is below `min_quality` and, unless `keep_nonwear`, where it was worn for less than half of its
    time. A window of unknown quality or wear is kept.

    Args:
        table: Rows with the columns of the contract.
        name: The table's name in errors.
        keep_nonwear: Keep windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.
        columns: Further columns for `times`, where the table has them.

    Raises:
        InputError: The vectors are not of the contract's type.
    """
    present = np.ones(len(table), bool)
    for column in COLUMNS:
        if table[column].null_count:
            present &= pc.is_valid(table[column]).to_numpy(zero_copy_only=False)
    absent = int((~present).sum())
    if absent:
        table = table.filter(pa.array(present))
    vectors = {column: _matrix(table[column], column, name) for column in ("embedding", "features")}
    finite = np.isfinite(table["onset"].to_numpy()) & np.isfinite(table["duration"].to_numpy())
    for values in vectors.values():
        # A row's sum is finite only if all of it is: no array of booleans as large as the table.
        finite &= np.isfinite(values.sum(axis=1, dtype=np.float64))
    unworn = finite & is_unworn(table) & (not keep_nonwear)
    poor = finite & ~unworn & is_poor(table, min_quality)
    counts = {
        "windows with a null": absent,
        "windows with a value that is not finite": int((~finite).sum()),
        "windows not worn (--keep-nonwear keeps them)": int(unworn.sum()),
        "windows of poor quality (--min-quality 0 keeps them)": int(poor.sum()),
    }
    if not vectors["features"].shape[1]:
        del vectors["features"]
    times = pd.DataFrame(
        {
            column: _time_column(table, column)
            for column in (*COLUMNS[:4], *columns)
            if column in table.column_names
        }
    )
    used = finite & ~unworn & ~poor
    if not used.all():
        times = times[used].reset_index(drop=True)
        vectors = {column: values[used] for column, values in vectors.items()}
    return UsableWindows(times, vectors, {reason: count for reason, count in counts.items() if count})


def is_unworn(table: pa.Table) -> np.ndarray:
    """Return (n,) bool: rows that are known to be worn for less than half of their time."""
    return np.asarray(_numbers(table, "wear") < WORN)


def is_poor(table: pa.Table, min_quality: float) -> np.ndarray:
    """Return (n,) bool: rows that are known to be of a lower quality."""
    return np.asarray(_numbers(table, "quality") < min_quality)


def recordings_without_windows(table: pa.Table, metadata: TableMetadata) -> list[str]:
    """Return the recordings that `embed` was given and that have no window: they failed, or are too short."""
    return sorted(set(metadata.recordings_planned) - set(pc.unique(table["recording"]).to_pylist()))


def _time_column(table: pa.Table, name: str) -> pd.Series:
    """One column of `UsableWindows.times`."""
    column: pa.ChunkedArray = table[name]
    if name in _TEXTS:
        column = column.cast(pa.string()).dictionary_encode()
    elif name == "start":
        column = column.cast(pa.timestamp("us", tz="UTC"), safe=False)
    else:
        column = column.cast(pa.float64())
    return pd.Series(column.to_pandas())


def _numbers(table: pa.Table, name: str) -> np.ndarray:
    """(n,) float32 of a column, NaN where it is null or the table has none."""
    if name not in table.column_names:
        return np.full(len(table), np.nan, np.float32)
    return np.asarray(table[name].cast(pa.float32()).to_numpy())


def _matrix(column: pa.ChunkedArray, column_name: str, name: str) -> np.ndarray:
    """(n, D) float32 of a FixedSizeList column, copied only where the table is in several pieces."""
    if not pa.types.is_fixed_size_list(column.type):
        raise InputError(
            f"{name}: not an embeddings table: {column_name} is {column.type}, not FixedSizeList<float32>: "
            "make one with 'wearcli embed'"
        )
    width = column.type.list_size
    flat = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    values = flat[0] if len(flat) == 1 else np.concatenate(flat) if flat else np.empty(0)
    return np.asarray(values.astype(np.float32, copy=False).reshape(len(column), width))
