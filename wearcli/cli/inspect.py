"""`wearcli inspect`."""

import os
from typing import TYPE_CHECKING, Annotated

import typer

from wearcli.cli.options import (
    Json,
    JsonLines,
    ParticipantFrom,
    Paths,
    ShardOption,
)
from wearcli.cli.reading import takes_reading
from wearcli.modality import Modality
from wearcli.recordings.reading import Reading
from wearcli.words import counted

if TYPE_CHECKING:
    from rich.table import Table

    from wearcli.inspection import Inspection
    from wearcli.modality import ModalityRecord

# With more rows than this, rows with remarks come first and the rest is counted.
_MOST_ROWS = 100


@takes_reading()
def inspect(
    paths: Paths = None,
    modality: Annotated[Modality, typer.Option(help="Signal to look at.")] = "acc",
    json: Json = False,
    jsonl: JsonLines = False,
    participant_from: ParticipantFrom = None,
    shard: ShardOption = None,
    reading: Reading = Reading(),
) -> None:
    """Show what recordings hold: rate, duration, unit, wear or quality, clipping, gaps, magnitude at rest.

    Exit code 1: some recording could not be read; the others are shown.
    """
    from dataclasses import asdict

    from wearcli.cli.arguments import input_paths
    from wearcli.cli.console import print_json, print_json_line, progress, say, say_error, say_people, stderr
    from wearcli.cli.tables import print_table
    from wearcli.errors import UsageError

    if json and jsonl:
        raise UsageError("stdout carries one thing: choose --json or --jsonl")
    given = input_paths(paths)

    from wearcli.inspection import inspect as run

    with progress("recordings") as display:
        task = display.add_task("inspect", total=None)

        def finished(row: "Inspection") -> None:
            display.update(task, advance=1, description=f"inspect: {row.recording}")
            if jsonl:
                print_json_line(asdict(row))

        result = run(
            given,
            modality=modality,
            participant_from=participant_from,
            reading=reading,
            shard=shard,
            started=lambda count: display.update(task, total=count),
            finished=finished,
        )
    if json:
        print_json(result.to_json())
    rows = sorted(result.recordings, key=lambda row: not (row.error or row.warnings))
    shown = result.recordings if len(rows) <= _MOST_ROWS else rows[:_MOST_ROWS]
    console = stderr()
    if not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = 200
    print_table(_table(shown), console)
    for row in shown:
        if row.error:
            # Below the table, not in it: a terminal has no room for a sentence in a column.
            say_error(f"failed: {row.recording}: {row.error.removeprefix(f'{row.path}: ')}")
        for warning in row.warnings:
            say(f"warning: {row.recording}: {warning}")
    if len(shown) < len(rows):
        say(f"{counted(len(rows) - len(shown), 'more recording')}: --json and --jsonl print all of them")
    for line in _summary(result.recordings):
        say(line)
    say_people(result.participant_rule, result.participant_doubt)
    for line in _people(result.recordings):
        say(line)
    for name, files in result.sidecars.items():
        say(f"{name}: {', '.join(files[:3])}{f' and {len(files) - 3} more' if len(files) > 3 else ''}")
    for note in result.notes:
        say(f"note: {note}")
    if result.failed:
        say_error(f"{result.failed} of {counted(len(rows), 'recording')} could not be read")
        raise typer.Exit(1)


def _table(rows: "list[Inspection]") -> "Table":
    """Return a row for each recording, with the columns that its signal has."""
    from rich.table import Table
    from rich.text import Text

    from wearcli.errors import printable
    from wearcli.modality import MODALITIES

    own = _columns(MODALITIES[rows[0].modality]) if rows else []
    numbers = ("stated\nHz", "measured\nHz", "duration", "unit", *own)
    table = Table(box=None, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    for name in ("recording", "participant", *numbers):
        table.add_column(name, justify="right" if name in numbers else "left", no_wrap=True)
    for row in rows:
        readable = row.error is None
        facts = {
            "wear": _percent(row.wear),
            "quality": f"{row.quality:.2f}" if row.quality is not None else "-",
            "good": _percent(row.good),
            "clipped": _percent(row.clipped),
            "gaps": (f"{row.gaps} ({row.gap_s:.1f} s)" if row.gaps else "0") if readable else "-",
            "rest\ng": f"{row.rest_g:.3f}" if row.rest_g is not None else "-",
        }
        table.add_row(
            Text(printable(row.recording)),
            Text(printable(row.participant)),
            f"{row.rate_nominal_hz:g}" if row.rate_nominal_hz else "-",
            f"{row.rate_hz:.2f}" if row.rate_hz else "-",
            _clock(row.duration_s) if readable else "-",
            row.unit or "-",
            *(facts[name] for name in own),
        )
    return table


def _columns(signal: "ModalityRecord") -> list[str]:
    """Return the facts that recordings of this signal have."""
    columns = ["wear"] if signal.wear else []
    columns += ["quality", "good"] if signal.quality else []
    columns += ["clipped"] if signal.clipping or signal.quality else []
    return columns + ["gaps"] + (["rest\ng"] if signal.gravity else [])


def _summary(rows: "list[Inspection]") -> list[str]:
    """Return the hours in all, and the formats, units and times, once for each kind."""
    from collections import Counter

    read = [row for row in rows if row.error is None]
    if not read:
        return []
    hours = sum(row.duration_s for row in read) / 3600
    lines = [f"{counted(len(read), 'recording')}, {hours:.2f} hours"]
    for title, kinds in (
        ("format", Counter(row.format for row in read)),
        ("unit", Counter(f"{row.unit}, {row.unit_how}" for row in read)),
        ("time", Counter(row.time for row in read)),
    ):
        for kind, count in kinds.most_common():
            lines.append(f"{title}: {kind}" + (f" ({counted(count, 'recording')})" if len(read) > 1 else ""))
    return lines


def _people(rows: "list[Inspection]") -> list[str]:
    """Return an example for each way in which names of folders and files tell the participant."""
    first: dict[str, Inspection] = {}
    for row in rows:
        if row.participant_how not in ("", "recordings.csv"):
            first.setdefault(row.participant_how, row)
    return [f"for example, {row.recording} is of {row.participant}, by {how}" for how, row in first.items()]


def _clock(seconds: float) -> str:
    """Write a duration: 12.3 s, or h:mm:ss."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _percent(share: float | None) -> str:
    """Write a share in %; a dash for none."""
    if share is None:
        return "-"
    return "0 %" if share == 0 else "<0.1 %" if share < 0.001 else f"{100 * share:.3g} %"
