"""A study of very many short recordings: recordings a second, peak memory, and the share of the model.

    python benchmarks/many_recordings.py [--counts 1000 10000] [--seconds 8] [--forms csv parquet]

Makes a folder of recordings at 50 Hz, of people with twenty of them each, and a labels.csv with a row a
recording. Each command runs in a process of its own: `inspect`, `embed`, `embed` again with nothing new, and
`probe`. Then the model alone, with its hand-made features, embeds as many windows in this process, as few at
once as a recording has. The last column is how many recordings a second `embed` does beside the model's own
processor time. With two counts, a memory that grows between them is seen.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from wearcli.modality import features
from wearcli.models.encoder import Encoder
from wearcli.models.folder import DEFAULT_MODEL, load_model

RATE_HZ, PER_PERSON = 50, 20
ACTIVITIES = ("rest", "walk", "run")


class Cost(NamedTuple):
    """What a command took: seconds on the wall and of the processor, and its peak resident memory in MB."""

    wall_s: float
    cpu_s: float
    peak_mb: float


def write_study(folder: Path, count: int, seconds: float, form: str) -> None:
    """Write the recordings and their labels; each has an activity of its own strength and cadence."""
    rng = np.random.default_rng(0)
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    labels = ["recording,onset,duration,label"]
    for number in range(count):
        kind = number % len(ACTIVITIES)
        swing = (0.005, 0.2, 0.9)[kind] * np.sin(2 * np.pi * (1.6 + 0.6 * kind) * time_s)
        values = np.round([0.0, 0.6, 0.8] + swing[:, None] + rng.normal(0, 0.01, (len(time_s), 3)), 4)
        table = pa.table({"time": time_s, **dict(zip("xyz", values.T, strict=True))})
        name = f"P{number // PER_PERSON:04d}_clip{number % PER_PERSON:02d}"
        write = pyarrow.csv.write_csv if form == "csv" else pq.write_table
        write(table, folder / f"{name}.{form}")
        labels.append(f"{name},0,{seconds:g},{ACTIVITIES[kind]}")
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")


def run(*arguments: object) -> Cost:
    """Run a command of wearcli; its output is left out, but for a failure's."""
    command = [sys.executable, "-m", "wearcli", *map(str, arguments)]
    child = (
        "import resource, subprocess, sys, time; began = time.perf_counter(); "
        "done = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE); "
        "used = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "done.returncode and sys.exit(done.stderr.decode()); "
        "print(time.perf_counter() - began, used.ru_utime + used.ru_stime, used.ru_maxrss / 1e3)"
    )
    done = subprocess.run(
        [sys.executable, "-c", child, *command], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return Cost(*map(float, done.stdout.split()))


def model_seconds(table: Path, count: int) -> float:
    """Return the processor time of the model and the features over as many windows as a table has."""
    model = load_model(DEFAULT_MODEL)
    encoder, config = Encoder(model), model.config
    a_recording = pq.ParquetFile(table).metadata.num_rows / count
    rng = np.random.default_rng(0)
    windows = rng.normal(0, 0.2, (round(a_recording), config.samples, 3)).astype(np.float32)
    encoder(windows)
    began = time.process_time()
    for _ in range(count):
        encoder(windows)
        features(windows, config.rate_hz, model.modality, config.features)
    return time.process_time() - began


def lines(count: int, seconds: float, form: str) -> Iterator[str]:
    """Yield a line of the table for each command."""
    with tempfile.TemporaryDirectory() as name:
        study, table, probe = Path(name) / "study", Path(name) / "out.parquet", Path(name) / "probe"
        study.mkdir()
        write_study(study, count, seconds, form)
        commands = {
            "inspect": ("inspect", study),
            "embed": ("embed", study, "-o", table),
            "embed again": ("embed", study, "-o", table),
            "probe": ("probe", table, "--task", "activity", "-o", probe, "--bootstrap", "20"),
        }
        for verb, arguments in commands.items():
            cost = run(*arguments)
            beside = ""
            if verb == "embed":
                model_s = model_seconds(table, count)
                beside = f"{100 * model_s / cost.cpu_s:.0f} % | {count / (cost.cpu_s - model_s):,.0f}"
            yield (
                f"{count:,} {form} | {verb} | {cost.wall_s:.1f} s | {count / cost.wall_s:,.0f} | "
                f"{cost.peak_mb:,.0f} MB | {beside}"
            )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--counts", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--forms", nargs="+", choices=("csv", "parquet"), default=["csv", "parquet"])
    options = parser.parse_args()
    print(
        "recordings | command | wall | recordings/s | peak | model's share of the cores | beside it, a core"
    )
    for form in options.forms:
        for count in options.counts:
            for line in lines(count, options.seconds, form):
                print(line, flush=True)


if __name__ == "__main__":
    main()
