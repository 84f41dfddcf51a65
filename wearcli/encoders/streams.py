"""An encoder with four streams of one window: its motion, its readings, its spectrum and its rhythm.

A good engineer computes readings by hand. They show an activity and a cadence better than a small network
that has to discover all of it by itself. A network in turn learns what nobody thought of computing. So
readings of a window are part of its embedding, and the numbers learned from all four streams stand beside
them.
"""

import torch
from torch import nn

from wearcli.encoders.fast import Convolutions
from wearcli.encoders.graph.cycle import CYCLES, LIFTS, cycles, rhythmic
from wearcli.encoders.graph.motion import MotionFeatures
from wearcli.encoders.graph.patterns import FITS, Patterns
from wearcli.encoders.graph.readings import (
    AXES,
    CHANGES,
    POSTURES,
    SWINGS,
    THRESHOLDS,
    WAYS,
    axes,
    by_gravity,
    changes,
    posture,
    swings,
    thresholds,
    ways,
)
from wearcli.signals.features.motion import FEATURE_NAMES

LEARNED = 384
# The readings beside the thresholds, in their order, and how many numbers each gives.
MORE = {
    "posture": POSTURES,
    "ways": WAYS,
    "axes": AXES,
    "changes": CHANGES,
    "swings": SWINGS,
    "patterns": FITS,
    "cycles": CYCLES,
}
READ = len(THRESHOLDS) * len(FEATURE_NAMES) + sum(MORE.values())
STAGES = ((32, 5, 1), (64, 3, 2), (128, 3, 2), (128, 3, 2))  # half as wide as the fast encoder's
FARTHEST = 8.0  # deviations from the mean: a reading beyond is cut off there
STRIDE = FEATURE_NAMES.index("stride_s")
REPEATS = [FEATURE_NAMES.index(name) for name in ("stride_vector", "stride_magnitude")]


class StreamsEncoder(nn.Module):
    """Encode acceleration, (batch, 3, samples) in g -> (batch, 993).

    The embedding has 384 learned numbers, then 609 readings. The four streams are:

    - Motion: the convolutions of the fast encoder over the three axes and the magnitude.
    - Readings: on which side of three thresholds each of the 105 `MotionFeatures` lies, where gravity points
      and the postures on the way, along which axes the window moves, how the fifths of the window differ, the
      movement along and across gravity, which patterns fit, and the shape of a stride. Readings are in
      deviations from their mean over the training windows. Where no stride repeats, the shape of the stride
      is that mean.
    - Spectrum: the power by frequency, of magnitude and vector.
    - Rhythm: the autocorrelation by lag, of magnitude and vector.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.
    """

    dimension = LEARNED + READ
    # Machines may differ: a fourth moment of a quiet window is a sum of large numbers that cancel; a count
    # or the place of a peak may jump.
    rounding = 1e-3
    measures = slice(dimension - LIFTS, dimension)  # the lift; see `training.within_class`
    measured_among = slice(dimension - CYCLES, dimension)

    def __init__(self, samples: int = 250, rate_hz: float = 50.0) -> None:
        super().__init__()
        self.motion = Convolutions(4, STAGES)
        self.fixed = MotionFeatures(samples, rate_hz)
        self.patterns = Patterns(samples)
        curves = (2 * self.fixed.bins, 2 * self.fixed.lags)
        sizes = (len(FEATURE_NAMES), sum(MORE.values()), *curves)
        # Nothing learned moves a threshold, so that a reading keeps its meaning.
        self.norms = nn.ModuleList(nn.BatchNorm1d(size, affine=False) for size in sizes)
        self.streams = nn.ModuleList(
            nn.Sequential(nn.Linear(size, hidden), nn.ReLU(), nn.Linear(hidden, 128), nn.ReLU())
            for size, hidden in zip((READ, *curves), (256, 128, 128), strict=True)
        )
        self.out = nn.Linear(self.motion.width + 3 * 128, LEARNED)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window.

        Args:
            x: Windows (batch, 3, samples), g.

        Returns:
            Embeddings (batch, 993).
        """
        magnitude = x.square().sum(dim=1, keepdim=True).sqrt()
        # In bf16 a fourth moment or a small lag of a second would be noise.
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            statistics, power, lags = self.fixed.curves(x)
            more = self.more(x.float(), magnitude, statistics[:, STRIDE : STRIDE + 1])
            parts = [statistics, more, power.flatten(1), lags.flatten(1)]
        scaled = [norm(part).float() for norm, part in zip(self.norms, parts, strict=True)]
        scaled = [part.clamp(-FARTHEST, FARTHEST) for part in scaled]
        others, stride = scaled[1].split([scaled[1].shape[1] - CYCLES, CYCLES], dim=1)
        scaled[1] = torch.cat([others, stride * rhythmic(statistics[:, REPEATS])], dim=1)
        readings = torch.cat([thresholds(scaled[0]), scaled[1]], dim=1)
        seen = [self.motion(torch.cat([x, magnitude], dim=1))]
        seen += [stream(part) for stream, part in zip(self.streams, (readings, *scaled[2:]), strict=True)]
        return torch.cat([self.out(torch.cat(seen, dim=1)).float(), readings], dim=1)

    def more(self, x: torch.Tensor, magnitude: torch.Tensor, stride_s: torch.Tensor) -> torch.Tensor:
        """Return the readings of `MORE` as they are measured.

        Args:
            x: Windows (batch, 3, samples), g.
            magnitude: Magnitude of the windows (batch, 1, samples), g.
            stride_s: Time of a stride (batch, 1), s.

        Returns:
            Readings (batch, n), in the order of `MORE`.
        """
        along, across = by_gravity(x)
        far = across.square().sum(dim=1, keepdim=True).sqrt()
        rate_hz = self.fixed.rate_hz
        return torch.cat(
            [
                posture(x),
                ways(x, rate_hz),
                axes(x),
                changes(x),
                swings(along, across, self.fixed),
                self.patterns(torch.cat([x, magnitude, along[:, None], far], dim=1)),
                cycles(along, across, stride_s, rate_hz),
            ],
            dim=1,
        )
