"""The wrist through a day: rest in changing postures, walking, stairs, running, cycling."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from wearcli.simulation.people import Gait, Person, gait_at
from wearcli.simulation.walking import GRAVITY, draw_strides, smooth_noise, trunk_force, wrist_force

# Postures of the forearm: pitch (degrees; 90: the hand hangs), roll (degrees; 0: the back of the hand is
# up), and share. They overlap, as real ones do: arms hang from chairs, and people who stand raise a phone.
POSTURES: dict[str, tuple[tuple[float, float, float], ...]] = {
    "lying": ((0, 0, 0.25), (5, 85, 0.35), (-20, -75, 0.2), (10, 160, 0.2)),
    "sitting": ((10, 5, 0.45), (25, 25, 0.3), (-35, 55, 0.15), (75, 70, 0.1)),
    "standing": ((80, 80, 0.55), (70, 40, 0.2), (15, 20, 0.15), (-30, 70, 0.1)),
}
# Fidgets a minute, and their size in radians.
FIDGETS = {"lying": (1.0, 0.10), "sitting": (7.0, 0.12), "standing": (6.0, 0.16)}


def still(
    activity: str, person: Person, samples: int, rate_hz: float, rng: np.random.Generator
) -> np.ndarray:
    """Return (samples, 3) g of lying, sitting or standing: changes of posture, fidgets, sway and breath."""
    time = np.arange(samples) / rate_hz
    choices = np.array(POSTURES[activity])
    own = np.radians(choices[:, :2] + rng.normal(0, 14, (len(choices), 2)))
    preference = rng.dirichlet(4 * choices[:, 2])
    angles = np.zeros((2, samples))
    now = own[rng.choice(len(own), p=preference)]
    angles += now[:, None]
    change = rng.exponential(25)
    while change < time[-1]:
        new = own[rng.choice(len(own), p=preference)] + rng.normal(0, 0.08, 2)
        reached = np.clip((time - change) / rng.uniform(0.8, 1.8), 0, 1)
        angles += (new - now)[:, None] * reached**3 * (10 - 15 * reached + 6 * reached**2)
        now, change = new, change + 3 + rng.exponential(25)
    rate, size = FIDGETS[activity]
    envelope = np.zeros(samples)
    for begin in rng.uniform(0, time[-1], rng.poisson(rate * person.restlessness * time[-1] / 60)):
        envelope += np.exp(-0.5 * ((time - begin) / rng.uniform(0.3, 1.2)) ** 2)
    sway = 0.012 if activity == "standing" else 0.003
    for row in angles:
        row += size * envelope * smooth_noise(samples, 2.0, rate_hz, rng)
        row += sway * smooth_noise(samples, 0.8, rate_hz, rng)
    breath = 0.004 * np.sin(2 * np.pi * rng.uniform(0.2, 0.3) * time) * (activity != "standing")
    pitch, roll = angles[0] + breath, angles[1]
    force = np.stack([-np.sin(pitch), np.cos(pitch) * np.sin(roll), np.cos(pitch) * np.cos(roll)], axis=1)
    # The hand moves about the elbow, 0.3 m away.
    force[:, 1] += 0.3 / GRAVITY * np.gradient(np.gradient(roll)) * rate_hz**2
    force[:, 2] += 0.3 / GRAVITY * np.gradient(np.gradient(pitch)) * rate_hz**2
    return force


def on_foot(
    person: Person,
    gait: Gait,
    cv: float,
    swing: float,
    elbow: float,
    samples: int,
    rate_hz: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return (samples, 3) g at the wrist of someone who walks, climbs or runs.

    The hand hangs pronated or is bent up.

    Args:
        person: Who moves.
        gait: How the person walks.
        cv: Deviation of the stride times over their mean.
        swing: Amplitude of the arm's angle, radians.
        elbow: Bend of the elbow, radians.
        samples: Number of samples.
        rate_hz: Samples a second.
        rng: Random numbers.
    """
    strides = draw_strides(gait.stride_time_s, cv, samples, rate_hz, rng)
    # Half of a heel strike is lost on the way to the hand.
    damped = replace(person, impact_g=0.5 * person.impact_g)
    trunk = trunk_force(damped, gait, strides, rate_hz, rng)
    force = wrist_force(person, trunk, strides.phase, swing, elbow, rate_hz, rng)
    return _about_forearm(force, person.pronation + 0.15 * smooth_noise(samples, 0.3, rate_hz, rng))


