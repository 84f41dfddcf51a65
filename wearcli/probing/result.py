"""The result of `wearcli.probe`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wearcli.embedding.metadata import ModelName
from wearcli.labels.by_person import Level
from wearcli.probing.records import (
    Band,
    Calibration,
    Chosen,
    ClassCount,
    Groups,
    Interval,
    LearningPoint,
    Score,
)


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """The scores of probes; `scores[probe][metric]` is `{mean, low, high, folds}`.

    `mean` is the score over all held-out predictions pooled, each made by a probe that had not seen the
    participant. `low` and `high` are its 95 % interval by bootstrap over participants. `folds` has the score
    of each fold, None where it is undefined. Metrics of the tasks gait and heart, and of several targets, are
    called `target.metric`. `positive` is the second of two classes, to which auroc and pauroc refer.
    `calibration` and `intervals` state for each probe how far its probabilities can be trusted, and how far
    its values may be off. `chosen[probe][target]` has the hyper-parameter of each fold. `label_tables` are
    the files that the targets were read from.
    """

    task: str
    kind: str
    n_windows: int
    n_samples: int
    n_participants: int
    folds: int
    scores: dict[str, dict[str, Score]]
    differences: dict[str, dict[str, Interval]]
    targets: list[str]
    classes: list[str]
    positive: str | None = None
    class_samples: dict[str, ClassCount] = field(default_factory=dict)
    per_class: dict[str, dict[str, float | None]]
    confusion: dict[str, list[list[int]]]
    calibration: dict[str, Calibration] = field(default_factory=dict)
    intervals: dict[str, dict[str, Band]] = field(default_factory=dict)
    groups: Groups | None = None
    learning_curve: list[LearningPoint] = field(default_factory=list)
    chosen: dict[str, dict[str, Chosen]] = field(default_factory=dict)
    level: Level = "window"
    min_segments: int = 1
    epoch: float | None = None
    bootstrap: int
    seed: int
    model: ModelName
    dropped: dict[str, int] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    label_tables: list[str] = field(default_factory=list)
    tested: list[str] = field(default_factory=list)
    warnings: list[str]
    output: str | None = None

    def half_width(self, probe: str, target: str) -> float:
        """Return half of the 95 % prediction interval of one sample of a new person.

        Args:
            probe: The kind of probe.
            target: The target.

        Returns:
            The half-width, in the unit of the target; NaN where there is none.
        """
        band = self.intervals.get(probe, {}).get(target)
        width = None if band is None else band["half_width"]
        return float("nan") if width is None else float(width)

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`, plain values only."""
        return asdict(self)
