"""`wearcli models` and `wearcli models show`."""

from pathlib import Path
from typing import Annotated, Any

import typer

from wearcli.cli.common import with_output_options
from wearcli.cli.completion import model_names
from wearcli.cli.help import Command, Group
from wearcli.cli.options import Json
from wearcli.words import counted

models = typer.Typer(cls=Group, help="List models, or show the card of one.", invoke_without_command=True)


@models.callback()
@with_output_options
def listing(
    context: typer.Context,
    folder: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FOLDER",
            help="Folder with model and run folders; may be given again. Default: runs and models.",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """List bundled and local models: size, rate, window, training sets, licence, scores.

    `wearcli models show NAME` prints a card. Exit code 1: a folder holds a damaged model; it is named.
    """
    if context.invoked_subcommand is not None:
        return
    from wearcli.cli.console import print_json, say_error
    from wearcli.models.listing import list_models

    listed, failed = list_models(folder)
    if json:
        print_json({"models": listed, "failed": failed})
    else:
        _print(listed)
    for failure in failed:
        say_error(f"failed: {failure['error']}")
    if failed:
        raise typer.Exit(1)


@models.command(cls=Command)
@with_output_options
def show(
    model: Annotated[
        str,
        typer.Argument(
            metavar="MODEL",
            help="Name of a bundled model, or a model or run folder.",
            autocompletion=model_names,
        ),
    ],
    json: Json = False,
) -> None:
    """Print the card of a model: data, recipe, scores, limits, licence."""
    from wearcli.cli.console import print_json
    from wearcli.models.listing import show_model

    about, card = show_model(model)
    if json:
        print_json(about)
    else:
        print(card, end="")


def _print(listed: list[dict[str, Any]]) -> None:
    """Print a few lines for each model; its scores are in its card."""
    for number, about in enumerate(listed):
        if number:
            print()
        marks = [word for word in ("default", "bundled") if about[word]]
        print(about["model"] + (f" ({', '.join(marks)})" if marks else ""))
        size = "" if about["parameters"] is None else f"{about['parameters'] / 1e6:.2f} M parameters, "
        print(
            f"  {about['modality']}, {about['window_s']:g} s at {about['rate_hz']:g} Hz -> "
            f"{about['dimension']}; {size}{about['bytes'] / 1e6:.1f} MB; {about['licence']}"
        )
        print(f"  trained on {', '.join(about['training_sets']) or 'nothing'}")
        if about["scores"]:
            print(f"  {counted(len(about['scores']), 'score')}: wearcli models show {about['model']}")
