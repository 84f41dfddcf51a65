"""`wearcli heart-truth`."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from wearcli.cli.options import (
    Columns,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    Paths,
    RateHz,
    TimeColumn,
    TimeUnit,
)
from wearcli.modality import Modality


def heart_truth(
    paths: Paths = None,
    modality: Annotated[Modality, typer.Option(help="The signal that shows the beats: ppg or ecg.")] = "ppg",
    main: Annotated[
        Path | None,
        typer.Option(
            "--for",
            help="Recordings of acceleration whose clock the onsets are on. Default: those in PATHS.",
        ),
    ] = None,
    window: Annotated[float, typer.Option(help="Seconds that make a row.")] = 60.0,
    stride: Annotated[
        float | None, typer.Option(help="Seconds from row to row. Default: the window, so none overlap.")
    ] = None,
    min_quality: Annotated[
        float | None,
        typer.Option(help="Leave out windows of a lower quality, 0 to 1. Default: .8 of PPG, .5 of ECG."),
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The table to write.")] = Path("heart.csv"),
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    participant_from: ParticipantFrom = None,
    rate_hz: RateHz = None,
    columns: Columns = None,
    time_column: TimeColumn = None,
    time_unit: TimeUnit = None,
) -> None:
    """Make heart.csv, the truth of a heart probe, from the beats in PPG or ECG.

    A row a window: heart rate, SDNN and RMSSD of the normal intervals, a quality, the number of beats. Onsets
    are on the clock of the acceleration of the same name, or participant and time, so that the table goes
    with its embeddings. Exit code 1: some recording failed; the rest is done.
    """
    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import progress
    from wearcli.cli.truth_text import tell
    from wearcli.recordings.reading import Reading
    from wearcli.truth.heart import heart_truth as run

    with progress("recordings") as display:
        bar = display.add_task("beats", total=None)
        result = run(
            input_paths(paths),
            output,
            modality=cast(Any, modality),
            main=main,
            window_s=window,
            stride_s=stride,
            min_quality=min_quality,
            participant_from=participant_from,
            reading=Reading.from_options(None, rate_hz, columns, time_column, time_unit),
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
        f"onsets of {count} recordings are on the clock of {rules[rule]}"
        for rule, count in result.clocks.items()
    ]
    made = f"{result.rows} windows of {result.recordings} recordings -> {result.output}"
    if result.output is None:
        made = f"would read the {result.modality} of {result.recordings} recordings"
    tell(result, how, made, json)
