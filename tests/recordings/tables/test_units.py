from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import butter, sosfiltfilt

from tests.recordings.make import wrist
from wearcli.errors import InputError, UsageError
from wearcli.modality import MODALITIES
from wearcli.recordings.tables.gravity import measure_gravity, still_magnitudes
from wearcli.recordings.tables.scales import Scale, normal_unit, parse_unit, read_scale
from wearcli.recordings.tables.units import FileUnit, UnitInDoubt, odd_rest, recognise_unit

ACC, GYRO = MODALITIES["acc"], MODALITIES["gyro"]
SCALES = {"g": 1.0, "mg": 1000.0, "m/s2": 9.80665}
FACTORS = {"g": 1.0, "mg": 1e-3, "m/s2": 1 / 9.80665, "deg/s": 1.0, "rad/s": 180 / np.pi}


def unit_of_acceleration(values: np.ndarray, rate: float, name: str, **known: str) -> FileUnit:
    return recognise_unit(values, rate, name, ACC, **known)


def walking(seconds: float = 60.0, rate: float = 50.0) -> np.ndarray:
    """No rest: 1 g that turns slowly, a stride of 1 Hz with harmonics."""
    t = np.arange(round(seconds * rate)) / rate
    angle = 0.6 * np.sin(2 * np.pi * t)
    stride = sum(a * np.sin(2 * np.pi * f * t + f) for f, a in ((1, 0.3), (2, 0.4), (4, 0.2)))
    return np.stack([np.sin(angle), 0.3 * stride, np.cos(angle) + stride], 1)


@given(st.floats(0.88, 1.12), st.sampled_from(list(SCALES)), st.integers(0, 1000))
def test_told_by_rest(calibration: float, unit: str, seed: int) -> None:
    values = wrist(seed=seed)[1] * calibration * SCALES[unit]
    assert unit_of_acceleration(values.astype(np.float32), 50.0, "f") == (
        unit,
        FACTORS[unit],
        "by the magnitude at rest",
        True,
        [],
    )


@pytest.mark.parametrize("unit", SCALES)
def test_told_in_motion(unit: str) -> None:
    found = unit_of_acceleration(walking() * SCALES[unit], 50.0, "f")
    assert found == (unit, FACTORS[unit], "by the magnitude in motion (no rest found)", True, [])


@pytest.mark.parametrize("unit", SCALES)
def test_running_and_a_short_idle_recording(unit: str) -> None:
    t = np.arange(500) / 50
    running = np.stack([0.5 * np.sin(20 * t), 0.3 * np.cos(20 * t), 1.3 + 1.8 * np.sin(16 * t)], 1)
    assert unit_of_acceleration(running * SCALES[unit], 50.0, "f")[0] == unit
    idle = np.tile([0.12, -0.3, 0.92], (30, 1)) * SCALES[unit]
    assert unit_of_acceleration(idle, 50.0, "f")[0] == unit


def test_gravity_taken_out_is_doubt() -> None:
    """The m/s2 of a walk without gravity are as large as the g of one with it."""
    values = walking()
    free = sosfiltfilt(butter(2, 0.5, fs=50.0, output="sos"), values, axis=0)
    linear = (values - free) * 9.80665
    assert 0.7 < np.linalg.norm(linear, axis=1).mean() < 10
    with pytest.raises(InputError, match=r"as if gravity were taken out.*--unit"):
        unit_of_acceleration(linear, 50.0, "f")
    unit = unit_of_acceleration(linear, 50.0, "f", given="m/s2")
    assert unit == ("m/s2", FACTORS["m/s2"], "given by --unit", False, ["gravity seems to be taken out"])


@pytest.mark.parametrize("scale", [64.0, 256.0, 3.9, 0.25, 0.0])
def test_a_magnitude_that_fits_no_unit(scale: float) -> None:
    with pytest.raises(InputError, match="--unit") as error:
        unit_of_acceleration(wrist()[1] * scale, 50.0, "f")
    assert "\n" not in str(error.value)


def test_a_bracket_counts_unless_the_values_deny_it() -> None:
    values = wrist()[1]
    assert unit_of_acceleration(values * 9.81, 50.0, "f", written="m/s^2")[:4:2] == (
        "m/s2",
        "stated in the file",
    )
    with pytest.raises(InputError, match=r"header says g.* says m/s2: settle it with --unit"):
        unit_of_acceleration(values * 9.81, 50.0, "f", written="g")
    assert unit_of_acceleration(values * 9.81, 50.0, "f", given="m/s2", written="g")[0] == "m/s2"


