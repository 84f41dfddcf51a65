import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.training.methods.relcon import distance_oracle
from tests.training.methods.relcon.distance_oracle import motif
from wearcli.training.methods.relcon import distance as module
from wearcli.training.methods.relcon import sparsemax
from wearcli.training.methods.relcon.distance import DistanceLearning, MotifDistance, MotifNet


def weights_of(distance: MotifDistance) -> distance_oracle.Weights:
    return {name: tensor.double().numpy() for name, tensor in distance.state_dict().items()}


def windows(n: int, samples: int, channels: int = 3, seed: int = 0) -> torch.Tensor:
    """g: at rest somewhere, and moving."""
    generator = torch.Generator().manual_seed(seed)
    tilt = torch.randn(n, 1, channels, generator=generator)
    return tilt + 0.4 * torch.randn(n, samples, channels, generator=generator)


def test_published_number_of_parameters():
    assert sum(p.numel() for p in MotifDistance().parameters()) == 58_617
    assert all(p.requires_grad for p in MotifDistance().parameters())


@given(st.integers(2, 30), st.integers(1, 4), st.integers(0, 1000))
@settings(max_examples=8, deadline=None)
def test_equals_the_loop(samples, channels, seed):
    distance = motif(seed, channels)
    anchors, candidates = windows(2, samples, channels, seed), 2 * windows(2, samples, channels, seed + 1)
    keep = torch.rand(2, samples, samples, generator=torch.Generator().manual_seed(seed)) >= 0.3
    weights = weights_of(distance)
    with torch.no_grad():
        plain, thinned = distance(anchors, candidates), distance(anchors, candidates, keep)
    for n in range(2):
        pair = anchors[n].numpy(), candidates[n].numpy()
        assert plain[n].item() == pytest.approx(distance_oracle.distance(weights, *pair), rel=1e-4)
        expected = distance_oracle.distance(weights, *pair, keep[n].numpy())
        assert thinned[n].item() == pytest.approx(expected, rel=1e-4)


def test_equals_the_loop_in_the_published_size():
    distance = motif()
    anchor, candidate = windows(1, 256), windows(1, 256, seed=1)
    expected = distance_oracle.distance(weights_of(distance), anchor[0].numpy(), candidate[0].numpy())
    assert distance(anchor, candidate).item() == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("path", ["compiled", "torch"])
@pytest.mark.parametrize("thinned", [False, True])
def test_gradients_equal_finite_differences_of_the_loop(monkeypatch, path, thinned):
    """Each parameter, the anchor and the candidate, moved a little in a random direction."""
    if path == "torch":
        monkeypatch.setattr(sparsemax, "usable", lambda tensor: False)
    distance, samples = motif(3), 11
    anchor, candidate = windows(1, samples, seed=4), windows(1, samples, seed=5)
    keep = torch.rand(1, samples, samples, generator=torch.Generator().manual_seed(0)) >= 0.1
    keep = keep if thinned else None
    moved = {**dict(distance.named_parameters()), "anchor": anchor, "candidate": candidate}
    for tensor in moved.values():
        tensor.requires_grad_()
    loss = distance(anchor, candidate, keep).sum()
    gradients = dict(zip(moved, torch.autograd.grad(loss, list(moved.values())), strict=True))

    exact = {name: tensor.detach().double().numpy() for name, tensor in moved.items()}
    mask = None if keep is None else keep[0].numpy()
    rng, step = np.random.default_rng(0), 1e-6
    largest = max(float(gradient.norm()) for gradient in gradients.values())
    for name, gradient in gradients.items():
        direction = rng.normal(size=exact[name].shape)
        direction /= np.linalg.norm(direction)
        ends = []
        for sign in (1, -1):
            at = {**exact, name: exact[name] + sign * step * direction}
            ends.append(distance_oracle.distance(at, at["anchor"][0], at["candidate"][0], mask))
        slope = (ends[0] - ends[1]) / (2 * step)
        ours = float((gradient.double().numpy() * direction).sum())
        assert ours == pytest.approx(slope, rel=2e-3, abs=1e-5 * largest), name


def test_sees_57_samples(monkeypatch):
    # The normalisation over time would tie every sample to every other.
    monkeypatch.setattr(module, "activate", F.gelu)
    torch.manual_seed(0)
    x = torch.randn(1, 201, 3, requires_grad=True)
    MotifNet()(x)[0, :, 100].sum().backward()
    reached = torch.nonzero(x.grad.abs().sum(dim=(0, 2)))[:, 0]
    assert (reached.min(), reached.max(), len(reached)) == (100 - 28, 100 + 28, 57)


