"""Simulated hearts as a study's files: PPG or ECG, and acceleration beside them, each with a start."""

from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.signals.beats import Pulse
from wearcli.simulation.heart import (
    Heartbeats,
    Noise,
    Rhythm,
    Vessels,
    beat_times,
    ecg_signal,
    ppg_signal,
    with_noise,
)

BEGAN = pd.Timestamp("2024-05-01T10:00:17.250", tz="UTC").timestamp()
RATES: dict[Pulse, float] = {"ppg": 64.0, "ecg": 128.0}


def drawn_heart(seed: int, seconds: float, **rhythm: float) -> Heartbeats:
    rng = np.random.default_rng(seed)
    told = {"bpm": rng.uniform(52, 105), "breath": rng.uniform(0.01, 0.05), **rhythm}
    return beat_times(Rhythm(**told), seconds, rng)  # type: ignore[arg-type]


def signal_of(beats: Heartbeats, kind: Pulse, noise: Noise, seed: int = 0) -> np.ndarray:
    """(samples,) at the rate of `RATES`."""
    rate = RATES[kind]
    clean = ppg_signal(beats, rate) if kind == "ppg" else ecg_signal(beats, rate)
    return with_noise(clean, rate, noise, np.random.default_rng(seed))


def seen_at(beats: Heartbeats, kind: Pulse) -> np.ndarray:
    """(beats,) s at which the sensor sees them."""
    return beats.times + (Vessels().transit_s if kind == "ppg" else 0.0)


def truth_of(times: np.ndarray, begin: float, seconds: float) -> np.ndarray:
    """hr_bpm, sdnn_ms, rmssd_ms of all intervals between the beats of a stretch."""
    rr = np.diff(times[(times >= begin) & (times < begin + seconds)])
    return np.array([60 / rr.mean(), 1e3 * rr.std(ddof=1), 1e3 * np.sqrt(np.mean(np.diff(rr) ** 2))])


def write_signal(path: Path, values: np.ndarray, rate_hz: float, began: float | None = BEGAN) -> Path:
    """A Parquet of time stamps (None: seconds from the start) and a column a channel."""
    names = ["x", "y", "z"] if values.ndim == 2 else [path.name.split(".")[-2]]
    frame = pd.DataFrame(values.reshape(len(values), -1), columns=names)
    seconds = np.arange(len(values)) / rate_hz
    if began is None:
        frame.insert(0, "time", seconds)
    else:
        stamps = pd.to_datetime(np.round((began + seconds) * 1e6).astype("int64"), unit="us", utc=True)
        frame.insert(0, "time", stamps)
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path)
    return path


def write_acc(path: Path, seconds: float, began: float | None = BEGAN) -> Path:
    values = np.random.default_rng(0).normal(scale=0.01, size=(round(seconds * 32), 3)) + [0, 0, 1]
    return write_signal(path, values, 32.0, began)
