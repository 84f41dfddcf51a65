"""Windows joined to label intervals by their overlap in time, and pooled over epochs.

Without epochs a classification has a window as its sample, and a regression an interval. With epochs of S
seconds, label intervals are cut into pieces of S seconds and the windows of each are pooled.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from wearcli.labels.windows import EmbeddedWindows

_TOUCH_S = 1e-3  # label files are rounded: intervals this near to each other touch
_ROUNDING_S = 1e-6
_PAIRS = 16384  # windows pooled at a time: bounds the float64 copy


@dataclass(frozen=True)
class Samples:
    """What a probe is fitted on.

    rows: one row a sample: recording, participant, onset, duration (s), windows (how many), and placement
        where the windows have it. Where a sample is of several recordings (`people`), the first of them.
    vectors: "embedding" and "features" (n, D) float32.
    truth: (n,) labels as strings, or (n, targets) float64.
    n_windows: windows that are part of a sample. dropped: what was left out, by reason.
    """

    rows: pd.DataFrame
    vectors: dict[str, np.ndarray]
    truth: np.ndarray
    n_windows: int
    dropped: dict[str, int]

    def __len__(self) -> int:
        return len(self.rows)


def join_classes(windows: EmbeddedWindows, intervals: pd.DataFrame, epoch_s: float | None) -> Samples:
    """Samples of a classification; `intervals` has recording, onset, duration, label (s, strings).

    Intervals of one label that touch or overlap are one. Without `epoch_s` each window is a sample with
    the label that covers most of it, if that is at least half of it (of two halves, the label first in the
    alphabet); else see `_pooled`.
    """
    merged = merge_touching(intervals)
    if epoch_s is not None:
        epochs, short = cut(merged, epoch_s)
        samples = _pooled(windows, epochs, epochs["label"].to_numpy(object))
        return _with_dropped(samples, short)
    labels, codes = np.unique(merged["label"].to_numpy(str), return_inverse=True)
    window, interval, overlap = overlaps(windows.times, merged)
    # Merged intervals of a label are disjoint, so their overlaps with a window add up.
    covered = pd.DataFrame({"window": window, "label": codes[interval], "overlap": overlap})
    covered = covered.groupby(["window", "label"], sort=True).sum().reset_index()
    order = np.lexsort((covered["label"], -covered["overlap"].round(9), covered["window"]))
    best = covered.iloc[order].drop_duplicates("window")
    duration = windows.times["duration"].to_numpy()[best["window"]]
    best = best[best["overlap"].to_numpy() >= duration / 2 - _ROUNDING_S]
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
        dropped=_counts({"windows without a label": len(windows) - len(rows)}),
    )


def join_targets(
    windows: EmbeddedWindows, intervals: pd.DataFrame, targets: list[str], epoch_s: float | None
) -> Samples:
    """Samples of a regression; `intervals` has recording, onset, duration (s) and one column a target.

    Without `epoch_s` each interval is one epoch. See `_pooled`.
    """
    short: dict[str, int] = {}
    if epoch_s is not None:
        intervals, short = cut(intervals, epoch_s)
    samples = _pooled(windows, intervals, intervals[targets].to_numpy(np.float64))
    return _with_dropped(samples, short)


def whole_recordings(windows: EmbeddedWindows) -> pd.DataFrame:
    """One interval a recording, from its first window's start to its last window's end."""
    times = windows.times.assign(end=windows.times["onset"] + windows.times["duration"])
    groups = times.groupby(["recording", "participant"], observed=True, sort=True)
    found = groups.agg(onset=("onset", "min"), end=("end", "max")).reset_index()
    found["duration"] = found["end"] - found["onset"]
    return found.astype({"recording": str, "participant": str}).drop(columns="end")


def sample_keys(samples: Samples) -> pd.MultiIndex:
    """What tells a sample from all others, in any table that was joined with the same intervals."""
    key = samples.rows[["recording", "onset", "duration"]].astype({"recording": str}).round(6)
    # Intervals that contradict each other make several samples at one time, in every table in one order.
    return pd.MultiIndex.from_frame(key.assign(again=key.groupby(list(key)).cumcount()))


def merge_touching(intervals: pd.DataFrame) -> pd.DataFrame:
    """Intervals (recording, onset, duration, label) with the same label that touch or overlap made one."""
    table = intervals.sort_values(["recording", "label", "onset"], kind="stable").reset_index(drop=True)
    keys = [table["recording"], table["label"]]
    table["end"] = (table["onset"] + table["duration"]).groupby(keys).cummax()
    begins = table["onset"] > table.groupby(["recording", "label"])["end"].shift() + _TOUCH_S
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
    """How many intervals (recording, onset, duration, label) begin within one of another label."""
    table = merge_touching(intervals)
    end = table["onset"] + table["duration"]
    # The furthest end so far in the recording: of another label, as one label's intervals are disjoint.
    before = end.groupby(table["recording"]).cummax().groupby(table["recording"]).shift()
    return int((table["onset"] < before - _TOUCH_S).sum())


def cut(intervals: pd.DataFrame, epoch_s: float) -> tuple[pd.DataFrame, dict[str, int]]:
    """Intervals cut from their onsets into epochs of `epoch_s`; an interval shorter than that stays whole.

    What remains at an interval's end is left out: epochs are alike. Returns the epochs and what was left out.
    """
    duration = intervals["duration"].to_numpy(np.float64)
    pieces = np.floor(duration / epoch_s + _ROUNDING_S).astype(int)
    remain = (pieces > 0) & (duration - pieces * epoch_s > 0.01)
    short = pieces == 0
    pieces = np.maximum(pieces, 1)
    source = np.repeat(np.arange(len(intervals)), pieces)
    number = np.arange(len(source)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    epochs = intervals.iloc[source].reset_index(drop=True)
    epochs["onset"] = epochs["onset"].to_numpy(np.float64) + number * epoch_s
    epochs["duration"] = np.where(short[source], duration[source], epoch_s)
    return epochs, _counts({"ends of intervals shorter than an epoch": int(remain.sum())})


def overlaps(times: pd.DataFrame, intervals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Every pair of a window and an interval of its recording that overlap.

    Returns (window row, interval row, seconds of overlap), ordered by interval, then window onset.
    """
    recordings = pd.Index(times["recording"].unique().astype(object))
    code = recordings.get_indexer(times["recording"].astype(object))
    other = recordings.get_indexer(intervals["recording"].astype(object))
    onset, duration = (times[name].to_numpy(np.float64) for name in ("onset", "duration"))
    begin = intervals["onset"].to_numpy(np.float64)
    end = begin + intervals["duration"].to_numpy(np.float64)
    order = np.lexsort((onset, code))
    edges = np.searchsorted(code[order], np.arange(len(recordings) + 1))
    interval_order = np.argsort(other, kind="stable")
    interval_edges = np.searchsorted(other[interval_order], np.arange(len(recordings) + 1))
    low = np.zeros(len(intervals), np.int64)
    high = np.zeros(len(intervals), np.int64)
    for number in range(len(recordings)):
        mine = interval_order[interval_edges[number] : interval_edges[number + 1]]
        if not len(mine):
            continue
        rows = order[edges[number] : edges[number + 1]]
        # A window that reaches into the interval began at most one (longest) window before it.
        low[mine] = edges[number] + np.searchsorted(onset[rows], begin[mine] - duration[rows].max())
        high[mine] = edges[number] + np.searchsorted(onset[rows], end[mine])
    counts = high - low
    interval = np.repeat(np.arange(len(intervals)), counts)
    window = order[np.arange(len(interval)) - np.repeat(np.cumsum(counts) - counts - low, counts)]
    ends = onset[window] + duration[window]
    shared = np.minimum(ends, end[interval]) - np.maximum(onset[window], begin[interval])
    some = shared > 0
    return window[some], interval[some], shared[some]


