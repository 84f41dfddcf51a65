"""What every command takes: --quiet, --verbose and --debug, before the command or after it."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from wearcli.cli.console import Level, set_level
from wearcli.cli.options import Debug, Quiet, Verbose
from wearcli.errors import UsageError

_OPTIONS = {"quiet": Quiet, "verbose": Verbose, "debug": Debug}


class Debugging:
    """Whether an error is shown with its traceback."""

    on = False


def start_output(quiet: bool, verbose: bool, debug: bool) -> None:
    """Set what is shown for a whole run, by the flags before the command."""
    set_level(Level.NORMAL)
    Debugging.on = False
    add_output(quiet, verbose, debug)


def add_output(quiet: bool, verbose: bool, debug: bool) -> None:
    """Add the flags that stand after the command.

    Raises:
        UsageError: Both --quiet and --verbose are given.
    """
    if quiet and verbose:
        raise UsageError("--quiet and --verbose exclude each other: give one of them")
    if quiet or verbose:
        set_level(Level.QUIET if quiet else Level.VERBOSE)
    Debugging.on = Debugging.on or debug


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with --quiet, --verbose and --debug beside its own options."""

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, debug: bool, **options: Any) -> None:
        add_output(quiet, verbose, debug)
        command(**options)

    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
