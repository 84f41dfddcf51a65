"""Several sensors in one table: their sum, their rows, their stamps. The truth is what was taken apart."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.recordings.make import opened, read, wrist, write_csv
from wearcli.errors import InputError
from wearcli.recordings.tables.gravity import has_gravity

GRAVITY = np.array([0.36, -0.48, 0.8])  # 1 g
M_S2 = 9.80665
START = datetime(2024, 3, 4, 8, 15, tzinfo=UTC)


def swing(seconds: float = 20.0, rate_hz: float = 50.0) -> tuple[np.ndarray, np.ndarray]:
    """Time (n,) s and what a person adds to gravity (n, 3) g, without a still second."""
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = 0.2 * np.sin(2 * np.pi * 1.7 * time)
    return time, np.stack([wave, 0.7 * wave + 0.02, -0.5 * np.roll(wave, 5)], 1).round(4)


def parts(prefix: str, pattern: str) -> str:
    return ",".join(pattern.format(prefix, axis) for axis in "xyz")


@pytest.mark.parametrize(
    ("names", "gravity", "unit"),
    [
        ("userAcceleration.{}", "gravity.{}", "g"),
        ("USERACCELERATION.{}", "GRAVITY.{}", "g"),
        ("motionUserAcceleration{}(G)", "motionGravity{}(G)", "g"),
        ("motionUserAcceleration{}(m/s^2)", "motionGravity{}(m/s^2)", "m/s2"),
        ("linear_acceleration_{}", "gravity_{}", "m/s2"),
        ("Linear Acceleration {} (m/s^2)", "Gravity {} (m/s^2)", "m/s2"),
        ("FreeAcc_{}", "Grav_{}", "m/s2"),
        ("accelerationWithoutGravity{}", "gravity{}", "m/s2"),
    ],
)
@pytest.mark.parametrize("order", ["xyz", "zyx"])
def test_user_and_gravity_are_summed(tmp_path: Path, names: str, gravity: str, unit: str, order: str) -> None:
    time, user = swing()
    scale = M_S2 if unit == "m/s2" else 1.0
    upper = "X" if names[-1] != "}" or "{}(" in names else "x"
    letters = {axis: axis.upper() if upper == "X" else axis for axis in order}
    header = ",".join(
        ["time", *(gravity.format(letters[a]) for a in order), *(names.format(letters[a]) for a in order)]
    )
    at = ["xyz".index(axis) for axis in order]
    lies = np.tile(GRAVITY[at], (len(time), 1))
    path = write_csv(tmp_path / "a.csv", header, time, *(scale * lies).T, *(scale * user[:, at]).T)
    recording = opened(path)
    np.testing.assert_allclose(read(recording)[1], user + GRAVITY, atol=2e-6)
    assert recording.warnings == [
        f"acceleration is the sum of {','.join(names.format(letters[a]) for a in 'xyz')} and "
        f"{','.join(gravity.format(letters[a]) for a in 'xyz')}"
    ]
    assert recording.provenance["gravity"] == [gravity.format(letters[a]) for a in "xyz"]


def test_units_of_the_two_may_differ(tmp_path: Path) -> None:
    time, user = swing()
    header = f"t,{parts('', 'user_acc_{1}_g')},{parts('', 'gravity_{1} (m/s2)')}"
    lies = np.tile(M_S2 * GRAVITY, (len(time), 1))
    recording = opened(write_csv(tmp_path / "a.csv", header, time, *user.T, *lies.T))
    np.testing.assert_allclose(read(recording)[1], user + GRAVITY, atol=2e-6)


def test_acceleration_with_gravity_is_taken_as_it_is(tmp_path: Path) -> None:
    """Its columns go before a sum; gravity beside is not added to what has it."""
    time, user = swing()
    lies = np.tile(GRAVITY, (len(time), 1))
    for total, others in (
        ("accelerometerAcceleration{}(G)", ("motionUserAcceleration{}(G)", "motionGravity{}(G)")),
        ("acc_{}", ("gravity_{}", "linear_acc_{}")),
        ("Acc_{}", ("FreeAcc_{}", "grav_{}")),
        ("accelerationIncludingGravity{}", ("acceleration{}", "gravity{}")),
        ("gF{}", ("a{}", "w{}")),
        ("total_acc_{}", ("acc_{}", "body_acc_{}")),
    ):
        axes = "XYZ" if total[-1] != "}" or total.startswith(("Acc", "acceleration")) else "xyz"
        header = ",".join(["t", *(name.format(a) for name in (*others, total) for a in axes)])
        values = [user, lies] if "ravity" in others[1] or "grav" in others[1] else [lies, user]
        if others[0] in ("a{}", "acceleration{}"):
            values = [user, 0.01 * user]
        path = write_csv(tmp_path / "a.csv", header, time, *values[0].T, *values[1].T, *(user + lies).T)
        recording = opened(path)
        assert recording.provenance["columns"] == [total.format(a) for a in axes], total
        np.testing.assert_allclose(read(recording)[1], user + lies, atol=1e-6)


def test_what_is_called_acceleration_is_judged_by_gravity_beside(tmp_path: Path) -> None:
    """Of Sensor Logger's WristMotion.csv, accelerationX is without gravity; of others it is with it."""
    time, user = swing()
    lies = np.tile(GRAVITY, (len(time), 1))
    header = f"time,{parts('', 'gravity{1}')},{parts('', 'acceleration{1}')}"
    for name, acceleration in (("without", user), ("with", user + lies)):
        path = write_csv(tmp_path / f"{name}.csv", header, time, *lies.T, *acceleration.T)
        recording = opened(path)
        np.testing.assert_allclose(read(recording)[1], user + lies, atol=1e-6)
        assert ("gravity" in recording.provenance) == (name == "without")


