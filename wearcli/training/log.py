"""metrics.jsonl: one line for each look at the figures of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wearcli.files import atomic_file
from wearcli.training.checkpoint import Progress
from wearcli.training.distributed import first
from wearcli.training.schedule import share_done
from wearcli.training.settings import Optimisation

Report = Callable[[float, dict[str, Any]], None]


class Log:
    """metrics.jsonl, cut back to the step that a run resumes from."""

    def __init__(self, path: Path, step: int, options: Optimisation, report: Report) -> None:
        self.options, self.report = options, report
        self._stream = None
        if not first():
            return
        kept = path.read_text().splitlines(keepends=True) if path.is_file() and step else []
        kept = [line for line in kept if line.endswith("\n") and json.loads(line)["step"] <= step]
        with atomic_file(path) as temporary:
            temporary.write_text("".join(kept))
        self._stream = path.open("a")

    def __enter__(self) -> "Log":
        return self

    def __exit__(self, *error: object) -> None:
        if self._stream is not None:
            self._stream.close()

    def write(self, progress: Progress, **metrics: float) -> None:
        """Append the figures of a step, and report them."""
        if self._stream is None:
            return
        line = {"step": progress.step, **metrics, "seconds": round(progress.seconds, 3)}
        self._stream.write(json.dumps(line) + "\n")
        self._stream.flush()
        self.report(share_done(self.options, progress.step, progress.seconds), line)
