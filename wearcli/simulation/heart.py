"""Simulated ECG and PPG: the beats of a heart, and what two sensors measure.

The beats come first and both signals are made from them, so that the truth of every window is known. No lag,
width or height comes from a person: they are round numbers within what textbooks give for adults.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from wearcli.simulation.walking import smooth_noise

MARGIN_S = 3.0  # beats before and after a recording, whose waves reach into it
SHORTEST_S = 0.34  # between two beats: a heart cannot follow faster atria
EARLY, PAUSE = 0.65, 1.35  # an ectopic beat's interval and the one after it, of the usual
DRIFT_S = 240.0  # the rate drifts in waves of this length and longer
DRIFT_BPM = (42.0, 150.0)  # no further than that


@dataclass(frozen=True)
class Rhythm:
    """How a heart beats.

    Attributes:
        bpm: Beats a minute of the usual interval.
        breath: Deviation of the intervals with breathing, as a share of the interval.
        breath_hz: Breaths a second.
        slow: Deviation with waves of ten seconds, as a share of the interval.
        jitter: Deviation from beat to beat, as a share of the interval.
        ectopic: Chance that a beat comes early.
        fibrillating: Intervals have no order; of the other fields only bpm counts.
        drift_bpm: Deviation of the rate over minutes.
    """

    bpm: float = 66.0
    breath: float = 0.03
    breath_hz: float = 0.25
    slow: float = 0.02
    jitter: float = 0.008
    ectopic: float = 0.0
    fibrillating: bool = False
    drift_bpm: float = 0.0


@dataclass(frozen=True)
class Heartbeats:
    """The beats of a recording, and of `MARGIN_S` around it.

    Attributes:
        seconds: Length of the recording.
        times: (beats,) s, of the R peaks.
        early: (beats,) bool, the ectopic ones.
        fibrillating: Whether the heart fibrillates.
    """

    seconds: float
    times: np.ndarray
    early: np.ndarray
    fibrillating: bool = False

    @property
    def intervals(self) -> np.ndarray:
        """(beats,) s from the beat before; the first beat has the value of the second."""
        steps = np.diff(self.times)
        return np.concatenate([steps[:1], steps])

    def within(self, onset: float, duration: float) -> np.ndarray:
        """Return the times of the beats in a stretch, s from its onset."""
        inside = (self.times >= onset) & (self.times < onset + duration)
        return self.times[inside] - onset


@dataclass(frozen=True)
class Leads:
    """Heights of the waves in one lead of an ECG, mV."""

    p: float = 0.12
    q: float = -0.10
    r: float = 1.0
    s: float = -0.22
    t: float = 0.28


@dataclass(frozen=True)
class Vessels:
    """How a beat arrives at the skin.

    Attributes:
        transit_s: From the R peak to the steepest rise, s.
        reflected: Height of the second wave, as a share of the first.
        dicrotic: Height of the third wave, as a share of the first.
    """

    transit_s: float = 0.25
    reflected: float = 0.5
    dicrotic: float = 0.25


@dataclass(frozen=True)
class Noise:
    """What a sensor adds, in units of the signal's deviation: white noise, and a wander below 0.4 Hz."""

    white: float = 0.0
    wander: float = 0.0


@dataclass(frozen=True)
class Heart:
    """The heart of a participant."""

    rhythm: Rhythm
    leads: Leads = field(default_factory=Leads)
    vessels: Vessels = field(default_factory=Vessels)


def draw_heart(
    age: int, sex: str, height_cm: float, weight_kg: float, fibrillating: bool, rng: np.random.Generator
) -> Heart:
    """Return a heart that goes loosely with the person.

    The rate rises with the body mass index and is higher in women; breathing moves the rate of the young
    more; vessels stiffen with age, so that the pulse comes sooner, its reflection is higher and the dicrotic
    wave fades; more body mass makes the ECG smaller.
    """
    heaviness = weight_kg / (height_cm / 100) ** 2 - 24.5
    years = age - 50
    bpm = 66 + 0.7 * heaviness + (2.5 if sex == "F" else -2.5) + rng.normal(0, 5)
    rhythm = Rhythm(
        bpm=float(np.clip(bpm + (16 if fibrillating else 0), 48, 120)),
        breath=0.03 * float(np.exp(-0.02 * years + rng.normal(0, 0.3))),
        breath_hz=rng.uniform(0.18, 0.32),
        slow=0.02 * float(np.exp(rng.normal(0, 0.3))),
        ectopic=rng.choice([0.0, 0.0, 0.03, 0.08]),
        fibrillating=fibrillating,
    )
    size = float(np.exp(-0.02 * heaviness + rng.normal(0, 0.15)))
    leads = Leads(
        *(size * height * float(np.exp(rng.normal(0, 0.2))) for height in (0.12, -0.1, 1.0, -0.22, 0.28))
    )
    vessels = Vessels(
        transit_s=0.25 + 0.0007 * (height_cm - 170) - 0.001 * years + rng.normal(0, 0.01),
        reflected=float(np.clip(0.5 + 0.006 * years + rng.normal(0, 0.05), 0.2, 0.85)),
        dicrotic=float(np.clip(0.25 - 0.004 * years + rng.normal(0, 0.03), 0.05, 0.45)),
    )
    return Heart(rhythm, leads, vessels)


