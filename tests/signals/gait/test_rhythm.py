"""Stride times and regularity against walks of known strides, and a slow loop over lags."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.signals.gait.make import RATE_HZ, trunk
from wearcli.signals.gait.rhythm import BAND_HZ, autocorrelation, rhythm, usual_stride_s
from wearcli.signals.gait.trunk import steps, vertical


@settings(max_examples=60, deadline=None)
@given(stride=st.floats(0.85, 1.6), seed=st.integers(0, 999))
def test_the_stride_of_a_walk(stride: float, seed: int) -> None:
    """People who stride fast shake more: the size follows the line, give or take."""
    rng = np.random.default_rng(seed)
    size = (stride / 0.8) ** (1 / -0.233) * rng.uniform(0.7, 1.5)
    values = trunk(stride, size_g=size, noise_g=0.05 * size, seed=seed)
    result = rhythm(values[None], RATE_HZ)
    assert result.stride_s[0] == pytest.approx(stride, rel=0.01)
    assert result.regularity[0] > 0.8


@pytest.mark.parametrize("limp", [0.0, 0.3, 0.6])
def test_a_lame_walk_has_its_stride(limp: float) -> None:
    for seed in range(5):
        values = trunk(1.3, size_g=0.15, limp=limp, seed=seed)
        assert rhythm(values[None], RATE_HZ).stride_s[0] == pytest.approx(1.3, rel=0.01)


@pytest.mark.parametrize(("stride", "size"), [(0.65, 1.2), (0.75, 0.9)])
def test_a_run(stride: float, size: float) -> None:
    values = trunk(stride, size_g=size)
    assert rhythm(values[None], RATE_HZ).stride_s[0] == pytest.approx(stride, rel=0.01)


def test_slow_shuffling() -> None:
    """Small and slow, as of a frail person: 60 steps a minute."""
    values = trunk(2.0, seconds=12.0, size_g=0.04, noise_g=0.01)
    assert rhythm(values[None], RATE_HZ).stride_s[0] == pytest.approx(2.0, rel=0.01)


def test_nothing_repeats_in_noise_and_stillness() -> None:
    rng = np.random.default_rng(0)
    noise = np.array([0, 0, 1.0]) + rng.normal(scale=0.1, size=(20, 500, 3))
    assert rhythm(noise, RATE_HZ).regularity.max() < 0.5
    still = rhythm(np.tile(np.array([0, 0, 1.0]), (1, 500, 1)), RATE_HZ)
    assert np.isnan(still.stride_s[0])
    assert still.regularity[0] == 0
    assert len(rhythm(np.zeros((0, 500, 3)), RATE_HZ).stride_s) == 0


def test_autocorrelation_against_a_loop() -> None:
    """The band by a discrete Fourier sum of the padded signal, each lag by a loop."""
    values = np.random.default_rng(1).normal(size=(1, 60, 2))
    curve = autocorrelation(values, 20.0, BAND_HZ, 1.0)[0]
    ramp = np.linspace(-1, 1, 60)
    total = np.zeros(len(curve))
    for channel in range(2):
        signal = values[0, :, channel] - values[0, :, channel].mean()
        signal = signal - ramp * (signal @ ramp) / (ramp @ ramp)
        padded = np.zeros(120)
        padded[:60] = signal
        hz = np.fft.fftfreq(120, 1 / 20)
        inside = (np.abs(hz) >= BAND_HZ[0]) & (np.abs(hz) <= BAND_HZ[1])
        turns = [np.exp(-2j * np.pi * np.arange(120) * k / 120) for k in range(120)]
        energy = np.abs([np.sum(padded * turn) for turn in turns]) ** 2
        for lag in range(len(curve)):
            total[lag] += sum(energy[k] * np.cos(2 * np.pi * k * lag / 120) for k in range(120) if inside[k])
    expected = total / total[0] * 60 / (60 - np.arange(len(curve)))
    np.testing.assert_allclose(curve, expected, atol=1e-9)


def test_steps_against_the_formula_of_moe_nilssen() -> None:
    """The unbiased autocorrelation of the vertical, by a loop, at a step and a stride."""
    stride, limp = 1.2, 0.3
    values = trunk(stride, limp=limp, seed=3)[None]
    up = vertical(values)[0]
    n = len(up)
    curve = [sum(up[i] * up[i + m] for i in range(n - m)) / (n - m) for m in range(70)]
    one, two = (max(curve[m - 3 : m + 4]) / curve[0] for m in (30, 60))
    result = steps(values, RATE_HZ, np.array([stride]))
    assert result.step_regularity[0] == pytest.approx(one, abs=0.01)
    assert result.stride_regularity[0] == pytest.approx(two, abs=0.01)
    assert result.symmetry[0] == pytest.approx(one / two, abs=0.02)
    assert result.step_s[0] == pytest.approx(stride / 2, abs=0.02)


def test_symmetry_falls_with_a_limp_and_is_one_without() -> None:
    """The closed form: steps of 1 + l and 1 - l have 1 - l^2 in common, of 1 + l^2."""
    symmetry = []
    for limp in (0.0, 0.2, 0.4, 0.6):
        values = trunk(1.1, limp=limp, noise_g=0.005)[None]
        symmetry.append(steps(values, RATE_HZ, np.array([1.1])).symmetry[0])
    assert symmetry[0] == pytest.approx(1, abs=0.03)
    assert np.all(np.diff(symmetry) < 0)


def test_steps_of_no_stride_are_not_known() -> None:
    result = steps(trunk(1.1)[None], RATE_HZ, np.array([np.nan]))
    assert np.isnan([result.step_s[0], result.step_regularity[0], result.symmetry[0]]).all()


def test_who_shakes_more_strides_faster() -> None:
    usual = usual_stride_s(np.array([0.0, 0.01, 0.2, 1.0]))
    assert usual.tolist() == pytest.approx([1.7, 1.7, 0.8 * 0.2**-0.233, 0.8])