def test_out_of_calibration_is_said() -> None:
    unit, *_, warnings = unit_of_acceleration(wrist()[1] * 1.5, 50.0, "f")
    assert unit == "g"
    assert "out of calibration" in warnings[0]


def test_missing_samples_do_not_hide_the_unit() -> None:
    values = wrist()[1]
    values[::9] = np.nan
    assert unit_of_acceleration(values, 50.0, "f")[0] == "g"
    with pytest.raises(InputError, match="--unit"):
        unit_of_acceleration(np.full((100, 3), np.nan), 50.0, "f")
    with pytest.raises(UsageError, match="--unit 'furlong': give g, mg or m/s2"):
        unit_of_acceleration(values, 50.0, "f", given="furlong")


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
    assert measure_gravity(values, 50.0).still


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        *(
            (text, "m/s2")
            for text in ("m/s2", "m/s^2", "m/s²", "M/S2", "m s-2", "m·s⁻²".replace("⁻²", "-2"), "ms-2")
        ),
        *((text, "mg") for text in ("mg", "milli-g", "mG")),
        *((text, "g") for text in ("g", "G", "gravity")),
        *((text, None) for text in ("counts", "", "rpm", None)),
        *((text, "deg/s") for text in ("deg/s", "dps", "°/s", "deg/sec", "Degrees/s")),
        *((text, "rad/s") for text in ("rad/s", "rad s", "Rad/Sec", "radians per second")),
    ],
)
def test_units_as_written(written: str | None, unit: str | None) -> None:
    assert normal_unit(written) == unit


@pytest.mark.parametrize(
    ("written", "name", "factor"),
    [
        ("1/256g", "1/256 g", 1 / 256),
        ("1/341 g", "1/341 g", 1 / 341),
        ("1 / 1024 G", "1/1024 g", 1 / 1024),
        (".0039 g", ".0039 g", 0.0039),
        ("0.0039g", "0.0039 g", 0.0039),
        ("3.9 mg", "3.9 mg", 0.0039),
        ("3.9e-3 g", "3.9e-3 g", 0.0039),
        ("9.81/1024 m/s^2", "9.81/1024 m/s2", 9.81 / 1024 / 9.80665),
        ("0.5*mg", "0.5 mg", 0.0005),
        ("256 counts/g", "1/256 g", 1 / 256),
        ("256 LSB/g", "1/256 g", 1 / 256),
        ("256/g", "1/256 g", 1 / 256),
        ("256 counts per g", "1/256 g", 1 / 256),
        ("1 g", "g", 1.0),
        ("4/2 g", "4/2 g", 2.0),
        *(
            (text, None, None)
            for text in ("1/0 g", "0 g", "-1/256 g", "1/256", "1/256 gg", "1//256 g", "1/x g")
        ),
        *(
            (text, None, None)
            for text in ("1/256 deg/s", "1e999 g", "1/1e-999 g", "nan g", "inf g", "1,5 g", "g/256")
        ),
    ],
)
def test_scales_of_raw_counts(written: str, name: str | None, factor: float | None) -> None:
    scale = read_scale(written, ACC)
    if name is None:
        assert scale is None
        with pytest.raises(UsageError, match="or a scale such as 1/256 g"):
            parse_unit(written, ACC)
    else:
        assert scale == (name, pytest.approx(factor))
        assert parse_unit(written, ACC) == scale


@pytest.mark.parametrize("written", ["1/16.4 deg/s", "1/16.4dps", "16.4 LSB/(deg/s)", "16.4 counts per dps"])
def test_scales_of_rotation(written: str) -> None:
    assert read_scale(written, GYRO) == ("1/16.4 deg/s", pytest.approx(1 / 16.4))
    assert read_scale("0.001 rad/s", GYRO) == ("0.001 rad/s", pytest.approx(0.18 / np.pi))


@given(st.floats(1e-6, 1e6), st.sampled_from(["g", "mg", "m/s2"]))
def test_any_scale_comes_back(number: float, unit: str) -> None:
    factor = number * FACTORS[unit]
    assert read_scale(f"{number!r} {unit}", ACC) == Scale(
        unit if number == 1 else f"{number!r} {unit}", pytest.approx(factor)
    )
    assert read_scale(f"1/{number!r}{unit}", ACC)[1] == pytest.approx(FACTORS[unit] / number)  # type: ignore[index]


