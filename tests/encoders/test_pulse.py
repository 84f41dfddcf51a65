"""The layer of beat statistics against the features it stands for, and the encoder around it."""

from functools import lru_cache

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pulse_oracle import hearts
from wearcli.encoders import build
from wearcli.encoders.graph import intervals
from wearcli.encoders.graph.pulse import PulseFeatures
from wearcli.encoders.pulse import LEARNED, STATISTICS, PulseEncoder
from wearcli.encoders.streams import FARTHEST
from wearcli.errors import UsageError
from wearcli.models.runtime import open_session
from wearcli.signals.beats import Pulse
from wearcli.signals.features.pulse import TEMPLATE_S, feature_names, interval_features, pulse_features
from wearcli.simulation.heart import Noise
from wearcli.training.export import JUMPING, WindowsFirst, parity, to_onnx

WINDOWS: list[tuple[Pulse, float, int]] = [
    *(("ecg", 128.0, 1280), ("ecg", 128.0, 3840), ("ecg", 250.0, 1250), ("ecg", 300.0, 600)),
    *(("ppg", 64.0, 1920), ("ppg", 64.0, 3840), ("ppg", 25.0, 500), ("ppg", 125.5, 917), ("ppg", 100.0, 301)),
]


@lru_cache
def spread(kind: Pulse, rate_hz: float, samples: int) -> np.ndarray:
    """The deviation of each feature over hearts."""
    values = hearts(kind, rate_hz, samples, n=30, seed=9)[0]
    return np.maximum(pulse_features(values, rate_hz, kind).std(axis=0), 1e-3)


def scaled_difference(values: np.ndarray, rate_hz: float, kind: Pulse) -> np.ndarray:
    """In deviations of each feature over hearts, which is how they reach the embedding."""
    samples = values.shape[1]
    found = PulseFeatures(samples, rate_hz, kind)(torch.from_numpy(values[:, :, 0])).numpy()
    return np.abs(found - pulse_features(values, rate_hz, kind)) / spread(kind, rate_hz, samples)


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), WINDOWS)
def test_statistics_are_the_features(kind: Pulse, rate_hz: float, samples: int) -> None:
    noises = (Noise(), Noise(0.1, 0.5), Noise(0.4, 1.0))
    values = np.concatenate([hearts(kind, rate_hz, samples, n=15, noise=noise)[0] for noise in noises])
    difference = scaled_difference(values, rate_hz, kind)
    # A share of beats moves by a step where an interval lies just on its edge: seldom.
    assert (difference.max(axis=1) > 2e-3).mean() <= 0.05
    assert (difference > 2e-3).mean() < 0.002


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), WINDOWS)
def test_statistics_of_noise_are_the_features_too(kind: Pulse, rate_hz: float, samples: int) -> None:
    noise = np.random.default_rng(1).normal(size=(60, samples, 1)).astype(np.float32)
    difference = scaled_difference(noise, rate_hz, kind)
    # A peak that just is one in 32 bits is none in 64.
    assert (difference.max(axis=1) > 2e-3).mean() <= 0.05
    assert (difference > 2e-3).mean() < 0.02


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), [WINDOWS[0], WINDOWS[4]])
def test_statistics_of_spoilt_windows_are_the_features_too(kind, rate_hz, samples) -> None:
    whole = hearts(kind, rate_hz, samples, n=12)[0]
    held, clipped = whole.copy(), np.minimum(whole, np.percentile(whole, 90, axis=1, keepdims=True))
    held[:, samples // 2 :] = held[:, samples // 2 - 1 : samples // 2]
    counts = np.rint(20_000 + 800 * whole)
    for values in (held, clipped, counts, np.zeros_like(whole)):
        difference = scaled_difference(values, rate_hz, kind)
        assert (difference > 2e-3).mean() < 0.002
        assert difference.max() < 0.5


@settings(max_examples=60, deadline=None)
@given(
    counts=st.lists(st.sampled_from([0, 1, 2, 3, 4, 7, 30]), min_size=1, max_size=5),
    spread=st.sampled_from([0.01, 0.1, 0.3]),
    seed=st.integers(0, 10**6),
)
def test_interval_statistics_are_the_interval_features(counts, spread, seed) -> None:
    rng = np.random.default_rng(seed)
    times = np.cumsum(0.8 * np.exp(spread * rng.normal(size=(len(counts), 32))), axis=1)
    there = np.arange(32) < np.array(counts)[:, None]
    expected = interval_features(np.where(there, times, np.nan))
    found = intervals.interval_features(torch.from_numpy(np.where(there, times, 0)), torch.from_numpy(there))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("kind", "rate_hz", "samples"), [WINDOWS[0], WINDOWS[4]])
def test_the_curves_are_a_beat_and_a_rhythm(kind: Pulse, rate_hz: float, samples: int) -> None:
    layer = PulseFeatures(samples, rate_hz, kind)
    values = torch.from_numpy(hearts(kind, rate_hz, samples)[0][:, :, 0])
    statistics, beat, rhythm = layer.curves(values)
    assert (beat.shape, rhythm.shape) == ((20, layer.length), (20, layer.lags))
    torch.testing.assert_close(statistics, layer(values))
    top = beat.argmax(dim=1) / rate_hz + TEMPLATE_S[kind][0]
    expected = 0.0 if kind == "ecg" else 0.07  # of a pulse the landmark is its rise
    assert (top - expected).abs().max() < 0.06
    names = list(feature_names(kind))
    torch.testing.assert_close(rhythm.amax(dim=1), statistics[:, names.index("period_height")])


