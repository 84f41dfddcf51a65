"""`wearcli predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.completion import probe_folders
from wearcli.cli.options import (
    OUTPUT,
    WINDOWS,
    DryRun,
    Json,
    KeepNonwear,
    Overwrite,
    ParticipantFrom,
    PathsOrTable,
    ProbeModel,
    ShardOption,
    UseProbe,
    Workers,
)
from wearcli.cli.reading import takes_reading
from wearcli.prediction.defaults import MIN_BOUT_S
from wearcli.recordings.reading import Reading
from wearcli.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from wearcli.prediction.result import PredictResult

BOUTS = "Bouts"


@takes_reading()
def predict(
    paths: PathsOrTable = None,
    probe: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Probe folder of 'wearcli probe'.", autocompletion=probe_folders),
    ] = None,
    use: UseProbe = None,
    model: ProbeModel = None,
    merge: Annotated[
        bool,
        typer.Option(
            "--merge", help="Write a row a bout: equal neighbouring labels joined.", rich_help_panel=BOUTS
        ),
    ] = False,
    bids: Annotated[
        bool,
        typer.Option(
            "--bids",
            help="Write bouts as RECORDING_events.tsv into a folder. Default: predictions/",
            rich_help_panel=BOUTS,
        ),
    ] = False,
    min_bout: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Shorter bouts take the label of the longer neighbour, the shortest bout first.",
            rich_help_panel=BOUTS,
        ),
    ] = MIN_BOUT_S,
    keep_nonwear: KeepNonwear = False,
    min_quality: Annotated[
        float | None,
        typer.Option(
            metavar="QUALITY",
            help="Leave out windows of PPG or ECG of a lower quality, 0 to 1. Default: the probe's.",
            rich_help_panel=WINDOWS,
        ),
    ] = None,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help=".parquet or .csv; with --bids or --shard a folder. Default: predictions.parquet",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    csv: Annotated[
        bool,
        typer.Option(
            "--csv",
            help="Write CSV with a column p_CLASS a class. Default: predictions.csv",
            rich_help_panel=OUTPUT,
        ),
    ] = False,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    workers: Workers = None,
    shard: ShardOption = None,
) -> None:
    """Apply a saved probe to new recordings: class probabilities, or metrics with intervals.

    A row is what the probe was fitted on: a window, an epoch, or a participant; for a metric an epoch as long
    as its intervals were. Probabilities are calibrated by temperature scaling (Guo et al., ICML 2017), the
    temperature fitted on people held out inside the training folds. A metric's interval holds one sample of a
    new person 95 times out of 100: it is the quantile of the errors on people held out. Exit code 1: some
    recording failed; the rest is done.
    """
    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import progress, say

    probe = _checked_probe(probe)
    given = input_paths(paths)

    from wearcli.cli.embedding_news import EmbeddingNews
    from wearcli.prediction.predict import predict as run

    with progress("done") as display:
        task = display.add_task("predict", total=None)
        news = EmbeddingNews(display, task)

        def step(done: int, total: int | None) -> None:
            if display.tasks[0].description != "predict":
                display.reset(task, total=total)  # the time left is of this, not of embedding
            display.update(task, description="predict", completed=done, total=total)

        try:
            result = run(
                given,
                probe,
                output,
                use=use,
                merge=merge,
                min_bout=min_bout,
                csv=csv,
                bids=bids,
                model=model,
                keep_nonwear=keep_nonwear,
                min_quality=min_quality,
                participant_from=participant_from,
                reading=reading,
                workers=workers,
                shard=shard,
                overwrite=overwrite,
                dry_run=dry_run,
                watcher=news.watcher,
                step=step,
            )
        except KeyboardInterrupt:
            say("interrupted: nothing is written")
            raise typer.Exit(130) from None
    news.tell()
    _show(result, json, dry_run)


def _checked_probe(probe: Path | None) -> Path:
    """Return the probe folder that was named; raises UsageError where there is none."""
    from wearcli.errors import UsageError
    from wearcli.existence import check_probe_folder

    if probe is None:
        raise UsageError(f"no probe named: --probe FOLDER{_probes_here()}")
    check_probe_folder(probe)
    return probe


def _show(result: "PredictResult", json: bool, dry_run: bool) -> None:
    """Print warnings, the document and the summary; exit code 1 where a recording failed."""
    from wearcli.cli.console import print_json, say

    for warning in result.warnings:
        say(f"warning: {warning}")
    if json:
        print_json(result.to_json())
    _summary(result, dry_run)
    if result.failed:
        raise typer.Exit(1)


def _probes_here() -> str:
    """The probe folders where `wearcli probe` puts them, for a message."""
    folders = sorted(str(path.parent) for path in Path("probes").glob("*/probe.json"))
    return f" (there is {', '.join(folders)})" if folders else " ('wearcli probe' makes one)"


def _summary(result: "PredictResult", dry_run: bool) -> None:
    """Print for people what was applied, what was left out, and the hours of labels or means of metrics."""
    from wearcli.cli.applied import clock, nothing_written, time_line
    from wearcli.cli.console import stderr
    from wearcli.cli.tables import print_table

    console = stderr()

    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, soft_wrap=True, markup=False)

    epochs = f" of {result.epoch_s:g} s" if result.epoch_s else ""
    row = "a bout" if result.bouts is not None else f"a{'n' * (result.row == 'epoch')} {result.row}{epochs}"
    probe = f"the {result.probe} probe of {result.folder} ({result.model.get('name')})"
    if nothing_written(result, f"would write a row {row}, predicted by {probe}", dry_run):
        return
    bouts = "" if result.bouts is None else f"{counted(result.bouts, 'bout', ',')} of "
    rows = "" if result.row == "window" else f"{counted(result.rows, result.row, ',')}{epochs} of "
    windows = counted(result.windows, "window", ",")
    line(f"{result.task}: {probe}: {bouts}{rows}{windows}, {counted(result.recordings, 'recording')}")
    for reason, count in result.left_out.items():
        line(f"  left out: {count:,} {reason}", "dim")
    line(f"  {time_line(result.hours_recorded, result.hours_used, result.hours_left_out)}", "dim")
    print_table(_labels(result) if result.kind == "classification" else _metrics(result), console)
    if result.kind == "classification":
        line(f"Shares are of {clock(sum(result.hours.values()))}, the time that rows stand for.", "dim")
    if result.calibration is not None:
        temperature = result.calibration["temperature"]
        line(
            f"Probabilities are calibrated: temperature {temperature:.3g}, fitted on people held out inside "
            "the training folds.",
            "dim",
        )
    if any(mean["half_width"] is not None for mean in result.means.values()):
        line(f"Interval: for one {result.row} of a new person, from the errors on people held out.", "dim")
    line(f"Written to {result.output}: a row {row}")


def _labels(result: "PredictResult") -> "Table":
    """The time of the labels, the longest first."""
    from wearcli.cli.applied import clock
    from wearcli.cli.tables import make_table

    table = make_table(["h:mm:ss", "share", "confidence"], first="label")
    whole = sum(result.hours.values())
    for label, hours in sorted(result.hours.items(), key=lambda item: -item[1]):
        table.add_row(label, clock(hours), f"{hours / whole:.1%}", f"{result.confidence[label]:.3f}")
    return table


def _metrics(result: "PredictResult") -> "Table":
    """The means of the metrics, and the interval of a row."""
    from wearcli.cli.tables import make_table

    table = make_table(["mean", "lowest", "highest", "95 % interval"], first="target")
    for target, mean in result.means.items():
        half = mean["half_width"]
        numbers = (f"{mean[name]:.4g}" for name in ("mean", "lowest", "highest"))
        table.add_row(target, *numbers, "-" if half is None else f"± {half:.3g}")
    return table
