"""The result of `wearcli.compare`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wearcli.embedding.metadata import ModelName
from wearcli.labels.shared import WindowCut
from wearcli.probing.records import ClassCount, Interval, Score


class Difference(Interval):
    """A paired difference.

    `p` is two-sided and comes from the same draws as the interval. `p_holm` is corrected for how many models
    are compared.
    """

    p: float | None
    p_holm: float | None


class ModelAbout(WindowCut, total=False):
    """A model of a comparison: its table, its windows and what was fitted on them.

    `features` is the name of its features in the scores, or None. `samples` are its own, `dropped` what it
    does not use, by reason. `chosen` has the hyper-parameter of each target in each fold. `given` is the
    model as the user named it. A dry run has `recordings_to_embed` alone beside the windows.
    """

    table: str
    model: ModelName | None
    participant_doubt: str | None
    samples: int
    dropped: dict[str, int]
    features: str | None
    dimension: int
    chosen: dict[str, list[float | None]]
    recordings_to_embed: int
    given: str


@dataclass
class Comparison:
    """Models side by side; `scores[name][metric]` is `{mean, low, high, folds}` like those of a probe.

    Attributes:
        task: The name of the task.
        kind: classification or regression.
        probe: The kind of probe that every model has.
        epoch: Length of an epoch, s; None without epochs.
        bootstrap: Number of resamples of participants.
        seed: Seed of all random numbers.
        n_samples: How many samples all models have in common.
        n_participants: How many participants these are of.
        folds: How many folds there are.
        first: The model that the others are compared with.
        models: What is compared, by the name of a model.
        scores: Scores by the name of a model, of hand-made features (`features`, or `features of NAME` where
            models have others), `majority` or `mean`.
        less_features: For each model, its scores less those of the features of its own windows.
        less_first: For each other model, its scores less those of `first`.
        targets: The columns that are predicted.
        classes: Names of the classes, empty for a regression.
        class_samples: Samples and participants of each class.
        participants: Participants of each fold.
        left_out: How many samples some models have, but not all.
        failed: A model or a recording, and the error.
        warnings: What the user should know.
        output: The folder that was written.
    """

    task: str
    kind: str
    probe: str
    epoch: float | None
    bootstrap: int
    seed: int
    n_samples: int = 0
    n_participants: int = 0
    folds: int = 0
    first: str = ""
    models: dict[str, ModelAbout] = field(default_factory=dict)
    scores: dict[str, dict[str, Score]] = field(default_factory=dict)
    less_features: dict[str, dict[str, Difference]] = field(default_factory=dict)
    less_first: dict[str, dict[str, Difference]] = field(default_factory=dict)
    targets: list[str] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    class_samples: dict[str, ClassCount] = field(default_factory=dict)
    participants: list[list[str]] = field(default_factory=list)
    left_out: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`, plain values only."""
        return asdict(self)
