"""What a student of the accelerometer learns from a teacher of PPG or ECG: probes, retrieval, ablations.

    python benchmarks/distillation.py TRAIN NEW OUT --modality ppg --teacher ppg-v1
        [--variants student simclr supervised ...] [--steps 150] [--max-movement 0.03] [--own-teacher RUN]

TRAIN and NEW are studies of different people with both signals and a heart.csv each. A variant is trained on
TRAIN for so many steps of 128 minutes, without a label but for `supervised`; NEW is embedded with it and
probed by person (heart rate, SDNN, RMSSD of a minute), with all labels and with fewer; `retrieve` asks which
minute of the teacher's signal is its own, in pools of --pool. --own-teacher: a run of pretrain on the
teacher's signal, of which `own-teacher` and `teacher-trains` learn. The commands are printed. What is in OUT
is not made again. Prints three tables; writes OUT/labels.png, the error of the heart rate by share of the
labels.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import pandas as pd
from real_recordings import number, run

DISTILL = ("--method", "distill")
# Those of distill, so that only the objective differs.
VIEWS = ("--noise", "0.0005", "--warp", "0.05", "--lr", "0.003")
VARIANTS: dict[str, tuple[str, ...]] = {
    "student": (*DISTILL, "--encoder", "ballistic"),
    "no-augment": (*DISTILL, "--encoder", "ballistic", "--no-augment"),
    "own-teacher": (*DISTILL, "--encoder", "ballistic"),
    "teacher-trains": (*DISTILL, "--encoder", "ballistic", "--train-teacher"),
    "own-negatives": (*DISTILL, "--encoder", "ballistic", "--negatives", "own"),
    "efficientnet": (*DISTILL, "--encoder", "efficientnet"),
    "efficientnet-small": (*DISTILL, "--encoder", "efficientnet-small"),
    "fast": (*DISTILL, "--encoder", "fast", "--revin"),
    "simclr": ("--method", "simclr", "--encoder", "ballistic", *VIEWS),
    "supervised": ("--method", "supervised", "--encoder", "ballistic", *VIEWS),
}
NEEDS_RUN = ("own-teacher", "teacher-trains")
METRICS = ("hr_bpm.mae", "hr_bpm.r", "sdnn_ms.mae", "rmssd_ms.mae")
SHARES = (30, 10, 3, 1)


def train(given: argparse.Namespace, name: str) -> Path:
    """The run folder of a variant."""
    folder = given.out / name
    if (folder / "model").exists():
        return folder
    cut = ("--window", "60", "--stride", "10", "--align", "--max-missing", "0.1")
    stores = {signal: given.out / f"windows-{signal}" for signal in ("acc", given.modality)}
    for signal, store in stores.items():
        if not store.exists():
            run("preprocess", str(given.train), "--modality", signal, *cut, "-o", str(store))
    options = list(VARIANTS[name])
    paths = [str(stores["acc"])]
    if "distill" in options:
        paths.append(str(stores[given.modality]))
        options += ["--teacher", str(given.own_teacher if name in NEEDS_RUN else given.teacher)]
        options += ["--max-movement", str(given.max_movement), "--min-quality", str(given.min_quality)]
    if name == "supervised":
        options += ["--labels", str(given.train / "heart.csv"), "--target", "hr_bpm"]
    run(
        *("pretrain", *paths, *options, "--steps", str(given.steps), "--batch", "128", "--seed", "0"),
        *("--validate-every", "25", "--workers", str(given.workers), "-o", str(folder), "--overwrite"),
    )
    return folder


def score(given: argparse.Namespace, name: str) -> tuple[dict, dict, pd.DataFrame]:
    """What `probe` and `retrieve` say of a variant on NEW; and its errors by level of movement."""
    folder = given.out / name
    table, probe = folder / "new.parquet", folder / "probe"
    labels = ("--labels", str(given.new / "heart.csv"))
    scores, ranks = folder / "probe.json", folder / "retrieval.json"
    if not scores.exists():
        embed = ("embed", str(given.new), "--model", str(folder), "--features", "heart", "--stride", "30")
        run(*embed, "-o", str(table), "--overwrite")
        shares = ("--label-share", ",".join(map(str, (100, *SHARES))))
        result = run(
            *("probe", str(table), "--task", "heart", *labels, "--probe", "linear", *shares),
            *("-o", str(probe), "--overwrite", "--json"),
        )
        scores.write_text(result)
    if not ranks.exists():
        theirs = given.out / "new-teacher.parquet"
        if not theirs.exists():
            run("embed", str(given.new), "--model", str(given.teacher), "-o", str(theirs))
        still = ("--max-movement", str(given.max_movement), "--min-quality", str(given.min_quality))
        run(
            *("retrieve", str(table), str(theirs), "--pool", str(given.pool), *still),
            *("-o", str(ranks), "--overwrite"),
        )
    return json.loads(scores.read_text()), json.loads(ranks.read_text()), by_movement(table, probe)


def by_movement(table: Path, probe: Path) -> pd.DataFrame:
    """Mean absolute error of the heart rate by thirds of movement, a row a third and a column a probe."""
    moved = pd.read_parquet(table, columns=["recording", "onset", "movement_g"])
    predictions = pd.read_parquet(probe / "predictions.parquet")
    predictions = predictions[predictions["target"] == "hr_bpm"]
    predictions = predictions.assign(error=(predictions["predicted"] - predictions["truth"]).abs())
    predictions["movement_g"] = [
        moved.loc[
            (moved["recording"] == row.recording) & ((moved["onset"] - row.onset).abs() <= 30), "movement_g"
        ].mean()
        for row in predictions.itertuples()
    ]
    predictions["third"] = pd.qcut(predictions["movement_g"], 3, labels=["still", "middle", "moving"])
    limits = predictions.groupby("third", observed=True)["movement_g"].max().rename("up to, g")
    return predictions.pivot_table("error", "third", "probe", observed=True).join(limits)


def draw(results: dict[str, dict], path: Path) -> None:
    """Error of the heart rate by the share of the labels, a line a variant."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    lines = {name: ("linear", result) for name, result in results.items()}
    first = next(iter(results.values()))
    lines["hand-made features"] = ("features", first)
    for name, (probe, result) in lines.items():
        points = [(point["share"], point["scores"]) for point in result["learning_curve"]]
        points = sorted((share, scores[probe]["hr_bpm.mae"]["mean"]) for share, scores in points)
        style = "--" if probe == "features" else "o-"
        axes.plot(*zip(*points, strict=True), style, label=name, lw=1.5, ms=4)
    mean = first["scores"]["mean"]["hr_bpm.mae"]["mean"]
    axes.axhline(mean, color="0.4", ls=":", label="the mean")
    axes.set_xscale("log")
    axes.set_xticks([100, *SHARES], [f"{share} %" for share in (100, *SHARES)])
    axes.minorticks_off()
    axes.set_xlabel("labels of the training people")
    axes.set_ylabel("error of the heart rate of a minute, beats/min")
    axes.set_ylim(0, 1.8 * mean)  # what is worse yet is not worth a look
    axes.legend(frameon=False, fontsize=8, ncol=2)
    figure.savefig(path, dpi=150)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("train", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--modality", choices=("ppg", "ecg"), default="ppg")
    parser.add_argument("--teacher", default="ppg-v1")
    parser.add_argument("--own-teacher", type=Path)
    parser.add_argument("--variants", nargs="+", choices=sorted(VARIANTS))
    parser.add_argument("--steps", type=int, default=150)
    parser.add_argument("--max-movement", type=float, default=0.03)
    parser.add_argument("--min-quality", type=float, default=0.5)
    parser.add_argument("--pool", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    usual = [name for name in VARIANTS if given.own_teacher or name not in NEEDS_RUN]
    results, ranks, moved = {}, {}, {}
    for name in given.variants or usual:
        train(given, name)
        results[name], ranks[name], moved[name] = score(given, name)

    first = next(iter(results.values()))
    print(f"{first['n_samples']} minutes of {first['n_participants']} people, in no training")
    print("| | " + " | ".join(METRICS) + " |\n|---|" + "---|" * len(METRICS))
    rows = [(name, "linear", result) for name, result in results.items()]
    for name, probe, result in [*rows, ("hand-made features", "features", first), ("mean", "mean", first)]:
        print(f"| {name} | " + " | ".join(number(result["scores"][probe].get(m)) for m in METRICS) + " |")

    print(
        f"\nretrieval, pools of {given.pool}\n\n| | pool | " + " | ".join(("top-1", "top-3", "top-5")), end=""
    )
    print(" | mean rank | queries |\n|---|---|---|---|---|---|---|")
    for place in ("within", "across"):
        rows = [(name, result["pools"][place]["rows"]["embedding"]) for name, result in ranks.items()]
        only = next(iter(ranks.values()))["pools"][place]
        queries = only["pairs"]
        rows += [
            (row, only["rows"][row]) for row in ("features", "movement", "chance") if row in only["rows"]
        ]
        for name, scores in rows:
            cells = [number(scores[key]) for key in ("top1", "top3", "top5", "mean_rank")]
            print(f"| {name} | {place} | {' | '.join(cells)} | {queries} |")

    print("\nerror of the heart rate by movement\n\n| | still | middle | moving |\n|---|---|---|---|")
    one = next(iter(moved.values()))
    limits = one["up to, g"].to_numpy()
    print("| up to, g | " + " | ".join(f"{limit:.4f}" for limit in limits) + " |")
    columns = {name: errors["linear"] for name, errors in moved.items()}
    columns |= {"hand-made features": one["features"], "mean": one["mean"]}
    for name, errors in columns.items():
        print(f"| {name} | " + " | ".join(f"{error:.2f}" for error in np.asarray(errors)) + " |")
    draw(results, given.out / "labels.png")


if __name__ == "__main__":
    main()
