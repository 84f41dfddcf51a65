"""The command around `pretrain`: what it prints where, and its exit codes."""

import json
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from tests.training import make
from wearcli.encoders import ENCODERS
from wearcli.training import pretrain as module
from wearcli.training.config_file import read_config
from wearcli.training.methods.registry import METHODS
from wearcli.training.settings import common_options

QUICK = ["--steps", "2", "--batch", "4", "--workers", "1", "--precision", "fp32"]


@pytest.fixture(autouse=True)
def nothing_exported(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    monkeypatch.setattr(module, "draw_curves", lambda run, say: None)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return str(make.store(tmp_path_factory.mktemp("study") / "walks", people=2, recordings=1).folder)


@pytest.fixture
def command(command):
    return partial(command, "pretrain")


def test_json_alone_on_stdout(command, store):
    code, out, err = command(store, *QUICK, "--json")
    document = json.loads(out)
    assert code == 0
    assert {"method", "steps", "seconds", "anchors_per_s", "loss", "run"} <= set(document)
    assert document["run"] == "runs/simclr-fast"
    assert "2 steps in" in err
    assert command(store, *QUICK)[1] == ""
    assert Path("runs/simclr-fast-2/config.toml").is_file()


def test_without_anything_to_train_on_it_says_what_to_do(command):
    code, out, err = command()
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "recordings/" in err
    assert "wearcli.toml" in err


def test_recordings_folder_is_the_default(command):
    Path("recordings").mkdir()
    code, out, _ = command("--dry-run", "--json")
    assert code == 0
    assert json.loads(out)["paths"] == ["recordings"]
    assert not Path("runs").exists()


def test_wearcli_toml_gives_paths_and_options_and_flags_win(command, store):
    Path("wearcli.toml").write_text(f'[pretrain]\npaths = ["{store}"]\nsteps = 7\nmax-degrees = 90.0\n')
    code, _, _ = command("--steps", "2", "--batch", "4", "-o", "r")
    assert code == 0
    settings = read_config(Path("r/config.toml"))
    parts = settings.data.paths, settings.optimisation.steps, settings.views.max_degrees
    assert parts == ((store,), 2, 90.0)


def test_a_runs_config_is_a_config(command, store):
    assert command(store, *QUICK, "--seed", "4", "-o", "first")[0] == 0
    Path("wearcli.toml").write_text(Path("first/config.toml").read_text())
    assert command("-o", "second")[0] == 0
    assert read_config(Path("first/config.toml")) == read_config(Path("second/config.toml"))


def test_resume_takes_no_setting_of_its_own(command, store):
    assert command(store, *QUICK, "-o", "r")[0] == 0
    code, _, err = command("--resume", "r", "--lr", "0.1")
    assert (code, "leave --lr out" in err) == (2, True)
    code, _, err = command(store, "--resume", "r")
    assert (code, "leave PATHS out" in err) == (2, True)
    code, out, _ = command("--resume", "r", "--device", "cpu", "--json")
    assert (code, json.loads(out)["steps"]) == (0, 2)


def test_an_output_that_is_there_is_kept(command, store):
    assert command(store, *QUICK, "-o", "r")[0] == 0
    before = Path("r/metrics.jsonl").read_text()
    code, _, err = command(store, *QUICK, "-o", "r")
    assert (code, "--overwrite" in err) == (2, True)
    assert Path("r/metrics.jsonl").read_text() == before
    assert command(store, *QUICK, "-o", "r", "--overwrite")[0] == 0


def test_recordings_are_cut_into_windows_and_a_broken_one_is_named(command):
    Path("study").mkdir()
    rows = "\n".join(f"{k / 50:.2f},0.0,{0.1 * (k % 25) / 25:.4f},1.0" for k in range(3000))
    for person in "ab":
        Path(f"study/{person}_walk.csv").write_text("time,x,y,z\n" + rows)
    Path("study/c_walk.csv").write_text("no table at all")
    code, out, err = command("study", *QUICK, "--window", "2", "--unit", "g", "-o", "r", "--json")
    document = json.loads(out)
    assert (code, document["steps"]) == (1, 2)
    assert [failed["recording"] for failed in document["failed"]] == ["c_walk"]
    assert "left out" in err
    assert Path("r/windows/store.json").is_file()


def test_missing_torch_is_one_line(command, store, monkeypatch):
    # What is imported anew below takes this place too, and gives it back at the end.
    monkeypatch.setattr("wearcli.training", sys.modules["wearcli.training"])
    for name in [name for name in sys.modules if name.startswith("wearcli.training")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "safetensors", None)
    code, _, err = command(str(store), "--dry-run")
    assert code == 2
    assert err == "wearcli: pretraining needs safetensors: pip install 'wearcli[train]'\n"


@pytest.mark.slow
def test_interrupted_it_says_how_to_go_on(command, store):
    arguments = [
        sys.executable,
        "-m",
        "wearcli",
        "pretrain",
        store,
        "--minutes",
        "5",
        "-o",
        "r",
        "--workers",
        "1",
    ]
    process = subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if Path("r/metrics.jsonl").exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "is saved, go on with --resume r" in err
    assert "Traceback" not in err
    assert Path("r/checkpoint/state.json").is_file()


def test_the_command_offers_what_there_is(command):
    """By its help page: each method, encoder, and option of a part of the settings or of a method."""
    _, page, _ = command("--help")
    words = set(re.split(r"[\s|,]+", page))
    flags = {field.flag for field in common_options()}
    flags |= {field.flag for method in METHODS.values() for field in method.own_options}
    assert {*METHODS, *ENCODERS} <= words
    assert flags <= words
