"""The parts of a probe's result, as they stand in its JSON document."""

from typing import NotRequired, TypedDict


class Interval(TypedDict):
    """A score or a difference with its 95 % interval over participants; None where it is undefined."""

    mean: float | None
    low: float | None
    high: float | None


class Score(Interval):
    """A score over all held-out predictions pooled; `folds` has the score of each fold alone."""

    folds: NotRequired[list[float | None]]


class ClassCount(TypedDict):
    """How many samples a class has, and how many participants these are of."""

    samples: int
    participants: int


class ConfidenceBin(TypedDict):
    """One bin of confidence: its mean confidence, the share that is right, and the number of samples."""

    confidence: float
    accuracy: float
    samples: int


class Calibration(TypedDict):
    """How far a probe's probabilities can be trusted; `temperature` is that of the probe of everybody."""

    brier: float | None
    ece: float | None
    bins: list[ConfidenceBin]
    temperature: float | None


class Band(TypedDict):
    """How far a prediction for a new person may be off, see `error_bands.error_band`."""

    half_width: float | None
    coverage: float | None
    sd_between: float | None
    sd_within: float | None


# The hyper-parameter of each fold's fit by its name, and under `everybody` that of the fit on all samples.
Chosen = dict[str, list[float | None] | float | None]


class Groups(TypedDict):
    """Scores of groups left out as a whole, scores[group][probe][metric]; `by` is a placement, a set, ..."""

    by: str | None
    scores: dict[str, dict[str, dict[str, Interval]]]
    samples: dict[str, int]
    participants: dict[str, int]


class LearningPoint(TypedDict):
    """Scores with a share (in %) of the labels, see `learning_curve.learning_curve`."""

    share: float
    samples: float
    repeats: int
    scores: dict[str, dict[str, Interval]]
    less_features: dict[str, Interval]
