"""`wearcli gait`."""

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
    Workers,
)

if TYPE_CHECKING:
    from wearcli.walking.result import GaitResult

MOST_ROWS = 20
USUAL = ("cadence_spm", "walking_speed_mps", "stride_time_s")  # of which there is room for two


def gait(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Recordings or folders of them, or one embeddings table, or - for an Arrow stream of one. "
            "Default: recordings/"
        ),
    ] = None,
    probe: Annotated[
        Path, typer.Option(metavar="FOLDER", help="A probe folder of 'wearcli probe --task gait'.")
    ] = Path("probes/gait"),
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")] = Path("gait"),
    use: Annotated[
        str | None,
        typer.Option(metavar="linear|mlp|features", help="Which of the folder's probes. Default: linear."),
    ] = None,
    walking: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="A probe of activities that tells walking. Default: a rule on the signal."
        ),
    ] = None,
    label: Annotated[
        list[str] | None, typer.Option(help="With --walking: a class that is walking; may be given again.")
    ] = None,
    min_bout: Annotated[float, typer.Option(help="Seconds; shorter walks are left out.")] = 10.0,
    timezone: Annotated[
        str, typer.Option(metavar="ZONE", help="Of the days, such as Europe/Berlin.")
    ] = "UTC",
    model: Annotated[
        str | None,
        typer.Option(
            help="Of recordings: name or folder of the model. Default: the one of the probe's name."
        ),
    ] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    workers: Workers = None,
    participant_from: ParticipantFrom = None,
    unit: Unit = None,
    rate_hz: RateHz = None,
    columns: Columns = None,
    time_column: TimeColumn = None,
    time_unit: TimeUnit = None,
) -> None:
    """Find walking bouts and a gait probe's metrics in them: bouts.csv, days.csv, gait.json, gait.png.

    Walking is what shakes the body with the rhythm of strides (level ground; most stairs too; no runs), or
    what a probe says. An interval is that of the mean of n samples of a new person: errors of one person go
    together, so a long walk narrows it only so far. METRIC_sd is the deviation over a bout's samples, not
    from stride to stride: for that the probe needs the target stride_time_cv. A day is a date in --timezone,
    or counted from the recording's beginning where no start is known. Exit code 1: some recording failed;
    the rest is done.
    """
    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say
    from wearcli.cli.embedding_news import EmbeddingNews
    from wearcli.recordings.reading import Reading
    from wearcli.walking.gait import gait as run

    with progress("done") as display:
        task = display.add_task("gait", total=None)
        news = EmbeddingNews(display, task)
        result = run(
            input_paths(paths),
            probe,
            output,
            use=use,
            walking=walking,
            labels=label or [],
            min_bout=min_bout,
            timezone=timezone,
            model=model,
            participant_from=participant_from,
            reading=Reading.from_options(unit, rate_hz, columns, time_column, time_unit),
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
    """The days, for people: how long they walked, and the metrics with their intervals."""
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    from wearcli.cli.console import say, stderr

    what = f"the {result.use} probe of {result.probe}"
    if dry_run:
        for name in result.plan:
            say(f"would embed {name}")
        say(f"would find walks and apply {what} ({', '.join(result.targets)}); nothing is written")
        return
    if result.failed:
        say(f"{len(result.failed)} of {len(result.plan)} recordings failed")
    if result.output is None:
        say("nothing was embedded: no output is written")
        return
    several = len({row["placement"] for row in result.days}) > 1
    shown = ([name for name in USUAL if name in result.targets] or result.targets)[: 1 if several else 2]
    others = [name for name in result.targets if name not in shown]
    table = Table(box=SIMPLE_HEAD, padding=0, show_edge=False)
    table.add_column("participant", overflow="fold")
    for name in (*["placement"] * several, "day", "hours", "walked", "bouts", *shown):
        table.add_column(name, no_wrap=True, justify="left" if name in ("placement", "day") else "right")
    walked = [row for row in result.days if row["bouts"]]
    for row in walked[:MOST_ROWS]:
        times = [f"{row['hours']:.2f}", f"{row['walking_min']:.1f}", str(row["bouts"])]
        where = [row["participant"], *[row["placement"]] * several, row["day"]]
        table.add_row(*where, *times, *(_metric(row, name) for name in shown))
    stderr().print(table)
    if len(walked) > MOST_ROWS:
        say(f"and {len(walked) - MOST_ROWS} days more with walks in days.csv")
    if others:
        say(f"{', '.join(others)}: in days.csv")
    say("walked: minutes. Mean of a day's bouts [95 % interval of the mean for a new person].")
    days = f"{result.participants} participants, {len(result.days)} days, {result.hours:.1f} h"
    say(f"{result.bouts} bouts, {result.walking_min:.1f} min of walking ({days}) -> {result.output}")


def _metric(row: dict[str, float], target: str) -> str:
    value, low, high = (row[f"{target}{end}"] for end in ("", "_low", "_high"))
    if value != value:
        return "-"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:.{digits}f}" + (f" [{low:.{digits}f}, {high:.{digits}f}]" if low == low else "")
