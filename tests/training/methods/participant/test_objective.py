"""The participant contrast against loops over its definition, and the slow copy against its closed form."""

import copy
import math

import pytest
import torch
from torch import nn

from wearcli.training.methods.participant.objective import DROPOUT, HIDDEN, Head, Participant, info_nce, koleo


def oracle(
    first: torch.Tensor, second: torch.Tensor, people: torch.Tensor, temperature: float
) -> torch.Tensor:
    """InfoNCE written out: each embedding of both views must find its partner among those of other people."""
    b = len(first)
    views, owner = [*first, *second], [*people.tolist(), *people.tolist()]

    def similarity(i: int, j: int) -> torch.Tensor:
        return views[i].dot(views[j]) / (views[i].norm() * views[j].norm()) / temperature

    total = torch.zeros((), dtype=first.dtype)
    for i in range(2 * b):
        partner = (i + b) % (2 * b)
        others = [j for j in range(2 * b) if owner[j] != owner[i]]
        scores = torch.stack([similarity(i, j) for j in [partner, *others]])
        total = total - (scores[0] - scores.logsumexp(0))
    return total / (2 * b)


def looped_koleo(embedding: torch.Tensor) -> torch.Tensor:
    z = [row / row.norm() for row in embedding]
    nearest = [min((a - b).norm() for j, b in enumerate(z) if j != i) for i, a in enumerate(z)]
    return -torch.stack([distance.log() for distance in nearest]).mean()


@pytest.mark.parametrize(
    "people", [[0], [0, 1], [3, 3, 3], [0, 1, 2, 3, 4], [0, 1, 0, 2, 2, 1, 5], [7] * 4 + [1]]
)
@pytest.mark.parametrize("temperature", [0.04, 0.3, 2.0])
def test_loss_and_gradients_equal_the_loop(people: list[int], temperature: float) -> None:
    torch.manual_seed(len(people))
    first, second = (torch.randn(len(people), 6, dtype=torch.float64, requires_grad=True) for _ in range(2))
    ours = info_nce(first, second, torch.tensor(people), temperature)
    theirs = oracle(first, second, torch.tensor(people), temperature)
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    for mine, other in zip(
        torch.autograd.grad(ours, (first, second)), torch.autograd.grad(theirs, (first, second)), strict=True
    ):
        torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10)


def test_closed_forms() -> None:
    same, people = torch.ones(4, 8), torch.arange(4)
    assert float(info_nce(same, same, people, 0.1)) == pytest.approx(math.log(7))  # chance among 7
    assert float(info_nce(same, same, torch.tensor([0, 0, 1, 1]), 0.1)) == pytest.approx(math.log(5))
    apart = torch.eye(4)
    expected = -math.log(math.e**2 / (math.e**2 + 6))  # partner at 1 / 0.5, six others at 0
    assert float(info_nce(apart, apart, people, 0.5)) == pytest.approx(expected)


def test_others_of_the_same_person_are_no_negatives() -> None:
    torch.manual_seed(0)
    first, second = (torch.randn(4, 6, requires_grad=True) for _ in range(2))
    alone = info_nce(first, second, torch.tensor([2, 2, 2, 2]), 0.1)
    assert alone.item() == 0
    assert not torch.autograd.grad(alone, first)[0].any()
    # A person who comes twice does not pay for being alike.
    pair, other = first[:2], second[:2]
    people = torch.tensor([0, 1, 0])
    with_twin = info_nce(pair[[0, 1, 0]], other[[0, 1, 0]], people, 0.1)
    plain = oracle(pair[[0, 1, 0]], other[[0, 1, 0]], people, 0.1)
    torch.testing.assert_close(with_twin, plain)
    assert with_twin < info_nce(pair[[0, 1, 0]], other[[0, 1, 0]], torch.arange(3), 0.1) - 0.2


