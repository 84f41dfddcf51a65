"""Rotation from the files that hold it: which columns, in which unit."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from scipy.signal import butter, sosfiltfilt

from tests.recordings.make import opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.inspection import inspect
from wearcli.modality import signal_in_name
from wearcli.recordings.recording import Recording
from wearcli.recordings.study.discovery import find_recordings


def swing(seconds: float = 20.0, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Time (n,) s and rotation (n, 3) deg/s at 50 Hz: a forearm that swings."""
    rng = np.random.default_rng(seed)
    time = np.arange(round(seconds * 50)) / 50
    waves = [rng.uniform(60, 200) * np.sin(2 * np.pi * 0.9 * time + phase) for phase in (0, 1, 2)]
    return time, (np.stack(waves, 1) + rng.normal(0, 0.5, (len(time), 3))).round(4)


def gyro(path: Path, **flags: object) -> Recording:
    return opened(path, modality="gyro", **flags)


@pytest.mark.parametrize(
    "names",
    [
        "gyro_x,gyro_y,gyro_z",
        "gyrX,gyrY,gyrZ",
        "Gyr_X,Gyr_Y,Gyr_Z",
        "gx,gy,gz",
        "wx,wy,wz",
        "GyroscopeX,GyroscopeY,GyroscopeZ",
        "rotationRateX,rotationRateY,rotationRateZ",
        "rotationRate.x,rotationRate.y,rotationRate.z",
        "angular_velocity_x,angular_velocity_y,angular_velocity_z",
        "AngularVelocityX,AngularVelocityY,AngularVelocityZ",
        "omega_x,omega_y,omega_z",
        "body_gyro_x,body_gyro_y,body_gyro_z",
        "Shimmer_40AC_Gyro_X_CAL,Shimmer_40AC_Gyro_Y_CAL,Shimmer_40AC_Gyro_Z_CAL",
    ],
)
def test_columns_by_meaning_beside_other_sensors(tmp_path: Path, names: str) -> None:
    time, turn = swing()
    _, acc = wrist()
    header = f"t,acc_x,acc_y,acc_z,{names},mag_x,mag_y,mag_z"
    path = write_csv(tmp_path / "a.csv", header, time, *acc.T, *turn.T, *(30 + acc.T))
    recording = gyro(path)
    assert recording.channels == ("x", "y", "z")
    assert recording.provenance["columns"] == names.split(",")
    assert (recording.unit, recording.range_limit) == ("deg/s", None)
    np.testing.assert_allclose(read(recording)[1], turn, rtol=1e-6)
    # The rotation keeps nothing from the acceleration.
    np.testing.assert_allclose(read(opened(path))[1], acc, rtol=1e-6)


@pytest.mark.parametrize(
    ("pattern", "unit"),
    [
        ("gyro_{} (deg/s)", "deg/s"),
        ("gyro_{} [dps]", "deg/s"),
        ("gyro_{}_dps", "deg/s"),
        ("gyro_{}_deg_s", "deg/s"),
        ("gyro_{} (rad/s)", "rad/s"),
        ("gyro_{}_rad_s", "rad/s"),
        ("motionRotationRate{}(rad/s)", "rad/s"),
    ],
)
def test_the_unit_in_a_name(tmp_path: Path, pattern: str, unit: str) -> None:
    time, turn = swing()
    written = np.deg2rad(turn) if unit == "rad/s" else turn
    header = ",".join(["time", *(pattern.format(axis) for axis in "XYZ")])
    recording = gyro(write_csv(tmp_path / "a.csv", header, time, *written.T))
    assert recording.unit_how == f"{unit}, stated in the file"
    assert recording.provenance["file_unit"] == unit
    np.testing.assert_allclose(read(recording)[1], turn, rtol=1e-5)


def test_parquet_and_npz(tmp_path: Path) -> None:
    time, turn = swing()
    columns = {f"gyro_{axis}": turn[:, i] for i, axis in enumerate("xyz")}
    pq.write_table(pa.table({"time": time, **columns}), tmp_path / "a.parquet")
    np.savez(tmp_path / "b.npz", time=time, **columns)
    for name in ("a.parquet", "b.npz"):
        recording = gyro(tmp_path / name)
        assert recording.unit_how == "deg/s, by the speed of its fastest turns"
        np.testing.assert_allclose(read(recording)[1], turn, rtol=1e-6)


def test_a_flag_settles_the_unit(tmp_path: Path) -> None:
    time, turn = swing()
    path = write_csv(tmp_path / "a.csv", "t,gx,gy,gz", time, *np.deg2rad(turn).T)
    with pytest.raises(InputError, match=r"a\.csv: .* say the unit with --unit deg/s\|rad/s$"):
        gyro(path)
    recording = gyro(path, unit="rad/s")
    assert recording.unit_how == "rad/s, given by --unit"
    np.testing.assert_allclose(read(recording)[1], turn, rtol=1e-5)
    assert read(gyro(path, unit="dps"))[1].max() < 4


