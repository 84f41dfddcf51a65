"""The command `wearcli models`."""

import json
import shutil
from collections.abc import Callable

import pytest

from wearcli.models import DEFAULT_MODEL, bundled_models, load_model

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with runs/mine, a run folder whose model is a copy of the default."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(load_model(DEFAULT_MODEL).folder, tmp_path / "runs" / "mine" / "model")
    return tmp_path


def test_bundled_and_local_models_are_listed(command: Run, here) -> None:
    code, out, err = command("models")
    assert (code, err) == (0, "")
    blocks = [block.splitlines() for block in out.split("\n\n")]
    assert [block[0].split(" ")[0] for block in blocks] == [*bundled_models(), "runs/mine"]
    default = next(block for block in blocks if block[0] == f"{DEFAULT_MODEL} (default, bundled)")
    config = load_model(DEFAULT_MODEL).config
    assert f"{config.window_s:g} s at {config.rate_hz:g} Hz -> {config.dimension};" in default[1]
    assert str(config.licence) in default[1]
    assert all(item.name in default[2] for item in config.training_sets)
    assert default[3:] == [f"  {len(config.scores)} scores: wearcli models show {DEFAULT_MODEL}"]


def test_json_names_all_of_it(command: Run, here) -> None:
    code, out, _ = command("models", "--json", "--folder", "runs")
    document = json.loads(out)
    assert code == 0
    assert [each["model"] for each in document["models"] if not each["bundled"]] == ["runs/mine"]
    assert [each["model"] for each in document["models"] if each["default"]] == [DEFAULT_MODEL]
    sizes = {each["model"]: each["bytes"] for each in document["models"]}
    assert sizes["runs/mine"] == load_model(DEFAULT_MODEL).onnx_path.stat().st_size


def test_a_damaged_model_is_named_and_the_others_listed(command: Run, here) -> None:
    (here / "runs" / "mine" / "model" / "model.onnx").write_bytes(b"no")
    code, out, err = command("models")
    assert code == 1
    assert err.startswith("failed: runs/mine/model/model.onnx: its sha256 is")
    assert err.count("\n") == 1
    assert DEFAULT_MODEL in out


@pytest.mark.parametrize("name", [DEFAULT_MODEL, "runs/mine"])
def test_show_prints_the_card(command: Run, here, name: str) -> None:
    code, out, _ = command("models", "show", name)
    assert code == 0
    assert out == (load_model(DEFAULT_MODEL).folder / "README.md").read_text()
    code, out, _ = command("models", "show", name, "--json")
    assert json.loads(out)["config"]["sha256"] == load_model(DEFAULT_MODEL).config.sha256


@pytest.mark.parametrize("words", [("show", "nothing"), ("--folder", "nowhere")])
def test_what_is_not_there_is_one_line(command: Run, here, words: tuple[str, ...]) -> None:
    code, out, err = command("models", *words)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert words[-1] in err
