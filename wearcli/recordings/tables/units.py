"""The unit of a signal in a file: given by the user, written in the file, or recognised by the values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError
from wearcli.modality import ModalityRecord
from wearcli.recordings.tables.gravity import measure_gravity
from wearcli.recordings.tables.scales import Scale, normal_unit, parse_unit, read_scale

# What the magnitude may be, in g: at rest with a sensor out of calibration; on average in motion, where
# it cannot be less than the weight carried and running hardly passes 3.
_AT_REST, _IN_MOTION = (0.5, 2.0), (0.7, 4.0)
CALIBRATED_G = (0.85, 1.15)
# Gyroscopes that are worn measure up to 2000 deg/s an axis: 3464 deg/s in all, or 60 rad/s. Few samples come
# near it: a speed that one in a thousand exceeds is below 40 rad/s.
_TOO_FAST_RAD_S, _TOO_FAST_DEG_S = 40.0, 4000.0
# Counts of raw values in 1 g: powers of two, and what sensors of 10 and 12 bits have for 3, 6 and 12 g.
_COUNTS_PER_G = (16, 32, 64, 85, 128, 171, 256, 341, 512, 683, 819, 1024, 1365, 2048, 4096, 8192, 16384)
_NEAR_COUNT = 0.06  # share by which a sensor at rest may be off the count of 1 g
# Of gyroscopes of 16 bits that measure up to 2000 deg/s.
_SPEED_SCALE = "1/16.4deg/s"
# Distinct values that show whether steps are in mg; counts in 1 g of such a coarse sensor, at most.
_DISTINCT, _COARSE = 50, 256


class FileUnit(NamedTuple):
    """The unit of a file.

    Attributes:
        name: A unit of the signal's record, or a scale of one, such as 1/256 g.
        factor: What a value is multiplied by to be in the unit of the recording.
        how: How it is known, in words.
        gravity: Whether the values show gravity of 1 g in this unit.
        warnings: What is odd about the values in this unit.
    """

    name: str
    factor: float
    how: str
    gravity: bool
    warnings: list[str]


class UnitInDoubt(InputError):
    """The values of a recording do not tell their unit, and nothing else does.

    Attributes:
        value: The quantity that was looked at, in the file's own unit.
        rate_hz: Rate of the recording, Hz.
        columns: Names of the columns that were read.
    """

    def __init__(self, message: str, value: float, rate_hz: float) -> None:
        super().__init__(message)
        self.value, self.rate_hz = value, rate_hz
        self.columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Evidence:
    """What the values of a recording tell about their unit.

    Attributes:
        seen: The quantity that was looked at, in words.
        value: The quantity, in the file's own unit.
        fits: Whether the values may be in a unit of this factor.
        likely: The unit where the values alone are enough to tell it, else None.
        problem: Why they are not enough, in words.
        scale: A scale of raw counts that they may be in, as --unit takes it; None where they are none.
        gravity: Whether gravity is seen in the values.
        odd: Gives what is odd about the values in a unit of this factor, in words, or None.
    """

    seen: str
    value: float
    fits: Callable[[float], bool]
    likely: str | None
    problem: str
    scale: str | None
    gravity: bool = False
    odd: Callable[[float], str | None] = field(default=lambda factor: None)


def recognise_unit(
    values: np.ndarray,
    rate_hz: float,
    file_name: str,
    signal: ModalityRecord,
    given: str | None = None,
    written: str | None = None,
) -> FileUnit:
    """Return the unit of a recording.

    Raw counts are never taken for a unit: whole numbers are in doubt, unless they are calibrated mg or m/s2.

    Args:
        values: The head of the recording (samples, channels), in the file's own unit.
        rate_hz: Rate of the samples, Hz.
        file_name: Name of the file in messages.
        signal: The signal; it has units.
        given: Unit given by the user, which is believed.
        written: Unit written in the file, which is believed unless the values exclude it.

    Raises:
        UnitInDoubt: The values do not tell a unit. The message names `--unit`, and a scale of counts.
        InputError: The values exclude the written unit, or there are none.
    """
    assert signal.unit_rule is not None, "a signal with units has a rule that tells them"
    flag = f"--unit {'|'.join(signal.units)}"
    evidence = _RULES[signal.unit_rule](values, rate_hz, signal)
    scale: Scale | None
    if given is not None:
        scale, how = parse_unit(given, signal), "given by --unit"
    elif np.isnan(evidence.value):
        raise InputError(f"{file_name}: no sample to tell the unit by: say it with {flag}")
    elif (scale := read_scale(written, signal)) is not None:
        possible = [name for name, unit in signal.units.items() if evidence.fits(unit.factor)]
        if possible and not evidence.fits(scale.factor):
            raise InputError(
                f"{file_name}: its header says {scale.name}, but {evidence.seen} of {evidence.value:.4g} "
                f"says {possible[0]}: settle it with --unit"
            )
        how = "stated in the file"
    elif written is not None and signal.unit_rule == "speed" and normal_unit(written) is None:
        raise InputError(
            f"{file_name}: its header says '{written}', which is no known unit of {signal.title}: "
            f"convert the values and say {flag}"
        )
    elif evidence.likely is not None:
        scale, how = Scale(evidence.likely, signal.units[evidence.likely].factor), f"by {evidence.seen}"
    else:
        counts = f", or for raw counts as a scale such as {evidence.scale}" if evidence.scale else ""
        raise UnitInDoubt(
            f"{file_name}: {evidence.seen} is {evidence.value:.4g} and {evidence.problem}: say the unit with "
            f"{flag}{counts}",
            evidence.value,
            rate_hz,
        )
    odd = evidence.odd(scale.factor)
    gravity = evidence.gravity and evidence.fits(scale.factor)
    return FileUnit(*scale, how, gravity, [odd] if odd else [])


def odd_rest(values: np.ndarray, rate_hz: float, signal: ModalityRecord, factor: float = 1.0) -> list[str]:
    """Return what is odd about gravity at rest where a format states the unit: one line or none.

    Args:
        values: The head of the recording (samples, channels), in the file's own unit.
        rate_hz: Rate of the samples, Hz.
        signal: The signal.
        factor: What a value is multiplied by to be in the unit of the signal.
    """
    if not signal.gravity:
        return []
    gravity = measure_gravity(values[values.any(1)], rate_hz)
    rest = gravity.magnitude * factor
    if not gravity.still or CALIBRATED_G[0] <= rest <= CALIBRATED_G[1]:
        return []
    return [f"the magnitude at rest is {rest:.3g} g: out of calibration, or the file is damaged"]


def _by_gravity(values: np.ndarray, rate_hz: float, signal: ModalityRecord) -> Evidence:
    """Acceleration: at rest, gravity alone is measured."""
    gravity = measure_gravity(values[values.any(1)], rate_hz)  # zeros on all axes are no measurement
    magnitude, still = gravity.magnitude, gravity.still
    seen = f"the magnitude {'at rest' if still else 'in motion (no rest found)'}"
    low, high = _AT_REST if still else _IN_MOTION

    def fits(factor: float) -> bool:
        return gravity.absent or low <= magnitude * factor <= high

    def odd(factor: float) -> str | None:
        if gravity.absent:
            return "gravity seems to be taken out"
        calibrated = not still or CALIBRATED_G[0] <= magnitude * factor <= CALIBRATED_G[1]
        if np.isnan(magnitude) or (fits(factor) and calibrated):
            return None
        return f"{seen} is {magnitude * factor:.3g} g: out of calibration, or of another unit (--unit)"

    count = min(_COUNTS_PER_G, key=lambda count: abs(np.log(count / max(magnitude, 1.0))))
    near = abs(magnitude / count - 1) <= _NEAR_COUNT
    scale = None
    if magnitude > _COUNTS_PER_G[0] / 2:
        scale = f"1/{count}g" if still and near else f"1/{magnitude:.0f}g" if still else "1/256g"
    fitting = [] if gravity.absent else [name for name, unit in signal.units.items() if fits(unit.factor)]
    likely = fitting[0] if len(fitting) == 1 else None
    problem = "fits neither g, mg nor m/s2"
    if gravity.absent:
        problem = "averages out, as if gravity were taken out"
    elif likely is not None and _all_whole(values) and not (likely == "mg" and _steps_in_mg(values)):
        one_g = 1 / signal.units[likely].factor
        plain = CALIBRATED_G[0] <= magnitude / one_g <= CALIBRATED_G[1]
        # Of 1000 and 1024, the nearer one.
        nearer = near and abs(np.log(magnitude / count)) < abs(np.log(magnitude / one_g))
        if nearer or not plain:
            problem = f"all values are whole numbers, which may be {likely} or raw counts"
            likely = None
    return Evidence(seen, magnitude, fits, likely, problem, scale, not gravity.absent, odd)


def _by_speed(values: np.ndarray, rate_hz: float, signal: ModalityRecord) -> Evidence:
    """Rotation: what no sensor measures in rad/s is deg/s; rad/s is not recognised by the values.

    The speed that a sample in a thousand exceeds is looked at, after the offset of each axis (its median) is
    taken off. Real recordings of moving people have some 230 to 1000 in deg/s and 3 to 18 in rad/s. Slow
    motion in deg/s looks like motion in rad/s, and a guess would be wrong by a factor of 57.
    """
    values = values[np.isfinite(values).all(1)].astype(np.float64)
    seen = "the speed of its fastest turns"
    if len(values) == 0:
        return Evidence(seen, float("nan"), lambda factor: True, None, "", None)
    speed = np.linalg.norm(values - np.median(values, axis=0), axis=1)
    fast = float(np.quantile(speed, 0.999))

    def fits(factor: float) -> bool:
        return fast * factor <= _TOO_FAST_DEG_S and (factor <= 1 or fast <= _TOO_FAST_RAD_S)

    def odd(factor: float) -> str | None:
        if fast * factor <= _TOO_FAST_DEG_S:
            return None
        return f"{seen} is {fast * factor:.4g} deg/s, which is faster than worn sensors measure (--unit)"

    likely, problem = None, "may be of a person at rest in deg/s, or of one who moves in rad/s"
    if fast > _TOO_FAST_DEG_S:
        problem = "is faster than worn sensors measure, as raw counts or millidegrees are"
    elif fast > _TOO_FAST_RAD_S and _all_whole(values):
        problem = "all values are whole numbers, which may be deg/s or raw counts"
    elif fast > _TOO_FAST_RAD_S:
        likely = "deg/s"
    scale = _SPEED_SCALE if fast > _TOO_FAST_RAD_S else None
    return Evidence(seen, fast, fits, likely, problem, scale, odd=odd)


def _steps_in_mg(values: np.ndarray) -> bool:
    """Whether whole values are the steps of a coarse sensor in mg, rounded or cut.

    Of 256 counts in 1 g they are 0, 4, 8, 12, 16, 20, 23 mg and so on. Counts have even steps.
    """
    distinct = np.unique(np.abs(values[np.isfinite(values)].astype(np.float64)))
    if len(distinct) < _DISTINCT:
        return False
    steps = [1000 / count for count in _COUNTS_PER_G if count <= _COARSE]
    return any(bool(np.all((distinct + 1) % step <= 1.5)) for step in steps)


def _all_whole(values: np.ndarray) -> bool:
    finite = values[np.isfinite(values)]
    return bool(np.all(finite == np.rint(finite)))


_RULES: dict[str, Callable[[np.ndarray, float, ModalityRecord], Evidence]] = {
    "gravity": _by_gravity,
    "speed": _by_speed,
}
