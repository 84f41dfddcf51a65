"""Windows joined to labels: the samples that a probe is fitted on.

Without epochs a classification has a window as its sample, and a regression an interval. With epochs of S
seconds, label intervals are cut into pieces of S seconds and the windows of a piece are pooled.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from wearcli.labels.intervals import ROUNDING_S, cut_epochs, inside, merge_touching, overlaps
from wearcli.labels.pooling import pool
from wearcli.labels.windows import UsableWindows


@dataclass(frozen=True)
class Samples:
    """What a probe is fitted on.

    Attributes:
        rows: One row a sample: recording, participant, onset, duration (s), windows (how many), and placement
            where the windows have it. A sample of several recordings (`join_people`) has the first of them.
        vectors: "embedding" and "features" (n, D) float32.
        truth: (n,) labels as strings, or (n, targets) float64.
        n_windows: Windows that are part of a sample.
        dropped: What was left out, by reason.
    """

    rows: pd.DataFrame
    vectors: dict[str, np.ndarray]
    truth: np.ndarray
    n_windows: int
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.rows)


def join_classes(windows: UsableWindows, intervals: pd.DataFrame, epoch_s: float | None) -> Samples:
    """Return the samples of a classification.

    Intervals of one label that touch or overlap are one. Without `epoch_s` a window is a sample with the
    label that covers most of it, if that is at least half of it (of two halves, the label first in the
    alphabet). With `epoch_s` a sample is an epoch (`_pooled`).

    Args:
        windows: The windows to join.
        intervals: recording, onset, duration (s), label (a string).
        epoch_s: Length of an epoch, s.
    """
    merged = merge_touching(intervals)
    if epoch_s is not None:
        epochs, short = cut_epochs(merged, epoch_s)
        samples = _pooled(windows, epochs, epochs["label"].to_numpy(object))
        return replace(samples, dropped=samples.dropped | short)
    labels, codes = np.unique(merged["label"].to_numpy(str), return_inverse=True)
    window, interval, overlap = overlaps(windows.times, merged)
    # Merged intervals of a label are disjoint, so their overlaps with a window add up.
    covered = pd.DataFrame({"window": window, "label": codes[interval], "overlap": overlap})
    covered = covered.groupby(["window", "label"], sort=True).sum().reset_index()
    order = np.lexsort((covered["label"], -covered["overlap"].round(9), covered["window"]))
    best = covered.iloc[order].drop_duplicates("window")
    best = best[best["overlap"].to_numpy() >= windows.duration[best["window"]] / 2 - ROUNDING_S]
    rows = best["window"].to_numpy()
    return Samples(
        rows=windows.times.iloc[rows].assign(windows=1).reset_index(drop=True),
        # Rows are in order: where all windows have a label nothing needs copying.
        vectors={
            name: values if len(rows) == len(values) else values[rows]
            for name, values in windows.vectors.items()
        },
        truth=labels[best["label"].to_numpy()].astype(object),
        n_windows=len(rows),
        dropped=nonzero({"windows without a label": len(windows) - len(rows)}),
    )


def join_targets(
    windows: UsableWindows, intervals: pd.DataFrame, targets: list[str], epoch_s: float | None
) -> Samples:
    """Return the samples of a regression: an interval, or an epoch of one, with the mean of its windows.

    Args:
        windows: The windows to join.
        intervals: recording, onset, duration (s), and one column a target.
        targets: Names of these columns.
        epoch_s: Length of an epoch, s. None: an interval is one epoch.
    """
    short: dict[str, int] = {}
    if epoch_s is not None:
        intervals, short = cut_epochs(intervals, epoch_s)
    samples = _pooled(windows, intervals, intervals[targets].to_numpy(np.float64))
    return replace(samples, dropped=samples.dropped | short)


def sample_keys(samples: Samples) -> pd.MultiIndex:
    """Return a key a sample, the same in every table that was joined with the same intervals."""
    key = samples.rows[["recording", "onset", "duration"]].astype({"recording": str}).round(6)
    # Intervals that contradict each other make several samples at one time, in every table in one order.
    return pd.MultiIndex.from_frame(key.assign(again=key.groupby(list(key)).cumcount()))


def nonzero(reasons: dict[str, int]) -> dict[str, int]:
    """Return the counts above 0."""
    return {reason: count for reason, count in reasons.items() if count}


def _pooled(windows: UsableWindows, epochs: pd.DataFrame, truth: np.ndarray) -> Samples:
    """One sample an epoch, of the windows that lie in it with at least half of their length.

    An epoch without such a window is left out and counted.
    """
    window, epoch = inside(windows.times, epochs)
    counts = np.bincount(epoch, minlength=len(epochs))
    used = np.flatnonzero(counts)
    counts = counts[used]
    rows = epochs.iloc[used][["recording", "onset", "duration"]].reset_index(drop=True)
    first = np.cumsum(counts) - counts
    rows.insert(1, "participant", windows.times["participant"].to_numpy(object)[window[first]])
    rows["windows"] = counts
    if "placement" in windows.times:
        rows["placement"] = windows.times["placement"].to_numpy(object)[window[first]]
    n_windows = len(np.unique(window))
    return Samples(
        rows=rows,
        vectors={name: pool(values, window, counts) for name, values in windows.vectors.items()},
        truth=truth[used],
        n_windows=n_windows,
        dropped=nonzero(
            {
                "windows outside every interval": len(windows) - n_windows,
                "intervals or epochs without a window": len(epochs) - len(used),
            }
        ),
    )
