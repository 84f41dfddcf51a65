"""The people of a sample study: body, gait, and how they wear a sensor."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Person:
    """One participant. Angles are in radians, accelerations in g."""

    participant: str
    age: int
    sex: str  # F or M
    height_cm: int
    weight_kg: int
    preferred_mps: float
    walk_ratio: float  # step length / cadence, m per step per minute
    double_support_offset: float  # percent of a stride beside what the speed gives
    asymmetry: float  # share of a stride by which the left contact is late
    limp: float  # share by which the left foot pushes harder
    stride_cv: float  # deviation of the stride times / their mean
    impact_g: float  # height of the heel strike's ringing at 1 m/s
    impact_hz: float
    arm_swing: float  # amplitude at 1 m/s
    arm_length_m: float
    pronation: float  # turn of the hand about the forearm while it hangs
    restlessness: float  # factor on the movements at rest
    right_wrist: bool  # the mirror image of a left one: across the arm everything changes sign
    mount: np.ndarray  # (2, 3) rotation vectors of the wrist's and the back's sensor


@dataclass(frozen=True)
class Gait:
    """Steady walking at one speed; percentages are of a stride, from a heel to the same heel."""

    speed_mps: float
    stride_time_s: float
    double_support_pct: float

    @property
    def stance_pct(self) -> float:
        """Both feet together stand for 100 % and the two double supports; one foot for half of that."""
        return 50 + self.double_support_pct / 2

    @property
    def cadence_spm(self) -> float:
        """Steps a minute; a stride has two."""
        return 120 / self.stride_time_s


def draw_person(number: int, rng: np.random.Generator) -> Person:
    """Return the study's participant `number`, from 1."""
    sex = "F" if number % 2 else "M"
    age = int(rng.integers(22, 80))
    height = float(np.clip(rng.normal(164 if sex == "F" else 178, 6), 148, 200))
    mass_index = rng.normal(24.5, 3)
    return Person(
        participant=f"P{number:02d}",
        age=age,
        sex=sex,
        height_cm=round(height),
        weight_kg=round(float(np.clip(mass_index, 19, 34)) * (height / 100) ** 2),
        preferred_mps=1.32 - 0.004 * max(age - 40, 0) + rng.normal(0, 0.06),
        # About .0060 m per step/min in adults of 1.7 m, nearly the same at every speed (Sekiya 1997).
        walk_ratio=0.0060 * (height / 170) * (1 + rng.normal(0, 0.05)),
        double_support_offset=0.04 * (age - 50) + rng.normal(0, 1.0),
        asymmetry=rng.normal(0, 0.012),
        limp=rng.normal(0, 0.05),
        stride_cv=0.014 * float(np.exp(rng.normal(0, 0.3))),
        impact_g=0.6 * float(np.exp(rng.normal(0, 0.35))),
        impact_hz=rng.uniform(11, 17),
        arm_swing=np.radians(14) * float(np.exp(rng.normal(0, 0.45))),
        arm_length_m=0.0034 * height,
        pronation=rng.normal(0, 0.45),
        restlessness=float(np.exp(rng.normal(0, 0.5))),
        right_wrist=bool(rng.random() < 0.25),
        mount=rng.normal(0, 0.1, (2, 3)),
    )


def gait_at(person: Person, speed_mps: float, rng: np.random.Generator) -> Gait:
    """Return how the person walks at a speed.

    speed = step length x cadence / 60 with step length = walk ratio x cadence gives the cadence; double
    support falls by about 9 points a m/s, with a little that no sensor tells.
    """
    cadence = np.sqrt(60 * speed_mps / person.walk_ratio)
    double_support = 34.5 - 9 * speed_mps + person.double_support_offset + rng.normal(0, 0.5)
    return Gait(speed_mps, 120 / float(cadence), float(np.clip(double_support, 8, 40)))
