"""The errors that a user meets: one line that says what, where and what to do."""

import contextlib
import errno
import logging
import re
from collections.abc import Iterator
from pathlib import Path

_LOG = logging.getLogger(__name__)
_CLASS_NAMES = re.compile(r"\b\w+(?:Exception|Error)\b:?\s*|\bError -?\d+ while ")
_LONGEST = 120
_LONGEST_LINE, _HALF_LINE = 2000, 990
_UNKNOWN = "its content is damaged"
_NO_ROOM = {errno.ENOSPC: "no room on its disk", errno.EFBIG: "the file may not be so large"}
if hasattr(errno, "EDQUOT"):  # not on Windows
    _NO_ROOM[errno.EDQUOT] = "no room in the quota of its disk"
# What libraries say that do not hand on the system's number: safetensors and onnx, numpy.
_NO_ROOM_WORDS = re.compile(
    r"No space left|StorageFull|(?:os error|code:) (?:27|28)\b|\d+ requested and \d+ written"
)
_MAKE_ROOM = "make room there, or give another place with -o"


class WearcliError(Exception):
    """Base of every error that is shown as one line.

    Attributes:
        exit_code: Exit code of the command.
    """

    exit_code = 1

    def __str__(self) -> str:
        """Return the message as one line, whatever a file's name or content brought into it."""
        text = printable(super().__str__())
        # The end says what to do; what is long is a name or a list.
        return text if len(text) <= _LONGEST_LINE else f"{text[:_HALF_LINE]} ... {text[-_HALF_LINE:]}"


class InputError(WearcliError):
    """A file or its content cannot be used; the rest of a batch goes on (exit code 1)."""


class UsageError(WearcliError):
    """The command or function was called wrongly (exit code 2)."""

    exit_code = 2


def printable(text: str) -> str:
    """Return a text with an escape for each character that a terminal does not show."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def reason(error: BaseException) -> str:
    """Return what a library says in one printable line, without its class and without its advice."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    if isinstance(error, KeyError) and text:
        text = f"{text} is not there"
    line = _CLASS_NAMES.sub("", next(iter(text.strip().splitlines()), "")[: 10 * _LONGEST])
    line = printable(" ".join(line.split()).strip(" .:"))[:_LONGEST]
    # What numpy says of an array that its damage made an object of is wrong, and bad advice.
    return _UNKNOWN if not line or "pickle" in line or line.startswith("(") else line


def unreadable(path: Path, error: BaseException) -> InputError:
    """Return the one line for a file that made a library fail in a way that no reader foresaw."""
    if isinstance(error, MemoryError):
        line = InputError(f"{path}: cannot be read: not enough memory: use fewer --workers")
    elif isinstance(error, UnicodeEncodeError):
        line = InputError(f"{path}: cannot be read: its name is not UTF-8: give it another name")
    else:
        line = InputError(f"{path}: cannot be read ({reason(error)}): is the file whole?")
    _LOG.info("%s: %s", printable(str(path)), type(error).__name__)
    line.__cause__ = error
    return line


def without_frames(error: WearcliError) -> WearcliError:
    """Return an error to be kept, without the frames that raised it: readers in them would live as long."""
    link: BaseException | None = error
    while link is not None:
        link.__traceback__ = None
        link = link.__cause__ or link.__context__
    return error


@contextlib.contextmanager
def blamed_on(path: Path) -> Iterator[None]:
    """Turn whatever is raised inside into the one line of a file, so that the rest of a batch goes on.

    A panic of a library in Rust is no `Exception`, so every class is meant but those that end a program or a
    generator. Errors of one line stay as they are. A full disk is never the fault of a file that is read.

    Raises:
        InputError: Something else was raised.
    """
    try:
        yield
    except (WearcliError, KeyboardInterrupt, SystemExit, GeneratorExit):
        raise
    except BaseException as error:
        if _room_problem(error):
            raise
        raise unreadable(path, error) from error


@contextlib.contextmanager
def room_for(path: Path, advice: str = _MAKE_ROOM) -> Iterator[None]:
    """Turn what a full disk makes a library raise into the one line of what is written in the block.

    Args:
        path: The file or folder that is written.
        advice: What to do; the end of the line.

    Raises:
        InputError: There was no room for it.
    """
    try:
        yield
    except WearcliError:
        raise
    except Exception as error:  # each library has a class of its own for it
        if why := _room_problem(error):
            raise InputError(f"{path}: cannot be written ({why}): {advice}") from error
        raise


def _room_problem(error: BaseException) -> str | None:
    """Which limit of a disk an error tells of, in words; None for another error."""
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return _NO_ROOM[error.errno]
    return _NO_ROOM[errno.ENOSPC] if _NO_ROOM_WORDS.search(str(error)) else None
