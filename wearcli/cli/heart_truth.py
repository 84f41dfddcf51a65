"""`wearcli heart-truth`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wearcli.cli.options import (
    WINDOWS,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    Paths,
    TruthOutput,
)
from wearcli.cli.reading import takes_reading
from wearcli.recordings.reading import Reading
from wearcli.truth.defaults import HEART_OUTPUT, HEART_WINDOW_S
from wearcli.words import counted


@takes_reading("unit")
def heart_truth(
    paths: Paths = None,
    modality: Annotated[Literal["ppg", "ecg"], typer.Option(help="The signal that shows the beats.")] = "ppg",
    main: Annotated[
        Path | None,
        typer.Option(
            "--for",
            metavar="PATH",
            help="Recordings of acceleration on whose clock the onsets are. Default: those in PATHS.",
        ),
    ] = None,
    window: Annotated[
        float, typer.Option(metavar="SECONDS", help="Length of a row.", rich_help_panel=WINDOWS)
    ] = HEART_WINDOW_S,
    stride: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            help="Time from row to row. Default: the window, so that no two overlap.",
            rich_help_panel=WINDOWS,
        ),
    ] = None,
    min_quality: Annotated[
        float | None,
        typer.Option(
            metavar="QUALITY",
            help="Leave out windows of a lower quality, 0 to 1. Default: .8 for PPG, .5 for ECG.",
            rich_help_panel=WINDOWS,
        ),
    ] = None,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
    output: TruthOutput = HEART_OUTPUT,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make heart.csv, the truth for a heart probe, from the beats in PPG or ECG.

    A window is a row: heart rate, SDNN and RMSSD of the normal intervals, a quality, the number of beats.
    Onsets are on the clock of the acceleration of the same name, or of the same participant and time, so that
    the table goes with its embeddings. Exit code 1: some recording failed; the rest is done.
    """
    from wearcli.cli.arguments import input_paths

    given = input_paths(paths)

    from wearcli.cli.console import progress
    from wearcli.cli.truth_text import print_truth
    from wearcli.truth.heart import heart_truth as run

    with progress("recordings") as display:
        bar = display.add_task("beats", total=None)
        result = run(
            given,
            output,
            modality=modality,
            main=main,
            window_s=window,
            stride_s=stride,
            min_quality=min_quality,
            participant_from=participant_from,
            reading=reading,
            overwrite=overwrite,
            dry_run=dry_run,
            step=lambda done, total: display.update(bar, completed=done, total=total),
        )
    rules = {
        "name": "the acceleration of the same name",
        "time": "the acceleration of the same participant and time",
        "participant": "the participant's acceleration",
        "own": "the signal itself, as there is no acceleration",
    }
    how = [
        f"onsets of {counted(count, 'recording')} are on the clock of {rules[rule]}"
        for rule, count in result.clocks.items()
    ]
    made = f"{counted(result.rows, 'window')} of {counted(result.recordings, 'recording')} -> {result.output}"
    if result.output is None:
        made = f"would read the {result.modality} of {counted(result.recordings, 'recording')}"
    print_truth(result, how, made, json)
