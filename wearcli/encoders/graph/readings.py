"""Readings of a window beside its statistics: gravity, and how the movement changes over the window.

Nothing here is learned. A linear probe sees only weighted sums of its input. What it must tell apart by an
angle, a threshold or a place in time therefore needs numbers of its own.
"""

import math

import torch
import torch.nn.functional as F

from wearcli.encoders.graph.motion import MotionFeatures, log10_above
from wearcli.signals.features.motion import BANDS_HZ, FLOOR

THRESHOLDS = (-1.0, 0.0, 1.0)  # deviations from the mean over the training windows
SOFTNESS = 0.6  # deviations: neighbouring thresholds overlap, so that their sum is nearly the statistic
# Of the statistic itself in each: where all of a study lies beyond a threshold this is what still tells it
# apart. Without it a probe would blow up the last digits of a saturated number, and be far off elsewhere.
SLOPE = 0.25
HARMONICS = 12
POSTURES = 2 * HARMONICS + 4
STRETCH_S, STRETCHES_HZ = 0.5, 10.0  # over which gravity's direction is taken on the way, and how often
WAYS = 2 * (3 + HARMONICS)
AXES = 8
PARTS = 5
CHANGES = 4 * PARTS + 8
LEAST_GRAVITY = 0.2  # g: a mean below it, as in free fall, has no direction
QUIET = 1e-5  # g^2, added to the variance of the magnitude: about the noise of a good sensor
STILL = 1e-3  # g^2: the variance of the magnitude at which a window is as still as it is moving
NO_TURN = 1e-3  # g, added before the logarithm
ALONG, ACROSS = (0.0, 0.1, 0.5, 0.9, 1.0), (0.1, 0.5, 0.9, 1.0)  # quantiles
SWINGS = 2 * len(BANDS_HZ) + len(ALONG) + len(ACROSS) + 5
SMALL = 1e-6  # g^2, added to a variance
AXES_NOISE = 1e-5  # g^2, added to a trace: of a sensor at rest the shares are small instead of noise


def thresholds(deviations: torch.Tensor) -> torch.Tensor:
    """Return on which side of each threshold a statistic lies: tanh((z - threshold) / SOFTNESS) + SLOPE z.

    The mean over the windows of an epoch is then a soft histogram of each statistic, and not only its mean.

    Args:
        deviations: Statistics (batch, n), in deviations from their mean.

    Returns:
        (batch, 3 n).
    """
    leaning = SLOPE * deviations
    return torch.cat([((deviations - at) / SOFTNESS).tanh() + leaning for at in THRESHOLDS], dim=1)


def posture(x: torch.Tensor) -> torch.Tensor:
    """Return where gravity points, and again where the window is still.

    The numbers are the twelve real harmonics of second and third order of the direction u (up to factors),
    from which a probe can cut a cap out of the sphere; how still the window is, from 0 to 1; and that
    stillness times u and times the harmonics.

    Args:
        x: Windows (batch, 3, samples), g.

    Returns:
        (batch, POSTURES).
    """
    u = _direction(x)
    turned = _harmonics(u)
    magnitude = x.square().sum(dim=1).sqrt()
    variance = (magnitude - magnitude.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True)
    still = torch.sigmoid(2 * (math.log10(STILL) - log10_above(variance, QUIET)))
    return torch.cat([turned, still, still * u, still * turned], dim=1)


def ways(x: torch.Tensor, rate_hz: float) -> torch.Tensor:
    """Return the postures that a window goes through.

    The numbers are the mean and the deviation, over stretches of half a second, of a stretch's direction and
    its harmonics. They help where the mean direction does not: a glass that is lifted and put down has the
    same mean direction as a glass held still half way.

    Args:
        x: Windows (batch, 3, samples), g.
        rate_hz: Rate of the windows, Hz.

    Returns:
        (batch, WAYS).
    """
    length, step = max(1, round(STRETCH_S * rate_hz)), max(1, round(rate_hz / STRETCHES_HZ))
    stretches = F.avg_pool1d(x, length, step)
    size = stretches.square().sum(dim=1, keepdim=True).sqrt().clamp_min(LEAST_GRAVITY)
    u = (stretches / size).transpose(1, 2)  # (batch, stretches, 3)
    directions = torch.cat([u, _harmonics(u.flatten(0, 1)).unflatten(0, u.shape[:2])], dim=2)
    mean = directions.mean(dim=1)
    return torch.cat([mean, (directions - mean[:, None]).square().mean(dim=1).sqrt()], dim=1)


def axes(x: torch.Tensor) -> torch.Tensor:
    """Return along which axes a window moves.

    The numbers are the covariances of x, y, z as shares of their trace (xx, yy, zz, xy, xz, yz), and two
    numbers that do not change when the sensor is turned: the determinant of these shares, which is 0 where a
    movement stays in a plane; and the sum of their squares, which is 1 where it stays on a line.

    Args:
        x: Windows (batch, 3, samples), g.

    Returns:
        (batch, AXES).
    """
    moved = x - x.mean(dim=2, keepdim=True)
    one, other = [0, 1, 2, 0, 0, 1], [0, 1, 2, 1, 2, 2]
    shares = (moved[:, one] * moved[:, other]).mean(dim=2)
    shares = shares / (shares[:, :3].sum(dim=1, keepdim=True) + AXES_NOISE)
    xx, yy, zz, xy, xz, yz = shares.unbind(dim=1)
    determinant = xx * (yy * zz - yz * yz) - xy * (xy * zz - yz * xz) + xz * (xy * yz - yy * xz)
    squares = shares[:, :3].square().sum(dim=1) + 2 * shares[:, 3:].square().sum(dim=1)
    return torch.cat([shares, determinant[:, None], squares[:, None]], dim=1)


