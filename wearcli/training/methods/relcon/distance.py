"""RelCon's learned distance: how badly one window is rebuilt from the motifs of another.

Xu et al., ICLR 2025, arXiv 2411.18822, section 3.1; REBAR (Xu et al., ICLR 2024) is its origin.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.methods.relcon.kernels import EPSILON
from wearcli.training.methods.relcon.sparsemax import sparsemax
from wearcli.training.sharing import gather, own_part

WIDTH, NARROW, KERNEL, DILATIONS = 64, 8, 15, (1, 2)
DROPOUT = 0.1


class MotifDistance(nn.Module):
    """Cross-attention from the samples of an anchor to a candidate's, with sparsemax; 58,617 parameters.

    Both windows are normalised by the **candidate's** mean and deviation (RevIN), so that a candidate of
    the same shape but another strength is still far away. The distance is no metric: it is not symmetric.

    Args:
        channels: Channels of a window.
    """

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.shift = nn.Parameter(torch.zeros(channels))
        self.query, self.key, self.value = (MotifNet(channels) for _ in range(3))
        self.out = nn.Linear(WIDTH, channels)

    def forward(
        self, anchor: torch.Tensor, candidate: torch.Tensor, keep: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Give the distances: the sum over time and channels of the squared error.

        Args:
            anchor: (pairs, samples, channels).
            candidate: (pairs, samples, channels).
            keep: (pairs, samples, samples) bool, the attention weights that dropout leaves in training; None
                for all.

        Returns:
            (pairs,) float32.
        """
        mean, deviation = statistics(candidate)  # (pairs, 1, channels)
        q = self.query(self.normalise(anchor, mean, deviation))
        normalised = self.normalise(candidate, mean, deviation)
        k, v = self.key(normalised), self.value(normalised)  # (pairs, width, samples)
        weights = sparsemax(q.transpose(1, 2) @ k / math.sqrt(WIDTH))  # (pairs, samples, samples)
        if keep is not None:
            weights = weights * keep / (1 - DROPOUT)
        rebuilt = self.out(weights @ v.transpose(1, 2).float())  # (pairs, samples, channels)
        rebuilt = (rebuilt - self.shift) / self.scale * deviation + mean
        distances: torch.Tensor = (rebuilt - anchor).square().sum(dim=(1, 2))
        return distances

    def normalise(self, windows: torch.Tensor, mean: torch.Tensor, deviation: torch.Tensor) -> torch.Tensor:
        """Windows (..., samples, channels), normalised by the statistics, then by the learned affine map."""
        return (windows - mean) / deviation * self.scale + self.shift


class MotifNet(nn.Module):
    """Dilated convolutions that see 57 samples: (n, samples, channels) -> (n, 64, samples)."""

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.first = nn.Conv1d(channels, WIDTH, KERNEL, padding="same")
        self.down = nn.ModuleList(nn.Conv1d(WIDTH, NARROW, 1) for _ in DILATIONS)
        self.up = nn.ModuleList(
            nn.Conv1d(NARROW, WIDTH, KERNEL, padding="same", dilation=dilation) for dilation in DILATIONS
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Give the features (n, 64, samples) of normalised windows (n, samples, channels)."""
        y = activate(self.first(x.transpose(1, 2)))
        for down, up in zip(self.down, self.up, strict=True):
            y = activate(up(down(y)) + y)
        return y


def activate(x: torch.Tensor) -> torch.Tensor:
    """GELU, then every channel of a window is normalised by its own mean and deviation over time."""
    return F.instance_norm(F.gelu(x), eps=EPSILON)


def statistics(windows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean and sqrt(variance + 1e-5) over time of (..., samples, channels), both (..., 1, channels)."""
    mean = windows.mean(dim=-2, keepdim=True)
    variance = (windows - mean).square().mean(dim=-2, keepdim=True)
    return mean, (variance + EPSILON).sqrt()


class DistanceLearning(nn.Module):
    """The first stage: a window must be rebuilt from an augmented copy of itself.

    Args:
        distance: The distance to learn.
        loss: "squares", the mean over windows of the squared error, is the paper's. Nearly all of it is the
            posture of copies that were turned or negated, which nothing can rebuild; it drowns the motifs.
            "log", the mean of the logarithm of the error, counts every halving alike.
    """

    def __init__(self, distance: MotifDistance, loss: str) -> None:
        super().__init__()
        self.distance = distance
        self.loss = loss

    def forward(self, windows: torch.Tensor, copies: torch.Tensor, keep: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar.

        Args:
            windows: (n, samples, channels), g.
            copies: Their augmented copies, of the same shape.
            keep: See `MotifDistance`; used in training alone.
        """
        left = own_part(keep) if self.training else None
        distances = gather(self.distance(own_part(windows), own_part(copies), left), len(windows))
        loss = (distances + EPSILON).log() if self.loss == "log" else distances
        return loss.mean()
