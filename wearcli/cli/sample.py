"""`wearcli sample`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wearcli.cli.console import Json, Overwrite, Seed


class StudyName(StrEnum):
    """The studies that can be written."""

    motion = "motion"
    heart = "heart"


def sample(
    folder: Annotated[Path, typer.Argument(help="Where the study goes.")],
    participants: Annotated[
        int | None, typer.Option(min=1, help="How many people. Default: 10, of heart 12.")
    ] = None,
    study: Annotated[
        StudyName, typer.Option(help="motion: days and walks by accelerometer; heart: ECG and PPG.")
    ] = StudyName.motion,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Write a small made-up study to try the other commands on: recordings, labels, gait or heart."""
    from wearcli.cli.console import print_json, say
    from wearcli.datasets.sample import write_sample

    written = write_sample(folder, participants, seed, study=study.value, overwrite=overwrite)
    then = f"embed {folder}" if study == StudyName.motion else f"inspect {folder} --modality ecg (or ppg)"
    say(
        f"{written['participants']} participants, {written['recordings']} recordings, "
        f"{written['hours']} hours in {folder}: next, wearcli {then}"
    )
    if json:
        print_json(written)
