"""`wearcli preprocess`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from wearcli.cli.options import (
    OUTPUT,
    WINDOWS,
    Channels,
    DryRun,
    Json,
    MaxMissing,
    Overwrite,
    ParticipantFrom,
    Paths,
    Seed,
    ShardOption,
)
from wearcli.cli.reading import takes_reading
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.reading import Reading
from wearcli.signals.defaults import MAX_MISSING, STORE
from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.signals.preprocess import PreprocessResult

_RATES = ", ".join(f"{name} {record.rate_hz:g}" for name, record in MODALITIES.items())
_WINDOWS = ", ".join(f"{name} {record.window_s:g}" for name, record in MODALITIES.items())


@takes_reading()
def preprocess(
    paths: Paths = None,
    output: Annotated[
        Path,
        typer.Option(
            "-o",
            "--output",
            metavar="FOLDER",
            help="Folder to write; with --shard one of stores.",
            rich_help_panel=OUTPUT,
        ),
    ] = STORE,
    modality: Annotated[Modality, typer.Option(help="Signal to cut.")] = "acc",
    channels: Channels = None,
    rate: Annotated[
        float | None, typer.Option(metavar="HZ", help=f"Sample rate of the windows. Default: {_RATES}.")
    ] = None,
    window: Annotated[
        float | None, typer.Option(metavar="SECONDS", help=f"Length of a window. Default: {_WINDOWS}.")
    ] = None,
    stride: Annotated[
        float | None,
        typer.Option(metavar="SECONDS", help="Time from window to window. Default: the length of a window."),
    ] = None,
    normalize: Annotated[
        Literal["none", "zscore", "revin"],
        typer.Option(help="Normalise windows by their own statistics; revin keeps these, to undo it."),
    ] = "none",
    rotate: Annotated[
        int,
        typer.Option(
            metavar="N", min=0, help="Number of randomly turned copies of each window; rotations are kept."
        ),
    ] = 0,
    dtype: Annotated[
        Literal["int16", "float32"] | None,
        typer.Option(help="Type of stored values. Default: int16 (0.5 mg steps) for plain g, else float32."),
    ] = None,
    max_missing: MaxMissing = MAX_MISSING,
    align: Annotated[
        bool,
        typer.Option(
            "--align",
            help="Start windows at whole strides of the clock, so that those of two sensors coincide.",
            rich_help_panel=WINDOWS,
        ),
    ] = False,
    clock_offset: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="Time to add to the clock of these recordings; with --align.",
            rich_help_panel=WINDOWS,
        ),
    ] = 0.0,
    seed: Seed = 0,
    overwrite: Overwrite = False,
    dry_run: DryRun = False,
    json: Json = False,
    shard: ShardOption = None,
    participant_from: ParticipantFrom = None,
    reading: Reading = Reading(),
) -> None:
    """Cut recordings into windows on disk, which pretraining reads memory-mapped.

    Writes values-*.npy (windows, samples, channels), index.parquet (one row a window) and store.json.
    """
    from dataclasses import asdict

    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say_detail, say_error
    from wearcli.errors import UsageError, WearcliError

    if clock_offset and not align:
        raise UsageError("--clock-offset needs --align: give both")
    given = input_paths(paths)

    from wearcli.recordings.recording import Source
    from wearcli.signals.preprocess import preprocess as run

    with progress("recordings") as display:
        task = display.add_task("preprocess", total=None)

        def finished(source: Source, error: WearcliError | None) -> None:
            display.update(task, advance=1, description=f"preprocess: {source.recording}")
            if error is None:
                say_detail(f"{source.recording} is cut")
            else:
                say_error(f"failed: {error}")

        result = run(
            given,
            output,
            modality=modality,
            channels=channels,
            rate_hz=rate,
            window_s=window,
            stride_s=stride,
            max_missing=max_missing,
            align=clock_offset if align else None,
            normalize=normalize,
            rotations=rotate,
            seed=seed,
            dtype=dtype,
            shard=shard,
            overwrite=overwrite,
            dry_run=dry_run,
            participant_from=participant_from,
            reading=reading,
            started=lambda count: display.update(task, total=count),
            finished=finished,
        )
    _say_result(result, dry_run)
    if json:
        print_json(asdict(result))
    if result.failed:
        say_error(f"{len(result.failed)} of {counted(len(result.planned), 'recording')} failed")
        raise typer.Exit(1)


def _say_result(result: "PreprocessResult", dry_run: bool) -> None:
    """Print how participants were told apart, notes, and what was cut or would be."""
    from wearcli.cli.console import say, say_people

    say_people(result.participant_rule, result.participant_doubt)
    for note in result.notes:
        say(f"note: {note}")
    if dry_run:
        for name in result.planned:
            say(f"would cut {name}")
    elif not result.output:
        say("no recording of this shard has a window: it has no store")
    else:
        say(
            f"{counted(result.windows, 'window')} of {counted(result.samples, 'sample')} ({result.dtype}) of "
            f"{counted(result.recordings, 'recording')} -> {result.output}"
        )
