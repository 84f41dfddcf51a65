"""Random views of windows of acceleration and rotation, a whole batch at a time."""

import math
from dataclasses import dataclass

import torch

Generator = torch.Generator


@dataclass(frozen=True)
class Augment:
    """The changes that make a view, each with its probability for each window.

    Attributes:
        max_degrees: Greatest angle of the random rotation. The default is small: an encoder that is made
            blind to orientation throws away posture, which the direction of gravity shows; 180 does so.
        noise_g: Greatest standard deviation of the noise, g.
        scale: Standard deviation of the factor, once for the window and once an axis.
        warp: Standard deviation of the logarithm of the local speed of time.
        p_rotate: Probability of a rotation.
        p_noise: Probability of noise.
        p_scale: Probability of a factor.
        p_warp: Probability of a changing speed.
        p_poor: Probability of each fault of a poorer sensor, see `poorer`.
    """

    max_degrees: float = 25.0
    noise_g: float = 0.05
    scale: float = 0.1
    warp: float = 0.15
    p_rotate: float = 0.8
    p_noise: float = 0.5
    p_scale: float = 0.5
    p_warp: float = 0.5
    p_poor: float = 0.0

    def __call__(self, windows: torch.Tensor, generator: Generator) -> torch.Tensor:
        """New windows of the same shape.

        Args:
            windows: (n, samples, channels), g. Rotation is left out where there are not three channels.
            generator: Gives the random numbers.
        """
        n, samples, channels = windows.shape
        x = windows
        if self.warp > 0:
            positions = warped_positions(n, samples, self.warp, generator)
            chosen = coins(n, self.p_warp, generator)
            still = torch.arange(samples, dtype=positions.dtype)
            x = resample_at(x, torch.where(chosen[:, None], positions, still))
        if self.max_degrees > 0 and channels == 3:
            angles = coins(n, self.p_rotate, generator) * torch.rand(n, generator=generator)
            x = rotate(x, random_axes(n, generator), angles * math.radians(self.max_degrees))
        if self.scale > 0:
            chosen = coins(n, self.p_scale, generator)[:, None, None]
            whole = torch.randn(n, 1, 1, generator=generator)
            axes = torch.randn(n, 1, channels, generator=generator)
            x = x * (1 + self.scale * chosen * (whole + axes) / math.sqrt(2))
        if self.noise_g > 0:
            chosen = coins(n, self.p_noise, generator)[:, None, None]
            deviation = self.noise_g * torch.rand(n, 1, 1, generator=generator) * chosen
            x = x + deviation * torch.randn(x.shape, generator=generator)
        if self.p_poor > 0:
            x = poorer(x, self.p_poor, generator)
        return x


# Rotation has no gravity: an encoder loses nothing by any mounting being another view. Noise in deg/s.
ROTATION = Augment(max_degrees=180.0, noise_g=5.0)


def random_axes(n: int, generator: Generator) -> torch.Tensor:
    """Unit vectors (n, 3), spread evenly over the sphere."""
    return torch.nn.functional.normalize(torch.randn(n, 3, generator=generator), dim=1)


def rotate(windows: torch.Tensor, axes: torch.Tensor, angles: torch.Tensor) -> torch.Tensor:
    """The windows, turned by Rodrigues' formula.

    Args:
        windows: (n, samples, 3).
        axes: (n, 3) unit vectors to turn about.
        angles: (n,) radians.
    """
    x, y, z = axes.unbind(1)
    zero = torch.zeros_like(x)
    cross = torch.stack([zero, -z, y, z, zero, -x, -y, x, zero], dim=1).view(-1, 3, 3)
    sine, cosine = angles.sin()[:, None, None], angles.cos()[:, None, None]
    matrix = torch.eye(3) + sine * cross + (1 - cosine) * (cross @ cross)
    return windows @ matrix.transpose(1, 2)


def warped_positions(
    n: int, samples: int, strength: float, generator: Generator, knots: int = 5
) -> torch.Tensor:
    """Where the samples of a window come from whose time runs at a changing speed.

    Args:
        n: Number of windows.
        samples: Samples a window.
        strength: Standard deviation of the logarithm of the speed at the knots; straight lines lie between.
        generator: Gives the random numbers.
        knots: Number of points, at even distances.

    Returns:
        (n, samples) positions that rise strictly, from 0 to samples - 1.
    """
    logarithms = strength * torch.randn(n, 1, knots, generator=generator)
    speed = torch.nn.functional.interpolate(logarithms, samples - 1, mode="linear", align_corners=True)
    walked = torch.nn.functional.pad(speed[:, 0].exp().cumsum(dim=1), (1, 0))
    return walked * ((samples - 1) / walked[:, -1:])


def resample_at(windows: torch.Tensor, positions: torch.Tensor) -> torch.Tensor:
    """Windows (n, samples, channels) at fractional positions (n, samples), by straight lines."""
    last = windows.shape[1] - 1
    left = positions.floor().clamp(0, last - 1)
    share = (positions - left)[:, :, None]
    index = left.long()[:, :, None].expand(-1, -1, windows.shape[2])
    return torch.lerp(windows.gather(1, index), windows.gather(1, index + 1), share.to(windows.dtype))


def poorer(windows: torch.Tensor, chance: float, generator: Generator) -> torch.Tensor:
    """Windows as poorer sensors would have given them.

    The faults: a rate lower by 1.5 to 2.5, with straight lines between its samples; clipping at 2 g; steps of
    16 to 64 mg.

    Args:
        windows: (n, samples, channels), g.
        chance: Probability of each fault.
        generator: Gives the random numbers.
    """
    n, samples, _ = windows.shape
    factor = 1.5 + torch.rand(n, 1, generator=generator)
    slow = coins(n, chance, generator)
    time = torch.arange(samples, dtype=windows.dtype)
    before = (time / factor).floor() * factor
    after = (before + factor).clamp(max=samples - 1)
    share = ((time - before) / (after - before).clamp(min=1e-6))[:, :, None]
    coarse = torch.lerp(resample_at(windows, before), resample_at(windows, after), share)
    x = torch.where(slow[:, None, None], coarse, windows)
    clipped = coins(n, chance, generator)[:, None, None]
    x = torch.where(clipped, x.clamp(-2, 2), x)
    step = 0.016 * 4 ** torch.rand(n, 1, 1, generator=generator)
    stepped = coins(n, chance, generator)[:, None, None]
    return torch.where(stepped, (x / step).round() * step, x)


def coins(n: int, probability: float, generator: Generator) -> torch.Tensor:
    """(n,) bool, true with the probability."""
    return torch.rand(n, generator=generator) < probability
