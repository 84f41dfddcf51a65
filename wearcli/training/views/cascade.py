"""Random views of PPG and ECG: the cascade of Abbaspourazad et al. (ICLR 2024, arXiv 2312.05409).

Cut-out, magnitude warp, Gaussian noise, channel permutation and time warp, each for each window with its own
probability. Sizes are shares of the window's own deviation, so that the unit does not matter.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.interpolate import CubicSpline

from wearcli.training.views.augment import Generator, coins, resample_at

CUT_SHARE = (0.3, 0.5)  # of the window
NOISE = (0.05, 0.1)  # standard deviation
MAGNITUDE, MAGNITUDE_KNOTS = 0.2, 5
TIME, TIME_KNOTS = 0.1, 5


@dataclass(frozen=True)
class Cascade:
    """The cascade of one signal.

    Attributes:
        p_cut: Probability that a stretch is cut out.
        p_magnitude: Probability of a smooth factor.
        p_time: Probability of a changing speed of time.
        p_noise: Probability of noise.
        p_permute: Probability of another order of the channels.
    """

    p_cut: float
    p_magnitude: float
    p_time: float
    p_noise: float
    p_permute: float = 0.0

    def __call__(self, windows: torch.Tensor, generator: Generator) -> torch.Tensor:
        """New windows of the same shape, standardised; windows: (n, samples, channels)."""
        n, samples, channels = windows.shape
        x = windows - windows.mean(dim=1, keepdim=True)
        x = x / (x.square().mean(dim=1, keepdim=True) + 1e-12).sqrt()
        if self.p_cut > 0:
            some = coins(n, self.p_cut, generator)
            x = torch.where((some[:, None] & cut_out(n, samples, generator))[:, :, None], 0.0, x)
        if self.p_magnitude > 0:
            some = coins(n, self.p_magnitude, generator)
            factor = 1 + smooth_curves(n * channels, samples, MAGNITUDE, MAGNITUDE_KNOTS, generator)
            factor = factor.view(n, channels, samples).transpose(1, 2)
            x = torch.where(some[:, None, None], x * factor, x)
        if self.p_noise > 0:
            some = coins(n, self.p_noise, generator)
            deviation = NOISE[0] + (NOISE[1] - NOISE[0]) * torch.rand(n, 1, 1, generator=generator)
            noise = deviation * torch.randn(x.shape, generator=generator)
            x = torch.where(some[:, None, None], x + noise, x)
        if self.p_permute > 0 and channels > 1:
            some = coins(n, self.p_permute, generator)
            order = torch.rand(n, 1, channels, generator=generator).argsort(dim=2).expand(-1, samples, -1)
            x = torch.where(some[:, None, None], x.gather(2, order), x)
        if self.p_time > 0:
            some = coins(n, self.p_time, generator)
            speed = (1 + smooth_curves(n, samples - 1, TIME, TIME_KNOTS, generator)).clamp_min(0.05)
            walked = torch.nn.functional.pad(speed.cumsum(dim=1), (1, 0))
            positions = walked * ((samples - 1) / walked[:, -1:])
            still = torch.arange(samples, dtype=positions.dtype)
            x = resample_at(x, torch.where(some[:, None], positions, still))
        return x


CASCADES = {
    "ppg": Cascade(p_cut=0.4, p_magnitude=0.25, p_time=0.15, p_noise=0.25, p_permute=0.25),
    "ecg": Cascade(p_cut=0.8, p_magnitude=0.5, p_time=0.3, p_noise=0.5),
}


def cut_out(n: int, samples: int, generator: Generator) -> torch.Tensor:
    """(n, samples) bool, true in one stretch of each window, 30 to 50 % of it, that lies anywhere."""
    low, high = CUT_SHARE
    length = ((low + (high - low) * torch.rand(n, generator=generator)) * samples).round()
    first = (torch.rand(n, generator=generator) * (samples - length + 1)).floor()
    at = torch.arange(samples)
    return (at >= first[:, None]) & (at < (first + length)[:, None])


def smooth_curves(n: int, samples: int, deviation: float, knots: int, generator: Generator) -> torch.Tensor:
    """Cubic splines (n, samples) float32 through normal numbers at `knots` points at even distances."""
    heights = deviation * torch.randn(n, knots, generator=generator)
    return heights @ _spline(samples, knots)


def _spline(samples: int, knots: int) -> torch.Tensor:
    """(knots, samples): a row is the spline through one knot of height 1 and the others of 0."""
    places = np.linspace(0, samples - 1, knots)
    curves = CubicSpline(places, np.eye(knots), axis=0)(np.arange(samples))
    return torch.from_numpy(curves.T.astype(np.float32))
