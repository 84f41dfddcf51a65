"""Arguments as the functions of the package take them, checked where a flag alone cannot tell."""

from pathlib import Path

from wearcli.errors import UsageError
from wearcli.existence import check_recordings


def input_paths(paths: list[Path] | None) -> list[Path]:
    """Return the given paths, or else the default folder of recordings.

    Raises:
        UsageError: A path is not there, or none is given and there is no folder recordings/.
    """
    if paths:
        check_recordings(paths)
        return paths
    default = Path("recordings")
    if not default.is_dir():
        raise UsageError(
            "no recordings named and no folder recordings/ here: name files or folders "
            "('wearcli sample recordings' writes a small study to try)"
        )
    return [default]


def task_name(task: str | None) -> str:
    """Return the task that the flags name.

    Raises:
        UsageError: No task is named.
    """
    from wearcli.labels.named import NAMES

    if task is None:
        raise UsageError(f"no task named: --task {NAMES}, or a name of yours with --labels and --target")
    return task
