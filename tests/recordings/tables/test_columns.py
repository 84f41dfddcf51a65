import pytest

from wearcli.errors import InputError
from wearcli.recordings.tables.columns import Chosen, choose_columns
from wearcli.recordings.tables.table import Column


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


@pytest.mark.parametrize(
    ("names", "time", "starts"),
    [
        ("received_timestamp|timestamp|x|y|z", 1, (0,)),
        ("timestamp|sensor_timestamp|x|y|z", 1, (0,)),
        ("PacketCounter|UTC_timestamp|SampleTimeFine|Acc_X|Acc_Y|Acc_Z", 2, (1,)),
        ("time|loggingTime(txt)|acc_x|acc_y|acc_z", 0, (1,)),
        ("gps_timestamp|gyro_time|time|acc_x|acc_y|acc_z", 2, ()),
        ("gyro_timestamp|acc_timestamp|timestamp|acc_x|acc_y|acc_z|gyro_x|gyro_y|gyro_z", 1, (2,)),
        ("wrist_time|hip_time|wrist_acc_x|wrist_acc_y|wrist_acc_z", 0, ()),
        ("epoch|time (03:00)|elapsed (s)|x-axis (g)|y-axis (g)|z-axis (g)", 0, ()),
        (
            "ACCELEROMETER X (m/s²)|ACCELEROMETER Y (m/s²)|ACCELEROMETER Z (m/s²)|Time since start in ms",
            3,
            (),
        ),
    ],
)
def test_the_stamp_of_the_sensor_before_that_of_the_log(names: str, time: int, starts: tuple[int]) -> None:
    chosen = choose(names)
    assert (chosen.time, chosen.starts) == (time, starts)


def test_the_stamp_of_another_sensor_is_the_last_and_is_said() -> None:
    chosen = choose("hr_timestamp|acc_x|acc_y|acc_z")
    assert chosen.time == 0
    assert chosen.warnings == ["time is from 'hr_timestamp', a stamp of another sensor (--time-column)"]


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
    with pytest.raises(InputError, match="no column that means ecg"):
        choose("time|x|y|z", "ecg")


@pytest.mark.parametrize(
    ("names", "modality", "channels"),
    [
        ("time|ppg|ppg2|ppg3", "ppg", [1, 2, 3]),
        ("time|ppg_red|ppg_ir|ppg_green|ppg_quality|ppg_ambient|HR|ppg hr", "ppg", [1, 2, 3]),
        ("ppg_time|ppgRed|ppgIR", "ppg", [1, 2]),
        ("t|PPG 530nm|PPG 660nm|temp", "ppg", [1, 2]),
        ("t|red|ir|green", "ppg", [1, 2, 3]),
        ("t|acc_x|acc_y|acc_z|LED1|LED2|LED1 current", "ppg", [4, 5]),
        ("t|ppg|red|ir", "ppg", [1]),
        ("t|ppg|ppg_filtered|text_ppg", "ppg", [1]),
        ("t|ppg_filtered|ppg_filtered2", "ppg", [1, 2]),
        ("t|ECG I|ecg_ii|ECG aVR|ecg_quality|ecg_rr", "ecg", [1, 2, 3]),
        ("t|lead_i|Lead II|V5", "ecg", [1, 2]),
        ("t|ECG1|EKG1-EKG2", "ecg", [1, 2]),
    ],
)
def test_all_channels_of_a_signal(names: str, modality: str, channels: list[int]) -> None:
    assert choose(names, modality).channels == channels
    assert choose(names, modality, count=len(channels)).warnings == choose(names, modality).warnings