def changes(x: torch.Tensor) -> torch.Tensor:
    """Return how the fifths of a window differ.

    The numbers are, in this order:

    - The logarithm of each fifth's variance (of the vector, g^2), the greatest, the least and the deviation
      of these.
    - Each fifth's mean less the mean of all, three axes, fifth by fifth.
    - The turns, as distances between means in g: from the first fifth to the last, the greatest and the mean
      from one fifth to the next, and the logarithms of these two.

    Args:
        x: Windows (batch, 3, samples), g.

    Returns:
        (batch, CHANGES).
    """
    length = x.shape[2] // PARTS
    fifths = x[:, :, : PARTS * length].unflatten(2, (PARTS, length))
    mean = fifths.mean(dim=3)
    loud = log10_above((fifths - mean[:, :, :, None]).square().mean(dim=3).sum(dim=1), SMALL)
    spread = (loud - loud.mean(dim=1, keepdim=True)).square().mean(dim=1, keepdim=True).sqrt()
    away = (mean - mean.mean(dim=2, keepdim=True)).transpose(1, 2).flatten(1)
    across = (mean[:, :, -1] - mean[:, :, 0]).square().sum(dim=1, keepdim=True).sqrt()
    turns = (mean[:, :, 1:] - mean[:, :, :-1]).square().sum(dim=1).sqrt()
    most, usual = turns.amax(dim=1, keepdim=True), turns.mean(dim=1, keepdim=True)
    turned = [across, most, usual, log10_above(most, NO_TURN), log10_above(usual, NO_TURN)]
    ends = [loud.amax(dim=1, keepdim=True), loud.amin(dim=1, keepdim=True), spread]
    return torch.cat([loud, *ends, away, *turned], dim=1)


def by_gravity(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the movement along gravity and across gravity.

    Args:
        x: Windows (batch, 3, samples), g.

    Returns:
        Movement along gravity (batch, samples) and across it (batch, 3, samples), g.
    """
    u = _direction(x)[:, :, None]
    moved = x - x.mean(dim=2, keepdim=True)
    along = (moved * u).sum(dim=1)
    return along, moved - along[:, None] * u


def swings(along: torch.Tensor, across: torch.Tensor, fixed: MotionFeatures) -> torch.Tensor:
    """Return readings along and across gravity, which do not depend on how the sensor is turned.

    The numbers are, in this order:

    - The logarithm of the power by band, along and across (g^2).
    - The quantiles along (`ALONG`), and those of the distance across (`ACROSS`).
    - Skew and kurtosis along, and the share of the variance that is along.
    - The logarithm of the mean absolute change a second, along and across.

    Args:
        along: Movement along gravity (batch, samples), g, see `by_gravity`.
        across: Movement across gravity (batch, 3, samples), g.
        fixed: The layer of motion features, for its quantiles and powers.

    Returns:
        (batch, SWINGS).
    """
    along = along[:, None]
    sideways = across.square().sum(dim=1, keepdim=True)
    far = sideways.sqrt()
    power = fixed.band_power(torch.cat([along, across], dim=1))
    bands = torch.stack([power[:, 0], power[:, 1:].sum(dim=1)], dim=1)
    square = along.square()
    variance = square.mean(dim=2)
    scale = (variance + SMALL).sqrt()
    shape = (
        (along * square).mean(dim=2) / (scale * scale.square()),
        square.square().mean(dim=2) / scale.square().square(),
        variance / (variance + sideways.mean(dim=2) + SMALL),
    )
    steps = across[:, :, 1:] - across[:, :, :-1]
    speed = (
        (along[:, :, 1:] - along[:, :, :-1]).abs().mean(dim=2),
        steps.square().sum(dim=1, keepdim=True).sqrt().mean(dim=2),
    )
    return torch.cat(
        [
            log10_above(bands, FLOOR).flatten(1),
            fixed.quantiles(along, ALONG).flatten(1),
            fixed.quantiles(far, ACROSS).flatten(1),
            *shape,
            *(log10_above(change * fixed.rate_hz, NO_TURN) for change in speed),
        ],
        dim=1,
    )


def _direction(x: torch.Tensor) -> torch.Tensor:
    """Return the direction of gravity (batch, 3), of length 1 or less in free fall."""
    mean = x.mean(dim=2)
    return mean / mean.square().sum(dim=1, keepdim=True).sqrt().clamp_min(LEAST_GRAVITY)


def _harmonics(u: torch.Tensor) -> torch.Tensor:
    """Return the twelve real harmonics of second and third order of directions (n, 3)."""
    x, y, z = u.unbind(dim=1)
    second = (x * y, y * z, x * z, x * x - y * y, 3 * z * z - 1)
    third = (
        *(x * (x * x - 3 * y * y), y * (3 * x * x - y * y), z * (x * x - y * y), x * y * z),
        *(x * (5 * z * z - 1), y * (5 * z * z - 1), z * (5 * z * z - 3)),
    )
    return torch.stack([*second, *third], dim=1)
