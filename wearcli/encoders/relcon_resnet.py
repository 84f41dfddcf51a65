"""The 1-D ResNet of RelCon (Xu et al., ICLR 2025, arXiv 2411.18822, section 4): 3,635,840 parameters."""

import torch
import torch.nn.functional as F
from torch import nn

STAGES = ((64, 3, 3), (128, 4, 4), (256, 4, 6))  # width, kernel, blocks


class RelConResNet(nn.Module):
    """Encode windows by the ResNet of RelCon, (batch, channels, samples) -> (batch, 256).

    It is published for 256 samples (2.56 s at 100 Hz), in g.

    Args:
        channels: Number of channels of a window.
    """

    dimension = 256

    def __init__(self, channels: int = 3) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv1d(channels, 64, kernel_size=7, stride=2),
            nn.BatchNorm1d(64),
            nn.ReLU(),
            nn.MaxPool1d(kernel_size=3, stride=2),
        )
        blocks: list[nn.Module] = []
        width = 64
        for wide, kernel, count in STAGES:
            for _ in range(count):
                blocks.append(PreActivationBlock(width, wide, kernel))
                width = wide
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window, the mean over time of the last block.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Embeddings (batch, 256).
        """
        output: torch.Tensor = self.blocks(self.stem(x)).mean(dim=2)
        return output


class PreActivationBlock(nn.Module):
    """BatchNorm, ReLU and convolution, twice, added to the input.

    A 1x1 convolution carries the input where the width changes.

    Args:
        width_in: Channels of the input.
        width_out: Channels of the output.
        kernel: Samples of both kernels.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int) -> None:
        super().__init__()
        # 'same' padding of an even kernel has an odd number of samples: the extra one stands at the end.
        self.padding = ((kernel - 1) // 2, kernel // 2)
        self.norm1 = nn.BatchNorm1d(width_in)
        self.conv1 = nn.Conv1d(width_in, width_out, kernel)
        self.norm2 = nn.BatchNorm1d(width_out)
        self.conv2 = nn.Conv1d(width_out, width_out, kernel)
        self.skip = nn.Conv1d(width_in, width_out, 1) if width_in != width_out else nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of the block.

        Args:
            x: (batch, width_in, time).

        Returns:
            (batch, width_out, time).
        """
        y = self.conv1(F.pad(F.relu(self.norm1(x)), self.padding))
        y = self.conv2(F.pad(F.relu(self.norm2(y)), self.padding))
        output: torch.Tensor = y + self.skip(x)
        return output
