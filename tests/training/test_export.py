import json
import os

import numpy as np
import onnx
import pytest
import torch

from wearcli.encoders import build
from wearcli.errors import InputError
from wearcli.models import load_model
from wearcli.training import export
from wearcli.training.export import write_model

os.environ["ORT_DISABLE_TELEMETRY"] = "1"
CONFIG = {
    "name": "tiny",
    "encoder": "fast",
    "rate_hz": 50.0,
    "window_s": 5.0,
    "samples": 250,
    "channels": ["x", "y", "z"],
    "unit": "g",
    "modality": "acc",
    "normalisation": "none",
    "training_sets": [],
    "licence": "not stated",
    "wearcli": "0",
}


def encoder(name: str, **options) -> torch.nn.Module:
    """With statistics of BatchNorm that are not the initial ones."""
    torch.manual_seed(0)
    module = build(name, **options)
    for _ in range(3):
        module(torch.randn(16, 3, 250) + 0.5)
    return module


@pytest.mark.parametrize(("name", "options"), [("fast", {}), ("relcon", {}), ("fast", {"revin": True})])
def test_onnx_equals_torch_at_any_batch_size(tmp_path, name, options):
    import onnxruntime

    module = encoder(name, **options)
    windows = np.random.default_rng(0).normal(size=(70, 250, 3)).astype(np.float32)
    document = write_model(module, tmp_path / "model", CONFIG, windows)
    assert document["parity"]["windows"] == 70
    assert document["parity"]["max_abs_difference"] < 1e-4
    model = load_model(tmp_path / "model")
    assert model.config == document
    assert document["parameters"] == sum(p.numel() for p in module.parameters())
    session = onnxruntime.InferenceSession(model.onnx_path, providers=["CPUExecutionProvider"])
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(windows).transpose(1, 2)).numpy()
    for batch in (1, 3, 70):
        (found,) = session.run(["embedding"], {"windows": windows[:batch]})
        assert found.shape == (batch, 256)
        np.testing.assert_allclose(found, expected[:batch], atol=1e-4)


def test_names_shapes_and_that_every_batchnorm_is_folded(tmp_path):
    windows = np.zeros((4, 250, 3), np.float32)
    write_model(encoder("fast"), tmp_path / "model", CONFIG, windows)
    graph = onnx.load(tmp_path / "model" / "model.onnx").graph
    assert [node.name for node in graph.input] == ["windows"]
    assert [node.name for node in graph.output] == ["embedding"]
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim][1:] == [250, 3]
    assert not any(node.op_type == "BatchNormalization" for node in graph.node)
    assert sorted(p.name for p in (tmp_path / "model").iterdir()) == ["README.md", "config.json", "model.onnx"]


def test_an_export_that_differs_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr(export, "parity", lambda module, path, windows: (2e-4, 256))
    with pytest.raises(InputError, match="differs from torch by 0.0002"):
        write_model(encoder("fast"), tmp_path / "model", CONFIG, np.zeros((4, 250, 3), np.float32))
    assert list(tmp_path.iterdir()) == []


def test_parity_sees_a_difference(tmp_path):
    module = export.WindowsFirst(encoder("fast")).eval()
    windows = np.random.default_rng(0).normal(size=(300, 250, 3)).astype(np.float32)
    export.to_onnx(module, tmp_path / "m.onnx", (2, 250, 3))
    with torch.no_grad():
        module.encoder.out.bias[7] += 0.25
    assert export.parity(module, tmp_path / "m.onnx", windows)[0] == pytest.approx(0.25, abs=1e-3)


def test_export_is_the_same_each_time(tmp_path):
    windows = np.zeros((4, 250, 3), np.float32)
    first = write_model(encoder("fast"), tmp_path / "a", CONFIG, windows)
    second = write_model(encoder("fast"), tmp_path / "b", CONFIG, windows)
    assert first["sha256"] == second["sha256"]
    assert json.loads((tmp_path / "a" / "config.json").read_text()) == first
