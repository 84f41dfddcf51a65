"""Run the pages' commands and write what they print into the pages: `python -m tests.docs.refresh [PAGE...]`.

Where a page shows the head and the tail of an output around a line `...`, as many lines of the new output are
kept.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from tests.docs.blocks import Block, Page, pages, runs
from tests.docs.session import differences, run


def main(names: list[str]) -> None:
    """Refresh the pages of these names, or all that run."""
    everything = {page.name: page for page in pages()}
    with tempfile.TemporaryDirectory() as temporary:
        done: dict[str, Path] = {}
        for page in everything.values():
            if page.runs() and (not names or page.name in names):
                _visit(page, everything, Path(temporary), done)


def _visit(page: Page, everything: dict[str, Page], temporary: Path, done: dict[str, Path]) -> Path:
    if page.name in done:
        return done[page.name]
    folder = temporary / page.name.replace("/", "-") / "folder"
    folder.parent.mkdir()
    if page.after:
        shutil.copytree(_visit(everything[page.after], everything, temporary, done), folder)
    else:
        folder.mkdir()
    done[page.name] = folder
    lines = page.path.read_text().splitlines()
    for block, body in reversed(
        [(block, _run_block(block, folder)) for block in page.blocks if runs(page, block)]
    ):
        if block.language == "console":
            lines[block.first + 1 : block.last] = [(block.indent + text).rstrip() for text in body]
    page.path.write_text("\n".join(lines) + "\n")
    print(page.name)
    return folder


def _run_block(block: Block, folder: Path) -> list[str]:
    """The block's new lines, each command followed by what it printed."""
    shown_lines = block_lines(block)
    body: list[str] = []
    for command, written in zip(block.commands, shown_lines, strict=True):
        code, printed = run(command, block.language, folder)
        if code and not (block.note or "").startswith("exit"):
            print(f"exit code {code}: {command.text}\n" + "\n".join(printed), file=sys.stderr)
        body += written + _elide(list(command.output), printed)
    return body


def block_lines(block: Block) -> list[list[str]]:
    """The command lines as the page has them: `$ ` and continuation lines."""
    text = block.source
    result: list[list[str]] = []
    for command in block.commands:
        start = command.line - block.first - 1
        stop = start
        while text[stop].rstrip().endswith("\\"):
            stop += 1
        result.append(list(text[start : stop + 1]))
    return result


def _elide(shown: list[str], printed: list[str]) -> list[str]:
    """The new output, cut where the old one was; the old one where it says the same."""
    if shown and not differences(tuple(shown), printed):
        return shown
    if "..." not in [line.strip() for line in shown]:
        return printed if shown else []
    cut = [line.strip() for line in shown].index("...")
    head, tail = cut, len(shown) - cut - 1
    return [*printed[:head], "...", *(printed[-tail:] if tail else [])]


if __name__ == "__main__":
    main(sys.argv[1:])
