"""Rows on their way to the output: merged where bouts are asked for, and counted for the summary."""

import numpy as np
import pandas as pd

from wearcli.prediction.bouts import merge_bouts, own_time
from wearcli.prediction.output import Sink
from wearcli.prediction.result import PredictResult


class Rows:
    """Writes the rows of one recording after those of another, and counts them in `result`.

    Only what the time line needs is held until the recording ends, or all columns where rows become bouts.

    Args:
        result: Where rows are counted.
        sink: Where rows are written.
        stride_s: Seconds from window to window.
        min_bout_s: The shortest bout, s; None where rows stay as they are.
    """

    def __init__(self, result: PredictResult, sink: Sink, stride_s: float, min_bout_s: float | None) -> None:
        self._result, self._sink = result, sink
        self._stride_s, self._min_bout_s = stride_s, min_bout_s
        self._held: list[pd.DataFrame] = []
        self._seconds: dict[str, float] = {}
        self._chance: dict[str, float] = {}  # probability times seconds
        self._values: dict[str, list[np.ndarray]] = {}  # count, sum, lowest and highest of every part

    def add(self, part: pd.DataFrame) -> None:
        """Take more rows of the recording; maybe none."""
        if not len(part):
            return
        self._result.rows += len(part)
        if self._min_bout_s is not None:
            self._held.append(part)
            return
        self._sink.write(part)
        if self._result.kind == "classification":
            self._held.append(part[["onset", "duration", "label", "confidence"]])
            return
        self._held.append(part[["onset"]])
        for target in self._result.targets:
            values = part[target].to_numpy()
            summary = np.array([len(values), values.sum(), values.min(), values.max()])
            self._values.setdefault(target, []).append(summary)

    def end(self) -> bool:
        """End the recording; return whether it had rows."""
        if not self._held:
            return False
        rows = self._held[0] if len(self._held) == 1 else pd.concat(self._held, ignore_index=True)
        self._held = []
        if self._min_bout_s is not None:
            rows = merge_bouts(rows, self._result.classes, self._stride_s, self._min_bout_s)
            self._result.bouts = (self._result.bouts or 0) + len(rows)
            self._sink.write(rows)
        if self._result.kind == "classification":
            seconds = rows["duration"].to_numpy()
            if self._min_bout_s is None and self._result.row != "participant":
                begin, end, _ = own_time(rows, self._stride_s)
                seconds = end - begin  # so that no time counts twice where windows overlap
            self._count(rows, seconds)
        return True

    def _count(self, rows: pd.DataFrame, seconds: np.ndarray) -> None:
        labels, codes = np.unique(rows["label"].to_numpy(str), return_inverse=True)
        chance = rows["confidence"].to_numpy(np.float64) * seconds
        sums = zip(labels.tolist(), np.bincount(codes, seconds), np.bincount(codes, chance), strict=True)
        for name, time, sure in sums:
            self._seconds[name] = self._seconds.get(name, 0.0) + float(time)
            self._chance[name] = self._chance.get(name, 0.0) + float(sure)

    def sum_up(self, half_widths: dict[str, float]) -> None:
        """Write the hours and the confidence of labels, or the means of targets, into the result.

        Args:
            half_widths: Half of the 95 % interval of a row, by target; NaN where there is none.
        """
        labels = [name for name in self._result.classes if self._seconds.get(name)]
        self._result.hours = {name: self._seconds[name] / 3600 for name in labels}
        self._result.confidence = {name: self._chance[name] / self._seconds[name] for name in labels}
        for target, parts in self._values.items():
            count, total, lowest, highest = np.array(parts).T
            width = half_widths[target]
            self._result.means[target] = {
                "mean": float(total.sum() / count.sum()),
                "lowest": float(lowest.min()),
                "highest": float(highest.max()),
                "half_width": None if np.isnan(width) else width,
            }
