"""Normalisation of each window by itself.

RevIN (Kim et al., ICLR 2022) also undoes the normalisation at the output. An encoder does not need that half.
"""

import torch
from torch import nn

EPSILON = 1e-5


class RevIN(nn.Module):
    """Standardise each channel of a window by its own mean and deviation, then apply a learned affine map.

    Args:
        channels: Number of channels of a window.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the normalised windows.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Windows of the same shape.
        """
        return standardise(x, EPSILON) * self.weight + self.bias


def standardise(x: torch.Tensor, epsilon: float = 1e-12) -> torch.Tensor:
    """Return each channel less its mean and divided by its deviation over time.

    Args:
        x: Windows (batch, channels, samples).
        epsilon: Smallest variance that is divided by.

    Returns:
        Windows of the same shape.
    """
    # From its first sample on a constant is 0: the mean of 20,000 alone is off by more than volts are high.
    shifted = x - x[:, :, :1]
    centred = shifted - shifted.mean(dim=2, keepdim=True)
    variance = centred.square().mean(dim=2, keepdim=True)
    # As variance + epsilon, but an exporter takes 1e-8 and less for a zero: flat windows were no numbers.
    output: torch.Tensor = centred / ((variance * (1 / epsilon) + 1).sqrt() * epsilon**0.5)
    return output
