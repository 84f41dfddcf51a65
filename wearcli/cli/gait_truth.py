"""`wearcli gait-truth`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.options import (
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    TruthOutput,
)
from wearcli.cli.reading import takes_reading
from wearcli.recordings.reading import Reading
from wearcli.truth.defaults import GAIT_MIN_QUALITY, GAIT_OUTPUT, GAIT_WINDOW_S
from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.truth.result import GaitTruth

WALKS = "Which walks"
SENSOR = "Second sensor"


@takes_reading()
def gait_truth(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="PATHS",
            help="Recordings of a second sensor at the ankle, thigh or foot. Default: those of --for",
        ),
    ] = None,
    main: Annotated[
        Path | None,
        typer.Option(
            "--for",
            metavar="PATH",
            help="Recordings that gait.csv is for, such as the wrist's. With --events: those of the trunk, "
            "with which the contacts are compared.",
        ),
    ] = None,
    placement: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Take the recordings of the second sensor with this placement in recordings.csv.",
            rich_help_panel=SENSOR,
        ),
    ] = None,
    pair: Annotated[
        str | None,
        typer.Option(
            metavar="REGEX",
            help="Names with the same text in its one group are a pair. Default: the same name but for the "
            "placement, else the same participant and time.",
            rich_help_panel=SENSOR,
        ),
    ] = None,
    window: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Length of a row, a window of the second sensor.",
            rich_help_panel=SENSOR,
        ),
    ] = GAIT_WINDOW_S,
    min_quality: Annotated[
        float,
        typer.Option(
            metavar="QUALITY",
            help="Leave out windows of the second sensor that repeat themselves less, 0 to 1.",
            rich_help_panel=SENSOR,
        ),
    ] = GAIT_MIN_QUALITY,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of foot contacts: recording, foot (left or right), contact and off, seconds.",
            rich_help_panel=WALKS,
        ),
    ] = None,
    intervals: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of walks: recording, onset, duration, label; maybe distance_m.",
            rich_help_panel=WALKS,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="LABEL",
            help="Label of --intervals that is a walk; may be given again.",
            rich_help_panel=WALKS,
        ),
    ] = None,
    distance: Annotated[
        float | None,
        typer.Option(
            metavar="METRES",
            help="With --events: length of every walk, for its speed.",
            rich_help_panel=WALKS,
        ),
    ] = None,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
    output: TruthOutput = GAIT_OUTPUT,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
) -> None:
    """Make gait.csv, the truth for a gait probe, from foot contacts or from a second sensor on a leg.

    From --events a walk is a row: stride time (median), cadence, stride_time_cv (deviation over mean),
    stance, double support, speed. With --for, a walk that is out of step with the signal of the trunk is left
    out and named. From a second sensor a window is a row: stride time, cadence. Exit code 1: some failed.
    """
    from wearcli.cli.console import progress
    from wearcli.cli.truth_text import print_truth
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
            reading=reading,
            overwrite=overwrite,
            dry_run=dry_run,
            step=lambda done, total: display.update(bar, completed=done, total=total),
        )
    print_truth(result, _pairs(result), _made(result), json)


def _pairs(result: "GaitTruth") -> list[str]:
    """The lines that say by which rule the recordings of two sensors were paired."""
    rules = {"time": "participant and time"}
    return [f"{count} pairs by {rules.get(rule, rule)}" for rule, count in result.pairs.items()]


def _made(result: "GaitTruth") -> str:
    """The last line: what was written, or would be."""
    what = "walks" if result.source == "events" else "windows"
    if result.output is not None:
        return f"{result.rows} {what} of {counted(result.recordings, 'recording')} -> {result.output}"
    if result.rows:
        return f"would write {result.rows} {what} of {counted(result.recordings, 'recording')}"
    return f"would read the second sensor of {counted(result.recordings, 'recording')}"
