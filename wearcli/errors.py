"""The errors that a user meets: one line that says what, where and what to do."""

from pathlib import Path


class WearcliError(Exception):
    """Base of every error that is shown as one line; `exit_code` is the command's."""

    exit_code = 1


class InputError(WearcliError):
    """A file or its content cannot be used; the rest of a batch goes on (exit code 1)."""


class UsageError(WearcliError):
    """The command was given wrongly (exit code 2)."""

    exit_code = 2


def unreadable(path: Path, error: Exception) -> InputError:
    """The one line for a file that made a library fail in a way that no reader foresaw."""
    first = (str(error).splitlines() or [""])[0]
    found = InputError(f"{path}: cannot be read ({type(error).__name__}: {first}): is the file whole?")
    found.__cause__ = error
    return found
