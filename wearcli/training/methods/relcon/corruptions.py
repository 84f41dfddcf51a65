"""The eight augmentations of RelCon's first stage, two of which make the copy that the distance learns from.

Xu et al., ICLR 2025, arXiv 2411.18822, section 3.1. An augmentation takes windows (n, samples, channels) and
a generator, and gives new windows of that shape; `corrupt` chooses among them.
"""

from collections.abc import Callable
from itertools import permutations

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from wearcli.training.views.augment import random_axes, resample_at, rotate

Generator = torch.Generator
NOISE, SCALE, WARP = 0.1, 0.25, 0.2  # deviations: g, a factor, of the speed of time
SEGMENTS, KNOTS = 5, 4
COUNT = 2  # of them make a copy


def noise(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Gaussian noise of 0.1 g."""
    return x + NOISE * torch.randn(x.shape, generator=generator)


def scale(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """A factor of N(1, 0.25) a channel."""
    return x * (1 + SCALE * torch.randn(len(x), 1, x.shape[2], generator=generator))


def turn(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """A rotation by any angle about any axis; three channels only."""
    angles = (2 * torch.rand(len(x), generator=generator) - 1) * torch.pi
    return rotate(x, random_axes(len(x), generator), angles)


def negate(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """All values with the other sign."""
    return -x


def reverse(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Time runs backwards."""
    return x.flip(1)


def shuffle_axes(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Channels in another order, never in their own."""
    n, samples, channels = x.shape
    others = torch.tensor(list(permutations(range(channels)))[1:])
    order = others[torch.randint(len(others), (n,), generator=generator)]
    return x.gather(2, order[:, None].expand(-1, samples, -1))


def permute(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Five segments of equal length (but for rounding), in a random order."""
    n, samples, channels = x.shape
    segment = torch.arange(samples) * SEGMENTS // samples
    rank = torch.rand(n, SEGMENTS, generator=generator).argsort(dim=1)
    # A stable sort by the segment's new place keeps the order within each.
    order = rank[:, segment].argsort(dim=1, stable=True)
    return x.gather(1, order[:, :, None].expand(-1, -1, channels))


def warp(x: torch.Tensor, generator: Generator) -> torch.Tensor:
    """Time at a speed that a cubic spline through N(1, 0.2) at the ends and four knots between them gives."""
    n, samples, _ = x.shape
    speeds = 1 + WARP * torch.randn(n, KNOTS + 2, generator=generator)
    places = np.linspace(0, samples - 1, KNOTS + 2)
    curve = CubicSpline(places, speeds.numpy(), axis=1)(np.arange(samples - 1) + 0.5)
    # Time may slow down and not turn round.
    walked = torch.from_numpy(curve).clamp_min(0.05).cumsum(dim=1)
    walked = torch.nn.functional.pad(walked, (1, 0))
    return resample_at(x, (walked * ((samples - 1) / walked[:, -1:])).float())


ALL: tuple[Callable[[torch.Tensor, Generator], torch.Tensor], ...] = (
    *(noise, scale, turn, negate, reverse, shuffle_axes, permute, warp),
)


def corrupt(windows: torch.Tensor, generator: Generator) -> torch.Tensor:
    """New windows of the same shape, two different ones of the eight applied to each in random order.

    Args:
        windows: (n, samples, 3), g.
        generator: Gives the random numbers.
    """
    chosen = torch.rand(len(windows), len(ALL), generator=generator).argsort(dim=1)[:, :COUNT]
    out = windows.clone()
    for turn_ in range(COUNT):
        for number, change in enumerate(ALL):
            rows = torch.nonzero(chosen[:, turn_] == number)[:, 0]
            if len(rows):
                out[rows] = change(out[rows], generator)
    return out
