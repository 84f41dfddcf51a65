"""Recordings of the sample study: a day at the wrist, walks at the lower back."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from scipy.signal import resample_poly
from scipy.spatial.transform import Rotation

from wearcli.simulation.activities import ACTIVITIES, still
from wearcli.simulation.people import Person, gait_at
from wearcli.simulation.walking import draw_strides, smooth_noise, trunk_force

RATE_HZ = 200  # of the simulation; a sensor's own low-pass filter comes with the resampling
CORRIDOR_M = 22.0
PACES = (0.75, 0.88, 1.0, 1.0, 1.14, 1.28)  # of the preferred speed, one walk each


@dataclass(frozen=True)
class Sensor:
    """A device: rate, range, resolution and noise; all but the rate in g."""

    rate_hz: int
    range_g: float
    step_g: float
    noise_g: float


WATCH = Sensor(50, 8, 1 / 1024, 0.004)
BELT = Sensor(100, 8, 1 / 1024, 0.004)
EMPATICA = Sensor(32, 2, 1 / 64, 0.005)


@dataclass(frozen=True)
class Take:
    """One recording before it is written.

    Attributes:
        recording: Its name.
        placement: Where the sensor is worn.
        sensor: The device.
        start: UTC.
        values: (samples, 3) g.
        intervals: Onset (s), duration (s) and the labels or metrics of every interval.
    """

    recording: str
    placement: str
    sensor: Sensor
    start: datetime
    values: np.ndarray
    intervals: list[tuple[float, float, dict[str, object]]]


def daily(number: int, person: Person, rng: np.random.Generator) -> Take:
    """Return the wrist in every activity, in a random order, with a few unlabelled seconds between."""
    sensor = EMPATICA if number % 10 == 0 else WATCH
    pieces: list[np.ndarray] = []
    intervals: list[tuple[float, float, dict[str, object]]] = []
    onset = 0.0
    for activity in rng.permutation(list(ACTIVITIES)):
        pause, duration = int(rng.integers(5, 9)), int(rng.integers(55, 81))
        pieces += [
            still("standing", person, pause * RATE_HZ, RATE_HZ, rng),
            ACTIVITIES[activity](person, duration * RATE_HZ, RATE_HZ, rng),
        ]
        intervals.append((onset + pause, float(duration), {"label": str(activity)}))
        onset += pause + duration
    force = _blended(pieces)
    if person.right_wrist:
        force = force * (1, -1, 1)
    start = datetime(2025, 3, 3, 9, 0, tzinfo=UTC) + timedelta(days=number)
    values = measure(force, person.mount[0], sensor, rng)
    return Take(f"{person.participant}_daily", "wrist", sensor, start, values, intervals)


def walks(number: int, person: Person, rng: np.random.Generator) -> Take:
    """Return the lower back in straight walks at six paces, with a stop and a turn between them."""
    pieces: list[np.ndarray] = []
    intervals: list[tuple[float, float, dict[str, object]]] = []
    onset = 0.0
    for pace in rng.permutation(PACES):
        speed = person.preferred_mps * pace * (1 + rng.normal(0, 0.03))
        gait = gait_at(person, speed, rng)
        pause = int(rng.integers(4, 7))
        samples = int(CORRIDOR_M / speed * RATE_HZ)
        strides = draw_strides(gait.stride_time_s, person.stride_cv, samples, RATE_HZ, rng)
        turning = np.tile([1.0, 0.0, 0.0], (pause * RATE_HZ, 1))
        shuffle = np.sin(np.linspace(0, np.pi, len(turning))) ** 2
        for axis, size in enumerate((0.03, 0.05, 0.06)):
            turning[:, axis] += size * shuffle * smooth_noise(len(turning), 3.0, RATE_HZ, rng)
        pieces += [turning, trunk_force(person, gait, strides, RATE_HZ, rng)]
        stride_time = float(strides.times.mean())
        truth: dict[str, object] = {
            "stride_time_s": round(stride_time, 4),
            "cadence_spm": round(120 / stride_time, 2),
            "stance_pct": round(gait.stance_pct, 2),
            "double_support_pct": round(gait.double_support_pct, 2),
            "walking_speed_mps": round(speed, 3),
        }
        intervals.append((round(onset + pause, 3), round(samples / RATE_HZ, 3), truth))
        onset += pause + samples / RATE_HZ
    pieces.append(np.tile([1.0, 0.0, 0.0], (3 * RATE_HZ, 1)))
    force = _blended(pieces)[:, [0, 2, 1]]  # the belt's axes: up, left, forward
    start = datetime(2025, 3, 3, 14, 0, tzinfo=UTC) + timedelta(days=number)
    values = measure(force, person.mount[1], BELT, rng)
    return Take(f"{person.participant}_walks", "lower_back", BELT, start, values, intervals)


def measure(force: np.ndarray, mount: np.ndarray, sensor: Sensor, rng: np.random.Generator) -> np.ndarray:
    """Return what a sensor measures, (samples, 3) g.

    The device slips by about two degrees on the way; it has a gain, an offset, noise, a range and a step.

    Args:
        force: (samples at RATE_HZ, 3) g on the body's axes.
        mount: Rotation vector (3,) by which the device sits askew.
        sensor: The device.
        rng: Random numbers.
    """
    slip = rng.normal(0, np.radians(2), 3) * np.linspace(0, 1, len(force))[:, None]
    turned = Rotation.from_rotvec(mount + slip).apply(force)
    sampled = resample_poly(turned, sensor.rate_hz, RATE_HZ, axis=0, padtype="line")
    measured = sampled * (1 + rng.normal(0, 0.006, 3)) + rng.normal(0, 0.012, 3)
    measured += sensor.noise_g * rng.standard_normal(measured.shape)
    limit = sensor.range_g - sensor.step_g
    return np.asarray(np.clip(np.rint(measured / sensor.step_g) * sensor.step_g, -sensor.range_g, limit))


def _blended(pieces: list[np.ndarray]) -> np.ndarray:
    """The pieces one after another, each fading in over half a second from the end of the one before."""
    ramp = np.linspace(0, 1, RATE_HZ // 2)[:, None]
    for before, after in pairwise(pieces):
        ended = before[-RATE_HZ // 2 :].mean(axis=0)
        after[: len(ramp)] = (1 - ramp) * ended + ramp * after[: len(ramp)]
    return np.concatenate(pieces)