@pytest.mark.parametrize(("n", "d"), [(2, 3), (5, 2), (9, 16), (30, 4)])
def test_koleo_and_its_gradient_equal_the_loop(n: int, d: int) -> None:
    torch.manual_seed(n)
    x = torch.randn(n, d, dtype=torch.float64, requires_grad=True)
    ours, theirs = koleo(x), looped_koleo(x)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    torch.testing.assert_close(
        torch.autograd.grad(ours, x)[0], torch.autograd.grad(theirs, x)[0], rtol=1e-5, atol=1e-6
    )


def test_koleo_spreads_and_twins_leave_it_finite() -> None:
    square = torch.tensor([[1.0, 0], [0, 1], [-1, 0], [0, -1]])
    assert float(koleo(5 * square)) == pytest.approx(-math.log(math.sqrt(2)))
    near = torch.tensor([[1.0, 0], [1, 0.01], [1, 0.02]])
    assert koleo(near) > koleo(square)
    twins = torch.ones(4, 8, requires_grad=True)
    koleo(twins).backward()
    assert twins.grad is not None
    assert twins.grad.isfinite().all()


class Encoder(nn.Module):
    """(n, 2, samples) -> (n, 6), with BatchNorm as encoders have it."""

    def __init__(self) -> None:
        super().__init__()
        self.convolution = nn.Conv1d(2, 6, 3, stride=2)
        self.norm = nn.BatchNorm1d(6)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.norm(self.convolution(x))).mean(dim=2)


def objective(**options: float) -> Participant:
    torch.manual_seed(0)
    return Participant(Encoder(), 6, **{"temperature": 0.5, "koleo": 0.1, "momentum": 0.99, **options})


