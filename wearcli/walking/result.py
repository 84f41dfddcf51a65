"""The result of `gait`, and the document beside its tables."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pandas as pd

from wearcli.embedding.metadata import ModelName
from wearcli.walking.metrics import GaitProbe

INTERVAL = (
    "95 % interval of the mean of n samples of one new person: half_width * sqrt((sd_between^2 + sd_within^2 "
    "/ n) / (sd_between^2 + sd_within^2)), of the errors on people held out (probe.json, intervals); errors "
    "of one person go together, so many samples do not make it vanish"
)
NO_INTERVAL = "none: the measures come from the signal; docs/results/gait.md has their errors"
SPREAD = (
    "<metric>_sd is the deviation of the predictions over a bout's samples, each of several strides: not the "
    "variability from stride to stride, which stride_time_cv is where the probe has that target"
)


@dataclass
class GaitResult:
    """Bouts and days; `to_json` has the keys that others rely on.

    Attributes:
        probe: The probe folder; empty where the signal was measured without one.
        use: Which of its probes.
        targets: The metrics.
        walking: How walking was recognised.
        recordings: How many there were.
        participants: How many there were.
        windows: How many there were.
        hours: Time with worn windows.
        hours_recorded: Time of the recordings, from their first samples to their ends, gaps included.
        hours_left_out: Time that is not in `hours`, by reason.
        walking_min: Minutes of walking.
        bouts: How many there are.
        days: The rows of days.csv.
        failed: Recordings that could not be embedded, and why.
        plan: The recordings to embed.
        notes: What a reader should know.
        output: The folder; None where nothing was written.
    """

    probe: str
    use: str
    targets: list[str]
    walking: Mapping[str, object]
    recordings: int = 0
    participants: int = 0
    windows: int = 0
    hours: float = 0.0
    hours_recorded: float = 0.0
    hours_left_out: dict[str, float] = field(default_factory=dict)
    walking_min: float = 0.0
    bouts: int = 0
    days: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, str]] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`: plain values only."""
        return asdict(self)

    def sum_up(self, bouts: pd.DataFrame, days: pd.DataFrame, probe: GaitProbe | None = None) -> None:
        """Take over the sums of both tables, and note what is unusual in them.

        Args:
            bouts: The rows of bouts.csv.
            days: The rows of days.csv.
            probe: The gait probe; None where the signal was measured.
        """
        self.days = [{str(key): value for key, value in row.items()} for row in days.to_dict("records")]
        self.participants, self.bouts = int(days["participant"].nunique()), len(bouts)
        self.hours = float(days["hours"].sum())
        self.walking_min = float(days["walking_min"].sum())
        if not len(bouts):
            self.notes.append("no walking bout was found: see --min-bout and --walking")
        if undated := int(bouts["start"].isna().sum()):
            self.notes.append(
                f"{undated} bouts are of recordings without a start: their days are counted from the "
                "recording's beginning"
            )
        if bare := int((bouts["samples"] == 0).sum()):
            why = "the probe uses none of their windows" if probe else "no stride repeats in them"
            self.notes.append(f"{bare} bouts have no metrics: {why}")
        if probe is None:
            return
        if warning := probe.saved.elsewhere({*bouts["placement"]}):
            self.notes.append(warning)
        unknown = [target for target in probe.targets if not probe.half_width(target, 1) >= 0]
        if unknown:
            self.notes.append(f"the probe has no interval of {', '.join(unknown)}: fit it again")


def document(result: GaitResult, model: ModelName, settings: Mapping[str, object]) -> dict[str, object]:
    """Return gait.json: what made the tables, and how to read them.

    Args:
        result: The result.
        model: Name and sha256 of the model.
        settings: The settings of the run.
    """
    counts = (
        *("recordings", "participants", "windows", "hours", "hours_recorded", "hours_left_out"),
        *("walking_min", "bouts"),
    )
    return {
        "probe": {"folder": result.probe, "use": result.use, "targets": result.targets},
        "model": model,
        "walking": result.walking,
        "settings": settings,
        **{name: getattr(result, name) for name in counts},
        "interval": INTERVAL if result.probe else NO_INTERVAL,
        "spread": SPREAD,
        "failed": result.failed,
        "notes": result.notes,
    }