def test_gravity_in_an_acceleration_is_seen_in_any_unit_and_attitude() -> None:
    rng = np.random.default_rng(0)
    _, user = swing()
    for _ in range(20):
        up = rng.normal(size=3)
        slow = np.linspace(0, rng.uniform(0, 2), len(user))[:, None]
        lies = up / np.linalg.norm(up) * np.cos(slow) + np.roll(up, 1) * np.sin(slow)
        for scale in (1.0, M_S2, 1 / M_S2):
            assert has_gravity(scale * (user + lies), lies)
            assert not has_gravity(scale * user, lies)


def test_without_gravity_alone_is_refused_or_said(tmp_path: Path) -> None:
    time, user = swing()
    path = write_csv(tmp_path / "a.csv", f"t,{parts('', 'userAcceleration.{1}')}", time, *user.T)
    with pytest.raises(InputError, match=r"without gravity by their name.*--unit g\|mg\|m/s2"):
        opened(path)
    assert any("without gravity" in line for line in opened(path, unit="g").warnings)
    written = write_csv(
        tmp_path / "b.csv", f"t,{parts('', 'Linear Acceleration {1} (m/s^2)')}", time, *user.T
    )
    assert any("without gravity" in line for line in opened(written).warnings)
    # A file's name says it of columns that say nothing, even where running is as long as gravity.
    fast = 5 * user
    named = write_csv(tmp_path / "LinearAcceleration.csv", "time,z,y,x", time, *fast.T[::-1])
    with pytest.raises(InputError, match="without gravity by their name"):
        opened(named)


