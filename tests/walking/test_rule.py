"""The rule that tells walking, on simulated people and on real ones of whom no threshold was chosen."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

from tests.signals.make import recording
from tests.truth.test_gait_real import signal
from wearcli.recordings.open import open_recording
from wearcli.recordings.recording import Recording
from wearcli.recordings.study.discovery import find_recordings
from wearcli.signals.cutting import iter_windows
from wearcli.signals.features.motion import FEATURE_NAMES, features
from wearcli.signals.windows import WindowSpec
from wearcli.walking.rule import walking_by_rule

WINDOWS = WindowSpec(50.0, 5.0, 2.5)  # of the default model


def judged(recording: Recording, labels: pd.DataFrame) -> pd.DataFrame:
    """Windows that lie wholly in an interval of `labels` (onset, duration, label): label, walking."""
    rows = []
    for windows in iter_windows(recording, WINDOWS):
        found = walking_by_rule(pd.DataFrame(features(windows.values, 50.0), columns=list(FEATURE_NAMES)))
        for onset, walking in zip(windows.onset_s, found, strict=True):
            inside = labels[
                (labels["onset"] <= onset + 0.01) & (labels["onset"] + labels["duration"] >= onset + 4.99)
            ]
            rows += [(label, walking) for label in inside["label"][:1]]
    return pd.DataFrame(rows, columns=["label", "walking"])


def test_the_simulated_people(sample_data: Path) -> None:
    """Walks are found, rest is not; the wrist, at 32 and 50 Hz."""
    labels = pd.read_csv(sample_data / "labels.csv")
    parts = []
    for source in find_recordings([sample_data]).sources:
        if source.placement == "wrist":
            parts.append(judged(open_recording(source), labels[labels["recording"] == source.recording]))
    share = pd.concat(parts).groupby("label")["walking"].mean()
    assert share["walking"] > 0.99
    assert share[["lying", "sitting", "standing", "cycling"]].max() < 0.1  # their fidgets have a rhythm


def people(path: Path, placement: str, every: int, first: int) -> Iterator[tuple[Recording, pd.DataFrame]]:
    """Recordings of the people `first`, `first` + `every`, ... of a packed set, by name."""
    names = pq.read_table(path, columns=["participant"])["participant"].unique().to_pylist()
    wanted = [("placement", "=", placement), ("participant", "in", sorted(names)[first::every])]
    for row in pq.read_table(path, filters=[wanted]).to_pylist():
        values, rate = signal(row)
        labels = pd.DataFrame(row["labels"], columns=["onset", "duration", "label"])
        yield recording(np.arange(len(values)) / rate, values, rate), labels


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("name", "placement", "every", "walks", "runs", "recall", "false"),
    [
        # Each second person, from the second on, was in no choice of a threshold; a part, to be quick.
        ("selfback", "wrist", 8, "walk_", "jogging", 0.92, 0.02),
        ("sisfall", "waist", 12, "walk_", "jog_", 0.95, 0.02),
        ("umafall", "wrist", 2, "Walking", "Jogging", 0.65, 0.15),
        # Of these no one was.
        ("wharf", "wrist", 2, "walk", "-", 0.85, 0.10),
        ("ipol_gait", "lower_back", 2, "walk", "-", 0.90, 1.0),
    ],
)
def test_real_people(
    realdata: Path,
    name: str,
    placement: str,
    every: int,
    walks: str,
    runs: str,
    recall: float,
    false: float,
) -> None:
    """The share of windows of level walking that are found, and of all else but stairs and falls."""
    parts = [judged(*one) for one in people(realdata / "data" / f"{name}.parquet", placement, every, 1)]
    table = pd.concat(parts)
    label = table["label"].str
    walk, run = label.startswith(walks), label.startswith(runs)
    # Who stumbles or falls walked before; "still_or_other" of ipol_gait has steps in it.
    unsure = label.lower().str.contains("stair|fall|stumble|tug|still_or_other")
    assert table.loc[walk, "walking"].mean() > recall
    others = table.loc[~walk & ~run & ~unsure, "walking"]
    assert not len(others) or others.mean() < false
    assert not run.any() or table.loc[run, "walking"].mean() < 0.1
