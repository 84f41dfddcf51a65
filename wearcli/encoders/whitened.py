"""An encoder whose numbers are rotated and scaled once, after all training."""

from typing import NamedTuple

import numpy as np
import torch
from torch import nn


class Whitening(NamedTuple):
    """A linear map of D numbers to D numbers.

    It takes deviations from a mean, multiplies them by a symmetric matrix and rotates some of the numbers.

    Attributes:
        centre: (D,) float32, the mean.
        scale: (D,) float32.
        symmetric: (D, D) float32.
        turn: (k, k) float32, a rotation of the k numbers `among`.
        among: Which numbers are rotated.
    """

    centre: np.ndarray
    scale: np.ndarray
    symmetric: np.ndarray
    turn: np.ndarray
    among: slice


class Whitened(nn.Module):
    """An encoder and its whitening, (batch, channels, samples) -> (batch, D).

    The symmetric matrix is the largest part of a model. Only half of it is kept, and the zeros in place of
    the other half pack to almost nothing in a wheel.

    Args:
        encoder: (batch, channels, samples) -> (batch, D).
        whitening: The map of the D numbers.
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
        """Return the whitened embedding of each window.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Embeddings (batch, D).
        """
        # onnxruntime computes this matrix once, when it loads the model; each window then costs one product.
        product = self.scale[:, None] * (self.lower + self.lower.T)
        before, turned, after = product.tensor_split((self.among.start or 0, self.among.stop), dim=1)
        matrix = torch.cat([before, turned @ self.turn.T, after], dim=1)
        output: torch.Tensor = self.encoder(x) @ matrix - self.centre @ matrix
        return output
