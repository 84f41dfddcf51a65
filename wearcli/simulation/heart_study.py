"""The sample study of hearts: two minutes of ECG and PPG of each participant, as files and tables."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.seeds import generator
from wearcli.simulation.files import write_csv_gz, write_parquet
from wearcli.simulation.heart import (
    Heartbeats,
    Noise,
    beat_times,
    draw_heart,
    ecg_signal,
    ppg_signal,
    with_noise,
)
from wearcli.simulation.people import draw_person
from wearcli.simulation.walking import smooth_noise

SECONDS, EPOCH_S = 120.0, 60.0
ECG_HZ, PPG_HZ = 128, 64
MOTION_S = 12.0  # the arm moves for as long
HEADING = "# A small made-up study of hearts"
Rows = list[dict[str, object]]


def write_heart_study(into: Path, participants: int, seed: int) -> tuple[dict[str, Rows], float]:
    """Write the signals of the study of hearts; every third participant's heart fibrillates.

    Args:
        into: The folder.
        participants: Number of participants.
        seed: Of the study.

    Returns:
        The rows of the study's tables by name, and the seconds recorded.
    """
    tables: dict[str, Rows] = {name: [] for name in ("participants", "recordings", "labels", "heart")}
    for number in range(1, participants + 1):
        rng = generator(seed, "sample heart", number)
        person = draw_person(number, rng)
        about = (person.age, person.sex, person.height_cm, person.weight_kg)
        heart = draw_heart(*about, number % 3 == 0, rng)
        beats = beat_times(heart.rhythm, SECONDS, rng)
        ecg = with_noise(ecg_signal(beats, ECG_HZ, heart.leads), ECG_HZ, Noise(0.08, 0.4), rng)
        ppg = with_noise(ppg_signal(beats, PPG_HZ, heart.vessels), PPG_HZ, Noise(0.03, 0.4), rng)
        ppg = _moved(ppg, rng)
        recording = person.participant
        tables["participants"].append(
            dict(
                zip(("participant", "age", "sex", "height_cm", "weight_kg"), (recording, *about), strict=True)
            )
        )
        start = datetime(2025, 4, 7, 10, 0, tzinfo=UTC) + timedelta(days=number)
        # A watch counts light; an ECG comes in steps of 5 uV.
        signals = (
            ("ecg", "chest", ECG_HZ, np.round(ecg / 0.005) * 0.005, number % 2 == 0),
            ("ppg", "wrist", PPG_HZ, np.rint(20_000 + 800 * ppg), number % 2 == 1),
        )
        for name, placement, rate_hz, values, as_text in signals:
            tables["recordings"].append(
                {
                    "recording": recording,
                    "file": _write_signal(into, f"{recording}.{name}", start, rate_hz, values, as_text),
                    "participant": recording,
                    "placement": placement,
                    "rate_hz": rate_hz,
                    "start": start.isoformat(),
                }
            )
        label = "AF" if heart.rhythm.fibrillating else "normal"
        tables["labels"].append({"recording": recording, "onset": 0.0, "duration": SECONDS, "label": label})
        for onset in np.arange(0, SECONDS, EPOCH_S).tolist():
            tables["heart"].append(
                {"recording": recording, "onset": onset, "duration": EPOCH_S, **true_metrics(beats, onset)}
            )
    return tables, SECONDS * participants


def true_metrics(beats: Heartbeats, onset: float, duration: float = EPOCH_S) -> dict[str, float]:
    """Return rate and variability of all intervals between the beats of a stretch, ectopic ones too.

    Args:
        beats: The beats.
        onset: Where the stretch begins, s.
        duration: How long it is, s.
    """
    intervals = np.diff(beats.within(onset, duration))
    return {
        "hr_bpm": round(60 / float(intervals.mean()), 2),
        "sdnn_ms": round(1e3 * float(intervals.std(ddof=1)), 2),
        "rmssd_ms": round(1e3 * float(np.sqrt(np.square(np.diff(intervals)).mean())), 2),
    }


def _moved(ppg: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The PPG with a stretch in which the arm moves, at a random place."""
    samples = round(MOTION_S * PPG_HZ)
    begin = int(rng.integers(len(ppg) - samples))
    swing = smooth_noise(samples, 3.0, PPG_HZ, rng) * np.hanning(samples) ** 0.25
    moved = ppg.copy()
    moved[begin : begin + samples] += 3 * ppg.std() * swing
    return moved


def _write_signal(
    into: Path, name: str, start: datetime, rate_hz: int, values: np.ndarray, as_text: bool
) -> str:
    """Write one signal in one of the formats that studies mix; return the file's name."""
    signal = name.rpartition(".")[2]
    if as_text:
        seconds = np.arange(len(values)) / rate_hz
        write_csv_gz(into / f"{name}.csv.gz", pd.DataFrame({"time": seconds, signal: values.round(3)}))
        return f"{name}.csv.gz"
    began = int(start.timestamp() * 1_000_000)
    stamps = began + np.rint(np.arange(len(values)) * 1e6 / rate_hz).astype(np.int64)
    column = {signal: values.astype(np.float32)}
    write_parquet(into / f"{name}.parquet", pa.array(stamps, pa.timestamp("us", tz="UTC")), column)
    return f"{name}.parquet"


def heart_readme(participants: int, seed: int) -> str:
    """Return the text of the study's README.md."""
    return f"""{HEADING}

{participants} participants, nobody real: drawn and simulated by

    wearcli sample DIR --study heart --participants {participants} --seed {seed}

which writes this folder again. The code is `wearcli/simulation/` (heart, heart_study, people). Free of
rights: CC0 1.0.

| file | what |
|---|---|
| `P01.ecg.*` | two minutes of one lead, {ECG_HZ} Hz, mV |
| `P01.ppg.*` | the same two minutes at the wrist, {PPG_HZ} Hz, counts of light |
| `labels.csv` | `AF` or `normal`, of each recording as a whole; every third participant has AF |
| `heart.csv` | heart rate, SDNN and RMSSD of each minute, from the beats as they were drawn, early ones too |
| `recordings.csv`, `participants.csv` | which files are one recording, and who is who |

Formats are mixed as in a real study: Parquet with time stamps, `.csv.gz` with seconds.

What is in the signals: beats whose intervals move with breathing and slow waves, early beats in some people,
intervals without order in AF; P, Q, R, S and T as bells, no P but small fast waves in AF; a pulse of three
waves that arrives a transit time later and is weaker after a short interval; white noise, a wandering
baseline and {MOTION_S:g} s of a moving arm in each PPG. Heart rate goes loosely with body mass and sex,
breathing's share and the shape of the pulse with age.

What is not: other arrhythmias, lost contact, clipping, posture, days. Scores on this study say that the
commands work, nothing about people.
"""
