"""What all commands share: version, configuration, errors as one line, exit codes."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.main import get_group
from typer.testing import CliRunner

import wearcli
from tests.commands import run_wearcli
from wearcli.cli.app import app
from wearcli.cli.config import read_config
from wearcli.errors import UsageError

COMMANDS = get_group(app).commands


def test_version_names_the_model() -> None:
    result = CliRunner().invoke(app, ["--version"])
    from wearcli.models.folder import DEFAULT_MODEL

    assert wearcli.__version__ in result.stdout
    assert DEFAULT_MODEL in result.stdout


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom typer.testing import CliRunner\nfrom wearcli.cli.app import app\n"
        "assert CliRunner().invoke(app, ['--help']).exit_code == 0\n"
        "heavy = {'numpy', 'pandas', 'pyarrow', 'scipy', 'sklearn', 'torch'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_no_torch_in_what_runs_without_it() -> None:
    code = (
        "import sys\nimport wearcli.embedding.embed, wearcli.probing.probe, wearcli.inspection\n"
        "import wearcli.signals.preprocess, wearcli.simulation.sample\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_every_command_and_every_option_has_help() -> None:
    for name, command in get_group(app).commands.items():
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
        for parameter in command.params:
            if parameter.param_type_name == "option":
                assert getattr(parameter, "help", None), f"{name}: {parameter.name} has no help text"


def test_every_public_function_is_importable_from_the_package() -> None:
    for name in wearcli.__all__:
        assert getattr(wearcli, name) is not None
    with pytest.raises(AttributeError):
        _ = wearcli.nothing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[embed\n", "not valid TOML"),
        ("[embode]\nbatch = 1\n", "'embode' is no command"),
        ("[embed]\nbatsch = 1\n", "no option 'batsch'"),
        ("[embed]\nrate_hz = true\n", "[embed] rate_hz = true: the option takes a value"),
    ],
)
def test_a_wrong_config_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "wearcli.toml").write_text(text)
    result = run_wearcli("embed", cwd=tmp_path)
    assert result.returncode == 2
    assert result.stderr.count("\n") == 1
    assert message in result.stderr
    assert result.stdout == ""


def test_a_closed_stdout_is_one_line() -> None:
    """It was a traceback."""
    command = ["sh", "-c", f"exec {sys.executable} -m wearcli info --json >&-"]
    result = subprocess.run(command, stderr=subprocess.PIPE, text=True)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert "stdout is closed" in result.stderr


def test_config_sets_defaults_and_flags_win(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text("[sample]\nparticipants = 2\nseed = 3\n")
    assert read_config(config, COMMANDS) == {"sample": {"participants": 2, "seed": 3}}
    for extra, people in (([], 2), (["--participants", "3"], 3)):
        folder = tmp_path / f"study-{people}"
        result = run_wearcli("--config", str(config), "sample", str(folder), *extra)
        assert result.returncode == 0, result.stderr
        assert len((folder / "participants.csv").read_text().splitlines()) == people + 1
    with pytest.raises(UsageError, match="no such file"):
        read_config(tmp_path / "none.toml", COMMANDS)


def test_config_takes_the_flags_names(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text(
        '[embed]\nformat = "jsonl"\nmax-missing = 0.2\n[probe]\nprobe = "linear"\njson = true\n'
    )
    defaults = read_config(config, COMMANDS)
    assert set(defaults["embed"].values()) == {"jsonl", 0.2}
    assert [*defaults["probe"].values()] == [["linear"], True]


def test_one_of_what_may_be_several_needs_no_list_in_the_config(tmp_path: Path) -> None:
    config = tmp_path / "study.toml"
    config.write_text('[probe]\nembeddings = "e.parquet"\ntarget = ["a", "b"]\n[embed]\npaths = "here"\n')
    assert read_config(config, COMMANDS) == {
        "probe": {"embeddings": ["e.parquet"], "target": ["a", "b"]},
        "embed": {"paths": ["here"]},
    }


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    result = run_wearcli("sample", str(tmp_path / "file" / "study"), "--participants", "2")
    assert result.returncode in (1, 2)
    assert result.stderr.count("\n") == 1
    assert "file" in result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["embed"],
        ["embed", "nowhere"],
        ["embed", "--batch", "many"],
        ["embed", "--no-such-flag"],
        ["embod"],
        ["embed", "README.md", "--unit", "furlong"],
        ["embed", "README.md", "--stride", "0"],
        ["embed", "README.md", "--model", "nonsense"],
        ["probe", "none.parquet", "--task", "gait"],
        ["inspect"],
    ],
)
def test_usage_errors_are_one_line_with_code_2(tmp_path: Path, arguments: list[str]) -> None:
    result = run_wearcli(*arguments, cwd=tmp_path)
    assert result.returncode == 2, result.stderr
    assert result.stderr.startswith("wearcli: ")
    assert result.stderr.count("\n") == 1
    assert result.stdout == ""


def test_debug_shows_the_traceback(tmp_path: Path) -> None:
    for arguments in (["--debug", "embed", "nowhere"], ["embed", "nowhere", "--debug"]):
        assert "Traceback" in run_wearcli(*arguments, cwd=tmp_path).stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_embed_keeps_what_is_complete(tmp_path: Path, how: signal.Signals) -> None:
    time_s = np.arange(200_000) / 100
    values = np.random.default_rng(0).normal(scale=0.2, size=(200_000, 3)).astype(np.float32) + 0.58
    for number in range(60):
        np.savez(
            tmp_path / f"P{number:02d}_a.npz", time=time_s, x=values[:, 0], y=values[:, 1], z=values[:, 2]
        )
    out = tmp_path / "e.parquet"
    command = [sys.executable, "-m", "wearcli", "embed", str(tmp_path), "-o", str(out), "--jsonl"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    for _ in range(2):  # two recordings are done
        process.stdout.readline()
    process.send_signal(how)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 130, errors
    assert "interrupted" in errors
    from wearcli.embedding.embed import embed

    done = embed([tmp_path], out, dry_run=True).plan
    assert 2 <= sum(action == "keep" for action in done.values()) < 60
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_reader_that_goes_away_is_no_traceback(sample_data: Path) -> None:
    command = f"{sys.executable} -m wearcli embed {sample_data} -o - --format jsonl | head -c 10"
    result = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert "Traceback" not in result.stderr
    assert len(result.stdout) == 10


def test_shell_completion_is_offered() -> None:
    result = run_wearcli(
        "--show-completion", "bash", env={**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    )
    assert result.returncode == 0
    assert "wearcli" in result.stdout or "complete" in result.stdout.lower()


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["foo"], "No such command 'foo': see 'wearcli --help'"),
        (["probe", "--kind"], "Option '--kind' requires an argument: see 'wearcli --help'"),
        (["probe", "--folds", "x"], "'--folds': must be a valid integer: see 'wearcli probe --help'"),
        (["embed", "--batch", "0"], "'--batch': must be greater than or equal to 1: see 'wearcli embed"),
        (["pretrain", "--method", "x"], "'--method': 'x' is not one of 'simclr', 'relcon', 'masked',"),
    ],
)
def test_errors_of_usage_are_in_our_words(command: Callable, words: list[str], line: str) -> None:
    """They had the phrases of a library, and a full stop before a colon."""
    code, _, err = command(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert line in err
    assert "Value error" not in err
    assert ".:" not in err
