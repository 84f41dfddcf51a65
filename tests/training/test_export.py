import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from wearcli.encoders import build
from wearcli.errors import InputError
from wearcli.models import load_model
from wearcli.models.config import ModelConfig
from wearcli.models.runtime import open_session
from wearcli.training import export
from wearcli.training.export import write_model

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


@pytest.fixture(scope="module")
def windows() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(70, 250, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def fast(tmp_path_factory, windows):
    """An exported model's folder and its config."""
    folder = tmp_path_factory.mktemp("export") / "model"
    return folder, write_model(encoder("fast"), folder, CONFIG, windows)


def check(module: torch.nn.Module, folder: Path, document: ModelConfig, windows: np.ndarray) -> None:
    assert document.parity.windows == len(windows)
    assert document.parity.max_abs_difference < 1e-4
    model = load_model(folder)
    assert model.config == document
    assert document.to_json() == json.loads((folder / "config.json").read_text())
    assert document.parameters == sum(p.numel() for p in module.parameters())
    session = open_session(model.onnx_path)
    with torch.no_grad():
        expected = module.eval()(torch.from_numpy(windows).transpose(1, 2)).numpy()
    for batch in (1, 3, len(windows)):
        (found,) = session.run(["embedding"], {"windows": windows[:batch]})
        assert found.shape == (batch, 256)
        np.testing.assert_allclose(found, expected[:batch], atol=1e-4)


def test_onnx_equals_torch_at_any_batch_size(fast, windows):
    check(encoder("fast"), *fast, windows)


@pytest.mark.parametrize(("name", "options"), [("relcon", {}), ("fast", {"revin": True})])
@pytest.mark.slow
def test_onnx_equals_torch_for_the_others(tmp_path, name, options, windows):
    module = encoder(name, **options)
    check(module, tmp_path / "m", write_model(module, tmp_path / "m", CONFIG, windows), windows)


def test_names_shapes_and_that_every_batchnorm_is_folded(fast):
    folder, _ = fast
    graph = onnx.load(folder / "model.onnx").graph
    assert [node.name for node in graph.input] == ["windows"]
    assert [node.name for node in graph.output] == ["embedding"]
    assert [d.dim_value for d in graph.input[0].type.tensor_type.shape.dim][1:] == [250, 3]
    assert not any(node.op_type == "BatchNormalization" for node in graph.node)
    assert sorted(p.name for p in folder.iterdir()) == ["README.md", "config.json", "model.onnx"]


@pytest.mark.parametrize("worst", [0.0002, float("nan")])
def test_an_export_that_differs_is_not_written(worst, tmp_path, monkeypatch, windows):
    monkeypatch.setattr(export, "to_onnx", lambda module, path, shape: None)
    monkeypatch.setattr(export, "parity", lambda module, path, windows: (np.array([0, worst]), 256))
    with pytest.raises(InputError, match=rf"differs from torch by {worst}"):
        write_model(encoder("fast"), tmp_path / "model", CONFIG, windows)
    assert list(tmp_path.iterdir()) == []


def test_a_difference_is_judged_by_how_high_the_numbers_are(tmp_path, windows):
    """A student whose embedding had a deviation of 8 was not written for a difference of 0.0004."""
    module = encoder("fast")
    with torch.no_grad():
        module.out.weight *= 1000
        module.out.bias *= 1000
    size = export.magnitude(export.WindowsFirst(module).eval(), windows)
    assert size > 50
    document = write_model(module, tmp_path / "model", CONFIG, windows)
    assert document.parity.allowed == pytest.approx(1e-4 * size)
    assert export.magnitude(export.WindowsFirst(encoder("fast")).eval(), windows) == 1.0


def test_parity_sees_a_difference(fast, windows):
    module = export.WindowsFirst(encoder("fast")).eval()
    with torch.no_grad():
        module.encoder.out.bias[7] += 0.25
    assert export.parity(module, fast[0] / "model.onnx", windows)[0].max() == pytest.approx(0.25, abs=1e-3)


def test_export_is_the_same_each_time(fast, tmp_path, windows):
    assert write_model(encoder("fast"), tmp_path / "b", CONFIG, windows) == fast[1]


def test_a_model_tells_nothing_of_the_machine_that_made_it(fast):
    """The exporter would write a stack trace, paths and all, beside every node."""
    content = (fast[0] / "model.onnx").read_bytes()
    for trace in (b"site-packages", str(Path.cwd()).encode(), str(Path.home()).encode(), b"stack_trace"):
        assert trace not in content
    assert len(content) < 1.02 * 4 * 1_046_784  # the weights and little else
