"""A small strided ResNet made for the CPU: 1.05 M parameters, 12 million multiplications a window of 5 s.

Shaped by onnxruntime: its fast convolution kernels take 4-D input only, so time is the last axis of a
(batch, channels, 1, time) image, and every BatchNorm follows a convolution, into which export folds it.
The stem brings 50 Hz down to 10 steps a second at once, where the following layers are cheap.
"""

import torch
import torch.nn.functional as F
from torch import nn

STEM_KERNEL, STEM_STRIDE = 10, 5
Stages = tuple[tuple[int, int, int], ...]  # width, kernel, stride
Stem = tuple[int, int]  # kernel, stride
STAGES: Stages = ((64, 5, 1), (128, 3, 2), (256, 3, 2), (256, 3, 2))


class Convolutions(nn.Module):
    """(batch, channels, samples) in g -> (batch, width): the mean and the maximum over time.

    The values go in as they are: nothing centres a window, so gravity's direction stays readable.
    """

    def __init__(
        self, channels: int, stages: Stages = STAGES, stem: Stem = (STEM_KERNEL, STEM_STRIDE)
    ) -> None:
        super().__init__()
        self.width = 2 * stages[-1][0]
        width = stages[0][0]
        # No padding in the stem: zeros would be a fall to weightlessness at each end of the window.
        self.stem = _Conv(channels, width, *stem, padding=0)
        blocks: list[nn.Module] = []
        for wide, kernel, stride in stages:
            blocks.append(ResidualBlock(width, wide, kernel, stride))
            width = wide
        self.blocks = nn.Sequential(*blocks)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, width)."""
        y = self.blocks(F.relu(self.stem(x.unsqueeze(2))))
        return torch.cat([y.mean(dim=(2, 3)), y.amax(dim=(2, 3))], dim=1)


class FastEncoder(Convolutions):
    """(batch, channels, samples) in g -> (batch, 256); made for 250 samples (5 s at 50 Hz)."""

    dimension = 256

    def __init__(self, channels: int = 3) -> None:
        super().__init__(channels)
        self.out = nn.Linear(self.width, self.dimension)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """x: (batch, channels, samples) -> (batch, 256)."""
        output: torch.Tensor = self.out(super().forward(x))
        return output


class ResidualBlock(nn.Module):
    """Two convolutions with the skip added before the last ReLU; a stride averages on the skip path."""

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
        """x: (batch, width_in, 1, time) -> (batch, width_out, 1, time / stride)."""
        return F.relu(self.conv2(F.relu(self.conv1(x))) + self.skip(x))


class _Conv(nn.Sequential):
    """A convolution over the last axis and its BatchNorm."""

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int, padding: int) -> None:
        super().__init__(
            nn.Conv2d(width_in, width_out, (1, kernel), (1, stride), (0, padding), bias=False),
            nn.BatchNorm2d(width_out),
        )
