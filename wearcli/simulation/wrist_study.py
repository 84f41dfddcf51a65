"""The sample study of a weak pulse: how a heart beat moves the wrist, beside the PPG of the same minutes.

It answers how weak the pulse may be, and how coarse the sensor, for a method to find it. All else is the same
in two studies of one seed: hearts, movements and the random numbers of the noise.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from scipy.spatial.transform import Rotation, Slerp

from wearcli.seeds import generator
from wearcli.simulation.exercise import draw_exercise
from wearcli.simulation.files import write_parquet
from wearcli.simulation.heart import Heartbeats, Noise, beat_times, draw_heart, ppg_at, with_noise
from wearcli.simulation.heart_study import EPOCH_S, PPG_HZ, Rows, true_metrics
from wearcli.simulation.people import draw_person
from wearcli.simulation.walking import smooth_noise

ACC_HZ = 50.0
HEADING = "# A small made-up study of a weak pulse at the wrist"
START_S, APART_S = 6.0, (1.0, 5.0)  # within which the two sensors are switched on, and how far apart
CLOCK = 0.002  # share by which a sensor's true rate may be off
POSTURE_S = (50.0, 130.0)  # how long one is held
MOVED_SHARE, MOVEMENT_S, MOVEMENT_MG = 0.1, (2.0, 6.0), (15.0, 80.0)
BREATH_MG = (1.0, 2.0)
BEAT_SPREAD = 0.15  # deviation of the pulse's height from beat to beat
WAVE_S = 0.5  # after which nothing is left of a beat


@dataclass(frozen=True)
class WristPulse:
    """How a beat moves a wrist.

    Attributes:
        transit_s: From the R peak to the begin of the oscillation, s.
        hz: Frequency of the oscillation.
        decay_s: Its envelope is (t / decay) exp(1 - t / decay).
        direction: (3,) unit vector on the axes of the forearm.
    """

    transit_s: float
    hz: float
    decay_s: float
    direction: np.ndarray

    def wave(self, time: np.ndarray) -> np.ndarray:
        """Return the I, J and K waves at times (s since the begin); the highest value is 1."""
        fine = np.linspace(0, WAVE_S, 2001)
        return np.asarray(self._wave(time) / np.abs(self._wave(fine)).max())

    def _wave(self, time: np.ndarray) -> np.ndarray:
        since = np.maximum(time, 0) / self.decay_s
        return np.asarray(-since * np.exp(1 - since) * np.sin(2 * np.pi * self.hz * time))


def write_wrist_study(
    into: Path,
    participants: int,
    seed: int,
    minutes: float = 10.0,
    pulse_mg: float = 3.0,
    step_mg: float = 1.0,
    noise_mg: float = 1.0,
    exercise: float = 0.0,
    rate_hz: float = ACC_HZ,
) -> tuple[dict[str, Rows], float]:
    """Write the signals of the study of a weak pulse.

    Args:
        into: The folder.
        participants: Number of participants.
        seed: Of the study.
        minutes: Length of a recording.
        pulse_mg: Height of a usual beat in the acceleration.
        step_mg: Resolution of the accelerometer; 0: none.
        noise_mg: Deviation of its white noise on an axis.
        exercise: Share of the time in walks and runs, whose swing of the arm leaks into the PPG, 0 to 1.
        rate_hz: Nominal rate of the accelerometer.

    Returns:
        The rows of the study's tables by name, and the seconds recorded.
    """
    seconds = 60 * minutes
    tables: dict[str, Rows] = {name: [] for name in ("participants", "recordings", "heart")}
    for number in range(1, participants + 1):
        rng = generator(seed, "sample wrist", number)
        person = draw_person(number, rng)
        about = (person.age, person.sex, person.height_cm, person.weight_kg)
        heart = draw_heart(*about, False, rng)
        rhythm = replace(heart.rhythm, bpm=rng.uniform(55, 95), drift_bpm=rng.uniform(7, 14), ectopic=0.0)
        beats = beat_times(rhythm, seconds + START_S, rng)
        pulse = draw_pulse(rng)
        starts = rng.permutation([0.0, rng.uniform(*APART_S)]) + rng.uniform(0, START_S - APART_S[1])
        starts = np.round(starts, 6)  # as the stamps
        rates = np.array([rate_hz, PPG_HZ]) * (1 + rng.uniform(-CLOCK, CLOCK, 2))
        acc_time, ppg_time = (
            start + np.arange(int(np.ceil(seconds * rate))) / rate
            for start, rate in zip(starts, rates, strict=True)
        )
        moves = draw_movements(seconds + START_S, rng)
        arm = wrist_without_pulse(acc_time, moves, rhythm.breath_hz, rate_hz, rng)
        ppg = with_noise(ppg_at(ppg_time, beats, heart.vessels), PPG_HZ, Noise(0.03, 0.4), rng)
        ppg += ppg.std() * _envelope(ppg_time, moves) * smooth_noise(len(ppg), 3.0, PPG_HZ, rng)
        heights = 1 + BEAT_SPREAD * np.clip(rng.standard_normal(len(beats.times)), -3, 3)
        white = rng.standard_normal((len(acc_time), 3))
        forearm = arm.force + 1e-3 * pulse_mg * np.outer(
            pulse_train(acc_time, beats, pulse, heights), pulse.direction
        )
        if exercise:
            # A stream of its own: hearts, movements and noise are those of the study without exercise.
            moves_rng = generator(seed, "sample wrist exercise", number)
            bouts = draw_exercise(person, seconds + START_S, exercise, rate_hz, moves_rng)
            share, swing, _ = bouts.at(acc_time)
            forearm = (1 - share)[:, None] * forearm + share[:, None] * swing
            ppg += ppg.std() * bouts.at(ppg_time)[2]
        values = 1e3 * arm.turn.apply(forearm) + noise_mg * white
        values = np.rint(values / step_mg) * step_mg if step_mg else values
        recording = person.participant
        tables["participants"].append(
            dict(
                zip(("participant", "age", "sex", "height_cm", "weight_kg"), (recording, *about), strict=True)
            )
        )
        midday = datetime(2025, 4, 7, 12, 0, tzinfo=UTC) + timedelta(days=number)
        signals = (
            ("acc", rate_hz, acc_time, {axis: 1e-3 * values[:, i] for i, axis in enumerate("xyz")}),
            ("ppg", float(PPG_HZ), ppg_time, {"ppg": np.rint(20_000 + 800 * ppg)}),
        )
        for name, nominal_hz, time, columns in signals:
            file = f"{recording}.{name}.parquet"
            _write(into / file, midday, time, columns)
            tables["recordings"].append(
                {
                    "recording": recording,
                    "file": file,
                    "participant": recording,
                    "placement": "wrist",
                    "rate_hz": nominal_hz,
                    "start": (midday + timedelta(seconds=time[0])).isoformat(),
                }
            )
        for onset in np.arange(0, seconds - EPOCH_S + 1e-6, EPOCH_S).tolist():
            metrics = true_metrics(beats, starts[0] + onset)
            tables["heart"].append({"recording": recording, "onset": onset, "duration": EPOCH_S, **metrics})
    return tables, seconds * participants


def draw_pulse(rng: np.random.Generator) -> WristPulse:
    """Return how the beats move one person's wrist: 5 to 8 Hz, over within half a second."""
    direction = rng.standard_normal(3)
    return WristPulse(
        transit_s=rng.uniform(0.12, 0.22),
        hz=rng.uniform(5.0, 8.0),
        decay_s=rng.uniform(0.05, 0.07),
        direction=direction / np.linalg.norm(direction),
    )


