"""`wearcli gait-truth`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.options import (
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
    from wearcli.truth.gait_result import TruthResult


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
    from wearcli.cli.console import progress
    from wearcli.cli.truth_text import tell
    from wearcli.recordings.reading import Reading
    from wearcli.truth.gait import gait_truth as run

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
            reading=Reading.from_options(unit, rate_hz, columns, time_column, time_unit),
            overwrite=overwrite,
            dry_run=dry_run,
            step=lambda done, total: display.update(bar, completed=done, total=total),
        )
    rules = {"--pair": "--pair", "name": "name", "time": "participant and time", "participant": "participant"}
    how = [f"{count} pairs by {rules[rule]}" for rule, count in result.pairs.items()]
    tell(result, how, _made(result), json)


def _made(result: "TruthResult") -> str:
    """What was written, or would be."""
    what = "walks" if result.source == "events" else "windows"
    if result.output is not None:
        return f"{result.rows} {what} of {result.recordings} recordings -> {result.output}"
    if result.rows:
        return f"would write {result.rows} {what} of {result.recordings} recordings"
    return f"would read the second sensor of {result.recordings} recordings"
