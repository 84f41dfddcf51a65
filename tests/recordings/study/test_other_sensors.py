"""Files of other sensors beside that of a signal are no recordings that fail, nor a second recording."""

from pathlib import Path

import numpy as np
import pytest

from tests.recordings.make import wrist, write_csv
from wearcli.modality import Modality
from wearcli.recordings.study.discovery import find_recordings

TIME, ACC = wrist(10.0)


def write(folder: Path, *names: str, header: str = "t,x,y,z") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        write_csv(folder / name, header, TIME, *ACC.T)


def names(folder: Path, modality: Modality = "acc") -> list[str]:
    return [
        source.path.relative_to(folder).as_posix()
        for source in find_recordings([folder], modality=modality).sources
    ]


@pytest.mark.parametrize("pattern", ["{}/{}.csv", "{}_{}.csv", "{}-{}.csv"])
def test_each_signal_takes_its_file(tmp_path: Path, pattern: str) -> None:
    for person in ("P01", "P02"):
        for sensor in ("acc", "gyro", "mag", "gravity"):
            path = tmp_path / pattern.format(person, sensor)
            write(path.parent, path.name)
    for modality, sensor in (("acc", "acc"), ("gyro", "gyro")):
        wanted = [pattern.format(person, sensor) for person in ("P01", "P02")]
        assert names(tmp_path, modality) == wanted  # type: ignore[arg-type]
    (note,) = find_recordings([tmp_path]).problems
    assert note.startswith("6 files of other sensors beside acceleration, such as P01")


def test_of_several_accelerations_the_best(tmp_path: Path) -> None:
    write(tmp_path, "P1_Accelerometer.csv", "P1_TotalAcceleration.csv", "P1_AccelerometerUncalibrated.csv")
    write(tmp_path, "P2_acc.csv", "P2_LinearAcceleration.csv", "P3_acc.csv", "P3_accel.csv")
    assert names(tmp_path) == ["P1_TotalAcceleration.csv", "P2_acc.csv", "P3_acc.csv", "P3_accel.csv"]


def test_sensor_logger_writes_accelerometer_without_gravity(tmp_path: Path) -> None:
    write(
        tmp_path, "P1_Accelerometer.csv", "P1_AccelerometerUncalibrated.csv", header="seconds_elapsed,z,y,x"
    )
    assert names(tmp_path) == ["P1_AccelerometerUncalibrated.csv"]


def test_what_is_kept(tmp_path: Path) -> None:
    """Files alone, of another name, with columns of the signal, or in recordings.csv."""
    write(tmp_path / "a", "gyro.csv", "walk.csv")
    write(tmp_path / "b", "P1_gyro.csv", "P2_acc.csv", "acc_and_gyro.csv", "orientation_walk.csv", "walk.csv")
    write(tmp_path / "c", "gyro.csv", "acc.csv", header="t,acc_x,acc_y,acc_z")
    write(tmp_path / "d", "gravity.csv", "acc.csv")
    (tmp_path / "d" / "recordings.csv").write_text("recording,file\nrest,gravity.csv\n")
    for folder, count in (("a", 2), ("b", 5), ("c", 2), ("d", 2)):
        assert len(names(tmp_path / folder)) == count, folder
    assert np.isfinite(ACC).all()
