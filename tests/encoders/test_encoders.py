import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from wearcli.encoders import ENCODERS, EncoderRecord, build
from wearcli.encoders.graph.normalise import RevIN
from wearcli.errors import UsageError

# See test_pulse.py and test_ballistic.py for those of signals and lengths of their own.
OF_ACCELERATION = [name for name in ENCODERS if name not in ("pulse", "ballistic")]


def parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())


def multiplications(encoder: nn.Module, samples: int) -> int:
    """Of one window: weights of each convolution and linear layer times the places where they are used."""
    total = 0

    def count(layer: nn.Module, given: object, out: torch.Tensor) -> None:
        nonlocal total
        total += layer.weight.numel() * (out[0][0].numel() if out.dim() > 2 else 1)

    for layer in encoder.modules():
        if isinstance(layer, nn.Conv1d | nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    encoder.eval()(torch.zeros(1, 3, samples))
    return total


def test_relcon_has_the_published_number_of_parameters():
    assert parameters(build("relcon", samples=256)) == 3_635_840


def test_relcon_widths_and_lengths():
    encoder = build("relcon", samples=256)
    stem = encoder.stem(torch.zeros(2, 3, 256))
    assert stem.shape == (2, 64, 62)  # (256 - 7) // 2 + 1 = 125, then (125 - 3) // 2 + 1 = 62
    assert encoder.blocks(stem).shape == (2, 256, 62)  # 'same' throughout, even kernels too
    assert len(encoder.blocks) == 13


def test_fast_stays_small():
    encoder = build("fast")
    assert parameters(encoder) < 1_500_000
    assert 8e6 < multiplications(encoder, 250) < 12e6


@pytest.mark.parametrize("name", OF_ACCELERATION)
@pytest.mark.parametrize("samples", [64, 250, 256, 301])
def test_shapes_and_independence_of_the_batch(name, samples):
    torch.manual_seed(0)
    encoder = build(name, samples=samples).eval()
    x = torch.randn(5, 3, samples)
    together = encoder(x)
    assert together.shape == (5, encoder.dimension)
    alone = torch.cat([encoder(row[None]) for row in x])
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", OF_ACCELERATION)
def test_every_parameter_learns(name):
    torch.manual_seed(0)
    encoder = build(name)
    encoder(torch.randn(8, 3, 250)).square().mean().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in encoder.parameters() if p.dim() > 1)


def test_fast_sees_the_direction_of_gravity_in_a_still_window():
    torch.manual_seed(0)
    encoder = build("fast").eval()
    upright, lying = torch.zeros(1, 3, 250), torch.zeros(1, 3, 250)
    upright[:, 1], lying[:, 0] = 1.0, 1.0
    assert (encoder(upright) - encoder(lying)).norm() > 0.05 * encoder(upright).norm()


def test_revin_inside_hides_offset_and_scale():
    torch.manual_seed(0)
    encoder = build("fast", revin=True).eval()
    x = torch.randn(4, 3, 250)
    moved = 3 * x + torch.randn(4, 3, 1)
    torch.testing.assert_close(encoder(x), encoder(moved), atol=1e-3, rtol=1e-3)


def test_registry_refuses_by_name_and_by_length():
    with pytest.raises(UsageError, match="--encoder takes fast, relcon"):
        build("huge")
    with pytest.raises(UsageError, match=r"9 samples are too short.*--window"):
        build("fast", samples=9)


def test_revin_gives_each_channel_mean_0_and_deviation_1_before_its_affine_map():
    torch.manual_seed(0)
    layer = RevIN(3)
    x = 5 + 2 * torch.randn(7, 3, 100)
    y = layer(x)
    torch.testing.assert_close(y.mean(dim=2), torch.zeros(7, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(y.var(dim=2, unbiased=False), torch.ones(7, 3), atol=1e-4, rtol=0)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5], [2.0], [-1.0]]))
        layer.bias.copy_(torch.tensor([[0.1], [0.0], [3.0]]))
    torch.testing.assert_close(layer(x), y * layer.weight + layer.bias)
    assert torch.isfinite(layer(torch.ones(1, 3, 10))).all()


