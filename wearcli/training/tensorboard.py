"""The log of a run as TensorBoard's event files, for those who ask for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wearcli.errors import UsageError
from wearcli.training.methods.relcon.first_stage import FOLDER
from wearcli.training.settings import Watching


def check_tensorboard(options: Watching) -> None:
    """Raise UsageError where event files are asked for, but cannot be written."""
    if options.tensorboard and find_spec("tensorboardX") is None:
        raise UsageError("--tensorboard needs tensorboardX: pip install 'wearcli[train]'")


@contextmanager
def event_files(folder: Path) -> Iterator[Callable[[dict[str, Any]], None]]:
    """A function that writes a line of the log (step, numbers by name) into `folder`.

    Lines of the first stage go into a folder below, which TensorBoard shows as a run of its own. Each session
    writes its own file. Where a session goes back to the last checkpoint, what an earlier one wrote of the
    same steps is marked as void.
    """
    from tensorboardX import SummaryWriter

    writers: dict[str, SummaryWriter] = {}

    def write(line: dict[str, Any]) -> None:
        stage, step = FOLDER if line.get("stage") == FOLDER else "", line["step"]
        if stage not in writers:
            # Its files are named by the second: the step keeps a quick session from replacing another's.
            writers[stage] = SummaryWriter(
                str(folder / stage), purge_step=step, flush_secs=10, filename_suffix=f".{step}"
            )
        for name, value in line.items():
            if name not in ("stage", "step"):
                writers[stage].add_scalar(name, value, step)

    try:
        yield write
    finally:
        for writer in writers.values():
            writer.close()
