"""`wearcli sample`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wearcli.cli.options import Json, Overwrite, Seed


class StudyName(StrEnum):
    """The studies that can be written."""

    motion = "motion"
    heart = "heart"
    wrist = "wrist"


def sample(
    folder: Annotated[Path, typer.Argument(help="Where the study goes.")],
    participants: Annotated[
        int | None, typer.Option(min=1, help="How many people. Default: 10, of heart and wrist 12.")
    ] = None,
    study: Annotated[
        StudyName,
        typer.Option(
            help="motion: days and walks by accelerometer; heart: ECG and PPG; wrist: PPG and the "
            "acceleration beside it, with a weak pulse."
        ),
    ] = StudyName.motion,
    minutes: Annotated[float | None, typer.Option(help="Of wrist, a person. Default: 10.")] = None,
    pulse_mg: Annotated[
        float | None, typer.Option(help="Of wrist: height of the pulse in the acceleration. Default: 3.")
    ] = None,
    step_mg: Annotated[
        float | None, typer.Option(help="Of wrist: the accelerometer's step; 0: none. Default: 1.")
    ] = None,
    noise_mg: Annotated[
        float | None, typer.Option(help="Of wrist: the accelerometer's white noise. Default: 1.")
    ] = None,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a small made-up study to try the other commands on: recordings, labels, gait or heart."""
    from wearcli.cli.console import print_json, say
    from wearcli.simulation.sample import write_sample

    written = write_sample(
        folder,
        participants,
        seed,
        study=study.value,
        minutes=minutes,
        pulse_mg=pulse_mg,
        step_mg=step_mg,
        noise_mg=noise_mg,
        overwrite=overwrite,
    )
    then = {
        StudyName.motion: f"embed {folder}",
        StudyName.heart: f"inspect {folder} --modality ecg (or ppg)",
        StudyName.wrist: f"inspect {folder} --modality acc (or ppg)",
    }[study]
    say(
        f"{written['participants']} participants, {written['recordings']} recordings, "
        f"{written['hours']} hours in {folder}: next, wearcli {then}"
    )
    if json:
        print_json(written)
