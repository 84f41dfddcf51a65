import hashlib
import json
import subprocess
import sys

import pytest

from wearcli.errors import InputError
from wearcli.models import DEFAULT_MODEL, bundled_models, folder, load_model


def write(path, **changes):
    """A model folder whose weights are any bytes."""
    path.mkdir(parents=True)
    (path / "model.onnx").write_bytes(b"weights")
    config = {
        "name": "tiny",
        "sha256": hashlib.sha256(b"weights").hexdigest(),
        "rate_hz": 50,
        "window_s": 5,
        "samples": 250,
        "channels": ["x", "y", "z"],
        "unit": "g",
        "dimension": 256,
        **changes,
    }
    (path / "config.json").write_text(json.dumps({k: v for k, v in config.items() if v is not None}))
    return path


def test_a_folder_is_read_and_a_run_folder_finds_its_model(tmp_path):
    write(tmp_path / "run" / "model")
    for path in (tmp_path / "run", tmp_path / "run" / "model", str(tmp_path / "run")):
        model = load_model(path)
        assert (model.name, model.config["samples"]) == ("tiny", 250)
        assert model.onnx_path == tmp_path / "run" / "model" / "model.onnx"
        assert model.sha256 == model.config["sha256"]


def test_bundled_names_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "BUNDLED", tmp_path)
    write(tmp_path / "some-v1", name="some-v1")
    assert bundled_models() == ["some-v1"]
    assert load_model("some-v1").folder == tmp_path / "some-v1"
    with pytest.raises(InputError, match=r"other: no such model.*\(some-v1\)"):
        load_model("other")


def test_exchanged_weights_are_refused(tmp_path):
    path = write(tmp_path / "m")
    (path / "model.onnx").write_bytes(b"Weights")
    with pytest.raises(InputError, match="sha256") as error:
        load_model(path)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (lambda path: (path / "model.onnx").unlink(), "weights are missing"),
        (lambda path: (path / "config.json").write_text("{"), "not valid JSON"),
        (lambda path: (path / "config.json").write_text("[]"), "no name in it"),
        (lambda path: (path / "config.json").unlink(), "no such model"),
    ],
)
def test_damage_is_named(tmp_path, damage, says):
    path = write(tmp_path / "m")
    damage(path)
    with pytest.raises(InputError, match=says):
        load_model(path)


@pytest.mark.parametrize("key", ["name", "sha256", "rate_hz", "samples", "unit", "dimension"])
def test_a_config_that_lacks_something_is_named(tmp_path, key):
    with pytest.raises(InputError, match=f"no {key} in it"):
        load_model(write(tmp_path / "m", **{key: None}))


def test_every_bundled_model_is_whole():
    for name in bundled_models():
        model = load_model(name)
        assert model.name == name
        assert (model.folder / "README.md").is_file()


def test_the_default_is_bundled():
    assert load_model().name == DEFAULT_MODEL


def test_reading_a_model_needs_no_torch():
    code = "import sys, wearcli.models; sys.exit('torch' in sys.modules or 'onnxruntime' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
