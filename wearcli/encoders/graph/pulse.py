"""The features of `signals.features.pulse` as a layer, so that the graph of a model can hold them."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from wearcli.encoders.graph.intervals import (
    BEYOND,
    interval_features,
    masked_deviation,
    masked_mean,
    quantile,
)
from wearcli.encoders.graph.normalise import standardise
from wearcli.signals.beats import BLOCK_S, EPSILON, LANDMARKS, Pulse, band_pass, most_beats
from wearcli.signals.features.pulse import (
    BANDS_HZ,
    FLOOR,
    PERIOD_RATE_HZ,
    PERIOD_S,
    PULSE_HZ,
    SEGMENT_S,
    TEMPLATE_POINTS,
    TEMPLATE_S,
    TINY,
    check_length,
)


class PulseFeatures(nn.Module):
    """Compute the pulse features, (batch, samples) -> (batch, len(feature_names(kind))).

    The numbers are those of `pulse_features`, except for rounding. Nothing here is learned.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.
        kind: The signal, ppg or ecg.

    Attributes:
        length: How many samples the average beat of `curves` has.
        lags: How many lags the autocorrelation of `curves` has.

    Raises:
        UsageError: The windows are shorter than 2 s.
    """

    taps: torch.Tensor
    offsets: torch.Tensor
    points: torch.Tensor
    spreads: torch.Tensor
    frames: torch.Tensor
    fourier: torch.Tensor
    bands: torch.Tensor
    hz: torch.Tensor

    def __init__(self, samples: int, rate_hz: float, kind: Pulse) -> None:
        super().__init__()
        check_length(samples, rate_hz)
        self.samples, self.rate_hz, self.kind, self.mark = samples, rate_hz, kind, LANDMARKS[kind]
        self.most = most_beats(samples, rate_hz)
        self._keep(
            "taps", torch.from_numpy(band_pass(rate_hz, self.mark.band_hz, self.mark.taps_s))[None, None]
        )
        low, high = (round(s * rate_hz) for s in TEMPLATE_S[kind])
        self.low, self.high, self.length = low, high, high - low
        self.register_buffer("offsets", torch.arange(low, high), persistent=False)
        self._keep("points", _parts(self.length, TEMPLATE_POINTS))
        self._keep("spreads", _parts(self.length, TEMPLATE_POINTS // 3))

        size = min(round(SEGMENT_S[kind] * rate_hz), samples)
        starts = torch.arange(0, samples - size + 1, size // 2)
        self.register_buffer("frames", starts[:, None] + torch.arange(size), persistent=False)
        hz = torch.arange(size // 2 + 1, dtype=torch.float64) * rate_hz / size
        inside = hz < BANDS_HZ[kind][-1][1]
        time = torch.arange(size, dtype=torch.float64)
        hann = 0.5 - 0.5 * torch.cos(2 * math.pi * time / size)
        wave = 2 * math.pi * time[:, None] * torch.arange(len(hz))[inside] / size
        scale = (2 / (size * hann.square().sum())).sqrt()
        self._keep("fourier", torch.cat([wave.cos(), wave.sin()], 1) * hann[:, None] * scale)
        self._keep("hz", hz[inside])
        edges = [(hz[inside] >= one) & (hz[inside] < other) for one, other in BANDS_HZ[kind]]
        self._keep("bands", torch.stack(edges, 1).double())
        pulse = torch.nonzero((hz[inside] >= PULSE_HZ[0]) & (hz[inside] < PULSE_HZ[1]))[:, 0]
        self.pulse = slice(int(pulse[0]), int(pulse[-1]) + 1)

        self.step = max(1, round(rate_hz / PERIOD_RATE_HZ))
        self.first, last = (round(s * rate_hz / self.step) for s in PERIOD_S)
        self.lags = last - self.first + 1
        self.slow = samples // self.step

    def _keep(self, name: str, values: torch.Tensor) -> None:
        """Register a constant, which a state dict does not hold."""
        self.register_buffer(name, values.float(), persistent=False)

    def forward(self, signal: torch.Tensor) -> torch.Tensor:
        """Return the features of each window.

        Args:
            signal: Windows (batch, samples), any unit.

        Returns:
            Features (batch, len(feature_names(kind))).
        """
        return self.curves(signal)[0]

    def curves(self, signal: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the features, and the curves beside them.

        Args:
            signal: Windows (batch, samples), any unit.

        Returns:
            The features (batch, len(feature_names(kind))), the average beat (batch, length) and the
            autocorrelation of the beats by lag (batch, lags).
        """
        x = standardise(signal.float()[:, None], EPSILON)[:, 0]
        curve, sign = self._curve(x)
        times, heights, there = self._beats(curve)
        upright = x * sign[:, None]
        average, spread, likeness, whole = self._average(upright, times, there)
        ordered = likeness.where(whole, BEYOND).sort(dim=1).values
        beats = [
            there.sum(dim=1).float() / (self.samples / self.rate_hz),
            masked_deviation(heights, there),
            masked_mean(likeness, whole),
            quantile(ordered, whole.sum(dim=1), 0.1),
        ]
        period, repeats = self._period(curve)
        blocks = [
            interval_features(times, there),
            torch.stack(beats, dim=1),
            average @ self.points,
            spread @ self.spreads,
            self._spectrum(x),
            period,
            self._distribution(upright),
        ]
        return torch.cat(blocks, dim=1), average, repeats

    def _curve(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        half = self.taps.shape[2] // 2
        passed = F.conv1d(F.pad(x[:, None], (half, half), mode="replicate"), self.taps)
        width = max(1, round(self.mark.smooth_s * self.rate_hz))
        ends = (width // 2, width - 1 - width // 2)
        if self.kind == "ecg":
            energy = F.avg_pool1d(F.pad(passed.square(), ends), width, 1).clamp_min(0).sqrt()
            return energy[:, 0], _sign(passed[:, 0].pow(3).mean(dim=1))
        around = F.pad(passed, (1, 1), mode="replicate")
        slope = around[:, :, 2:] - around[:, :, :-2]
        sign = _sign(slope[:, 0].pow(3).mean(dim=1))
        rise = (slope * sign[:, None, None]).clamp_min(0)
        return F.avg_pool1d(F.pad(rise, ends), width, 1)[:, 0], sign

    def _beats(self, curve: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the times of beats (batch, most) in s, their heights, and which of them are beats."""
        size = max(3, round(BLOCK_S * self.rate_hz))
        blocks = max(1, self.samples // size)
        tops = curve[:, : blocks * size].unflatten(1, (blocks, -1)).amax(dim=2).sort(dim=1).values
        usual = ((tops[:, (blocks - 1) // 2] + tops[:, blocks // 2]) / 2).clamp_min(EPSILON)[:, None]
        reach = round(self.mark.refractory_s * self.rate_hz)
        highest = F.max_pool1d(curve[:, None], 2 * reach + 1, 1, reach)[:, 0, 1:-1]
        inner = curve[:, 1:-1]
        peak = (inner >= highest) & (inner > curve[:, :-2]) & (inner >= curve[:, 2:])
        peak = F.pad(peak & (inner > self.mark.threshold * usual), (1, 1))
        order = torch.arange(self.samples, device=curve.device)
        place = order.where(peak, self.samples).float()
        place = place.topk(self.most, dim=1, largest=False, sorted=True).values.long()
        there = place < self.samples
        at = place.where(there, 1)
        left, middle, right = (curve.gather(1, at + step) for step in (-1, 0, 1))
        bend = left - 2 * middle + right
        shift = torch.where(bend < 0, 0.5 * (left - right) / bend.where(bend < 0, -1.0), 0.0)
        times = (at + shift.clamp(-0.5, 0.5)) / self.rate_hz
        return times * there, middle / usual * there, there

    def _average(
        self, upright: torch.Tensor, times: torch.Tensor, there: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
        """Return the average beat, the beats' spread and likeness, and which are whole in the window."""
        middle = (times * self.rate_hz).round().long()
        whole = there & (middle + self.low >= 0) & (middle + self.high <= self.samples)
        at = middle.where(whole, -self.low)[:, :, None] + self.offsets
        around = upright.gather(1, at.flatten(1)).unflatten(1, (self.most, self.length))
        weight = whole[:, :, None]
        count = whole.sum(dim=1).clamp_min(1)[:, None]
        average = (around * weight).sum(dim=1) / count
        spread = (((around - average[:, None]).square() * weight).sum(dim=1) / count).sqrt()
        ours = average - average.mean(dim=1, keepdim=True)
        theirs = around - around.mean(dim=2, keepdim=True)
        norm = (ours.square().sum(dim=1)[:, None] * theirs.square().sum(dim=2)).sqrt()
        likeness = (theirs * ours[:, None]).sum(dim=2) / norm.clamp_min(TINY)
        return average, spread, likeness * whole, whole

    def _spectrum(self, x: torch.Tensor) -> torch.Tensor:
        cosine, sine = (x[:, self.frames] @ self.fourier).chunk(2, dim=2)
        power = (cosine.square() + sine.square()).mean(dim=1)
        bands = (power @ self.bands / FLOOR + 1).log10()
        inside = power[:, self.pulse]
        share = inside / inside.sum(dim=1, keepdim=True).clamp_min(TINY)
        entropy = -(share * (share / TINY + 1).log()).sum(dim=1) - math.log(TINY) * share.sum(dim=1)
        hz = self.hz[self.pulse]
        rest = [hz[share.argmax(dim=1)], share.amax(dim=1), entropy / math.log(len(hz))]
        return torch.cat([bands, torch.stack(rest, dim=1)], dim=1)

    def _period(self, curve: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        slow = F.avg_pool1d(curve[:, None], self.step)
        slow = standardise(slow, EPSILON)[:, 0]
        lags = range(self.first, self.first + self.lags)
        products = [(slow[:, lag:] * slow[:, : self.slow - lag]).sum(dim=1) for lag in lags]
        heights = torch.stack(products, dim=1) / self.slow
        height, best = heights.max(dim=1)
        lag = (self.first + best).float() * (self.step / self.rate_hz)
        return torch.stack([lag, height], dim=1), heights

    def _distribution(self, upright: torch.Tensor) -> torch.Tensor:
        third, fourth = (upright.pow(k).mean(dim=1) for k in (3, 4))
        above = (upright > 0).float()
        crossings = (above[:, 1:] - above[:, :-1]).abs().sum(dim=1)
        return torch.stack([third, fourth - 3, crossings * (self.rate_hz / (self.samples - 1))], dim=1)


def _sign(value: torch.Tensor) -> torch.Tensor:
    return torch.where(value < 0, -1.0, 1.0)


def _parts(length: int, count: int) -> torch.Tensor:
    """Return a matrix (length, count) that gives the means of `numpy.array_split` of a row."""
    out = torch.zeros(length, count, dtype=torch.float64)
    for number, places in enumerate(np.array_split(np.arange(length), count)):
        out[places, number] = 1 / len(places)
    return out
