"""What `predict` and `gait` print alike: a dry run, failures, that nothing was embedded, the time used."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.prediction.result import PredictResult
    from wearcli.walking.result import GaitResult


def nothing_written(result: "PredictResult | GaitResult", would: str, dry_run: bool) -> bool:
    """Print failures and, where nothing is written, why; return whether nothing is written.

    Args:
        result: What was done.
        would: What a run would do that is no dry run.
        dry_run: Whether this is a dry run.
    """
    from wearcli.cli.console import say, say_error

    if dry_run:
        for name in result.plan:
            say(f"would embed {name}")
        say(would)
        return True
    if result.failed:
        say_error(f"{len(result.failed)} of {counted(len(result.plan), 'recording')} failed")
    if result.output is None:
        say("nothing was embedded: no output is written")
    return result.output is None


def clock(hours: float) -> str:
    """Return a length of time as h:mm:ss."""
    minutes, seconds = divmod(round(hours * 3600), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def time_line(recorded: float, used: float, left_out: Mapping[str, float]) -> str:
    """Return in words how much of the time recorded is used, and why the rest is not.

    Args:
        recorded: Hours.
        used: Hours.
        left_out: Hours by reason.
    """
    reasons = ", ".join(f"{clock(hours)} {reason}" for reason, hours in left_out.items())
    return f"{clock(used)} of {clock(recorded)} recorded is used" + (f"; left out: {reasons}" * bool(reasons))
