"""The masked autoencoder as it was published (He et al., CVPR 2022), for the encoder `transformer`.

The encoder has no part of what is hidden, not as noise and not in the window's mean: a token is left out,
which saves its share of the work. A narrow decoder, which only training uses, rebuilds what is hidden from
the visible tokens and from the embedding that they make; through that the embedding itself is trained.

A patch's own mean and deviation are taken off before it is to be rebuilt, so that slow drifts and movements,
which are most of a window's power, do not drown the beats: whole windows were hardly rebuilt at all.
"""

import torch
from torch import nn

from wearcli.encoders.transformer import WIDTH, Block, TransformerEncoder, sinusoids
from wearcli.training.sharing import gather, own_part

NARROW, LAYERS, HEADS = 96, 2, 4
LEAST = 0.1  # deviations of the window: a patch that is calmer has little but noise to be learned


class MaskedTokens(nn.Module):
    """A transformer with the light decoder that only training uses."""

    positions: torch.Tensor

    def __init__(self, encoder: TransformerEncoder) -> None:
        super().__init__()
        self.encoder = encoder
        self.into = nn.Linear(WIDTH, NARROW)
        self.told = nn.Linear(encoder.dimension, NARROW)
        self.mask = nn.Parameter(torch.zeros(NARROW))
        self.register_buffer("positions", sinusoids(encoder.count, NARROW), persistent=False)
        self.blocks = nn.Sequential(*(Block(NARROW, HEADS) for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(NARROW)
        self.out = nn.Linear(NARROW, encoder.into.in_features)

    def forward(self, windows: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar; each process its part of the windows.

        windows: (n, samples, channels), any unit; hidden: (n, patches) bool, as many of every window and
        neither none nor all.
        """
        patches = self.encoder.patches(own_part(windows).transpose(1, 2))
        mine = own_part(hidden)
        count = int(hidden[0].sum())
        # Of each window the visible patches in their order, and then the hidden ones.
        order = mine.to(torch.uint8).argsort(dim=1, stable=True)
        seen, unseen = order.split((hidden.shape[1] - count, count), dim=1)
        rebuilt = self.decode(self.encoder.tokens(chosen(patches, seen), seen), seen, unseen)
        errors = rebuilding_error(rebuilt.float(), targets(patches, unseen))
        return gather(errors, len(windows)).mean()

    def decode(self, tokens: torch.Tensor, seen: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
        """What the hidden patches may be, (n, hidden, channels * samples of a patch).

        tokens: (n, visible, WIDTH) of the places `seen`, (n, visible); unseen: (n, hidden), the others.
        """
        told = self.told(self.encoder.pooled(tokens))[:, None]
        known = self.into(tokens) + self.positions[seen]
        asked = self.mask + told + self.positions[unseen]
        whole = self.blocks(torch.cat([known, asked], dim=1))
        return self.out(self.norm(whole[:, known.shape[1] :]))


def chosen(patches: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Some patches of each window, (n, channels, some, size).

    patches: (n, channels, all, size); places: (n, some) int64.
    """
    index = places[:, None, :, None].expand(-1, patches.shape[1], -1, patches.shape[3])
    return patches.gather(2, index)


def targets(patches: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
    """The hidden patches, each channel of each by its own mean and deviation (He et al., table 1d).

    patches: (n, channels, all, size), unseen: (n, hidden). Returns (n, hidden, channels * size).
    """
    own = chosen(patches, unseen)
    centred = own - own.mean(dim=3, keepdim=True)
    least = LEAST**2 * patches.flatten(2).var(dim=2, correction=0)[:, :, None, None]
    variance = centred.square().mean(dim=3, keepdim=True) + least + 1e-12
    return (centred * variance.rsqrt()).transpose(1, 2).flatten(2)


def rebuilding_error(rebuilt: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean squared error of each window, (n,); both (n, hidden, channels * size)."""
    return (rebuilt - wanted).square().mean(dim=(1, 2))
