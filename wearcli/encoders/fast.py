"""A small strided ResNet for the CPU: 1.05 M parameters, 12 million multiplications for a window of 5 s.

Its form follows onnxruntime. The fast convolution kernels there take 4-D input only, so time is the last axis
of a (batch, channels, 1, time) image. Every BatchNorm follows a convolution, and the export folds it into
that convolution. The stem brings 50 Hz down to 10 steps a second at once, so that the following layers are
cheap.
"""

import torch
import torch.nn.functional as F
from torch import nn

STEM_KERNEL, STEM_STRIDE = 10, 5
Stages = tuple[tuple[int, int, int], ...]  # width, kernel, stride
Stem = tuple[int, int]  # kernel, stride
STAGES: Stages = ((64, 5, 1), (128, 3, 2), (256, 3, 2), (256, 3, 2))


class Convolutions(nn.Module):
    """Reduce windows to the mean and the maximum over time of their convolutions.

    Windows are (batch, channels, samples) in g, the result is (batch, width). The values go in as they are.
    Nothing centres a window, so the direction of gravity stays readable.

    Args:
        channels: Number of channels of a window.
        stages: Width, kernel and stride of each residual block.
        stem: Kernel and stride of the first convolution.
    """

    def __init__(
        self, channels: int, stages: Stages = STAGES, stem: Stem = (STEM_KERNEL, STEM_STRIDE)
    ) -> None:
        super().__init__()
        self.width = 2 * stages[-1][0]
        width = stages[0][0]
        # The stem has no padding: zeros would look like free fall at both ends of the window.
        self.stem = _Conv(channels, width, *stem, padding=0)
        blocks: list[nn.Module] = []
        for wide, kernel, stride in stages:
            blocks.append(ResidualBlock(width, wide, kernel, stride))
            width = wide
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the mean and the maximum over time.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            (batch, width).
        """
        y = self.blocks(F.relu(self.stem(x.unsqueeze(2))))
        return torch.cat([y.mean(dim=(2, 3)), y.amax(dim=(2, 3))], dim=1)


class FastEncoder(Convolutions):
    """Encode windows fast on a CPU, (batch, channels, samples) in g -> (batch, 256).

    It is made for 250 samples (5 s at 50 Hz).

    Args:
        channels: Number of channels of a window.
    """

    dimension = 256

    def __init__(self, channels: int = 3) -> None:
        super().__init__(channels)
        self.out = nn.Linear(self.width, self.dimension)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Embeddings (batch, 256).
        """
        output: torch.Tensor = self.out(super().forward(x))
        return output


class ResidualBlock(nn.Module):
    """Two convolutions and a skip that is added before the last ReLU.

    With a stride, the skip path averages over the stride.

    Args:
        width_in: Channels of the input.
        width_out: Channels of the output.
        kernel: Samples of both kernels.
        stride: Stride over time.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _Conv(width_in, width_out, kernel, stride, padding=kernel // 2)
        self.conv2 = _Conv(width_out, width_out, kernel, 1, padding=kernel // 2)
        self.skip: nn.Module = nn.Identity()
        if stride > 1 or width_in != width_out:
            self.skip = nn.Sequential(
                nn.AvgPool2d((1, 3), (1, stride), padding=(0, 1), count_include_pad=False),
                _Conv(width_in, width_out, 1, 1, padding=0),
            )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of the block.

        Args:
            x: (batch, width_in, 1, time).

        Returns:
            (batch, width_out, 1, time / stride).
        """
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.skip(x))


class _Conv(nn.Sequential):
    """A convolution over the last axis, followed by BatchNorm."""

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__(
            nn.Conv2d(width_in, width_out, (1, kernel), (1, stride), (0, padding), bias=False),
            nn.BatchNorm2d(width_out),
        )
