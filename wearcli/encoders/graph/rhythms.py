"""The evidence for each heart rate in acceleration, segment by segment; nothing here is learned.

A good engineer filters to the band in which beats shake, takes the energy and the waves, and looks for the
rate that repeats best (BioWatch: Hernandez, McDuff & Picard, BSN 2015). This layer does the same over
segments. Each rate then gets its evidence: how well the curves come back after one interval and two, and not
after a half; and how strong its harmonics are (pitch is estimated like this: Bittner et al., ISMIR 2017).
"""

import math
from collections.abc import Callable

import torch
import torch.nn.functional as F
from scipy.signal import firwin
from torch import nn

# Hz: the slow rise and fall of each beat, its shaking, and what is faster.
BANDS_HZ = ((0.7, 4.0), (3.0, 11.0), (8.0, 20.0))
CURVE_HZ = 25.0  # least rate of the curves: about twice the highest frequency of the shaking
SEGMENT_S = 16.0  # two segments overlap by half
LOCAL_S = 2.0  # stretch over which stillness is measured
SMOOTH_S = 0.16  # of the energy
LOUD = 4.0  # an energy is cut off at this many times the usual one
WHITE_HZ = 2.0  # a spectrum is divided by its mean over this width
RATES = 61
BPM = 40.0 * (180.0 / 40.0) ** (torch.arange(RATES, dtype=torch.float64) / (RATES - 1))
INTERVALS = (1.0, 2.0, 0.5, 1.5)  # multiples of a rate's interval: do the curves come back after it?
HARMONICS = (1.0, 2.0, 3.0, 0.5)  # multiples of a rate whose power is taken
FLOOR_MG = 0.05
LEVELS = len(BANDS_HZ) + 4

# Energy of the shaking and of what is faster, the slow waves, those of the shaking: lags; then the spectra of
# the first three.
CURVES = 7
EVIDENCE = 4 * len(INTERVALS) + 3 * len(HARMONICS)


