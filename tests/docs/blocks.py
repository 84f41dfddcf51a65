"""The fenced blocks of the documentation: which commands a page shows, and what it says they print.

A `console` block has commands after `$ ` and their output below; in an `sh` block every line is a command; a
`python` block is one program. A comment before a block, or at the top of a page for all of its blocks, says
what the test does with it:

    <!-- test: parse: REASON -->   the commands are only parsed: they need hours, or real recordings
    <!-- test: after PAGE -->      at the top of a page: it goes on in the folder that PAGE left
    <!-- test: example NAME -->    a module that another test puts in its place (test_contributing.py)
    <!-- test: exit 1 -->          the last command of the next block ends with this code
"""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RUN_LANGUAGES = ("console", "sh", "python")
_NOTE = re.compile(r"^\s*<!-- test: (.+?) -->\s*$")
_FENCE = re.compile(r"^(\s*)```(\S*)\s*(.*)$")


@dataclass(frozen=True)
class Command:
    """One command line (or Python program) and the output that the page shows below it."""

    text: str
    output: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Block:
    """One fenced block: note is what its own comment says, first and last its lines in the page (from 0)."""

    source: tuple[str, ...]
    language: str
    note: str | None
    indent: str
    first: int
    last: int
    commands: tuple[Command, ...]


@dataclass(frozen=True)
class Page:
    """A page and its blocks; parse_only is the reason why none of its commands is run."""

    path: Path
    after: str | None
    parse_only: str | None
    blocks: tuple[Block, ...]

    @property
    def name(self) -> str:
        """The page's path from the repository's root."""
        return self.path.relative_to(ROOT).as_posix()

    def runs(self) -> bool:
        """Whether any block of the page is run."""
        return any(runs(self, block) for block in self.blocks)


def runs(page: Page, block: Block) -> bool:
    """Whether the test runs this block; it is parsed in any case."""
    if block.language not in RUN_LANGUAGES or page.parse_only:
        return False
    return not (block.note or "").startswith(("parse:", "example "))


def pages() -> list[Page]:
    """README, CONTRIBUTING and every page of docs/."""
    paths = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    return [read_page(path) for path in paths if path.is_file()]


def read_page(path: Path) -> Page:
    """The blocks of one page."""
    lines = path.read_text().splitlines()
    after = parse_only = note = None
    blocks: list[Block] = []
    number = 0
    while number < len(lines):
        line = lines[number]
        comment, fence = _NOTE.match(line), _FENCE.match(line)
        if comment:
            note = comment[1]
            if note.startswith("after "):
                after, note = note.removeprefix("after "), None
            elif note.startswith("parse:") and not blocks and _is_top(lines[:number]):
                parse_only, note = note.removeprefix("parse:").strip(), None
        elif fence:
            indent, language = fence[1], fence[2]
            last = next(n for n in range(number + 1, len(lines)) if lines[n].strip() == "```")
            body = [text.removeprefix(indent) for text in lines[number + 1 : last]]
            blocks.append(
                Block(
                    tuple(body), language, note, indent, number, last, _commands(language, body, number + 1)
                )
            )
            note, number = None, last
        elif line.strip():
            note = None
        number += 1
    return Page(path, after, parse_only, tuple(blocks))


def _is_top(lines: list[str]) -> bool:
    """Whether nothing but a title and comments stand above."""
    return all(not line.strip() or line.startswith(("#", "<!--")) for line in lines)


def _commands(language: str, body: list[str], first: int) -> tuple[Command, ...]:
    if language == "python":
        return (Command("\n".join(body), (), first),)
    if language not in ("console", "sh"):
        return ()
    commands: list[Command] = []
    number = 0
    while number < len(body):
        start, line = number, body[number]
        if language == "console" and not line.startswith("$ "):
            raise ValueError(f"line {first + number + 1}: a console block begins with '$ '")
        text = _command_text(line.removeprefix("$ ") if language == "console" else line)
        while body[number].rstrip().endswith("\\"):
            number += 1
            text = text.rstrip().removesuffix("\\") + _command_text(body[number].strip())
        output: list[str] = []
        number += 1
        while language == "console" and number < len(body) and not body[number].startswith("$ "):
            output.append(body[number])
            number += 1
        if text.strip():
            commands.append(Command(text.strip(), tuple(output), first + start))
    return tuple(commands)


def _command_text(line: str) -> str:
    """A line of a command without the comment behind it."""
    return re.sub(r"(^|\s+)#\s.*$", "", line)
