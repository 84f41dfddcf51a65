"""Commands that a page shows and no test runs: at least their program, options and files are looked up."""

import re
import shlex
import tomllib
from typing import Any

from typer.main import get_group

from tests.docs.blocks import ROOT
from wearcli.cli.app import app

_SKIPPED = (
    "cd",
    "mkdir",
    "rm",
    "cat",
    "echo",
    "git",
    "sbatch",
    "srun",
    "head",
    "jq",
    "ls",
    "source",
    "for",
    "do",
)


def problem(line: str) -> str | None:
    """What is wrong with a command line, None where nothing is."""
    for part in re.split(r"\s(?:\||&&)\s|;", re.sub(r"\$\(.*?\)|\$\{?\w+\}?", "WORD", line)):
        words = shlex.split(part.strip().removeprefix("do "), comments=True)
        while words and re.fullmatch(r"\w+=.*", words[0]):
            words = words[1:]
        if words and (text := _problem(words)):
            return text
    return None


def _problem(words: list[str]) -> str | None:
    program = words[0].removeprefix(".venv/bin/")
    if program in ("python", "python3") and words[1:3] == ["-m", "wearcli"]:
        return _wearcli(words[3:])
    if program == "torchrun":
        return _wearcli(words[words.index("wearcli") + 1 :])
    if program == "wearcli":
        return _wearcli(words[1:])
    if program == "make":
        return _make(words[1:])
    if program in ("pip", "pip3", "python", "python3", "bash", "sh") or "/" in program:
        return _file(words) if "pip" not in words[:3] and program != "pip" else _extras(words)
    return (
        None
        if program in (*_SKIPPED, "done", "export", "apt-get", "mkdocs", "pre-commit")
        else f"what is {program}?"
    )


def _wearcli(words: list[str]) -> str | None:
    """Parse the options of the command, and of its subcommand, without running it."""
    command: Any = get_group(app)
    words = [word for word in words if not re.fullmatch(r"\d?>>?.*|&", word)]
    context = None
    while True:
        try:
            context = command.make_context(command.name, list(words), parent=context)
        except Exception as error:
            message = getattr(error, "format_message", lambda: str(error))()
            return f"wearcli {' '.join(words)}: {message}"
        remaining = [*getattr(context, "_protected_args", ()), *context.args]
        if not hasattr(command, "commands") or not remaining:
            return None
        name, words = remaining[0], remaining[1:]
        if name not in command.commands:
            return f"wearcli has no command {name}"
        command = command.commands[name]


def _make(words: list[str]) -> str | None:
    text = (ROOT / "Makefile").read_text()
    targets = [word for word in words if "=" not in word and not word.startswith("-")]
    missing = [target for target in targets if not re.search(rf"^{re.escape(target)}:", text, re.M)]
    return f"the Makefile has no {missing[0]}" if missing else None


def _extras(words: list[str]) -> str | None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        extras = tomllib.load(file)["project"]["optional-dependencies"]
    named = [name for word in words for name in re.findall(r"(?:wearcli|\.)\[([\w,]+)\]", word)]
    missing = [name for names in named for name in names.split(",") if name not in extras]
    return f"there is no extra {missing[0]}" if missing else None


def _file(words: list[str]) -> str | None:
    scripts = [word for word in words if re.search(r"^[\w/]+\.(py|sh)$", word)]
    for script in scripts[:1]:
        path = ROOT / script
        if not path.is_file():
            return f"{script} is not in the repository"
        text = path.read_text()
        for option in (word.split("=")[0] for word in words if word.startswith("--")):
            if option not in text:
                return f"{script} has no option {option}"
    return None
