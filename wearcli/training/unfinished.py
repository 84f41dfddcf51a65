"""Run folders in which nothing is learned yet, and those in which a process is at work."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from wearcli.errors import UsageError
from wearcli.training.config_file import CONFIG_NAME, is_run


def never_saved(run: Path) -> bool:
    """Whether a run ended before its first checkpoint, so that it may be started anew."""
    if not is_run(run) or (run / "model").exists():
        return False
    saved = any(run.glob("checkpoint/state.json")) or any(run.glob("*/checkpoint/state.json"))
    if saved:
        return False
    with (run / CONFIG_NAME).open("rb") as stream:
        return _lock(stream)


@contextmanager
def occupied(run: Path) -> Iterator[None]:
    """Keep other processes out of a run's folder; the system ends this with the process, however it ends.

    Raises:
        UsageError: Another process trains this run.
    """
    with (run / CONFIG_NAME).open("rb") as stream:
        if not _lock(stream):
            raise UsageError(f"{run}: another process trains this run: wait for it, or use another -o")
        yield


def _lock(stream: IO[bytes]) -> bool:
    """Lock a file until it is closed; False where another process has it. Without locks, always True."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
