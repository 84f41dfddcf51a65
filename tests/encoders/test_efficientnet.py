"""The one-dimensional EfficientNet: the published numbers, what it sees, and its graph."""

import numpy as np
import pytest
import torch
from torch import nn

from tests.pulse_oracle import hearts
from wearcli.encoders import ENCODERS, build
from wearcli.encoders.efficientnet import FIFTH, LARGE, SMALL, Bottleneck, EfficientNet1D
from wearcli.errors import UsageError
from wearcli.models.runtime import open_session
from wearcli.training.export import MAX_DIFFERENCE, WindowsFirst, parity, to_onnx


def settled(module: nn.Module, x: torch.Tensor) -> nn.Module:
    """In evaluation with the averages of this batch; those of fresh weights leave next to nothing."""
    for layer in module.modules():
        if isinstance(layer, nn.BatchNorm2d):
            layer.momentum = 1.0
    with torch.no_grad():
        module(x)
    return module.eval()


def parameters(encoder: nn.Module) -> int:
    return sum(p.numel() for p in encoder.parameters())


def test_it_has_the_published_size() -> None:
    ppg = build("efficientnet", 4, 3840, rate_hz=64.0, modality="ppg")
    ecg = build("efficientnet", 1, 3840, rate_hz=128.0, modality="ecg")
    assert parameters(ppg) == 3_132_668  # the group's own code has 3,146,129
    assert parameters(ecg) == 2_543_066  # the paper says 2.5 M
    assert round(parameters(ppg) / 1e6, 1) == 3.1
    assert parameters(build("efficientnet", 1, 640, modality="ppg")) == 3_132_668 - 3 * 32 * 3


@pytest.mark.parametrize("modality", ["acc", "ppg", "ecg"])
def test_the_small_one_has_a_fifth_of_the_parameters(modality) -> None:
    channels = 3 if modality == "acc" else 1
    large, small = (
        build(name, channels, 1920, rate_hz=32.0, modality=modality)
        for name in ("efficientnet", "efficientnet-small")
    )
    assert parameters(small) == (634_290 if modality == "acc" else 634_098)
    if modality != "ecg":
        assert 4.5 < parameters(large) / parameters(small) < 5.5
    assert small(torch.zeros(2, channels, 1920)).shape == (2, 256)


@pytest.mark.parametrize("stages", [LARGE, SMALL, FIFTH])
def test_sixteen_blocks_of_the_published_kind(stages) -> None:
    encoder = EfficientNet1D(1, stages)
    blocks = list(encoder.blocks)
    assert len(blocks) == 16
    width = 32
    for block in blocks:
        assert isinstance(block, Bottleneck)
        depthwise = block.depthwise[0]
        assert block.expand[0].out_channels == depthwise.groups == 7 * width
        assert depthwise.kernel_size[1] in (3, 5)
        assert block.squeeze.out_channels == width // 4
        assert block.skip == (depthwise.stride == (1, 1) and block.project[0].out_channels == width)
        width = block.project[0].out_channels
    strides = [block.depthwise[0].stride[1] for block in blocks]
    assert encoder.stem[0].stride[1] * int(np.prod(strides)) == ENCODERS["efficientnet"].min_samples == 64


@pytest.mark.parametrize("samples", [64, 641])
def test_shapes_and_independence_of_the_batch(samples: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(12, 2, samples)
    encoder = settled(EfficientNet1D(2, SMALL), x)
    with torch.no_grad():
        together = encoder(x)
        alone = torch.cat([encoder(window[None]) for window in x])
    assert together.shape == (12, EfficientNet1D.dimension) == (12, 256)
    torch.testing.assert_close(together, alone, atol=2e-3, rtol=0)
    assert together.std(dim=0).mean() > 0.1


def test_neither_unit_nor_offset_is_seen_and_polarity_is() -> None:
    torch.manual_seed(0)
    x = torch.from_numpy(hearts("ecg", 128.0, 640, n=8)[0]).transpose(1, 2)
    encoder = settled(EfficientNet1D(1, SMALL), x)
    with torch.no_grad():
        found = encoder(x)
        torch.testing.assert_close(encoder(1000 * x + 20), found, atol=1e-3, rtol=1e-3)
        assert (encoder(-x) - found).abs().mean() > 0.05 * found.abs().mean()
        assert encoder(torch.zeros(2, 1, 640)).isfinite().all()


def test_every_parameter_learns() -> None:
    torch.manual_seed(0)
    encoder = EfficientNet1D(1, SMALL)
    encoder(torch.randn(8, 1, 640)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters() if p.dim() > 1)


def test_the_graph_gives_what_torch_gives_of_flat_windows_too(tmp_path) -> None:
    """An exporter took the 1e-8 for a zero once: a flat window had no numbers."""
    torch.manual_seed(0)
    encoder = EfficientNet1D(1, ((16, 3, 1, 1), (16, 5, 1, 1)))
    values = hearts("ecg", 128.0, 640, n=40)[0]
    module = settled(WindowsFirst(encoder), torch.from_numpy(values))
    to_onnx(module, tmp_path / "model.onnx", (2, 640, 1))
    flat = np.stack([np.zeros((640, 1)), np.full((640, 1), 3.7)])
    windows = np.concatenate([values, -50 * values, flat]).astype(np.float32)
    differences, dimension = parity(module, tmp_path / "model.onnx", windows)
    assert dimension == 256
    assert (differences[:-1] < MAX_DIFFERENCE).all()
    (found,) = open_session(tmp_path / "model.onnx").run(None, {"windows": windows})
    assert found[:80].std() > 0.05
    # Of a level that its own mean misses by a bit the rounding is all there is.
    assert np.isfinite(found).all()


def test_windows_shorter_than_a_stride_are_refused() -> None:
    with pytest.raises(UsageError, match=r"63 samples are too short .* 'efficientnet', which needs 64"):
        build("efficientnet", 1, 63, modality="ecg")