def test_axes_without_a_word_are_no_rotation_unless_the_file_is_called_so(tmp_path: Path) -> None:
    time, turn = swing()
    bare = write_csv(tmp_path / "walk.csv", "t,x,y,z", time, *turn.T)
    with pytest.raises(InputError, match=r"no columns that mean rotation .*there is acc: --modality acc"):
        gyro(bare)
    np.testing.assert_allclose(read(gyro(bare, channel_columns=("x", "y", "z")))[1], turn, rtol=1e-6)
    nameless = write_csv(tmp_path / "nameless.csv", None, time, *turn.T)
    with pytest.raises(InputError, match="4 columns without names: say which hold the signal"):
        gyro(nameless)
    # As phones export it: a file a sensor.
    named = write_csv(tmp_path / "Gyroscope.csv", "time,seconds_elapsed,z,y,x", time, time, *turn.T[::-1])
    np.testing.assert_allclose(read(gyro(named))[1], turn, rtol=1e-6)
    with pytest.raises(InputError, match=r"no columns that mean acceleration .*there is gyro"):
        opened(named)


def test_two_gyroscopes_and_what_is_none_of_them(tmp_path: Path) -> None:
    time, turn = swing()
    header = "t,gyroRotationX,gyroRotationY,gyroRotationZ,rotationRateX,rotationRateY,rotationRateZ"
    both = write_csv(tmp_path / "both.csv", header, time, *turn.T, *turn.T)
    with pytest.raises(InputError, match="several sensors of rotation: choose one with --columns"):
        gyro(both)
    for words in ("gyro_bias", "velocity", "angular_acceleration", "rotation_vector", "attitude"):
        names = ",".join(f"{words}_{axis}" for axis in "xyz")
        path = write_csv(tmp_path / "none.csv", f"t,{names}", time, *turn.T)
        with pytest.raises(
            InputError, match="no columns that mean rotation x, y, z: name them with --columns"
        ):
            gyro(path)


def test_one_recording_of_a_file_a_signal(tmp_path: Path) -> None:
    """p01.acc.csv and p01.gyro.csv are one recording; each signal is read from its own file."""
    time, turn = swing()
    _, acc = wrist()
    write_csv(tmp_path / "p01.acc.csv", "t,x,y,z", time, *acc.T)
    write_csv(tmp_path / "p01.gyro.csv", "t,x,y,z", time, *turn.T)
    for modality, name in (("acc", "p01.acc.csv"), ("gyro", "p01.gyro.csv")):
        (source,) = find_recordings([tmp_path], modality=modality).sources
        assert (source.recording, source.path.name) == ("p01", name)
    assert signal_in_name("p01.gyro.csv.gz") == "gyro"
    assert signal_in_name("p01.csv") is None
    assert signal_in_name("acc-and-gyro.csv") is None


def test_inspect_claims_nothing_that_acceleration_alone_has(tmp_path: Path) -> None:
    time, turn = swing()
    keep = (time < 8) | (time > 11)
    write_csv(tmp_path / "a.csv", "t,gx,gy,gz", time[keep], *turn[keep].T)
    (row,) = inspect([tmp_path], modality="gyro").recordings
    assert row.error is None
    assert (row.modality, row.unit, row.unit_how) == ("gyro", "deg/s", "by the speed of its fastest turns")
    assert (row.samples, row.gaps) == (int(keep.sum()), 1)
    assert (row.wear, row.rest_g, row.clipped, row.quality, row.good) == (None,) * 5


@pytest.mark.realdata
def test_real_gyroscopes(realdata: Path) -> None:
    devices = realdata / "data" / "devices"
    recording = gyro(devices / "ax6_sample.cwa")
    assert (recording.unit, recording.unit_how) == ("deg/s", "deg/s, device format")
    time, turn = read(recording)
    _, acc = read(opened(devices / "ax6_sample.cwa"))
    assert turn.shape == acc.shape == (10360, 3)
    assert round(recording.rate_hz) == 98
    # What the two sensors must agree on: gravity turns as the gyroscope says, dg/dt = -w x g, so in deg/s.
    slow = butter(2, 0.7, fs=100, output="sos")
    gravity, speed = sosfiltfilt(slow, acc, axis=0), np.deg2rad(sosfiltfilt(slow, turn, axis=0))
    change = np.gradient(gravity, time, axis=0).ravel()
    expected = -np.cross(speed, gravity).ravel()
    assert np.corrcoef(change, expected)[0, 1] > 0.7
    assert 0.7 < (change @ expected) / (expected @ expected) < 1.2
    with pytest.raises(InputError, match="holds no rotation: its device has no such sensor"):
        gyro(devices / "ax3_sample.cwa")
    with pytest.raises(InputError, match="hold acceleration only, no gyro"):
        gyro(devices / "geneactiv.bin")
