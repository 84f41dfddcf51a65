"""What `gait-truth` and `heart-truth` print about the table that they made."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from wearcli.truth.result import GaitTruth, HeartTruth


def print_truth(result: "GaitTruth | HeartTruth", matches: Sequence[str], made: str, json: bool) -> None:
    """Print a table of truth for people and, with `json`, the document on stdout.

    Args:
        result: What was made.
        matches: Lines that say which recordings went with which.
        made: The last line.
        json: Print the document.

    Raises:
        typer.Exit: With exit code 1, where a recording failed.
    """
    from wearcli.cli.console import print_json, say, say_error, stderr
    from wearcli.cli.tables import make_table, print_table

    for failure in result.failed:
        say_error(f"failed: {failure['error']}")
    for note in result.notes:
        say(f"note: {note}")
    for line in matches:
        say(line)
    for reason, count in result.left_out.items():
        if count:
            say(f"left out: {count} {reason}")
    if result.metrics:
        table = make_table(["5 %", "median", "95 %"], first="metric")
        for name, values in result.metrics.items():
            table.add_row(name, *(f"{values[key]:.4g}" for key in ("p5", "median", "p95")))
        print_table(table, stderr())
    say(made)
    if json:
        print_json(result.to_json())
    if result.failed:
        raise typer.Exit(1)
