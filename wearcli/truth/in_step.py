"""Whether foot contacts and the signal of a walk are in step: samples that were lost put them out of it.

At the trunk the vertical acceleration swings once a step and peaks a little after each contact. So its phase
at the contacts is the same over a walk, and the same for all people (a tenth of a step before the peak,
deviation .045 of a step, on the 64 walks of ipol_gait that begin a recording). A walk is out of step where

- the signal shows more steps, or fewer, than there are contacts,
- the phase drifts, or jumps, along the walk,
- the phase is another one, or
- the body is still at several of the contacts.

A shift by exactly one step or two is not seen, as the body is then still at no more than two contacts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, hilbert, sosfiltfilt

from wearcli.signals.gait.trunk import vertical

RATE_HZ = 50.0
MARGIN_S = 2.0  # of signal before and after a walk, for the filter to settle
USUAL_PHASE = -0.10  # of a step
MOST_PHASE = 0.25  # of a step, away from the usual one
LEAST_ALIKE = 0.7  # length of the mean of the phases' unit vectors: 1 where all are equal, 0 where any occurs
MOST_DRIFT = 0.4  # of a step, from the first contact to the last one
MOST_STEPS = 0.75  # more or fewer in the signal than between the first contact and the last one
STILL, MOST_STILL = 0.25, 2  # of the upper quartile of the walk's amplitude; contacts at a lower one
LEAST_SWING_G = 0.01  # of the upper quartile of the amplitude; less shows no steps
FEWEST_CONTACTS = 5  # fewer say too little of a phase


@dataclass(frozen=True)
class InStep:
    """How the steps of a signal lie to contacts.

    Attributes:
        steps: Steps that the signal shows more than the contacts, from the first contact at which the body
            moves to the last one.
        contacts: The contacts.
        alike: How alike the phases at the contacts are, 0 to 1.
        drift: Steps by which the phase drifts from the first contact to the last one.
        phase: The mean phase less the usual one, steps, -.5 to .5.
        still: Contacts at which the body is still.
    """

    steps: float
    contacts: int
    alike: float
    drift: float
    phase: float
    still: int

    @property
    def fault(self) -> str | None:
        """What is wrong, in words; None for a walk that is in step."""
        if self.still > MOST_STILL:
            return f"the body is still at {self.still} of {self.contacts} contacts"
        if abs(self.steps) > MOST_STEPS:
            return f"the signal shows {self.steps:+.1f} steps beside those of the {self.contacts} contacts"
        if self.alike < LEAST_ALIKE or abs(self.drift) > MOST_DRIFT:
            return f"contacts and signal drift by {self.drift:+.2f} steps along the walk"
        if abs(self.phase) > MOST_PHASE:
            return f"contacts lie {self.phase:+.2f} steps from where the signal has them"
        return None


def compare_steps(
    values: np.ndarray, begin_s: float, contacts: Sequence[float] | np.ndarray
) -> InStep | None:
    """Return how the contacts of a walk lie in the signal of the trunk; None where that cannot be seen.

    Args:
        values: Samples (samples, 3) at `RATE_HZ`, g, finite.
        begin_s: Time of the first sample on the clock of the contacts, s.
        contacts: Contacts of both feet within the walk, s.
    """
    times = np.unique(np.asarray(contacts, np.float64))
    place = (times - begin_s) * RATE_HZ
    if len(times) < FEWEST_CONTACTS or place[0] < 0 or place[-1] > len(values) - 1:
        return None
    step_s = float(np.median(np.diff(times)))
    if not 0.2 <= step_s <= 2.0:
        return None
    band = butter(2, [0.6 / step_s, min(1.5 / step_s, 0.45 * RATE_HZ)], "bandpass", fs=RATE_HZ, output="sos")
    up = vertical(values[None])[0]
    padding = min(len(up) - 1, int(3 * step_s * RATE_HZ))
    swing = hilbert(sosfiltfilt(band, up, padlen=padding))
    at = np.rint(place).astype(int)
    amplitude = np.abs(swing)
    inside = amplitude[at[0] : at[-1] + 1]
    if np.percentile(inside, 75) < LEAST_SWING_G:
        return None
    moving = np.flatnonzero(amplitude[at] >= STILL * np.percentile(inside, 75))
    cycles = np.unwrap(np.angle(swing)) / (2 * np.pi)
    turns = np.exp(2j * np.pi * (cycles[at] - USUAL_PHASE))
    residual = np.unwrap(np.angle(turns)) / (2 * np.pi)
    slope = float(np.polyfit(np.arange(len(times)), residual, 1)[0])
    return InStep(
        steps=float(cycles[at[moving[-1]]] - cycles[at[moving[0]]]) - float(moving[-1] - moving[0]),
        contacts=len(times),
        alike=float(abs(turns.mean())),
        drift=slope * (len(times) - 1),
        phase=float(np.angle(turns.mean()) / (2 * np.pi)),
        still=len(times) - len(moving),
    )
