"""The windows that a probe is applied to: those of a table's rows that probes use."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.labels.windows import usable


@dataclass(frozen=True)
class Samples:
    """Windows, or what was pooled of them.

    origin: recording, participant and placement, one for all or (n,) each. start: (n,) datetime64[us] in UTC,
    or NaT; onset, duration: (n,) s; windows: (n,) how many each is of; vectors: (n, D) float32.
    """

    origin: dict[str, Any]
    start: np.ndarray
    onset: np.ndarray
    duration: np.ndarray
    windows: np.ndarray
    vectors: np.ndarray

    def __len__(self) -> int:
        return len(self.onset)

    @property
    def end(self) -> np.ndarray:
        """(n,) s."""
        return self.onset + self.duration

    def columns(self) -> dict[str, Any]:
        """All but the vectors, as a table has them."""
        times = {"start": pd.Series(self.start).dt.tz_localize("UTC"), "onset": self.onset}
        return {**self.origin, **times, "duration": self.duration, "windows": self.windows}

    def only(self, rows: np.ndarray) -> "Samples":
        """Those of `rows`, a mask."""
        arrays = (self.start, self.onset, self.duration, self.windows, self.vectors)
        return Samples(self.origin, *(array[rows] for array in arrays))

    def then(self, later: "Samples") -> "Samples":
        """These, and later ones of the same recording."""
        names = ("start", "onset", "duration", "windows", "vectors")
        return Samples(self.origin, *(np.concatenate([getattr(self, n), getattr(later, n)]) for n in names))


def usable_windows(
    table: pa.Table, column: str, keep_nonwear: bool, min_quality: float, left_out: Counter[str]
) -> Samples:
    """The windows of a recording that probes use, as `windows_of` takes them; maybe none.

    table: rows of one recording. column: embedding or features, which become the vectors. left_out: counts
    the others, by reason.
    """
    whole, vectors, used, dropped = usable(table, "the table", keep_nonwear, min_quality)
    left_out.update(dropped)
    kept = whole.filter(pa.array(used))
    return Samples(
        origin={name: _first(kept, name) for name in ("recording", "participant", "placement")},
        start=_starts(kept),
        onset=kept["onset"].to_numpy().astype(np.float64),
        duration=kept["duration"].to_numpy().astype(np.float64),
        windows=np.ones(len(kept), np.int64),
        vectors=vectors[column] if used.all() else vectors[column][used],
    )


def _first(table: pa.Table, name: str) -> str | None:
    """What the rows of one recording share; None where the column is null or there is none."""
    if name not in table.column_names or not len(table):
        return None
    return table[name][0].cast(pa.string()).as_py()


def _starts(table: pa.Table) -> np.ndarray:
    """(n,) datetime64[us] in UTC, NaT where the start of the recording is not known."""
    if "start" not in table.column_names:
        return np.full(len(table), np.datetime64("NaT", "us"))
    return table["start"].cast(pa.timestamp("us"), safe=False).to_numpy()
