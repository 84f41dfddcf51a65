"""A transformer over patches of PPG, ECG or acceleration, made for training by masked tokens.

The PPG teacher of Abbaspourazad et al. (arXiv 2412.11276) is of this kind: a patch is a token with a fixed
position. The sizes are our own: 2.7 M parameters for one channel at 64 Hz, similar to the other encoders.
"""

import math

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.encoders.graph.normalise import standardise

PATCH_S = 0.5  # half a beat: less is only a slope; more may hide a beat that no other patch shows
WIDTH, LAYERS, HEADS = 192, 6, 4
LONGEST = 10_000.0  # of the positions' wavelengths, in patches by 2 pi (Vaswani et al., NeurIPS 2017, s. 3.5)


class TransformerEncoder(nn.Module):
    """Encode windows by a transformer, (batch, channels, samples) -> (batch, 256).

    Each channel of a window is first standardised by its own mean and deviation. Where the last patch is not
    whole, the last value of the window fills it.

    Args:
        channels: Number of channels of a window.
        samples: Samples of a window, per channel.
        rate_hz: Rate of the windows, Hz.
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
        """Return the embedding of each window.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Embeddings (batch, 256).
        """
        return self.pooled(self.tokens(self.patches(x)))

    def patches(self, x: torch.Tensor) -> torch.Tensor:
        """Cut windows into patches, without any scaling.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            (batch, channels, patches, samples of a patch).
        """
        if missing := self.count * self.patch - x.shape[2]:
            x = F.pad(x, (0, missing), mode="replicate")
        output: torch.Tensor = x.unflatten(2, (self.count, self.patch))
        return output

    def tokens(self, patches: torch.Tensor, places: torch.Tensor | None = None) -> torch.Tensor:
        """Return the output of the blocks for each patch, given all patches of a window or a part of them.

        The values are standardised by the mean and the deviation of these patches alone.

        Args:
            patches: (batch, channels, some, samples of a patch).
            places: (batch, some) int64, the places of these patches in the window; None for all patches in
                order.

        Returns:
            Tokens (batch, some, WIDTH).
        """
        x = standardise(patches.flatten(2)).unflatten(2, patches.shape[2:])
        positions = self.positions if places is None else self.positions[places]
        output: torch.Tensor = self.blocks(self.into(x.transpose(1, 2).flatten(2)) + positions)
        return output

    def pooled(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return the embedding that tokens give together.

        Args:
            tokens: (batch, some, WIDTH).

        Returns:
            Embeddings (batch, 256).
        """
        output: torch.Tensor = self.out(self.norm(tokens.mean(dim=1)))
        return output


class Block(nn.Module):
    """Self-attention and a network of two layers, each after a LayerNorm and with a skip (pre-norm).

    Args:
        width: Numbers of a token.
        heads: Number of attention heads.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.queries_keys_values = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        self.layers = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the tokens after the block.

        Args:
            x: Tokens (batch, tokens, width).

        Returns:
            Tokens of the same shape.
        """
        all_three = self.queries_keys_values(self.norm1(x)).unflatten(2, (3, self.heads, -1))
        query, key, value = all_three.permute(2, 0, 3, 1, 4).unbind(0)  # (batch, heads, tokens, a part)
        mixed = F.scaled_dot_product_attention(query, key, value)
        x = x + self.project(mixed.transpose(1, 2).flatten(2))
        output: torch.Tensor = x + self.layers(self.norm2(x))
        return output


def patch_samples(rate_hz: float) -> int:
    """Return the number of samples of a patch.

    Args:
        rate_hz: Rate of the windows, Hz.
    """
    return max(1, round(PATCH_S * rate_hz))


def sinusoids(count: int, width: int) -> torch.Tensor:
    """Return fixed positions: sines, then cosines, of width / 2 wavelengths from 2 pi upwards.

    Args:
        count: Number of positions.
        width: Numbers of a position.

    Returns:
        Positions (count, width).
    """
    speed = torch.exp(torch.arange(width // 2) * (-math.log(LONGEST) / (width // 2)))
    angle = torch.arange(count)[:, None] * speed
    return torch.cat([angle.sin(), angle.cos()], dim=1)
