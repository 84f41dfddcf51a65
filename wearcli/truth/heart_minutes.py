"""Heart rate and its variability in windows, from the beats in PPG or ECG."""

import numpy as np
import pandas as pd

from wearcli.modality import MODALITIES
from wearcli.recordings.recording import Recording
from wearcli.signals.beats import Pulse, find_beats, standardise
from wearcli.signals.cutting import iter_windows
from wearcli.signals.features.pulse import feature_names, interval_features
from wearcli.signals.windows import WindowSpec
from wearcli.truth.heart_clocks import Clock

# Metrics of intervals between normal beats (Task Force of the ESC, Circulation 1996): intervals within a
# quarter of the window's median; the others come from ectopic, missed or false beats.
METRICS = {"hr_bpm": "normal_hr_bpm", "sdnn_ms": "normal_sdnn_ms", "rmssd_ms": "normal_rmssd_ms"}
_BATCH = 64  # windows of a minute at a time: some 2 MB


def heart_windows(
    recording: Recording, modality: Pulse, window_s: float, stride_s: float, clock: Clock
) -> pd.DataFrame:
    """Return a row a window: recording, onset, duration (s), hr_bpm, sdnn_ms, rmssd_ms, quality, n_beats.

    A window with more than 10 % missing has no row. A metric that its beats leave undefined is 0. quality:
    see `signals.pulse_quality`. Of several channels the first is taken.

    Args:
        recording: The recording of the signal.
        modality: ppg or ecg.
        window_s: Length of a window, s.
        stride_s: Seconds from window to window.
        clock: The clock that recording and onset are on; windows begin at whole strides of it.
    """
    align = None if clock.start is None else -clock.start.timestamp()
    spec = WindowSpec(MODALITIES[modality].rate_hz, window_s, stride_s, align=align)
    names = feature_names(modality)
    wanted = [names.index(name) for name in METRICS.values()]
    parts = [np.empty((0, 6))]
    for windows in iter_windows(recording, spec, _BATCH):
        signal = standardise(windows.values[:, :, 0].astype(np.float64))
        beats = find_beats(signal, spec.rate_hz, modality)
        metrics = interval_features(beats.times)[:, wanted]
        quality = np.stack([windows.quality, beats.count], axis=1)
        parts.append(np.concatenate([windows.onset_s[:, None], metrics, quality], axis=1))
    table = pd.DataFrame(np.concatenate(parts), columns=["onset", *METRICS, "quality", "n_beats"])
    onset = table["onset"] + clock.shift_s
    # A window begins at the sample next to a whole stride; a difference of less than a sample is not shown.
    whole = (onset / stride_s).round() * stride_s
    table["onset"] = onset.where((onset - whole).abs() > 1 / spec.rate_hz, whole)
    table["n_beats"] = table["n_beats"].astype(int)
    table.insert(0, "recording", clock.recording)
    table.insert(2, "duration", window_s)
    return table
