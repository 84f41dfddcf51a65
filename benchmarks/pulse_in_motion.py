"""How many minutes of PPG under movement `heart-truth` keeps, and how many of them are right.

    python benchmarks/pulse_in_motion.py STUDY OUT [--seed 0]

STUDY holds real recordings of acceleration at the wrist with a labels.csv (one label a recording is enough).
The heart is simulated, so that its beats are known: each recording of two minutes and more gets a PPG,
into which the recorded movement leaks as in `wearcli sample --study wrist --exercise`. `heart-truth` then
reads the PPG alone, and with the acceleration beside it. A minute is right within 5 beats a minute.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd

import wearcli
from wearcli.recordings.open import open_recording
from wearcli.recordings.study.discovery import find_recordings
from wearcli.seeds import generator
from wearcli.signals.cutting import iter_windows
from wearcli.signals.windows import WindowSpec
from wearcli.simulation.exercise import skin_response
from wearcli.simulation.heart import Noise, Rhythm, beat_times, ppg_signal, with_noise

RATE_HZ = 64.0
RIGHT_BPM = 5.0
RATES_BPM = {"lying": (50, 80), "sitting": (55, 90), "standing": (60, 95), "jogging": (110, 150)}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("study", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    labels = pd.read_csv(args.study / "labels.csv").groupby("recording")["label"].first()
    for name in ("alone", "beside"):
        (args.out / name).mkdir(parents=True)
    truth = []
    for number, source in enumerate(find_recordings([args.study]).sources):
        spec = WindowSpec(RATE_HZ, 60.0, 60.0)
        batches = [windows.values for windows in iter_windows(open_recording(source), spec)]
        if not batches or len(np.concatenate(batches)) < 2 or source.recording not in labels:
            continue
        acceleration = np.concatenate(batches).reshape(-1, 3)
        label, rng = labels[source.recording], generator(args.seed, "sample wrist exercise", number)
        seconds = len(acceleration) / RATE_HZ
        bpm = rng.uniform(*RATES_BPM.get(label, (75, 140)))
        beats = beat_times(Rhythm(bpm=bpm, drift_bpm=5, breath=0.02 * 70 / bpm, slow=0.01), seconds, rng)
        ppg = with_noise(ppg_signal(beats, RATE_HZ), RATE_HZ, Noise(0.05, 0.3), rng)[: len(acceleration)]
        ppg += ppg.std() * skin_response(acceleration, RATE_HZ, rng)
        time = np.arange(len(ppg)) / RATE_HZ
        pd.DataFrame({"time": time, "ppg": ppg}).to_parquet(
            args.out / f"alone/{source.recording}.ppg.parquet"
        )
        pd.DataFrame({"time": time, "ppg": ppg}).to_parquet(
            args.out / f"beside/{source.recording}.ppg.parquet"
        )
        frame = pd.DataFrame(acceleration, columns=["x", "y", "z"])
        frame.insert(0, "time", time)
        frame.to_parquet(args.out / f"beside/{source.recording}.acc.parquet")
        for onset in range(0, int(seconds), 60):
            rate = 60 / np.diff(beats.within(onset, 60)).mean()
            truth.append({"recording": source.recording, "onset": onset, "label": label, "bpm": rate})
    table = pd.DataFrame(truth)
    for name in ("alone", "beside"):
        wearcli.heart_truth([args.out / name], args.out / f"{name}.csv", overwrite=True)
        rows = pd.read_csv(args.out / f"{name}.csv")
        rows["recording"] = rows["recording"].str.removesuffix(".ppg")
        table = table.merge(
            rows[["recording", "onset", "hr_bpm"]].rename(columns={"hr_bpm": name}),
            "left",
            ["recording", "onset"],
        )
    print("| label | minutes | kept, PPG alone | right of them | kept, acceleration beside | right of them |")
    print("|---|---|---|---|---|---|")
    for label, rows in [*table.groupby("label"), ("all", table)]:
        cells = []
        for name in ("alone", "beside"):
            kept = rows[name].notna()
            right = ((rows[name] - rows["bpm"]).abs()[kept] <= RIGHT_BPM).mean()
            cells += [f"{kept.mean():.2f}", f"{right:.3f}" if kept.any() else "-"]
        print(f"| {label} | {len(rows)} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
