"""What `gait_truth` and `heart_truth` made."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from wearcli.errors import InputError, WearcliError, blamed_on
from wearcli.files import atomic_file
from wearcli.recordings.recording import Source

DECIMALS = 4


@dataclass
class Truth:
    """A table of truth, and what was left out of it.

    Attributes:
        output: The file; None where nothing was written.
        rows: Rows of the table.
        recordings: Recordings with a row; in a dry run those to be read.
        metrics: Median, and 5th and 95th percentile of the rows, for every metric.
        left_out: What was left out, by reason.
        failed: Recordings that cannot be read, and why.
        notes: What a reader should know.
    """

    output: str | None
    rows: int = 0
    recordings: int = 0
    metrics: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: Counter[str] = field(default_factory=Counter)
    failed: list[dict[str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def read(self, source: Source, rows: Callable[[Source], pd.DataFrame]) -> pd.DataFrame:
        """Return the rows of a recording; one that cannot be read has none, and is named in `failed`."""
        try:
            with blamed_on(source.path):
                return rows(source)
        except WearcliError as error:
            self.failed.append({"recording": source.recording, "error": str(error)})
        return pd.DataFrame()

    def write(self, table: pd.DataFrame, metrics: Sequence[str], name: str, nothing: str, hint: str) -> None:
        """Sum up the table and write it, sorted, to `output`, if there is one.

        Args:
            table: recording, onset, duration (s) and metrics.
            metrics: The columns to sum up.
            name: What the rows come from, in errors.
            nothing: The reason for no row where none is counted.
            hint: What to do where there is no row.

        Raises:
            InputError: There is no row.
        """
        if not len(table):
            reasons = [f"{count} {reason}" for reason, count in self.left_out.items() if count]
            reasons += [failure["error"] for failure in self.failed[:1]]
            raise InputError(f"{name}: no row can be made ({'; '.join(reasons) or nothing}): {hint}")
        table = table.sort_values(["recording", "onset"], kind="stable")
        self.rows, self.recordings = len(table), table["recording"].nunique()
        for metric in metrics:
            low, median, high = table[metric].quantile([0.05, 0.5, 0.95]).tolist()
            self.metrics[metric] = {"median": median, "p5": low, "p95": high}
        if self.output is not None:
            with atomic_file(Path(self.output)) as temporary:
                table.round(DECIMALS).to_csv(temporary, index=False)

    def _document(self, first: dict[str, Any], matches: dict[str, Any]) -> dict[str, Any]:
        """Plain values in the order of the document: `first`, the sums, `matches`, failures and notes."""
        return {
            **first,
            "output": self.output,
            "rows": self.rows,
            "recordings": self.recordings,
            "metrics": self.metrics,
            "left_out": {reason: count for reason, count in self.left_out.items() if count},
            **matches,
            "failed": self.failed,
            "notes": self.notes,
        }


@dataclass
class GaitTruth(Truth):
    """A gait.csv: a row is a walk, or a window of a second sensor.

    Attributes:
        source: "events" or "second sensor".
        pairs: Pairs with a recording of the second sensor, by rule.
    """

    source: str = "events"
    pairs: dict[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`: plain values only."""
        return self._document({"source": self.source}, {"pairs": self.pairs})


@dataclass
class HeartTruth(Truth):
    """A heart.csv: a row is a window of a signal.

    Attributes:
        modality: The signal, ppg or ecg.
        clocks: Recordings, by the rule that says on which clock their onsets are.
        moving: Rows of windows that move, from which the response to the movement was taken out.
    """

    modality: str = "ppg"
    clocks: dict[str, int] = field(default_factory=dict)
    moving: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`: plain values only."""
        return self._document({"modality": self.modality}, {"clocks": self.clocks, "moving": self.moving})
