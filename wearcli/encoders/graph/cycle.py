"""Readings of one stride: how a cyclic movement goes up and down, in harmonics of its own frequency.

A spectrum at fixed frequencies spreads a walk over bins that change with its cadence. Here the sine waves are
those of the stride itself, so that the readings do not depend on the speed of the walk. Their phases, which
no power spectrum has, show the shape: how long a foot stands and how hard it lands.
"""

import math

import torch

from wearcli.encoders.graph.motion import log10_above
from wearcli.signals.features.motion import STRIDE_S

HARMONICS = 8  # of the stride; the step is the second
LIFTS = 6
CYCLES = 4 * HARMONICS + 10 + 6 + LIFTS
LEAST_POWER = 1e-6  # g^2, added before a logarithm
QUIET = 1e-5  # g^2, added to a power that is divided by: about the noise of a good sensor
FAINT = 1e-3  # g, added to an amplitude that is divided by
LEAST_LIFT = 1e-3  # m, added before the logarithm
STANDARD_GRAVITY = 9.80665  # m/s^2 a g
# Autocorrelation at the stride: what white noise reaches by chance (at most .21), and what a walk has.
NO_RHYTHM, RHYTHM = 0.2, 0.5


def cycles(along: torch.Tensor, across: torch.Tensor, stride_s: torch.Tensor, rate_hz: float) -> torch.Tensor:
    """Return the readings of the stride of each window.

    They are, in this order:

    - For each harmonic of the stride's frequency, the logarithm of its power along and across gravity (g^2),
      and its share of all power.
    - The shape: products of harmonics in which the time of the first step cancels, as in a bispectrum. They
      are taken at three harmonics of the step and at two pairs of odd harmonics, as real and imaginary parts.
    - The shape of the movement across gravity at the first two harmonics of the step, squared so that its
      direction cancels too, with their shares.
    - The lift: how far the body rises and falls in a step, from integrating the step's wave twice (m). Then
      its root, its root times the step frequency, its logarithm, the step's frequency (Hz) and the step's
      time (s). The root times the step frequency goes with the walking speed of an inverted pendulum
      (Zijlstra and Hof 2003).

    Args:
        along: Movement along gravity (batch, samples), g, about 0.
        across: Movement across gravity (batch, 3, samples), g.
        stride_s: Time of a stride (batch, 1), s, as the features measure it.
        rate_hz: Rate of the windows, Hz.

    Returns:
        Readings (batch, CYCLES).
    """
    samples = along.shape[1]
    stride_s = stride_s.clamp(*STRIDE_S)
    time = (torch.arange(samples, device=along.device) + 0.5) / rate_hz
    hann = 0.5 - 0.5 * torch.cos(2 * math.pi * rate_hz / samples * time)
    hann = hann * (2 / hann.sum())
    number = torch.arange(1, HARMONICS + 1, device=along.device)
    angle = (2 * math.pi * number / stride_s)[:, :, None] * time  # (batch, HARMONICS, samples)
    # A harmonic beyond the Nyquist frequency would be the mirror image of another one.
    seen = (number / stride_s < rate_hz / 2).float()[:, :, None] * hann
    cosine, sine = angle.cos() * seen, -angle.sin() * seen

    moved = torch.cat([along[:, None], across], dim=1).transpose(1, 2)  # (batch, samples, 4)
    real, imaginary = cosine @ moved, sine @ moved  # (batch, HARMONICS, 4)
    power = real.square() + imaginary.square()
    up, wide = power[:, :, 0], power[:, :, 1:].sum(dim=2)
    up_all = 2 * along.square().mean(dim=1, keepdim=True) + QUIET
    wide_all = 2 * across.square().sum(dim=1).mean(dim=1, keepdim=True) + QUIET
    upward = (real[:, :, 0], imaginary[:, :, 0])
    # This turns the step's wave back to its start. Its powers turn the waves of higher harmonics.
    back = _powers(_conjugate(_direction((upward[0][:, 1], upward[1][:, 1]))), 4)
    return torch.cat(
        [
            log10_above(up, LEAST_POWER),
            log10_above(wide, LEAST_POWER),
            up / up_all,
            wide / wide_all,
            _shape(upward, back, up),
            _sideways((real[:, :, 1:], imaginary[:, :, 1:]), back, wide),
            _lift(up[:, 1:2].sqrt(), stride_s),
        ],
        dim=1,
    )


