"""What every command takes: --quiet, --verbose and --debug, before the command or after it."""

import functools
import inspect
from collections.abc import Callable
from typing import Any

from wearcli.cli.console import Level, say_detail, set_level
from wearcli.cli.options import Debug, Quiet, Verbose
from wearcli.errors import UsageError

_OPTIONS = {"quiet": Quiet, "verbose": Verbose, "debug": Debug}


class Output:
    """What a run shows, by its flags before and after the command."""

    quiet = False
    verbose = False
    debug = False


def start_output(quiet: bool, verbose: bool, debug: bool) -> None:
    """Set what is shown for a whole run, by the flags before the command."""
    Output.quiet = Output.verbose = Output.debug = False
    set_level(Level.NORMAL)
    add_output(quiet, verbose, debug)


def add_output(quiet: bool, verbose: bool, debug: bool) -> None:
    """Add the flags that stand after the command.

    Raises:
        UsageError: Both --quiet and --verbose are given.
    """
    Output.quiet |= quiet
    Output.verbose |= verbose
    Output.debug |= debug
    if Output.quiet and Output.verbose:
        raise UsageError("--quiet and --verbose exclude each other: give one of them")
    if Output.quiet or Output.verbose:
        set_level(Level.QUIET if Output.quiet else Level.VERBOSE)


def with_output_options(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with --quiet, --verbose and --debug beside its own options."""

    @functools.wraps(command)
    def run(*, quiet: bool, verbose: bool, debug: bool, **options: Any) -> None:
        add_output(quiet, verbose, debug)
        try:
            command(**options)
        finally:
            say_detail(f"{command.__name__.replace('_', '-')} is done")

    signature = inspect.signature(command, eval_str=True)
    added = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=False, annotation=annotation)
        for name, annotation in _OPTIONS.items()
    ]
    parameters = [*signature.parameters.values(), *added]
    run.__signature__ = signature.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run
