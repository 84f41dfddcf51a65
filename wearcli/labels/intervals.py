"""Label intervals and windows on one time line: what overlaps, touches, contradicts, and how epochs are cut.

A table of intervals has the columns recording, onset, duration (s), and label or targets.
"""

import numpy as np
import pandas as pd

TOUCH_S = 1e-3  # label files are rounded: intervals this near to each other touch
ROUNDING_S = 1e-6


def overlaps(times: pd.DataFrame, intervals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find every pair of a window and an interval of its recording that overlap.

    Args:
        times: One row a window: recording, onset, duration (s).
        intervals: recording, onset, duration (s).

    Returns:
        Window row, interval row and seconds of overlap, ordered by interval, then window onset.
    """
    recordings = pd.Index(times["recording"].unique().astype(object))
    window_code = recordings.get_indexer(times["recording"].astype(object))
    interval_code = recordings.get_indexer(intervals["recording"].astype(object))
    onset, duration = (times[name].to_numpy(np.float64) for name in ("onset", "duration"))
    begin = intervals["onset"].to_numpy(np.float64)
    end = begin + intervals["duration"].to_numpy(np.float64)
    order = np.lexsort((onset, window_code))
    edges = np.searchsorted(window_code[order], np.arange(len(recordings) + 1))
    interval_order = np.argsort(interval_code, kind="stable")
    interval_edges = np.searchsorted(interval_code[interval_order], np.arange(len(recordings) + 1))
    low = np.zeros(len(intervals), np.int64)
    high = np.zeros(len(intervals), np.int64)
    for number in range(len(recordings)):
        own = interval_order[interval_edges[number] : interval_edges[number + 1]]
        if not len(own):
            continue
        rows = order[edges[number] : edges[number + 1]]
        # A window that reaches into the interval began at most one (longest) window before it.
        low[own] = edges[number] + np.searchsorted(onset[rows], begin[own] - duration[rows].max())
        high[own] = edges[number] + np.searchsorted(onset[rows], end[own])
    counts = high - low
    interval = np.repeat(np.arange(len(intervals)), counts)
    window = order[np.arange(len(interval)) - np.repeat(np.cumsum(counts) - counts - low, counts)]
    ends = onset[window] + duration[window]
    shared = np.minimum(ends, end[interval]) - np.maximum(onset[window], begin[interval])
    overlapping = shared > 0
    return window[overlapping], interval[overlapping], shared[overlapping]


def inside(times: pd.DataFrame, intervals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Find every pair of a window and an interval in which it lies with at least half of its length.

    Args:
        times: One row a window: recording, onset, duration (s).
        intervals: recording, onset, duration (s).

    Returns:
        Window row and interval row, ordered by interval, then window onset.
    """
    window, interval, shared = overlaps(times, intervals)
    lies = shared >= times["duration"].to_numpy()[window] / 2 - ROUNDING_S
    return window[lies], interval[lies]


def most_covering(times: pd.DataFrame, intervals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Find the interval that covers most of each window, of which it must cover at least half.

    Args:
        times: One row a window: recording, onset, duration (s).
        intervals: recording, onset, duration (s).

    Returns:
        Window row (rising) and interval row. Of intervals that cover as much, the first one is taken.
    """
    window, interval, shared = overlaps(times, intervals)
    order = np.lexsort((interval, -shared.round(9), window))
    order = order[np.unique(window[order], return_index=True)[1]]
    order = order[shared[order] >= times["duration"].to_numpy()[window[order]] / 2 - ROUNDING_S]
    return window[order], interval[order]


def merge_touching(intervals: pd.DataFrame) -> pd.DataFrame:
    """Return intervals (with a label) in which those of one label that touch or overlap are one."""
    table = intervals.sort_values(["recording", "label", "onset"], kind="stable").reset_index(drop=True)
    keys = [table["recording"], table["label"]]
    table["end"] = (table["onset"] + table["duration"]).groupby(keys).cummax()
    begins = table["onset"] > table.groupby(["recording", "label"])["end"].shift() + TOUCH_S
    first = ~table.duplicated(["recording", "label"])
    merged = table.groupby((begins | first).cumsum()).agg(
        recording=("recording", "first"),
        onset=("onset", "first"),
        end=("end", "max"),
        label=("label", "first"),
    )
    merged["duration"] = merged["end"] - merged["onset"]
    merged = merged.drop(columns="end").sort_values(["recording", "onset", "label"], kind="stable")
    return merged.reset_index(drop=True)


def contradictions(intervals: pd.DataFrame) -> int:
    """Count the intervals (with a label) that begin within an interval of another label."""
    table = merge_touching(intervals)
    end = table["onset"] + table["duration"]
    # The furthest end so far in the recording: of another label, as one label's intervals are disjoint.
    before = end.groupby(table["recording"]).cummax().groupby(table["recording"]).shift()
    return int((table["onset"] < before - TOUCH_S).sum())


def cut_epochs(intervals: pd.DataFrame, epoch_s: float) -> tuple[pd.DataFrame, dict[str, int]]:
    """Cut intervals from their onsets into epochs of `epoch_s` seconds.

    An interval that is shorter stays whole. What remains at an interval's end is left out, so that epochs are
    alike.

    Returns:
        The epochs, with the columns of the intervals, and what was left out, by reason.
    """
    duration = intervals["duration"].to_numpy(np.float64)
    pieces = np.floor(duration / epoch_s + ROUNDING_S).astype(int)
    remain = int(((pieces > 0) & (duration - pieces * epoch_s > 0.01)).sum())
    short = pieces == 0
    pieces = np.maximum(pieces, 1)
    source = np.repeat(np.arange(len(intervals)), pieces)
    number = np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    epochs = intervals.iloc[source].reset_index(drop=True)
    epochs["onset"] = epochs["onset"].to_numpy(np.float64) + number * epoch_s
    epochs["duration"] = np.where(short[source], duration[source], epoch_s)
    return epochs, {"ends of intervals shorter than an epoch": remain} if remain else {}


def whole_recordings(times: pd.DataFrame) -> pd.DataFrame:
    """Return one interval a recording, from its first window's start to its last window's end.

    Args:
        times: One row a window: recording, participant, onset, duration (s).

    Returns:
        recording, participant, onset, duration (s), by recording.
    """
    groups = times.assign(end=times["onset"] + times["duration"]).groupby(
        ["recording", "participant"], observed=True, sort=True
    )
    whole = groups.agg(onset=("onset", "min"), end=("end", "max")).reset_index()
    whole["duration"] = whole["end"] - whole["onset"]
    return whole.astype({"recording": str, "participant": str}).drop(columns="end")
