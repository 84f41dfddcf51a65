"""Heart rate and its variability in windows, from the beats in PPG or ECG."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from wearcli.modality import MODALITIES
from wearcli.recordings.recording import Recording
from wearcli.signals.beats import Pulse, find_beats, standardise
from wearcli.signals.cutting import iter_windows
from wearcli.signals.features.pulse import feature_names, interval_features
from wearcli.signals.pulse_in_motion import (
    MOVING_G,
    cadence_bpm,
    is_cadence,
    movement_size,
    without_movement,
)
from wearcli.signals.pulse_quality import live_share, pulse_quality
from wearcli.signals.windows import Windows, WindowSpec
from wearcli.truth.heart_clocks import Clock

# Metrics of intervals between normal beats (Task Force of the ESC, Circulation 1996): intervals within a
# quarter of the window's median; the others come from ectopic, missed or false beats.
METRICS = {"hr_bpm": "normal_hr_bpm", "sdnn_ms": "normal_sdnn_ms", "rmssd_ms": "normal_rmssd_ms"}
_BATCH = 64  # windows of a minute at a time: some 2 MB


def heart_windows(
    recording: Recording,
    modality: Pulse,
    window_s: float,
    stride_s: float,
    clock: Clock,
    acceleration: Recording | None = None,
) -> pd.DataFrame:
    """Return a row a window: recording, onset, duration, metrics, quality, n_beats, moving, cadence.

    A window with more than 10 % missing has no row. A metric that its beats leave undefined is 0. quality:
    see `signals.pulse_quality`. Of several channels the first is taken.

    In a window of PPG that is moving by the acceleration beside it, beats and quality are those of the PPG
    without its response to the movement, and a pulse at the cadence, its half or its double has the quality
    0 (`signals.pulse_in_motion`); the variability of its intervals is undefined, NaN.

    Args:
        recording: The recording of the signal.
        modality: ppg or ecg.
        window_s: Length of a window, s.
        stride_s: Seconds from window to window.
        clock: The clock that recording and onset are on; windows begin at whole strides of it.
        acceleration: The recording whose clock it is; None where there is none. It is read for PPG alone.
    """
    align = None if clock.start is None else -clock.start.timestamp()
    spec = WindowSpec(MODALITIES[modality].rate_hz, window_s, stride_s, align=align)
    beside = None
    if acceleration is not None and modality == "ppg":
        beside = _Beside(acceleration, WindowSpec(spec.rate_hz, window_s, stride_s))
    names = feature_names(modality)
    wanted = [names.index(name) for name in METRICS.values()]
    parts = [np.empty((0, 8))]
    for windows in iter_windows(recording, spec, _BATCH):
        signal = standardise(windows.values[:, :, 0].astype(np.float64))
        beats = find_beats(signal, spec.rate_hz, modality)
        metrics, quality, count = (
            interval_features(beats.times)[:, wanted],
            windows.quality.copy(),
            beats.count,
        )
        moving, cadence = np.zeros(len(windows), bool), np.zeros(len(windows), bool)
        onset = windows.onset_s + clock.shift_s
        values, there = np.empty((0, 1, 3)), np.zeros(len(windows), bool)
        if beside is not None:
            values, there = beside.take(np.round(onset / stride_s).astype(int))
        if len(values):
            moving[there] = movement_size(values, spec.rate_hz) >= MOVING_G
        if moving.any():
            metrics[moving], quality[moving], count[moving], cadence[moving] = _moving_windows(
                windows.values[moving, :, 0], values[moving[there]], spec.rate_hz, wanted
            )
        parts.append(np.stack([onset, *metrics.T, quality, count, moving, cadence], axis=1))
    columns = ["onset", *METRICS, "quality", "n_beats", "moving", "cadence"]
    table = pd.DataFrame(np.concatenate(parts), columns=columns)
    # A window begins at the sample next to a whole stride; a difference of less than a sample is not shown.
    whole = (table["onset"] / stride_s).round() * stride_s
    table["onset"] = table["onset"].where((table["onset"] - whole).abs() > 1 / spec.rate_hz, whole)
    table = table.astype({"n_beats": int, "moving": bool, "cadence": bool})
    table.insert(0, "recording", clock.recording)
    table.insert(2, "duration", window_s)
    return table


def _moving_windows(
    signal: np.ndarray, acceleration: np.ndarray, rate_hz: float, wanted: list[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Metrics, quality and beats of PPG less its response to movement, and whether the rate is a cadence."""
    left = without_movement(signal, acceleration, rate_hz)
    beats = find_beats(standardise(left), rate_hz, "ppg")
    metrics = interval_features(beats.times)[:, wanted]
    cadence = is_cadence(metrics[:, 0], cadence_bpm(acceleration, rate_hz))
    quality = pulse_quality(left[:, :, None], rate_hz, "ppg")[0] * live_share(signal, rate_hz)
    metrics[:, 1:] = np.nan
    return metrics, np.where(cadence, 0, quality), beats.count, cadence


class _Beside:
    """Windows of acceleration, handed out by their numbers, which rise from call to call."""

    def __init__(self, acceleration: Recording, spec: WindowSpec) -> None:
        self._batches: Iterator[Windows] = iter_windows(acceleration, spec, _BATCH)
        self._waiting: dict[int, np.ndarray] = {}
        self._read = -1  # the last number that was read

    def take(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the windows of these numbers that are there, (n, samples, 3), and which those are, bool."""
        while len(numbers) and self._read < numbers[-1]:
            batch = next(self._batches, None)
            if batch is None:
                break
            self._waiting.update(zip(batch.index.tolist(), batch.values, strict=True))
            self._read = int(batch.index[-1])
        there = np.array([number in self._waiting for number in numbers.tolist()], bool)
        windows = [self._waiting[number] for number in numbers[there].tolist()]
        self._waiting = {number: kept for number, kept in self._waiting.items() if number > numbers[-1]}
        shape = windows[0].shape if windows else (1, 3)
        return np.array(windows, np.float32).reshape(-1, *shape), there