def test_a_record_says_what_its_module_is() -> None:
    for name, record in ENCODERS.items():
        modality = record.signals[0] if record.signals else "acc"
        channels = 3 if modality == "acc" else 1
        samples = max(record.min_samples, round(record.min_window_s * 50), 600)
        encoder = build(name, channels, samples, False, 50.0, modality).eval()
        embedding = encoder(torch.randn(2, channels, samples))
        assert (record.name, embedding.shape) == (name, (2, record.dimension))
        assert encoder.dimension == record.dimension
        assert record.title


def test_checkpoints_of_earlier_versions_fit() -> None:
    """The names and shapes of all weights are those that wearcli 0.1.0 wrote."""
    stored = json.loads((Path(__file__).parent / "golden" / "state_dicts.json").read_text())
    shapes = {
        "relcon": (3, 256, 100.0, "acc"),
        "pulse": (1, 1920, 64.0, "ppg"),
        "efficientnet": (1, 1280, 128.0, "ecg"),
        "efficientnet-small": (1, 1920, 64.0, "ppg"),
        "transformer": (1, 1920, 64.0, "ppg"),
        "ballistic": (3, 1500, 50.0, "acc"),
    }
    assert {case.partition("+")[0] for case in stored} == set(ENCODERS)
    for case, weights in stored.items():
        name, _, revin = case.partition("+")
        channels, samples, rate_hz, modality = shapes.get(name, (3, 250, 50.0, "acc"))
        state = build(name, channels, samples, bool(revin), rate_hz, modality).state_dict()
        assert {key: "x".join(map(str, value.shape)) for key, value in state.items()} == weights, case


def test_the_registry_needs_no_torch() -> None:
    code = "import sys, wearcli.encoders as e; print(*e.ENCODERS); sys.exit('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stdout.split()) == (0, list(ENCODERS))


class Toy(nn.Module):
    """The mean of each channel, eight times over, times a weight."""

    dimension = 8

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.out = nn.Linear(channels, self.dimension)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.out(x.mean(dim=2))


def test_one_record_makes_an_encoder(tmp_path, monkeypatch) -> None:
    """Listed, refused, trained, exported and used by `embed`, by its record alone."""
    import wearcli
    from tests.training import make
    from wearcli.models.folder import load_model

    toy = EncoderRecord("toy", "a toy", lambda shape: Toy(shape.channels), 8, 20, signals=("acc",))
    monkeypatch.setitem(ENCODERS, "toy", toy)
    with pytest.raises(UsageError, match=r"--encoder takes fast, .*, toy"):
        build("huge")
    with pytest.raises(UsageError, match="19 samples are too short for the encoder 'toy', which needs 20"):
        build("toy", samples=19)
    with pytest.raises(UsageError, match="'toy' takes acceleration, not ECG: --encoder pulse"):
        build("toy", channels=1, modality="ecg")
    assert build("toy", revin=True)(torch.zeros(1, 3, 20)).shape == (1, 8)
    make.store(tmp_path / "store", people=3)
    wearcli.pretrain(
        tmp_path / "store", tmp_path / "run", encoder="toy", steps=2, batch=8, workers=1, precision="fp32"
    )
    config = load_model(tmp_path / "run").config
    assert (config.encoder, config.dimension, config.parameters) == ("toy", 8, 32)
    frame = "time,x,y,z\n" + "".join(f"{i / 50:.2f},0,0,1\n" for i in range(500))
    (tmp_path / "P1.csv").write_text(frame)
    result = wearcli.embed([tmp_path / "P1.csv"], tmp_path / "e.parquet", model=tmp_path / "run")
    assert (result.windows, result.failed) == (9, [])