def walking(person: Person, samples: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return (samples, 3) g of a daily walk: a little slower than down a corridor, and less even."""
    gait = gait_at(person, person.preferred_mps * rng.uniform(0.8, 1.05), rng)
    swing = person.arm_swing * gait.speed_mps
    return on_foot(person, gait, 1.8 * person.stride_cv, swing, 0.15, samples, rate_hz, rng)


def stairs(person: Person, samples: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return (samples, 3) g of stairs up, then down: short uneven steps, harder down, the arm less free."""
    parts = []
    for part, speed, cadence, impact in (
        (samples // 2, 0.75, 98, 0.9),
        (samples - samples // 2, 0.85, 108, 1.7),
    ):
        gait = Gait(speed, 120 / (cadence + rng.normal(0, 7)), 24 + person.double_support_offset)
        climber = replace(person, impact_g=impact * person.impact_g)
        swing = person.arm_swing * rng.uniform(0.35, 0.8)
        parts.append(
            on_foot(climber, gait, 3.5 * person.stride_cv, swing, rng.uniform(0.1, 0.6), part, rate_hz, rng)
        )
    return np.concatenate(parts)


def running(person: Person, samples: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return (samples, 3) g of a slow run: flight between steps (negative double support), elbows bent."""
    speed = 2.0 * person.preferred_mps * rng.uniform(0.85, 1.1)
    gait = Gait(speed, 120 / (158 + 12 * (speed - 2.4) + rng.normal(0, 6)), -30 + rng.normal(0, 4))
    runner = replace(person, impact_g=0.3 * person.impact_g)
    swing = np.radians(18) * rng.uniform(0.7, 1.3)
    return on_foot(runner, gait, person.stride_cv, swing, rng.uniform(0.9, 1.5), samples, rate_hz, rng)


def cycling(person: Person, samples: int, rate_hz: float, rng: np.random.Generator) -> np.ndarray:
    """Return (samples, 3) g with hands on the bar: the road's vibration, the pedals' rhythm, steering."""
    pedals = (
        2 * np.pi * np.cumsum(rng.uniform(1.0, 1.5) * (1 + 0.05 * smooth_noise(samples, 0.2, rate_hz, rng)))
    )
    rhythm = 0.03 * np.sin(2 * pedals / rate_hz) * (smooth_noise(samples, 0.05, rate_hz, rng) > -0.8)
    pitch = np.radians(rng.normal(30, 10)) + 0.05 * smooth_noise(samples, 0.5, rate_hz, rng)
    roll = np.radians(rng.normal(10, 18)) + 0.05 * smooth_noise(samples, 0.5, rate_hz, rng)
    force = np.stack([-np.sin(pitch), np.cos(pitch) * np.sin(roll), np.cos(pitch) * np.cos(roll)], axis=1)
    road = rng.uniform(0.03, 0.1) * np.exp(0.5 * smooth_noise(samples, 0.2, rate_hz, rng))
    for axis, share in enumerate((0.6, 0.4, 1.0)):
        shake = smooth_noise(samples, 20, rate_hz, rng) - smooth_noise(samples, 4, rate_hz, rng) * 0.3
        force[:, axis] += share * (road * shake + rhythm)
    return force


ACTIVITIES: dict[str, Callable[[Person, int, float, np.random.Generator], np.ndarray]] = {
    "lying": lambda *rest: still("lying", *rest),
    "sitting": lambda *rest: still("sitting", *rest),
    "standing": lambda *rest: still("standing", *rest),
    "walking": walking,
    "stairs": stairs,
    "running": running,
    "cycling": cycling,
}


def _about_forearm(force: np.ndarray, angle: np.ndarray) -> np.ndarray:
    y = np.cos(angle) * force[:, 1] - np.sin(angle) * force[:, 2]
    z = np.sin(angle) * force[:, 1] + np.cos(angle) * force[:, 2]
    return np.stack([force[:, 0], y, z], axis=1)
