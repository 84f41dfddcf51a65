import math

import numpy as np
import pytest
import torch

from wearcli.encoders import build
from wearcli.training.methods.masked.objective import LEAST_DEVIATION_G, Decoder, Masked, filled, masked_error


def some_masks(n: int, samples: int, seed: int) -> torch.Tensor:
    """Masks of all kinds of gaps; a sample of each window is visible and one masked."""
    generator = torch.Generator().manual_seed(seed)
    masked = torch.rand(n, samples, generator=generator) < torch.rand(n, 1, generator=generator)
    masked[:, 1], masked[:, samples // 2] = True, False
    return masked


@pytest.mark.parametrize(("n", "samples", "channels"), [(1, 4, 1), (3, 11, 3), (5, 20, 2)])
def test_loss_and_gradient_equal_the_loop(n, samples, channels):
    torch.manual_seed(n)
    windows = torch.randn(n, samples, channels, dtype=torch.float64)
    windows[0] *= 0.01  # a calm one
    rebuilt = torch.randn(n, samples, channels, dtype=torch.float64, requires_grad=True)
    masked = some_masks(n, samples, n)
    total = torch.zeros((), dtype=torch.float64)
    for w in range(n):
        mine, count = torch.zeros((), dtype=torch.float64), 0
        mean = windows[w].mean(dim=0)
        deviation = math.sqrt(float(((windows[w] - mean) ** 2).mean()) + LEAST_DEVIATION_G**2)
        for t in range(samples):
            for c in range(channels):
                if masked[w, t]:
                    mine = mine + (rebuilt[w, t, c] - (windows[w, t, c] - mean[c]) / deviation) ** 2
                    count += 1
        total = total + mine / count
    ours, theirs = masked_error(rebuilt, windows, masked), total / n
    torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-12)
    (mine,), (other,) = torch.autograd.grad(ours, rebuilt), torch.autograd.grad(theirs, rebuilt)
    torch.testing.assert_close(mine, other, rtol=1e-9, atol=1e-12)
    assert not mine[~masked].any()  # what is visible is nothing to be rebuilt


def test_to_say_the_mean_costs_one_deviation_in_calm_windows_too():
    torch.manual_seed(0)
    windows = torch.randn(64, 500, 3) * torch.tensor([0.1, 1.0, 10.0]).repeat(22)[:64, None, None] + 1.0
    masked = some_masks(64, 500, 0)
    assert float(masked_error(torch.zeros_like(windows), windows, masked)) == pytest.approx(1, abs=0.03)
    still = torch.full((4, 50, 3), 0.3) + 0.001 * torch.randn(4, 50, 3)
    assert float(masked_error(torch.zeros_like(still), still, masked[:4, :50])) < 0.01


@pytest.mark.parametrize("seed", range(3))
def test_what_is_masked_becomes_noise_as_lively_as_the_rest(seed):
    generator = torch.Generator().manual_seed(seed)
    windows = torch.randn(4, 40, 3, generator=generator) * torch.tensor([1.0, 0.1, 3.0]) + 2.0
    noise = torch.randn(4, 40, 3, generator=generator)
    masked = some_masks(4, 40, seed)
    noisy, visible = filled(windows, masked, noise)
    for w in range(4):
        part = windows[w][~masked[w]]
        mean, deviation = part.mean(dim=0), part.std(dim=0, correction=0)
        whole = math.sqrt(float(deviation.square().mean()) + LEAST_DEVIATION_G**2)
        for t in range(40):
            if masked[w, t]:
                torch.testing.assert_close(noisy[w, t], mean + deviation * noise[w, t], rtol=1e-4, atol=1e-5)
                assert not visible[w, t].any()
            else:
                assert torch.equal(noisy[w, t], windows[w, t])
                torch.testing.assert_close(
                    visible[w, t], (windows[w, t] - mean) / whole, rtol=1e-4, atol=1e-5
                )


def test_the_encoder_and_the_decoder_get_nothing_of_what_is_masked():
    windows, noise = torch.randn(2, 5, 24, 3)
    masked = some_masks(5, 24, 3)
    other = torch.where(masked[:, :, None], 100 * torch.randn(5, 24, 3), windows)
    for mine, theirs in zip(filled(windows, masked, noise), filled(other, masked, noise), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=0, atol=0)


@pytest.mark.parametrize(("samples", "patch"), [(100, 10), (256, 20), (97, 10)])
def test_shapes_a_last_patch_cut_off_and_gradients(samples, patch):
    torch.manual_seed(0)
    module = Masked(build("fast", samples=samples), 3, patch, 256)
    count = -(-samples // patch)
    hidden = torch.rand(4, count).argsort(dim=1) < count // 2
    loss = module(torch.randn(4, samples, 3), hidden, torch.randn(4, samples, 3))
    assert loss.shape == ()
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in module.encoder.parameters())


def test_the_decoder_sees_near_patches_alone():
    """What is far away must come through the embedding, or there is nothing for it to learn."""
    torch.manual_seed(0)
    decoder = Decoder(3, patch=5, dimension=8)
    seen = torch.randn(1, 100, 3, requires_grad=True)
    out = decoder(seen, torch.zeros(1, 20, dtype=torch.bool), torch.randn(1, 8))
    (reach,) = torch.autograd.grad(out[0, 50:55].sum(), seen)
    assert set(torch.nonzero(reach[0].any(dim=1)).flatten().tolist()) == set(range(40, 65))


def test_bf16_keeps_the_loss_in_float32():
    torch.manual_seed(0)
    module = Masked(build("fast"), 3, 10, 256)
    hidden = torch.rand(8, 25).argsort(dim=1) < 12
    windows, noise = torch.randn(2, 8, 250, 3)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(windows, hidden, noise)
    assert loss.dtype == torch.float32
    exact = module(windows, hidden, noise)
    assert loss.item() == pytest.approx(exact.item(), rel=0.05)


def test_it_learns_what_swings_are_like():
    """Swings of any rhythm, phase and direction: hidden parts become known better than by their mean."""
    torch.manual_seed(0)
    module = Masked(build("fast"), 3, 10, 256)
    optimizer = torch.optim.Adam(module.parameters(), lr=2e-3)
    time = torch.arange(250) / 50
    losses = []
    for _ in range(30):
        phase = 2 * math.pi * (0.5 + 2 * torch.rand(16, 1)) * time + 7 * torch.rand(16, 1)
        windows = torch.randn(16, 1, 3) + torch.sin(phase)[:, :, None] * torch.randn(16, 1, 3)
        loss = module(windows, torch.rand(16, 25).argsort(dim=1) < 12, torch.randn(windows.shape))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[0] > 0.9
    assert np.mean(losses[-5:]) < 0.75
