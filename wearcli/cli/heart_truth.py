"""`wearcli heart-truth`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from wearcli.cli.console import (
    Columns,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    Paths,
    RateHz,
    Signal,
    TimeColumn,
    TimeUnit,
)

if TYPE_CHECKING:
    from wearcli.cardiac.result import HeartTruth


def heart_truth(
    paths: Paths = None,
    modality: Annotated[
        Signal, typer.Option(help="The signal that shows the beats: ppg or ecg.")
    ] = Signal.ppg,
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
    from wearcli.cardiac.truth import heart_truth as run
    from wearcli.cli.console import input_paths, print_json, progress, reading_options, say

    with progress("recordings") as display:
        bar = display.add_task("beats", total=None)
        result = run(
            input_paths(paths),
            output,
            modality=cast(Any, modality.value),
            main=main,
            window_s=window,
            stride_s=stride,
            min_quality=min_quality,
            participant_from=participant_from,
            reading=reading_options(None, rate_hz, columns, time_column, time_unit),
            overwrite=overwrite,
            dry_run=dry_run,
            step=lambda done, total: display.update(bar, completed=done, total=total),
        )
    for failure in result.failed:
        say(f"failed: {failure['error']}")
    for note in result.notes:
        say(f"note: {note}")
    _print(result)
    if json:
        print_json(result.to_json())
    if result.failed:
        raise typer.Exit(1)


def _print(result: "HeartTruth") -> None:
    """What was made, for people."""
    from wearcli.cli.console import say, stderr
    from wearcli.cli.score_text import make_table

    rules = {
        "name": "the acceleration of the same name",
        "time": "the acceleration of the same participant and time",
        "participant": "the participant's acceleration",
        "own": "the signal itself, as there is no acceleration",
    }
    for rule, count in result.clocks.items():
        say(f"onsets of {count} recordings are on the clock of {rules[rule]}")
    for reason, count in result.left_out.items():
        if count:
            say(f"left out: {count} {reason}")
    if result.metrics:
        table = make_table(["5 %", "median", "95 %"], first="metric")
        for name, told in result.metrics.items():
            table.add_row(name, *(f"{told[key]:.4g}" for key in ("p5", "median", "p95")))
        stderr().print(table)
    if result.output is not None:
        say(f"{result.rows} windows of {result.recordings} recordings -> {result.output}")
    else:
        say(f"would read the {result.modality} of {result.recordings} recordings")
