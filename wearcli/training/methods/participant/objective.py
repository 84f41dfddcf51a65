"""Participant-level contrast (Abbaspourazad et al., ICLR 2024, arXiv 2312.05409, section 3).

Two segments of one person must find each other among those of other people. The other side of each pair comes
from a copy of encoder and head that follows them slowly; KoLeo (Sablayrolles et al., ICLR 2019) spreads the
embeddings.
"""

import copy

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed

HIDDEN, OUTPUT, DROPOUT = 1024, 128, 0.1


class Head(nn.Module):
    """256 -> 1024 -> 128 with ReLU and dropout: 394,368 parameters, used in training alone."""

    def __init__(self, dimension: int) -> None:
        super().__init__()
        self.hidden, self.out = nn.Linear(dimension, HIDDEN), nn.Linear(HIDDEN, OUTPUT)

    def forward(self, embedding: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        """Give (n, OUTPUT) of embeddings (n, dimension); keep: (n, HIDDEN) bool, what dropout leaves."""
        y = F.relu(self.hidden(embedding))
        if self.training:
            y = y * keep / (1 - DROPOUT)
        projected: torch.Tensor = self.out(y)
        return projected


class Participant(nn.Module):
    """An encoder, its head, and their slow copy.

    The copy is updated as each training batch comes, from the weights as the step before left them; it
    follows BatchNorm's averages likewise.

    Args:
        encoder: The encoder to train.
        dimension: Dimension of its embedding.
        temperature: Temperature of the contrast.
        koleo: Weight of the spread.
        momentum: Momentum of the copy; with 0 there is none, and both sides are the encoder.
    """

    def __init__(
        self,
        encoder: nn.Module,
        dimension: int,
        temperature: float,
        koleo: float,
        momentum: float,
    ) -> None:
        super().__init__()
        self.encoder, self.head = encoder, Head(dimension)
        self.temperature, self.koleo, self.momentum = temperature, koleo, momentum
        self.slow: nn.ModuleDict | None = None
        if momentum > 0:
            self.slow = nn.ModuleDict({"encoder": copy.deepcopy(encoder), "head": copy.deepcopy(self.head)})
            self.slow.requires_grad_(False)
            for module in self.slow.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.momentum = 0.0  # its averages follow the encoder's, not its own batches

    def forward(self, views: torch.Tensor, people: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar.

        Args:
            views: (2b, samples, channels), the b first segments and then their partners in the same order.
            people: (b,) codes; pairs of one code are no negatives of each other.
            keep: (2, 2b, HIDDEN) bool, see `Head`.
        """
        embedding = embed(self.encoder, views)
        # At this temperature the rounding of bf16 would be a tenth of the logits.
        with torch.autocast(views.device.type, enabled=False):
            first, second = self.head(embedding, keep[0]).chunk(2)
        one, other = first, second
        if self.slow is not None:
            with torch.no_grad():
                if self.training:
                    self.follow()
                slow = embed(self.slow["encoder"], views)
                with torch.autocast(views.device.type, enabled=False):
                    one, other = self.slow["head"](slow, keep[1]).chunk(2)
        with torch.autocast(views.device.type, enabled=False):
            loss = info_nce(first, other, people, self.temperature)
            loss = (loss + info_nce(second, one, people, self.temperature)) / 2
            if self.koleo > 0:
                loss = loss + self.koleo * (koleo(first) + koleo(second)) / 2
        return loss

    @torch.no_grad()
    def follow(self) -> None:
        """Bring the slow copy nearer: momentum x itself + (1 - momentum) x the encoder and head."""
        assert self.slow is not None
        for name in ("encoder", "head"):
            fast, slow = self.get_submodule(name), self.slow[name]
            for theirs, ours in zip(fast.parameters(), slow.parameters(), strict=True):
                ours.lerp_(theirs, 1 - self.momentum)
            for module, copied in zip(fast.modules(), slow.modules(), strict=True):
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    for average in ("running_mean", "running_var"):
                        getattr(copied, average).lerp_(getattr(module, average), 1 - self.momentum)


def info_nce(
    first: torch.Tensor, second: torch.Tensor, people: torch.Tensor, temperature: float
) -> torch.Tensor:
    """Symmetric InfoNCE with negatives across the views and within each, the mean over both sides.

    A row's own partner is its answer; all other rows of its person are left out, in both views.

    Args:
        first: (b, d).
        second: (b, d), row i is the partner of row i of `first`.
        people: (b,) codes.
        temperature: Temperature of the contrast.
    """
    first, second = F.normalize(first, dim=1), F.normalize(second, dim=1)
    same = people[:, None] == people[None, :]
    own = torch.eye(len(first), dtype=torch.bool, device=first.device)
    across = (first @ second.T / temperature).masked_fill(same & ~own, float("-inf"))
    answer = torch.arange(len(first), device=first.device)
    losses = []
    for side, others in ((first, across), (second, across.T)):
        within = (side @ side.T / temperature).masked_fill(same, float("-inf"))
        losses.append(F.cross_entropy(torch.cat([others, within], dim=1), answer))
    return (losses[0] + losses[1]) / 2


def koleo(embedding: torch.Tensor) -> torch.Tensor:
    """Minus the mean logarithm of the distance of (n, d) to the nearest neighbour, on the unit sphere."""
    z = F.normalize(embedding, dim=1)
    with torch.no_grad():
        similarity = (z @ z.T).fill_diagonal_(-2)
        nearest = similarity.argmax(dim=1)
    return -(F.pairwise_distance(z, z[nearest], eps=1e-8) + 1e-8).log().mean()