def beat_times(rhythm: Rhythm, seconds: float, rng: np.random.Generator) -> Heartbeats:
    """Return random beats of so many seconds."""
    usual_at = _usual_interval(rhythm, seconds, rng)
    breath, slow = rng.uniform(0, 2 * np.pi, 2)
    times, early = [-MARGIN_S - usual_at(0) * rng.random()], [False]
    while times[-1] < seconds + MARGIN_S:
        now = times[-1]
        step = usual = usual_at(now)
        comes_early = False
        if rhythm.fibrillating:
            step *= float(np.exp(rng.normal(0, 0.22)))
        else:
            step *= 1 + rhythm.jitter * rng.normal()
            step += usual * np.sqrt(2) * rhythm.breath * np.sin(2 * np.pi * rhythm.breath_hz * now + breath)
            step += usual * np.sqrt(2) * rhythm.slow * np.sin(2 * np.pi * 0.1 * now + slow)
            comes_early = not early[-1] and rng.random() < rhythm.ectopic
            step *= EARLY if comes_early else PAUSE if early[-1] else 1
        times.append(now + max(step, SHORTEST_S))
        early.append(comes_early)
    return Heartbeats(seconds, np.array(times), np.array(early), rhythm.fibrillating)


def _usual_interval(rhythm: Rhythm, seconds: float, rng: np.random.Generator) -> Callable[[float], float]:
    """A function of time (s): the usual interval (s)."""
    if not rhythm.drift_bpm:
        return lambda now: 60 / rhythm.bpm
    times = np.arange(-MARGIN_S - 2, seconds + MARGIN_S + 2)
    drift = rhythm.drift_bpm * smooth_noise(len(times), 1 / DRIFT_S, 1.0, rng)
    bpm = np.clip(rhythm.bpm + drift, *DRIFT_BPM)
    return lambda now: 60 / float(np.interp(now, times, bpm))


def ecg_signal(beats: Heartbeats, rate_hz: float, leads: Leads = Leads()) -> np.ndarray:
    """Return (samples,) mV without noise: P, Q, R, S and T of every beat.

    P and T are nearer in a faster heart. An early beat is tall and broad, without P, its T inverted. In
    fibrillation there is no P, but small waves of the atria, about six a second.
    """
    time = np.arange(round(beats.seconds * rate_hz)) / rate_hz
    pace = np.sqrt(np.minimum(beats.intervals, 1.2))
    following = np.sqrt(np.minimum(np.append(beats.intervals[1:], 1.0), 1.2))
    tall, broad, turned = (np.where(beats.early, factor, 1.0) for factor in (1.6, 2.2, -1.0))
    atrial = np.where(beats.early | beats.fibrillating, 0.0, 1.0)
    signal = np.zeros(len(time))
    for lag_s, width_s, height in (
        (-0.17 * pace, 0.025, leads.p * atrial),
        (-0.028 * broad, 0.010 * broad, leads.q),
        (0.0, 0.011 * broad, leads.r * tall),
        (0.030 * broad, 0.011 * broad, leads.s * tall),
        (0.29 * following, 0.055 * following, leads.t * turned),
    ):
        _add_waves(signal, time, beats.times + lag_s, width_s, height)
    if beats.fibrillating:
        phase = 2 * np.pi * 6.1 * time + 1.5 * np.sin(2 * np.pi * 0.37 * time)
        signal += 0.04 * (1 + 0.4 * np.sin(2 * np.pi * 0.23 * time)) * np.sin(phase)
    return signal


def ppg_signal(beats: Heartbeats, rate_hz: float, vessels: Vessels = Vessels()) -> np.ndarray:
    """Return `ppg_at` at an even rate, for the length of the beats."""
    return ppg_at(np.arange(round(beats.seconds * rate_hz)) / rate_hz, beats, vessels)


def ppg_at(time: np.ndarray, beats: Heartbeats, vessels: Vessels = Vessels()) -> np.ndarray:
    """Return (samples,) of PPG without noise at the times (s).

    A usual beat is about 1 high, and higher the longer the heart had to fill.
    """
    filled = np.clip(beats.intervals / np.median(beats.intervals), 0.3, 1.5) ** 0.7
    pace = np.sqrt(np.minimum(np.append(beats.intervals[1:], 1.0), 1.2))
    signal = np.zeros(len(time))
    rise_s = 0.065  # the steepest place of a bell is its width before its top
    for lag_s, width_s, height in (
        (rise_s, rise_s, 1.0),
        (0.10 + 0.13 * pace, 0.10, vessels.reflected),
        (0.10 + 0.32 * pace, 0.08, vessels.dicrotic),
    ):
        tops = beats.times + vessels.transit_s + lag_s
        _add_waves(signal, time, tops, width_s, height * filled)
    return signal


def with_noise(signal: np.ndarray, rate_hz: float, noise: Noise, rng: np.random.Generator) -> np.ndarray:
    """Return (samples,) with the noise that a sensor adds."""
    white = noise.white * rng.standard_normal(len(signal))
    wander = noise.wander * smooth_noise(len(signal), 0.4, rate_hz, rng)
    return np.asarray(signal + signal.std() * (white + wander))


def _add_waves(
    signal: np.ndarray,
    time: np.ndarray,
    tops: np.ndarray,
    widths: np.ndarray | float,
    heights: np.ndarray | float,
) -> None:
    """Add a bell a beat to a signal, in place; tops and widths in s, on the clock of time (samples,)."""
    for top, width, height in np.broadcast(tops, widths, heights):
        part = slice(*np.searchsorted(time, (top - 5 * width, top + 5 * width)))
        signal[part] += height * np.exp(-0.5 * ((time[part] - top) / width) ** 2)
