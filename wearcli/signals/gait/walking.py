"""Which windows of a signal are walking, without a probe: a rule on features, or on the rhythm at a leg."""

import numpy as np

from wearcli.signals.gait.rhythm import rhythm

LEGS = ("ankle", "foot", "shank", "thigh", "leg", "pocket", "knee", "calf", "shoe")
LEG_REGULARITY, LEG_DEVIATION_G = 0.4, 0.1
RUN_STRIDE_S = 0.88  # at a leg; a faster stride is a run
STEADY = 0.12  # log: the stride times of neighbouring windows of a walk differ by less


def on_leg(placement: str | None) -> bool:
    """Whether a sensor is on a leg, by the name of its placement."""
    return placement is not None and any(word in placement.lower() for word in LEGS)


def walking_at_leg(values: np.ndarray, rate_hz: float) -> np.ndarray:
    """Return (n,) bool: the windows (n, samples, 3) of a leg that swings with a walk's rhythm."""
    timed = rhythm(values, rate_hz)
    strong = (timed.regularity >= LEG_REGULARITY) & (timed.deviation_g >= LEG_DEVIATION_G)
    return np.asarray(strong & (timed.stride_s >= RUN_STRIDE_S))


def steady(stride_s: np.ndarray, onset_s: np.ndarray, apart_s: float) -> np.ndarray:
    """Return (n,) bool: windows with about the stride time of a neighbour.

    Args:
        stride_s: Stride times (n,), s; NaN where not known.
        onset_s: Onsets of the windows (n,), s.
        apart_s: Neighbours begin at most so far apart, s.
    """
    alike = np.abs(np.diff(np.log(stride_s))) < STEADY
    alike &= np.diff(onset_s) <= apart_s
    return np.asarray(np.concatenate(([False], alike)) | np.concatenate((alike, [False])))
