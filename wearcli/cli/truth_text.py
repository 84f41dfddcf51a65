"""What `gait-truth` and `heart-truth` tell of the table that they made."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Protocol

import typer

from wearcli.cli.console import print_json, say, stderr
from wearcli.cli.score_text import make_table


class Truth(Protocol):
    """A result: metrics {name: {median, p5, p95}}, left_out by reason, failed recordings, notes."""

    metrics: dict[str, dict[str, float]]
    left_out: Counter[str]
    failed: list[dict[str, str]]
    notes: list[str]

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`."""


def tell(result: Truth, how: Sequence[str], made: str, json: bool) -> None:
    """All of it, for people and with `json` on stdout; ends with exit code 1 where a recording failed.

    how: lines on which recordings went with which. made: the last line.
    """
    for failure in result.failed:
        say(f"failed: {failure['error']}")
    for note in result.notes:
        say(f"note: {note}")
    for line in how:
        say(line)
    for reason, count in result.left_out.items():
        if count:
            say(f"left out: {count} {reason}")
    if result.metrics:
        table = make_table(["5 %", "median", "95 %"], first="metric")
        for name, told in result.metrics.items():
            table.add_row(name, *(f"{told[key]:.4g}" for key in ("p5", "median", "p95")))
        stderr().print(table)
    say(made)
    if json:
        print_json(result.to_json())
    if result.failed:
        raise typer.Exit(1)
