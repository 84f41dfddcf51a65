"""Learning from labels: a linear head for each set on one encoder, for its classes or its amounts."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed


class Supervised(nn.Module):
    """An encoder, and for each set a linear head of its own that only training uses.

    Args:
        encoder: The encoder to train.
        classes: Number of classes by set; they are numbered on from one set to the next.
        dimension: Dimension of the embedding.
    """

    class_sets: torch.Tensor

    def __init__(self, encoder: nn.Module, classes: Sequence[int], dimension: int) -> None:
        super().__init__()
        self.encoder = encoder
        # The heads side by side: one product gives the logits of all.
        self.heads = nn.Linear(dimension, sum(classes))
        sets = torch.arange(len(classes)).repeat_interleave(torch.tensor(classes))
        self.register_buffer("class_sets", sets, persistent=False)

    def forward(self, windows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Give the loss of the windows, a scalar.

        Args:
            windows: (n, samples, channels), g.
            labels: (n,) int64 classes.
        """
        return self.loss(embed(self.encoder, windows), labels)

    def loss(self, embedding: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Give the loss of embeddings (n, dimension)."""
        logits = self.heads(embedding).float()
        return cross_entropy_in_sets(logits, labels, self.class_sets)


def cross_entropy_in_sets(
    logits: torch.Tensor, labels: torch.Tensor, class_sets: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy among the classes of each window's own set, the mean over windows.

    A window says nothing of the classes of other sets: its walk may well be theirs.

    Args:
        logits: (n, classes of all sets).
        labels: (n,) int64.
        class_sets: (classes,) int64, the set of a class.
    """
    other = class_sets[labels][:, None] != class_sets
    return F.cross_entropy(logits.masked_fill(other, float("-inf")), labels)


class Regression(nn.Module):
    """An encoder, and for each set a linear head of its own for one amount, that only training uses.

    Args:
        encoder: The encoder to train.
        sets: Number of sets.
        dimension: Dimension of the embedding.
    """

    def __init__(self, encoder: nn.Module, sets: int, dimension: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.Linear(dimension, sets)

    def forward(self, windows: torch.Tensor, sets: torch.Tensor, amounts: torch.Tensor) -> torch.Tensor:
        """Give the loss of the windows, a scalar: Huber's, which beyond one deviation grows evenly.

        So a window whose truth is far off, or noise, pulls no harder than others.

        Args:
            windows: (n, samples, channels).
            sets: (n,) int64, the set of a window.
            amounts: (n,) float32, in deviations of the set from its mean.
        """
        predicted = self.heads(embed(self.encoder, windows)).float()
        return F.huber_loss(predicted.gather(1, sets[:, None])[:, 0], amounts)
