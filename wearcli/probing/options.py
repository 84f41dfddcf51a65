"""The arguments of `wearcli.probe`, as probe.json keeps them."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from wearcli.documents import parse
from wearcli.errors import UsageError
from wearcli.labels.by_person import Level, check_level
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.label_map import LabelMap
from wearcli.labels.named import Kind
from wearcli.labels.sets import SampleOptions, Source
from wearcli.probing.defaults import BOOTSTRAP, EMBEDDINGS, FOLDS, MIN_SEGMENTS, PROBES, SEED
from wearcli.probing.kinds import parse_kinds

STREAM = "stdin"  # name of an Arrow stream in the arguments


@dataclass(frozen=True, kw_only=True)
class ProbeOptions:
    """The arguments of `wearcli.probe`, which explains them; paths are texts, a stream is `stdin`."""

    embeddings: list[str] = field(default_factory=lambda: [EMBEDDINGS])
    task: str = ""
    labels: str | None = None
    target: list[str] | None = None
    kind: Kind | None = None
    positive: str | None = None
    label_map: str | None = None
    leave_out: str | None = None
    test: list[str] = field(default_factory=list)
    label_share: list[float] = field(default_factory=list)
    level: Level = "window"
    min_segments: int = MIN_SEGMENTS
    epoch: float | None = None
    probe: str = PROBES
    folds: int = FOLDS
    bootstrap: int = BOOTSTRAP
    seed: int = SEED
    keep_nonwear: bool = False
    min_quality: float = MIN_QUALITY

    @classmethod
    def from_json(cls, values: object, name: str, todo: str) -> "ProbeOptions":
        """Parse the `arguments` of a probe.json; an older wearcli has fewer keys, and one table as a text.

        Args:
            values: The JSON values.
            name: The file, for messages.
            todo: What the user can do about a damaged file, for messages.

        Returns:
            The arguments.
        """
        if isinstance(values, dict) and isinstance(values.get("embeddings"), str):
            values = values | {"embeddings": [values["embeddings"]]}
        return parse(cls, values, name, todo)

    def to_json(self) -> dict[str, Any]:
        """Return the arguments as plain values, with the keys of probe.json."""
        return asdict(self)

    @property
    def kinds(self) -> list[str]:
        """The kinds of probe to fit."""
        return parse_kinds(self.probe)

    @property
    def tables(self) -> list[Source]:
        """The embeddings tables."""
        return ["-" if table == STREAM else Path(table) for table in self.embeddings]

    def check(self) -> None:
        """Check what can be checked before anything is read.

        Raises:
            UsageError: A value of an argument is not possible.
        """
        _ = self.kinds
        check_scoring(self.kind, self.epoch, self.folds, self.bootstrap, self.seed, self.min_quality)
        check_level(self.level, self.min_segments, self.epoch)
        check_task_name(self.task)
        if self.test and self.leave_out is not None:
            raise UsageError(f"--test with --leave-out {self.leave_out}: what is held out is one of the two")

    def sample_options(self) -> SampleOptions:
        """How samples are made of the tables."""
        return SampleOptions(
            task=self.task,
            labels=None if self.labels is None else Path(self.labels),
            targets=self.target,
            kind=self.kind,
            positive=self.positive,
            label_map=None if self.label_map is None else LabelMap(Path(self.label_map)),
            epoch=self.epoch,
            min_segments=self.min_segments if self.level == "participant" else None,
            leave_out=self.leave_out,
            keep_nonwear=self.keep_nonwear,
            min_quality=self.min_quality,
        )


def check_scoring(
    kind: str | None, epoch: float | None, folds: int, bootstrap: int, seed: int, min_quality: float
) -> None:
    """Check the arguments that `probe` and `compare` share.

    Args:
        kind: classification or regression; None: the values decide.
        epoch: Length of an epoch, s; None without epochs.
        folds: How many folds.
        bootstrap: How many bootstrap draws.
        seed: Seed of all random numbers.
        min_quality: Lowest quality of a window, 0 to 1.

    Raises:
        UsageError: A value is not possible for a probe.
    """
    if kind not in (None, "classification", "regression"):
        raise UsageError(f"unknown kind '{kind}': --kind classification or regression")
    if epoch is not None and not (np.isfinite(epoch) and epoch > 0):
        raise UsageError(f"an epoch of {epoch} s: --epoch takes seconds above 0")
    if folds < 2:
        raise UsageError(f"{folds} folds: --folds takes 2 or more")
    if bootstrap < 1:
        raise UsageError(f"{bootstrap} bootstrap draws: --bootstrap takes 1 or more")
    if seed < 0:
        raise UsageError(f"seed {seed}: --seed takes 0 or more")
    if not 0 <= min_quality <= 1:
        raise UsageError(f"a quality of {min_quality:g}: --min-quality takes 0 to 1")


def check_task_name(task: str) -> None:
    """Check that the name of a task can be that of a folder.

    Args:
        task: The name.

    Raises:
        UsageError: It is a path.
    """
    if Path(task).name != task:
        raise UsageError(f"--task {task}: a name, without a folder: say where to with -o")
