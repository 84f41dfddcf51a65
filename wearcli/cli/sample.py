"""`wearcli sample`."""

from pathlib import Path
from typing import Annotated

import typer

from wearcli.cli.console import Json, Overwrite, Seed


def sample(
    folder: Annotated[Path, typer.Argument(help="Where the study goes.")],
    participants: Annotated[int, typer.Option(min=1, help="How many people.")] = 10,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a small made-up study to try the other commands on: recordings, labels, gait."""
    from wearcli.cli.console import print_json, say
    from wearcli.datasets.sample import write_sample

    study = write_sample(folder, participants, seed, overwrite=overwrite)
    say(
        f"{study['participants']} participants, {study['recordings']} recordings, {study['hours']} hours "
        f"in {folder}: next, wearcli embed {folder}"
    )
    if json:
        print_json(study)
