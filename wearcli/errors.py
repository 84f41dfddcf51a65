"""The errors that a user meets: one line that says what, where and what to do."""

from pathlib import Path


class WearcliError(Exception):
    """Base of every error that is shown as one line.

    Attributes:
        exit_code: Exit code of the command.
    """

    exit_code = 1


class InputError(WearcliError):
    """A file or its content cannot be used; the rest of a batch goes on (exit code 1)."""


class UsageError(WearcliError):
    """The command or function was called wrongly (exit code 2)."""

    exit_code = 2


def unreadable(path: Path, error: Exception) -> InputError:
    """Return the one line for a file that made a library fail in a way that no reader foresaw."""
    first = (str(error).strip().splitlines() or [""])[0]
    reason = f" ({type(error).__name__}: {first})" if first else ""
    todo = "is the file whole?"
    if isinstance(error, MemoryError):
        reason, todo = "", "not enough memory: use fewer --workers"
    line = InputError(f"{path}: cannot be read{reason}: {todo}")
    line.__cause__ = error
    return line
