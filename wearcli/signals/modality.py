"""What depends on the kind of signal: how its windows are cut by default, and their hand-made features."""

from typing import NamedTuple

import numpy as np

from wearcli.recordings.recording import Modality
from wearcli.signals import features as motion
from wearcli.signals import pulse_features as pulse


class Cut(NamedTuple):
    """Rate of the grid, Hz, and length of a window, seconds."""

    rate_hz: float
    window_s: float


# PPG and ECG shorter than the 60 and 30 s of Abbaspourazad et al. (ICLR 2024): hand-held recordings are often
# shorter than that, and two segments of one person are what their method needs.
CUTS: dict[Modality, Cut] = {"acc": Cut(50.0, 5.0), "ppg": Cut(64.0, 30.0), "ecg": Cut(128.0, 10.0)}


def feature_names(modality: Modality) -> tuple[str, ...]:
    """What `features` gives, in its order."""
    return motion.FEATURE_NAMES if modality == "acc" else pulse.feature_names(modality)


def features(values: np.ndarray, rate_hz: float, modality: Modality) -> np.ndarray:
    """Hand-made features of windows (n, samples, channels): (n, names) float32, always finite.

    Raises UsageError for windows that are too short for them.
    """
    if modality == "acc":
        return motion.features(values, rate_hz)
    return pulse.pulse_features(values, rate_hz, modality)
