"""Run folders in which nothing is learned yet."""

from pathlib import Path

from wearcli.training.config_file import is_run


def never_saved(run: Path) -> bool:
    """Whether a run has no checkpoint yet, so that it may be started anew if it has ended."""
    if not is_run(run) or (run / "model").exists():
        return False
    return not (any(run.glob("checkpoint/state.json")) or any(run.glob("*/checkpoint/state.json")))
