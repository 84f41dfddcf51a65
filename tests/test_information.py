"""`wearcli.info`: what this installation has, against what lies on the disk and in the package's metadata."""

import importlib.metadata
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

import wearcli
from wearcli.cli.app import app

PACKAGE = Path(wearcli.__file__).parent


def test_it_names_what_the_package_holds() -> None:
    information = wearcli.info()
    assert information.version == wearcli.__version__
    assert information.models == sorted(path.name for path in (PACKAGE / "models/bundled").iterdir())
    assert information.default_model in information.models
    assert set(information.latest.values()) <= set(information.models)
    assert information.packages["core"]["numpy"] == importlib.metadata.version("numpy")
    assert information.packages["train"].keys() >= {"torch", "safetensors"}


def test_a_missing_package_is_null_and_its_install_command_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        importlib.metadata, "requires", lambda name: ["numpy>=2", 'nosuch>=1; extra == "train"']
    )
    assert wearcli.info().packages == {
        "core": {"numpy": importlib.metadata.version("numpy")},
        "train": {"nosuch": None},
    }
    assert "nosuch missing: pip install 'wearcli[train]'" in CliRunner().invoke(app, ["info"]).stdout


def test_without_torch_the_gpus_are_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert wearcli.info().machine.gpus is None


def test_a_torch_that_is_broken_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "torch.py").write_text("raise RuntimeError('no driver')\n")
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    code += "import wearcli; print(wearcli.info().machine.gpus)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout == "['torch fails: RuntimeError: no driver']\n"


def test_it_says_which_places_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "runs").mkdir()
    places = wearcli.info().places
    assert (places["runs"].path, places["runs"].exists) == (str(tmp_path / "runs"), True)
    assert not places["config"].exists


def test_the_command_prints_the_same_as_json_and_as_lines() -> None:
    document = json.loads(CliRunner().invoke(app, ["info", "--json"]).stdout)
    assert document == json.loads(json.dumps(wearcli.info().to_json()))
    lines = CliRunner().invoke(app, ["info"]).stdout
    for model in document["models"]:
        assert model in lines
    assert str(document["machine"]["cores"]) in lines


def test_it_names_what_the_registries_hold() -> None:
    """Each format, probe kind and encoder is a module: their files are the truth."""
    information = wearcli.info()
    for kind in information.probe_kinds:
        assert (PACKAGE / f"probing/kinds/{kind}.py").is_file()
    for method in information.methods:
        assert (PACKAGE / f"training/methods/{method}").exists()
    assert {"csv", "parquet", "npz", "cwa", "edf"} <= set(information.formats)
    assert information.modalities["acc"] == "acceleration"
    assert {"fast", "streams"} <= set(information.encoders)
