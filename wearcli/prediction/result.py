"""What a run of `predict` did and found."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class PredictResult:
    """What was predicted; `to_json` has the keys that others rely on.

    probe: linear, mlp or features. windows: how many came; left_out: what has no row, by reason. rows:
    windows, epochs or participants with a prediction (`row` says which); bouts: None unless they were merged.
    hours, confidence: of a classification, for each class that was predicted the time for which its rows
    stand and the mean probability over it. means: of a regression, by target, mean, lowest and highest over
    the rows, and half_width of the 95 % interval of a row. plan: the recordings to embed.
    """

    task: str
    kind: str
    probe: str
    folder: str
    model: dict[str, Any]
    row: str
    epoch_s: float | None
    classes: list[str]
    targets: list[str]
    recordings: int = 0
    failed: list[dict[str, str]] = field(default_factory=list)
    windows: int = 0
    rows: int = 0
    bouts: int | None = None
    left_out: dict[str, int] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    means: dict[str, dict[str, float | None]] = field(default_factory=dict)
    calibration: dict[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self)
