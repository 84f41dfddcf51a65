"""Readings by patterns: the share of a window in which a short pattern fits the signal.

The patterns are random and fixed; they are never learned, as in Rocket (Dempster et al. 2020, arXiv
1910.13051) and MiniRocket (2021, arXiv 2012.08791). A pattern is a shape of nine samples, stretched over a
fifth of a second to four seconds. The share of time in which it fits is a number that neither a moment nor a
spectrum has.
"""

import torch
import torch.nn.functional as F
from torch import nn

TAPS = 9  # of which three weigh 2 and six -1, so that a constant signal fits none (MiniRocket, section 3.1)
DILATIONS = 6
PER_DILATION = 10  # patterns of each dilation
PATTERNS = DILATIONS * PER_DILATION
FITS = 2 * PATTERNS
ALONE = 0.6  # share of the patterns that look at one channel; the others look at two
CHANNELS = 6  # x, y, z, magnitude, along and across gravity
STRIDE = 2  # samples: every second place is enough
SOFTNESS = 0.2  # deviations
NOISE = 1e-4  # g^2
SEED = 2020  # the seed: all encoders have the same patterns


class Patterns(nn.Module):
    """Compute the share of time in which each pattern fits, (batch, CHANNELS, samples) in g -> (batch, FITS).

    The first numbers use deviations over the training windows, so that a strong movement counts more. The
    other numbers use deviations over the window itself, so that only its shape counts.

    Args:
        samples: Samples of a window.
    """

    def __init__(self, samples: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(SEED)
        longest = max(1, (samples - 1) // (TAPS + 1))
        self.dilations = [max(1, round(longest ** (k / (DILATIONS - 1)))) for k in range(DILATIONS)]
        weights = torch.stack([_draw(generator) for _ in range(PATTERNS)])
        # The patterns are kept with the weights: another version of torch may give other random numbers.
        self.register_buffer("weights", weights)
        # Their mean and deviation over the training windows; a pattern's own mean is about 0.
        self.norms = nn.ModuleList(nn.BatchNorm1d(PER_DILATION, affine=False) for _ in range(DILATIONS))

    weights: torch.Tensor

    def forward(self, signals: torch.Tensor) -> torch.Tensor:
        """Return the share of time in which each pattern fits.

        Args:
            signals: (batch, CHANNELS, samples), g.

        Returns:
            (batch, FITS).
        """
        shares = []
        for number, (dilation, norm) in enumerate(zip(self.dilations, self.norms, strict=True)):
            weights = self.weights[number * PER_DILATION : (number + 1) * PER_DILATION]
            fit = F.conv1d(signals, weights, stride=STRIDE, dilation=dilation)
            own = (fit.square().mean(dim=2, keepdim=True) + NOISE).sqrt()
            for deviations in (norm(fit), fit / own):
                shares.append(torch.sigmoid(deviations / SOFTNESS).mean(dim=2))
        return torch.cat(shares, dim=1)


def _draw(generator: torch.Generator) -> torch.Tensor:
    """Return one random pattern (CHANNELS, TAPS)."""
    shape = torch.full((TAPS,), -1.0)
    shape[torch.randperm(TAPS, generator=generator)[:3]] = 2.0
    alone = torch.rand(1, generator=generator).item() < ALONE
    pattern = torch.zeros(CHANNELS, TAPS)
    for channel in torch.randperm(CHANNELS, generator=generator)[: 1 if alone else 2]:
        sign = 1.0 if torch.rand(1, generator=generator).item() < 0.5 else -1.0
        pattern[channel] = sign * shape
    return pattern
