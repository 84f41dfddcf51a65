"""`wearcli sample`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wearcli.cli.options import Json, Overwrite, Seed
from wearcli.words import counted

WRIST = "Of the study wrist"
# What to try next, by study.
_NEXT = {
    "motion": "embed {folder}",
    "heart": "inspect {folder} --modality ecg (or ppg)",
    "wrist": "inspect {folder} --modality acc (or ppg)",
}


def sample(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Folder to write the study to.")],
    participants: Annotated[
        int | None,
        typer.Option(metavar="N", min=1, help="Number of people. Default: 10; heart and wrist 12."),
    ] = None,
    study: Annotated[
        Literal["motion", "heart", "wrist"],
        typer.Option(
            help="motion: days and walks by accelerometer; heart: ECG and PPG; wrist: PPG and the "
            "acceleration beside it, with a weak pulse."
        ),
    ] = "motion",
    minutes: Annotated[
        float | None,
        typer.Option(metavar="MINUTES", help="Length of the recordings. Default: 10.", rich_help_panel=WRIST),
    ] = None,
    pulse_mg: Annotated[
        float | None,
        typer.Option(
            metavar="MG", help="Height of the pulse in the acceleration. Default: 3.", rich_help_panel=WRIST
        ),
    ] = None,
    step_mg: Annotated[
        float | None,
        typer.Option(
            metavar="MG",
            help="Resolution of the accelerometer; 0 for none. Default: 1.",
            rich_help_panel=WRIST,
        ),
    ] = None,
    noise_mg: Annotated[
        float | None,
        typer.Option(
            metavar="MG", help="White noise of the accelerometer. Default: 1.", rich_help_panel=WRIST
        ),
    ] = None,
    exercise: Annotated[
        float | None,
        typer.Option(
            metavar="SHARE",
            help="Share of the time in walks and runs, whose arm swing leaks into the PPG. Default: 0.",
            rich_help_panel=WRIST,
        ),
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a small made-up study to try the other commands on: recordings with labels, gait or heart."""
    from wearcli.cli.console import print_json, say
    from wearcli.simulation.sample import write_sample

    written = write_sample(
        folder,
        participants,
        seed,
        study=study,
        minutes=minutes,
        pulse_mg=pulse_mg,
        step_mg=step_mg,
        noise_mg=noise_mg,
        exercise=exercise,
        overwrite=overwrite,
    )
    say(
        f"{counted(written['participants'], 'participant')}, {counted(written['recordings'], 'recording')}, "
        f"{written['hours']} hours in {folder}: next, wearcli {_NEXT[study].format(folder=folder)}"
    )
    if json:
        print_json(written)