def batch(b: int = 5, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Views, people (one of them twice) and what dropout keeps."""
    generator = torch.Generator().manual_seed(seed)
    views = 0.3 + torch.randn(2 * b, 20, 2, generator=generator)
    keep = torch.rand(2, 2 * b, HIDDEN, generator=generator) >= DROPOUT
    return views, torch.arange(b) % (b - 1), keep


def test_the_head_has_the_published_size() -> None:
    assert sum(p.numel() for p in Head(256).parameters()) == 394_368


def test_dropout_keeps_what_it_is_told_and_is_off_in_use() -> None:
    torch.manual_seed(0)
    head, x = Head(6), torch.randn(4, 6)
    keep = torch.rand(4, HIDDEN) >= DROPOUT
    hidden = torch.relu(head.hidden(x))
    torch.testing.assert_close(head(x, keep), head.out(hidden * keep / 0.9))
    torch.testing.assert_close(head.eval()(x, keep), head.out(hidden))


def test_the_loss_is_both_orders_and_the_spread() -> None:
    module = objective(koleo=0.3).eval()
    assert module.slow is not None
    with torch.no_grad():  # a copy that is somewhere else
        for parameter in module.slow.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape))
    views, people, keep = batch()
    fast = module.head(module.encoder(views.transpose(1, 2)), keep[0])
    slow = module.slow["head"](module.slow["encoder"](views.transpose(1, 2)), keep[1])
    expected = (info_nce(fast[:5], slow[5:], people, 0.5) + info_nce(fast[5:], slow[:5], people, 0.5)) / 2
    expected = expected + 0.3 * (koleo(fast[:5]) + koleo(fast[5:])) / 2
    torch.testing.assert_close(module(views, people, keep), expected)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
@pytest.mark.parametrize("training", [True, False])
def test_the_order_of_the_views_does_not_matter(momentum: float, training: bool) -> None:
    views, people, keep = batch()
    swapped = torch.cat([views[5:], views[:5]])
    kept = torch.cat([keep[:, 5:], keep[:, :5]], dim=1)
    one = objective(momentum=momentum).train(training)(views, people, keep)
    other = objective(momentum=momentum).train(training)(swapped, people, kept)
    torch.testing.assert_close(one, other)


def test_without_koleo_and_without_a_copy() -> None:
    views, people, keep = batch()
    module = objective(koleo=0, momentum=0).eval()
    assert module.slow is None
    fast = module.head(module.encoder(views.transpose(1, 2)), keep[0])
    torch.testing.assert_close(module(views, people, keep), info_nce(fast[:5], fast[5:], people, 0.5))
    assert not [name for name, _ in module.named_parameters() if "slow" in name]


def trained(module: Participant, steps: int) -> list[dict[str, torch.Tensor]]:
    """The states of encoder and head before each step's forward, and after the last one."""
    optimizer = torch.optim.SGD([p for p in module.parameters() if p.requires_grad], lr=0.1)
    states = []
    for step in range(steps):
        states.append(fast_state(module))
        optimizer.zero_grad()
        module(*batch(seed=step)).backward()
        optimizer.step()
    return [*states, fast_state(module)]


def fast_state(module: Participant) -> dict[str, torch.Tensor]:
    names = nn.ModuleDict({"encoder": module.encoder, "head": module.head})
    return {name: value.clone() for name, value in names.state_dict().items()}


def test_the_copy_follows_by_its_closed_form() -> None:
    """After k steps: m^k of the beginning, and (1 - m) m^(k-1-i) of what each step i began with.

    The averages of BatchNorm are those that the step's own batch has moved by then.
    """
    module, m, k = objective(momentum=0.8), 0.8, 6
    module.train()
    states = trained(module, k)
    assert module.slow is not None
    for name, value in module.slow.state_dict().items():
        if not value.is_floating_point():
            continue
        late = 1 if "running" in name else 0
        expected = m**k * states[0][name]
        for i in range(k):
            expected = expected + (1 - m) * m ** (k - 1 - i) * states[i + late][name]
        torch.testing.assert_close(value, expected, atol=1e-6, rtol=1e-5)
    for name in ("encoder.convolution.weight", "encoder.norm.running_mean", "head.out.weight"):
        value = module.slow.state_dict()[name]
        for state in (states[0], states[-1]):
            assert (value - state[name]).abs().max() > 1e-4


def test_no_gradient_reaches_the_copy_and_its_batches_leave_its_averages() -> None:
    module = objective(momentum=0.9).train()
    assert module.slow is not None
    norm = module.slow["encoder"].norm
    module.follow()
    before = copy.deepcopy(norm.state_dict())
    with torch.no_grad():
        module.slow["encoder"](100 + torch.randn(8, 2, 20))
    for name in ("running_mean", "running_var"):
        assert torch.equal(norm.state_dict()[name], before[name])
    module(*batch()).backward()
    assert all(p.grad is None and not p.requires_grad for p in module.slow.parameters())
    for part in (module.encoder, module.head):
        assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in part.parameters() if p.dim() > 1)


def test_evaluation_moves_nothing_and_needs_no_dropout() -> None:
    module = objective(momentum=0.5).eval()
    before = copy.deepcopy(module.state_dict())
    views, people, keep = batch()
    with torch.no_grad():
        module.encoder.convolution.weight.add_(0.1)
        before["encoder.convolution.weight"].add_(0.1)
    loss = module(views, people, keep)
    torch.testing.assert_close(loss, module(views, people, ~keep), rtol=0, atol=0)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name


def test_the_copy_is_in_the_checkpoint_and_begins_as_its_model() -> None:
    module = objective(momentum=0.9)
    state = module.state_dict()
    fast = {name for name in state if not name.startswith("slow.")}
    assert {f"slow.{name}" for name in fast} == set(state) - fast
    assert all(torch.equal(state[name], state[f"slow.{name}"]) for name in fast)
    other = objective(momentum=0.9)
    trained(other, 3)
    module.load_state_dict(other.state_dict())
    torch.testing.assert_close(module.eval()(*batch()), other.eval()(*batch()), rtol=0, atol=0)


def test_bf16_keeps_the_loss_in_float32() -> None:
    module = objective(temperature=0.04)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module.eval()(*batch())
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(float(module(*batch()).detach()), rel=0.1)
