"""Contrast and labels at once: SimCLR on all windows, cross-entropy on those of known class."""

from collections.abc import Sequence

import torch
from torch import nn

from wearcli.training.methods.simclr.objective import SimCLR
from wearcli.training.methods.supervised.objective import Supervised
from wearcli.training.sharing import embed


class MultiTask(nn.Module):
    """One encoder under the heads of both; `contrast` weighs SimCLR's loss beside that of the labels.

    Labels teach what people call different; contrast keeps what no label of these sets names, and learns
    from the windows that have none.
    """

    def __init__(
        self, encoder: nn.Module, classes: Sequence[int], dimension: int, temperature: float, contrast: float
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.pairs = SimCLR(nn.Identity(), dimension, temperature)
        self.labels = Supervised(nn.Identity(), classes, dimension)
        self.contrast = contrast

    def forward(self, views: torch.Tensor, ignore: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar; each view is embedded once.

        views, ignore: as SimCLR has them; labels: (2b,) int64, the class of each view, or -1.
        """
        embedding = embed(self.encoder, views)
        known = labels >= 0
        loss = self.labels.loss(embedding[known], labels[known]) if known.any() else embedding.sum() * 0
        return loss + self.contrast * self.pairs.loss(embedding, ignore)
