"""Arguments as the functions of the package take them, checked where a flag alone cannot tell."""

from pathlib import Path
from typing import Any

from wearcli.errors import UsageError


def input_paths(paths: list[Path] | None) -> list[Path]:
    """Return the given paths, or else the default folder of recordings.

    Raises:
        UsageError: No paths are given and there is no folder recordings/.
    """
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
    """Return the given flags that say how to read files, as `open_recording` takes them."""
    options: dict[str, Any] = {
        "unit": unit,
        "rate_hz": rate_hz,
        "channel_columns": [name.strip() for name in columns.split(",")] if columns else None,
        "time_column": time_column,
        "time_unit": time_unit,
    }
    return {name: value for name, value in options.items() if value is not None}


def task_name(task: str | None) -> str:
    """Return the task that the flags name.

    Raises:
        UsageError: No task is named.
    """
    from wearcli.labels.named import NAMES

    if task is None:
        raise UsageError(f"no task named: --task {NAMES}, or a name of yours with --labels and --target")
    return task
