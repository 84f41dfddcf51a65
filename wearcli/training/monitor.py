"""Figures of an encoder that do not depend on its objective, on the same windows as they were measured."""

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from wearcli.errors import InputError
from wearcli.training.data import TrainingData
from wearcli.training.sampler import MONITOR, PairSampler

PAIRS = 512
NEAR_S = 10.0  # the same for every method: otherwise their alignments would not compare
# Untrained encoders here have 6 % of the dimension at least, SimCLR 25 % and more; of 256 dimensions 2 % are
# 5, and gravity's direction alone takes three.
COLLAPSED = 0.02
_BATCH = 256


class Monitor:
    """Figures of an encoder on a fixed sample of windows, not augmented, and on pairs of them near in time.

    Windows and pairs follow from the rows and the seed alone.

    Args:
        data: All windows.
        rows: Those to draw from.
        seed: The seed of the run.

    Attributes:
        windows: (n, samples, channels) float32.
        people: (n,) codes.
        pairs: (p, 2), places of two windows of one recording at most `NEAR_S` apart.
    """

    def __init__(self, data: TrainingData, rows: np.ndarray, seed: int) -> None:
        chosen, _ = PairSampler(data.index, rows, PAIRS, NEAR_S, seed).draw(0, MONITOR)
        unique, places = np.unique(chosen, return_inverse=True)
        pairs = places.reshape(2, -1).T
        self.windows = data.take(unique)
        self.people = np.unique(data.index["participant"].to_numpy(str)[unique], return_inverse=True)[1]
        # A window may be its own partner; where nothing is augmented that distance is 0 and says nothing.
        self.pairs = torch.from_numpy(pairs[pairs[:, 0] != pairs[:, 1]])

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        """Give effective_rank, rank_share, uniformity; alignment and dispersion_ratio where they are defined.

        rank_share is the share of the dimension, or of the most that so few windows can have.
        """
        embeddings = embed_windows(encoder, self.windows)
        rank = effective_rank(embeddings)
        figures = {
            "effective_rank": rank,
            "rank_share": rank / max(1, min(embeddings.shape[1], len(embeddings) - 1)),
            "uniformity": uniformity(embeddings),
        }
        if len(self.pairs):
            figures["alignment"] = alignment(*(embeddings[place] for place in self.pairs.T))
        ratio = dispersion_ratio(embeddings, self.people)
        if ratio is not None:
            figures["dispersion_ratio"] = ratio
        return figures


@torch.no_grad()
def embed_windows(encoder: nn.Module, windows: np.ndarray) -> torch.Tensor:
    """Embeddings of windows, as in evaluation and without autocast.

    Args:
        encoder: On any device.
        windows: (n, samples, channels) float32.

    Returns:
        (n, dimension) float32 on the CPU.

    Raises:
        InputError: An embedding is not finite.
    """
    device = next(encoder.parameters()).device
    training = encoder.training
    encoder.eval()
    parts = [
        encoder(torch.from_numpy(windows[first : first + _BATCH]).transpose(1, 2).to(device)).float().cpu()
        for first in range(0, len(windows), _BATCH)
    ]
    encoder.train(training)
    embeddings = torch.cat(parts)
    if not embeddings.isfinite().all():
        raise InputError("the encoder's embeddings are not finite any more: try a smaller --lr")
    return embeddings


def effective_rank(embeddings: torch.Tensor) -> float:
    """The exponential of the entropy of the normalised singular values; 0 where all embeddings are the same.

    Roy & Vetterli, EUSIPCO 2007, section 2; RankMe (Garrido et al., ICML 2023) is the same. What float32
    cannot tell from rounding counts as no difference: else the rounding of a constant would have full rank.

    Args:
        embeddings: (n, d).
    """
    centred = (embeddings - embeddings.mean(dim=0)).double()
    values = torch.linalg.svdvals(centred)
    values = values[values > 1e-6 * torch.linalg.norm(embeddings.double())]
    if not len(values):
        return 0.0
    shares = values / values.sum()
    return float(torch.exp(-(shares * torch.log(shares)).sum()))


def alignment(first: torch.Tensor, second: torch.Tensor) -> float:
    """Mean squared distance of positive pairs on the unit sphere, 0 to 4; smaller is nearer.

    Wang & Isola, ICML 2020, section 4.1, with exponent 2.

    Args:
        first: (n, d).
        second: (n, d), row i is the partner of row i of `first`.
    """
    between = F.normalize(first, dim=1) - F.normalize(second, dim=1)
    return float(between.square().sum(dim=1).mean())


def uniformity(embeddings: torch.Tensor) -> float:
    """The logarithm of the mean of exp(-2 d^2) over all pairs on the unit sphere; 0 where all are the same.

    Smaller is more even. Wang & Isola, ICML 2020, section 4.1, with t = 2.

    Args:
        embeddings: (n, d).
    """
    squared = torch.pdist(F.normalize(embeddings.double(), dim=1)).square()
    return float(torch.exp(-2 * squared).mean().log())


def dispersion_ratio(embeddings: torch.Tensor, people: np.ndarray) -> float | None:
    """Mean squared distance from the person's mean, divided by that of these means from their own mean.

    On the unit sphere. Smaller tells people better apart. After Abbaspourazad et al., ICLR 2024, section 5.

    Args:
        embeddings: (n, d).
        people: (n,) codes.

    Returns:
        None where fewer than two people have two embeddings.
    """
    z = F.normalize(embeddings.double(), dim=1)
    several = np.flatnonzero(np.bincount(people) >= 2)
    if len(several) < 2:
        return None
    groups = [z[torch.from_numpy(people == person)] for person in several]
    means = torch.stack([group.mean(dim=0) for group in groups])
    # Unbiased, so that few embeddings a person do not look alike by their number.
    within = torch.stack([group.var(dim=0, unbiased=True).sum() for group in groups]).mean()
    return float(within / means.var(dim=0, unbiased=True).sum().clamp_min(1e-12))
