"""Beats of the MIT-BIH Arrhythmia Database against those that cardiologists marked."""

import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from wearcli.signals.beats import find_beats, standardise

RATE_HZ, WINDOW_S = 128.0, 10
BEATS = [*"NLRBAaJSVrFejnE/fQ?"]  # of the annotations (WFDB's codes), those that are beats
NEAR_S = 0.150  # ANSI/AAMI EC57: a beat within 150 ms is found


def nearest(times: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Distance of each time to the nearest of the others, s."""
    after = np.clip(np.searchsorted(among, times), 1, len(among) - 1)
    return np.minimum(np.abs(among[after] - times), np.abs(among[after - 1] - times))


@pytest.mark.realdata
def test_beats_are_those_that_cardiologists_marked(realdata: Path) -> None:
    right = marked = true = found = 0
    file = pq.ParquetFile(realdata / "data" / "mitbih.parquet")
    for group in range(file.num_row_groups):
        for row in file.read_row_group(group).to_pylist():
            extra, signal = json.loads(row["extra"]), row["signals"][0]
            windows = np.asarray(signal["values"], float)
            windows = windows[: len(windows) // 1280 * 1280].reshape(-1, 1280)
            beats = find_beats(standardise(windows), RATE_HZ, "ecg").times
            ours = (beats + WINDOW_S * np.arange(len(windows))[:, None])[np.isfinite(beats)]
            theirs = np.array(extra["beat_time_s"])[np.isin(extra["beat_symbol"], BEATS)]
            theirs = theirs[theirs < WINDOW_S * len(windows)]
            right += int((nearest(theirs, ours) < NEAR_S).sum())
            true += int((nearest(ours, theirs) < NEAR_S).sum())
            marked, found = marked + len(theirs), found + len(ours)
    assert marked > 100_000
    assert right / marked > 0.98  # sensitivity; measured .989
    assert true / found > 0.99  # positive predictive value; measured .997
