"""Probe scores on studies laid out as folders, as one Markdown table.

    python benchmarks/real_recordings.py STUDY=TASK[,EPOCH_S[,STRIDE_S]] ... [--model NAME] [--out FOLDER]

Each study is embedded and probed by the commands a user types, which are printed; the table has, beside
the probes on embeddings, the linear probe on hand-made features and the paired difference between the two.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from wearcli.models.folder import DEFAULT_MODEL

SHOWN = {"activity": ("macro_f1",), "gait": ("r", "mae")}


def run(*arguments: str) -> str:
    """A wearcli command's stdout; the command itself goes to stderr."""
    print("wearcli", *arguments, file=sys.stderr)
    done = subprocess.run(
        [sys.executable, "-m", "wearcli", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode not in (0, 1):
        sys.exit(f"exit code {done.returncode}")
    return done.stdout


def number(score: dict | None) -> str:
    """`mean [low, high]`, or a dash where a score is undefined."""
    if not score or score["mean"] is None:
        return "-"
    return "{mean:.3f} [{low:.3f}, {high:.3f}]".format(**score)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("studies", nargs="+")
    parser.add_argument("--model", default=DEFAULT_MODEL)
    parser.add_argument("--out", type=Path, default=Path("runs/real"))
    arguments = parser.parse_args()
    print(
        "| study | task | people | samples | score | linear | mlp | features | trivial | linear - features |"
    )
    print("|---|---|---|---|---|---|---|---|---|---|")
    for item in arguments.studies:
        study, _, plan = item.partition("=")
        task, epoch, stride = (plan.split(",") + ["", ""])[:3]
        name = Path(study).name
        table = arguments.out / f"{name}{'-' + stride if stride else ''}.parquet"
        command = ["embed", study, "-o", str(table), "--model", arguments.model]
        run(*command, *(["--stride", stride] if stride else []))
        command = ["probe", str(table), "--task", task, "--json", "--overwrite"]
        command += ["-o", str(arguments.out / f"{name}-{task}"), *(["--epoch", epoch] if epoch else [])]
        result = json.loads(run(*command))
        scores = result["scores"]
        trivial = scores.get("majority") or scores["mean"]
        for metric in (m for m in scores["linear"] if m.split(".")[-1] in SHOWN[task]):
            cells = [number(scores[probe].get(metric)) for probe in ("linear", "mlp", "features")]
            difference = result["differences"].get("linear", {}).get(metric)
            print(
                f"| {name} | {task} | {result['n_participants']} | {result['n_samples']} | {metric} | "
                f"{' | '.join(cells)} | {number(trivial.get(metric))} | {number(difference)} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
