"""`wearcli predict`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.options import (
    Columns,
    DryRun,
    Json,
    KeepNonwear,
    Overwrite,
    ParticipantFrom,
    RateHz,
    TimeColumn,
    TimeUnit,
    Unit,
    Workers,
)

if TYPE_CHECKING:
    from wearcli.prediction.result import PredictResult


def predict(
    paths: Annotated[
        list[Path] | None,
        typer.Argument(
            help="Recordings or folders of them, or one embeddings table, or - for an Arrow stream of one. "
            "Default: recordings/"
        ),
    ] = None,
    probe: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="A probe folder of 'wearcli probe'.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help=".parquet or .csv; a folder with --bids. Default: predictions.parquet"
        ),
    ] = None,
    use: Annotated[
        str | None,
        typer.Option(metavar="linear|mlp|features", help="Which of the folder's probes. Default: linear."),
    ] = None,
    merge: Annotated[
        bool, typer.Option("--merge", help="A row a bout: equal neighbouring labels joined.")
    ] = False,
    min_bout: Annotated[
        float,
        typer.Option(help="Bouts of fewer seconds take the label of the longer neighbour, shortest first."),
    ] = 0.0,
    csv: Annotated[
        bool, typer.Option("--csv", help="Write CSV, a column p_CLASS a class. Default: predictions.csv")
    ] = False,
    bids: Annotated[
        bool,
        typer.Option(
            "--bids", help="Write bouts as RECORDING_events.tsv into a folder. Default: predictions/"
        ),
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Of recordings: name or folder of the model. Default: the one of the probe's name."
        ),
    ] = None,
    keep_nonwear: KeepNonwear = False,
    min_quality: Annotated[
        float | None,
        typer.Option(help="Leave out windows of PPG or ECG of a lower quality. Default: the probe's."),
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
    """Apply a saved probe: a row a window or epoch, with class probabilities, or metrics and their interval.

    A row is what the probe was fitted on: a window, an epoch, or a participant; of a metric an epoch as long
    as its intervals were. Probabilities are calibrated by temperature scaling (Guo et al., ICML 2017), the
    temperature fitted on people held out inside the training folds. A metric's interval holds one sample of
    a new person 95 times of 100: it is the quantile of the errors on people held out. Exit code 1: some
    recording failed; the rest is done.
    """
    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say
    from wearcli.cli.embedding_news import EmbeddingNews
    from wearcli.errors import UsageError
    from wearcli.prediction.predict import predict as run
    from wearcli.recordings.reading import Reading

    if probe is None:
        raise UsageError(f"no probe named: --probe FOLDER{_probes_here()}")
    with progress("done") as display:
        task = display.add_task("predict", total=None)
        news = EmbeddingNews(display, task)

        def step(done: int, total: int | None) -> None:
            if display.tasks[0].description != "predict":
                display.reset(task, total=total)  # the time left is of this, not of embedding
            display.update(task, description="predict", completed=done, total=total)

        try:
            result = run(
                input_paths(paths),
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
                reading=Reading.from_options(unit, rate_hz, columns, time_column, time_unit),
                workers=workers,
                overwrite=overwrite,
                dry_run=dry_run,
                watcher=news.watcher,
                step=step,
            )
        except KeyboardInterrupt:
            say("interrupted: nothing is written")
            raise typer.Exit(130) from None
    news.tell()
    for warning in result.warnings:
        say(f"warning: {warning}")
    if json:
        print_json(result.to_json())
    _summary(result, dry_run)
    if result.failed:
        raise typer.Exit(1)


def _probes_here() -> str:
    """The probe folders where `wearcli probe` puts them, for a message."""
    found = sorted(str(path.parent) for path in Path("probes").glob("*/probe.json"))
    return f" (there is {', '.join(found)})" if found else " ('wearcli probe' makes one)"


def _summary(result: "PredictResult", dry_run: bool) -> None:
    """What was applied to what, what was left out, and the hours of each label or the mean of each metric."""
    from rich.console import Console

    from wearcli.cli.console import say, stderr
    from wearcli.cli.score_text import make_table

    console: Console = stderr()

    def line(text: str, style: str | None = None) -> None:
        console.print(text, style=style, soft_wrap=True, markup=False)

    epochs = f" of {result.epoch_s:g} s" if result.epoch_s else ""
    one_row = (
        "a bout" if result.bouts is not None else f"a{'n' * (result.row == 'epoch')} {result.row}{epochs}"
    )
    what = f"the {result.probe} probe of {result.folder} ({result.model.get('name')})"
    if dry_run:
        for name in result.plan:
            say(f"would embed {name}")
        line(f"would write a row {one_row}, predicted by {what}")
        return
    if result.failed:
        say(f"{len(result.failed)} of {len(result.plan)} recordings failed")
    if result.output is None:
        say("nothing was embedded: no output is written")
        return
    bouts = "" if result.bouts is None else f"{result.bouts:,} bouts of "
    rows = "" if result.row == "window" else f"{result.rows:,} {result.row}s{epochs} of "
    line(f"{result.task}: {what}: {bouts}{rows}{result.windows:,} windows, {result.recordings} recordings")
    for reason, count in result.left_out.items():
        line(f"  left out: {count:,} {reason}", "dim")
    if result.kind == "classification":
        table = make_table(["h:mm:ss", "share", "confidence"], first="label")
        whole = sum(result.hours.values())
        for label, hours in sorted(result.hours.items(), key=lambda item: -item[1]):
            minutes, seconds = divmod(round(hours * 3600), 60)
            time = f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"
            table.add_row(label, time, f"{hours / whole:.1%}", f"{result.confidence[label]:.3f}")
    else:
        table = make_table(["mean", "lowest", "highest", "95 % interval"], first="target")
        for target, told in result.means.items():
            half = told["half_width"]
            numbers = (f"{told[name]:.4g}" for name in ("mean", "lowest", "highest"))
            table.add_row(target, *numbers, "-" if half is None else f"-+ {half:.3g}")
    console.print(table)
    if result.calibration is not None:
        temperature = result.calibration["temperature"]
        line(
            f"Probabilities are calibrated: temperature {temperature:.3g}, fitted on people held out inside "
            "the training folds.",
            "dim",
        )
    if any(told["half_width"] is not None for told in result.means.values()):
        line(f"Interval: of one {result.row} of a new person, from the errors on people held out.", "dim")
    line(f"Written to {result.output}: a row {one_row}")
