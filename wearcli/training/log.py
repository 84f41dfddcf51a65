"""metrics.jsonl: one line for each look at the figures of a run."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from wearcli.conformity import is_finite
from wearcli.documents import Fields, parse_json
from wearcli.files import atomic_file
from wearcli.training.checkpoint import Progress
from wearcli.training.distributed import first
from wearcli.training.schedule import share_done
from wearcli.training.settings import Optimisation

Lines = list[dict[str, Any]]
Report = Callable[[float, dict[str, Any]], None]


class Log:
    """metrics.jsonl, cut back to the step that a run resumes from."""

    def __init__(self, path: Path, step: int, options: Optimisation, report: Report) -> None:
        self.options, self.report = options, report
        self._stream = None
        if not first():
            return
        kept = [line for line in read_log(path) if line["step"] <= step] if step else []
        with atomic_file(path) as temporary:
            temporary.write_text("".join(json.dumps(line) + "\n" for line in kept))
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


def read_log(path: Path) -> Lines:
    """The lines of a metrics.jsonl; none where there is no such file. A last one cut short is left out.

    Raises:
        InputError: A line is damaged.
    """
    lines: Lines = []
    if not path.is_file():
        return lines
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if line.endswith(b"\n"):
            name, advice = f"{path}: line {number}", "remove that line"
            fields = Fields(parse_json(line, name, advice), name, advice)
            if not is_finite(fields.without().get("step")):
                raise fields.error("no number of a step in it")
            lines.append(fields.without())
    return lines
