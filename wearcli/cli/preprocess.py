"""`wearcli preprocess`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from wearcli.cli.options import (
    Channels,
    Columns,
    DryRun,
    Json,
    Overwrite,
    ParticipantFrom,
    Paths,
    RateHz,
    Seed,
    TimeColumn,
    TimeUnit,
    Unit,
)
from wearcli.modality import Modality


class Normalize(StrEnum):
    """Normalisations of a window."""

    none = "none"
    zscore = "zscore"
    revin = "revin"


class DType(StrEnum):
    """Types of the stored values."""

    int16 = "int16"
    float32 = "float32"


def preprocess(
    paths: Paths = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")] = Path("windows"),
    modality: Annotated[Modality, typer.Option(help="The signal to cut.")] = "acc",
    channels: Channels = None,
    rate: Annotated[
        float | None, typer.Option(help="Hz of the windows. Default: 50; ppg 64, ecg 128.")
    ] = None,
    window: Annotated[float | None, typer.Option(help="Seconds. Default: 5; ppg 30, ecg 10.")] = None,
    stride: Annotated[
        float | None, typer.Option(help="Seconds from window to window. Default: one window.")
    ] = None,
    normalize: Annotated[
        Normalize,
        typer.Option(help="Each window by its own statistics; revin keeps them, so that it can be undone."),
    ] = Normalize.none,
    rotate: Annotated[
        int, typer.Option(min=0, help="Copies of each window turned at random, each with its rotation.")
    ] = 0,
    dtype: Annotated[
        DType | None, typer.Option(help="Default: int16 (0.5 mg steps) for plain g, else float32.")
    ] = None,
    max_missing: Annotated[
        float, typer.Option(min=0, max=1, help="A window with more of it in gaps is dropped.")
    ] = 0.1,
    align: Annotated[
        bool,
        typer.Option(
            "--align", help="Windows at whole strides of the clock: those of two sensors lie together."
        ),
    ] = False,
    clock_offset: Annotated[
        float, typer.Option(help="With --align: seconds to add to these recordings' clock.")
    ] = 0.0,
    seed: Seed = 0,
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
    """Cut recordings into windows on disk: what pretraining reads, memory-mapped.

    Writes values-*.npy (windows, samples, channels), index.parquet (one row a window) and store.json.
    """
    from dataclasses import asdict

    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, progress, say, say_error
    from wearcli.errors import UsageError, WearcliError
    from wearcli.recordings.reading import Reading
    from wearcli.recordings.recording import Source
    from wearcli.signals.preprocess import preprocess as run

    if clock_offset and not align:
        raise UsageError("--clock-offset is of --align: give both")
    with progress("recordings") as display:
        task = display.add_task("preprocess", total=None)

        def finished(source: Source, error: WearcliError | None) -> None:
            display.update(task, advance=1, description=f"preprocess: {source.recording}")
            if error is not None:
                say_error(f"failed: {error}")

        result = run(
            input_paths(paths),
            output,
            modality=modality,
            channels=channels,
            rate_hz=rate,
            window_s=window,
            stride_s=stride,
            max_missing=max_missing,
            align=clock_offset if align else None,
            normalize=normalize.value,
            rotations=rotate,
            seed=seed,
            dtype=None if dtype is None else dtype.value,
            overwrite=overwrite,
            dry_run=dry_run,
            participant_from=participant_from,
            reading=Reading.from_options(unit, rate_hz, columns, time_column, time_unit),
            started=lambda count: display.update(task, total=count),
            finished=finished,
        )
    say(result.participant_rule)
    for note in result.notes:
        say(f"note: {note}")
    if dry_run:
        for name in result.planned:
            say(f"would cut {name}")
    else:
        say(
            f"{result.windows} windows of {result.samples} samples ({result.dtype}) of {result.recordings} "
            f"recordings -> {result.output}"
        )
    if json:
        print_json(asdict(result))
    if result.failed:
        say_error(f"{len(result.failed)} of {len(result.planned)} recordings failed")
        raise typer.Exit(1)