@pytest.mark.parametrize(
    ("names", "modality", "count", "channels"),
    [
        ("t|ppg_red|ppg_ir|ppg_green", "ppg", 1, [3]),
        ("t|ppg_red|ppg_ir|ppg_green", "ppg", 2, [2, 3]),
        ("t|ppg_red|ppg_infrared", "ppg", 1, [2]),
        ("t|ppg|ppg_red", "ppg", 1, [2]),
        ("t|ppg|ppg2|ppg3", "ppg", 1, [1]),
        ("t|ECG V5|ECG II|ECG I", "ecg", 1, [3]),
        ("t|ECG V5|ECG II|ECG III", "ecg", 1, [2]),
        ("t|ECG V5|ECG V1", "ecg", 1, [1]),
        ("t|ecg1|ecg2", "ecg", 1, [1]),
    ],
)
def test_fewer_channels_are_chosen_by_rule(
    names: str, modality: str, count: int, channels: list[int]
) -> None:
    chosen = choose(names, modality, count=count)
    assert chosen.channels == channels
    (warning,) = chosen.warnings
    taken, others = warning.removeprefix(f"{modality} is from ").split(", not ")
    assert [f"'{name}'" for name in chosen.names] == taken.split(", ")
    assert others.endswith(" (--columns)")


def test_leads_by_name_alone() -> None:
    names = "MLII|V5|I|aVR|PLETH|RESP|ABP|MCL1|V|vx"
    assert choose(names, "ecg", bare_leads=True).channels == [0, 1, 2, 3, 7, 8, 9]
    assert choose(names, "ecg", bare_leads=True, count=1).channels == [2]
    assert choose("V5|MLII", "ecg", bare_leads=True, count=1).channels == [1]
    assert choose("II,|V,|PLETH,", "ecg", bare_leads=True).channels == [0, 1]
    with pytest.raises(InputError, match="no column that means ecg"):
        choose(names, "ecg")


def test_too_few_channels_and_other_counts() -> None:
    says = (
        r"f.csv: has 1 of ppg \(ppg\), where the number of channels needed is 3: name as many with --columns"
    )
    with pytest.raises(InputError, match=says):
        choose("t|ppg|a|b", "ppg", count=3)
    assert choose("t|ppg|a|b", "ppg", count=3, channel_columns=["ppg", "b", "a"]).channels == [1, 3, 2]
    with pytest.raises(InputError, match=r"--columns names 2 of ppg \(a, b\), where .* is 1"):
        choose("t|ppg|a|b", "ppg", count=1, channel_columns=["a", "b"])
    assert choose("t|ppg|ppg2", "ppg", count=1, channel_columns=["ppg2"])[1:6:4] == ([2], [])
    with pytest.raises(InputError, match="has 1 of ppg"):
        choose("1|2", "ppg", named=False, count=2)
    with pytest.raises(InputError, match="such as --columns 2,3 "):
        choose("1|2|3", "ppg", named=False, count=2)
    assert choose("t|x|y|z", count=1).channels == [1, 2, 3]


@pytest.mark.parametrize("names", ["t|red|green|blue", "t|red_count_of_cells|spo2", "t|a|b", "t|ppg_quality"])
def test_lights_in_doubt(names: str) -> None:
    with pytest.raises(InputError, match=r"no column that means ppg.*--columns"):
        choose(names, "ppg")


def test_units_of_columns() -> None:
    """What the format says of each goes before its name; with a rate of its own it needs no time."""
    columns = [Column(f"acc {axis} (g)", "number", "mg", 50.0) for axis in "xyz"]
    columns.append(Column("time", "number", "s", 1.0))
    chosen = choose_columns(columns, "acc", "f.edf")
    assert (chosen.time, chosen.channels, chosen.unit) == (None, [0, 1, 2], "mg")


def test_text_is_no_signal() -> None:
    with pytest.raises(InputError, match="does not hold numbers"):
        choose("time|text_x|y|z", channel_columns=["text_x", "y", "z"])


def test_what_is_there_instead_of_acceleration_is_said() -> None:
    with pytest.raises(InputError, match="there is ecg: --modality ecg"):
        choose("time|ecg")
    with pytest.raises(InputError, match=r"from a, b$"):
        choose("a|b")
