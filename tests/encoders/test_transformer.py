"""The transformer: its attention and positions against loops, what it sees, and its graph."""

import math

import numpy as np
import pytest
import torch

from tests.pulse_oracle import hearts
from wearcli.encoders import build
from wearcli.encoders.transformer import WIDTH, Block, TransformerEncoder, patch_samples, sinusoids
from wearcli.errors import UsageError
from wearcli.models.runtime import open_session
from wearcli.training.export import write_model

CONFIG = {
    "name": "tiny",
    "encoder": "transformer",
    "rate_hz": 64.0,
    "window_s": 10.0,
    "unit": "raw",
    "modality": "ppg",
    "normalisation": "zscore",
    "training_sets": [],
    "licence": "not stated",
    "wearcli": "0",
}


def encoder(channels: int = 1, samples: int = 640, rate_hz: float = 64.0) -> TransformerEncoder:
    torch.manual_seed(0)
    return TransformerEncoder(channels, samples, rate_hz).eval()


@pytest.mark.parametrize("tokens", [1, 2, 7])
def test_attention_equals_the_loop(tokens: int) -> None:
    """Each head of each token by itself, with the softmax written out."""
    torch.manual_seed(0)
    block = Block(12, 3).double()
    x = torch.randn(2, tokens, 12, dtype=torch.float64)
    normed = torch.nn.functional.layer_norm(x, (12,), block.norm1.weight, block.norm1.bias)
    rows = (normed @ block.queries_keys_values.weight.T + block.queries_keys_values.bias).detach()
    told = torch.zeros_like(x)
    for n in range(2):
        for head in range(3):
            own = slice(4 * head, 4 * head + 4)
            query, key, value = rows[n, :, :12][:, own], rows[n, :, 12:24][:, own], rows[n, :, 24:][:, own]
            for t in range(tokens):
                weights = [math.exp(float(query[t] @ key[u]) / math.sqrt(4)) for u in range(tokens)]
                for u in range(tokens):
                    told[n, t, own] += weights[u] / sum(weights) * value[u]
    y = x + block.project(told)
    expected = y + block.layers(block.norm2(y))
    torch.testing.assert_close(block(x), expected, rtol=1e-9, atol=1e-10)


def test_positions_are_those_of_the_paper() -> None:
    found = sinusoids(50, 8)
    for place in range(50):
        for number in range(4):
            angle = place / 10_000 ** (2 * number / 8)
            assert found[place, number] == pytest.approx(math.sin(angle), abs=1e-5)
            assert found[place, 4 + number] == pytest.approx(math.cos(angle), abs=1e-5)
    torch.testing.assert_close(sinusoids(500, 8)[:50], found)  # whatever the length


