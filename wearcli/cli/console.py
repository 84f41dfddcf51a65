"""What the commands share: the console on stderr, progress with time left, JSON on stdout, options."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress


class Signal(StrEnum):
    """Signals that a recording may hold."""

    acc = "acc"
    ppg = "ppg"
    ecg = "ecg"


Paths = Annotated[
    list[Path] | None,
    typer.Argument(help="Files or folders of recordings (folders are searched). Default: recordings/"),
]
ParticipantFrom = Annotated[
    str | None,
    typer.Option(help="How to tell participants: folder, file, recording, or regex:PATTERN with one group."),
]
Unit = Annotated[str | None, typer.Option(help="Unit of the acceleration in the files: g, mg or m/s2.")]
RateHz = Annotated[float | None, typer.Option(help="Sample rate of files that hold no time.")]
Columns = Annotated[str | None, typer.Option(help="The signal's columns, comma-separated, such as x,y,z.")]
TimeColumn = Annotated[str | None, typer.Option(help="The column that holds the time.")]
TimeUnit = Annotated[
    str | None, typer.Option(help="Of the time column: s, ms, us, ns, iso, or dmy or mdy for written dates.")
]
Channels = Annotated[int | None, typer.Option(help="Of PPG and ECG: how many to take. Default: all.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace an output that is there already.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Seed = Annotated[int, typer.Option(help="Seed of everything random.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Threads. Default: one a core.")]
# Of the commands that fit probes.
Task = Annotated[
    str | None,
    typer.Option(
        help="activity or rhythm (classes of labels.csv), gait or heart (metrics of gait.csv, heart.csv), "
        "age, bmi or sex (of participants.csv), or a name of yours."
    ),
]
Labels = Annotated[Path | None, typer.Option(help="Table of labels. Default: found beside the recordings.")]
Target = Annotated[
    list[str] | None, typer.Option(help="Column to predict; may be given again. Default: by the task.")
]
Kind = Annotated[
    str | None,
    typer.Option(
        metavar="classification|regression", help="Default: numbers are a regression, else classes."
    ),
]
Positive = Annotated[
    str | None, typer.Option(metavar="CLASS", help="Tell this class from all the others as one.")
]
Epoch = Annotated[
    float | None,
    typer.Option(help="Cut label intervals into epochs of so many seconds, their windows pooled."),
]
Folds = Annotated[int, typer.Option(help="Folds by participant, at most one a participant.")]
Bootstrap = Annotated[int, typer.Option(help="Draws of participants for the intervals.")]
KeepNonwear = Annotated[
    bool,
    typer.Option("--keep-nonwear", help="Use windows worn for less than half too; else they are left out."),
]
MinQuality = Annotated[
    float, typer.Option(help="Leave out windows of PPG or ECG of a lower quality, 0 to 1; 0 keeps all.")
]


def stderr() -> "Console":
    """The rich console that people read; data goes to stdout."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def say(message: str) -> None:
    """One plain line for people, on stderr."""
    print(message, file=sys.stderr)


def print_json(document: object) -> None:
    """One JSON document on stdout; NaN becomes null."""
    sys.stdout.write(json.dumps(_finite(document), indent=2, ensure_ascii=False, default=str) + "\n")


def print_json_line(document: object) -> None:
    """One line of JSON on stdout, at once."""
    sys.stdout.write(json.dumps(_finite(document), ensure_ascii=False, default=str) + "\n")
    sys.stdout.flush()


def _finite(value: object) -> object:
    """`value` with NaN and infinities as None: JSON has neither."""
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value


@contextmanager
def progress(unit: str) -> Iterator["Progress"]:
    """A progress display on stderr with what is done and the time left; silent off a terminal."""
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    console = stderr()
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        *([DownloadColumn()] if unit == "bytes" else [MofNCompleteColumn(), TextColumn(unit)]),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as display:
        yield display


def input_paths(paths: list[Path] | None) -> list[Path]:
    """The given paths, or the default folder of recordings; a UsageError where there is neither."""
    from wearcli.errors import UsageError

    if paths:
        return paths
    default = Path("recordings")
    if not default.is_dir():
        raise UsageError(
            "no recordings named and no folder recordings/ here: name files or folders "
            "('wearcli sample recordings' writes a small study to try)"
        )
    return [default]


def reading_options(
    unit: str | None,
    rate_hz: float | None,
    columns: str | None,
    time_column: str | None,
    time_unit: str | None,
) -> dict[str, Any]:
    """The flags that say how to read files, as `open_recording` takes them; those not given left out."""
    options: dict[str, Any] = {
        "unit": unit,
        "rate_hz": rate_hz,
        "channel_columns": [name.strip() for name in columns.split(",")] if columns else None,
        "time_column": time_column,
        "time_unit": time_unit,
    }
    return {name: value for name, value in options.items() if value is not None}


def named_task(task: str | None) -> str:
    """The task of the flags; a UsageError where there is none."""
    from wearcli.errors import UsageError
    from wearcli.labels.named import NAMES

    if task is None:
        raise UsageError(f"no task named: --task {NAMES}, or a name of yours with --labels and --target")
    return task
