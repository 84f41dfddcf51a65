import hashlib
import json
import subprocess
import sys

import pytest

from wearcli.errors import InputError, UsageError
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
        assert (model.name, model.config.samples) == ("tiny", 250)
        assert model.onnx_path == tmp_path / "run" / "model" / "model.onnx"


def test_bundled_names_come_first(tmp_path, monkeypatch):
    monkeypatch.setattr(folder, "BUNDLED", tmp_path)
    write(tmp_path / "some-v1", name="some-v1")
    assert bundled_models() == ["some-v1"]
    assert load_model("some-v1").folder == tmp_path / "some-v1"
    with pytest.raises(UsageError, match=r"other: no such model.*\(some-v1\)"):
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
        (lambda path: (path / "config.json").write_text("[]"), "it is not a JSON object"),
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


def test_a_folder_without_a_model_is_a_wrong_name(tmp_path):
    with pytest.raises(UsageError, match=r"no such model: give --model a model folder or a bundled name"):
        load_model(tmp_path)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"samples": 256}, "5 s at 50 Hz are not its 256 samples"),
        ({"window_s": 4.9}, "4.9 s at 50 Hz are not its 250 samples"),
        ({"rate_hz": "50"}, "rate_hz is '50', not a number above 0"),
        ({"rate_hz": float("nan")}, "rate_hz is nan"),
        ({"samples": 250.0}, "samples is 250.0, not a whole number above 0"),
        ({"dimension": 0}, "dimension is 0"),
        ({"dimension": True}, "dimension is True"),
        ({"channels": "xyz"}, "its channels is 'xyz', not a list of texts"),
        ({"channels": []}, "it has no channels"),
        ({"channels": ["x", "y"]}, "acceleration has 3 channels in g, not 2 in g"),
        ({"unit": "m/s2"}, "acceleration has 3 channels in g, not 3 in m/s2"),
        ({"features": "gait"}, "its features are 'gait', not motion or heart"),
    ],
)
def test_a_config_that_contradicts_itself_is_refused(tmp_path, changes, says):
    with pytest.raises(InputError, match=says) as error:
        load_model(write(tmp_path / "m", **changes))
    assert "\n" not in str(error.value)


def test_a_rate_that_is_no_whole_number_of_samples_is_rounded(tmp_path):
    assert load_model(write(tmp_path / "m", rate_hz=33.3, window_s=2.56, samples=85)).config.samples == 85
    assert load_model(write(tmp_path / "n", modality="ppg", channels=["ppg"], unit="raw")).name == "tiny"


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
