"""How well patterns fit: against loops, and what must hold of them."""

import math

import numpy as np
import pytest
import torch

from tests.encoders.graph.test_readings import seen
from tests.test_features import walk
from wearcli.encoders.graph.patterns import (
    CHANNELS,
    DILATIONS,
    FITS,
    NOISE,
    PATTERNS,
    PER_DILATION,
    SOFTNESS,
    STRIDE,
    Patterns,
)
from wearcli.encoders.graph.readings import by_gravity


def signals(windows: np.ndarray) -> torch.Tensor:
    """(n, samples, 3) -> (n, CHANNELS, samples), as the encoder has them."""
    x = seen(windows)
    along, across = by_gravity(x)
    lengths = [each.square().sum(dim=1, keepdim=True).sqrt() for each in (x, across)]
    return torch.cat([x, lengths[0], along[:, None], lengths[1]], dim=1)


@pytest.mark.parametrize(("samples", "rate_hz"), [(250, 50.0), (64, 20.0)])
def test_fits_are_those_of_a_loop(samples: int, rate_hz: float) -> None:
    module = Patterns(samples).eval()
    windows = signals(walk(3, samples, rate_hz))
    found = module(windows).numpy()
    assert found.shape == (3, FITS)
    for window, row in zip(windows.numpy().astype(float), found, strict=True):
        expected: list[float] = []
        for k, dilation in enumerate(module.dilations):
            soft, own = [], []
            for weights in module.weights[k * PER_DILATION : (k + 1) * PER_DILATION].numpy().astype(float):
                last = samples - 8 * dilation
                fit = np.array(
                    [
                        sum(
                            weights[c, tap] * window[c, at + tap * dilation]
                            for c in range(CHANNELS)
                            for tap in range(9)
                        )
                        for at in range(0, last, STRIDE)
                    ]
                )
                # Untrained, the normalisation divides by sqrt(1 + 1e-5).
                scale = math.sqrt(np.mean(fit**2) + NOISE)
                soft.append(np.mean(1 / (1 + np.exp(-fit / math.sqrt(1 + 1e-5) / SOFTNESS))))
                own.append(np.mean(1 / (1 + np.exp(-fit / scale / SOFTNESS))))
            expected += [*soft, *own]
        np.testing.assert_allclose(row, expected, rtol=1e-4, atol=1e-4)


def test_a_constant_signal_fits_half_of_the_time() -> None:
    for level in ([0, 0, 1], [0.6, 0, -0.8]):
        found = Patterns(250).eval()(signals(np.tile(np.float32(level), (1, 250, 1))))
        np.testing.assert_allclose(found, 0.5, atol=1e-3)


def test_the_longest_pattern_lies_within_the_window() -> None:
    for samples in (64, 100, 250, 1000):
        module = Patterns(samples)
        assert len(module.dilations) == DILATIONS
        assert module.dilations[0] == 1
        assert 8 * module.dilations[-1] < samples
        assert samples > 200 or module.dilations[-1] >= samples // 12


def test_all_encoders_have_the_same_patterns_whatever_was_drawn_before() -> None:
    torch.manual_seed(1)
    one = Patterns(250)
    torch.manual_seed(2)
    torch.rand(10)
    assert torch.equal(one.weights, Patterns(100).weights)
    # Each sums to 0 in each channel, and no two of one length are alike.
    assert one.weights.sum(dim=2).abs().max() == 0
    drawn = {(k // PER_DILATION, tuple(each.flatten().tolist())) for k, each in enumerate(one.weights)}
    assert len(drawn) == PATTERNS
    used = one.weights.abs().amax(dim=2) > 0
    assert set(used.sum(dim=1).tolist()) == {1, 2}
    assert used.any(dim=0).all()


def test_a_signal_turned_over_fits_the_rest_of_the_time() -> None:
    module = Patterns(250).eval()
    windows = signals(walk(4, 250, 50.0))
    np.testing.assert_allclose(module(windows) + module(-windows), 1.0, atol=1e-5)


def test_drawing_patterns_leaves_the_global_generator_alone() -> None:
    torch.manual_seed(3)
    expected = torch.rand(1)
    torch.manual_seed(3)
    Patterns(250)
    assert torch.equal(torch.rand(1), expected)
