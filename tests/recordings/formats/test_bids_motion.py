"""BIDS motion: columns and rate from the files beside and above the samples."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.recordings.make import check_line, opened, read, wrist
from wearcli.errors import InputError
from wearcli.recordings.study.discovery import find_recordings

STEM = "sub-01_ses-a_task-walk_tracksys-imu"


def dataset(root: Path, latency: bool = False) -> Path:
    """Wrist and ankle, both with acceleration and rotation, no header; the rate stands at the top."""
    folder = root / "sub-01" / "ses-a" / "motion"
    folder.mkdir(parents=True)
    time, acc = wrist(30.0, 50.0)
    turning = np.random.default_rng(1).normal(0, 60, (len(time), 3)).round(3)
    columns = {f"s{j}": values for j, values in enumerate([*acc.T, *turning.T])}
    rows = [
        (f"s{j}", "xyz"[j % 3], ("ACCEL", "GYRO")[j // 3], "wrist", ("g", "deg/s")[j // 3]) for j in range(6)
    ]
    if latency:
        columns = {"late": (1000 * time).round(3), **columns}
        rows = [("late", "n/a", "LATENCY", "n/a", "ms"), *rows]
    pd.DataFrame(columns).to_csv(folder / f"{STEM}_motion.tsv", sep="\t", header=False, index=False)
    names = ["name", "component", "type", "tracked_point", "units"]
    pd.DataFrame(rows, columns=names).to_csv(folder / f"{STEM}_channels.tsv", sep="\t", index=False)
    (root / "task-walk_motion.json").write_text('{"SamplingFrequency": 50, "TaskName": "walk"}')
    (root / "task-rest_motion.json").write_text('{"SamplingFrequency": 20, "TaskName": "rest"}')
    (folder.parent / "sub-01_ses-a_scans.tsv").write_text(
        f"filename\tacq_time\nmotion/{STEM}_motion.tsv\t2024-03-04T09:15:00Z\n"
    )
    return folder / f"{STEM}_motion.tsv"


@pytest.mark.parametrize("latency", [False, True])
def test_the_files_beside_tell_columns_rate_and_start(tmp_path: Path, latency: bool) -> None:
    path = dataset(tmp_path, latency)
    time, acc = wrist(30.0, 50.0)
    study = find_recordings([tmp_path])
    assert [(source.path, source.participant, source.format) for source in study.sources] == [
        (path, "sub-01", "bids-motion")
    ]
    recording = opened(path, "bids-motion")
    seconds, values = read(recording)
    np.testing.assert_allclose(values, acc, atol=1e-6)
    np.testing.assert_allclose(seconds, time, atol=1e-6)
    assert recording.start == datetime(2024, 3, 4, 9, 15, tzinfo=UTC)
    rotation = opened(path, "bids-motion", modality="gyro")
    assert rotation.unit == "deg/s"
    assert read(rotation)[1].std() == pytest.approx(60, rel=0.1)


def test_channels_that_do_not_fit_are_named(tmp_path: Path) -> None:
    path = dataset(tmp_path)
    channels = path.parent / f"{STEM}_channels.tsv"
    channels.write_text("\n".join(channels.read_text().splitlines()[:-1]) + "\n")
    with pytest.raises(InputError, match=r"has 6 columns, and its channels.tsv names 5") as error:
        opened(path, "bids-motion")
    check_line(error.value, path)


@pytest.mark.realdata
def test_the_shared_case(realdata: Path) -> None:
    """acc_x, acc_y, acc_z of type ACCEL in g, and a rate of 50 in motion.json."""
    study = find_recordings([realdata / "cases" / "bids-motion" / "ds"])
    recording = opened(study.sources[0].path, "bids-motion")
    _, values = read(recording)
    assert (recording.rate_hz, recording.unit) == (50.0, "g")
    assert values.shape == (2500, 3)
    assert np.median(np.linalg.norm(values, axis=1)) == pytest.approx(1.0, abs=0.01)
