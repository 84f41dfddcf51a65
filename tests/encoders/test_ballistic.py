"""The rhythms of weak beats in acceleration, against beats that were put there."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.encoders import build
from wearcli.encoders.graph.rhythms import BPM, HARMONICS, INTERVALS, Rhythms
from wearcli.errors import UsageError
from wearcli.models.runtime import open_session
from wearcli.training.export import WindowsFirst, to_onnx


def shaken(
    bpm: float, rate_hz: float, height_mg: float, noise_mg: float, seconds: float = 60
) -> torch.Tensor:
    """(1, 3, samples) g: a damped wave of 7 Hz each beat along one direction, on gravity along another."""
    rng = np.random.default_rng(0)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    since = time % (60 / bpm)
    beat = height_mg / 1000 * np.sin(2 * np.pi * 7 * since) * np.exp(-since / 0.1)
    direction, gravity = np.array([0.6, 0.64, 0.48]), np.array([0.0, 0.6, 0.8])
    values = gravity[:, None] + direction[:, None] * beat + rng.normal(0, noise_mg / 1000, (3, len(time)))
    return torch.from_numpy(values.astype(np.float32))[None]


@settings(max_examples=25, deadline=None)
@given(bpm=st.floats(45, 170), rate=st.sampled_from([32.0, 50.0, 64.0, 100.0]))
def test_the_rate_of_the_beats_is_spoken_for(bpm: float, rate: float) -> None:
    evidence, _ = Rhythms(round(60 * rate), rate)(shaken(bpm, rate, 5.0, 0.5))
    mean = evidence[0].mean(dim=0)  # (curves, 4, rates)
    near = torch.nonzero((BPM / bpm).log().abs() < 0.15)[:, 0]
    for curve in (0, 3, 4):  # the energy of the shaking, its waves, and the spectrum of that energy
        once, twice, half = mean[curve][:3]
        at = int(near[once[near].argmax()])
        assert float(BPM[at]) == pytest.approx(bpm, rel=0.06)  # two places of the grid
        if curve != 4:
            # Multiples of the interval repeat as well, and nothing much better than the beat itself.
            assert once[at] > 0.8 * once.max()
            assert twice[at] > half[at]  # curves come back after two intervals, not after a half


def test_autocorrelation_of_a_wave_is_a_cosine() -> None:
    """Of a sine of f Hz, at the lag T: cos(2 pi f T) of its power, whatever its phase."""
    rhythms = Rhythms(3000, 50.0)
    time = torch.arange(rhythms.size, dtype=torch.float64) / rhythms.rate
    lags = torch.cat([share * 60 / BPM for share in INTERVALS])
    for hz, phase in ((1.1, 0.3), (2.7, 2.0), (5.3, 1.0)):
        wave = (2 * math.pi * hz * time + phase).cos().float()
        real, imaginary = (wave @ rhythms.get_buffer("fourier")).chunk(2)
        power = real.square() + imaginary.square()
        lagged = power @ rhythms.get_buffer("cosine") / (power.sum() / rhythms.size)
        expected = (2 * math.pi * hz * lags).cos().float()
        torch.testing.assert_close(lagged, expected, atol=0.02, rtol=0)
        turned = power @ rhythms.get_buffer("sine") / (power.sum() / rhythms.size)
        size = (lagged.square() + turned.square()).sqrt()
        torch.testing.assert_close(size, torch.ones_like(size), atol=0.02, rtol=0)


def test_tones_are_means_of_the_power_about_each_harmonic() -> None:
    rhythms = Rhythms(3000, 50.0)
    bells = rhythms.get_buffer("bells")
    torch.testing.assert_close(bells.sum(dim=0), torch.ones(bells.shape[1]))
    hz = torch.arange(rhythms.size + 1) * rhythms.rate / (2 * rhythms.size)
    at = torch.cat([share * BPM / 60 for share in HARMONICS]).float()
    centre = (bells * hz[:, None]).sum(dim=0)
    inside = at < hz[-1] - 0.5
    torch.testing.assert_close(centre[inside], at[inside], atol=0.02, rtol=0)


def test_how_loud_does_not_change_the_rhythm_and_is_told() -> None:
    rhythms = Rhythms(3000, 50.0)
    quiet, loud = (rhythms(shaken(70, 50.0, height, 0.02 * height)) for height in (20.0, 200.0))
    torch.testing.assert_close(quiet[0], loud[0], atol=0.1, rtol=0.02)
    difference = (loud[1] - quiet[1])[0, :, 1].mean()
    assert float(difference) == pytest.approx(2 * math.log(10), rel=0.05)
    torch.testing.assert_close(quiet[1][0, :, -3:].mean(0), torch.tensor([0.0, 0.6, 0.8]), atol=1e-2, rtol=0)


def test_a_turned_sensor_hears_the_same() -> None:
    rhythms = Rhythms(3000, 50.0)
    x = shaken(70, 50.0, 5.0, 0.5)
    turn = torch.linalg.qr(torch.randn(3, 3, generator=torch.Generator().manual_seed(0)))[0]
    torch.testing.assert_close(rhythms(x)[0], rhythms(turn @ x)[0], atol=5e-3, rtol=1e-2)


def test_a_knock_changes_its_own_segments_alone() -> None:
    rhythms = Rhythms(6000, 50.0)
    still, knocked = (shaken(70, 50.0, 5.0, 0.2, seconds=120) for _ in range(2))
    knocked[:, :, 3000:3010] += 0.3
    evidence = [rhythms(x)[0][0, :, [0, 3]] for x in (still, knocked)]
    apart = (evidence[0] - evidence[1]).abs().amax(dim=(1, 2, 3))
    assert int((apart > 0.05).sum()) <= 3
    # And where it is the beats are still heard: 10 samples of 800 do not drown them.
    once = rhythms(knocked)[0][0, :, 0, 0]
    assert (once[:, int((BPM - 70).abs().argmin())] > 0.3).all()


@pytest.mark.parametrize(
    ("samples", "rate"), [(400, 50.0), (600, 50.0), (1920, 32.0), (3840, 64.0), (200, 25.0)]
)
def test_shapes_batches_and_flat_windows(samples: int, rate: float) -> None:
    torch.manual_seed(0)
    encoder = build("ballistic", samples=samples, rate_hz=rate).eval()
    x = torch.randn(4, 3, samples) * 0.01
    together = encoder(x)
    assert together.shape == (4, encoder.dimension)
    torch.testing.assert_close(together, torch.cat([encoder(row[None]) for row in x]), atol=1e-4, rtol=1e-3)
    for flat in (torch.zeros(2, 3, samples), torch.ones(2, 3, samples)):
        assert torch.isfinite(encoder(flat)).all()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"samples": 300}, "windows of 6 s have too few beats .* give a --window of 8 s or more"),
        ({"samples": 3000, "revin": True}, "--revin"),
        ({"samples": 3000, "channels": 1, "modality": "ppg"}, "takes acceleration, not PPG: --encoder pulse"),
    ],
)
def test_what_it_does_not_take_is_said(options: dict, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        build("ballistic", rate_hz=50.0, **options)


def test_the_graph_gives_what_torch_gives_at_any_batch_and_of_still_windows(tmp_path) -> None:
    """A graph whose shapes had the batch of the example in them took that batch alone."""
    torch.manual_seed(0)
    encoder = build("ballistic", samples=600, rate_hz=50.0)
    rng = np.random.default_rng(0)
    windows = rng.normal(scale=0.002, size=(9, 600, 3)).astype(np.float32) + np.float32([0, 0.6, 0.8])
    windows[3:5] = [[[0, 0, 1.0]], [[0.5, 0.5, 0.7]]]  # a sensor that lies still
    windows[5] = np.round(windows[5] / 0.0156) * 0.0156
    for _ in range(3):
        encoder(torch.from_numpy(windows).transpose(1, 2))
    to_onnx(WindowsFirst(encoder).eval(), tmp_path / "model.onnx", (2, 600, 3))
    session = open_session(tmp_path / "model.onnx")
    with torch.no_grad():
        expected = encoder(torch.from_numpy(windows).transpose(1, 2)).numpy()
    for batch in (1, 4, 9):
        (found,) = session.run(["embedding"], {"windows": windows[:batch]})
        np.testing.assert_allclose(found, expected[:batch], atol=encoder.rounding)
