"""The cross-modal contrast against a loop over its definition; who learns and who does not."""

import math

import pytest
import torch
from torch import nn

from wearcli.training.methods.distill.objective import Distill, cross_modal


def oracle(
    student: torch.Tensor, teacher: torch.Tensor, temperature: float, ignore: torch.Tensor
) -> torch.Tensor:
    """Each row must find its answer among the rows of the other signal that are not to be ignored."""
    count = len(student)

    def direction(asking: torch.Tensor, answers: torch.Tensor) -> torch.Tensor:
        total = torch.zeros((), dtype=asking.dtype)
        for i in range(count):
            scores = [
                asking[i].dot(answers[j]) / (asking[i].norm() * answers[j].norm()) / temperature
                for j in range(count)
                if j == i or not ignore[i, j]
            ]
            own = asking[i].dot(answers[i]) / (asking[i].norm() * answers[i].norm()) / temperature
            total = total + torch.stack(scores).logsumexp(0) - own
        return total / count

    return (direction(student, teacher) + direction(teacher, student)) / 2


@pytest.mark.parametrize("count", [1, 2, 7])
@pytest.mark.parametrize("temperature", [0.04, 0.5])
def test_loss_and_gradients_equal_the_loop(count: int, temperature: float) -> None:
    generator = torch.Generator().manual_seed(count)
    student, teacher = (
        torch.randn(count, 5, dtype=torch.float64, generator=generator).requires_grad_() for _ in range(2)
    )
    ignore = torch.rand(count, count, generator=generator) < 0.4
    ignore = ignore | ignore.T | torch.eye(count, dtype=torch.bool)  # a row's own answer counts all the same
    ours = cross_modal(student, teacher, temperature, ignore)
    theirs = oracle(student, teacher, temperature, ignore)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    for mine, other in zip(
        torch.autograd.grad(ours, (student, teacher)),
        torch.autograd.grad(theirs, (student, teacher)),
        strict=True,
    ):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10)


def test_closed_forms() -> None:
    nothing = torch.zeros(4, 4, dtype=torch.bool)
    same = torch.ones(4, 8)
    assert float(cross_modal(same, same, 0.1, nothing)) == pytest.approx(math.log(4))  # chance among 4
    assert float(cross_modal(same, same, 0.1, ~nothing)) == pytest.approx(0)  # nobody to be told from
    apart = torch.eye(4)
    assert float(cross_modal(apart, apart, 0.5, nothing)) == pytest.approx(math.log(1 + 3 * math.exp(-2)))


class Mean(nn.Module):
    """(batch, channels, samples) -> (batch, 3)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out = nn.Linear(channels, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x.mean(dim=2))


def test_with_a_teacher_that_trains_its_weights_get_a_gradient() -> None:
    torch.manual_seed(0)
    windows, theirs, ignore = torch.randn(6, 50, 3), torch.randn(6, 80, 1), torch.zeros(6, 6).bool()
    frozen = Distill(Mean(3), 3, teacher_dimension=4, temperature=0.04)
    frozen(windows, torch.randn(6, 4), ignore).backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in frozen.encoder.parameters())
    assert not [name for name, _ in frozen.named_parameters() if name.startswith("teacher.")]
    trained = Distill(Mean(3), 3, teacher_dimension=3, temperature=0.04, teacher=Mean(1))
    trained(windows, theirs, ignore).backward()
    assert trained.teacher is not None
    assert trained.teacher.out.weight.grad is not None
    assert trained.teacher.out.weight.grad.abs().sum() > 0


def test_the_scale_of_a_teachers_numbers_does_not_matter() -> None:
    torch.manual_seed(1)
    windows, theirs, ignore = torch.randn(16, 50, 3), torch.randn(16, 4), torch.zeros(16, 16).bool()
    objective = Distill(Mean(3), 3, teacher_dimension=4, temperature=0.04).train()
    factor = torch.tensor([1.0, 1e3, 1e-1, 50.0])
    torch.testing.assert_close(
        objective(windows, theirs, ignore), objective(windows, theirs * factor, ignore), rtol=1e-3, atol=1e-3
    )
