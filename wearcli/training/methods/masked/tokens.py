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
        self.summary = nn.Linear(encoder.dimension, NARROW)
        self.mask = nn.Parameter(torch.zeros(NARROW))
        self.register_buffer("positions", sinusoids(encoder.count, NARROW), persistent=False)
        self.blocks = nn.Sequential(*(Block(NARROW, HEADS) for _ in range(LAYERS)))
        self.norm = nn.LayerNorm(NARROW)
        self.out = nn.Linear(NARROW, encoder.into.in_features)
        self.register_load_state_dict_pre_hook(_take_old_names)  # type: ignore[no-untyped-call]

    def forward(self, windows: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar; each process its part of the windows.

        Args:
            windows: (n, samples, channels), any unit.
            hidden: (n, patches) bool, as many of every window, and neither none nor all.
        """
        patches = self.encoder.patches(own_part(windows).transpose(1, 2))
        mask = own_part(hidden)
        count = int(hidden[0].sum())
        # Of each window the visible patches in their order, and then the hidden ones.
        order = mask.to(torch.uint8).argsort(dim=1, stable=True)
        seen, unseen = order[:, : hidden.shape[1] - count], order[:, hidden.shape[1] - count :]
        rebuilt = self.decode(self.encoder.tokens(chosen(patches, seen), seen), seen, unseen)
        errors = rebuilding_error(rebuilt.float(), targets(patches, unseen))
        return gather(errors, len(windows)).mean()

    def decode(self, tokens: torch.Tensor, seen: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
        """What the hidden patches may be, (n, hidden, channels * samples of a patch).

        Args:
            tokens: (n, visible, WIDTH), of the places `seen`.
            seen: (n, visible) int64.
            unseen: (n, hidden) int64, the other places.
        """
        summary = self.summary(self.encoder.pooled(tokens))[:, None]
        visible = self.into(tokens) + self.positions[seen]
        asked = self.mask + summary + self.positions[unseen]
        whole = self.blocks(torch.cat([visible, asked], dim=1))
        rebuilt: torch.Tensor = self.out(self.norm(whole[:, visible.shape[1] :]))
        return rebuilt


def _take_old_names(module: nn.Module, state: dict[str, torch.Tensor], prefix: str, *rest: object) -> None:
    """Rename what checkpoints of before 0.2 call otherwise."""
    for name in ("weight", "bias"):
        if (old := f"{prefix}told.{name}") in state:
            state[f"{prefix}summary.{name}"] = state.pop(old)


def chosen(patches: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
    """Some patches of each window, (n, channels, some, size).

    Args:
        patches: (n, channels, all, size).
        places: (n, some) int64.
    """
    index = places[:, None, :, None].expand(-1, patches.shape[1], -1, patches.shape[3])
    return patches.gather(2, index)


def targets(patches: torch.Tensor, unseen: torch.Tensor) -> torch.Tensor:
    """The hidden patches, normalised by their own mean and deviation, channel by channel (He et al., 1d).

    Args:
        patches: (n, channels, all, size).
        unseen: (n, hidden) int64.

    Returns:
        (n, hidden, channels * size).
    """
    own = chosen(patches, unseen)
    centred = own - own.mean(dim=3, keepdim=True)
    least = LEAST**2 * patches.flatten(2).var(dim=2, correction=0)[:, :, None, None]
    variance = centred.square().mean(dim=3, keepdim=True) + least + 1e-12
    return (centred * variance.rsqrt()).transpose(1, 2).flatten(2)


def rebuilding_error(rebuilt: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Mean squared error (n,) of the windows; both (n, hidden, channels * size)."""
    return (rebuilt - wanted).square().mean(dim=(1, 2))
