"""SimCLR (Chen et al., ICML 2020): two views of a window must find each other among the batch."""

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed


class SimCLR(nn.Module):
    """An encoder with the projection head that only training uses, and the NT-Xent loss on the head.

    Args:
        encoder: The encoder to train.
        dimension: Dimension of its embedding.
        temperature: Temperature of the contrast.
    """

    def __init__(self, encoder: nn.Module, dimension: int, temperature: float) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Sequential(nn.Linear(dimension, 256), nn.ReLU(), nn.Linear(256, 128))
        self.temperature = temperature

    def forward(self, views: torch.Tensor, ignore: torch.Tensor) -> torch.Tensor:
        """Give the loss of the views, a scalar.

        Args:
            views: (2b, samples, channels), g, the b first views and then their partners in the same order.
            ignore: (2b, 2b) bool, see `nt_xent`.
        """
        return self.loss(embed(self.encoder, views), ignore)

    def loss(self, embedding: torch.Tensor, ignore: torch.Tensor) -> torch.Tensor:
        """Give the loss of embeddings (2b, dimension)."""
        first, second = self.head(embedding).float().chunk(2)
        # In bf16 a similarity is off by up to 0.004, which a temperature of 0.1 makes ten times worse.
        with torch.autocast(embedding.device.type, enabled=False):
            return nt_xent(first, second, self.temperature, ignore)


def nt_xent(
    first: torch.Tensor,
    second: torch.Tensor,
    temperature: float,
    ignore: torch.Tensor | None = None,
) -> torch.Tensor:
    """Normalised temperature-scaled cross entropy, the mean over all 2b views.

    Args:
        first: (b, d).
        second: (b, d), row i is the partner of row i of `first`.
        temperature: Temperature of the contrast.
        ignore: (2b, 2b) bool over the rows of both, true where two views are too alike to be negatives (near
            in time in one recording); a view's own partner is always kept.
    """
    b = len(first)
    z = F.normalize(torch.cat([first, second]), dim=1)  # (2b, d)
    similarity = z @ z.T / temperature  # (2b, 2b)
    partner = torch.arange(2 * b, device=z.device).roll(b)
    masked = torch.eye(2 * b, dtype=torch.bool, device=z.device)
    if ignore is not None:
        kept = torch.ones_like(masked)
        kept[torch.arange(2 * b, device=z.device), partner] = False
        masked = masked | (ignore & kept)
    return F.cross_entropy(similarity.masked_fill(masked, float("-inf")), partner)
