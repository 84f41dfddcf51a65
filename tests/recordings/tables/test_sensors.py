"""What names say of a sensor: its own words, gravity in it or taken out, a sensor that is none of ours."""

import pytest

from wearcli.recordings.tables.names import parse_name
from wearcli.recordings.tables.sensors import file_words, split_words


@pytest.mark.parametrize(
    ("name", "words", "unit"),
    [
        ("motionUserAccelerationX(G)", "motion user acceleration x", "G"),
        ("accelerometerAccelerationX(G)", "accelerometer acceleration x", "G"),
        ("userAcceleration.x", "user acceleration x", None),
        ("useraccelerationx", "user acceleration x", None),
        ("FreeAcc_X", "free acc x", None),
        ("linacc_x", "lin acc x", None),
        ("body_acc_x", "body acc x", None),
        ("totalaccx", "total acc x", None),
        ("gravityX", "gravity x", None),
        ("gFx", "gforce x", None),
        ("g-force y", "gforce y", None),
        ("Magnetic Field x (µT)", "magneticfield x", "µT"),
        ("rotationRate.x", "rotationrate x", None),
        ("Linear Acceleration x (m/s^2)", "linear acceleration x", "m/s^2"),
        ("Acceleration x (without g)", "acceleration x linear", None),
        ("Acceleration without g z (m/s^2)", "acceleration linear z", "m/s^2"),
        ("accelerationIncludingGravityZ", "acceleration total z", None),
        ("acc_x_mg", "acc x", "mg"),
        ("gyro_x_rad_s", "gyro x", "rads"),
        ("gx", "g x", None),
        ("seconds_elapsed", "seconds elapsed", None),
        ("accelerometeruncalibrated_x", "accelerometer uncalibrated x", None),
        ("watchgravityx", "watch gravity x", None),
    ],
)
def test_words_of_columns(name: str, words: str, unit: str | None) -> None:
    assert parse_name(name) == (tuple(words.split()), unit)


@pytest.mark.parametrize("word", ["acc", "gyro", "gravity", "linear", "user", "max", "index", "mag", "box"])
def test_a_word_stays_one(word: str) -> None:
    assert split_words(word) == (word,)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("Gravity.csv", "gravity"),
        ("GRAVITY.CSV", "gravity"),
        ("P01_gravity.csv.gz", "gravity"),
        ("Linear Acceleration.csv", "linear acceleration"),
        ("LinearAccelerometer.csv", "linear accelerometer"),
        ("linear.csv", "linear"),
        ("acceleration without gravity.csv", "acceleration linear"),
        ("UserAcceleration.csv", "user acceleration"),
        ("TotalAcceleration.csv", "total acceleration"),
        ("AccelerometerUncalibrated.csv", "accelerometer uncalibrated"),
        ("GyroscopeUncalibrated.csv", "gyroscope uncalibrated"),
        ("Magnetic Field.csv", "magneticfield"),
        ("p01.acc.csv", "acc"),
        # Names that may have such a word for other reasons.
        ("user_01.csv", ""),
        ("acc_user_01.csv", "acc"),
        ("body_P01.csv", ""),
        ("linear_walk.csv", ""),
        ("total.csv", ""),
        ("日本.csv", ""),
        ("_.csv", ""),
        ("position_3.csv", ""),
        ("P01_m.csv", ""),
    ],
)
def test_words_of_files(name: str, words: str) -> None:
    assert file_words(f"study/Gyroscope/{name}") == tuple(words.split())
