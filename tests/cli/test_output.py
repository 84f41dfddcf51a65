"""--quiet and --verbose of every command, before the command and after it."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_group

from tests.commands import run_wearcli
from wearcli.cli.app import app


def test_every_command_has_the_flags() -> None:
    commands = dict(get_group(app).commands)
    commands |= {f"models {name}": command for name, command in commands["models"].commands.items()}
    for name, command in commands.items():
        flags = {flag for parameter in command.params for flag in parameter.opts}
        assert flags >= {"-q", "--quiet", "-v", "--verbose", "--debug"}, name


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A recording that is sound, and one that is not."""
    time = np.arange(2000) / 50
    np.savez(tmp_path / "P1_good.npz", time=time, x=np.zeros(2000), y=np.zeros(2000), z=np.ones(2000))
    (tmp_path / "P2_bad.csv").write_text("time,x,y,z\n")
    return tmp_path


@pytest.mark.parametrize("arguments", [["-q", "inspect"], ["inspect", "--quiet"]])
def test_quiet_is_data_and_errors_alone(study: Path, arguments: list[str]) -> None:
    result = run_wearcli(*arguments, str(study), "--json")
    assert result.returncode == 1
    assert [row["recording"] for row in json.loads(result.stdout)["recordings"]] == ["P1_good", "P2_bad"]
    first, last = result.stderr.splitlines()
    assert first.startswith("failed: P2_bad: ")
    assert last == "1 of 2 recordings could not be read"
    (study / "P2_bad.csv").unlink()
    assert run_wearcli(*arguments, str(study)).stderr == ""


@pytest.mark.parametrize("arguments", [["-v", "inspect"], ["inspect", "--verbose"]])
def test_verbose_says_how_each_file_was_read_and_when(study: Path, arguments: list[str]) -> None:
    lines = run_wearcli(*arguments, str(study)).stderr.splitlines()
    timed = [match for line in lines if (match := re.fullmatch(r"\[ *(\d+\.\d\d) s\] (.*)", line))]
    (opened,) = [match[2] for match in timed if "P1_good.npz" in match[2]]
    assert "npz, x, y, z at 50 Hz, start unknown, unit: " in opened
    assert "participant P1" in opened
    assert timed[-1][2] == "inspect is done"
    seconds = [float(match[1]) for match in timed]
    assert seconds == sorted(seconds)
    plain = run_wearcli("inspect", str(study))
    assert "P1_good.npz: " not in plain.stderr


def test_both_are_too_much(study: Path) -> None:
    result = run_wearcli("-q", "inspect", str(study), "-v")
    assert result.returncode == 2
    assert result.stderr == "wearcli: --quiet and --verbose exclude each other: give one of them\n"


def test_quiet_may_stand_in_the_config(study: Path) -> None:
    (study / "wearcli.toml").write_text("[inspect]\nquiet = true\n")
    (study / "P2_bad.csv").unlink()
    assert run_wearcli("inspect", ".", cwd=study).stderr == ""


def test_without_a_command_the_help_is_shown() -> None:
    result = run_wearcli()
    assert result.returncode == 2
    assert result.stdout == ""
    assert result.stderr == run_wearcli("--help").stdout