@pytest.mark.parametrize("name", ["Gravity.csv", "P01_gravity.csv", "Magnetometer.csv", "MagneticField.csv"])
def test_a_file_is_what_its_name_says(tmp_path: Path, name: str) -> None:
    time, acc = wrist()
    path = write_csv(tmp_path / name, "time,z,y,x", time, *acc.T[::-1])
    with pytest.raises(InputError, match="no columns that mean acceleration"):
        opened(path)
    np.testing.assert_allclose(read(opened(path, channel_columns=("x", "y", "z")))[1], acc, atol=1e-6)
    # Columns that name a sensor themselves need no name of the file.
    path = write_csv(tmp_path / name, "time,acc_z,acc_y,acc_x", time, *acc.T[::-1])
    np.testing.assert_allclose(read(opened(path))[1], acc, atol=1e-6)


def test_calibrated_before_raw(tmp_path: Path) -> None:
    time, acc = wrist()
    header = f"t,{parts('', 'acc_{1}_uncalibrated')},{parts('', 'acc_{1}')}"
    recording = opened(write_csv(tmp_path / "a.csv", header, time, *(2 * acc).T, *acc.T))
    assert recording.provenance["columns"] == ["acc_x", "acc_y", "acc_z"]
    assert recording.warnings == [
        "acceleration is from acc_x,acc_y,acc_z, not "
        "acc_x_uncalibrated,acc_y_uncalibrated,acc_z_uncalibrated (--columns)"
    ]


def test_a_sensor_that_was_off_is_not_taken(tmp_path: Path) -> None:
    """SensorLog writes the columns of all sensors, whether they were on or not."""
    time, user = swing()
    lies = np.tile(GRAVITY, (len(time), 1))
    for off in ("", "0", "0.0"):
        blank = [np.full(len(time), off)] * 3
        header = (
            f"t,{parts('', 'accelerometerAcceleration{1}(G)')},{parts('', 'motionUserAcceleration{1}(G)')},"
            f"{parts('', 'motionGravity{1}(G)')}"
        )
        path = write_csv(tmp_path / "a.csv", header, time, *blank, *user.T, *lies.T)
        np.testing.assert_allclose(read(opened(path))[1], user + lies, atol=1e-6)
    nothing = pa.nulls(len(time), pa.float64())
    columns = {"t": time, **{f"accelerometerAcceleration{a}": nothing for a in "XYZ"}}
    columns |= {f"motionUserAcceleration{a}": user[:, i] for i, a in enumerate("XYZ")}
    columns |= {f"motionGravity{a}": lies[:, i] for i, a in enumerate("XYZ")}
    pq.write_table(pa.table(columns), tmp_path / "a.parquet")
    np.testing.assert_allclose(read(opened(tmp_path / "a.parquet"))[1], user + lies, atol=1e-6)


def log(tmp_path: Path, stamps: dict[str, np.ndarray], acc: np.ndarray, words: str = "accelerometer") -> Path:
    header = ",".join([*stamps, *(f"{words}Acceleration{a}(G)" for a in "XYZ")])
    return write_csv(tmp_path / "log.csv", header, *stamps.values(), *acc.T)


def test_the_stamp_of_the_acceleration_itself(tmp_path: Path) -> None:
    """SensorLog: the spacing is the sensor's own, the start is the log's, and the GPS tells neither."""
    time, acc = wrist()
    zone = timedelta(hours=1)
    stamps = {
        "loggingTime(txt)": np.array(
            [
                (START + zone + timedelta(seconds=t)).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3] + " +0100"
                for t in time
            ]
        ),
        "locationTimestamp_since1970(s)": np.floor(START.timestamp() - 400 + time),
        "gyroTimestamp_sinceReboot(s)": 81234.503 + time,
        "accelerometerTimestamp_sinceReboot(s)": 81234.5 + 1.001 * time,
    }
    recording = opened(log(tmp_path, stamps, acc))
    assert recording.provenance["time_column"] == "accelerometerTimestamp_sinceReboot(s)"
    assert recording.start == START
    assert recording.rate_hz == pytest.approx(50 / 1.001, rel=1e-6)
    np.testing.assert_allclose(read(recording)[0], 1.001 * time, atol=1e-9)
    assert "start from 'loggingTime(txt)'" in str(recording.provenance["time"])
    # Of the motion's columns, the motion's stamp.
    stamps["motionTimestamp_sinceReboot(s)"] = 81234.5 + 0.999 * time
    recording = opened(log(tmp_path, stamps, acc, words="motion"))
    assert recording.rate_hz == pytest.approx(50 / 0.999, rel=1e-6)
    # Where the sensor has none, the log's.
    only = {name: stamps[name] for name in ("loggingTime(txt)", "locationTimestamp_since1970(s)")}
    recording = opened(log(tmp_path, only, acc))
    assert (recording.provenance["time_column"], recording.start) == ("loggingTime(txt)", START)
    # A log that does not go on with the samples tells no start.
    stamps["loggingTime(txt)"][:] = stamps["loggingTime(txt)"][0]
    assert opened(log(tmp_path, stamps, acc)).start is None


