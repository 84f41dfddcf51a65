"""`heart_truth`: a heart.csv to fit and score probes on, from the beats in PPG or ECG."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.files import reserved
from wearcli.modality import MODALITIES
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.beats import Pulse
from wearcli.truth.defaults import HEART_MIN_QUALITY, HEART_OUTPUT, HEART_WINDOW_S
from wearcli.truth.heart_clocks import find_clocks
from wearcli.truth.heart_minutes import METRICS, heart_windows
from wearcli.truth.result import HeartTruth
from wearcli.truth.spans import span_or_start

SHORTEST_WINDOW_S = 10.0  # some ten beats
_LOG = logging.getLogger(__name__)


def heart_truth(
    paths: Sequence[Path | str],
    output: Path | str = HEART_OUTPUT,
    *,
    modality: Pulse = "ppg",
    main: Path | str | None = None,
    window_s: float = HEART_WINDOW_S,
    stride_s: float | None = None,
    min_quality: float | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> HeartTruth:
    """Write a heart.csv: recording, onset, duration (s), hr_bpm, sdnn_ms, rmssd_ms, quality, n_beats.

    A row is a window of the signal (`heart_windows`). Recording and onset are those of the acceleration that
    goes with the signal (`find_clocks`), and windows begin at whole strides of it, so that the table goes
    with its embeddings; without acceleration they are the signal's own.

    Args:
        paths: Recordings of the signal.
        output: The table to write.
        modality: The signal that shows the beats, ppg or ecg.
        main: Recordings of acceleration on whose clock the onsets are. Default: those in `paths`.
        window_s: Length of a row, s.
        stride_s: Seconds from row to row. Default: `window_s`.
        min_quality: Leave out windows of a lower quality, 0 to 1. Default: `HEART_MIN_QUALITY`.
        participant_from: See `find_recordings`.
        reading: How the files are read; columns are those of the signal.
        overwrite: Replace an output that exists already.
        dry_run: Write nothing, and read only the heads of the recordings.
        step: Is called with the number of recordings that are done, and of all.

    Returns:
        What was made. A recording that cannot be read is named in it, and the rest goes on.

    Raises:
        UsageError: The arguments cannot be.
        InputError: No row is left.

    Example:
        >>> wearcli.heart_truth(["recordings"], modality="ecg").metrics["hr_bpm"]  # doctest: +SKIP
        {'median': 66.4, 'p5': 58.1, 'p95': 77.9}
    """
    stride_s = window_s if stride_s is None else stride_s
    min_quality = HEART_MIN_QUALITY.get(modality, 0.0) if min_quality is None else min_quality
    _check_options(modality, window_s, stride_s, min_quality)
    reading = (reading or Reading()).for_signal(modality)
    reading.check()
    with reserved(None if dry_run else Path(output), overwrite):
        places = [Path(path) for path in paths]
        study = find_recordings(places, participant_from=participant_from, modality=modality)
        result = HeartTruth(None if dry_run else str(output), modality=modality, notes=list(study.problems))
        signals = {source: span_or_start(source, reading) for source in study.sources}
        acceleration = replace(reading, modality="acc", channel_columns=None, channels=None)
        mains = [] if main is None else [Path(main)]
        clocks = find_clocks(signals, mains, places, participant_from, acceleration)
        result.clocks, result.recordings = dict(clocks.how), len(clocks.by_signal)
        result.failed += clocks.failed
        if clocks.together:
            result.notes.append(
                f"{clocks.together} recordings are taken to start with their acceleration: one of the two "
                "starts is not known"
            )
        for name, clock in clocks.by_signal.items():
            _LOG.info("%s: onsets on the clock of %s, %+.3f s", name, clock.recording, clock.shift_s)
        if dry_run:
            return result

        def rows(source: Source) -> pd.DataFrame:
            recording, clock = open_recording(source, reading), clocks.by_signal[source.recording]
            beside = None if clock.acceleration is None else open_recording(clock.acceleration, acceleration)
            windows = heart_windows(recording, modality, window_s, stride_s, clock, beside)
            return _usable(windows, min_quality, result)

        parts = [pd.DataFrame()]
        for done, source in enumerate(signals):
            if source.recording in clocks.by_signal:
                parts.append(result.read(source, rows))
            step(done + 1, len(signals))
        hint = f"see 'wearcli inspect --modality {modality}', --window and --min-quality"
        table = pd.concat(parts, ignore_index=True)
        if result.moving:
            result.notes.append(
                f"{result.moving} windows move: their beats are those of the PPG without its response to the "
                "acceleration, and their SDNN and RMSSD are empty"
            )
        nothing = f"no window of {window_s:g} s"
        result.write(table, list(METRICS), ", ".join(map(str, places)), nothing, hint)
        return result


def _check_options(modality: str, window_s: float, stride_s: float, min_quality: float) -> None:
    if modality not in HEART_MIN_QUALITY:
        raise UsageError(f"beats do not show in {modality}: --modality {' or '.join(HEART_MIN_QUALITY)}")
    if not 0 <= min_quality <= 1:
        raise UsageError(f"a quality of {min_quality:g}: --min-quality takes 0 to 1")
    if not SHORTEST_WINDOW_S <= window_s < np.inf:
        raise UsageError(f"a window of {window_s:g} s: --window takes {SHORTEST_WINDOW_S:g} s or more")
    if not 1 / MODALITIES[modality].rate_hz <= stride_s < np.inf:
        raise UsageError(f"a stride of {stride_s:g} s: --stride takes seconds above 0")


def _usable(windows: pd.DataFrame, min_quality: float, result: HeartTruth) -> pd.DataFrame:
    """The windows that can be used; counts of what was left out go to `result`."""
    begun = windows["onset"] >= 0
    cadence = begun & windows["cadence"]
    good = windows["quality"] >= min_quality
    # A variability is undefined under movement (NaN), and 0 where there are too few normal beats.
    defined = ~(windows[list(METRICS)] == 0).any(axis=1)
    result.left_out["windows that begin before the acceleration does"] += int((~begun).sum())
    result.left_out["moving windows whose pulse is at the cadence"] += int(cadence.sum())
    result.left_out[f"windows of a quality below {min_quality:g}"] += int((begun & ~cadence & ~good).sum())
    result.left_out["windows of too few normal beats"] += int((begun & good & ~defined).sum())
    usable = windows[begun & ~cadence & good & defined]
    result.moving += int(usable["moving"].sum())
    return usable.drop(columns=["moving", "cadence"])
