"""Contrast and labels at once: SimCLR on all windows, cross-entropy on those of known class."""

from collections.abc import Sequence

import torch
from torch import nn

from wearcli.training.methods.simclr.objective import SimCLR
from wearcli.training.methods.supervised.objective import Supervised
from wearcli.training.sharing import embed


class MultiTask(nn.Module):
    """One encoder under the heads of both.

    Labels teach what people call different; contrast keeps what no label of these sets names, and learns
    from the windows that have none.

    Args:
        encoder: The encoder to train.
        classes: Number of classes by set.
        dimension: Dimension of the embedding.
        temperature: Temperature of the contrast.
        contrast: Weight of SimCLR's loss beside that of the labels.
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

        Args:
            views: As SimCLR has them.
            ignore: As SimCLR has it.
            labels: (2b,) int64, the class of a view, or -1.
        """
        embedding = embed(self.encoder, views)
        labelled = labels >= 0
        loss = (
            self.labels.loss(embedding[labelled], labels[labelled]) if labelled.any() else embedding.sum() * 0
        )
        return loss + self.contrast * self.pairs.loss(embedding, ignore)
