"""Gravity as an accelerometer measures it: the magnitude at rest, or what motion shows of it."""

from typing import NamedTuple

import numpy as np

STANDARD_GRAVITY = 9.80665  # m/s2
STILL_SHARE = 0.04  # of the mean magnitude: the deviation below which a second is still
# Acceleration against gravity beside it: samples that are averaged, the cosine of what points alike, how far
# their lengths may be apart, and what the units of the two may make of it.
_PART, _ALIKE, _CALIBRATION = 128, 0.8, 1.25
_UNITS = np.array([1.0, 1e3, 1e-3, STANDARD_GRAVITY, 1 / STANDARD_GRAVITY])


class Gravity(NamedTuple):
    """What a recording shows of gravity, in the file's own unit.

    Attributes:
        magnitude: The median magnitude at rest, or the mean in motion where no second is still; NaN without
            samples.
        still: Whether there are still seconds.
        absent: Whether gravity was taken out: in motion, nothing steady is left when the axes are averaged.
    """

    magnitude: float
    still: bool
    absent: bool


def still_magnitudes(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return the mean magnitude of each still second.

    A second is still when the axes together deviate by less than 4 % of its mean magnitude.

    Args:
        values: Acceleration (samples, 3) in any unit.
        rate_hz: Rate of the samples, Hz.

    Returns:
        Magnitudes (still seconds,) float64, in the unit of `values`.
    """
    size = max(2, round(rate_hz))
    whole = len(values) // size * size
    seconds = values[:whole].reshape(-1, size, 3).astype(np.float64)
    mean = np.sqrt(np.einsum("ijk,ijk->ij", seconds, seconds)).mean(1)
    # A second with a missing sample has a mean of NaN, and is not still.
    still: np.ndarray = mean[np.sqrt(seconds.var(1).sum(1)) < STILL_SHARE * mean]
    return still


def measure_gravity(values: np.ndarray, rate_hz: float) -> Gravity:
    """Return gravity as the still seconds show it; where there are none, as motion shows it.

    In motion two figures tell whether gravity is there: the mean vector of 2 s against the mean magnitude (on
    real wrists, feet and waists 0.6 to 1; with gravity filtered out 0.01 to 0.2) and the smallest magnitudes.

    Args:
        values: Acceleration (samples, 3) in any unit; samples that are not finite are left out.
        rate_hz: Rate of the samples, Hz.
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


def has_gravity(values: np.ndarray, gravity: np.ndarray) -> bool:
    """Return whether acceleration has gravity in it, recognised by gravity beside it.

    With gravity in it, acceleration that is averaged over a while points as gravity does, and is as long.

    Args:
        values: Acceleration (samples, 3).
        gravity: Gravity of the same samples (samples, 3), in the same unit or another one.
    """
    both = np.isfinite(values).all(1) & np.isfinite(gravity).all(1)
    count = max(1, int(np.count_nonzero(both)) // _PART)
    means = [
        np.stack([part.mean(0, dtype=np.float64) for part in np.array_split(array[both], count)])
        for array in (values, gravity)
    ]
    lengths = [np.linalg.norm(mean, axis=1) for mean in means]
    if not both.any() or not lengths[1].any():
        return True
    alike = (means[0] * means[1]).sum(1) > _ALIKE * lengths[0] * lengths[1]
    longer = np.median(lengths[0]) / np.median(lengths[1]) / _UNITS
    as_long = (longer < _CALIBRATION) & (longer > 1 / _CALIBRATION)
    return bool(alike.mean() > 0.5 and as_long.any())
