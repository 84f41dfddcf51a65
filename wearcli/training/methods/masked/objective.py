"""Masked reconstruction: what is hidden of a window is to be told from its embedding and what is beside it.

After the masked autoencoder (He et al., CVPR 2022). A convolution reads on a grid, from which nothing can be
left out as it is before a transformer: the encoder gets noise in place of what is hidden, as lively as the
rest. Zeros or straight lines would make every window calmer than those it is used on later, which are whole.
"""

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.training.sharing import embed

LEAST_DEVIATION_G = 0.02  # about the noise of a watch at rest: less of it is nothing to be learned


class Masked(nn.Module):
    """An encoder with the light decoder that only training uses.

    Args:
        encoder: The encoder to train.
        channels: Channels of a window.
        patch: Samples that are hidden at once.
        dimension: Dimension of the embedding.
    """

    def __init__(self, encoder: nn.Module, channels: int, patch: int, dimension: int) -> None:
        super().__init__()
        self.encoder = encoder
        self.decoder = Decoder(channels, patch, dimension)
        self.patch = patch

    def forward(self, windows: torch.Tensor, hidden: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
        """Give the loss, a scalar.

        Args:
            windows: (n, samples, channels), g.
            hidden: (n, patches) bool, some of every window and never all; the last patch may be cut off.
            noise: Standard normal numbers of the shape of the windows.
        """
        masked = hidden.repeat_interleave(self.patch, dim=1)[:, : windows.shape[1]]
        noisy, visible = filled(windows, masked, noise)
        embedding = embed(self.encoder, noisy)
        rebuilt = self.decoder(visible, hidden, embedding).float()
        return masked_error(rebuilt, windows, masked)


class Decoder(nn.Module):
    """Two convolutions over the patches: two patches to either side are all that it sees for itself.

    The rhythm of the window, its vigour and what kind of movement it is must come through the embedding,
    which scales and shifts the layers (FiLM; Perez et al., AAAI 2018). A decoder that has the embedding alone
    must be told where in the window each swing lies; an encoder that tells this tells less of what it is.
    """

    def __init__(self, channels: int, patch: int, dimension: int, width: int = 64, layers: int = 2) -> None:
        super().__init__()
        self.patch = patch
        self.into = nn.Linear(patch * channels + 1, width)
        self.modulate = nn.Linear(dimension, layers * 2 * width)
        self.layers = nn.ModuleList(nn.Conv1d(width, width, 3, padding=1) for _ in range(layers))
        self.out = nn.Linear(width, patch * channels)

    def forward(self, seen: torch.Tensor, hidden: torch.Tensor, embedding: torch.Tensor) -> torch.Tensor:
        """Give the whole windows, (n, samples, channels).

        Args:
            seen: (n, samples, channels), 0 where hidden.
            hidden: (n, patches) bool.
            embedding: (n, dimension).
        """
        n, samples, channels = seen.shape
        patches = hidden.shape[1]
        padded = F.pad(seen, (0, 0, 0, patches * self.patch - samples))
        visible = torch.cat([padded.reshape(n, patches, -1), hidden[:, :, None].to(seen.dtype)], dim=2)
        x = self.into(visible).transpose(1, 2)  # (n, width, patches)
        modulation = self.modulate(embedding).view(n, len(self.layers), 2, -1, 1)
        for number, layer in enumerate(self.layers):
            scale, shift = modulation[:, number].unbind(1)
            x = x + F.relu(layer(F.relu(x * (1 + scale) + shift)))
        out = self.out(F.relu(x).transpose(1, 2))
        rebuilt: torch.Tensor = out.reshape(n, patches * self.patch, channels)[:, :samples]
        return rebuilt


def filled(
    windows: torch.Tensor, masked: torch.Tensor, noise: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the encoder gets of windows, and what the decoder does; nothing of what is masked is in either.

    Args:
        windows: (n, samples, channels), g.
        masked: (n, samples) bool, not all of any window.
        noise: Standard normal numbers of the shape of the windows.

    Returns:
        The windows with noise where they are masked, of the mean and the deviation of their visible samples,
        channel by channel; and the visible samples about their mean, in their deviation over all channels, 0
        where masked. Both (n, samples, channels).
    """
    seen = ~masked[:, :, None]
    count = seen.sum(dim=1, keepdim=True)
    mean = (windows * seen).sum(dim=1, keepdim=True) / count
    centred = (windows - mean) * seen
    variance = centred.square().sum(dim=1, keepdim=True) / count  # (n, 1, channels)
    whole = variance.mean(dim=2, keepdim=True) + LEAST_DEVIATION_G**2
    return torch.where(seen, windows, mean + variance.sqrt() * noise), centred * whole.rsqrt()


def masked_error(rebuilt: torch.Tensor, windows: torch.Tensor, masked: torch.Tensor) -> torch.Tensor:
    """Squared error about the window's mean in its deviations, the mean over a window's masked samples.

    Then the mean over windows, which count the same: in g a run would weigh a thousand times what a quiet
    hand does.

    Args:
        rebuilt: (n, samples, channels).
        windows: (n, samples, channels).
        masked: (n, samples) bool, some of every window.
    """
    centred = windows - windows.mean(dim=1, keepdim=True)
    variance = centred.square().mean(dim=(1, 2), keepdim=True) + LEAST_DEVIATION_G**2
    error = (rebuilt - centred * variance.rsqrt()).square().mean(dim=2)
    return ((error * masked).sum(dim=1) / masked.sum(dim=1)).mean()
