"""An encoder whose numbers are turned and scaled once, after all training."""

import torch
from torch import nn


class Whitened(nn.Module):
    """encoder, (batch, channels, samples) -> (batch, D); then one linear map of D numbers to D."""

    def __init__(self, encoder: nn.Module, weight: torch.Tensor, bias: torch.Tensor) -> None:
        super().__init__()
        self.encoder = encoder
        self.turn = nn.Linear(len(bias), len(bias))
        with torch.no_grad():
            self.turn.weight.copy_(weight)
            self.turn.bias.copy_(bias)
        if hasattr(encoder, "rounding"):
            self.rounding = encoder.rounding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, D)."""
        return self.turn(self.encoder(x))
