import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from tests.recordings.make import wrist
from wearcli.errors import InputError, UsageError
from wearcli.recordings.tables.units import normal_unit, see_gravity, still_magnitudes, tell_unit

SCALES = {"g": 1.0, "mg": 1000.0, "m/s2": 9.80665}


def walking(seconds: float = 60.0, rate: float = 50.0) -> np.ndarray:
    """No rest: 1 g that turns slowly, a stride of 1 Hz with harmonics."""
    t = np.arange(round(seconds * rate)) / rate
    angle = 0.6 * np.sin(2 * np.pi * t)
    stride = sum(a * np.sin(2 * np.pi * f * t + f) for f, a in ((1, 0.3), (2, 0.4), (4, 0.2)))
    return np.stack([np.sin(angle), 0.3 * stride, np.cos(angle) + stride], 1)


@given(st.floats(0.88, 1.12), st.sampled_from(list(SCALES)), st.integers(0, 1000))
def test_told_by_rest(calibration: float, unit: str, seed: int) -> None:
    values = wrist(seed=seed)[1] * calibration * SCALES[unit]
    assert tell_unit(values.astype(np.float32), 50.0, "f") == (unit, "by the magnitude at rest", [])


@pytest.mark.parametrize("unit", SCALES)
def test_told_in_motion(unit: str) -> None:
    found = tell_unit(walking() * SCALES[unit], 50.0, "f")
    assert found == (unit, "by the magnitude in motion (no rest found)", [])


@pytest.mark.parametrize("unit", SCALES)
def test_running_and_a_short_idle_recording(unit: str) -> None:
    t = np.arange(500) / 50
    running = np.stack([0.5 * np.sin(20 * t), 0.3 * np.cos(20 * t), 1.3 + 1.8 * np.sin(16 * t)], 1)
    assert tell_unit(running * SCALES[unit], 50.0, "f")[0] == unit
    idle = np.tile([0.12, -0.3, 0.92], (30, 1)) * SCALES[unit]
    assert tell_unit(idle, 50.0, "f")[0] == unit


def test_gravity_taken_out_is_doubt() -> None:
    """The m/s2 of a walk without gravity are as large as the g of one with it."""
    values = walking()
    free = sosfiltfilt(butter(2, 0.5, fs=50.0, output="sos"), values, axis=0)
    linear = (values - free) * 9.80665
    assert 0.7 < np.linalg.norm(linear, axis=1).mean() < 10
    with pytest.raises(InputError, match=r"as if gravity were taken out.*--unit"):
        tell_unit(linear, 50.0, "f")
    unit, how, warnings = tell_unit(linear, 50.0, "f", said="m/s2")
    assert (unit, how, warnings) == ("m/s2", "said by --unit", ["gravity seems to be taken out"])


@pytest.mark.parametrize("scale", [64.0, 256.0, 3.9, 0.25, 0.0])
def test_a_magnitude_that_fits_no_unit(scale: float) -> None:
    with pytest.raises(InputError, match="--unit") as error:
        tell_unit(wrist()[1] * scale, 50.0, "f")
    assert "\n" not in str(error.value)


def test_a_bracket_counts_unless_the_values_deny_it() -> None:
    values = wrist()[1]
    assert tell_unit(values * 9.81, 50.0, "f", bracket="m/s^2")[:2] == ("m/s2", "said in the file")
    with pytest.raises(InputError, match=r"header says g.* says m/s2: settle it with --unit"):
        tell_unit(values * 9.81, 50.0, "f", bracket="g")
    assert tell_unit(values * 9.81, 50.0, "f", said="m/s2", bracket="g")[0] == "m/s2"


def test_out_of_calibration_is_said() -> None:
    unit, _, warnings = tell_unit(wrist()[1] * 1.5, 50.0, "f")
    assert unit == "g"
    assert "out of calibration" in warnings[0]


def test_missing_samples_do_not_hide_the_unit() -> None:
    values = wrist()[1]
    values[::9] = np.nan
    assert tell_unit(values, 50.0, "f")[0] == "g"
    with pytest.raises(InputError, match="--unit"):
        tell_unit(np.full((100, 3), np.nan), 50.0, "f")
    with pytest.raises(UsageError, match="--unit 'furlong': give g, mg or m/s2"):
        tell_unit(values, 50.0, "f", said="furlong")


def test_still_seconds_against_a_loop() -> None:
    values = np.concatenate([wrist(10.0, seed=s)[1] for s in range(3)])
    expected = []
    for second in range(len(values) // 50):
        part = values[second * 50 : second * 50 + 50]
        mean = np.mean([np.linalg.norm(row) for row in part])
        if np.sqrt(sum(np.var(part[:, axis]) for axis in range(3))) < 0.04 * mean:
            expected.append(mean)
    assert 10 < len(expected) < 20
    np.testing.assert_allclose(still_magnitudes(values, 50.0), expected)
    assert see_gravity(values, 50.0).still


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        *(
            (text, "m/s2")
            for text in ("m/s2", "m/s^2", "m/s²", "M/S2", "m s-2", "m·s⁻²".replace("⁻²", "-2"), "ms-2")
        ),
        *((text, "mg") for text in ("mg", "milli-g", "mG")),
        *((text, "g") for text in ("g", "G", "gravity")),
        *((text, None) for text in ("counts", "", "deg/s", None)),
    ],
)
def test_units_as_written(written: str | None, unit: str | None) -> None:
    assert normal_unit(written) == unit
