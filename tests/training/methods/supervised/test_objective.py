import math

import pytest
import torch
import torch.nn.functional as F

from wearcli.encoders import build
from wearcli.training.methods.supervised.objective import Regression, Supervised, cross_entropy_in_sets


def oracle(logits: torch.Tensor, labels: list[int], classes: list[int]) -> torch.Tensor:
    """A loop over windows, each with the softmax of its own set's part of the logits."""
    total = torch.zeros((), dtype=logits.dtype)
    for row, label in zip(logits, labels, strict=True):
        first = 0
        for count in classes:
            if first <= label < first + count:
                own = [row[k].exp() for k in range(first, first + count)]
                total = total - (own[label - first] / sum(own)).log()
            first += count
    return total / len(labels)


def set_of(classes: list[int]) -> torch.Tensor:
    return torch.tensor([n for n, count in enumerate(classes) for _ in range(count)])


@pytest.mark.parametrize("classes", [[2], [3, 2], [1, 4, 2]])
@pytest.mark.parametrize("n", [1, 6, 17])
def test_loss_and_gradient_equal_the_loop(classes, n):
    torch.manual_seed(n)
    logits = torch.randn(n, sum(classes), dtype=torch.float64, requires_grad=True)
    labels = torch.randint(0, sum(classes), (n,))
    ours = cross_entropy_in_sets(logits, labels, set_of(classes))
    theirs = oracle(logits, labels.tolist(), classes)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    (mine,), (other,) = torch.autograd.grad(ours, logits), torch.autograd.grad(theirs, logits)
    torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)


def test_of_one_set_it_is_cross_entropy():
    logits, labels = torch.randn(9, 4), torch.randint(0, 4, (9,))
    ours = cross_entropy_in_sets(logits, labels, set_of([4]))
    torch.testing.assert_close(ours, F.cross_entropy(logits, labels))


def test_knowing_nothing_is_chance_among_the_sets_own_classes():
    labels = torch.tensor([0, 1, 2, 3, 4])
    loss = cross_entropy_in_sets(torch.zeros(5, 5), labels, set_of([2, 3]))
    assert float(loss) == pytest.approx((2 * math.log(2) + 3 * math.log(3)) / 5)


def test_a_window_moves_no_head_but_its_own_sets():
    torch.manual_seed(0)
    module = Supervised(build("fast"), [3, 2], 256)
    module(torch.randn(4, 250, 3), torch.tensor([3, 4, 4, 3])).backward()
    assert not module.heads.weight.grad[:3].any()
    assert module.heads.weight.grad[3:].abs().min() > 0
    assert all(p.grad is not None and p.grad.any() for p in module.encoder.parameters())


def test_bf16_keeps_the_loss_in_float32():
    torch.manual_seed(0)
    module = Supervised(build("fast"), [3, 2], 256)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(torch.randn(4, 250, 3), torch.tensor([0, 4, 2, 3]))
    assert loss.dtype == torch.float32


def test_it_learns_rhythms():
    """Slow and fast swings of any phase and direction, in two sets whose classes have other numbers."""
    torch.manual_seed(0)
    module = Supervised(build("fast"), [2, 2], 256)
    optimizer = torch.optim.Adam(module.parameters(), lr=1e-3)
    time = torch.arange(250) / 50

    def batch(n: int) -> tuple[torch.Tensor, torch.Tensor]:
        labels = torch.randint(0, 4, (n,))
        hertz = torch.tensor([1.0, 3.0, 3.0, 1.0])[labels]
        swing = torch.sin(2 * math.pi * (hertz[:, None] * time + torch.rand(n, 1)))
        return F.normalize(torch.randn(n, 3), dim=1)[:, None] * swing[:, :, None], labels

    for _ in range(25):
        loss = module(*batch(32))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert loss.item() < 0.3 * math.log(2)


def huber(error: float) -> float:
    return 0.5 * error**2 if abs(error) <= 1 else abs(error) - 0.5


def test_amounts_cost_hubers_loss_of_the_own_sets_head():
    torch.manual_seed(0)
    module = Regression(torch.nn.Flatten(), 3, 6)
    windows, sets = torch.randn(5, 3, 2), torch.tensor([0, 2, 2, 1, 0])
    amounts = torch.tensor([0.1, -4.0, 0.3, 30.0, -0.2])
    total = 0.0
    for window, number, amount in zip(windows, sets.tolist(), amounts.tolist(), strict=True):
        told = window.T.flatten() @ module.heads.weight[number].detach() + module.heads.bias[number].detach()
        total += huber(float(told) - amount)
    loss = module(windows, sets, amounts)
    assert float(loss) == pytest.approx(total / 5, rel=1e-5)
    loss.backward()
    # What is far off pulls as one that is a deviation off.
    assert module.heads.bias.grad[1] == pytest.approx(-1 / 5)


def test_amounts_move_no_head_but_their_own_sets_and_the_loss_is_float32():
    torch.manual_seed(0)
    module = Regression(build("fast"), 3, 256)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(torch.randn(4, 250, 3), torch.tensor([1, 1, 1, 1]), torch.randn(4))
    assert loss.dtype == torch.float32
    loss.backward()
    assert not module.heads.weight.grad[[0, 2]].any()
    assert module.heads.weight.grad[1].abs().min() > 0
    assert all(p.grad is not None and p.grad.any() for p in module.encoder.parameters())
