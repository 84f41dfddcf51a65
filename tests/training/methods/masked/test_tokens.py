import math

import numpy as np
import pytest
import torch

from tests.pulse_oracle import hearts
from wearcli.encoders import build
from wearcli.encoders.transformer import TransformerEncoder
from wearcli.training.methods.masked import tokens as masked_tokens
from wearcli.training.methods.masked.tokens import LEAST, MaskedTokens, chosen, rebuilding_error, targets


def objective(channels: int = 1, samples: int = 640) -> MaskedTokens:
    torch.manual_seed(0)
    encoder = build("transformer", channels, samples, rate_hz=64.0, modality="ppg")
    assert isinstance(encoder, TransformerEncoder)
    return MaskedTokens(encoder)


def some(n: int, patches: int, count: int, seed: int = 0) -> torch.Tensor:
    """So many hidden of each window."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, patches, generator=generator).argsort(dim=1) < count


@pytest.mark.parametrize(("channels", "samples", "hidden"), [(1, 640, 10), (3, 640, 1), (2, 630, 19)])
def test_the_loss_equals_the_loop(channels: int, samples: int, hidden: int, monkeypatch) -> None:
    """Patch by patch from the windows themselves, with what the decoder said of each."""
    module = objective(channels, samples)
    windows = torch.randn(4, samples, channels) * torch.tensor([1.0, 0.01, 50.0, 1.0])[:, None, None] + 3
    windows[3, : samples // 2] *= 1e-3  # half of it is calm
    mask = some(4, 20, hidden)
    said = {}
    monkeypatch.setattr(
        masked_tokens, "rebuilding_error", lambda a, b: said.update(a=a) or rebuilding_error(a, b)
    )
    loss = module(windows, mask)
    total = 0.0
    for n in range(4):
        held = windows[n].double().numpy()
        held = np.concatenate([held, np.repeat(held[-1:], 640 - samples, axis=0)])
        row, mine = 0, []
        for place in range(20):
            if not mask[n, place]:
                continue
            for c in range(channels):
                patch = held[32 * place : 32 * place + 32, c]
                deviation = math.sqrt(patch.var() + (LEAST * held[:, c].std()) ** 2)
                rebuilt = said["a"][n, row, 32 * c : 32 * c + 32].detach().double().numpy()
                mine += list((rebuilt - (patch - patch.mean()) / deviation) ** 2)
            row += 1
        assert row == hidden
        total += sum(mine) / len(mine)
    assert float(loss.detach()) == pytest.approx(total / 4, rel=1e-4)


def test_what_is_hidden_reaches_neither_encoder_nor_decoder(monkeypatch) -> None:
    module = objective(2).eval()
    windows, mask = torch.randn(5, 640, 2), some(5, 20, 12)
    other = torch.where(mask.repeat_interleave(32, dim=1)[:, :, None], 1e4 * torch.rand(5, 640, 2), windows)
    kept: list[torch.Tensor] = []
    tokens = module.encoder.tokens

    def seen_by_the_encoder(patches: torch.Tensor, places: torch.Tensor) -> torch.Tensor:
        assert patches.shape == (5, 2, 8, 32)  # the work is less by what is hidden
        kept.append(tokens(patches, places))
        return kept[-1]

    def rebuilt(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        kept.append(a)
        return rebuilding_error(a, b)

    monkeypatch.setattr(module.encoder, "tokens", seen_by_the_encoder)
    monkeypatch.setattr(masked_tokens, "rebuilding_error", rebuilt)
    with torch.no_grad():
        first, second = module(windows, mask), module(other, mask)
    assert torch.equal(kept[0], kept[2])
    assert torch.equal(kept[1], kept[3])
    assert first != second  # but what there was to be told is another


def test_what_is_visible_reaches_what_is_rebuilt_through_the_embedding_too(monkeypatch) -> None:
    module = objective()
    windows, mask = torch.randn(2, 640, 1), some(2, 20, 10)
    loss = module(windows, mask)
    loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in module.parameters() if p.dim() > 1)
    assert module.mask.grad.any()
    with torch.no_grad():
        monkeypatch.setattr(module.encoder, "pooled", lambda tokens: torch.zeros(len(tokens), 256))
        assert abs(float(module(windows, mask) - loss)) > 1e-6


def test_every_hidden_patch_is_asked_for_at_its_own_place() -> None:
    """Places in any order give the same answers in that order; and another place, another answer."""
    module = objective().eval()
    tokens, seen = torch.randn(1, 3, 192), torch.tensor([[2, 9, 11]])
    unseen = torch.tensor([[4, 17, 0]])
    with torch.no_grad():
        one = module.decode(tokens, seen, unseen)
        turned = module.decode(tokens, seen, unseen.flip(1)).flip(1)
        torch.testing.assert_close(one, turned, rtol=1e-4, atol=1e-5)
        assert (one[:, 0] - one[:, 1]).abs().max() > 1e-3
        assert (one - module.decode(tokens, seen + 1, unseen)).abs().max() > 1e-4


def test_chosen_takes_whole_patches_of_each_window() -> None:
    patches = torch.arange(2 * 3 * 5 * 4).reshape(2, 3, 5, 4)
    found = chosen(patches, torch.tensor([[4, 0], [1, 3]]))
    assert torch.equal(found[0], patches[0][:, [4, 0]])
    assert torch.equal(found[1], patches[1][:, [1, 3]])


def test_to_say_the_mean_costs_a_deviation_and_noise_in_a_calm_patch_next_to_nothing() -> None:
    torch.manual_seed(0)
    patches = torch.randn(8, 1, 20, 32)
    nothing, mask = torch.zeros(8, 20, 32), torch.arange(20).expand(8, -1)
    assert rebuilding_error(nothing, targets(patches, mask)).tolist() == pytest.approx([0.99] * 8, abs=0.01)
    assert rebuilding_error(nothing, targets(1e4 + 50 * patches, mask))[0] == pytest.approx(0.99, abs=0.01)
    patches[:, :, :10] *= 0.01
    calm = targets(patches, mask[:, :10]).square().mean()
    assert float(calm) < 0.03
    assert targets(torch.full((1, 1, 20, 32), 7.0), mask[:1]).isfinite().all()


def test_bf16_keeps_the_loss_in_float32() -> None:
    module = objective()
    windows, mask = torch.randn(4, 640, 1), some(4, 20, 10)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module(windows, mask)
    assert loss.dtype == torch.float32
    assert float(loss.detach()) == pytest.approx(float(module(windows, mask).detach()), rel=0.03)


def test_steps_lower_the_loss_of_hearts() -> None:
    module = objective()
    windows, mask = torch.from_numpy(hearts("ppg", 64.0, 640, n=16)[0]), some(16, 20, 10)
    optimizer = torch.optim.AdamW(module.parameters(), 3e-4)
    losses = []
    for _ in range(10):
        losses.append(module(windows, mask))
        optimizer.zero_grad()
        losses[-1].backward()
        optimizer.step()
    assert losses[-1].item() < 0.85 * losses[0].item()


def test_it_learns_to_go_on_with_beats() -> None:
    """Of a phase and a height that it has not seen, under masks that it has not seen."""
    module = objective()
    optimizer = torch.optim.AdamW(module.parameters(), 1e-3)

    def beats(n: int) -> torch.Tensor:
        phase = 2 * math.pi * (torch.arange(640) / 64 + torch.rand(n, 1))
        wave = torch.sin(phase) + 0.4 * torch.sin(2 * phase + 1)
        return wave[:, :, None] * (0.5 + torch.rand(n, 1, 1))

    for step in range(25):
        loss = module(beats(32), some(32, 20, 10, seed=step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        error = float(module(beats(32), some(32, 20, 10, seed=999)))
    assert error < 0.85  # to say the mean of each patch is 0.97


def test_weights_of_an_older_checkpoint_are_taken_under_their_old_name() -> None:
    torch.manual_seed(0)
    new = MaskedTokens(TransformerEncoder(1, 640, 64.0))
    old = {name.replace("summary.", "told."): tensor for name, tensor in new.state_dict().items()}
    assert old.keys() != new.state_dict().keys()
    torch.manual_seed(1)
    other = MaskedTokens(TransformerEncoder(1, 640, 64.0))
    other.load_state_dict(old)
    assert all(torch.equal(a, b) for a, b in zip(other.parameters(), new.parameters(), strict=True))