@pytest.mark.parametrize("factor", [0.5, 3.0])
def test_scale_and_offset_of_both_windows_are_told_by_the_candidate(factor):
    """Both normalised by the candidate: the picture is the same, and the errors are `factor` times as big."""
    distance = motif()
    anchor, candidate = windows(3, 60), windows(3, 60, seed=1)
    offset = torch.tensor([1.0, -2.0, 0.5])
    ours = distance(factor * anchor + offset, factor * candidate + offset)
    torch.testing.assert_close(ours, factor**2 * distance(anchor, candidate), rtol=1e-3, atol=0)


def test_strength_is_not_normalised_away():
    """By statistics of its own, each copy of a window would look the same."""
    distance = motif()
    anchor = windows(4, 80)
    centred = anchor - anchor.mean(dim=1, keepdim=True)
    seen = [distance(anchor, anchor.mean(dim=1, keepdim=True) + factor * centred) for factor in (1, 0.3, 3)]
    assert torch.all((seen[1] - seen[0]).abs() > 0.02 * seen[0])
    assert torch.all((seen[2] - seen[0]).abs() > 0.02 * seen[0])
    queries = []
    distance.query.register_forward_pre_hook(lambda net, given: queries.append(given[0]))
    distance(centred, anchor)
    distance(2 * centred, anchor)
    mean, deviation = anchor.mean(dim=1, keepdim=True), anchor.std(dim=1, correction=0, keepdim=True)
    for query, factor in zip(queries, (1, 2), strict=True):
        expected = (factor * centred - mean) / deviation * distance.scale + distance.shift
        torch.testing.assert_close(query, expected, rtol=1e-3, atol=1e-3)


def test_is_not_symmetric():
    distance = motif()
    a, b = windows(1, 50), windows(1, 50, seed=1)
    there, back = distance(a, b).item(), distance(b, a).item()
    assert abs(there - back) > 0.01 * there


def test_without_any_weight_left_the_bias_is_what_is_rebuilt():
    distance = motif()
    anchor, candidate = windows(2, 30), windows(2, 30, seed=1)
    none = torch.zeros(2, 30, 30, dtype=torch.bool)
    mean = candidate.mean(dim=1, keepdim=True)
    deviation = (candidate.var(dim=1, correction=0, keepdim=True) + 1e-5).sqrt()
    rebuilt = (distance.out.bias - distance.shift) / distance.scale * deviation + mean
    torch.testing.assert_close(
        distance(anchor, candidate, none), (rebuilt - anchor).square().sum(dim=(1, 2)), rtol=1e-5, atol=0
    )


def test_learning_drops_attention_in_training_alone():
    learning = DistanceLearning(motif(), "squares")
    x, copies = windows(5, 40), windows(5, 40, seed=1)
    keep = torch.rand(5, 40, 40) >= 0.5
    some, all_ = learning.distance(x, copies, keep).mean(), learning.distance(x, copies).mean()
    torch.testing.assert_close(learning.train()(x, copies, keep), some)
    torch.testing.assert_close(learning.eval()(x, copies, keep), all_)
    assert not torch.allclose(some, all_, rtol=1e-3)


@pytest.mark.parametrize("still", ["anchor", "candidate", "both"])
def test_windows_without_movement(still):
    distance = motif()
    anchor, candidate = windows(3, 50), windows(3, 50, seed=1)
    flat = torch.tensor([0.0, 0.6, 0.8]).expand(3, 50, 3)
    anchor = flat.clone() if still in ("anchor", "both") else anchor
    candidate = flat.clone() if still in ("candidate", "both") else candidate
    anchor.requires_grad_()
    distances = distance(anchor, candidate)
    distances.sum().backward()
    for name, tensor in distance.named_parameters():
        assert torch.isfinite(tensor.grad).all(), name
    assert torch.isfinite(distances).all()
    assert torch.isfinite(anchor.grad).all()
    expected = distance_oracle.distance(
        weights_of(distance), anchor.detach()[0].numpy(), candidate[0].numpy()
    )
    assert distances[0].item() == pytest.approx(expected, rel=5e-3)


def test_bf16_ranks_as_float32_does():
    distance = motif()
    anchor, candidates = windows(1, 100).expand(40, -1, -1), windows(40, 100, seed=1)
    with torch.autocast("cpu", torch.bfloat16), torch.no_grad():
        low = distance(anchor, candidates)
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, distance(anchor, candidates).detach(), rtol=0.03, atol=0)
