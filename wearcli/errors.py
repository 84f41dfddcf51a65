"""The errors that a user meets: one line that says what, where and what to do."""


class WearcliError(Exception):
    """Base of every error that is shown as one line; `exit_code` is the command's."""

    exit_code = 1


class InputError(WearcliError):
    """A file or its content cannot be used; the rest of a batch goes on (exit code 1)."""


class UsageError(WearcliError):
    """The command was given wrongly (exit code 2)."""

    exit_code = 2
