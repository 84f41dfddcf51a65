"""RevIN (Kim et al., ICLR 2022), the half of it that an encoder needs: nothing here is undone."""

import torch
from torch import nn

EPSILON = 1e-5


class RevIN(nn.Module):
    """Each window by its own mean and deviation over time, per channel; then a learned affine map."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels, 1))
        self.bias = nn.Parameter(torch.zeros(channels, 1))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> the same shape, normalised."""
        return standardise(x, EPSILON) * self.weight + self.bias


def standardise(x: torch.Tensor, epsilon: float = 1e-8) -> torch.Tensor:
    """x: (batch, channels, samples), each channel less its mean and by its deviation over time."""
    centred = x - x.mean(dim=2, keepdim=True)
    return centred / (centred.square().mean(dim=2, keepdim=True) + epsilon).sqrt()
