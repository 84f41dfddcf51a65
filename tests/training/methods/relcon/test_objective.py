import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.encoders import build
from wearcli.training.methods.relcon import objective as module
from wearcli.training.methods.relcon.distance import MotifDistance
from wearcli.training.methods.relcon.objective import RelCon


def relative_contrast(
    similarity: torch.Tensor, distances: torch.Tensor, temperature: float = 0.1
) -> torch.Tensor:
    return module.relative_contrast(similarity, distances, temperature)


def oracle(similarity: torch.Tensor, distances: torch.Tensor, temperature: float) -> torch.Tensor:
    """Equation 4 written out: a loop over anchors, over candidates, and over those farther away."""
    total = torch.zeros((), dtype=similarity.dtype)
    anchors, candidates = similarity.shape
    for a in range(anchors):
        for i in range(candidates):
            ours = (similarity[a, i] / temperature).exp()
            below = ours
            for j in range(candidates):
                if distances[a, j] > distances[a, i]:
                    below = below + (similarity[a, j] / temperature).exp()
            total = total - (ours / below).log()
    return total / anchors


def case(anchors: int, candidates: int, seed: int, ties: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Similarities in float64, and distances of which about `ties` values are all there are (0: any)."""
    generator = torch.Generator().manual_seed(seed)
    similarity = 2 * torch.rand(anchors, candidates, generator=generator, dtype=torch.float64) - 1
    distances = 100 * torch.rand(anchors, candidates, generator=generator)
    if ties:
        distances = torch.randint(ties, (anchors, candidates), generator=generator).float()
    return similarity, distances


def gradient(similarity: torch.Tensor, distances: torch.Tensor, temperature: float = 0.1) -> torch.Tensor:
    leaf = similarity.clone().requires_grad_()
    return torch.autograd.grad(relative_contrast(leaf, distances, temperature), leaf)[0]


@given(
    st.integers(1, 5),
    st.integers(1, 12),
    st.sampled_from([0.01, 0.1, 0.5, 3.0]),
    st.sampled_from([0, 1, 2, 4]),
    st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_loss_and_gradients_equal_the_loop(anchors, candidates, temperature, ties, seed):
    similarity, distances = case(anchors, candidates, seed, ties)
    similarity.requires_grad_()
    ours, theirs = (f(similarity, distances, temperature) for f in (relative_contrast, oracle))
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)
    (mine,), (other,) = (torch.autograd.grad(loss, similarity, allow_unused=True) for loss in (ours, theirs))
    torch.testing.assert_close(mine, other, rtol=1e-8, atol=1e-10)
    # In float32, as in training.
    low = similarity.detach().float().requires_grad_()
    loss = relative_contrast(low, distances, temperature)
    torch.testing.assert_close(loss.double(), theirs, rtol=1e-5, atol=1e-5 / temperature)
    (mine,) = torch.autograd.grad(loss, low)
    torch.testing.assert_close(mine.double(), other, rtol=1e-4, atol=1e-4 / temperature)


def test_gradients_equal_finite_differences():
    similarity, distances = case(3, 9, 7, ties=5)
    exact, step = gradient(similarity, distances), 1e-6
    for place in np.ndindex(3, 9):
        ends = []
        for sign in (1, -1):
            moved = similarity.clone()
            moved[place] += sign * step
            ends.append(relative_contrast(moved, distances).item())
        assert exact[place].item() == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-5, abs=1e-6)


def test_the_published_number_of_candidates():
    similarity, distances = case(4, 83, 0)
    torch.testing.assert_close(
        relative_contrast(similarity.float(), distances, 0.1).double(),
        oracle(similarity, distances, 0.1),
        rtol=1e-5,
        atol=0,
    )


def test_closed_forms():
    one = torch.tensor([[1.0]])
    assert relative_contrast(one, one).item() == 0  # one candidate is the farthest
    apart = torch.tensor([[1.0, 2.0, 3.0]])
    alike = torch.zeros(1, 3)
    # As similar as each other: chance among itself and those farther.
    assert relative_contrast(alike, apart).item() == pytest.approx(math.log(3) + math.log(2))
    sorted_, reversed_ = torch.tensor([[0.3, 0.2, 0.1]]), torch.tensor([[0.1, 0.2, 0.3]])
    assert relative_contrast(sorted_, apart) < relative_contrast(alike, apart)
    assert relative_contrast(reversed_, apart) > relative_contrast(alike, apart)
    expected = math.log(1 + math.exp(-1) + math.exp(-2)) + math.log(1 + math.exp(-1))
    assert relative_contrast(sorted_, apart, 0.1).item() == pytest.approx(expected, rel=1e-5)


def test_the_mean_is_over_anchors():
    similarity, distances = case(5, 8, 3)
    each = [relative_contrast(similarity[a : a + 1], distances[a : a + 1]) for a in range(5)]
    torch.testing.assert_close(relative_contrast(similarity, distances), torch.stack(each).mean())


@given(st.integers(2, 12), st.sampled_from([0, 3]), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_the_order_of_candidates_does_not_matter(candidates, ties, seed):
    similarity, distances = case(4, candidates, seed, ties)
    order = torch.randperm(candidates, generator=torch.Generator().manual_seed(seed))
    ours, moved = (
        relative_contrast(similarity, distances),
        relative_contrast(similarity[:, order], distances[:, order]),
    )
    torch.testing.assert_close(ours, moved, rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(
        gradient(similarity, distances)[:, order],
        gradient(similarity[:, order], distances[:, order]),
        rtol=1e-9,
        atol=1e-12,
    )


@given(st.integers(2, 10), st.integers(0, 1000))
@settings(max_examples=30, deadline=None)
def test_only_the_order_of_distances_matters(candidates, seed):
    similarity, distances = case(4, candidates, seed, ties=7)
    ours = relative_contrast(similarity, distances)
    # Squares, shifts and logarithms keep the order, each anchor's own too.
    for changed in (
        distances**2 + 1,
        (distances + 1).log(),
        distances * torch.tensor([[1.0], [5.0], [0.1], [1e6]]),
        distances - 50,
        distances.double() * 1e-300,
    ):
        assert torch.equal(relative_contrast(similarity, changed), ours)


def test_the_farthest_adds_nothing():
    """It is a negative of the others, and no positive: with or without it as one, the sum is the same."""
    similarity, distances = case(6, 10, 5)
    last = distances.argmax(dim=1)
    near = torch.ones_like(similarity, dtype=torch.bool).scatter(1, last[:, None], False)
    by_hand = torch.zeros((), dtype=torch.float64)
    for a in range(6):
        for i in torch.nonzero(near[a])[:, 0]:
            farther = similarity[a][distances[a] > distances[a, i]]
            below = torch.cat([similarity[a, i : i + 1], farther]) / 0.1
            by_hand += below.logsumexp(0) - similarity[a, i] / 0.1
    torch.testing.assert_close(relative_contrast(similarity, distances), by_hand / 6)
    # Two that share the farthest place add nothing either, and are no negatives of each other.
    shared = torch.tensor([[5.0, 5.0, 5.0]])
    assert relative_contrast(torch.tensor([[0.9, -0.9, 0.1]]), shared).item() == 0


def test_all_at_one_distance_is_nothing_to_learn():
    similarity, _ = case(5, 9, 1)
    for distance in (0.0, 3.5, 1e30, math.inf):
        same = torch.full((5, 9), distance)
        assert relative_contrast(similarity, same).item() == 0
        assert torch.equal(gradient(similarity, same), torch.zeros_like(similarity))


def test_gradient_of_the_farthest_is_that_of_a_negative():
    """Less similar is better for it, whatever it is; more similar for the nearest."""
    similarity, distances = case(6, 10, 9)
    slopes = gradient(similarity, distances)
    assert (slopes.gather(1, distances.argmax(dim=1, keepdim=True)) > 0).all()
    assert (slopes.gather(1, distances.argmin(dim=1, keepdim=True)) < 0).all()
    # What all similarities have in common cancels.
    torch.testing.assert_close(slopes.sum(dim=1), torch.zeros(6).double(), atol=1e-9, rtol=0)


@pytest.mark.parametrize("temperature", [1e-3, 0.01, 0.1, 100.0])
@pytest.mark.parametrize("worst", [False, True])
def test_extremes_stay_finite(temperature, worst):
    """Similarities of 1 and -1 in the best and in the worst order, at temperatures where exp() overflows."""
    n = 83
    distances = torch.arange(float(n)).expand(3, n)
    similarity = torch.where(distances < n // 2, 1.0, -1.0) * (-1 if worst else 1)
    loss = relative_contrast(similarity, distances, temperature)
    slopes = gradient(similarity, distances, temperature)
    assert torch.isfinite(loss)
    assert torch.isfinite(slopes).all()
    if worst:
        assert loss.item() > (n // 2) * 2 / temperature
    elif temperature < 1:  # the far half is too unlike to count: chance within each half
        alike = sum(math.log(k) for half in (n // 2, n - n // 2) for k in range(1, half + 1))
        assert loss.item() == pytest.approx(alike, rel=1e-3)


def parts(seed: int = 0) -> tuple[RelCon, tuple[torch.Tensor, ...]]:
    """An objective in float32 and a batch of 3 people x 4 windows, all of them anchors."""
    torch.manual_seed(seed)
    objective = RelCon(build("fast", samples=100), MotifDistance(), 0.1)
    windows = 0.3 * torch.randn(12, 100, 3) + torch.randn(12, 1, 3)
    views = windows + 0.05 * torch.randn_like(windows)
    anchors = torch.arange(12)
    candidates = torch.stack(
        [torch.cat([anchors[:a], anchors[a + 1 :]])[torch.randperm(11)[:7]] for a in range(12)]
    )
    return objective, (windows, views, anchors, candidates)


def test_module_gives_the_loss_of_its_embeddings():
    objective, (windows, views, anchors, candidates) = parts()
    objective.eval()
    loss = objective(windows, views, anchors, candidates, torch.tensor(0))
    embedding = objective.encoder(views.transpose(1, 2))
    similarity, distances = torch.zeros(12, 7), torch.zeros(12, 7)
    with torch.no_grad():
        for a in range(12):
            for i, c in enumerate(candidates[a]):
                similarity[a, i] = F.cosine_similarity(embedding[a], embedding[c], dim=0)
                distances[a, i] = objective.distance(windows[a][None], windows[c][None])
        expected = oracle(similarity.double(), distances, 0.1)
    torch.testing.assert_close(loss.double(), expected, rtol=1e-5, atol=0)


def test_the_encoder_alone_is_trained():
    objective, batch = parts()
    loss = objective.train()(*batch, torch.tensor(0))
    loss.backward()
    assert all(p.grad is None and not p.requires_grad for p in objective.distance.parameters())
    for name, p in objective.encoder.named_parameters():
        assert torch.isfinite(p.grad).all(), name
        assert p.grad.abs().sum() > 0, name


def test_bf16_keeps_similarities_and_loss_in_float32():
    objective, batch = parts()
    objective.eval()
    exact = objective(*batch, torch.tensor(0))
    with torch.autocast("cpu", torch.bfloat16):
        low = objective(*batch, torch.tensor(1))
    assert low.dtype == torch.float32
    assert low.item() == pytest.approx(exact.item(), rel=0.05)


def test_distances_of_a_batch_that_comes_again_are_kept(monkeypatch):
    objective, (windows, *rest) = parts()
    objective = RelCon(objective.encoder, objective.distance, 0.1, kept=2).eval()
    calls = []

    def counted(distance, windows, *others):
        calls.append(float(windows.sum()))
        return computed(distance, windows, *others)

    computed = module.pair_distances
    monkeypatch.setattr(module, "pair_distances", counted)
    batches = [windows, windows.flip(0), windows.flip(1)]
    # With two of them kept, the third drives out the first, and not the second.
    asked = [0, 0, 1, 0, 1, 2, 1, 2, 0]
    losses = [objective(batches[n], *rest, torch.tensor(n)).item() for n in asked]
    assert len(calls) == len({0, 1, 2}) + 1
    fresh = [RelCon(objective.encoder, objective.distance, 0.1).eval() for _ in batches]
    for n, loss in zip(asked, losses, strict=True):
        assert fresh[n](batches[n], *rest, torch.tensor(n)).item() == loss
    assert not any("known" in name for name in objective.state_dict())
