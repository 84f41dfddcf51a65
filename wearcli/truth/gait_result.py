"""What `gait_truth` made."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class TruthResult:
    """source: "events" or "second sensor". rows: of gait.csv, walks or windows. metrics: of each the median
    and the 5th and 95th percentile of the rows. left_out: by reason. pairs: of a second sensor, how many by
    which rule. output: None where nothing was written.
    """

    source: str
    output: str | None
    rows: int = 0
    recordings: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    pairs: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self) | {"left_out": {why: count for why, count in self.left_out.items() if count}}
