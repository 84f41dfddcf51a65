import numpy as np
import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from wearcli.training.methods.relcon import sparsemax as module
from wearcli.training.methods.relcon.sparsemax import sparsemax


def oracle(scores: np.ndarray) -> np.ndarray:
    """Sparsemax by sorting (Martins & Astudillo, algorithm 1), one row and one place at a time, float64."""
    rows = []
    for row in scores.astype(np.float64).reshape(-1, scores.shape[-1]).tolist():
        top = max(row)
        total, tau = 0.0, 0.0
        for place, score in enumerate(sorted((s - top for s in row), reverse=True), start=1):
            total += score
            if 1 + place * score > total:
                tau = (total - 1) / place
        rows.append([max(score - top - tau, 0.0) for score in row])
    return np.array(rows).reshape(scores.shape)


def jacobian(weights: list[float]) -> np.ndarray:
    """Of one row, an entry at a time (section 2.3 of the paper)."""
    inside = [weight > 0 for weight in weights]
    size = sum(inside)
    n = len(weights)
    entries = [[((i == j) - 1 / size) * (inside[i] and inside[j]) for j in range(n)] for i in range(n)]
    return np.array(entries, np.float64)


@pytest.fixture(params=["compiled", "torch"])
def path(request, monkeypatch):
    """Both ways to compute it."""
    if request.param == "torch":
        monkeypatch.setattr(module, "usable", lambda tensor: False)
    elif not module.usable(torch.zeros(1)):
        pytest.skip("numba is not installed")
    return request.param


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


ROWS = hnp.arrays(
    np.float32,
    hnp.array_shapes(min_dims=1, max_dims=2, min_side=1, max_side=30),
    elements=st.one_of(
        st.floats(-3, 3, width=32),
        st.floats(-(2.0**30), 2.0**30, width=32),
        st.integers(-2, 2).map(float),
        st.integers(0, 3).map(lambda n: np.nextafter(np.float32(1), np.float32(2)) if n else 1.0),
    ),
)


@given(ROWS)
@example(np.zeros((1, 1), np.float32))
@example(np.full((2, 33), -7.25, np.float32))
@settings(max_examples=100, deadline=None)
def test_equals_the_sort(scores):
    expected = oracle(scores)
    ours = sparsemax(torch.from_numpy(scores)).numpy()
    assert ours.dtype == np.float32
    assert ours.shape == scores.shape
    np.testing.assert_allclose(ours, expected, atol=1e-6, rtol=0)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "usable", lambda tensor: False)
        np.testing.assert_allclose(sparsemax(torch.from_numpy(scores)).numpy(), expected, atol=1e-6, rtol=0)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 256, 257, 5000])
@pytest.mark.parametrize("scale", [1e-30, 1e-6, 0.01, 1.0, 30.0, 1e6, 1e30])
def test_any_length_and_scale(path, n, scale):
    scores = randn(7, n, seed=n) * scale
    np.testing.assert_allclose(sparsemax(scores).numpy(), oracle(scores.numpy()), atol=2e-6, rtol=0)


@pytest.mark.parametrize("offset", [1e3, -1e3, 2.0**24, -(2.0**30), 1e36])
def test_a_constant_in_a_row_changes_nothing(path, offset):
    """However little of the rest the sum with it leaves, the weights are those of what was rounded."""
    scores = 0.01 * randn(20, 256) + offset
    weights = sparsemax(scores)
    torch.testing.assert_close(weights.double().sum(1), torch.ones(20).double(), atol=1e-5, rtol=0)
    np.testing.assert_allclose(weights.numpy(), oracle(scores.numpy()), atol=1e-6, rtol=0)


def test_the_nearest_point_of_the_simplex(path):
    """No corner of the simplex, and so none of its points, lies on the far side of the projection."""
    for seed, scale in enumerate([0.1, 1.0, 5.0]):
        scores = scale * randn(30, 12, seed=seed)
        weights = sparsemax(scores).double()
        assert weights.min() >= 0
        torch.testing.assert_close(weights.sum(1), torch.ones(30).double(), atol=1e-6, rtol=0)
        towards = scores.double() - weights
        assert (towards - (towards * weights).sum(1, keepdim=True)).max() < 1e-5
    # Sparse at a scale like that, unlike softmax.
    assert (weights == 0).double().mean() > 0.5


