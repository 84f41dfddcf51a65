"""RevIN (Kim et al., ICLR 2022): each window normalised by its own statistics, and back."""

import torch
from torch import nn

EPSILON = 1e-5


class RevIN(nn.Module):
    """Per-channel mean and deviation over time taken out, then an affine map that is learned.

    `forward` normalises; with `statistics` from another window it normalises by that one's, and
    `undo` brings a result back to the scale of the window that gave the statistics.
    """

    def __init__(self, channels: int, affine: bool = True) -> None:
        super().__init__()
        self.affine = affine
        if affine:
            self.weight = nn.Parameter(torch.ones(channels, 1))
            self.bias = nn.Parameter(torch.zeros(channels, 1))

    def statistics(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """x: (batch, channels, samples) -> mean and sqrt(variance + 1e-5), both (batch, channels, 1)."""
        mean = x.mean(dim=2, keepdim=True)
        variance = (x - mean).square().mean(dim=2, keepdim=True)
        return mean, (variance + EPSILON).sqrt()

    def forward(
        self, x: torch.Tensor, statistics: tuple[torch.Tensor, torch.Tensor] | None = None
    ) -> torch.Tensor:
        """x: (batch, channels, samples) -> the same shape, normalised."""
        mean, deviation = statistics or self.statistics(x)
        y = (x - mean) / deviation
        return y * self.weight + self.bias if self.affine else y

    def undo(self, y: torch.Tensor, statistics: tuple[torch.Tensor, torch.Tensor]) -> torch.Tensor:
        """The inverse of `forward` with these statistics."""
        mean, deviation = statistics
        if self.affine:
            y = (y - self.bias) / self.weight
        return y * deviation + mean
