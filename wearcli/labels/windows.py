"""The embeddings table as arrays, ready to be joined to labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from wearcli.errors import InputError

WORN = 0.5  # a window less worn than this tells nothing of the person
MIN_QUALITY = 0.5  # as of `signals.pulse_quality`, where it is measured
COLUMNS = ("recording", "participant", "onset", "duration", "embedding", "features")


@dataclass(frozen=True)
class EmbeddedWindows:
    """The windows that can be used.

    times: one row a window: recording, participant, onset, duration (s); placement where the table has it.
    vectors: "embedding" (n, D) and "features" (n, F) float32, always finite; "features" is absent where
        the table has none.
    dropped: how many windows were left out, by reason.
    """

    times: pd.DataFrame
    vectors: dict[str, np.ndarray]
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.times)


def windows_of(
    table: pa.Table, where: str, keep_nonwear: bool = False, min_quality: float = MIN_QUALITY
) -> EmbeddedWindows:
    """The arrays of an embeddings table; `where` names it in errors.

    A window is left out, and counted, where its embedding or features are missing or not finite, where its
    quality (0 to 1) is below `min_quality` and, unless `keep_nonwear`, where it was worn for less than half
    of it; one of unknown quality or wear is kept.
    Raises InputError for a table that is empty or has not the columns of the contract.
    """
    missing = [name for name in COLUMNS if name not in table.column_names]
    if missing:
        raise InputError(
            f"{where}: not an embeddings table: no column {', '.join(missing)} "
            f"(it has {', '.join(table.column_names) or 'none'}): make one with 'wearcli embed'"
        )
    if not len(table):
        raise InputError(
            f"{where}: the table has no windows: see what 'wearcli embed' said of its recordings"
        )
    table, vectors, used, dropped = usable(table, where, keep_nonwear, min_quality)
    if not vectors["features"].shape[1]:
        del vectors["features"]
    times = pd.DataFrame(
        {
            "recording": table["recording"].cast(pa.string()).dictionary_encode().to_pandas(),
            "participant": table["participant"].cast(pa.string()).dictionary_encode().to_pandas(),
            "onset": table["onset"].to_numpy().astype(np.float64),
            "duration": table["duration"].to_numpy().astype(np.float64),
        }
    )
    if "placement" in table.column_names:
        times["placement"] = table["placement"].cast(pa.string()).dictionary_encode().to_pandas()
    if not used.all():
        times = times[used].reset_index(drop=True)
        vectors = {name: values[used] for name, values in vectors.items()}
    if not len(times):
        reasons = ", ".join(f"{count} {reason}" for reason, count in dropped.items())
        flags = [flag for flag in ("--keep-nonwear", "--min-quality") if flag in reasons]
        todo = f"see {' and '.join(flags)}" if flags else "embed the recordings again"
        raise InputError(f"{where}: no window can be used ({reasons}): {todo}")
    return EmbeddedWindows(times, vectors, dropped)


def usable(
    table: pa.Table, where: str, keep_nonwear: bool, min_quality: float
) -> tuple[pa.Table, dict[str, np.ndarray], np.ndarray, dict[str, int]]:
    """The rows without a null, their "embedding" and "features" (n, D) float32, a mask (n,) of those that
    probes use (maybe none), and how many rows they do not, by reason; see `windows_of`."""
    present = np.ones(len(table), bool)
    for name in COLUMNS:
        if table[name].null_count:
            present &= pc.is_valid(table[name]).to_numpy(zero_copy_only=False)
    absent = int((~present).sum())
    if absent:
        table = table.filter(pa.array(present))
    vectors = {name: _matrix(table[name], name, where) for name in ("embedding", "features")}
    finite = np.isfinite(table["onset"].to_numpy()) & np.isfinite(table["duration"].to_numpy())
    for values in vectors.values():
        # A row's sum is finite only if all of it is: no array of booleans as large as the table.
        finite &= np.isfinite(values.sum(axis=1, dtype=np.float64))
    unworn = finite & (_column(table, "wear") < WORN) & (not keep_nonwear)
    poor = finite & ~unworn & (_column(table, "quality") < min_quality)
    counts = {
        "windows with a null": absent,
        "windows with a value that is not finite": int((~finite).sum()),
        "windows not worn (--keep-nonwear keeps them)": int(unworn.sum()),
        "windows of poor quality (--min-quality 0 keeps them)": int(poor.sum()),
    }
    dropped = {reason: count for reason, count in counts.items() if count}
    return table, vectors, finite & ~unworn & ~poor, dropped


def without_windows(table: pa.Table, metadata: dict[str, Any]) -> list[str]:
    """Recordings that `embed` was given and of which the table has no window: failed ones, too short ones."""
    planned = metadata.get("recordings_planned") or []
    found = set(pc.unique(table["recording"]).to_pylist())
    return sorted(set(planned) - found)


def _column(table: pa.Table, name: str) -> np.ndarray:
    """(n,) float32 of a column, NaN where it is null or the table has none."""
    if name not in table.column_names:
        return np.full(len(table), np.nan, np.float32)
    return table[name].cast(pa.float32()).to_numpy()


def _matrix(column: pa.ChunkedArray, name: str, where: str) -> np.ndarray:
    """(n, D) float32 of a FixedSizeList column, copied only where the table is in several pieces."""
    if not pa.types.is_fixed_size_list(column.type):
        raise InputError(
            f"{where}: not an embeddings table: {name} is {column.type}, not FixedSizeList<float32>: "
            "make one with 'wearcli embed'"
        )
    width = column.type.list_size
    flat = [chunk.flatten().to_numpy(zero_copy_only=False) for chunk in column.chunks]
    values = flat[0] if len(flat) == 1 else np.concatenate(flat) if flat else np.empty(0)
    return values.astype(np.float32, copy=False).reshape(len(column), width)