def test_rows_of_two_sensors_in_turn(tmp_path: Path) -> None:
    """25 Hz of acceleration between 64 Hz of PPG: each has the rate of its own rows."""
    seconds = 40
    time, acc = wrist(seconds, 25.0)
    light = np.arange(seconds * 64) / 64 + 0.001
    rows = [(t, *map(str, row), "") for t, row in zip(time, acc, strict=True)]
    rows += [(t, "", "", "", str(round(1000 + 50 * np.sin(7 * t), 2))) for t in light]
    path = write_csv(tmp_path / "a.csv", "time,acc_x,acc_y,acc_z,ppg", *zip(*sorted(rows), strict=True))
    recording = opened(path)
    assert recording.rate_hz == pytest.approx(25, rel=1e-3)
    stamps, values = read(recording)
    np.testing.assert_allclose(stamps, time, atol=1e-9)
    np.testing.assert_allclose(values, acc, atol=1e-6)
    ppg = opened(path, modality="ppg")
    assert ppg.rate_hz == pytest.approx(64, rel=1e-3)
    assert len(read(ppg)[1]) == len(light)


@pytest.mark.parametrize("every", [1, 9])
def test_lost_samples_are_no_rows_of_another_sensor(tmp_path: Path, every: int) -> None:
    """PAMAP2: rows of a lost packet are empty, and every ninth or so row has a heart rate."""
    time, acc = wrist()
    lost = np.random.default_rng(0).random(len(time)) < 0.3
    cells = [np.where(lost, "", column.astype(str)) for column in acc.T]
    seldom = np.where(np.arange(len(time)) % every == 0, "70", "")
    path = write_csv(tmp_path / "a.csv", "time,acc_x,acc_y,acc_z,other", time, *cells, seldom)
    stamps, values = read(opened(path))
    assert len(stamps) == len(time)
    assert np.isnan(values).all(1).tolist() == lost.tolist()


SENSORS = [
    ("accelerometer", "gyroscope", "magnetometer"),
    ("ACC", "GYR", "MAG"),
    ("accel_g", "gyro_dps", "mag_ut"),
    ("android.sensor.accelerometer", "android.sensor.gyroscope", "android.sensor.gravity"),
    ("Total Acceleration", "Gyroscope", "Linear Acceleration"),
]


@pytest.mark.parametrize("texts", SENSORS, ids=lambda texts: texts[0])
@pytest.mark.parametrize("column", ["sensor", "Sensor Type", "type"])
@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_column_tells_the_sensor_of_each_row(
    tmp_path: Path, texts: tuple[str, str, str], column: str, suffix: str
) -> None:
    time, acc = wrist()
    turn = 90 * acc + 0.5
    rows = [(t, texts[0], *row) for t, row in zip(time, acc, strict=True)]
    rows += [(t + 0.003, texts[1], *row) for t, row in zip(time, turn, strict=True)]
    rows += [(t + 0.005, texts[2], 20.0, -7.0, 3.0) for t in time[::3]]
    columns = dict(zip(("time", column, "x", "y", "z"), zip(*sorted(rows), strict=True), strict=True))
    path = tmp_path / f"a.{suffix}"
    if suffix == "csv":
        write_csv(path, ",".join(columns), *columns.values())
    else:
        pq.write_table(pa.table({name: list(cells) for name, cells in columns.items()}), path)
    stamps, values = read(opened(path))
    np.testing.assert_allclose(stamps, time, atol=1e-9)
    np.testing.assert_allclose(values, acc, atol=1e-6)
    stamps, values = read(opened(path, modality="gyro", unit="deg/s"))
    np.testing.assert_allclose(stamps, time, atol=1e-9)
    np.testing.assert_allclose(values, turn, rtol=1e-5)


