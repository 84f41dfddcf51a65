"""What a command is given must be there: checks that import nothing, so that a wrong name is said at once."""

import os
import re
from collections.abc import Iterable
from pathlib import Path

from wearcli.claims import recover
from wearcli.errors import UsageError

STREAM = "-"  # stdin
RUN_CONFIG = "config.toml"  # which every folder of a training run holds
MANIFEST = r"shard-(\d{1,9})-of-(\d{1,9})\.json"  # what a folder of parts holds, see `embedding.manifest`
PART = r"part-[0-9a-f]{32}\.parquet"
_PARTS = re.compile(f"{MANIFEST}|{PART}")


def check_recordings(
    paths: Iterable[Path | str], todo: str = "check the name, or the working folder"
) -> None:
    """Raise UsageError where a file or folder of recordings is not there; `todo` says what to do then."""
    for path in paths:
        if str(path) != STREAM and not Path(path).exists():
            raise UsageError(f"{path}: no such file or folder: {todo}")


def holds_parts(folder: Path) -> bool:
    """Return whether a folder holds parts of an embeddings table, those of unfinished shards too."""
    try:
        with os.scandir(folder) as entries:
            return any(_PARTS.fullmatch(entry.name) for entry in entries)
    except OSError:  # no folder, or one that may not be listed
        return False


def check_tables(paths: Iterable[Path | str]) -> None:
    """Raise UsageError where an embeddings table is not there."""
    for path in paths:
        if str(path) != STREAM and not Path(path).is_file() and not holds_parts(Path(path)):
            raise UsageError(
                f"{path}: no such embeddings table: make one with 'wearcli embed', or name another"
            )


def check_probe_folder(folder: Path | str) -> None:
    """Raise UsageError where there is no probe folder, after one that a killed run moved aside is back."""
    recover(Path(folder))
    if not (Path(folder) / "probe.json").is_file():
        raise UsageError(f"{folder}: no probe folder: make one with 'wearcli probe', or name another")


def check_results(folder: Path | str) -> None:
    """Raise UsageError where a folder holds neither a probe nor a comparison."""
    if not any((Path(folder) / name).is_file() for name in ("probe.json", "comparison.json")):
        raise UsageError(
            f"{folder}: neither probe.json nor comparison.json in it: name a folder of 'wearcli probe' or "
            "'wearcli compare'"
        )


def check_run(folder: Path) -> None:
    """Raise UsageError where a folder is no training run, after one that a killed run moved aside is back."""
    recover(folder)
    if not (folder / RUN_CONFIG).is_file():
        raise UsageError(f"{folder}: no run to resume ({RUN_CONFIG} is missing): name a run folder")