def inside(times: pd.DataFrame, intervals: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Every pair of a window and an interval in which it lies with at least half of its length.

    Returns (window row, interval row), ordered by interval, then window onset.
    """
    window, interval, shared = overlaps(times, intervals)
    lies = shared >= times["duration"].to_numpy()[window] / 2 - _ROUNDING_S
    return window[lies], interval[lies]


def pool(vectors: np.ndarray, rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """The mean of the windows of each epoch.

    Their deviation beside it made probes worse on nearly all that was measured, of embeddings and of
    features alike: of two or three windows it is mostly noise (docs/default-encoder.md).

    vectors: (n, D). rows: the windows' rows, those of an epoch together; counts: (epochs,) how many each
    has, at least 1. Returns (epochs, D) float32.
    """
    pooled = np.empty((len(counts), vectors.shape[1]), np.float32)
    ends = np.cumsum(counts)
    first = 0
    while first < len(counts):
        start = ends[first] - counts[first]
        last = max(first + 1, int(np.searchsorted(ends, start + _PAIRS, side="right")))
        mine, size = rows[start : ends[last - 1]], counts[first:last]
        if len(mine) > _PAIRS:  # one epoch, or all windows of a participant
            parts = (vectors[mine[at : at + _PAIRS]] for at in range(0, len(mine), _PAIRS))
            pooled[first] = sum(part.sum(axis=0, dtype=np.float64) for part in parts) / len(mine)
        else:
            values = vectors[mine].astype(np.float64)
            pooled[first:last] = np.add.reduceat(values, np.cumsum(size) - size, axis=0) / size[:, None]
        first = last
    return pooled


def _pooled(windows: EmbeddedWindows, epochs: pd.DataFrame, truth: np.ndarray) -> Samples:
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
        dropped=_counts(
            {
                "windows outside every interval": len(windows) - n_windows,
                "intervals or epochs without a window": len(epochs) - len(used),
            }
        ),
    )


def _with_dropped(samples: Samples, more: dict[str, int]) -> Samples:
    return Samples(samples.rows, samples.vectors, samples.truth, samples.n_windows, samples.dropped | more)


def _counts(reasons: dict[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in reasons.items() if count}
