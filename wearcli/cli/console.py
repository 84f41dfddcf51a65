"""The console: lines and progress for people on stderr, data as JSON on stdout."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import TYPE_CHECKING

from wearcli.errors import printable

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Level(IntEnum):
    """How much a person is shown."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


_level = Level.NORMAL


def set_level(level: Level) -> None:
    """Set how much is shown; in VERBOSE, what the package logs appears too, with the time since the start."""
    global _level
    _level = level
    if level == Level.VERBOSE:
        _show_log()


def _show_log() -> None:
    import logging

    class ToStderr(logging.Handler):
        """Writes to what stderr is at that moment, so that lines go above a progress bar."""

        def emit(self, record: logging.LogRecord) -> None:
            line = printable(record.getMessage())
            print(f"[{record.relativeCreated / 1000:7.2f} s] {line}", file=sys.stderr)

    logger = logging.getLogger("wearcli")
    logger.setLevel(logging.INFO)
    logger.propagate = False
    logger.handlers = [ToStderr()]


def stderr() -> "Console":
    """Return the rich console for people; it prints nothing in QUIET."""
    from rich.console import Console

    return Console(stderr=True, highlight=False, quiet=_level == Level.QUIET)


def say(message: str) -> None:
    """Print one plain line for people, on stderr; nothing in QUIET."""
    if _level > Level.QUIET:
        print(printable(message), file=sys.stderr)


def say_detail(message: str) -> None:
    """Print one line on stderr in VERBOSE, with the time since the start."""
    if _level == Level.VERBOSE:
        import logging

        logging.getLogger("wearcli").info(message)


def say_people(rule: str, doubt: str) -> None:
    """Print how the participants were recognised, and a warning where they are not certain."""
    say(rule)
    if doubt:
        say(f"warning: {doubt}")


def say_error(message: str) -> None:
    """Print one plain line on stderr, in QUIET too."""
    print(printable(message), file=sys.stderr)


def print_json(document: object) -> None:
    """Print one JSON document on stdout; NaN becomes null."""
    sys.stdout.write(_json(document, indent=2))


def print_json_line(document: object) -> None:
    """Print one line of JSON on stdout, at once; NaN becomes null."""
    sys.stdout.write(_json(document))
    sys.stdout.flush()


def _json(document: object, indent: int | None = None) -> str:
    """Return the text; half a surrogate pair, of a file name that is no UTF-8, is escaped."""
    text = json.dumps(_finite(document), indent=indent, ensure_ascii=False, default=str) + "\n"
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _finite(value: object) -> object:
    """Replace NaN and infinities by None, for JSON has neither."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


@contextmanager
def progress(unit: str) -> Iterator["Progress"]:
    """Show progress on stderr, with the time left, on a terminal that can move its cursor."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *([DownloadColumn()] if unit == "bytes" else [MofNCompleteColumn(), TextColumn(unit)]),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal or console.is_dumb_terminal or _level == Level.QUIET,
    ) as display:
        yield display
