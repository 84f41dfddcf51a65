"""A new training method is one module: the command line shows it, a run keeps its options and trains it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import make, toy

ROOT = Path(toy.__file__).parents[2]


@pytest.fixture(scope="module")
def toy_command(tmp_path_factory):
    folder = tmp_path_factory.mktemp("toy")

    def run(*words: str) -> subprocess.CompletedProcess:
        # The module runs as __main__, where its method is registered before the command line is built.
        code = f"import sys, runpy; sys.path.insert(0, {str(ROOT)!r}); sys.argv[1:] = {list(words)!r}; "
        code += "runpy.run_module('tests.training.toy', run_name='__main__', alter_sys=True)"
        return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)

    return run, folder


def test_the_help_shows_its_panel(toy_command):
    run, _ = toy_command
    page = run("pretrain", "--help").stdout
    panel = page[page.index("toy: embeddings of a mean") :]
    assert "--aim NUMBER" in panel
    assert "Mean that embeddings shall have. Default: 0.25." in panel
    assert "--no-whole" in panel
    batch = page[page.index("--batch N") :]
    assert "toy 4" in " ".join(batch.split())[:200]


def test_it_trains_and_its_options_are_kept_and_checked(toy_command):
    run, folder = toy_command
    store = make.store(folder / "walks", people=2, recordings=1).folder
    words = (
        "pretrain",
        str(store),
        "--method",
        "toy",
        "--steps",
        "2",
        "--workers",
        "1",
        "-o",
        "run",
        "--json",
    )
    done = run(*words, "--aim", "0.5", "--no-whole")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert (document["method"], document["steps"]) == ("toy", 2)
    lines = (folder / "run" / "config.toml").read_text().splitlines()
    assert {'method = "toy"', "aim = 0.5", "whole = false", "batch = 4"} <= set(lines)
    config = json.loads((folder / "run" / "model" / "config.json").read_text())
    assert config["training"]["aim"] == 0.5
    refused = run(*words, "--aim", "4", "--overwrite")
    assert (refused.returncode, refused.stderr) == (2, "wearcli: --aim 4: must be at most 3\n")
    foreign = run("pretrain", str(store), "--aim", "1")
    assert (foreign.returncode, foreign.stderr) == (2, "wearcli: --aim is of --method toy, not of simclr\n")
