import math

import pytest
import torch

from wearcli.encoders import build
from wearcli.training.methods.simclr.objective import SimCLR, nt_xent


def oracle(
    first: torch.Tensor, second: torch.Tensor, temperature: float, ignore: torch.Tensor
) -> torch.Tensor:
    """NT-Xent written out: a loop over views, a loop over what each is compared with."""
    b = len(first)
    views = [*first, *second]

    def similarity(i: int, j: int) -> torch.Tensor:
        return views[i].dot(views[j]) / (views[i].norm() * views[j].norm()) / temperature

    total = torch.zeros((), dtype=first.dtype)
    for i in range(2 * b):
        partner = i + b if i < b else i - b
        below = similarity(i, partner).exp()
        for j in range(2 * b):
            if j not in (i, partner) and not ignore[i, j]:
                below = below + similarity(i, j).exp()
        total = total - (similarity(i, partner).exp() / below).log()
    return total / (2 * b)


@pytest.mark.parametrize("b", [1, 2, 5, 9])
@pytest.mark.parametrize("temperature", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("share_ignored", [0.0, 0.4, 1.0])
def test_loss_and_gradients_equal_the_loop(b, temperature, share_ignored):
    torch.manual_seed(b)
    first = torch.randn(b, 7, dtype=torch.float64, requires_grad=True)
    second = torch.randn(b, 7, dtype=torch.float64, requires_grad=True)
    ignore = torch.rand(2 * b, 2 * b) < share_ignored
    ours = nt_xent(first, second, temperature, ignore)
    theirs = oracle(first, second, temperature, ignore)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    for mine, other in zip(
        torch.autograd.grad(ours, (first, second)), torch.autograd.grad(theirs, (first, second)), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-10)


def test_no_mask_is_the_mask_of_nothing():
    first, second = torch.randn(6, 4), torch.randn(6, 4)
    none = torch.zeros(12, 12, dtype=torch.bool)
    torch.testing.assert_close(nt_xent(first, second, 0.1), nt_xent(first, second, 0.1, none))


def test_closed_forms():
    same = torch.ones(4, 8)
    assert float(nt_xent(same, same, 0.1)) == pytest.approx(math.log(7))  # all alike: chance among 7
    apart = torch.eye(4)
    expected = -math.log(math.e**2 / (math.e**2 + 6))  # partner at 1 / 0.5, six others at 0
    assert float(nt_xent(apart, apart, 0.5)) == pytest.approx(expected)


def test_small_temperatures_do_not_overflow():
    first = torch.randn(8, 16)
    assert torch.isfinite(nt_xent(first, first, 1e-3))


def test_module_gives_the_loss_of_its_projections():
    torch.manual_seed(0)
    module = SimCLR(build("fast"), 256, 0.2).eval()
    views = torch.randn(8, 250, 3)
    ignore = torch.zeros(8, 8, dtype=torch.bool)
    loss = module(views, ignore)
    projected = module.head(module.encoder(views.transpose(1, 2)))
    torch.testing.assert_close(loss, nt_xent(projected[:4], projected[4:], 0.2))


def test_bf16_keeps_the_loss_in_float32():
    torch.manual_seed(0)
    module = SimCLR(build("fast"), 256, 0.1)
    views = torch.randn(16, 250, 3)
    ignore = torch.zeros(16, 16, dtype=torch.bool)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(views, ignore)
    assert loss.dtype == torch.float32
    exact = module(views, ignore)
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)
