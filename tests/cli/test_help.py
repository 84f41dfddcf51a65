"""Help pages: groups, panels, colours on a terminal alone, nothing slow to draw them; shell completion."""

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_group

from wearcli.cli.app import GROUPS, app
from wearcli.labels.named import NAMED
from wearcli.models import bundled_models

ESCAPE = "\x1b["


def on_terminal(*arguments: str, cwd: Path | None = None, **environment: str) -> str:
    """What a command writes on a terminal, stdout and stderr together."""
    near, far = pty.openpty()
    words = {"TERM": "xterm-256color", "COLUMNS": "100", **environment}
    inherited = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    command = [sys.executable, "-m", "wearcli", *arguments]
    with subprocess.Popen(
        command, stdin=far, stdout=far, stderr=far, env=inherited | words, cwd=cwd
    ) as process:
        os.close(far)
        output = b""
        while True:
            try:
                piece = os.read(near, 1 << 16)
            except OSError:  # the other end is closed
                break
            if not piece:
                break
            output += piece
        process.wait()
    os.close(near)
    return output.decode()


def panels(text: str) -> dict[str, list[str]]:
    """Names of the panels of a help page, and what stands on the left of each."""
    rows: dict[str, list[str]] = {}
    for line in text.splitlines():
        if heading := re.fullmatch(r"(\S.*):", line):
            rows[heading[1]] = []
        elif rows and (row := re.match(r"  (\S.*?)(?:  |$)", line)):
            rows[list(rows)[-1]].append(row[1])
    return rows


def help_page(*arguments: str) -> str:
    command = [sys.executable, "-m", "wearcli", *arguments, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_commands_stand_in_groups() -> None:
    page = panels(help_page())
    for group, commands in GROUPS.items():
        assert page[group][: len(commands)] == [f.__name__.replace("_", "-") for f in commands]
    listed = [name for panel in page.values() for name in panel]
    assert set(get_group(app).commands) <= set(listed)


def test_the_options_stand_in_panels() -> None:
    page = panels(help_page("embed"))
    assert [name.split()[0] for name in page["How files are read"]] == [
        "--participant-from",
        "--unit",
        "--rate-hz",
        "--columns",
        "--time-column",
        "--time-unit",
        "--timezone",
    ]
    assert "--overwrite" in page["Output"]
    assert next(iter(page)) == "Arguments"
    assert list(page)[-1] == "General"
    assert page["General"][-1] == "-h, --help"
    flags = [row for panel in page.values() for row in panel]
    assert len(flags) == len(set(flags))


def test_types_are_named_as_people_call_them() -> None:
    for name in get_group(app).commands:
        for rows in panels(help_page(name)).values():
            assert not re.search(r"<|list\[|\brange\b", "".join(rows)), name


def test_help_loads_no_rich() -> None:
    code = (
        "import sys\nfrom wearcli.cli.app import app\n"
        "try:\n    app(['probe', '--help'], standalone_mode=False)\nexcept SystemExit:\n    pass\n"
        "assert not [name for name in sys.modules if name.split('.')[0] in ('rich', 'numpy', 'torch')]"
    )
    subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)


def test_colours_are_for_terminals_that_want_them() -> None:
    coloured = on_terminal("--help")
    assert ESCAPE in coloured
    assert ESCAPE not in help_page()
    for words in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
        plain = on_terminal("--help", **words)
        assert ESCAPE not in plain
        assert plain == re.sub(r"\x1b\[[0-9;]*m", "", coloured)


@pytest.mark.parametrize("words", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_tables_and_progress_without_colours(sample_data: Path, words: dict[str, str]) -> None:
    """NO_COLOR takes colours (30 to 37 and so on) away; a dumb terminal gets no escape sequence at all."""
    text = on_terminal("inspect", str(sample_data), **words)
    assert "recordings, " in text
    assert not re.search(r"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7])(?:;[0-9;]*)?m", text)
    if "TERM" in words:
        assert ESCAPE not in text
        assert "inspect: " not in text  # the progress bar


def test_progress_shows_on_a_terminal(sample_data: Path) -> None:
    assert "inspect: " in on_terminal("inspect", str(sample_data))
    assert "inspect: " not in on_terminal("inspect", str(sample_data), "-q")


def completed(line: str, cwd: Path) -> list[str]:
    """What bash is offered for the last word of a line."""
    words = line.split(" ")
    environment = {
        **os.environ,
        "_WEARCLI_COMPLETE": "complete_bash",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
    }
    command = [sys.executable, "-m", "wearcli"]
    result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment, cwd=cwd)
    return result.stdout.split()


def test_completion_of_commands_options_and_values(tmp_path: Path) -> None:
    assert set(completed("wearcli p", tmp_path)) == {"probe", "predict", "preprocess", "pretrain"}
    assert completed("wearcli embed --part", tmp_path) == ["--participant-from"]
    assert completed("wearcli probe --kind r", tmp_path) == ["regression"]
    assert set(completed("wearcli probe --task ", tmp_path)) == set(NAMED)
    (tmp_path / "runs/mine").mkdir(parents=True)
    (tmp_path / "runs/mine/config.toml").write_text("")
    offered = completed("wearcli embed --model ", tmp_path)
    assert set(bundled_models()) <= set(offered)
    assert "runs/mine" in offered
    assert completed("wearcli embed --model motion-", tmp_path) == [
        name for name in bundled_models() if name.startswith("motion-")
    ]
    (tmp_path / "probes/gait").mkdir(parents=True)
    (tmp_path / "probes/gait/probe.json").write_text("{}")
    assert completed("wearcli predict --probe ", tmp_path) == ["probes/gait"]
    assert completed("wearcli gait --probe pro", tmp_path) == ["probes/gait"]
    assert completed("wearcli probe --probe linear,l", tmp_path) == ["linear,linear", "linear,lda"]
    assert set(completed("wearcli inspect --modality p", tmp_path)) == {"ppg"}


def test_completion_can_be_shown() -> None:
    environment = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    for shell in ("bash", "zsh", "fish"):
        command = [sys.executable, "-m", "wearcli", "--show-completion", shell]
        result = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
        assert "_WEARCLI_COMPLETE" in result.stdout
