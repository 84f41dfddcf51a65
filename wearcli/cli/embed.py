"""`wearcli embed`."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from wearcli.cli.options import (
    OUTPUT,
    Columns,
    DryRun,
    Json,
    JsonLines,
    MaxMissing,
    Model,
    Overwrite,
    ParticipantFrom,
    Paths,
    RateHz,
    TimeColumn,
    TimeUnit,
    Unit,
    Workers,
)
from wearcli.embedding.defaults import BATCH
from wearcli.modality import FeatureSet
from wearcli.signals.defaults import MAX_MISSING


def embed(
    paths: Paths = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Table to write; - streams to stdout. Default: embeddings.parquet",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    model: Model = None,
    form: Annotated[
        Literal["parquet", "arrow", "jsonl"] | None,
        typer.Option(
            "--format",
            help="Format of the table. Default: by the suffix of the output; arrow (Arrow IPC) on stdout.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    window: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Length of a window. Default: the model's.")
    ] = None,
    stride: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Time from window to window. Default: the model's."),
    ] = None,
    features: Annotated[
        FeatureSet | None,
        typer.Option(
            help="Hand-made features of acceleration; heart: those of motion and of the pulse. Default: the "
            "model's, else motion."
        ),
    ] = None,
    max_missing: MaxMissing = MAX_MISSING,
    batch: Annotated[
        int, typer.Option(metavar="N", min=1, help="Number of windows embedded at once.")
    ] = BATCH,
    workers: Workers = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    jsonl: JsonLines = False,
    participant_from: ParticipantFrom = None,
    unit: Unit = None,
    rate_hz: RateHz = None,
    columns: Columns = None,
    time_column: TimeColumn = None,
    time_unit: TimeUnit = None,
) -> None:
    """Embed recordings: one row a window, in Parquet.

    A second run embeds only what is new or changed. Exit code 1: some recording failed; the rest is done.
    """
    import sys

    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, print_json_line, progress, say, say_error
    from wearcli.cli.embedding_news import note_stream, say_notes
    from wearcli.embedding.embed import embed as run
    from wearcli.embedding.engine import Stream
    from wearcli.embedding.result import EmbedResult, Watcher
    from wearcli.errors import UsageError
    from wearcli.models.folder import DEFAULT_MODEL
    from wearcli.recordings.reading import Reading
    from wearcli.recordings.recording import Source

    output = output or f"embeddings.{form or 'parquet'}"
    streamed = output == "-"
    if (streamed and (json or jsonl)) or (json and jsonl):
        raise UsageError("stdout carries one thing: choose one of -o -, --json and --jsonl")
    if streamed and form is None and not dry_run and sys.stdout.isatty():
        raise UsageError("-o - writes binary Arrow data: pipe it into a command, or use --format jsonl")
    units: dict[str, int] = {}
    warned: dict[str, list[str]] = {}

    # By bytes: the one measure that is known before anything is read.
    with progress("bytes") as display:
        task = display.add_task("embed", total=None)
        sizes: dict[str, int] = {}
        windows_done = bytes_done = 0

        def planned(result: EmbedResult) -> None:
            say(result.participant_rule)
            for note in result.notes:
                say(f"note: {note}")
            new = sum(action == "embed" for action in result.plan.values())
            sizes.update(result.sizes)
            display.update(task, total=sum(sizes.values()))
            if jsonl and not dry_run:
                for name, action in result.plan.items():
                    if action == "keep":
                        print_json_line({"recording": name, "kept": True, "error": None})
            if new < len(result.plan):
                say(f"{len(result.plan) - new} recordings are as the last run saw them: rows kept")

        def advanced(source: Source, windows: int, share: float) -> None:
            nonlocal windows_done
            windows_done += windows
            text = f"embed: {source.recording} ({windows_done} windows)"
            done = bytes_done + share * sizes[source.recording]
            display.update(task, description=text, completed=done)

        def finished(stream: Stream) -> None:
            nonlocal bytes_done
            bytes_done += sizes[stream.source.recording]
            display.update(task, completed=bytes_done)
            if stream.error is not None:
                say_error(f"failed: {stream.error}")
            note_stream(stream, warned, units)
            if jsonl:
                line: dict[str, object] = {
                    "recording": stream.source.recording,
                    "participant": stream.source.participant,
                }
                line |= {"windows": stream.findings.windows, "seconds": round(stream.findings.seconds, 2)}
                print_json_line(line | {"error": None if stream.error is None else str(stream.error)})

        result = run(
            input_paths(paths),
            None if streamed else Path(output),
            model=model or DEFAULT_MODEL,
            form=form,
            window_s=window,
            stride_s=stride,
            max_missing=max_missing,
            batch=batch,
            workers=workers,
            overwrite=overwrite,
            dry_run=dry_run,
            participant_from=participant_from,
            reading=Reading.from_options(unit, rate_hz, columns, time_column, time_unit),
            features=features,
            watcher=Watcher(planned, advanced, finished),
        )
    if dry_run:
        for name, action in result.plan.items():
            say(f"would {action} {name}")
    say_notes(warned, units)
    if json:
        print_json(result.to_json() | ({"plan": result.plan} if dry_run else {}))
    if not dry_run:
        _summary(result)
    if result.interrupted:
        say(
            "interrupted"
            if not result.output
            else "interrupted: the recordings that were complete are written; the same command does the rest"
        )
        raise typer.Exit(130)
    if result.failed:
        raise typer.Exit(1)


def _summary(result: "object") -> None:
    """One line for people: how much, how fast, where."""
    from wearcli.cli.console import say, say_error
    from wearcli.embedding.result import EmbedResult

    assert isinstance(result, EmbedResult)
    if result.failed:
        say_error(f"{len(result.failed)} of {len(result.plan)} recordings failed")
    if not result.output:
        say("nothing was embedded: no output is written")
        return
    if result.embedded == 0 and not result.failed and not result.interrupted:
        say(f"{result.output} is up to date: {result.windows} windows of {result.recordings} recordings")
        return
    speed = result.windows_embedded / max(result.seconds, 1e-9)
    dropped = f", {result.windows_dropped} dropped for gaps" if result.windows_dropped else ""
    say(
        f"{result.windows} windows of {result.recordings} recordings ({result.hours:.1f} h{dropped}) by "
        f"{result.model} in {result.seconds:.1f} s, {speed:,.0f} windows/s -> {result.output}"
    )