@pytest.mark.parametrize(
    "counts", [16, 64, 128, 256, 341, 512, 683, 819, 1024, 1365, 2048, 4096, 8192, 16384]
)
@pytest.mark.parametrize("seed", range(3))
def test_raw_counts_are_never_a_unit(counts: int, seed: int) -> None:
    values = np.rint(wrist(seed=seed)[1] * counts).astype(np.float32)
    with pytest.raises(UnitInDoubt, match=f"as a scale such as 1/{counts}g$"):
        unit_of_acceleration(values, 50.0, "f")
    unit = unit_of_acceleration(values, 50.0, "f", given=f"1/{counts}g")
    assert unit == (f"1/{counts} g", 1 / counts, "given by --unit", True, [])
    assert unit_of_acceleration(values, 50.0, "f", written=f"1/{counts} g")[2] == "stated in the file"
    with pytest.raises(UnitInDoubt, match="as a scale such as 1/256g$" if counts > 8 else ""):
        unit_of_acceleration(np.rint(walking() * counts), 50.0, "f")


@pytest.mark.parametrize("calibration", [0.9, 0.97, 0.99, 1.0, 1.008])
def test_whole_milli_g_are_calibrated(calibration: float) -> None:
    values = np.rint(wrist()[1] / np.linalg.norm([0.1, 0.2, 0.97]) * calibration * 1000)
    assert unit_of_acceleration(values, 50.0, "f")[0] == "mg"
    if calibration > 1:  # nearer to 1024 from 1012 on, and then the header or the user says it
        with pytest.raises(UnitInDoubt, match="whole numbers, which may be mg or raw counts"):
            unit_of_acceleration(np.rint(values * 1.01), 50.0, "f")
    assert unit_of_acceleration(np.rint(values * 1.01), 50.0, "f", written="mg")[0] == "mg"


@pytest.mark.parametrize("counts", [64, 128, 171, 256])
@pytest.mark.parametrize("whole", [np.rint, np.trunc, lambda values: np.floor(values + 0.5)])
def test_uneven_steps_are_milli_g_near_1024_too(
    counts: int, whole: Callable[[np.ndarray], np.ndarray]
) -> None:
    values = np.concatenate([wrist()[1] / np.linalg.norm([0.1, 0.2, 0.97]), walking()]) * 1.02
    steps = np.rint(values * counts)
    assert unit_of_acceleration(whole(steps * 1000 / counts), 50.0, "f")[0] == "mg"
    even = steps * round(1024 / counts)  # counts of 1024 in 1 g whose last bits are empty
    with pytest.raises(UnitInDoubt, match="scale such as"):
        unit_of_acceleration(even, 50.0, "f")


@pytest.mark.parametrize(
    ("size", "factor", "odd"),
    [(1.0, 1.0, False), (0.09, 1.0, True), (2.5, 1.0, True), (64.0, 1 / 64, False), (9.0, 1 / 64, True)],
)
def test_a_rest_that_a_format_excludes_is_said(size: float, factor: float, odd: bool) -> None:
    values = wrist()[1] / np.linalg.norm([0.1, 0.2, 0.97]) * size
    lines = odd_rest(values, 50.0, ACC, factor)
    rest = f"the magnitude at rest is {size * factor:.3g} g"
    assert lines == ([f"{rest}: out of calibration, or the file is damaged"] if odd else [])


def test_whole_speeds_may_be_raw_counts() -> None:
    values = np.rint(turning(60, 80, 600))
    with pytest.raises(UnitInDoubt, match=r"deg/s or raw counts.* as a scale such as 1/16\.4deg/s$"):
        recognise_unit(values, 50.0, "f", GYRO)
    assert recognise_unit(values, 50.0, "f", GYRO, given="1/16.4 deg/s")[1] == pytest.approx(1 / 16.4)
    assert recognise_unit(values, 50.0, "f", GYRO, written="deg/s")[0] == "deg/s"


def test_a_unit_is_one_of_the_signal() -> None:
    assert normal_unit("dps", ACC) is None
    assert normal_unit("g", GYRO) is None
    scale = ", or a scale such as 1/256"
    assert parse_unit("dps", GYRO) == ("deg/s", 1.0)
    assert parse_unit("mG", ACC) == ("mg", 1e-3)
    with pytest.raises(UsageError, match=rf"^--unit 'g': give deg/s or rad/s{scale} deg/s$"):
        parse_unit("g", GYRO)
    with pytest.raises(UsageError, match=rf"^--unit 'furlong': give g, mg or m/s2{scale} g$"):
        parse_unit("furlong", ACC)
    # A signal whose values are read as they are takes any unit that there is.
    assert parse_unit("mg", MODALITIES["ppg"]) == ("mg", 1.0)
    with pytest.raises(UsageError, match="--unit 'furlong'"):
        parse_unit("furlong", MODALITIES["ecg"])