def test_ties_share(path):
    scores = torch.tensor([[2.0, 2.0, 2.0, 2.0], [0.0, 5.0, 5.0, 1.0], [0.3, 0.3, 0.1, -9.0]])
    expected = torch.tensor([[0.25] * 4, [0.0, 0.5, 0.5, 0.0], [0.4, 0.4, 0.2, 0.0]])
    torch.testing.assert_close(sparsemax(scores), expected, atol=1e-6, rtol=0)


def at_the_threshold(rows: int, n: int, seed: int) -> torch.Tensor:
    """Rows most of whose elements lie within a rounding or two of their threshold."""
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(rows, n)).astype(np.float32)
    first = oracle(scores)
    tau = np.float32((scores - first).max(axis=1, keepdims=True, where=first > 0, initial=-np.inf))
    near = tau + rng.integers(-2, 3, (rows, n)) * np.float32(6e-8)
    put = (first == 0) & (rng.random((rows, n)) < 0.5)
    return torch.from_numpy(np.where(put, near, scores).astype(np.float32))


def test_rounding_does_not_keep_it_going(monkeypatch):
    """Elements at the threshold go in and out of the support for ever; that is no reason to go on."""
    rounds = []

    class Counted(torch.Tensor):
        def __gt__(self, other):
            rounds.append(1)
            return torch.Tensor.__gt__(self, other)

    monkeypatch.setattr(module, "usable", lambda tensor: False)
    for seed in range(40):
        scores = at_the_threshold(64, 11 + 7 * seed, seed)
        shifted = scores - scores.amax(1, keepdim=True)
        rounds.clear()
        tau = module.threshold(shifted.as_subclass(Counted)).as_subclass(torch.Tensor)
        assert len(rounds) <= 12
        np.testing.assert_allclose((shifted - tau).clamp_min(0), oracle(scores.numpy()), atol=1e-6, rtol=0)


def test_at_the_threshold(path):
    for seed in range(20):
        scores = at_the_threshold(16, 11 + 13 * seed, seed)
        np.testing.assert_allclose(sparsemax(scores).numpy(), oracle(scores.numpy()), atol=1e-6, rtol=0)


@pytest.mark.parametrize("n", [1, 2, 9, 40])
def test_gradients_equal_the_jacobian(path, n):
    scores = randn(3, 5, n, seed=n).requires_grad_()
    upstream = randn(3, 5, n, seed=n + 1)
    (ours,) = torch.autograd.grad(sparsemax(scores), scores, upstream)
    weights = oracle(scores.detach().numpy())
    for place in np.ndindex(3, 5):
        expected = jacobian(weights[place].tolist()) @ upstream[place].double().numpy()
        np.testing.assert_allclose(ours[place].numpy(), expected, atol=1e-5, rtol=0)


def test_gradients_equal_finite_differences(path):
    scores, upstream = randn(6, 10), randn(6, 10, seed=1)
    leaf = scores.clone().requires_grad_()
    (ours,) = torch.autograd.grad(sparsemax(leaf), leaf, upstream)
    exact, step = scores.double().numpy(), 1e-6
    for place in np.ndindex(6, 10):
        above, below = exact.copy(), exact.copy()
        above[place] += step
        below[place] -= step
        slope = ((oracle(above) - oracle(below)) * upstream.numpy()).sum() / (2 * step)
        assert ours[place].item() == pytest.approx(slope, abs=1e-5)


def test_other_types_strides_and_no_rows(path):
    scores = randn(4, 9, 6)
    expected = oracle(scores.transpose(1, 2).numpy())
    across = scores.transpose(1, 2)
    before = across.clone()
    np.testing.assert_allclose(sparsemax(across).numpy(), expected, atol=1e-6, rtol=0)
    assert torch.equal(across, before)  # the compiled loops work in place, on a copy
    for dtype in (torch.float64, torch.bfloat16):
        given_ = across.to(dtype).requires_grad_()
        weights = sparsemax(given_)
        assert weights.dtype == torch.float32
        np.testing.assert_allclose(
            weights.detach().numpy(), oracle(given_.detach().float().numpy()), atol=1e-6, rtol=0
        )
        weights.square().sum().backward()
        assert given_.grad.dtype == dtype
    assert sparsemax(torch.zeros(0, 5)).shape == (0, 5)
