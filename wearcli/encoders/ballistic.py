"""An encoder that listens for the heart in acceleration: each beat shakes the body by a few thousandths of g.

A plain network must find by itself that what is a hundredth of the signal repeats once a second. A good
engineer filters to where beats shake, takes the energy and the waves, and asks which rate repeats best
(BioWatch: Hernandez, McDuff & Picard, BSN 2015). So the graph does that, with nothing learned, over segments.
Every rate then gets what speaks for it: how well the curves come back after one interval and two, and not
after a half; how strong its harmonics are (as pitch is found: Bittner et al., ISMIR 2017). What is learned
reads these along the logarithm of the rate, where every heart has the same pattern at a place of its own,
says which segments are still enough to trust, and adds how the body lies and moves.
"""

import torch
from torch import nn

from wearcli.encoders.graph.rhythms import CURVES, EVIDENCE, LEVELS, RATES, Rhythms


class BallisticEncoder(nn.Module):
    """(batch, 3, samples) in g -> (batch, 128): which rate the heart may have, how clearly, and movement."""

    dimension = 128
    # Between machines: a sensor that lies still has steps, which rounding may move, and nothing else.
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
        """x: (batch, 3, samples) -> (batch, 128)."""
        with torch.autocast(x.device.type, enabled=False), torch.no_grad():
            evidence, levels = self.rhythms(x.float())
        segments = levels.shape[1]
        scaled = self.norm(levels.flatten(0, 1)).clamp(-8, 8).unflatten(0, (-1, segments))
        # Each curve trusts segments of its own.
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
    return nn.Sequential(
        nn.Conv1d(width_in, width_out, 5, padding=2, bias=False), nn.BatchNorm1d(width_out), nn.ReLU()
    )
