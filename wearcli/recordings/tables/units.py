"""The unit of acceleration, told by its magnitude at rest, where gravity alone is measured."""

import re
from typing import NamedTuple

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.modality import MODALITIES

_GRAVITY = MODALITIES["acc"].units
UNITS = tuple(_GRAVITY)
# What the magnitude may be, in g: at rest with a sensor out of calibration; on average in motion, where
# it cannot be less than the weight carried and running hardly passes 3.
_AT_REST, _IN_MOTION = (0.5, 2.0), (0.7, 4.0)
_CALIBRATED = (0.85, 1.15)


class Gravity(NamedTuple):
    """What a recording's head shows of gravity, in the file's own unit.

    magnitude: the median at rest, or the mean in motion where no second is still; NaN without samples.
    absent: in motion, nothing steady is left when the axes are averaged: gravity was taken out.
    """

    magnitude: float
    still: bool
    absent: bool


def unit_factor(unit: str) -> float:
    """What a value in `unit` (g, mg, m/s2) is multiplied by to be in g."""
    return _GRAVITY[unit].factor


def normal_unit(written: str | None) -> str | None:
    """A unit as people write it (`m/s^2`, `m s-2`, `G`, `milli-g`) as g, mg or m/s2; None if it is none."""
    if written is None:
        return None
    squeezed = re.sub(r"[\s·*^_\[\]()-]", "", written.lower().replace("²", "2").replace("**", ""))
    return next((name for name, unit in _GRAVITY.items() if squeezed in unit.spellings), None)


def said_unit(said: str) -> str:
    """What --unit says as g, mg or m/s2; UsageError where it is none of these."""
    unit = normal_unit(said)
    if unit is None:
        raise UsageError(f"--unit '{said}': give g, mg or m/s2")
    return unit


def still_magnitudes(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Mean magnitude of each still second, (still,) float64, in the unit of `values`, (samples, 3).

    A second is still when the axes together deviate by less than 4 % of its mean magnitude.
    """
    size = max(2, round(rate_hz))
    whole = len(values) // size * size
    seconds = values[:whole].reshape(-1, size, 3).astype(np.float64)
    mean = np.sqrt(np.einsum("ijk,ijk->ij", seconds, seconds)).mean(1)
    # A second with a missing sample has a mean of NaN, and is not still.
    return mean[np.sqrt(seconds.var(1).sum(1)) < 0.04 * mean]


def see_gravity(values: np.ndarray, rate_hz: float) -> Gravity:
    """Gravity as `values` ((samples, 3), any unit) show it: in the still seconds, if there are any.

    Without, it is told from motion by two figures: the mean vector of 2 s against the mean magnitude (real
    wrists, feet and waists in motion: .6-1; with gravity filtered out .01-.2) and the smallest magnitudes.
    """
    values = values[np.isfinite(values).all(1)]
    if len(values) == 0:
        return Gravity(float("nan"), False, False)
    still = still_magnitudes(values, rate_hz)
    if len(still):
        return Gravity(float(np.median(still)), True, False)
    magnitude = np.sqrt(np.einsum("ij,ij->i", values, values, dtype=np.float64))
    overall = float(magnitude.mean())
    parts = np.array_split(values, max(1, len(values) // (2 * max(2, round(rate_hz)))))
    steady = float(np.median([np.linalg.norm(part.mean(0, dtype=np.float64)) for part in parts]))
    absent = steady < 0.3 * overall and float(np.quantile(magnitude, 0.05)) < 0.45 * overall
    return Gravity(overall, False, absent)


def tell_unit(
    values: np.ndarray, rate_hz: float, where: str, said: str | None = None, bracket: str | None = None
) -> tuple[str, str, list[str]]:
    """The unit of `values` ((samples, 3), a recording's head), how it is known, and warnings.

    said: by the user, believed. bracket: in the column's name, believed unless the magnitude at rest
    says otherwise. Raises InputError naming --unit where the magnitude fits no unit, or not the bracket's.
    """
    gravity = see_gravity(values, rate_hz)
    magnitude, still = gravity.magnitude, gravity.still
    seen = f"the magnitude {'at rest' if still else 'in motion (no rest found)'}"
    low, high = _AT_REST if still else _IN_MOTION
    fitting = [
        unit for unit in UNITS if low <= magnitude * _GRAVITY[unit].factor <= high and not gravity.absent
    ]
    unit: str | None
    if said is not None:
        unit, how = said_unit(said), "said by --unit"
    elif np.isnan(magnitude):
        raise InputError(f"{where}: no sample to tell the unit by: say it with --unit g|mg|m/s2")
    elif (unit := normal_unit(bracket)) is not None:
        if fitting and unit not in fitting:
            raise InputError(
                f"{where}: its header says {unit}, but {seen} of {magnitude:.4g} "
                f"says {fitting[0]}: settle it with --unit"
            )
        how = "said in the file"
    elif len(fitting) != 1:
        why = (
            "averages out, as if gravity were taken out" if gravity.absent else "fits neither g, mg nor m/s2"
        )
        raise InputError(f"{where}: {seen} is {magnitude:.4g} and {why}: say the unit with --unit g|mg|m/s2")
    else:
        unit, how = fitting[0], f"by {seen}"
    in_g = magnitude * _GRAVITY[unit].factor
    if gravity.absent:
        return unit, how, ["gravity seems to be taken out"]
    if not np.isnan(in_g) and (
        unit not in fitting or (still and not _CALIBRATED[0] <= in_g <= _CALIBRATED[1])
    ):
        return unit, how, [f"{seen} is {in_g:.3g} g: out of calibration, or of another unit (--unit)"]
    return unit, how, []
