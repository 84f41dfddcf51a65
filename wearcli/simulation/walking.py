"""Acceleration of the lower back and of the wrist of a walking person, from the feet up.

The force on the ground, foot by foot, gives the body's acceleration, so that stance and double support are
in the signal and not only in the table; the arm is a pendulum whose pivot, the shoulder, moves with the
body. Forces are specific forces in g: what an accelerometer measures, (1, 0, 0) at rest, on the axes up,
forward, left.
"""

from dataclasses import dataclass

import numpy as np
from scipy.signal import butter, sosfilt

from wearcli.simulation.people import Gait, Person

GRAVITY = 9.80665


@dataclass(frozen=True)
class Strides:
    """Strides, and the place of every sample in them.

    Attributes:
        times: (strides,) duration, s.
        phase: (samples,) strides since the start; the right heel's contact is at whole numbers.
    """

    times: np.ndarray
    phase: np.ndarray


def smooth_noise(samples: int, cutoff_hz: float, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return (samples,) noise of deviation about 1 below `cutoff_hz`."""
    settle = int(2 * rate_hz / cutoff_hz)
    filtered = sosfilt(butter(4, cutoff_hz, fs=rate_hz, output="sos"), rng.standard_normal(settle + samples))[
        settle:
    ]
    # White noise of deviation 1 after a fourth-order Butterworth filter: 1.026 is its noise bandwidth.
    return np.asarray(filtered / np.sqrt(2 * 1.026 * cutoff_hz / rate_hz))


def draw_strides(
    stride_time_s: float, cv: float, samples: int, rate_hz: float, rng: np.random.Generator
) -> Strides:
    """Return strides whose times wander: their noise has a correlation of 0.5 from stride to stride.

    Args:
        stride_time_s: Mean duration of a stride, s.
        cv: Deviation over mean.
        samples: Number of samples.
        rate_hz: Samples a second.
        rng: Random numbers.
    """
    count = int(samples / rate_hz / stride_time_s * 1.5) + 3
    noise = rng.standard_normal(count)
    for i in range(1, count):
        noise[i] = 0.5 * noise[i - 1] + np.sqrt(0.75) * noise[i]
    times = stride_time_s * (1 + cv * np.clip(noise, -3, 3))
    contacts = np.concatenate([[0], np.cumsum(times)])
    phase = np.interp(np.arange(samples) / rate_hz, contacts, np.arange(count + 1))
    return Strides(times[: int(phase[-1])], phase)


def trunk_force(
    person: Person, gait: Gait, strides: Strides, rate_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Return (samples, 3) specific force at the lower back, g: up, forward, left."""
    stance = gait.stance_pct / 100
    running = stance < 0.5
    dip = (
        0.0 if running else 0.12 + 0.18 * gait.speed_mps
    )  # of a foot's force at mid-stance, deeper when fast
    force = np.zeros((len(strides.phase), 3))
    for late, side, push in ((0.0, -1, 1 - person.limp), (0.5 + person.asymmetry, 1, 1 + person.limp)):
        since = strides.phase - late
        stride = np.floor(since)
        since -= stride
        # No two steps are equal: each has its own push, the same for all of its samples.
        steps = (stride - stride[0]).astype(int)
        strength = (1 + 0.1 * rng.standard_normal(steps[-1] + 1))[steps]
        u = np.clip(since / stance, 0, 1)
        shape = np.sin(np.pi * u) + dip * np.sin(3 * np.pi * u)
        # Each foot carries half of the weight over a stride.
        vertical = shape * push * 0.5 * np.pi / (2 * stance * (1 + dip / 3))
        force[:, 0] += vertical * (1 + 0.5 * (strength - 1))
        force[:, 1] -= 0.2 * gait.speed_mps * push * strength * np.sin(2 * np.pi * u) * (since < stance)
        force[:, 2] += 0.12 * side * vertical
        after_s = since * gait.stride_time_s
        ringing = np.exp(-after_s / 0.025) * np.sin(2 * np.pi * person.impact_hz * after_s)
        ringing *= person.impact_g * gait.speed_mps**1.5 * push * strength**2
        force[:, 0] += ringing
        force[:, 1] -= 0.5 * ringing
        force[:, 2] += 0.3 * side * ringing
    cycle = 2 * np.pi * strides.phase
    pitch = np.radians(1.5) * np.sin(2 * cycle + 0.7)
    roll = np.radians(2.5) * np.sin(cycle + 0.3)
    for axis, angle in ((1, pitch), (2, roll)):
        sway = angle + np.radians(1.2) * smooth_noise(len(cycle), 0.5, rate_hz, rng)
        up, level = force[:, 0].copy(), force[:, axis].copy()
        force[:, 0] = np.cos(sway) * up - np.sin(sway) * level
        force[:, axis] = np.sin(sway) * up + np.cos(sway) * level
    return force


def wrist_force(
    person: Person,
    trunk: np.ndarray,
    phase: np.ndarray,
    swing: float,
    elbow: float,
    rate_hz: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (samples, 3) specific force at the wrist, g: along the forearm to the hand, forward of it, left.

    Args:
        person: Who walks.
        trunk: (samples, 3) the force at the shoulder, g.
        phase: (samples,) strides.
        swing: Amplitude of the arm's angle, radians.
        elbow: Bend of the elbow, radians.
        rate_hz: Samples a second.
        rng: Random numbers.
    """
    cycle = 2 * np.pi * phase
    wander = smooth_noise(len(cycle), 0.3, rate_hz, rng)
    angle = swing * (1 + 0.2 * wander) * (np.sin(cycle + 2.6) + 0.12 * np.sin(2 * cycle + 1.0)) + 0.3 * swing
    angle += np.radians(2) * smooth_noise(len(cycle), 1.0, rate_hz, rng)
    velocity = np.gradient(angle) * rate_hz
    tangential = np.gradient(velocity) * rate_hz * person.arm_length_m / GRAVITY
    inward = velocity**2 * person.arm_length_m / GRAVITY
    # On the sagittal plane: the arm points along (-cos, sin) of its angle, its tangent is (sin, cos).
    up = 0.9 * (trunk[:, 0] - 1) + 1 + tangential * np.sin(angle) + inward * np.cos(angle)
    forward = 0.9 * trunk[:, 1] + tangential * np.cos(angle) - inward * np.sin(angle)
    forearm = angle + elbow + np.radians(5) * smooth_noise(len(cycle), 0.2, rate_hz, rng)
    return np.stack(
        [
            -np.cos(forearm) * up + np.sin(forearm) * forward,
            np.sin(forearm) * up + np.cos(forearm) * forward,
            0.9 * trunk[:, 2] + 0.15 * tangential,
        ],
        axis=1,
    )
