"""Walks and runs in the study of a weak pulse: the arm swings, and its swing leaks into the PPG.

How much of a swing PPG shows differs from watch to watch and from strap to strap. Here the leak is as large
as the pulse at .3 g of movement, grows with the movement up to three times that, and is no fixed response:
its strength wanders from step to step.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import lfilter

from wearcli.simulation.activities import running, walking
from wearcli.simulation.people import Person
from wearcli.simulation.walking import smooth_noise

BOUT_S = 120.0
BLEND_S = 2.0  # to set off, and to come to rest
LEAK_G = 0.3  # movement, root mean square, whose leak is as large as the pulse
MOST_LEAK = 3.0
SKIN_S = (0.03, 0.10)  # after which the answer to a push has fallen to 1/e
WANDER, WANDER_HZ = 0.3, 0.5


@dataclass(frozen=True)
class Exercise:
    """How a wrist moves in walks and runs, on an even grid.

    Attributes:
        time: Times of the grid (samples,), s.
        share: 1 in a bout, 0 outside, between while the person sets off or stops, (samples,).
        force: Specific force at the wrist, (samples, 3) g.
        leak: What PPG shows of it, (samples,), in deviations of the pulse.
    """

    time: np.ndarray
    share: np.ndarray
    force: np.ndarray
    leak: np.ndarray

    def at(self, time: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return share, force and leak at other times, s."""
        force = np.stack([np.interp(time, self.time, axis) for axis in self.force.T], axis=1)
        return np.interp(time, self.time, self.share), force, np.interp(time, self.time, self.leak)


def draw_exercise(
    person: Person, seconds: float, share: float, rate_hz: float, rng: np.random.Generator
) -> Exercise:
    """Return bouts of `BOUT_S`, walks and runs in turn, spread evenly over a recording.

    Args:
        person: Who exercises.
        seconds: Length of the recording.
        share: Share of the bouts in it, 0 to 1.
        rate_hz: Rate of the grid.
        rng: Random numbers.
    """
    samples = int(seconds * rate_hz) + 1
    time = np.arange(samples) / rate_hz
    weight, force, leak = np.zeros(samples), np.zeros((samples, 3)), np.zeros(samples)
    blocks = int(np.ceil(seconds / BOUT_S))
    active = [k for k in range(blocks) if int((k + 1) * share) > int(k * share)]
    for turn, block in enumerate(active):
        part = slice(*np.searchsorted(time, (block * BOUT_S, (block + 1) * BOUT_S)))
        inside = time[part]
        move = (walking, running)[turn % 2]
        force[part] = move(person, len(inside), rate_hz, rng)
        edge = np.minimum(inside - inside[0], inside[-1] - inside) / BLEND_S
        weight[part] = np.clip(edge, 0, 1)
        leak[part] = weight[part] * skin_response(force[part], rate_hz, rng)
    return Exercise(time, weight, force, leak)


def skin_response(force: np.ndarray, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return what PPG shows of a movement, (samples,), in deviations of the pulse.

    Args:
        force: Specific force at the wrist, (samples, 3) g.
        rate_hz: Rate of the samples.
        rng: Random numbers.
    """
    moved = force - force.mean(axis=0)
    magnitude = np.linalg.norm(force, axis=1)
    parts = np.column_stack([moved, magnitude - magnitude.mean()])
    weights = rng.standard_normal(4)
    decay = np.exp(-1 / (rate_hz * rng.uniform(*SKIN_S)))
    answer = lfilter([1 - decay], [1, -decay], parts @ (weights / np.linalg.norm(weights)))
    size_g = np.sqrt(np.square(moved).sum(axis=1).mean())
    strength = min(size_g / LEAK_G, MOST_LEAK) / answer.std()
    wander = np.exp(WANDER * smooth_noise(len(answer), WANDER_HZ, rate_hz, rng))
    return np.asarray(strength * wander * answer)