@pytest.mark.parametrize(
    ("channels", "samples", "rate_hz", "patch", "count"),
    [(1, 3840, 64.0, 32, 120), (4, 641, 64.0, 32, 21), (1, 3840, 128.0, 64, 60), (3, 1920, 32.0, 16, 120)],
)
def test_patches_are_half_a_second_and_the_last_value_fills_the_last(
    channels, samples, rate_hz, patch, count
) -> None:
    module = TransformerEncoder(channels, samples, rate_hz)
    assert (module.patch, module.count) == (patch_samples(rate_hz), count) == (patch, count)
    x = torch.randn(2, channels, samples)
    found = module.patches(x)
    assert found.shape == (2, channels, count, patch)
    for place in range(count * patch):
        at = found[:, :, place // patch, place % patch]
        assert torch.equal(at, x[:, :, min(place, samples - 1)])
    assert 2.5e6 < sum(p.numel() for p in module.parameters()) < 3.5e6
    assert module(x).shape == (2, 256)


def test_neither_unit_nor_offset_is_seen_and_order_and_polarity_are() -> None:
    x = torch.from_numpy(hearts("ppg", 64.0, 640, n=8)[0]).transpose(1, 2)
    module = encoder()
    with torch.no_grad():
        found = module(x)
        torch.testing.assert_close(module(1000 * x + 20), found, atol=1e-4, rtol=1e-3)
        typical = (found - found.mean(dim=0)).abs().mean()
        assert (module(-x) - found).abs().mean() > 0.1 * typical
        turned = x.unflatten(2, (20, 32)).flip(2).flatten(2)  # the same patches in another order
        assert (module(turned) - found).abs().mean() > 0.05 * typical
        for level in (0.0, 3.7, 20_000.0):
            assert module(torch.full((2, 1, 640), level)).isfinite().all()


def test_tokens_of_a_part_know_of_nothing_else() -> None:
    """What is left out has no influence, not by the mean or the deviation either."""
    module = encoder(2)
    x = torch.randn(3, 2, 640)
    patches = module.patches(x)
    places = torch.tensor([[0, 3, 19], [1, 2, 3], [7, 8, 15]])
    part = torch.stack([patches[n][:, places[n]] for n in range(3)])
    with torch.no_grad():
        tokens = module.tokens(part, places)
        assert tokens.shape == (3, 3, WIDTH)
        everything = torch.arange(20).expand(3, -1)
        torch.testing.assert_close(module.tokens(patches, everything), module.tokens(patches))
        assert not torch.allclose(module.tokens(part, places + 1 - 1), module.tokens(part, places.flip(1)))
        # The same patches as a short window: but for their places they are one.
        short = TransformerEncoder(2, 96, 64.0).eval()
        short.load_state_dict(module.state_dict())
        alone = torch.arange(3).expand(3, -1)
        torch.testing.assert_close(module.tokens(part, alone), short.tokens(part), rtol=1e-5, atol=1e-5)


def test_weights_serve_any_length() -> None:
    short, long = encoder(samples=640), TransformerEncoder(1, 3840, 64.0)
    assert short.state_dict().keys() == long.state_dict().keys()
    long.load_state_dict(short.state_dict())
    x = torch.randn(2, 1, 640)
    with torch.no_grad():
        patches = short.patches(x)
        torch.testing.assert_close(
            long.tokens(patches, torch.arange(20).expand(2, -1)), short.tokens(patches), rtol=1e-5, atol=1e-5
        )


@pytest.mark.parametrize(("channels", "samples"), [(1, 640), (4, 630)])
def test_the_graph_gives_what_torch_gives_at_any_batch_and_of_flat_windows(
    channels: int, samples: int, tmp_path
) -> None:
    module = encoder(channels, samples)
    with torch.no_grad():  # as after training: attention that is not even, and an output that is not small
        for parameter in module.parameters():
            if parameter.dim() > 1:
                parameter *= 2
    values = np.repeat(hearts("ppg", 64.0, samples, n=20)[0], channels, axis=2)
    flat = np.stack([np.zeros((samples, channels)), np.full((samples, channels), 3.7)])
    windows = np.concatenate([values, -50 * values, flat]).astype(np.float32)
    window = {"samples": samples, "window_s": samples / 64}
    config = CONFIG | window | {"channels": [f"c{n}" for n in range(channels)]}
    document = write_model(module, tmp_path / "model", config, windows)
    assert document.parity.max_abs_difference < 1e-4
    session = open_session(tmp_path / "model" / "model.onnx")
    whole = session.run(None, {"windows": windows})[0]
    assert np.isfinite(whole).all()
    assert whole[:20].std(axis=0).mean() > 0.05
    for batch in (1, 3):
        found = session.run(None, {"windows": windows[:batch]})[0]
        np.testing.assert_allclose(found, whole[:batch], atol=1e-4)


def test_what_it_does_not_take_is_refused() -> None:
    with pytest.raises(UsageError, match="'transformer' normalises by itself: leave --revin out"):
        build("transformer", 1, 640, revin=True, rate_hz=64.0, modality="ppg")
    with pytest.raises(UsageError, match=r"15 samples are too short .* 'transformer', which needs 16"):
        build("transformer", 1, 15, rate_hz=64.0, modality="ppg")