def pulse_train(time: np.ndarray, beats: Heartbeats, pulse: WristPulse, heights: np.ndarray) -> np.ndarray:
    """Return (samples,) at the times (s): the sum of the beats' waves, with the heights (beats,)."""
    signal = np.zeros(len(time))
    for begin, height in zip(beats.times + pulse.transit_s, heights, strict=True):
        part = slice(*np.searchsorted(time, (begin, begin + WAVE_S)))
        signal[part] += height * pulse.wave(time[part] - begin)
    return signal


def draw_movements(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Return (movements, 3): begin (s), duration (s) and size (mg) of small movements of the arm."""
    usual_s = sum(MOVEMENT_S) / 2
    count = rng.poisson(MOVED_SHARE * seconds / usual_s)
    rows = [rng.uniform(0, seconds, count), rng.uniform(*MOVEMENT_S, count), rng.uniform(*MOVEMENT_MG, count)]
    return np.stack(rows, axis=1)


@dataclass(frozen=True)
class Arm:
    """The motion of a forearm.

    Attributes:
        force: (samples, 3) g on the forearm's axes.
        turn: For every sample the rotation from these axes to the sensor's.
    """

    force: np.ndarray
    turn: Rotation


def wrist_without_pulse(
    time: np.ndarray, moves: np.ndarray, breath_hz: float, rate_hz: float, rng: np.random.Generator
) -> Arm:
    """Return the motion of the wrist of a person at rest at the times (s), without heart beats.

    A posture turns the sensor, gravity and pulse with it, until the next; breathing tilts the forearm.
    """
    changes = np.cumsum(rng.uniform(*POSTURE_S, int(time[-1] / POSTURE_S[0]) + 2))
    postures = Rotation.random(len(changes) + 1, random_state=rng)
    taken_s = rng.uniform(1.0, 2.0, len(changes))
    place = np.zeros(len(time))  # 0 in the first posture, 1 in the second, between while the arm turns
    for change, turn_s in zip(changes, taken_s, strict=True):
        reached = np.clip((time - change) / turn_s, 0, 1)
        place += reached**3 * (10 - 15 * reached + 6 * reached**2)
    turn = Slerp(np.arange(len(postures)), postures)(place)
    tilt = 1e-3 * rng.uniform(*BREATH_MG) * np.sin(2 * np.pi * (breath_hz * time + rng.random()))
    force = np.stack([np.sin(tilt), np.zeros(len(time)), np.cos(tilt)], axis=1)
    sizes = 1e-3 * _envelope(time, moves, moves[:, 2])
    for axis in range(3):
        force[:, axis] += sizes * smooth_noise(len(time), 3.0, rate_hz, rng)
    return Arm(force, turn)


def _envelope(time: np.ndarray, moves: np.ndarray, sizes: np.ndarray | float = 1.0) -> np.ndarray:
    """(samples,): a bell in every movement, with its size; 0 between them."""
    envelope = np.zeros(len(time))
    for begin, duration, size in np.broadcast(moves[:, 0], moves[:, 1], sizes):
        part = slice(*np.searchsorted(time, (begin, begin + duration)))
        envelope[part] += size * np.sin(np.pi * (time[part] - begin) / duration) ** 2
    return envelope


def _write(path: Path, origin: datetime, time: np.ndarray, columns: dict[str, np.ndarray]) -> None:
    stamps = int(origin.timestamp() * 1_000_000) + np.rint(1e6 * time).astype(np.int64)
    narrow = {name: values.astype(np.float32) for name, values in columns.items()}
    write_parquet(path, pa.array(stamps, pa.timestamp("us", tz="UTC")), narrow)


def wrist_readme(
    participants: int,
    seed: int,
    minutes: float,
    pulse_mg: float,
    step_mg: float,
    noise_mg: float,
    exercise: float,
) -> str:
    """Return the text of the study's README.md."""
    return f"""{HEADING}

{participants} participants, nobody real: drawn and simulated by

    wearcli sample DIR --study wrist --participants {participants} --seed {seed} --minutes {minutes:g} \\
        --pulse-mg {pulse_mg:g} --step-mg {step_mg:g} --noise-mg {noise_mg:g} --exercise {exercise:g}

which writes this folder again. The code is `wearcli/simulation/` (heart, wrist_study, people). Free of
rights: CC0 1.0.

| file | what |
|---|---|
| `P01.acc.parquet` | {minutes:g} minutes of acceleration at the wrist, about {ACC_HZ:g} Hz, g |
| `P01.ppg.parquet` | the PPG beside it, about {PPG_HZ} Hz, counts of light |
| `heart.csv` | heart rate, SDNN and RMSSD of each minute, from the beats as they were drawn |
| `recordings.csv`, `participants.csv` | which files are one recording, and who is who |

The two sensors of a recording are switched on some seconds apart, and their true rates differ by up to
{100 * CLOCK:g} % from what `recordings.csv` says; the time stamps are true. Onsets in `heart.csv` are seconds
from the start of the ACCELERATION.

What is in the acceleration:

- gravity, whose direction changes with the posture every minute or two;
- a tilt of {BREATH_MG[0]:g} to {BREATH_MG[1]:g} mg with each breath;
- movements of the arm, of some seconds and up to {MOVEMENT_MG[1]:g} mg, {100 * MOVED_SHARE:g} % of the time;
- each beat: a damped wave of 5 to 8 Hz, {pulse_mg:g} mg high give or take {100 * BEAT_SPREAD:g} %, that
  begins 0.12 to 0.22 s after the R peak, in a direction that is the person's own and turns with the posture;
- white noise of {noise_mg:g} mg an axis, and steps of {step_mg:g} mg;
- walks and runs of two minutes, {100 * exercise:g} % of the time.

The PPG is that of the study of hearts, disturbed by the same movements and by the swing of the arm. The
heart rate of each person drifts over minutes, by 7 to 14 bpm (one deviation) around a mean of 55 to 95.

Another pulse, step or noise with the same seed gives the same hearts, movements and draws of noise.

What is not: a heart that beats faster in a run, early beats, arrhythmia, lost contact, a pulse whose shape
changes with the posture.
Scores on this study say how weak a pulse a method finds, nothing about people.
"""
