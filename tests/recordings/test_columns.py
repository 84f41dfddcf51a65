import pytest

from wearcli.errors import InputError
from wearcli.recordings.columns import Chosen, choose_columns
from wearcli.recordings.table import Column


def choose(names: str, modality: str = "acc", named: bool = True, **flags: object) -> Chosen:
    columns = [Column(name, "text" if name.startswith("text") else "number") for name in names.split("|")]
    return choose_columns(columns, modality, "f.csv", named, **flags)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "names",
    [
        "time|x|y|z",
        "TIME|X|Y|Z",
        "Timestamp|accX|accY|accZ",
        "t|acc_x|acc_y|acc_z",
        "time|ax|ay|az",
        "datetime|accelerometer_x|accelerometer_y|accelerometer_z",
        "Timestamp|Accelerometer X|Accelerometer Y|Accelerometer Z",
        "Time (s)|acc_x (m/s^2)|acc_y (m/s^2)|acc_z (m/s^2)",
        "HEADER_TIME_STAMP|X_TIMESTAMP_ACCELERATION_METERS_X|A_Y|A_Z".replace(
            "X_TIMESTAMP_ACCELERATION_METERS_X", "A_X"
        ),
        "unix_time|AccelX|AccelY|AccelZ",
        "epoch_ms|X-axis|Y-axis|Z-axis",
        "time|wrist acc x [g]|wrist acc y [g]|wrist acc z [g]",
        "time_ms|acceleration.x|acceleration.y|acceleration.z",
        "date|acc_x_mg|acc_y_mg|acc_z_mg",
    ],
)
def test_names_found_by_meaning(names: str) -> None:
    chosen = choose(names)
    assert (chosen.time, chosen.channels, chosen.names) == (0, [1, 2, 3], ("x", "y", "z"))


def test_order_of_axes_is_by_name() -> None:
    assert choose("time|seconds_elapsed|z|y|x").channels == [4, 3, 2]


@pytest.mark.parametrize(
    ("names", "channels"),
    [
        ("t|gyr_x|gyr_y|gyr_z|acc_x|acc_y|acc_z|mag_x|mag_y|mag_z", [4, 5, 6]),
        ("t|gx|gy|gz|ax|ay|az", [4, 5, 6]),
        ("t|gyroX|gyroY|gyroZ|x|y|z", [4, 5, 6]),
        ("t|userAcceleration.x|userAcceleration.y|userAcceleration.z|acc_x|acc_y|acc_z", [4, 5, 6]),
        ("t|motionRotationRateX|motionRotationRateY|motionRotationRateZ|accX|accY|accZ", [4, 5, 6]),
        ("t|x|y|z|eda|temp", [1, 2, 3]),
    ],
)
def test_other_sensors_are_not_taken(names: str, channels: list[int]) -> None:
    assert choose(names).channels == channels


@pytest.mark.parametrize(
    "names",
    [
        "t|gyr_x|gyr_y|gyr_z",
        "t|gx|gy|gz",
        "t|wrist_acc_x|wrist_acc_y|wrist_acc_z|hip_acc_x|hip_acc_y|hip_acc_z",
        "t|wrist_x|wrist_y|wrist_z|hip_x|hip_y|hip_z",
        "t|acc_x (g)|acc_y (g)|acc_z (g)|acc_x (mg)|acc_y (mg)|acc_z (mg)",
        "t|x|y",
        "a|b|c|d",
    ],
)
def test_doubt_names_the_flag(names: str) -> None:
    with pytest.raises(InputError, match="--columns") as error:
        choose(names)
    assert "\n" not in str(error.value)
    assert str(error.value).startswith("f.csv: ")


def test_flags_win() -> None:
    names = "when|t|wrist_acc_x|wrist_acc_y|wrist_acc_z|hip_acc_x|hip_acc_y|hip_acc_z"
    chosen = choose(names, channel_columns=["hip_acc_x", "HIP ACC Y", "8"], time_column="when")
    assert (chosen.time, chosen.channels) == (0, [5, 6, 7])
    with pytest.raises(InputError, match="no column 'foot_x' for --columns"):
        choose(names, channel_columns=["foot_x", "foot_y", "foot_z"])
    with pytest.raises(InputError, match="--time-column"):
        choose(names, channel_columns=["hip_acc_x", "hip_acc_y", "hip_acc_z"], time_column="clock")


def test_units_in_names() -> None:
    assert choose("Time (ms)|x (mg)|y (mg)|z (mg)")[3:5] == ("mg", "ms")
    assert choose("time_us|acc_x_g|acc_y_g|acc_z_g")[3:5] == ("g", "us")
    assert choose("time|x|y|z")[3:5] == (None, None)


def test_several_times_are_said() -> None:
    chosen = choose("seconds_elapsed|timestamp|x|y|z")
    assert chosen.time == 1
    assert chosen.warnings == ["time is from 'timestamp', not 'seconds_elapsed' (--time-column)"]


def test_without_names() -> None:
    assert choose("1|2|3", named=False)[:2] == (None, [0, 1, 2])
    assert choose("1|2|3|4", named=False)[:2] == (0, [1, 2, 3])
    assert choose("1|2", "ppg", named=False)[:2] == (0, [1])
    with pytest.raises(InputError, match="--columns 2,3,4"):
        choose("1|2|3|4|5|6|7", named=False)


def test_ppg_and_ecg() -> None:
    assert choose("time|PPG|ECG (mV)", "ppg").channels == [1]
    assert choose("time|PPG|ECG (mV)", "ecg")[1:4] == ([2], ("ECG (mV)",), "mV")
    assert choose("time|bvp", "ppg").names == ("bvp",)
    with pytest.raises(InputError, match="--columns ppg_red or ppg_ir"):
        choose("time|ppg_red|ppg_ir", "ppg")
    with pytest.raises(InputError, match="no column that means ecg"):
        choose("time|x|y|z", "ecg")


def test_text_is_no_signal() -> None:
    with pytest.raises(InputError, match="does not hold numbers"):
        choose("time|text_x|y|z", channel_columns=["text_x", "y", "z"])
