"""An encoder whose numbers are turned and scaled once, after all training."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn


class Whitening(NamedTuple):
    """A linear map of D numbers to D: to deviations from a mean, a symmetric product, a turn of some of them.

    centre, scale: (D,); symmetric: (D, D); turn: (k, k), a rotation of the k numbers `among`. All float32.
    """

    centre: np.ndarray
    scale: np.ndarray
    symmetric: np.ndarray
    turn: np.ndarray
    among: slice


class Whitened(nn.Module):
    """encoder, (batch, channels, samples) -> (batch, D); then a whitening.

    Of the symmetric matrix one half is kept, beside zeros that a wheel packs to nothing: it is the largest
    part of a model.
    """

    centre: torch.Tensor
    scale: torch.Tensor

    def __init__(self, encoder: nn.Module, whitening: Whitening) -> None:
        super().__init__()
        self.encoder = encoder
        self.among = whitening.among
        self.register_buffer("centre", torch.from_numpy(whitening.centre))
        self.register_buffer("scale", torch.from_numpy(whitening.scale))
        symmetric = torch.from_numpy(whitening.symmetric)
        self.lower = nn.Parameter(symmetric.tril() - symmetric.diag().diag() / 2)
        self.turn = nn.Parameter(torch.from_numpy(whitening.turn))
        if hasattr(encoder, "rounding"):
            self.rounding = encoder.rounding

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, D)."""
        # One product of a matrix that onnxruntime makes once, when it loads the model.
        product = self.scale[:, None] * (self.lower + self.lower.T)
        before, turned, after = product.tensor_split((self.among.start or 0, self.among.stop), dim=1)
        matrix = torch.cat([before, turned @ self.turn.T, after], dim=1)
        output: torch.Tensor = self.encoder(x) @ matrix - self.centre @ matrix
        return output