def test_widths_and_parameters() -> None:
    assert PulseEncoder.dimension == LEARNED + STATISTICS == LEARNED + 89
    assert f"(batch, {PulseEncoder.dimension}): {LEARNED} learned numbers" in str(PulseEncoder.__doc__)
    for kind, rate_hz, samples in (WINDOWS[0], WINDOWS[4]):
        encoder = build("pulse", 2, samples, rate_hz=rate_hz, modality=kind)
        assert encoder(torch.randn(3, 2, samples)).shape == (3, PulseEncoder.dimension)
        assert sum(p.numel() for p in encoder.parameters()) < 1e6


def test_statistics_of_the_first_channel_are_part_of_the_embedding() -> None:
    torch.manual_seed(0)
    encoder = build("pulse", 2, 1280, rate_hz=128.0, modality="ecg")
    values = np.concatenate([hearts("ecg", 128.0, 1280, n=80)[0], np.zeros((80, 1280, 1))], axis=2)
    values[:, :, 1] = np.random.default_rng(0).normal(size=(80, 1280))
    seen = torch.from_numpy(values.astype(np.float32)).transpose(1, 2)
    with torch.no_grad():
        statistics, _, _ = encoder.fixed.curves(seen[:40, 0])
        for _ in range(300):
            encoder.norms[0](statistics)
        encoder.eval()
        found = encoder(seen).numpy()
        other = encoder(seen * torch.tensor([1.0, -3.0])[:, None] + 5).numpy()
    hand = pulse_features(values, 128.0, "ecg")
    told = hand[:40]
    expected = (hand - told.mean(axis=0)) / np.sqrt(told.var(axis=0, ddof=1) + 1e-5)
    expected = expected.clip(-FARTHEST, FARTHEST)
    wrong = np.abs(found[:, LEARNED:] - expected) > 0.05
    assert wrong.mean() < 0.002
    # The second channel is seen by the convolutions alone.
    np.testing.assert_allclose(other[:, LEARNED:], found[:, LEARNED:], atol=0.05)
    assert np.abs(other[:, :LEARNED] - found[:, :LEARNED]).max() > 0.01


def test_every_parameter_learns_and_a_window_alone_is_as_in_a_batch() -> None:
    torch.manual_seed(0)
    encoder = build("pulse", 1, 640, rate_hz=64.0, modality="ppg")
    values = torch.from_numpy(hearts("ppg", 64.0, 640)[0]).transpose(1, 2)
    encoder(values).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters() if p.dim() > 1)
    encoder.eval()
    with torch.no_grad():
        together = encoder(values)
        alone = torch.cat([encoder(window[None]) for window in values])
    torch.testing.assert_close(together, alone, atol=1e-4, rtol=1e-4)


@pytest.mark.slow
def test_the_graph_gives_what_torch_gives(tmp_path, monkeypatch) -> None:
    # Every lag is several nodes: of all 49 the export takes a minute.
    monkeypatch.setattr("wearcli.encoders.graph.pulse.PERIOD_S", (0.3, 0.4))
    torch.manual_seed(0)
    module = WindowsFirst(build("pulse", 1, 640, rate_hz=64.0, modality="ppg"))
    values = hearts("ppg", 64.0, 640, n=200)[0]
    with torch.no_grad():
        for _ in range(30):  # its averages; without them the embedding is far from 1
            module(torch.from_numpy(values[:100]))
    module.eval()
    to_onnx(module, tmp_path / "model.onnx", (2, 640, 1))
    noise = np.random.default_rng(0).normal(size=(200, 640, 1)).astype(np.float32)
    flat = np.stack([np.full((640, 1), level, np.float32) for level in (0, 3.7, 20_000)])
    windows = np.concatenate([values, noise, flat])
    differences, dimension = parity(module, tmp_path / "model.onnx", windows)
    assert dimension == PulseEncoder.dimension
    assert np.median(differences) < 1e-4
    assert (differences > PulseEncoder.rounding).mean() <= JUMPING
    (found,) = open_session(tmp_path / "model.onnx").run(None, {"windows": windows})
    assert np.isfinite(found).all()
    assert found[:, :LEARNED].std() > 0.05


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"modality": "acc"}, "takes PPG and ECG, not acceleration: --encoder fast"),
        ({"modality": "ecg", "revin": True}, "normalises by itself: leave --revin out"),
        ({"modality": "ppg", "samples": 255}, "255 samples are too short.* needs 256"),
        ({"modality": "ecg", "rate_hz": 500.0, "samples": 512}, r"windows of 1\.02 s .* --window of 2 s"),
        ({"modality": "ecg", "rate_hz": 16.0, "samples": 512}, "beats do not show at 16 Hz"),
    ],
)
def test_what_it_cannot_take_is_refused(options: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        build("pulse", **{"channels": 1, "samples": 1280, "rate_hz": 128.0, **options})
