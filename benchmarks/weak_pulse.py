"""How weak a pulse in acceleration distillation finds: the error of the heart rate by pulse and by sensor.

    python benchmarks/weak_pulse.py OUT [--pulse 0.5 1 2 4 8 16] [--step 1 3.9 15.6] [--noise 1]
        [--people 40] [--new 20] [--steps 120] [--workers 1]

Each cell is a simulated study (`wearcli sample --study wrist`) of a pulse so many mg high, seen by an
accelerometer of so many mg a step. A student is distilled from the bundled PPG model on `people`, without a
label, and the linear probe of the heart rate of a minute is scored on `new` other people, in folds by person;
beside it stand the hand-made features and the mean. The hearts, movements and draws of noise are the same in
all cells. A pulse of 0 is the control. Every cell is kept in OUT, and one that is there is not made again.
Writes OUT/weak_pulse.csv and OUT/weak_pulse.png; prints the table.
"""

import argparse
import json
from pathlib import Path

import pandas as pd
from real_recordings import run

TEACHER = "ppg-v1"
PROBES = ("linear", "features", "mean")


def cell(given: argparse.Namespace, pulse: float, step: float) -> dict[str, float]:
    """Scores of one cell: the command lines a user would type."""
    folder = given.out / f"pulse-{pulse:g}-step-{step:g}"
    sensor = ("--pulse-mg", str(pulse), "--step-mg", str(step), "--noise-mg", str(given.noise))
    for name, people, seed in (("train", given.people, 11), ("new", given.new, 12)):
        if not (folder / name).exists():
            many = ("--participants", str(people), "--seed", str(seed))
            run("sample", str(folder / name), "--study", "wrist", *many, *sensor)
    model = folder / "run"
    if not (model / "model").exists():
        long = ("--steps", str(given.steps), "--batch", "128", "--validate-every", "20")
        run(
            *("pretrain", str(folder / "train"), "--method", "distill", "--teacher", TEACHER),
            *(*long, "--workers", str(given.workers), "-o", str(model), "--overwrite"),
        )
    table = folder / "new.parquet"
    features = ("--features", "heart")
    run("embed", str(folder / "new"), "--model", str(model), *features, "-o", str(table), "--overwrite")
    printed = run(
        *("probe", str(table), "--task", "heart", "--labels", str(folder / "new" / "heart.csv")),
        *("--target", "hr_bpm", "--probe", "linear", "-o", str(folder / "probe"), "--overwrite", "--json"),
    )
    scores = json.loads(printed)["scores"]
    row = {"pulse_mg": pulse, "step_mg": step, "noise_mg": given.noise}
    for probe in PROBES:
        for key in ("mean", "low", "high"):
            row[f"{probe}_mae_{key}"] = scores[probe]["hr_bpm.mae"][key]
    return row


def draw(table: pd.DataFrame, path: Path) -> None:
    """Error against pulse, a line a sensor; solid the student, dashed the features, dotted the mean."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    seen = table[table["pulse_mg"] > 0]
    for number, (step, part) in enumerate(seen.groupby("step_mg")):
        part = part.sort_values("pulse_mg")
        colour = f"C{number}"
        axes.plot(part["pulse_mg"], part["linear_mae_mean"], "o-", color=colour, label=f"{step:g} mg a step")
        axes.fill_between(
            part["pulse_mg"], part["linear_mae_low"], part["linear_mae_high"], color=colour, alpha=0.15, lw=0
        )
        axes.plot(part["pulse_mg"], part["features_mae_mean"], "--", color=colour, lw=1)
    axes.axhline(table["mean_mae_mean"].mean(), color="0.4", ls=":", label="the mean")
    axes.plot([], [], "--", color="0.4", lw=1, label="hand-made features")
    axes.set_xscale("log", base=2)
    axes.set_xticks(sorted(seen["pulse_mg"].unique()), [f"{p:g}" for p in sorted(seen["pulse_mg"].unique())])
    axes.set_ylim(bottom=0)
    axes.set_xlabel("height of the pulse in the acceleration, mg")
    axes.set_ylabel("error of the heart rate of a minute, beats/min")
    noise = table["noise_mg"].iloc[0]
    axes.set_title(f"New people, simulated; white noise of {noise:g} mg", fontsize=10)
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--pulse", type=float, nargs="+", default=[0.5, 1, 2, 4, 8, 16])
    parser.add_argument("--step", type=float, nargs="+", default=[1, 3.9, 15.6])
    parser.add_argument("--noise", type=float, default=1.0)
    parser.add_argument("--people", type=int, default=40)
    parser.add_argument("--new", type=int, default=20)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    rows = []
    print("| pulse, mg | step, mg | student | features | mean |")
    print("|---|---|---|---|---|")
    for step in given.step:
        for pulse in given.pulse:
            row = cell(given, pulse, step)
            rows.append(row)
            cells = [
                "{:.2f} [{:.2f}, {:.2f}]".format(*(row[f"{p}_mae_{k}"] for k in ("mean", "low", "high")))
                for p in PROBES
            ]
            print(f"| {pulse:g} | {step:g} | {' | '.join(cells)} |", flush=True)
    table = pd.DataFrame(rows)
    table.to_csv(given.out / "weak_pulse.csv", index=False)
    draw(table, given.out / "weak_pulse.png")


if __name__ == "__main__":
    main()
