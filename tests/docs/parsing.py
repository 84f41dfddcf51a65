"""Commands that a page shows and no test runs: at least their program, options and files are looked up."""

import re
import shlex
import tomllib
from typing import Any

from typer.main import get_command

from tests.docs.blocks import ROOT
from wearcli.cli.app import app

# Programs of the system, whose options are not looked up.
SYSTEM = (
    "cat",
    "cd",
    "cut",
    "echo",
    "export",
    "git",
    "head",
    "jq",
    "ls",
    "mkdir",
    "pre-commit",
    "printf",
    "rm",
)


def problem(line: str) -> str | None:
    """What is wrong with a command line, None where nothing is."""
    words: list[str] = []
    for word in [*_split(line), ";"]:
        if word and not set(word) <= set(";|&"):
            words.append(word)
            continue
        text = _problem(_without_redirections(words))
        if text:
            return text
        words = []
    return None


def _split(line: str) -> list[str]:
    """Words as a shell has them, its operators among them."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    return list(lexer)


def _without_redirections(words: list[str]) -> list[str]:
    kept: list[str] = []
    for number, word in enumerate(words):
        if set(word) <= set("<>&") or (number and set(words[number - 1]) <= set("<>&")):
            continue
        if number + 1 < len(words) and word in ("1", "2") and words[number + 1].startswith(">"):
            continue
        kept.append(word)
    while kept and re.fullmatch(r"\w+=.*", kept[0]):
        kept = kept[1:]
    return kept


def _problem(words: list[str]) -> str | None:
    program = words[0].removeprefix(".venv/bin/") if words else "cd"
    if program == "wearcli":
        return _wearcli(words[1:])
    if program == "torchrun" or words[1:3] == ["-m", "wearcli"]:
        return _wearcli(words[words.index("wearcli") + 1 :])
    if program == "make":
        return _make(words[1:])
    if program == "pip" or "pip" in words[:3]:
        return _extras(words)
    if program in ("python", "python3", "bash", "sh") or "/" in program:
        return _script(words)
    return None if program in SYSTEM else f"what is {program}?"


def _wearcli(words: list[str]) -> str | None:
    """Parse the options of the command, and of its subcommand, without running it."""
    command: Any = get_command(app)
    context = None
    acting = {"--install-completion", "--show-completion"} & set(words)
    assert not acting, "parsing these would carry them out"
    while True:
        try:
            context = command.make_context(command.name, list(words), parent=context)
        except Exception as error:
            text = error.format_message() if hasattr(error, "format_message") else str(error)
            return f"wearcli {' '.join(words)}: {text}"
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


def _script(words: list[str]) -> str | None:
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