def turning(seconds: float, usual: float, peak: float, seed: int = 0) -> np.ndarray:
    """Rotation at 50 Hz in any unit: of Rayleigh speed with this median, one sample in 100 at the peak."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(round(seconds * 50), 3)) * usual / 1.538  # the median of a 3-D normal's norm
    values[::100] = [peak, 0, 0]
    return values + [5 * usual, 0, -usual]  # an offset, as sensors have


@pytest.mark.parametrize("seconds", [5, 600])
def test_faster_than_any_sensor_in_radians_is_degrees(seconds: float) -> None:
    for usual, peak in ((0.1, 45.0), (80.0, 600.0)):
        found = recognise_unit(turning(seconds, usual, peak), 50.0, "f", GYRO)
        assert found == ("deg/s", 1.0, "by the speed of its fastest turns", False, [])


def test_faster_than_any_sensor_in_degrees_is_no_unit() -> None:
    """Millidegrees or raw counts, which were taken for deg/s; where the user says so, it is odd."""
    values = turning(5, 80_000, 600_000)
    with pytest.raises(InputError, match=r"^f: .* is faster than worn sensors measure.* counts .*--unit"):
        recognise_unit(values, 50.0, "f", GYRO)
    unit = recognise_unit(values, 50.0, "f", GYRO, given="deg/s")
    assert unit.name == "deg/s"
    assert "faster than worn sensors" in unit.warnings[0]


@pytest.mark.parametrize("written", ["mdps", "raw", "rpm"])
def test_a_written_unit_that_is_not_known_is_refused(written: str) -> None:
    """It was passed over, and the values were taken for deg/s."""
    with pytest.raises(
        InputError, match=f"^f: its header says '{written}', which is no known unit of rotation"
    ):
        recognise_unit(turning(5, 80, 600), 50.0, "f", GYRO, written=written)


@pytest.mark.parametrize(
    ("seconds", "usual", "peak"),
    [
        (30, 1.4, 12.0),
        (600, 1.4, 12.0),  # it was taken for rad/s
        (600, 2.0, 5.0),  # slow motion in deg/s: it was taken for rad/s
        (600, 0.3, 12.0),  # a person at rest in deg/s, or one who moves a little in rad/s
        (600, 1.4, 38.0),  # at rest but for some turns
        (600, 0.0, 0.0),
    ],
)
def test_rest_in_degrees_and_motion_in_radians_are_in_doubt(
    seconds: float, usual: float, peak: float
) -> None:
    values = turning(seconds, usual, peak)
    with pytest.raises(InputError) as error:
        recognise_unit(values, 50.0, "f.csv", GYRO)
    assert str(error.value).startswith("f.csv: the speed of its fastest turns is ")
    assert str(error.value).endswith("say the unit with --unit deg/s|rad/s")
    # What the file or the user says settles it.
    assert recognise_unit(values, 50.0, "f", GYRO, written="dps") == (
        "deg/s",
        1.0,
        "stated in the file",
        False,
        [],
    )
    assert recognise_unit(values, 50.0, "f", GYRO, written="rad/s")[0] == "rad/s"
    assert recognise_unit(values, 50.0, "f", GYRO, given="rad/s")[:4:2] == ("rad/s", "given by --unit")


def test_a_header_that_cannot_be_is_refused() -> None:
    values = turning(5, 80, 600)
    with pytest.raises(InputError, match=r"its header says rad/s, but .* says deg/s: settle it with --unit"):
        recognise_unit(values, 50.0, "f", GYRO, written="rad/s")
    assert recognise_unit(values, 50.0, "f", GYRO, given="rad/s", written="deg/s")[0] == "rad/s"
    # The unit of another sensor of the file says nothing.
    assert recognise_unit(values, 50.0, "f", GYRO, written="g")[:2][0] == "deg/s"
    with pytest.raises(InputError, match="no sample to tell the unit by: say it with --unit"):
        recognise_unit(np.full((100, 3), np.nan), 50.0, "f", GYRO)
