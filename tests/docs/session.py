"""Runs the commands of a page as a reader would, in one folder, and compares the output with the page's."""

import hashlib
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from tests.commands import run_wearcli
from tests.docs.blocks import ROOT, Block, Command, Page, runs

COLUMNS = "100"
_NUMBER = re.compile(r"(?<![\w.])-?(?:\d[\d,]*)?\.?\d+(?![\w]*\.parquet)")
# What the machine's speed decides: "in 1.5 s", "1,818 windows/s", "0.25 MB".
_SPEED = re.compile(r"[\d.,]+(?= (?:s|min|windows/s|anchors/s|MB|GB)\b)")


_SHELL = re.compile(r"[|&;<>()$`*?~{}\[\]\\]")


def environment(folder: Path) -> dict[str, str]:
    """The environment of a reader's shell: `wearcli` is this checkout's, no colours, 100 columns."""
    binaries = folder.parent / "bin"
    binaries.mkdir(exist_ok=True)
    for name, words in (("wearcli", "-m wearcli"), ("python", "")):
        script = binaries / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        script.chmod(0o755)
    inherited = {key: value for key, value in os.environ.items() if key not in ("WEARCLI_CONFIG",)}
    return inherited | {
        "PATH": f"{binaries}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),
        "COLUMNS": COLUMNS,
        "NO_COLOR": "1",
        "TERM": "dumb",
    }


def run(command: Command, language: str, folder: Path) -> tuple[int, list[str]]:
    """Exit code and the lines of stdout and stderr together."""
    if language != "python" and command.text.startswith("wearcli ") and not _SHELL.search(command.text):
        words = shlex.split(command.text)[1:]
        done = run_wearcli(*words, cwd=folder, env=environment(folder), together=True)
    else:
        program = [sys.executable] if language == "python" else ["bash"]
        done = subprocess.run(
            [*program, "-c", command.text],
            cwd=folder,
            env=environment(folder),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    return done.returncode, [line.rstrip() for line in done.stdout.splitlines()]


@dataclass
class Rerun:
    """Runs commands; one that ran in a folder of the same files before gives what it gave then.

    Attributes:
        store: A folder for what the commands leave behind.
        done: Exit code, lines and the folder afterwards, by the command and the files that it met.
    """

    store: Path
    done: dict[tuple[str, str], tuple[int, list[str], Path]] = field(default_factory=dict)

    def run(self, command: Command, language: str, folder: Path) -> tuple[int, list[str]]:
        """Exit code and the lines of stdout and stderr together."""
        key = (command.text, _digest(folder))
        if key not in self.done:
            code, printed = run(command, language, folder)
            after = self.store / str(len(self.done))
            shutil.copytree(folder, after)
            self.done[key] = code, printed, after
            return code, printed
        code, printed, after = self.done[key]
        shutil.rmtree(folder)
        shutil.copytree(after, folder)
        return code, printed


def _digest(folder: Path) -> str:
    """Of the names, times and bytes of all files."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            total.update(f"{path.relative_to(folder)} {path.stat().st_mtime_ns}\n".encode())
            total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def run_page(page: Page, folder: Path, rerun: Rerun) -> list[str]:
    """Run every block of a page in order; returns what differs from the page, a line each."""
    problems: list[str] = []
    for block in page.blocks:
        if not runs(page, block):
            continue
        for command in block.commands:
            place = f"{page.name}:{command.line + 1}: {command.text}"
            code, printed = rerun.run(command, block.language, folder)
            wanted = _exit_code(block) if command is block.commands[-1] else 0
            if code != wanted:
                return [*problems, f"{place}\n  exit code {code}\n  " + "\n  ".join(printed[-15:])]
            if command.output:
                problems += [f"{place}\n  {text}" for text in differences(command.output, printed)]
    return problems


def _exit_code(block: Block) -> int:
    note = block.note or ""
    return int(note.removeprefix("exit ")) if note.startswith("exit ") else 0


def differences(shown: tuple[str, ...], printed: list[str]) -> list[str]:
    """Lines of the page that the command does not print, in order; a line `...` stands for any lines."""
    problems: list[str] = []
    position = 0
    skip = False
    for line in shown:
        if line.strip() == "...":
            skip = True
            continue
        candidates = range(position, len(printed) if skip else min(position + 1, len(printed)))
        match = next((n for n in candidates if same_line(line, printed[n])), None)
        if match is None:
            have = printed[position] if position < len(printed) else "nothing more"
            problems.append(f"shown:   {line}\n  printed: {have}")
            position += 0 if skip else 1
        else:
            position = match + 1
        skip = False
    if not skip and not problems and position < len(printed):
        problems.append(f"printed, not shown: {printed[position]}")
    return problems


def same_line(shown: str, printed: str) -> bool:
    """Whether two lines say the same: words to the letter, numbers to what another machine may round."""
    shown, printed = (_SPEED.sub("N", " ".join(line.split())) for line in (shown, printed))
    if _NUMBER.sub("N", shown) != _NUMBER.sub("N", printed):
        return False
    pairs = zip(_NUMBER.findall(shown), _NUMBER.findall(printed), strict=True)
    return all(_same_number(first, second) for first, second in pairs)


def _same_number(shown: str, printed: str) -> bool:
    first, second = (float(text.replace(",", "")) for text in (shown, printed))
    if "." not in shown and "." not in printed:
        return math.isclose(first, second, rel_tol=0.05, abs_tol=1)
    return math.isclose(first, second, rel_tol=0.1, abs_tol=0.05)
