"""An encoder for PPG and ECG: learned numbers beside statistics of beats, the average beat and the rhythm.

The idea is that of `streams`. A good engineer computes statistics of beats. They show a heart rate and an
arrhythmia better than a small network that has to discover all of it by itself. So these statistics are part
of the embedding, and the learned numbers stand beside them.
"""

import torch
from torch import nn

from wearcli.encoders.fast import Convolutions, Stages
from wearcli.encoders.graph.normalise import standardise
from wearcli.encoders.graph.pulse import PulseFeatures
from wearcli.encoders.streams import FARTHEST
from wearcli.signals.beats import Pulse
from wearcli.signals.features.pulse import feature_names

LEARNED = 64  # with 128, a probe on few samples fits their noise
STEM = (24, 8)  # kernel, stride: 16 steps a second of ECG at 128 Hz, 8 of PPG at 64
STAGES: Stages = ((64, 5, 1), (96, 5, 2), (160, 5, 2), (256, 3, 2))
STATISTICS = len(feature_names("ecg"))


class PulseEncoder(nn.Module):
    """Encode PPG or ECG, in any unit.

    The output is (batch, 153): 64 learned numbers, then 89 statistics. The statistics, the average beat and
    the rhythm are those of the first channel, see `PulseFeatures`. The convolutions see all channels, each
    standardised by its own mean and deviation.

    Args:
        channels: Number of channels of a window.
        samples: Samples of a window, per channel.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.
    """

    dimension = LEARNED + STATISTICS
    rounding = 1e-3  # machines may differ over a beat that is barely detected

    def __init__(self, channels: int, samples: int, rate_hz: float, kind: Pulse) -> None:
        super().__init__()
        self.convolutions = Convolutions(channels, STAGES, STEM)
        self.fixed = PulseFeatures(samples, rate_hz, kind)
        sizes = (STATISTICS, self.fixed.length + self.fixed.lags)
        self.norms = nn.ModuleList(nn.BatchNorm1d(size) for size in sizes)
        self.streams = nn.ModuleList(
            nn.Sequential(nn.Linear(size, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU()) for size in sizes
        )
        self.out = nn.Linear(self.convolutions.width + 2 * 128, LEARNED)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window.

        Args:
            x: Windows (batch, channels, samples), any unit.

        Returns:
            Embeddings (batch, 153).
        """
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            statistics, beat, rhythm = self.fixed.curves(x[:, 0])
        parts = (statistics, torch.cat([beat, rhythm], dim=1))
        scaled = [norm(part).clamp(-FARTHEST, FARTHEST) for norm, part in zip(self.norms, parts, strict=True)]
        seen = [self.convolutions(standardise(x))]
        seen += [stream(part) for stream, part in zip(self.streams, scaled, strict=True)]
        return torch.cat([self.out(torch.cat(seen, dim=1)).float(), scaled[0].float()], dim=1)