def test_rows_that_no_column_tells_apart_or_of_no_acceleration(tmp_path: Path) -> None:
    time, acc = wrist()
    kinds = np.resize(["gyroscope", "magnetometer"], len(time))
    path = write_csv(tmp_path / "a.csv", "time,sensor,x,y,z", time, kinds, *acc.T)
    with pytest.raises(InputError, match="no rows of acceleration, only of gyroscope, magnetometer"):
        opened(path)
    both = np.resize(["wrist acc", "hip acc"], len(time))
    path = write_csv(tmp_path / "b.csv", "time,sensor,x,y,z", time, both, *acc.T)
    with pytest.raises(InputError, match=r"rows of several sensors of acceleration \(hip acc, wrist acc"):
        opened(path)
    # What is called so and holds something else tells nothing.
    for texts in (["a", "b"], ["walk", "run"], ["m", "f"]):
        path = write_csv(tmp_path / "c.csv", "time,type,x,y,z", time, np.resize(texts, len(time)), *acc.T)
        np.testing.assert_allclose(read(opened(path))[1], acc, atol=1e-6)


@pytest.mark.parametrize("name", ["Sensor Type", "sensor_id", "SensorID", "device id"])
def test_numbers_of_several_sensors_are_refused(tmp_path: Path, name: str) -> None:
    """UMAFall: 0, 1 and 2 in 'Sensor Type' are an accelerometer, a gyroscope and a magnetometer."""
    time, acc = wrist(60.0, 100.0)
    for second in (7, len(time) - 1):
        kinds = np.where(np.arange(len(time)) % second == second - 1, 1, 0)
        path = write_csv(tmp_path / "a.csv", f"time,x,y,z,{name}", time, *acc.T, kinds)
        with pytest.raises(InputError, match=rf"several sensors \(0, 1 in column '{name}'\)"):
            read(opened(path))
    path = write_csv(tmp_path / "b.csv", f"time,x,y,z,{name}", time, *acc.T, np.full(len(time), 3))
    np.testing.assert_allclose(read(opened(path))[1], acc, atol=1e-6)


@pytest.mark.realdata
def test_cases(realdata: Path) -> None:
    cases = realdata / "cases"
    motion = opened(cases / "coremotion-user-plus-gravity" / "motionsense.csv", rate=50.0)
    total = np.genfromtxt(
        cases / "coremotion-user-plus-gravity" / "motionsense.csv", delimiter=",", skip_header=1
    )
    np.testing.assert_allclose(read(motion)[1], total[:, 10:] + total[:, 4:7], atol=1e-6)
    phone = opened(cases / "coremotion-user-plus-gravity" / "phone.csv")
    assert phone.start == datetime(2024, 3, 4, 8, 15, tzinfo=UTC)
    np.testing.assert_allclose(read(phone)[1].mean(0), GRAVITY, atol=0.2)
    dot = opened(cases / "xsens-dot" / "dot.csv")
    assert (dot.provenance["columns"], dot.rate_hz) == (["Acc_X", "Acc_Y", "Acc_Z"], pytest.approx(50))
    assert np.linalg.norm(read(dot)[1].mean(0)) == pytest.approx(1, abs=0.01)
