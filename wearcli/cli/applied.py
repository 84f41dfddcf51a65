"""What `predict` and `gait` print alike: a dry run, failures, and that nothing was embedded."""

from typing import TYPE_CHECKING

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
        say_error(f"{len(result.failed)} of {len(result.plan)} recordings failed")
    if result.output is None:
        say("nothing was embedded: no output is written")
    return result.output is None
