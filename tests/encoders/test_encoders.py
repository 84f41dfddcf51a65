import pytest
import torch
from torch import nn

from wearcli.encoders import ENCODERS, RevIN, build
from wearcli.errors import UsageError

# See test_pulse.py and test_ballistic.py for those of signals and lengths of their own.
OF_ACCELERATION = [name for name in ENCODERS if name not in ("pulse", "ballistic")]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def multiplications(encoder: nn.Module, samples: int) -> int:
    """Of one window: weights of each convolution and linear layer times the places where they are used."""
    total = 0

    def count(layer: nn.Module, given: object, out: torch.Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * (out[0][0].numel() if out.dim() > 2 else 1)

    for layer in encoder.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    encoder.eval()(torch.zeros(1, 3, samples))
    return total


def test_relcon_has_the_published_number_of_parameters():
    assert parameters(build("relcon", samples=256)) == 3_635_840


def test_relcon_widths_and_lengths():
    encoder = build("relcon", samples=256)
    stem = encoder.stem(torch.zeros(2, 3, 256))
    assert stem.shape == (2, 64, 62)  # (256 - 7) // 2 + 1 = 125, then (125 - 3) // 2 + 1 = 62
    assert encoder.blocks(stem).shape == (2, 256, 62)  # 'same' throughout, even kernels too
    assert len(encoder.blocks) == 13


def test_fast_stays_small():
    encoder = build("fast")
    assert parameters(encoder) < 1_500_000
    assert 8e6 < multiplications(encoder, 250) < 12e6


@pytest.mark.parametrize("name", OF_ACCELERATION)
@pytest.mark.parametrize("samples", [64, 250, 256, 301])
def test_shapes_and_independence_of_the_batch(name, samples):
    torch.manual_seed(0)
    encoder = build(name, samples=samples).eval()
    x = torch.randn(5, 3, samples)
    together = encoder(x)
    assert together.shape == (5, encoder.dimension)
    alone = torch.cat([encoder(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", OF_ACCELERATION)
def test_every_parameter_learns(name):
    torch.manual_seed(0)
    encoder = build(name)
    encoder(torch.randn(8, 3, 250)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters() if p.dim() > 1)


def test_fast_sees_the_direction_of_gravity_in_a_still_window():
    torch.manual_seed(0)
    encoder = build("fast").eval()
    upright, lying = torch.zeros(1, 3, 250), torch.zeros(1, 3, 250)
    upright[:, 1], lying[:, 0] = 1.0, 1.0
    assert (encoder(upright) - encoder(lying)).norm() > 0.05 * encoder(upright).norm()


def test_revin_inside_hides_offset_and_scale():
    torch.manual_seed(0)
    encoder = build("fast", revin=True).eval()
    x = torch.randn(4, 3, 250)
    moved = 3 * x + torch.randn(4, 3, 1)
    torch.testing.assert_close(encoder(x), encoder(moved), atol=1e-3, rtol=1e-3)


def test_registry_refuses_by_name_and_by_length():
    with pytest.raises(UsageError, match="--encoder takes fast, relcon"):
        build("huge")
    with pytest.raises(UsageError, match=r"9 samples are too short.*--window"):
        build("fast", samples=9)


def test_revin_gives_each_channel_mean_0_and_deviation_1_before_its_affine_map():
    torch.manual_seed(0)
    layer = RevIN(3)
    x = 5 + 2 * torch.randn(7, 3, 100)
    y = layer(x)
    torch.testing.assert_close(y.mean(dim=2), torch.zeros(7, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(dim=2, unbiased=False), torch.ones(7, 3), atol=1e-4, rtol=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5], [2.0], [-1.0]]))
        layer.bias.copy_(torch.tensor([[0.1], [0.0], [3.0]]))
    torch.testing.assert_close(layer(x), y * layer.weight + layer.bias)
    assert torch.isfinite(layer(torch.ones(1, 3, 10))).all()
