"""The layer of statistics against the features it stands for, and the encoder around it."""

import numpy as np
import pytest
import torch

from tests.test_features import walk
from wearcli.encoders import build
from wearcli.encoders.graph.cycle import CYCLES, rhythmic
from wearcli.encoders.graph.motion import MotionFeatures
from wearcli.encoders.graph.readings import SLOPE, SOFTNESS
from wearcli.encoders.streams import FARTHEST, LEARNED, READ, REPEATS, STRIDE
from wearcli.errors import UsageError
from wearcli.models.runtime import open_session
from wearcli.signals.features.motion import FEATURE_NAMES, STRIDE_S, features
from wearcli.training.export import WindowsFirst, parity, to_onnx


def quiet(n: int, samples: int, seed: int = 1) -> np.ndarray:
    """(n, samples, 3) g: a watch on a table, in steps of a few mg, some of it without any change."""
    rng = np.random.default_rng(seed)
    posture = rng.normal(size=(n, 1, 3))
    posture /= np.linalg.norm(posture, axis=2, keepdims=True)
    noise = rng.choice([0.0, 1e-4, 0.003], (n, 1, 1)) * rng.normal(size=(n, samples, 3))
    return (np.round((posture + noise) * 256) / 256).astype(np.float32)


def scaled_difference(windows: np.ndarray, rate_hz: float) -> np.ndarray:
    """In deviations of each feature over walking windows, which is how they reach the embedding."""
    layer = MotionFeatures(windows.shape[1], rate_hz)
    found = layer(torch.from_numpy(windows).transpose(1, 2)).numpy()
    spread = features(walk(200, windows.shape[1], rate_hz, seed=9), rate_hz).std(axis=0)
    return np.abs(found - features(windows, rate_hz)) / np.maximum(spread, 1e-3)


@pytest.mark.parametrize(
    ("samples", "rate_hz"), [(250, 50.0), (256, 100.0), (301, 50.0), (64, 20.0), (500, 50.0), (100, 100.0)]
)
def test_statistics_are_the_features(samples: int, rate_hz: float) -> None:
    assert scaled_difference(walk(300, samples, rate_hz), rate_hz).max() < 2e-3


def test_statistics_of_quiet_windows_are_the_features_too() -> None:
    difference = scaled_difference(quiet(300, 250), 50.0)
    # Of a single step of 4 mg a fourth moment is half rounding, and a peak may be found elsewhere: seldom.
    assert (difference.max(axis=1) > 2e-3).mean() < 0.1
    assert (difference > 2e-3).mean() < 0.002
    constant = np.tile(np.float32([0, 0, 1]), (2, 250, 1))
    assert scaled_difference(constant, 50.0).max() < 2e-3


def test_the_graph_keeps_the_floor_under_a_quiet_spectrum(tmp_path) -> None:
    """An exporter took the 1e-8 for a zero once: quiet windows had a logarithm of nothing.

    The whole encoder is exported in training/test_methods.py; that takes ten times as long.
    """
    module = WindowsFirst(MotionFeatures(250, 50.0)).eval()
    to_onnx(module, tmp_path / "model.onnx", (2, 250, 3))
    windows = np.concatenate([quiet(60, 250), walk(60, 250, 50.0)])
    differences, dimension = parity(module, tmp_path / "model.onnx", windows)
    assert dimension == len(FEATURE_NAMES)
    assert (differences[60:] < 1e-3).all()
    (found,) = open_session(tmp_path / "model.onnx").run(None, {"windows": windows})
    logarithms = [i for i, name in enumerate(FEATURE_NAMES) if "log_power" in name]
    np.testing.assert_allclose(
        found[:, logarithms], features(windows, 50.0)[:, logarithms], rtol=1e-3, atol=1e-3
    )


def test_readings_are_part_of_the_embedding() -> None:
    torch.manual_seed(0)
    encoder = build("streams")
    windows = walk(400, 250, 50.0)
    seen = torch.from_numpy(windows).transpose(1, 2)
    with torch.no_grad():
        for _ in range(300):
            encoder.norms[0](encoder.fixed(seen[:200]))
        found = encoder.eval()(seen).numpy()[:, LEARNED:]
        assert found.shape == (400, READ)
        # Not normalised yet: the mean and deviation of no window.
        magnitude = seen.square().sum(dim=1, keepdim=True).sqrt()
        statistics = encoder.fixed(seen)
        more = encoder.more(seen, magnitude, statistics[:, STRIDE : STRIDE + 1])
        more = more.clamp(-FARTHEST, FARTHEST)
        more[:, -CYCLES:] *= rhythmic(statistics[:, REPEATS])
    hand = features(windows, 50.0)
    told = hand[:200]
    expected = (hand - told.mean(axis=0)) / np.sqrt(told.var(axis=0, ddof=1) + 1e-5)
    expected = expected.clip(-FARTHEST, FARTHEST)[:, None]
    sides = np.tanh((expected - np.array([[-1], [0], [1]])) / SOFTNESS) + SLOPE * expected
    sides = sides.reshape(400, -1)
    np.testing.assert_allclose(found[:, : sides.shape[1]], sides, atol=0.05)
    np.testing.assert_allclose(found[:, sides.shape[1] :], more, rtol=1e-4, atol=1e-4)


def test_what_it_says_it_measures_is_the_lift_of_a_stride() -> None:
    encoder = build("streams").eval()
    windows = torch.from_numpy(walk(50, 250, 50.0)).transpose(1, 2)
    found = encoder(windows)[:, encoder.measures].detach()
    stride = features(windows.transpose(1, 2).numpy(), 50.0)[:, FEATURE_NAMES.index("stride_s")]
    stride = stride.clip(*STRIDE_S)
    there = rhythmic(encoder.fixed(windows)[:, REPEATS])[:, 0].numpy()
    assert (there == 1).mean() > 0.5
    np.testing.assert_allclose(found[:, -1], there * stride / 2, rtol=1e-3)
    np.testing.assert_allclose(found[:, -2], there * 2 / stride, rtol=1e-3)


def test_where_nothing_repeats_all_that_is_read_of_a_stride_is_its_mean() -> None:
    encoder = build("streams").eval()
    noise = 0.1 * np.random.default_rng(3).normal(size=(200, 250, 3)) + [0, 0, 1]
    windows = torch.from_numpy(np.float32(noise)).transpose(1, 2)
    silent = encoder.fixed(windows)[:, REPEATS].mean(dim=1) < 0.2
    found = encoder(windows)[:, encoder.measured_among].detach()
    assert silent.sum() > 190
    assert (found[silent] == 0).all()


@pytest.mark.parametrize(
    ("options", "says"), [({"channels": 1}, "not 1 channels"), ({"revin": True}, "gravity")]
)
def test_only_acceleration_as_it_is(options: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build("streams", **options)


def test_a_window_without_a_rhythm_is_refused() -> None:
    with pytest.raises(UsageError, match=r"windows of 0\.64 s have no rhythm"):
        build("streams", samples=64, rate_hz=100.0)