def rhythmic(repeats: torch.Tensor) -> torch.Tensor:
    """Return how clearly a window has a stride at all, from 0 to 1.

    In a window without a stride, the measured stride time is arbitrary, and so is every reading that uses it.

    Args:
        repeats: Autocorrelations at the stride (batch, n).

    Returns:
        (batch, 1).
    """
    return ((repeats.mean(dim=1, keepdim=True) - NO_RHYTHM) / (RHYTHM - NO_RHYTHM)).clamp(0, 1)


Complex = tuple[torch.Tensor, torch.Tensor]  # real and imaginary part: a graph has no complex numbers


def _times(one: Complex, other: Complex) -> Complex:
    """Return the product of two complex values."""
    return one[0] * other[0] - one[1] * other[1], one[0] * other[1] + one[1] * other[0]


def _conjugate(value: Complex) -> Complex:
    """Return the complex conjugate."""
    return value[0], -value[1]


def _direction(value: Complex) -> Complex:
    """Return the value scaled to length 1, or less where the value is faint."""
    length = (value[0].square() + value[1].square()).sqrt() + FAINT
    return value[0] / length, value[1] / length


def _powers(value: Complex, most: int) -> Complex:
    """Return the first to the `most`th power of a value (batch,), as (batch, most) parts."""
    powers = [value]
    for _ in range(most - 1):
        powers.append(_times(powers[-1], value))
    return torch.stack([one for one, _ in powers], dim=1), torch.stack([other for _, other in powers], dim=1)


def _shape(wave: Complex, back: Complex, power: torch.Tensor) -> torch.Tensor:
    """Return the shape along gravity (batch, 10), from wave, back and power of its harmonics."""
    square = power.sum(dim=1, keepdim=True) + QUIET
    size = square.sqrt()
    steps = _times(_at(wave, [3, 5, 7]), _at(back, [1, 2, 3]))
    strides = _times(_times(_at(wave, [0, 0]), _at(wave, [0, 2])), _conjugate(_at(wave, [1, 3])))
    cube = size * square
    pairs = [part / size for part in steps] + [part / cube for part in strides]
    return torch.cat([torch.stack(pair, dim=2).flatten(1) for pair in (pairs[:2], pairs[2:])], dim=1)


def _sideways(wave: Complex, back: Complex, power: torch.Tensor) -> torch.Tensor:
    """Return the shape across gravity (batch, 6), from wave (batch, HARMONICS, 3), back and power."""
    size = power.sum(dim=1, keepdim=True) + QUIET
    turn = _at(back, [0, 1])
    turned = _times(_at(wave, [1, 3]), (turn[0][:, :, None], turn[1][:, :, None]))
    square = [part.sum(dim=2) / size for part in _times(turned, turned)]
    return torch.stack([*square, power[:, [1, 3]] / size], dim=2).flatten(1)


def _at(value: Complex, harmonics: list[int]) -> Complex:
    """Return these harmonics of a value, counted from 0."""
    return value[0][:, harmonics], value[1][:, harmonics]


def _lift(amplitude: torch.Tensor, stride_s: torch.Tensor) -> torch.Tensor:
    """Return the lift (batch, LIFTS), from the amplitude of the step (g) and the time of the stride (s)."""
    step_hz = 2 / stride_s
    lift = 2 * amplitude * STANDARD_GRAVITY / (2 * math.pi * step_hz).square()
    root = lift.sqrt()
    return torch.cat(
        [lift, root, root * step_hz, log10_above(lift, LEAST_LIFT), step_hz, 0.5 * stride_s], dim=1
    )
