"""The arguments of `wearcli.compare`, as comparison.json keeps them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wearcli.errors import UsageError
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.named import Kind
from wearcli.probing.defaults import BOOTSTRAP, COMPARED_BY, FOLDS, SEED
from wearcli.probing.kinds import parse_kinds
from wearcli.probing.options import check_scoring, check_task_name
from wearcli.recordings.reading import Reading


@dataclass(frozen=True, kw_only=True)
class CompareOptions:
    """The arguments of `wearcli.compare`, which explains them."""

    models: list[str | Path] = field(default_factory=list)
    recordings: Path | None = None
    task: str = ""
    labels: Path | None = None
    target: list[str] | None = None
    kind: Kind | None = None
    positive: str | None = None
    epoch: float | None = None
    probe: str = COMPARED_BY
    folds: int = FOLDS
    bootstrap: int = BOOTSTRAP
    seed: int = SEED
    stride_s: float | None = None
    untrained: bool = True
    keep_nonwear: bool = False
    min_quality: float = MIN_QUALITY
    participant_from: str | None = None
    reading: Reading = field(default_factory=Reading)

    def check(self) -> None:
        """Check what can be checked before anything is read.

        Raises:
            UsageError: A value of an argument is not possible.
        """
        kinds = parse_kinds(self.probe)
        if len(kinds) > 1:
            raise UsageError(
                f"--probe {self.probe}: models are compared by one probe: name one of {', '.join(kinds)}"
            )
        check_scoring(self.kind, self.epoch, self.folds, self.bootstrap, self.seed, self.min_quality)
        if self.stride_s is not None and not 0 < self.stride_s < float("inf"):
            raise UsageError(f"a stride of {self.stride_s:g} s: --stride takes seconds above 0")
        check_task_name(self.task)

    def to_json(self) -> dict[str, Any]:
        """Return the arguments as plain values, with the keys of comparison.json."""
        own = {name: value for name, value in vars(self).items() if name != "reading"}
        return {
            **own,
            "models": [str(model) for model in self.models],
            "recordings": None if self.recordings is None else str(self.recordings),
            "labels": None if self.labels is None else str(self.labels),
            **self.reading.to_json(),
        }
