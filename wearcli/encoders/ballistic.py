"""An encoder for the heart beat in acceleration: each beat shakes the body by a few thousandths of g.

A beat is about a hundredth of the signal and repeats about once a second. A plain network has to discover
this by itself. A good engineer filters to the band in which beats shake, takes the energy and the waves, and
looks for the rate that repeats best (BioWatch: Hernandez, McDuff & Picard, BSN 2015). The first layer does
the same over segments, with nothing learned (see `graph.rhythms`).

Each rate then gets its evidence: how well the curves come back after one interval and two, and not after a
half; and how strong its harmonics are (pitch is estimated like this: Bittner et al., ISMIR 2017). The learned
part reads this evidence along the logarithm of the rate. There every heart rate makes the same pattern, only
at another place. The learned part also decides which segments are still enough to trust, and adds how the
body lies and moves.
"""

import torch
from torch import nn

from wearcli.encoders.graph.rhythms import CURVES, EVIDENCE, LEVELS, RATES, Rhythms


class BallisticEncoder(nn.Module):
    """Encode acceleration, (batch, 3, samples) in g -> (batch, 128).

    The numbers describe which rate the heart may have, how clear that rate is, and the movement.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.
        width: Channels of the learned convolutions.
    """

    dimension = 128
    # A sensor that lies still shows only steps of its scale, and rounding may move them between machines.
    rounding = 1e-3

    def __init__(self, samples: int, rate_hz: float, width: int = 32) -> None:
        super().__init__()
        self.rhythms = Rhythms(samples, rate_hz)
        self.norm = nn.BatchNorm1d(LEVELS)
        self.trust = nn.Sequential(nn.Linear(LEVELS, 32), nn.ReLU(), nn.Linear(32, CURVES))
        self.scale = nn.BatchNorm1d(EVIDENCE)
        self.reader = nn.Sequential(_conv(EVIDENCE, width), _conv(width, width), _conv(width, width))
        self.chance = nn.Conv1d(width, 2, 1)
        self.map = nn.Conv1d(width, 4, 1)
        self.motion = nn.Sequential(nn.Linear(3 * LEVELS, 64), nn.ReLU(), nn.Linear(64, 64), nn.ReLU())
        self.out = nn.Linear(4 * RATES + 2 * 3 + 2 * width + 64, self.dimension)
        self.register_buffer("place", torch.linspace(-1, 1, RATES), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the embedding of each window.

        Args:
            x: Windows (batch, 3, samples), g.

        Returns:
            Embeddings (batch, 128).
        """
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            evidence, levels = self.rhythms(x.float())
        segments = levels.shape[1]
        scaled = self.norm(levels.flatten(0, 1)).clamp(-8, 8).unflatten(0, (-1, segments))
        # Each curve has its own trust in the segments.
        trust = self.trust(scaled).softmax(dim=1)
        seen = (evidence * trust[:, :, :, None, None]).sum(dim=1).flatten(1, 2)
        read = self.reader(self.scale(seen))
        chance = self.chance(read).float().softmax(dim=2)
        place = self.get_buffer("place")
        rate = (chance * place).sum(dim=2)
        spread = (chance * (place - rate[:, :, None]).square()).sum(dim=2)
        motion = torch.cat([scaled.mean(dim=1), scaled.amin(dim=1), scaled.amax(dim=1)], dim=1)
        parts = [self.map(read).flatten(1), rate, spread, chance.amax(dim=2)]
        parts += [read.mean(dim=2), read.amax(dim=2), self.motion(motion)]
        output: torch.Tensor = self.out(torch.cat(parts, dim=1))
        return output


def _conv(width_in: int, width_out: int) -> nn.Sequential:
    """Return a convolution over the rates, its BatchNorm and a ReLU."""
    return nn.Sequential(
        nn.Conv1d(width_in, width_out, 5, padding=2, bias=False), nn.BatchNorm1d(width_out), nn.ReLU()
    )
