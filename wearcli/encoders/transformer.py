"""A transformer over patches of PPG, ECG or acceleration, made for training by masked tokens.

The PPG teacher of Abbaspourazad et al. (arXiv 2412.11276) is one of this kind: a patch is a token, with a
fixed position. The sizes are ours: 2.7 M parameters for one channel at 64 Hz, of the size of the others.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.encoders.graph.normalise import standardise

PATCH_S = 0.5  # about half a beat: less is a slope, more can be a beat that nothing beside it tells
WIDTH, LAYERS, HEADS = 192, 6, 4
LONGEST = 10_000.0  # of the positions' wavelengths, in patches by 2 pi (Vaswani et al., NeurIPS 2017, s. 3.5)


class TransformerEncoder(nn.Module):
    """(batch, channels, samples) -> (batch, 256); each window by its own mean and deviation first.

    The last value of a window is held where its last patch is not whole.
    """

    dimension = 256
    positions: torch.Tensor

    def __init__(self, channels: int, samples: int, rate_hz: float) -> None:
        super().__init__()
        self.patch = patch_samples(rate_hz)
        self.count = -(-samples // self.patch)
        self.into = nn.Linear(channels * self.patch, WIDTH)
        self.register_buffer("positions", sinusoids(self.count, WIDTH), persistent=False)
        self.blocks = nn.Sequential(*(Block(WIDTH, HEADS) for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(WIDTH)
        self.out = nn.Linear(WIDTH, self.dimension)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, 256)."""
        return self.pooled(self.tokens(self.patches(x)))

    def patches(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, channels, patches, samples of a patch), as it is."""
        if missing := self.count * self.patch - x.shape[2]:
            x = F.pad(x, (0, missing), mode="replicate")
        output: torch.Tensor = x.unflatten(2, (self.count, self.patch))
        return output

    def tokens(self, patches: torch.Tensor, places: torch.Tensor | None = None) -> torch.Tensor:
        """What each patch becomes among these: all of a window's, or a part of them.

        patches: (batch, channels, some, samples of a patch); places: (batch, some) int64, which of the
        window's they are. Mean and deviation are those of these patches alone. Returns (batch, some, WIDTH).
        """
        x = standardise(patches.flatten(2)).unflatten(2, patches.shape[2:])
        positions = self.positions if places is None else self.positions[places]
        output: torch.Tensor = self.blocks(self.into(x.transpose(1, 2).flatten(2)) + positions)
        return output

    def pooled(self, tokens: torch.Tensor) -> torch.Tensor:
        """tokens: (batch, some, WIDTH) -> the embedding, (batch, 256)."""
        output: torch.Tensor = self.out(self.norm(tokens.mean(dim=1)))
        return output


class Block(nn.Module):
    """Self-attention and two layers, each behind a LayerNorm and beside a skip (pre-norm)."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, tokens, width) -> the same shape."""
        all_three = self.queries_keys_values(self.norm1(x)).unflatten(2, (3, self.heads, -1))
        query, key, value = all_three.permute(2, 0, 3, 1, 4).unbind(0)  # (batch, heads, tokens, a part)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.project(mixed.transpose(1, 2).flatten(2))
        output: torch.Tensor = x + self.layers(self.norm2(x))
        return output


def patch_samples(rate_hz: float) -> int:
    """Samples of a patch at this rate."""
    return max(1, round(PATCH_S * rate_hz))


def sinusoids(count: int, width: int) -> torch.Tensor:
    """Fixed positions, (count, width): sines, then cosines, of width / 2 wavelengths from 2 pi up."""
    speed = torch.exp(torch.arange(width // 2) * (-math.log(LONGEST) / (width // 2)))
    angle = torch.arange(count)[:, None] * speed
    return torch.cat([angle.sin(), angle.cos()], dim=1)
