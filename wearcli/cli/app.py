"""The command `wearcli`: one small module a verb, errors as one line, exit codes as documented."""

import signal
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from wearcli._version import __version__
from wearcli.cli import (
    compare,
    embed,
    gait,
    gait_truth,
    heart_truth,
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
from wearcli.errors import UsageError, WearcliError

app = typer.Typer(
    name="wearcli",
    help="Wearable recordings in; embeddings and scored probes out.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for verb in (
    sample.sample,
    inspect.inspect,
    preprocess.preprocess,
    embed.embed,
    probe.probe,
    predict.predict,
    compare.compare,
    retrieve.retrieve,
    gait_truth.gait_truth,
    heart_truth.heart_truth,
    gait.gait,
    report.report,
    pretrain.pretrain,
):
    app.command()(verb)
app.add_typer(models.models, name="models")


# The base of what the command line's parser raises; typer has no public name for it.
CommandLineError: Any = typer.BadParameter.__mro__[2]


def _version(wanted: bool) -> None:
    if wanted:
        from wearcli.models import DEFAULT_MODEL

        print(f"wearcli {__version__} (default model: {DEFAULT_MODEL})")
        raise typer.Exit


@app.callback()
def options(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show version and model.")
    ] = False,
    config: Annotated[
        Path | None,
        typer.Option(help="Defaults of the commands' options in TOML. Default: wearcli.toml, if it is here."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Options before the verb: `wearcli --config study.toml embed`."""
    context.default_map = read_config(config)


def read_config(path: Path | None) -> dict[str, Any]:
    """`[verb] option = value` from a TOML file as the defaults of the verbs' options; flags win.

    Raises UsageError for a file that is not there, does not parse, or names no known verb or option.
    """
    if path is None:
        path = Path("wearcli.toml")
        if not path.exists():
            return {}
    if not path.is_file():
        raise UsageError(f"{path}: no such file: name a TOML file with --config")
    try:
        tables = tomllib.loads(path.read_text())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not valid TOML ({error}): mend it or give another with --config") from None
    commands = typer.main.get_group(app).commands
    defaults: dict[str, Any] = {}
    for verb, table in tables.items():
        if verb not in commands or not isinstance(table, dict):
            raise UsageError(f"{path}: '{verb}' is no command: use [{'], ['.join(commands)}]")
        # A key is an option's flag or an argument's name, with - or _.
        known = {
            flag.lstrip("-").replace("-", "_"): parameter
            for parameter in commands[verb].params
            for flag in parameter.opts
        }
        for key, value in table.items():
            parameter = known.get(key.replace("-", "_"))
            if parameter is None:
                raise UsageError(f"{path}: [{verb}] has no option '{key}': see 'wearcli {verb} --help'")
            # One of what may be given several times needs no list.
            many = parameter.nargs == -1 or getattr(parameter, "multiple", False)
            value = [value] if many and not isinstance(value, list) else value
            defaults.setdefault(verb, {})[str(parameter.name)] = value
    return defaults


def main() -> None:
    """Run the command; the exit code is 0, 1 (some input failed), 2 (usage) or 130 (interrupted)."""
    debug = "--debug" in sys.argv
    if debug:
        sys.argv.remove("--debug")  # so that it may stand anywhere
    # A job that a scheduler ends keeps what is done, as one that a person interrupts.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        sys.exit(app(standalone_mode=False) or 0)
    except CommandLineError as error:
        context = getattr(error, "ctx", None)
        if type(error).__name__ == "NoArgsIsHelpError":
            error.show()  # the help
        else:
            command = context.command_path if context else "wearcli"
            print(f"wearcli: {error.format_message()}: see '{command} --help'", file=sys.stderr)
        sys.exit(error.exit_code)
    except WearcliError as error:
        if debug:
            raise
        print(f"wearcli: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
    except BrokenPipeError:
        # The reader of our stdout went away (| head): nothing is left to say, nor to flush.
        sys.stderr.close()
        sys.exit(1)
    except OSError as error:
        if debug:
            raise
        where = f"{error.filename}: " if error.filename else ""
        print(f"wearcli: {where}{error.strerror or error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        if debug:
            raise
        print("wearcli: interrupted", file=sys.stderr)
        sys.exit(130)