class Rhythms(nn.Module):
    """Compute the evidence for each rate of `BPM` in acceleration, segment by segment.

    Nothing here is learned.

    Args:
        samples: Samples of a window.
        rate_hz: Rate of the windows, Hz.
    """

    def __init__(self, samples: int, rate_hz: float) -> None:
        super().__init__()
        highest = 0.45 * rate_hz
        self.taps = 2 * round(0.5 * rate_hz) + 1
        # A slow sensor does not have the fast shaking: its band then moves down to what the sensor has.
        kernels = [
            firwin(self.taps, _within(band, highest), pass_zero=False, fs=rate_hz) for band in BANDS_HZ
        ]
        self._keep("bands", torch.stack([torch.from_numpy(k) for k in kernels])[:, None])
        self.step = max(1, int(rate_hz / CURVE_HZ))
        self.rate = rate_hz / self.step
        length = (samples - self.taps) // self.step + 1
        self.local, self.smooth = (2 * (round(s * self.rate) // 2) + 1 for s in (LOCAL_S, SMOOTH_S))
        self.size = min(2 * round(SEGMENT_S * self.rate / 2), 2 * (length // 2))
        time = torch.arange(self.size, dtype=torch.float64)
        hann = 0.5 - 0.5 * torch.cos(2 * math.pi * (time + 0.5) / self.size)
        # With padding to twice the length, the transform of the power is the autocovariance without wrapping.
        wave = math.pi * torch.arange(self.size + 1, dtype=torch.float64) / self.size
        angle = time[:, None] * wave
        self._keep("fourier", torch.cat([angle.cos(), angle.sin()], 1) * hann[:, None])
        self._keep("cosine", self._back(wave, hann, torch.cos))
        self._keep("sine", self._back(wave, hann, torch.sin))
        self.white = 2 * (round(WHITE_HZ / (self.rate / (2 * self.size))) // 2) + 1
        self._keep("bells", self._bells(wave * self.rate / (2 * math.pi)))

    def _back(
        self, wave: torch.Tensor, hann: torch.Tensor, wave_form: Callable[[torch.Tensor], torch.Tensor]
    ) -> torch.Tensor:
        """Return a matrix (bins, lags) from power to the unbiased autocovariance at the lags of each rate."""
        lags = torch.cat([share * 60 / BPM for share in INTERVALS]) * self.rate
        twice = torch.full((len(wave), 1), 2.0, dtype=torch.float64)
        twice[0] = twice[-1] = 1
        time = torch.arange(self.size, dtype=torch.float64)
        shifted = torch.stack([_hann_at(time + lag, self.size) for lag in lags])
        share = (shifted * hann).sum(dim=1) / hann.square().sum()
        return wave_form(wave[:, None] * lags) * twice / (2 * self.size) / share.clamp_min(0.1)

    def _bells(self, hz: torch.Tensor) -> torch.Tensor:
        """Return a matrix (bins, harmonics of all rates) to the mean power near each harmonic."""
        at = torch.cat([share * BPM / 60 for share in HARMONICS])
        width = (max(0.04, 0.5 * self.rate / self.size) ** 2 + (0.02 * at) ** 2).sqrt()
        bells = (-0.5 * ((hz[:, None] - at) / width) ** 2).exp()
        return bells / bells.sum(dim=0)

    def _keep(self, name: str, values: torch.Tensor) -> None:
        """Register a constant, which a state dict does not hold."""
        self.register_buffer(name, values.float(), persistent=False)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the evidence for each rate, and the levels of each segment.

        Args:
            x: Windows (batch, 3, samples), g.

        Returns:
            The evidence (batch, segments, curves, 4, rates): for each curve, the four `INTERVALS` or
            `HARMONICS` of each rate. The levels (batch, segments, LEVELS): logarithms of the power in each
            band and of all movement, then the direction of gravity.
        """
        gravity = x.mean(dim=2, keepdim=True)
        moving = 1000 * (x - gravity)  # in mg: an exporter takes a floor of 1e-8 for a zero
        bands = F.conv1d(moving.flatten(0, 1).unsqueeze(1), self.get_buffer("bands"), stride=self.step)
        bands = bands.unflatten(0, (-1, 3)).transpose(1, 2)  # (batch, bands, axes, length)
        power = bands.square().sum(dim=2)
        local = self._mean(power, self.local) + FLOOR_MG**2
        # The louder a movement is than usual, the less it counts.
        weight = (local.log().mean(dim=2, keepdim=True).exp() / local).clamp_max(1)
        energy = ((self._mean(power, self.smooth) - local) / local).clamp(-LOUD, LOUD) * weight
        waves = bands * (weight * local.rsqrt())[:, :, None]
        curves = torch.cat([energy[:, 1:], waves[:, :2].flatten(1, 2)], dim=1)  # two, then twice three axes
        segments = self._segments(curves)
        segments = segments - segments.mean(dim=3, keepdim=True)
        real, imaginary = (segments @ self.get_buffer("fourier")).chunk(2, dim=3)
        power = real.square() + imaginary.square()
        spectrum = torch.cat(
            [power[:, :2], power[:, 2:5].sum(dim=1, keepdim=True), power[:, 5:].sum(dim=1, keepdim=True)],
            dim=1,
        )
        whole = spectrum.sum(dim=3, keepdim=True) / self.size + 1e-3
        lagged = spectrum @ self.get_buffer("cosine") / whole
        turned = spectrum[:, 3:] @ self.get_buffer("sine") / whole[:, 3:]
        # The shaking has several waves a beat: take the size of its autocorrelation, whatever the phase.
        size = (lagged[:, 3:].square() + turned.square() + 1e-6).sqrt()
        lagged = torch.cat([lagged[:, :3], size], dim=1)
        parts = spectrum[:, :3]
        usual = self._mean(parts.flatten(1, 2), self.white).unflatten(1, (3, -1)) + 1e-3
        tones = (parts / usual).clamp_max(20) @ self.get_buffer("bells")
        evidence = torch.cat([lagged, tones], dim=1).unflatten(3, (4, RATES)).transpose(1, 2)
        loud = self._segments(local).mean(dim=3).log()
        moved = F.avg_pool1d(moving.square().sum(dim=1, keepdim=True), self.step)
        moved = self._segments(moved[..., : local.shape[2]]).mean(dim=3).add(FLOOR_MG**2).log()
        posture = gravity.expand(-1, -1, loud.shape[2])
        return evidence, torch.cat([loud, moved, posture], dim=1).transpose(1, 2)

    @staticmethod
    def _mean(curves: torch.Tensor, length: int) -> torch.Tensor:
        """Return the mean over `length` (odd) places around each place of (n, channels, places)."""
        return F.avg_pool1d(curves, length, stride=1, padding=length // 2, count_include_pad=False)

    def _segments(self, curves: torch.Tensor) -> torch.Tensor:
        """Cut (n, channels, length) into half overlapping segments (n, channels, segments, size)."""
        count = curves.shape[2] // (self.size // 2) - 1
        parts = [
            curves[..., begin:][..., : m * self.size].unflatten(2, (m, self.size))
            for begin, m in ((0, -(-count // 2)), (self.size // 2, count // 2))
            if m
        ]
        return torch.cat(parts, dim=2)


def _hann_at(time: torch.Tensor, size: int) -> torch.Tensor:
    """Return the Hann window at any time (samples); 0 beyond its end."""
    return torch.where(time < size - 0.5, 0.5 - 0.5 * torch.cos(2 * math.pi * (time + 0.5) / size), 0.0)


def _within(band: tuple[float, float], highest: float) -> tuple[float, float]:
    """Return the band, moved down where needed so that part of it is below `highest`."""
    high = min(band[1], highest)
    return min(band[0], 0.6 * high), high
