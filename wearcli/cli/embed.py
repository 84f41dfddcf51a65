"""`wearcli embed`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wearcli.cli.options import (
    OUTPUT,
    DryRun,
    Json,
    JsonLines,
    MaxMissing,
    Model,
    Overwrite,
    ParticipantFrom,
    Paths,
    ShardOption,
    Workers,
)
from wearcli.cli.reading import takes_reading
from wearcli.embedding.defaults import BATCH
from wearcli.modality import FeatureSet
from wearcli.recordings.reading import Reading
from wearcli.signals.defaults import MAX_MISSING

if TYPE_CHECKING:
    from wearcli.embedding.result import EmbedResult


@takes_reading()
def embed(
    paths: Paths = None,
    output: Annotated[
        str | None,
        typer.Option(
            "-o",
            "--output",
            metavar="FILE",
            help="Table to write; - streams to stdout; with --shard a folder of parts. Default: "
            "embeddings.parquet, or embeddings/",
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
    shard: ShardOption = None,
    collect: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Embed nothing: join the parts of all shards in this folder to one table.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    jsonl: JsonLines = False,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
) -> None:
    """Embed recordings: one row a window, in Parquet.

    A second run embeds only what is new or changed. Exit code 1: some recording failed; the rest is done.
    """
    import sys

    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say
    from wearcli.errors import UsageError

    parted = shard is not None and form in (None, "parquet")
    output = output or ("embeddings" if parted else f"embeddings.{form or 'parquet'}")
    streamed = output == "-"
    if (streamed and (json or jsonl)) or (json and jsonl):
        raise UsageError("stdout carries one thing: choose one of -o -, --json and --jsonl")
    if streamed and form is None and not dry_run and sys.stdout.isatty():
        raise UsageError("-o - writes binary Arrow data: pipe it into a command, or use --format jsonl")
    if collect is not None:
        if paths or shard:
            raise UsageError(
                f"--collect {collect} embeds nothing: leave {'--shard' if shard else 'PATHS'} out"
            )
        _collect(collect, None if streamed else Path(output), form, overwrite, dry_run, json)
        return
    given = input_paths(paths)

    from wearcli.cli.embedding_news import EmbedMessages
    from wearcli.embedding.embed import embed as run
    from wearcli.models.folder import DEFAULT_MODEL

    # By bytes: the one measure that is known before anything is read.
    with progress("bytes") as display:
        messages = EmbedMessages(display, jsonl and not dry_run)
        result = run(
            given,
            None if streamed else Path(output),
            model=model or DEFAULT_MODEL,
            form=form,
            window_s=window,
            stride_s=stride,
            max_missing=max_missing,
            batch=batch,
            workers=workers,
            shard=shard,
            overwrite=overwrite,
            dry_run=dry_run,
            participant_from=participant_from,
            reading=reading,
            features=features,
            watcher=messages.watcher,
        )
    if dry_run:
        for name, action in result.plan.items():
            say(f"would {action} {name}")
    messages.tell()
    if json:
        print_json(result.to_json() | ({"plan": result.plan} if dry_run else {}))
    if not dry_run:
        _say_summary(result)
    _exit(result)


def _collect(
    folder: Path,
    output: Path | None,
    form: Literal["parquet", "arrow", "jsonl"] | None,
    overwrite: bool,
    dry_run: bool,
    json: bool,
) -> None:
    """Join the parts in a folder, and say what is in the table."""
    from wearcli.cli.console import print_json, say, say_error
    from wearcli.embedding.collect import collect
    from wearcli.existence import check_tables
    from wearcli.words import counted

    check_tables([folder])
    result = collect(folder, output, form=form, overwrite=overwrite, dry_run=dry_run)
    if json:
        print_json(result.to_json())
    for failure in result.failed:
        say_error(f"failed: {failure['error']}")
    held = f"{counted(result.windows, 'window')} of {counted(result.recordings, 'recording')}"
    say(f"{folder} is complete: {held}" if dry_run else f"{held} -> {result.output}")
    _exit(result)


def _exit(result: "EmbedResult") -> None:
    """End with the exit code of what happened."""
    from wearcli.cli.console import say_error

    if result.interrupted:
        rest = ": the recordings that were complete are written; the same command does the rest"
        say_error(
            "interrupted" + (rest if result.output else ": no output is written, and an earlier one stays")
        )
        raise typer.Exit(130)
    if result.failed:
        raise typer.Exit(1)


def _say_summary(result: "EmbedResult") -> None:
    """Print one line: how much, how fast, where."""
    from wearcli.cli.console import say, say_error
    from wearcli.words import counted

    if result.failed:
        say_error(f"{len(result.failed)} of {counted(len(result.plan), 'recording')} failed")
    if not result.output:
        say("nothing was embedded: no output is written")
        return
    windows, recordings = counted(result.windows, "window"), counted(result.recordings, "recording")
    if result.embedded == 0 and not result.failed and not result.interrupted:
        say(f"{result.output} is up to date: {windows} of {recordings}{_shard(result)}")
        return
    speed = result.windows_embedded / max(result.seconds, 1e-9)
    dropped = f", {result.windows_dropped} dropped for gaps" if result.windows_dropped else ""
    say(
        f"{windows} of {recordings} ({result.hours:.1f} h{dropped}) by "
        f"{result.model} in {result.seconds:.1f} s, {speed:,.0f} windows/s -> {result.output}{_shard(result)}"
    )


def _shard(result: "EmbedResult") -> str:
    return f" (shard {result.shard})" if result.shard else ""
