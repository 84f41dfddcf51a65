"""The unit of a signal in a file: given by the user, written in the file, or told by the values."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.tables.gravity import measure_gravity

# What the magnitude may be, in g: at rest with a sensor out of calibration; on average in motion, where
# it cannot be less than the weight carried and running hardly passes 3.
_AT_REST, _IN_MOTION = (0.5, 2.0), (0.7, 4.0)
CALIBRATED_G = (0.85, 1.15)
# Gyroscopes that are worn measure up to 2000 deg/s an axis: 3464 deg/s in all, or 60 rad/s. Few samples come
# near it: a speed that one in a thousand exceeds is below 40 rad/s.
_TOO_FAST_RAD_S, _TOO_FAST_DEG_S = 40.0, 4000.0


class FileUnit(NamedTuple):
    """The unit of a file.

    Attributes:
        name: A unit of the signal's record.
        how: How it is known, in words.
        warnings: What is odd about the values in this unit.
    """

    name: str
    how: str
    warnings: list[str]


@dataclass(frozen=True)
class Evidence:
    """What the values of a recording tell about their unit.

    Attributes:
        seen: The quantity that was looked at, in words.
        value: The quantity, in the file's own unit.
        possible: Units that the values do not exclude.
        likely: The unit where the values alone are enough to tell it, else None.
        problem: Why they are not enough, in words.
        odd: Gives what is odd about the values in a unit, in words, or None.
    """

    seen: str
    value: float
    possible: list[str]
    likely: str | None
    problem: str
    odd: Callable[[str], str | None] = field(default=lambda unit: None)


def normal_unit(written: str | None, signal: ModalityRecord | None = None) -> str | None:
    """Return the name of a unit as people write it (`m/s^2`, `m s-2`, `G`, `milli-g`, `dps`).

    Args:
        written: The unit in a file or on the command line.
        signal: The signal that it must be a unit of; None for any.

    Returns:
        The unit's name in the record of the signal; None for what is no unit of it.
    """
    if written is None:
        return None
    squeezed = re.sub(r"[\s·*^_\[\]()-]", "", written.lower().replace("²", "2").replace("**", ""))
    records = [signal] if signal else MODALITIES.values()
    units = (item for record in records for item in record.units.items())
    return next((name for name, unit in units if squeezed in unit.spellings), None)


def parse_unit(text: str, signal: ModalityRecord) -> str:
    """Return the name of the unit that `--unit` gives.

    A signal without units takes the unit of any other one: its values are read as they are.

    Raises:
        UsageError: It is no unit of the signal.
    """
    unit = normal_unit(text, signal if signal.units else None)
    if unit is None:
        names = list(signal.units) or [name for record in MODALITIES.values() for name in record.units]
        raise UsageError(f"--unit '{text}': give {', '.join(names[:-1])} or {names[-1]}")
    return unit


def recognise_unit(
    values: np.ndarray,
    rate_hz: float,
    file_name: str,
    signal: ModalityRecord,
    given: str | None = None,
    written: str | None = None,
) -> FileUnit:
    """Return the unit of a recording.

    Args:
        values: The head of the recording (samples, channels), in the file's own unit.
        rate_hz: Rate of the samples, Hz.
        file_name: Name of the file in messages.
        signal: The signal; it has units.
        given: Unit given by the user, which is believed.
        written: Unit written in the file, which is believed unless the values exclude it.

    Raises:
        InputError: The values exclude the written unit, or do not tell a unit. The message names `--unit`.
    """
    assert signal.unit_rule is not None, "a signal with units has a rule that tells them"
    flag = f"--unit {'|'.join(signal.units)}"
    evidence = _RULES[signal.unit_rule](values, rate_hz, signal)
    unit: str | None
    if given is not None:
        unit, how = parse_unit(given, signal), "said by --unit"
    elif np.isnan(evidence.value):
        raise InputError(f"{file_name}: no sample to tell the unit by: say it with {flag}")
    elif (unit := normal_unit(written, signal)) is not None:
        if unit not in evidence.possible and evidence.possible:
            raise InputError(
                f"{file_name}: its header says {unit}, but {evidence.seen} of {evidence.value:.4g} says "
                f"{evidence.possible[0]}: settle it with --unit"
            )
        how = "said in the file"
    elif written is not None and signal.unit_rule == "speed" and normal_unit(written) is None:
        raise InputError(
            f"{file_name}: its header says '{written}', which is no known unit of {signal.title}: "
            f"convert the values and say {flag}"
        )
    elif (unit := evidence.likely) is not None:
        how = f"by {evidence.seen}"
    else:
        raise InputError(
            f"{file_name}: {evidence.seen} is {evidence.value:.4g} and {evidence.problem}: say the unit with "
            f"{flag}"
        )
    odd = evidence.odd(unit)
    return FileUnit(unit, how, [odd] if odd else [])


def _by_gravity(values: np.ndarray, rate_hz: float, signal: ModalityRecord) -> Evidence:
    """Acceleration: at rest, gravity alone is measured."""
    gravity = measure_gravity(values, rate_hz)
    magnitude, still = gravity.magnitude, gravity.still
    seen = f"the magnitude {'at rest' if still else 'in motion (no rest found)'}"
    low, high = _AT_REST if still else _IN_MOTION
    in_g = {name: magnitude * unit.factor for name, unit in signal.units.items()}
    fitting = [name for name, value in in_g.items() if low <= value <= high and not gravity.absent]

    def odd(unit: str) -> str | None:
        if gravity.absent:
            return "gravity seems to be taken out"
        calibrated = not still or CALIBRATED_G[0] <= in_g[unit] <= CALIBRATED_G[1]
        if np.isnan(magnitude) or (unit in fitting and calibrated):
            return None
        return f"{seen} is {in_g[unit]:.3g} g: out of calibration, or of another unit (--unit)"

    return Evidence(
        seen,
        magnitude,
        fitting or list(signal.units),
        fitting[0] if len(fitting) == 1 else None,
        "averages out, as if gravity were taken out" if gravity.absent else "fits neither g, mg nor m/s2",
        odd,
    )


def _by_speed(values: np.ndarray, rate_hz: float, signal: ModalityRecord) -> Evidence:
    """Rotation: what no sensor measures in rad/s is deg/s; rad/s is not told by the values.

    The speed that a sample in a thousand exceeds is looked at, after the offset of each axis (its median) is
    taken off. Real recordings of moving people have some 230 to 1000 in deg/s and 3 to 18 in rad/s. Slow
    motion in deg/s looks like motion in rad/s, and a guess would be wrong by a factor of 57.
    """
    values = values[np.isfinite(values).all(1)].astype(np.float64)
    seen = "the speed of its fastest turns"
    if len(values) == 0:
        return Evidence(seen, float("nan"), list(signal.units), None, "")
    speed = np.linalg.norm(values - np.median(values, axis=0), axis=1)
    fast = float(np.quantile(speed, 0.999))
    if fast > _TOO_FAST_DEG_S:
        problem = "is faster than worn sensors measure, as raw counts or millidegrees are"
        return Evidence(seen, fast, [], None, problem, lambda unit: f"{seen} is {fast:.4g}, which {problem}")
    if fast > _TOO_FAST_RAD_S:
        return Evidence(seen, fast, ["deg/s"], "deg/s", "")
    problem = "may be of a person at rest in deg/s, or of one who moves in rad/s"
    return Evidence(seen, fast, list(signal.units), None, problem)


_RULES: dict[str, Callable[[np.ndarray, float, ModalityRecord], Evidence]] = {
    "gravity": _by_gravity,
    "speed": _by_speed,
}
