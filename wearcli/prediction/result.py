"""The result of `predict`."""

from dataclasses import asdict, dataclass, field
from typing import Any, TypedDict

from wearcli.embedding.metadata import ModelName


class CalibratedBy(TypedDict):
    """How the probabilities were calibrated."""

    method: str
    temperature: float | None


@dataclass
class PredictResult:
    """What was predicted; `to_json` has the keys that others rely on.

    Attributes:
        task: The probe's task.
        kind: classification or regression.
        probe: Which probe of the folder.
        folder: The probe folder.
        model: Name and sha256 of the model.
        row: What a row is: window, epoch or participant.
        epoch_s: Length of an epoch, s.
        classes: In the order of the probabilities.
        targets: What was predicted.
        recordings: How many there were.
        failed: Recordings that could not be embedded, and why.
        windows: How many there were.
        rows: Rows with a prediction.
        bouts: How many; None unless rows were merged.
        left_out: What has no row, by reason.
        hours_recorded: Time of the recordings, from their first samples to their ends, gaps included.
        hours_used: Time of the windows that are used.
        hours_left_out: Other time, by reason.
        hours: Time for which the rows of a class stand, by class; shares are of their sum.
        confidence: Mean probability of a class over that time.
        means: By target the mean, lowest and highest over the rows, and half_width of a row's 95 % interval.
        calibration: Method and temperature.
        warnings: What the user should know.
        plan: The recordings to embed.
        output: The file or folder; None where nothing was written.
    """

    task: str
    kind: str
    probe: str
    folder: str
    model: ModelName
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
    hours_recorded: float = 0.0
    hours_used: float = 0.0
    hours_left_out: dict[str, float] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)
    confidence: dict[str, float] = field(default_factory=dict)
    means: dict[str, dict[str, float | None]] = field(default_factory=dict)
    calibration: CalibratedBy | None = None
    warnings: list[str] = field(default_factory=list)
    plan: list[str] = field(default_factory=list)
    output: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`: plain values only."""
        return asdict(self)
