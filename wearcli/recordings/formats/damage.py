"""The one line for a file that a library cannot read: which file, what is wrong, what to do."""

from wearcli.errors import InputError, reason


def not_readable(file_name: str, kind: str, error: Exception) -> InputError:
    """Return the error for a file of which nothing can be read; kind: such as "Parquet file"."""
    return InputError(f"{file_name}: not a readable {kind} ({reason(error)}): copy it again")


def not_to_its_end(file_name: str, error: Exception) -> InputError:
    """Return the error for a file that fails on the way, or is gone by now."""
    return InputError(f"{file_name}: cannot be read to its end ({reason(error)}): copy it again")
