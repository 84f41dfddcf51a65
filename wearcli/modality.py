"""What depends on the kind of signal: how its windows are cut by default, and their hand-made features."""

from typing import Literal, NamedTuple

import numpy as np

from wearcli.errors import UsageError
from wearcli.signals.features import motion, pulse
from wearcli.signals.features.heart_in_motion import BALLISTIC_NAMES, ballistic_features

Modality = Literal["acc", "ppg", "ecg"]

# Of acceleration: how it moves, or that and what the heart does to it.
FeatureSet = Literal["motion", "heart"]
FEATURE_SETS: tuple[FeatureSet, ...] = ("motion", "heart")


class Cut(NamedTuple):
    """Rate of the grid, Hz, and length of a window, seconds."""

    rate_hz: float
    window_s: float


# PPG and ECG shorter than the 60 and 30 s of Abbaspourazad et al. (ICLR 2024): hand-held recordings are often
# shorter than that, and two segments of one person are what their method needs.
CUTS: dict[Modality, Cut] = {"acc": Cut(50.0, 5.0), "ppg": Cut(64.0, 30.0), "ecg": Cut(128.0, 10.0)}


def check_feature_set(modality: Modality, kind: str | None) -> None:
    """Raise UsageError for a set that there is not; PPG and ECG have no choice."""
    if kind is not None and modality != "acc":
        raise UsageError(f"--features is a choice of acceleration: leave it out for {modality}")
    if kind is not None and kind not in FEATURE_SETS:
        raise UsageError(f"no features '{kind}': --features takes {' or '.join(FEATURE_SETS)}")


def feature_names(modality: Modality, kind: FeatureSet | None = None) -> tuple[str, ...]:
    """What `features` gives, in its order."""
    check_feature_set(modality, kind)
    if modality != "acc":
        return pulse.feature_names(modality)
    return (*motion.FEATURE_NAMES, *BALLISTIC_NAMES) if kind == "heart" else motion.FEATURE_NAMES


def feature_set(count: int) -> FeatureSet | None:
    """The set of acceleration with so many features; None for any other number."""
    return next((kind for kind in FEATURE_SETS if len(feature_names("acc", kind)) == count), None)


def features(
    values: np.ndarray, rate_hz: float, modality: Modality, kind: FeatureSet | None = None
) -> np.ndarray:
    """Hand-made features of windows (n, samples, channels): (n, names) float32, always finite.

    kind: of acceleration, motion (also by default), or heart: these and those of the pulse.
    Raises UsageError for windows that are too short for them, and for a kind that there is not.
    """
    check_feature_set(modality, kind)
    if modality != "acc":
        return pulse.pulse_features(values, rate_hz, modality)
    found = motion.features(values, rate_hz)
    if kind == "heart":
        return np.concatenate([found, ballistic_features(values, rate_hz)], axis=1)
    return found
