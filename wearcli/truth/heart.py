"""`heart_truth`: a heart.csv to fit and score probes on, from the beats in PPG or ECG."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import InputError, UsageError, WearcliError, unreadable
from wearcli.files import atomic_file, check_output
from wearcli.modality import MODALITIES
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Source
from wearcli.recordings.study.discovery import find_recordings
from wearcli.recordings.study.pairs import Span
from wearcli.signals.beats import Pulse
from wearcli.truth.heart_clocks import find_clocks
from wearcli.truth.heart_minutes import METRICS, heart_windows
from wearcli.truth.heart_result import HeartTruth

# Of minutes that are at least as good the rate is off by 0.6 bpm on average where the PPG of a wrist is told
# (stress_predict), by 0.4 bpm where an ECG is (hexoskin): docs/lab/distillation.md.
MIN_QUALITY: dict[Pulse, float] = {"ppg": 0.8, "ecg": 0.5}
WINDOW_S = 60.0
SHORTEST_WINDOW_S = 10.0  # some ten beats
DECIMALS = 4


def heart_truth(
    paths: Sequence[Path | str],
    output: Path | str = Path("heart.csv"),
    *,
    modality: Pulse = "ppg",
    main: Path | str | None = None,
    window_s: float = WINDOW_S,
    stride_s: float | None = None,
    min_quality: float | None = None,
    participant_from: str | None = None,
    reading: Reading | None = None,
    overwrite: bool = False,
    dry_run: bool = False,
    step: Callable[[int, int], None] = lambda done, total: None,
) -> HeartTruth:
    """Write a heart.csv: recording, onset, duration (s), hr_bpm, sdnn_ms, rmssd_ms, quality, n_beats.

    A row is a window of `window_s` seconds, every `stride_s` (default: one after the other), whose quality is
    at least `min_quality` (default `MIN_QUALITY`); see `heart_windows`. recording and onset are those of the
    acceleration that goes with the signal (`find_clocks`), in `main` or else in `paths`, and windows begin at
    whole strides of it, so that the table goes with its embeddings; without acceleration they are the
    signal's own. reading: its columns are those of the signal. dry_run: write nothing, and
    read only how recordings begin. step: called with how many recordings are done, of how many.

    Raises UsageError for arguments that cannot be, InputError where no row is left. A recording that cannot
    be read is named in the result, and the rest goes on.
    """
    least = MIN_QUALITY.get(modality, 0.0) if min_quality is None else min_quality
    stride = window_s if stride_s is None else stride_s
    if modality not in MIN_QUALITY:
        raise UsageError(f"beats do not show in {modality}: --modality ppg or ecg")
    if not 0 <= least <= 1:
        raise UsageError(f"a quality of {least:g}: --min-quality takes 0 to 1")
    if not SHORTEST_WINDOW_S <= window_s < np.inf:
        raise UsageError(f"a window of {window_s:g} s: --window takes {SHORTEST_WINDOW_S:g} s or more")
    if not 1 / MODALITIES[modality].rate_hz <= stride < np.inf:
        raise UsageError(f"a stride of {stride:g} s: --stride takes seconds above 0")
    reading = (reading or Reading()).for_signal(modality)
    reading.check()
    target = Path(output)
    if not dry_run:
        check_output(target, overwrite)
    places = [Path(path) for path in paths]
    found = find_recordings(places, participant_from=participant_from, modality=modality)
    result = HeartTruth(modality, None if dry_run else str(target), notes=list(found.problems))
    signals: dict[Source, Span] = {}
    for source in found.sources:
        try:
            recording = open_recording(source, reading)
            signals[source] = recording.start, recording.duration_s or np.inf
        except WearcliError:  # named where it is read through
            signals[source] = source.start, np.inf

    of_acceleration = replace(reading, modality="acc", channel_columns=None, channels=None)

    def head(source: Source) -> Span:
        recording = open_recording(source, of_acceleration)
        return recording.start, recording.duration_s or np.inf

    mains = [] if main is None else [Path(main)]
    clocks = find_clocks(signals, mains, places, participant_from, head)
    result.clocks, result.recordings = dict(clocks.how), len(clocks.of)
    result.failed += clocks.failed
    if clocks.together:
        result.notes.append(
            f"{clocks.together} recordings are taken to start with their acceleration, as nothing tells the "
            "start of both"
        )
    if dry_run:
        return result
    rows = [pd.DataFrame()]
    for done, source in enumerate(signals):
        if source.recording in clocks.of:
            try:
                recording = open_recording(source, reading)
                windows = heart_windows(recording, modality, window_s, stride, clocks.of[source.recording])
                rows.append(_good(windows, least, result))
            except WearcliError as error:
                result.failed.append({"recording": source.recording, "error": str(error)})
            except Exception as error:  # one file that nobody foresaw does not stop the rest
                told = str(unreadable(source.path, error))
                result.failed.append({"recording": source.recording, "error": told})
        step(done + 1, len(signals))
    table = pd.concat(rows, ignore_index=True)
    if not len(table):
        said = [f"{count} {reason}" for reason, count in result.left_out.items() if count]
        said += [failure["error"] for failure in result.failed[:1]]
        raise InputError(
            f"{', '.join(map(str, places))}: no row of heart.csv can be made "
            f"({'; '.join(said) or f'no window of {window_s:g} s'}): see 'wearcli inspect --modality "
            f"{modality}' and --min-quality"
        )
    table = table.sort_values(["recording", "onset"], kind="stable")
    result.rows, result.recordings = len(table), table["recording"].nunique()
    for name in METRICS:
        low, median, high = table[name].quantile([0.05, 0.5, 0.95]).tolist()
        result.metrics[name] = {"median": median, "p5": low, "p95": high}
    with atomic_file(target) as temporary:
        table.round(DECIMALS).to_csv(temporary, index=False)
    return result


def _good(windows: pd.DataFrame, min_quality: float, result: HeartTruth) -> pd.DataFrame:
    """The windows that can be used; counts of what was left out go to `result`."""
    begun = windows["onset"] >= 0
    good = windows["quality"] >= min_quality
    told = (windows[list(METRICS)] > 0).all(axis=1)
    result.left_out["windows that begin before the acceleration does"] += int((~begun).sum())
    result.left_out[f"windows of a quality below {min_quality:g}"] += int((begun & ~good).sum())
    result.left_out["windows of too few normal beats"] += int((begun & good & ~told).sum())
    return windows[begun & good & told]
