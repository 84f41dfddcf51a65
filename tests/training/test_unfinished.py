"""A run that was killed before its first checkpoint does not stand in the way of the next one."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.training import make
from wearcli.errors import UsageError
from wearcli.training import pretrain as module
from wearcli.training.pretrain import pretrain
from wearcli.training.unfinished import never_saved

SMALL = {"steps": 4, "batch": 4, "workers": 1, "precision": "fp32", "checkpoint_every": 2}


@pytest.fixture(autouse=True)
def nothing_exported(monkeypatch):
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    monkeypatch.setattr(module, "draw_curves", lambda run, say: None)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make.store(tmp_path_factory.mktemp("study") / "walks", people=2, recordings=1).folder


class Killed(BaseException):
    """Nothing of the process goes on after it."""


def kill_at(step: int):
    def report(done: float, metrics: dict) -> None:
        if metrics["step"] >= step:
            raise Killed

    return report


def test_the_same_command_starts_anew_and_says_so(store, tmp_path, monkeypatch):
    run, said = tmp_path / "run", []
    monkeypatch.setattr("wearcli.training.loop.LOG_EVERY", 1)
    with pytest.raises(Killed):
        pretrain(store, run, report=kill_at(1), **SMALL)
    assert never_saved(run)
    result = pretrain(store, run, say=said.append, **{**SMALL, "seed": 1})
    assert result["steps"] == 4
    assert f"{run}: the run in it ended before its first checkpoint: it is started anew" in said
    assert make.flat(run / "config.toml").seed == 1


def test_it_can_go_on_too(store, tmp_path, monkeypatch):
    monkeypatch.setattr("wearcli.training.loop.LOG_EVERY", 1)
    with pytest.raises(Killed):
        pretrain(store, tmp_path / "run", report=kill_at(1), **SMALL)
    pretrain(resume=tmp_path / "run", workers=1)
    pretrain(store, tmp_path / "whole", **SMALL)
    assert make.weights(tmp_path / "run") == make.weights(tmp_path / "whole")


def test_a_run_with_a_checkpoint_is_kept(store, tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setattr("wearcli.training.loop.LOG_EVERY", 1)
    with pytest.raises(Killed):
        pretrain(store, run, report=kill_at(3), **SMALL)
    assert not never_saved(run)
    with pytest.raises(UsageError, match="--overwrite"):
        pretrain(store, run, **SMALL)
    # The first stage of RelCon has its own.
    (run / "checkpoint").rename(run / "distance")
    (run / "distance" / "checkpoint").mkdir()
    (run / "distance" / "state.json").rename(run / "distance" / "checkpoint" / "state.json")
    assert not never_saved(run)


def test_a_run_of_another_process_is_left_alone_until_that_ends(store, tmp_path, monkeypatch):
    run = tmp_path / "run"
    monkeypatch.setattr("wearcli.training.loop.LOG_EVERY", 1)
    with pytest.raises(Killed):
        pretrain(store, run, report=kill_at(1), **SMALL)
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom wearcli.claims import claimed\n"
        "with claimed(Path(sys.argv[1])):\n    print('in', flush=True)\n    time.sleep(600)\n"
    )
    root = str(Path(make.__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": root}
    other = subprocess.Popen(
        [sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE, text=True, env=environment
    )
    try:
        assert other.stdout.readline() == "in\n"
        for words in ({}, {"overwrite": True}):
            with pytest.raises(UsageError, match="another run writes it") as error:
                pretrain(store, run, **SMALL, **words)
            assert "\n" not in str(error.value)
        with pytest.raises(UsageError, match="another run writes it"):
            pretrain(resume=run, workers=1)
    finally:
        other.send_signal(signal.SIGKILL)
        other.wait()
    assert pretrain(store, run, **SMALL)["steps"] == 4
