"""The time of recordings: how much of it windows are used of, and what is left out, by reason."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from wearcli.embedding.table import Extent
from wearcli.labels.pooling import newly_covered
from wearcli.labels.windows import is_poor, is_unworn

NO_SAMPLES, NO_WINDOW = "without samples", "in no whole window"
NOT_WORN, POOR = "not worn", "of poor quality"


@dataclass
class Coverage:
    """Adds up the time of recordings, whose windows come in the order of time.

    Attributes:
        keep_nonwear: Whether windows that were not worn are used.
        min_quality: Windows of a lower quality are not used.
        stride_s: Seconds from window to window; a window that is shorter stands for so much.
        recorded_s: Time of the recordings, s.
        used_s: Time of windows that are used, s.
        left_out_s: Other time by reason, s.
    """

    keep_nonwear: bool
    min_quality: float
    stride_s: float
    recorded_s: float = 0.0
    used_s: float = 0.0
    left_out_s: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    _reached: float = 0.0
    _windows_s: float = 0.0

    def add(self, table: pa.Table) -> None:
        """Take the next windows of a recording; those without a time count for nothing."""
        onset = table["onset"].fill_null(np.nan).to_numpy()
        duration = table["duration"].fill_null(np.nan).to_numpy()
        timed = np.isfinite(onset) & np.isfinite(duration)
        if not timed.any():
            return
        onset = onset[timed]
        end = onset + np.maximum(duration[timed], self.stride_s)
        seconds = newly_covered(onset, end, self._reached)
        unworn = is_unworn(table)[timed] & (not self.keep_nonwear)
        poor = is_poor(table, self.min_quality)[timed] & ~unworn
        for reason, rows in ((NOT_WORN, unworn), (POOR, poor)):
            self.left_out_s[reason] += float(seconds[rows].sum())
        self.used_s += float(seconds[~unworn & ~poor].sum())
        self._windows_s += float(seconds.sum())
        self._reached = max(self._reached, float(end.max()))

    def end(self, extent: Extent | None) -> None:
        """End the recording; extent: None where only its windows tell how long it is."""
        span_s, held_s = extent or Extent(self._reached, self._windows_s)
        span_s = max(span_s, self._reached)
        self.recorded_s += span_s
        held_s = min(max(held_s, self._windows_s), span_s)
        self.left_out_s[NO_WINDOW] += held_s - self._windows_s
        self.left_out_s[NO_SAMPLES] += span_s - held_s
        self._reached = self._windows_s = 0.0

    def left_out_hours(self) -> dict[str, float]:
        """Return the hours that are left out by reason; less than half a second is nothing."""
        return {reason: seconds / 3600 for reason, seconds in self.left_out_s.items() if seconds >= 0.5}
