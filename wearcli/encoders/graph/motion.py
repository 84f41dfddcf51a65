"""The features of `signals.features.motion` as a layer, so that the graph of a model can hold them."""

import math
from collections.abc import Sequence

import torch
from torch import nn

from wearcli.signals.features.motion import (
    BANDS_HZ,
    CONSTANT,
    FLOOR,
    LEAST_SHARE,
    LONGEST_LAG,
    QUANTILES,
    STEP_S,
    STRIDE_S,
)

EDGE_HZ = (BANDS_HZ[0][0], BANDS_HZ[-1][1])


class MotionFeatures(nn.Module):
    """Compute the motion features, (batch, 3, samples) in g -> (batch, len(FEATURE_NAMES)).

    The numbers are those of `signals.features.motion.features`, except for rounding. Nothing here is learned.
    Transforms are products with constant matrices, because a window is short and only some of the frequencies
    and lags are needed.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.

    Attributes:
        bins: How many frequencies `curves` gives.
        lags: How many lags `curves` gives.
    """

    fourier: torch.Tensor
    hz: torch.Tensor
    bands: torch.Tensor
    padded: torch.Tensor
    back: torch.Tensor
    unbias: torch.Tensor

    def __init__(self, samples: int, rate_hz: float) -> None:
        super().__init__()
        self.samples, self.rate_hz = samples, rate_hz
        time = torch.arange(samples, dtype=torch.float64)
        hann = 0.5 - 0.5 * torch.cos(2 * math.pi * time / samples)
        hz = torch.arange(samples // 2 + 1, dtype=torch.float64) * (rate_hz / samples)
        inside = (hz >= EDGE_HZ[0]) & (hz < EDGE_HZ[1])
        whole = torch.where((torch.arange(len(hz)) * 2 == samples), 0.5, 1.0)[inside]
        wave = 2 * math.pi * time[:, None] * torch.arange(len(hz))[inside] / samples
        scale = (2 / (samples * hann.square().sum())).sqrt() * whole.sqrt()
        self._keep("fourier", torch.cat([wave.cos(), wave.sin()], 1) * hann[:, None] * scale.repeat(2))
        self._keep("hz", hz[inside])
        edges = [(hz[inside] >= low) & (hz[inside] < high) for low, high in BANDS_HZ]
        self._keep("bands", torch.stack(edges, 1).double())
        self.bins = int(inside.sum())

        # The transform for the autocovariances is longer than the window by the greatest lag.
        longest = int(min(STRIDE_S[1] * rate_hz, LONGEST_LAG * samples)) + 1
        size = samples + longest + 1
        size += size % 2
        wave = 2 * math.pi * torch.arange(size // 2 + 1, dtype=torch.float64) / size
        self._keep("padded", torch.cat([(time[:, None] * wave).cos(), (time[:, None] * wave).sin()], 1))
        twice = torch.full((size // 2 + 1, 1), 2.0, dtype=torch.float64)
        twice[0] = twice[-1] = 1
        lags = torch.arange(longest + 1, dtype=torch.float64)
        self._keep("back", (wave[:, None] * lags).cos() * twice / size)
        self._keep("unbias", samples / (samples - lags))
        self.lags = longest + 1

    def _keep(self, name: str, values: torch.Tensor) -> None:
        """Register a constant, which a state dict does not hold."""
        self.register_buffer(name, values.float(), persistent=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the features of each window.

        Args:
            x: Windows (batch, 3, samples), g.

        Returns:
            Features (batch, len(FEATURE_NAMES)).
        """
        return self.curves(x)[0]

    def curves(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the features, and the curves that some of them come from.

        Args:
            x: Windows (batch, 3, samples), g.

        Returns:
            The features (batch, len(FEATURE_NAMES)). The logarithm of the power by frequency, of magnitude
            and vector (batch, 2, bins). The unbiased autocorrelation by lag, of magnitude and vector (batch,
            2, lags).
        """
        x = x.float()
        signals = torch.cat([x, x.square().sum(dim=1, keepdim=True).sqrt()], dim=1)
        mean = signals.mean(dim=2, keepdim=True)
        centred = signals - mean
        variance = centred.square().mean(dim=2)
        spectrum, power = self._spectrum(centred)
        periods, autocorrelation = self._periods(centred)
        blocks = [
            self._distribution(signals, centred, mean, variance),
            self._jerk(signals),
            _correlations(centred, variance),
            spectrum,
            periods,
        ]
        return torch.cat([block.flatten(1) for block in blocks], dim=1), power, autocorrelation

    def quantiles(self, signals: torch.Tensor, levels: Sequence[float]) -> torch.Tensor:
        """Return quantiles over time, interpolated between neighbouring values.

        Args:
            signals: (batch, channels, samples).
            levels: The quantiles, 0 to 1.

        Returns:
            (batch, channels, len(levels)).
        """
        ordered = signals.sort(dim=2).values
        place = [level * (self.samples - 1) for level in levels]
        below = [min(int(at), self.samples - 2) for at in place]
        share = torch.tensor([at - low for at, low in zip(place, below, strict=True)], device=signals.device)
        low, high = ordered[:, :, below], ordered[:, :, [low + 1 for low in below]]
        return low * (1 - share) + high * share

    def band_power(self, centred: torch.Tensor) -> torch.Tensor:
        """Return the power within each of `BANDS_HZ`.

        Args:
            centred: (batch, channels, samples), of mean 0.

        Returns:
            (batch, channels, bands).
        """
        return _power(centred, self.fourier) @ self.bands

    def _distribution(
        self, signals: torch.Tensor, centred: torch.Tensor, mean: torch.Tensor, variance: torch.Tensor
    ) -> torch.Tensor:
        quantiles = self.quantiles(signals, QUANTILES)
        moving = variance > CONSTANT
        safe = variance.where(moving, 1.0)
        square = centred.square()
        third, fourth = (centred * square).mean(dim=2), square.square().mean(dim=2)
        above = (centred > 0).float()
        crossings = (above[:, :, 1:] - above[:, :, :-1]).abs().sum(dim=2)
        rest = (
            third / (safe * safe.sqrt()),
            fourth / safe.square() - 3,
            crossings * (self.rate_hz / (self.samples - 1)),
        )
        scaled = torch.stack([part * moving for part in rest], dim=2)
        return torch.cat([mean, variance.sqrt()[:, :, None], quantiles, scaled], dim=2)

    def _jerk(self, signals: torch.Tensor) -> torch.Tensor:
        jerk = (signals[:, :, 1:] - signals[:, :, :-1]) * self.rate_hz
        spread = (jerk - jerk.mean(dim=2, keepdim=True)).square().mean(dim=2).sqrt()
        return torch.stack([jerk.abs().mean(dim=2), spread], dim=2)

    def _spectrum(self, centred: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        power = _power(centred, self.fourier)
        bands = log10_above(power @ self.bands, FLOOR)
        total = power.sum(dim=2)
        moving = total > CONSTANT
        share = power / total.where(moving, 1.0)[:, :, None]
        log_share = log10_above(share, LEAST_SHARE) * math.log(10)
        peak = power.argmax(dim=2, keepdim=True)
        dominant, _ = _parabola(log_share, peak)
        rest = (
            self.hz[0] + dominant[:, :, 0] * (self.rate_hz / self.samples),
            share.gather(2, peak)[:, :, 0],
            share @ self.hz,
            -(share * log_share).sum(dim=2) / math.log(self.bins),
        )
        scaled = torch.stack([part * moving for part in rest], dim=2)
        both = torch.stack([power[:, 3], power[:, :3].sum(dim=1)], dim=1)
        return torch.cat([bands, scaled], dim=2), log10_above(both, FLOOR)

    def _periods(self, centred: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        power = _power(centred, self.padded)
        covariance = torch.stack([power[:, 3], power[:, :3].sum(dim=1)], dim=1) @ self.back
        start = covariance[:, :, :1]
        moving = start > CONSTANT * self.samples
        biased = covariance / start.where(moving, 1.0) * moving
        unbiased = biased * self.unbias
        magnitude, vector = unbiased[:, 0], unbiased[:, 1]

        # At half of an odd lag the magnitude is read between two samples.
        first = biased[:, 0]
        between = torch.stack([first[:, :-1], 0.5 * (first[:, :-1] + first[:, 1:])], dim=2).flatten(1)
        choice = biased.sum(dim=1) + between[:, : self.lags]
        stride, together = self._repeat(choice, magnitude + vector, STRIDE_S)
        step, step_height = self._repeat(first, magnitude, STEP_S)
        at = (stride * self.rate_hz).round().long()
        heights = (
            together - magnitude.gather(1, at),
            magnitude.gather(1, at),
            vector.gather(1, at.div(2, rounding_mode="floor")),
        )
        return torch.cat([stride, *heights, step, step_height], dim=1), unbiased

    def _repeat(
        self, choice: torch.Tensor, curve: torch.Tensor, range_s: tuple[float, float]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        first = max(math.ceil(range_s[0] * self.rate_hz), 1)
        last = min(int(range_s[1] * self.rate_hz), choice.shape[1] - 2)
        middle = choice[:, first : last + 1]
        summit = (middle >= choice[:, first - 1 : last]) & (middle > choice[:, first + 1 : last + 2])
        peak = first + (middle - 4 * (~summit).float()).argmax(dim=1, keepdim=True)
        place, height = _parabola(curve[:, None], peak[:, :, None])
        return place[:, 0] / self.rate_hz, height[:, 0]


def log10_above(values: torch.Tensor, floor: float) -> torch.Tensor:
    """Return log10(values + floor), written so that no exporter takes the floor for 0 and drops it.

    Args:
        values: Values of 0 or more.
        floor: A small number above 0.

    Returns:
        Values of the same shape.
    """
    return (values * (1 / floor) + 1).log10() + math.log10(floor)


def _power(signals: torch.Tensor, waves: torch.Tensor) -> torch.Tensor:
    cosine, sine = (signals @ waves).chunk(2, dim=2)
    return cosine.square() + sine.square()


def _correlations(centred: torch.Tensor, variance: torch.Tensor) -> torch.Tensor:
    one, other = [0, 0, 1], [1, 2, 2]
    covariance = (centred[:, one] * centred[:, other]).mean(dim=2)
    moving = (variance[:, one] > CONSTANT) & (variance[:, other] > CONSTANT)
    scale = variance[:, one] * variance[:, other]
    return covariance / scale.where(moving, 1.0).sqrt() * moving


def _parabola(curve: torch.Tensor, peak: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return place and height (n, c, 1) of the summit of a parabola, see `signals.features.motion`."""
    at = peak.clamp(1, curve.shape[2] - 2)
    left, centre, right = (curve.gather(2, at + step) for step in (-1, 0, 1))
    bend = left - 2 * centre + right
    curved = (bend < 0) & (peak == at)
    shift = (0.5 * (left - right) / bend.where(curved, -1.0) * curved).clamp(-1, 1)
    height = torch.where(peak < at, left, torch.where(peak > at, right, centre))
    return peak + shift, height - 0.25 * (left - right) * shift
