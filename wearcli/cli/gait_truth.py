"""`wearcli gait-truth`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.console import (
    Columns,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    RateHz,
    TimeColumn,
    TimeUnit,
    Unit,
)

if TYPE_CHECKING:
    from wearcli.walking.truth_result import TruthResult


def gait_truth(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Recordings of a second sensor at the ankle, thigh or foot. Default: those of --for"
        ),
    ] = None,
    main: Annotated[
        Path | None, typer.Option("--for", help="The recordings that gait.csv is for, such as the wrist's.")
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            help="Table of foot contacts: recording, foot (left or right), contact and off, seconds."
        ),
    ] = None,
    intervals: Annotated[
        Path | None,
        typer.Option(help="Table of where people walk: recording, onset, duration, label; maybe distance_m."),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="Label of the --intervals to take; may be given again.")
    ] = None,
    distance: Annotated[
        float | None, typer.Option(help="With --events: metres of each walk, for its speed.")
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(help="Take the second sensor's recordings at this placement of recordings.csv."),
    ] = None,
    pair: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Names with the same text in its one group are a pair. Default: the same name but for the "
            "placement, else participant and time.",
        ),
    ] = None,
    window: Annotated[float, typer.Option(help="Seconds of the second sensor that make a row.")] = 10.0,
    min_quality: Annotated[
        float,
        typer.Option(help="Leave out windows of the second sensor that repeat themselves less, 0 to 1."),
    ] = 0.5,
    output: Annotated[Path, typer.Option("--output", "-o", help="The table to write.")] = Path("gait.csv"),
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    participant_from: ParticipantFrom = None,
    unit: Unit = None,
    rate_hz: RateHz = None,
    columns: Columns = None,
    time_column: TimeColumn = None,
    time_unit: TimeUnit = None,
) -> None:
    """Make gait.csv, the truth of a gait probe, from foot contacts or from a second sensor on a leg.

    --events gives a row a walk: stride time (median), cadence, stride_time_cv (deviation over mean), stance,
    double support, speed. A second sensor gives a row a window: stride time and cadence, and a quality. Exit
    code 1: some recording failed; the rest is done.
    """
    from wearcli.cli.console import print_json, progress, reading_options, say
    from wearcli.walking.truth import gait_truth as run

    with progress("recordings") as display:
        bar = display.add_task("second sensor", total=None)
        result = run(
            paths or [],
            output,
            events=events,
            main=main,
            intervals=intervals,
            labels=label or [],
            distance_m=distance,
            placement=placement,
            pair=pair,
            window_s=window,
            min_quality=min_quality,
            participant_from=participant_from,
            reading=reading_options(unit, rate_hz, columns, time_column, time_unit),
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


def _print(result: "TruthResult") -> None:
    """What was made, for people."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from wearcli.cli.console import say, stderr

    rules = {"--pair": "--pair", "name": "name", "time": "participant and time", "participant": "participant"}
    for rule, count in result.pairs.items():
        say(f"{count} pairs by {rules[rule]}")
    for reason, count in result.left_out.items():
        if count:
            say(f"left out: {count} {reason}")
    if result.metrics:
        table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
        for name in ("metric", "5 %", "median", "95 %"):
            table.add_column(name, justify="left" if name == "metric" else "right")
        for name, told in result.metrics.items():
            table.add_row(name, *(f"{told[key]:.4g}" for key in ("p5", "median", "p95")))
        stderr().print(table)
    what = "walks" if result.source == "events" else "windows"
    if result.output is not None:
        say(f"{result.rows} {what} of {result.recordings} recordings -> {result.output}")
    elif result.rows:
        say(f"would write {result.rows} {what} of {result.recordings} recordings")
    else:
        say(f"would read the second sensor of {result.recordings} recordings")
