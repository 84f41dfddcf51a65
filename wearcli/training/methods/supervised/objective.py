"""Learning from labels: a linear head for each set on one encoder, for its classes or its amounts."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed


class Supervised(nn.Module):
    """An encoder, and for each set a linear head of its own that only training uses.

    classes: how many each set has. Over all sets they are numbered on from one to the next.
    """

    set_of_class: torch.Tensor

    def __init__(self, encoder: nn.Module, classes: Sequence[int], dimension: int = 256) -> None:
        super().__init__()
        self.encoder = encoder
        # The heads side by side: one product gives the logits of all.
        self.heads = nn.Linear(dimension, sum(classes))
        sets = torch.arange(len(classes)).repeat_interleave(torch.tensor(classes))
        self.register_buffer("set_of_class", sets, persistent=False)

    def forward(self, windows: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """Give the loss of the windows, a scalar.

        windows: (n, samples, channels) g; labels: (n,) int64 classes.
        """
        return self.loss(embed(self.encoder, windows), labels)

    def loss(self, embedding: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        """The same of embeddings (n, dimension)."""
        logits = self.heads(embedding).float()
        return cross_entropy_in_sets(logits, labels, self.set_of_class)


def cross_entropy_in_sets(
    logits: torch.Tensor, labels: torch.Tensor, set_of_class: torch.Tensor
) -> torch.Tensor:
    """Cross-entropy among the classes of each window's own set, the mean over windows.

    logits: (n, classes of all sets); labels: (n,) int64; set_of_class: (classes,) int64. A window says
    nothing of the classes of other sets: its walk may well be theirs.
    """
    other = set_of_class[labels][:, None] != set_of_class
    return F.cross_entropy(logits.masked_fill(other, float("-inf")), labels)


class Regression(nn.Module):
    """An encoder, and for each set a linear head of its own for one amount, that only training uses."""

    def __init__(self, encoder: nn.Module, sets: int, dimension: int = 256) -> None:
        super().__init__()
        self.encoder = encoder
        self.heads = nn.Linear(dimension, sets)

    def forward(self, windows: torch.Tensor, sets: torch.Tensor, amounts: torch.Tensor) -> torch.Tensor:
        """Give the loss of the windows, a scalar: Huber's, which beyond one deviation grows evenly.

        So a window of which the truth is far off, or noise, pulls no harder than others.
        windows: (n, samples, channels); sets: (n,) int64, each window's; amounts: (n,) float32, in deviations
        of its set from the set's mean.
        """
        told = self.heads(embed(self.encoder, windows)).float()
        return F.huber_loss(told.gather(1, sets[:, None])[:, 0], amounts)
