"""The command `wearcli`: its commands in groups, errors as one line, exit codes."""

import os
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from wearcli._version import __version__
from wearcli.cli import (
    compare,
    embed,
    gait,
    gait_truth,
    heart_truth,
    info,
    inspect,
    models,
    predict,
    preprocess,
    pretrain,
    probe,
    report,
    retrieve,
    sample,
)
from wearcli.cli.common import Output, start_output, with_output_options
from wearcli.cli.config import read_config
from wearcli.cli.help import PAGE_WIDTH, Command, Group
from wearcli.cli.options import Debug, Quiet, Verbose
from wearcli.errors import UsageError, WearcliError, room_for

# The groups of the help page, in the order in which a newcomer needs them.
GROUPS: dict[str, tuple[Callable[..., None], ...]] = {
    "Data": (
        sample.sample,
        inspect.inspect,
        preprocess.preprocess,
        gait_truth.gait_truth,
        heart_truth.heart_truth,
    ),
    "Models": (embed.embed, pretrain.pretrain),
    "Evaluation": (probe.probe, compare.compare, retrieve.retrieve, report.report),
    "Answers": (predict.predict, gait.gait),
    "This installation": (info.info,),
}

app = typer.Typer(
    name="wearcli",
    cls=Group,
    help="Wearable recordings in; embeddings and scored probes out.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": PAGE_WIDTH},
)


for _group, _commands in GROUPS.items():
    for _command in _commands:
        app.command(cls=Command, rich_help_panel=_group)(with_output_options(_command))
app.add_typer(models.models, name="models", rich_help_panel="Models")


def _print_version(wanted: bool) -> None:
    if wanted:
        from wearcli.models import DEFAULT_MODEL

        print(f"wearcli {__version__} (default model: {DEFAULT_MODEL})")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Show the version and the default model.",
        ),
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="TOML file with defaults of the commands' options. Default: wearcli.toml, if it is here.",
        ),
    ] = None,
    quiet: Quiet = False,
    verbose: Verbose = False,
    debug: Debug = False,
) -> None:
    """Options that stand before the command: `wearcli --config study.toml embed`."""
    start_output(quiet, verbose, debug)
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(UsageError.exit_code)
    assert isinstance(context.command, Group)
    context.default_map = read_config(config, context.command.commands)


def main() -> None:
    """Run the command; the exit code is 0, 1 (some input failed), 2 (usage) or 130 (interrupted)."""
    # A job that a scheduler ends keeps what is done, as one that a person interrupts.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if sys.stdout is None:  # closed by who started us
        _exit("stdout is closed: open it, or send it to a file", 1)
    try:
        with room_for(Path("stdout"), "send it to a disk that has room"):  # all else says its own name
            code = app(prog_name="wearcli", standalone_mode=False) or 0
            sys.stdout.flush()
        sys.exit(code)
    except typer.TyperException as error:
        context = getattr(error, "ctx", None)
        command = context.command_path if context else "wearcli"
        print(f"wearcli: {_in_our_words(error)}: see '{command} --help'", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our stdout went away (| head): nothing is left to say, nor to flush.
        sys.stderr.close()
        sys.exit(1)
    except WearcliError as error:
        _exit(str(error), error.exit_code)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        _exit(f"{name}{error.strerror or error}", 1)
    except KeyboardInterrupt:
        _exit("interrupted", 130)


def _in_our_words(error: typer.TyperException) -> str:
    """What typer found wrong with the words of a command, without its library's phrases and full stop."""
    text = error.format_message().rstrip(".").replace("Value error, ", "")
    return re.sub(r"Input should be ([^,]*)(,.*)?$", r"must be \1", text)


def _exit(message: str, code: int) -> None:
    """End with one line and an exit code; with --debug the error in hand goes on, with its traceback."""
    if Output.debug:
        raise
    print(f"wearcli: {message}", file=sys.stderr)
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError:  # what waits for it is dropped, so that the interpreter does not try it once more
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    sys.exit(code)
