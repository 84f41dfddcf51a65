"""The one line for a file that a library cannot read: which file, what is wrong, what to do."""

import re

from wearcli.errors import InputError

_CLASS_NAMES = re.compile(r"\b\w+(?:Exception|Error)\b:?\s*|\bError -?\d+ while ")
_LONGEST = 120
_UNKNOWN = "its content is damaged"


def not_readable(file_name: str, kind: str, error: Exception) -> InputError:
    """Return the error for a file of which nothing can be read; kind: such as "Parquet file"."""
    return InputError(f"{file_name}: not a readable {kind} ({reason(error)}): copy it again")


def not_to_its_end(file_name: str, error: Exception) -> InputError:
    """Return the error for a file that fails on the way, or is gone by now."""
    return InputError(f"{file_name}: cannot be read to its end ({reason(error)}): copy it again")


def reason(error: Exception) -> str:
    """Return what a library says in one printable line, without its class and without its advice."""
    text = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    line = _CLASS_NAMES.sub("", next(iter(text.splitlines()), ""))
    line = " ".join(printable(line).split()).strip(" .:")[:_LONGEST]
    # What numpy says of an array that its damage made an object of is wrong, and bad advice.
    return _UNKNOWN if not line or "pickle" in line or line.startswith("(") else line


def printable(text: str) -> str:
    """Return a text with "?" for what a terminal does not show."""
    return "".join(character if character.isprintable() else "?" for character in text)
