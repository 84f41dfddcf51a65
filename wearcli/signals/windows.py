"""Windows of a recording: how they are cut, and what a batch of them holds."""

import math
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np

from wearcli.errors import UsageError
from wearcli.signals.defaults import MAX_MISSING


@dataclass(frozen=True)
class WindowSpec:
    """How windows are cut: window k begins k strides after the start of the recording.

    Window and stride are rounded to whole samples of the grid.

    Attributes:
        rate_hz: Rate of the grid, Hz.
        window_s: Length of a window, s.
        stride_s: Time from the start of a window to that of the next one, s.
        max_missing: Greatest share of a window that may lie in gaps; a window with more is dropped.
        align: Seconds to add to the clock of the recording. Windows then begin at whole strides of that
            clock, to the next sample, so that those of two sensors of the same time lie together however
            each was started. Without a start the recording begins at 0 o'clock. None: windows begin with the
            recording.

    Raises:
        UsageError: Windows by the clock, of a stride that is no whole number of samples.
    """

    rate_hz: float
    window_s: float
    stride_s: float
    max_missing: float = MAX_MISSING
    align: float | None = None

    def __post_init__(self) -> None:
        if self.align is None:
            return
        if not math.isfinite(self.align):
            raise UsageError(f"--clock-offset {self.align}: give seconds")
        strides = self.stride_s * self.rate_hz
        if abs(strides - round(strides)) > 1e-6 * strides or round(strides) < 1:
            # Rounded, the windows of two rates would drift apart.
            raise UsageError(
                f"--stride {self.stride_s:g}: windows by the clock need a whole number of samples, not "
                f"{strides:g} at {self.rate_hz:g} Hz: give another"
            )

    @property
    def samples(self) -> int:
        """Samples in a window."""
        return max(1, round(self.window_s * self.rate_hz))

    @property
    def stride(self) -> int:
        """Samples from the first of a window to the first of the next one."""
        return max(1, round(self.stride_s * self.rate_hz))

    def skipped(self, start: datetime | None) -> int:
        """Return the number of samples on the grid before the first window of a recording."""
        if self.align is None:
            return 0
        # In whole microseconds: a start that lies on a stride must not be taken for just after it.
        stride = round(self.stride_s * 1e6)
        began = round(((start.timestamp() if start else 0.0) + self.align) * 1e6)
        return round((-began % stride) * 1e-6 * self.rate_hz)


@dataclass
class Windows:
    """A batch of windows of one recording, in time order.

    What the sensor of the signal does not tell is NaN; see `modality.ModalityRecord`.

    Attributes:
        index: Numbers of the windows (n,) int64.
        onset_s: Starts of the windows, s from the start of the recording, (n,) float64.
        values: Samples (n, samples, channels) float32, in the unit of the recording.
        missing: Shares of the windows that lie in gaps, (n,) float32.
        clipped: Shares of samples at the range of the sensor, (n,) float32.
        wear: Shares of the windows in which the sensor was worn, (n,) float32.
        movement_g: Mean amplitude deviations of the magnitude, g, (n,) float32.
        quality: Qualities of the signal, 0 to 1, (n,) float32.
    """

    index: np.ndarray
    onset_s: np.ndarray
    values: np.ndarray
    missing: np.ndarray
    clipped: np.ndarray
    wear: np.ndarray
    movement_g: np.ndarray
    quality: np.ndarray

    def __len__(self) -> int:
        return len(self.index)


@dataclass
class Findings:
    """What cutting a recording into windows showed; complete when the stream has ended.

    Attributes:
        windows: Number of windows.
        dropped: Number of windows with too much missing.
        seconds: Length of the grid that held data, s.
        span_s: From the first sample to the end of the recording, gaps included, s.
        warnings: Remarks for people.
        spoiled: Windows of which no row could be made, by the reason in words.
    """

    windows: int = 0
    dropped: int = 0
    seconds: float = 0.0
    span_s: float = 0.0
    warnings: list[str] = field(default_factory=list)
    spoiled: Counter[str] = field(default_factory=Counter)
