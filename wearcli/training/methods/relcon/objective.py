"""Relative contrastive learning (RelCon; Xu et al., ICLR 2025, arXiv 2411.18822, section 3.2).

A frozen distance sorts an anchor's candidates; of any two, the nearer must be more similar to the anchor
than the farther. No candidate is only positive or only negative.
"""

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.pairwise import pair_distances
from wearcli.training.sharing import embed, gather, own_part


class RelCon(nn.Module):
    """An encoder, and the distance that teaches it and is not trained any more.

    The distances of a batch cost far more than its embeddings, so a batch may come again.

    Args:
        encoder: The encoder to train.
        distance: The learned distance.
        temperature: Temperature of the contrast.
        kept: Number of batches whose distances are kept.
    """

    def __init__(
        self,
        encoder: nn.Module,
        distance: MotifDistance,
        temperature: float,
        kept: int = 1,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.distance = distance.requires_grad_(False)
        self.temperature = temperature
        self.kept = kept
        self._distances: dict[int, torch.Tensor] = {}

    def forward(
        self,
        windows: torch.Tensor,
        views: torch.Tensor,
        anchors: torch.Tensor,
        candidates: torch.Tensor,
        number: torch.Tensor,
    ) -> torch.Tensor:
        """Give the loss, a scalar; each view is embedded once.

        Args:
            windows: (n, samples, channels), g; the distances are theirs.
            views: (n, samples, channels), what the encoder sees of them.
            anchors: (a,) int64 rows of `windows`.
            candidates: (a, c) int64 rows of `windows`.
            number: () int64, the same for the same windows, anchors and candidates.
        """
        device = windows.device.type
        distances = self._distances.get(int(number))
        if distances is None:
            bf16 = torch.is_autocast_enabled(device)
            own = own_part(anchors), own_part(candidates)
            distances = gather(pair_distances(self.distance, windows, *own, bf16), len(anchors))
            while len(self._distances) >= self.kept:
                del self._distances[next(iter(self._distances))]  # the oldest
            self._distances[int(number)] = distances
        embedding = embed(self.encoder, views)
        # In bf16 a similarity is off by up to 0.004, which a temperature of 0.1 makes ten times worse.
        with torch.autocast(device, enabled=False):
            z = F.normalize(embedding, dim=1)
            similarity = (z[anchors] @ z.T).gather(1, candidates)  # (a, c)
            return relative_contrast(similarity, distances, self.temperature)


def relative_contrast(similarity: torch.Tensor, distances: torch.Tensor, temperature: float) -> torch.Tensor:
    """The loss: sum over candidates, mean over anchors, of how little one stands out from farther ones.

    l_i = -log(exp(s_i / t) / (exp(s_i / t) + sum over j with d_j > d_i of exp(s_j / t))) (equation 4).
    The farthest candidate adds 0; candidates at one distance are no negatives of each other.

    Args:
        similarity: (anchors, candidates) float32.
        distances: (anchors, candidates) float32.
        temperature: t.
    """
    order = distances.argsort(dim=1, descending=True)
    s = similarity.gather(1, order) / temperature
    d = -distances.gather(1, order).contiguous()  # rises, as searchsorted wants it
    farther = torch.searchsorted(d, d)  # of each candidate, how many are farther
    sums = s.logcumsumexp(dim=1)  # over a candidate and all before it, which are as far or farther
    negatives = sums.gather(1, (farther - 1).clamp_min(0))
    loss = F.softplus(negatives - s)  # = log(exp(s) + exp(negatives)) - s, with no sum of exp() to overflow
    return loss.masked_fill(farther == 0, 0).sum(dim=1).mean()
