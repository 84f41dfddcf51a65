"""What `wearcli gait` measures without a probe, against foot contacts, a second sensor, and rest.

    python benchmarks/gait_direct.py STUDIES [--sets ipol_gait selfback stress_predict]

STUDIES holds a folder a set, laid out as a study (recordings.csv, gait.csv, labels.csv). The line that
decides between step and stride was fitted on each second person of selfback; the rows "others" are those
people who had no part in it. Nothing was fitted on ipol_gait but the line of walking speed, whose row is
therefore not of people left out.
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import wearcli

UNITS = {"stride_time_s": "s", "cadence_spm": "steps/min", "walking_speed_mps": "m/s"}
ERRATA_S = 1.25  # stride times of jogs above it are two strides in the published table of selfback


def measured(study: Path, folder: Path, intervals: Path | None) -> pd.DataFrame:
    """Return bouts.csv of a study, with its walks given or looked for."""
    wearcli.gait(study, output=folder, intervals=intervals, overwrite=True)
    return pd.read_csv(folder / "bouts.csv")


def line(name: str, truth: np.ndarray, value: np.ndarray, unit: str) -> None:
    """Print one row of the table: r, mean absolute error, share within 2 %."""
    usable = np.isfinite(truth) & np.isfinite(value)
    truth, value = truth[usable], value[usable]
    error = np.abs(value - truth)
    r = np.corrcoef(truth, value)[0, 1]
    share = np.mean(error <= 0.02 * truth)
    print(f"| {name} | {len(truth)} of {len(usable)} | {r:.3f} | {error.mean():.4f} {unit} | {share:.3f} |")


def walks(study: Path, folder: Path) -> None:
    """Print the measures of the walks of gait.csv against it."""
    truth = pd.read_csv(study / "gait.csv")
    rows = measured(study, folder, study / "gait.csv").rename(columns={"onset": "begin"})
    both = truth.merge(rows, on="recording", suffixes=("", "_measured"))
    both = both[(both["onset"] - both["begin"]).abs() < 0.05]
    both = both[~(both["recording"].str.contains("jogging") & (both["stride_time_s"] > ERRATA_S))]
    numbers = both["participant"].str.extract(r"(\d+)$")[0].astype(int)
    people = sorted(numbers.unique())
    groups = {"all": np.ones(len(both), bool)}
    if study.name == "selfback":
        groups["others"] = ~numbers.isin(people[::2]).to_numpy()
    for name, chosen in groups.items():
        for metric, unit in UNITS.items():
            if metric in truth and f"{metric}_measured" in both:
                some = both[chosen]
                line(
                    f"{study.name}, {name}: {metric}",
                    some[metric].to_numpy(),
                    some[f"{metric}_measured"].to_numpy(),
                    unit,
                )


def wrist_beside_thigh(study: Path, rows: pd.DataFrame) -> None:
    """Print how the strides that the wrist counts differ from those of the thigh in the same walk."""
    counts = rows.groupby("recording")["strides"].sum()
    for kind in ("walk_slow", "walk_mod", "walk_fast"):
        pairs = [
            (counts.get(name, 0.0), counts[name.replace("wrist", "thigh")])
            for name in pd.read_csv(study / "recordings.csv")["recording"]
            if kind in name and "wrist" in name and name.replace("wrist", "thigh") in counts
        ]
        wrist, thigh = np.array(pairs).T
        off = wrist / thigh - 1
        print(
            f"| {study.name}, {kind}: strides, wrist to thigh | {len(off)} walks | "
            f"median {np.median(off):+.3f} | "
            f"mean {off.mean():+.3f} | within 5 %: {np.mean(np.abs(off) <= 0.05):.3f} |"
        )


def steps_at_rest(study: Path, rows: pd.DataFrame, labels: tuple[str, ...]) -> None:
    """Print the steps an hour in intervals of rest at the wrist."""
    table = pd.read_csv(study / "labels.csv")
    table = table[table["recording"].str.contains("wrist")]
    for label in labels:
        rest = table[table["label"] == label]
        steps = 0.0
        for one in rest.itertuples():
            own = rows[rows["recording"] == one.recording]
            shared = np.minimum(own["onset"] + own["duration"], one.onset + one.duration)
            shared = (shared - np.maximum(own["onset"], one.onset)).clip(lower=0)
            steps += float((own["steps"] * shared / own["duration"]).sum())
        hours = rest["duration"].sum() / 3600
        print(f"| {study.name}, {label}: steps an hour | {hours:.1f} h | {steps / hours:.1f} | | |")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", type=Path)
    parser.add_argument("--sets", nargs="+", default=["ipol_gait", "selfback", "stress_predict"])
    args = parser.parse_args()
    print("| what | walks | r | mean absolute error | within 2 % |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        for name in args.sets:
            study, folder = args.studies / name, Path(scratch) / name
            if (study / "gait.csv").is_file():
                walks(study, folder)
            if name == "selfback":
                rows = measured(study, folder, None)
                wrist_beside_thigh(study, rows)
                steps_at_rest(study, rows, ("sitting", "standing", "lying"))
            elif name == "stress_predict":
                steps_at_rest(study, measured(study, folder, None), ("baseline", "stress"))


if __name__ == "__main__":
    main()
