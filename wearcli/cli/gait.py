"""`wearcli gait`."""

from math import nan
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wearcli.cli.completion import probe_folders
from wearcli.cli.options import (
    OUTPUT,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    PathsOrTable,
    ProbeModel,
    UseProbe,
    Workers,
)
from wearcli.cli.reading import takes_reading
from wearcli.recordings.reading import Reading
from wearcli.walking import defaults
from wearcli.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from wearcli.walking.result import GaitResult

MOST_ROWS = 20
USUAL = ("cadence_spm", "walking_speed_mps", "stride_time_s")  # there is room for two of them
BOUTS = "Walking bouts and days"


@takes_reading()
def gait(
    paths: PathsOrTable = None,
    probe: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Probe folder of 'wearcli probe --task gait'. Default: none for recordings, whose signal is "
            f"then measured; {defaults.PROBE} for a table.",
            autocompletion=probe_folders,
        ),
    ] = None,
    use: UseProbe = None,
    model: ProbeModel = None,
    walking: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Probe of activities that recognises walking. Default: a rule on the signal.",
            rich_help_panel=BOUTS,
        ),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS",
            help="With --walking: a class that is walking; may be given again.",
            rich_help_panel=BOUTS,
        ),
    ] = None,
    intervals: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Table of walks (recording, onset, duration) to measure, instead of those that are looked "
            "for; without --probe.",
            rich_help_panel=BOUTS,
        ),
    ] = None,
    min_bout: Annotated[
        float,
        typer.Option(metavar="SECONDS", help="Leave out shorter bouts.", rich_help_panel=BOUTS),
    ] = defaults.MIN_BOUT_S,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="FOLDER", help="Folder to write.", rich_help_panel=OUTPUT),
    ] = defaults.OUTPUT,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    workers: Workers = None,
) -> None:
    """Find walking bouts and measure gait in them: bouts.csv, days.csv, gait.json, gait.png.

    Without --probe the signal of recordings is measured: steps, stride time, cadence, how regular strides
    are; at the trunk how alike both steps are; at the lower back walking speed. What is not known is empty.
    With --probe its metrics are predicted. Walking shakes the body with the rhythm of strides (level ground;
    most stairs too; no runs), or is what the probe --walking says. An interval is that of the mean of n
    samples of a new person: the errors for one person go together, so a long walk narrows it only so far.
    METRIC_sd is the deviation over a bout's samples, not from stride to stride: for that the probe needs the
    target stride_time_cv. A day is a date in --timezone (default: that of the table, else UTC), or is counted
    from the recording's beginning where no start is known. Exit code 1: some recording failed; the rest is
    done.
    """
    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say
    from wearcli.existence import check_probe_folder

    if probe is not None:
        check_probe_folder(probe)
    given = input_paths(paths)

    from wearcli.cli.embedding_news import EmbeddingNews
    from wearcli.walking.gait import gait as run

    with progress("done") as display:
        task = display.add_task("gait", total=None)
        news = EmbeddingNews(display, task)
        result = run(
            given,
            probe,
            output,
            use=use,
            walking=walking,
            labels=label or [],
            intervals=intervals,
            min_bout=min_bout,
            model=model,
            participant_from=participant_from,
            reading=reading,
            workers=workers,
            overwrite=overwrite,
            dry_run=dry_run,
            watcher=news.watcher,
            step=lambda done, total: display.update(task, description="walking", completed=done, total=total),
        )
    news.tell()
    for note in result.notes:
        say(f"note: {note}")
    if json:
        print_json(result.to_json())
    _summary(result, dry_run)
    if result.failed:
        raise typer.Exit(1)


def _summary(result: "GaitResult", dry_run: bool) -> None:
    """Print the days for people: how long they walked, and the metrics with their intervals."""
    from wearcli.cli.applied import nothing_written, time_line
    from wearcli.cli.console import say, stderr
    from wearcli.cli.tables import print_table

    apply = f"apply the {result.use} probe of {result.probe}" if result.probe else "measure"
    would = f"would find walks and {apply} ({', '.join(result.targets)}); nothing is written"
    if nothing_written(result, would, dry_run):
        return
    several = len({row["placement"] for row in result.days}) > 1
    shown = ([name for name in USUAL if name in result.targets] or result.targets)[: 1 if several else 2]
    walked = [row for row in result.days if row["bouts"]]
    print_table(_table(walked[:MOST_ROWS], shown, several), stderr())
    if len(walked) > MOST_ROWS:
        say(f"and {len(walked) - MOST_ROWS} more days with walks in days.csv")
    if others := [name for name in result.targets if name not in shown]:
        say(f"{', '.join(others)}: in days.csv")
    interval = " [95 % interval of the mean for a new person]" if result.probe else ""
    say(f"walked: minutes. Mean of a day's bouts{interval}.")
    say(time_line(result.hours_recorded, result.hours, result.hours_left_out))
    people, days = counted(result.participants, "participant"), counted(len(result.days), "day")
    walks = f"{counted(result.bouts, 'bout')}, {result.walking_min:.1f} min of walking"
    say(f"{walks} ({people}, {days}, {result.hours:.1f} h) -> {result.output}")


def _table(days: list[dict[str, Any]], metrics: list[str], placements: bool) -> "Table":
    """A row a day with these metrics; with a column of placements where there are several."""
    from wearcli.cli.tables import make_table

    numbers = ("hours", "walked", "bouts", *metrics)
    table = make_table([*["placement"] * placements, "day", *numbers], first="participant", right=numbers)
    for row in days:
        place = [row["participant"], *[row["placement"]] * placements, row["day"]]
        times = [f"{row['hours']:.2f}", f"{row['walking_min']:.1f}", str(row["bouts"])]
        table.add_row(*place, *times, *(_metric(row, name) for name in metrics))
    return table


def _metric(row: dict[str, Any], target: str) -> str:
    """A metric and its interval, with about three digits."""
    value, low, high = (row.get(f"{target}{end}", nan) for end in ("", "_low", "_high"))
    if value != value:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}" + (f" [{low:.{digits}f}, {high:.{digits}f}]" if low == low else "")
