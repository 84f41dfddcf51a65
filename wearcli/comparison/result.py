"""The result of `wearcli.compare`."""

from dataclasses import asdict, dataclass, field
from typing import Any

from wearcli.probing.records import ClassCount, Interval, Score


class Difference(Interval):
    """A paired difference.

    `p` is two-sided and comes from the same draws as the interval. `p_holm` is corrected for how many models
    are compared.
    """

    p: float | None
    p_holm: float | None


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
        models: For each model its table, model, rate_hz, window_s, stride_s, dimension, features (the name of
            its features in `scores`, or None), samples (its own), dropped, and chosen (the hyper-parameter of
            each target in each fold).
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
    models: dict[str, dict[str, Any]] = field(default_factory=dict)
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
