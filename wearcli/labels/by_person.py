"""One sample a participant: the mean of all windows of the person.

So Abbaspourazad et al. (ICLR 2024, arXiv 2312.05409) probe embeddings of PPG and ECG.
"""

from typing import Literal

import numpy as np
import pandas as pd

from wearcli.errors import InputError, UsageError
from wearcli.labels.intervals import inside
from wearcli.labels.pooling import pool
from wearcli.labels.samples import Samples, join_classes, nonzero
from wearcli.labels.windows import UsableWindows

Level = Literal["window", "participant"]


def check_level(level: str, min_segments: int, epoch: float | None) -> None:
    """Check what a sample is to be: a window (or epoch), or a participant.

    Raises:
        UsageError: An unknown level, or a number of windows or an epoch that does not go with it.
    """
    if level not in ("window", "participant"):
        raise UsageError(f"unknown level '{level}': --level window or participant")
    if min_segments < 1:
        raise UsageError(f"{min_segments} segments: --min-segments takes 1 or more")
    if level == "window" and min_segments > 1:
        raise UsageError(f"--min-segments {min_segments}: for --level participant alone: leave it out")
    if level == "participant" and epoch is not None:
        raise UsageError(
            f"--epoch {epoch:g} with --level participant: all windows of a participant are one sample: "
            "leave one of the two out"
        )


def join_people(
    windows: UsableWindows, intervals: pd.DataFrame, targets: list[str] | None, min_segments: int
) -> Samples:
    """Return a sample a participant, or in a classification a participant and class, by name and class.

    In a classification the windows are those that `join_classes` labels; in a regression those that lie by
    half in an interval. A window counts once. A target is the mean of the windows' own values, NaN where none
    has one; a window in several intervals has the mean of theirs.

    Args:
        windows: The windows to join.
        intervals: recording, onset, duration (s), and a column label (`targets` None) or one a target.
        targets: Names of the target columns; None for a classification.
        min_segments: A sample of fewer windows is left out and counted.

    Returns:
        The samples. In `rows` the recording is the first, by name, that the windows come from; onset and
        duration reach from the first to the last window in it.

    Raises:
        InputError: Every sample has too few windows.
    """
    window, truth, left_out = (
        _labelled(windows, intervals) if targets is None else _measured(windows, intervals, targets)
    )
    times = windows.times.iloc[window].astype({"recording": str, "participant": str}).reset_index(drop=True)
    times["end"] = times["onset"] + times["duration"]
    times["label"] = truth if targets is None else ""
    keys = ["participant", "label"]
    # In an order of their own, so that the table's changes nothing.
    times = times.sort_values([*keys, "recording", "onset"], kind="stable")
    sample = times.groupby(keys).ngroup().to_numpy()
    counts = np.bincount(sample)
    if len(counts) and counts.max() < min_segments:
        raise InputError(
            f"no participant has {min_segments} windows to take the mean of, {counts.max()} are the most: "
            "lower --min-segments"
        )
    enough = counts >= min_segments
    times, sample = times[enough[sample]], sample[enough[sample]]
    order = times.index.to_numpy()
    first = times.drop_duplicates(keys)
    in_first = times[times["recording"].to_numpy() == times.groupby(keys)["recording"].transform("first")]
    rows = first[["recording", "participant", "onset", *({"placement"} & {*first})]].reset_index(drop=True)
    rows["duration"] = in_first.groupby(keys)["end"].max().to_numpy() - rows["onset"]
    rows["windows"] = counts[enough]
    too_few = f"participants, or classes of one, with fewer than {min_segments} windows (--min-segments)"
    return Samples(
        rows=rows,
        vectors={
            name: pool(values, window[order], counts[enough]) for name, values in windows.vectors.items()
        },
        truth=first["label"].to_numpy(object)
        if targets is None
        else pd.DataFrame(truth[order]).groupby(sample).mean().to_numpy(),
        n_windows=len(order),
        dropped=left_out | nonzero({too_few: int((~enough).sum())}),
    )


def _labelled(
    windows: UsableWindows, intervals: pd.DataFrame
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Rows (k,) of the windows with a label; their labels, (k,) strings; and what was left out."""
    numbered = windows.times.assign(row=np.arange(len(windows)))
    samples = join_classes(UsableWindows(numbered, {}, {}), intervals, None)
    return samples.rows["row"].to_numpy(), samples.truth, samples.dropped


def _measured(
    windows: UsableWindows, intervals: pd.DataFrame, targets: list[str]
) -> tuple[np.ndarray, np.ndarray, dict[str, int]]:
    """Rows (k,) of the windows in an interval; their targets, (k, targets); and what was left out."""
    window, interval = inside(windows.times, intervals)
    values = intervals[targets].iloc[interval].groupby(window).mean()
    left_out = {
        "windows outside every interval": len(windows) - len(values),
        "intervals without a window": len(intervals) - len(np.unique(interval)),
    }
    return values.index.to_numpy(), values.to_numpy(np.float64), nonzero(left_out)
