"""EfficientNet in one dimension, for PPG and ECG.

Source: Abbaspourazad et al., ICLR 2024, arXiv 2312.05409, section 4. The network has mobile inverted
bottlenecks (Tan & Le, ICML 2019) over time: 16 blocks, expansion 7, squeeze-and-excitation of a quarter,
swish, kernels of 3 and 5, and a total stride of 64. The widths of the stages are not published. The widths
here give 3.1 M parameters for PPG of four channels and 2.5 M for ECG, like the paper.
"""

import torch
import torch.nn.functional as F
from torch import nn

from wearcli.encoders.graph.normalise import standardise

EXPANSION, SQUEEZE = 7, 4
STEM_WIDTH = 32
Stages = tuple[tuple[int, int, int, int], ...]  # width, kernel, stride, blocks


def _stages(*widths: int) -> Stages:
    """Return the seven stages of 16 blocks with these widths."""
    kinds = ((3, 1, 1), (3, 2, 2), (5, 2, 2), (3, 2, 3), (5, 2, 3), (5, 2, 4), (3, 1, 1))
    return tuple((width, *kind) for width, kind in zip(widths, kinds, strict=True))


LARGE = _stages(16, 24, 40, 80, 112, 160, 192)
SMALL = _stages(16, 24, 40, 72, 96, 144, 192)
# 0.63 M parameters, a fifth of LARGE, like the student network of arXiv 2412.11276.
FIFTH = _stages(16, 16, 24, 40, 48, 64, 96)


class EfficientNet1D(nn.Module):
    """Encode windows by EfficientNet, (batch, channels, samples) -> (batch, 256).

    Each channel of a window is first standardised by its own mean and deviation.

    Args:
        channels: Number of channels of a window.
        stages: Width, kernel, stride and number of blocks of each stage.
    """

    dimension = 256

    def __init__(self, channels: int = 1, stages: Stages = LARGE) -> None:
        super().__init__()
        width = STEM_WIDTH
        self.stem = ConvNorm(channels, width, 3, 2)
        blocks: list[nn.Module] = []
        for wide, kernel, stride, count in stages:
            for number in range(count):
                blocks.append(Bottleneck(width, wide, kernel, stride if number == 0 else 1))
                width = wide
        self.blocks = nn.Sequential(*blocks)
        self.out = ConvNorm(width, self.dimension, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window, the mean over time of the last layer.

        Args:
            x: Windows (batch, channels, samples).

        Returns:
            Embeddings (batch, 256).
        """
        y = F.silu(self.stem(standardise(x).unsqueeze(2)))
        output: torch.Tensor = self.out(self.blocks(y)).mean(dim=(2, 3))
        return output


class Bottleneck(nn.Module):
    """A mobile inverted bottleneck.

    It has a 1x1 expansion, a depthwise convolution, squeeze-and-excitation and a 1x1 projection. The input is
    added where stride and width leave its shape as it is.

    Args:
        width_in: Channels of the input.
        width_out: Channels of the output.
        kernel: Samples of the depthwise kernel.
        stride: Stride of the depthwise convolution.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = EXPANSION * width_in
        self.expand = ConvNorm(width_in, wide, 1, 1)
        self.depthwise = ConvNorm(wide, wide, kernel, stride, groups=wide)
        self.squeeze = nn.Conv2d(wide, max(1, width_in // SQUEEZE), 1)
        self.excite = nn.Conv2d(max(1, width_in // SQUEEZE), wide, 1)
        self.project = ConvNorm(wide, width_out, 1, 1)
        self.skip = stride == 1 and width_in == width_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the output of the block.

        Args:
            x: (batch, width_in, 1, time).

        Returns:
            (batch, width_out, 1, time / stride).
        """
        y = F.silu(self.depthwise(F.silu(self.expand(x))))
        y = y * self.excite(F.silu(self.squeeze(y.mean(dim=(2, 3), keepdim=True)))).sigmoid()
        y = self.project(y)
        output: torch.Tensor = x + y if self.skip else y
        return output


class ConvNorm(nn.Sequential):
    """A convolution over the last axis, followed by BatchNorm.

    Args:
        width_in: Channels of the input.
        width_out: Channels of the output.
        kernel: Samples of the kernel.
        stride: Stride over time.
        groups: Groups of channels that are convolved apart.
    """

    def __init__(self, width_in: int, width_out: int, kernel: int, stride: int, groups: int = 1) -> None:
        super().__init__(
            nn.Conv2d(
                width_in, width_out, (1, kernel), (1, stride), (0, kernel // 2), groups=groups, bias=False
            ),
            nn.BatchNorm2d(width_out),
        )
