"""What `heart_truth` made."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class HeartTruth:
    """rows: of heart.csv. recordings: with a row (in a dry run: to be read). metrics: of each the median and
    the 5th and 95th percentile of the rows. left_out: windows by reason. clocks: recordings by whose clock
    their onsets are on. output: None where nothing was written.
    """

    modality: str
    output: str | None
    rows: int = 0
    recordings: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    clocks: dict[str, int] = field(default_factory=dict)
    failed: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self) | {"left_out": {why: count for why, count in self.left_out.items() if count}}
