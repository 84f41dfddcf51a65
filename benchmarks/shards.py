"""A study embedded here, in shards, and in shards of which one is killed: the same table, and what it costs.

    python benchmarks/shards.py [--recordings 200] [--seconds 60] [--shards 4] [--json FILE]

Every run is a process of its own, as on a node. Prints a Markdown table; exit code 1 where two tables differ
by a byte.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

PART_BYTES = 2**20  # small parts, so that a kill finds some that are complete
PROGRAM = f"""
import wearcli.embedding.shards as shards
from wearcli.cli.app import main
shards.PART_BYTES = {PART_BYTES}
main()
"""


@dataclass
class Run:
    """A process that has ended.

    Attributes:
        seconds: How long it took, its start included.
        cpu_s: Time of the processor that it took: other work on the machine does not count in it.
        memory_mb: The most that it held in memory.
        code: Its exit code.
        kept: Recordings whose rows an earlier run had made.
    """

    seconds: float
    cpu_s: float
    memory_mb: float
    code: int
    kept: int = 0


def write_study(folder: Path, recordings: int, seconds: int) -> None:
    """People with two recordings each, 50 Hz in g: swings of several speeds, and rest."""
    folder.mkdir()
    time_s = np.arange(seconds * 50) / 50
    for number in range(recordings):
        rng = np.random.default_rng(number)
        swing = 0.3 * np.sin(2 * np.pi * (1 + number % 7 / 7) * time_s) * (time_s > seconds / 3)
        values = np.stack([swing, swing / 2, 1 + swing / 3], 1) + rng.normal(
            scale=0.02, size=(len(time_s), 3)
        )
        rows = [f"{t:.2f},{x:.4f},{y:.4f},{z:.4f}" for t, (x, y, z) in zip(time_s, values, strict=True)]
        name = f"P{number // 2:04d}_day{number % 2}.csv"
        (folder / name).write_text("\n".join(["time,acc_x,acc_y,acc_z", *rows]) + "\n")


def embed(*words: str, kill_in: Path | None = None) -> Run:
    """Run `wearcli embed`; with `kill_in` it is killed as soon as it has put a part into that folder."""
    before = len(list(kill_in.glob("part-*"))) if kill_in else 0
    began = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, "embed", *words, "--workers", "1", "--json", "-q"],
        stdout=subprocess.PIPE,
    )
    while kill_in is not None and process.poll() is None:
        if len(list(kill_in.glob("part-*"))) > before:
            os.kill(process.pid, signal.SIGKILL)
            break
        time.sleep(0.01)
    assert process.stdout is not None
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    kept = json.loads(text)["kept"] if text else 0
    cpu_s = usage.ru_utime + usage.ru_stime
    return Run(time.perf_counter() - began, cpu_s, usage.ru_maxrss / 1024, process.returncode, kept)


def in_shards(place: Path, study: str, shards: int, kill: int | None = None) -> tuple[list[Run], Run, bytes]:
    """Embed all shards into a folder and collect them; the shard `kill` is killed once, and run again."""
    parts, runs = place / "parts", []
    for number in range(1, shards + 1):
        words = (study, "-o", str(parts), "--shard", f"{number}/{shards}")
        if number == kill:
            killed = embed(*words, kill_in=parts)
            if killed.code != -signal.SIGKILL:
                raise SystemExit(f"shard {number} was through before it was killed: take more recordings")
        runs.append(embed(*words))
    table = place / "table.parquet"
    collected = embed("--collect", str(parts), "-o", str(table))
    return runs, collected, table.read_bytes()


def main() -> int:
    """Embed in three ways, compare, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--recordings", type=int, default=200)
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        place = Path(root)
        study = str(place / "study")
        write_study(place / "study", options.recordings, options.seconds)
        first = place / "study" / "P0000_day0.csv"
        start = embed(str(first), "-o", str(place / "one.parquet"))
        local = embed(study, "-o", str(place / "local.parquet"))
        expected = (place / "local.parquet").read_bytes()
        results = {}
        for name, kill in (("shards", None), ("shards, one killed", options.shards // 2)):
            (place / name).mkdir()
            results[name] = in_shards(place / name, study, options.shards, kill)
    rows: dict[str, tuple[Run, Run | None, bytes]] = {"local": (local, None, expected)}
    for name, (runs, collected, table) in results.items():
        seconds, cpu_s = sum(run.seconds for run in runs), sum(run.cpu_s for run in runs)
        memory, kept = max(run.memory_mb for run in runs), sum(run.kept for run in runs)
        rows[name] = (Run(seconds, cpu_s, memory, 0, kept), collected, table)
    columns = (
        "run|seconds|processor, s|more than local, ms a recording|MB a process|kept|collect, s (MB)|table"
    )
    print(f"| {columns.replace('|', ' | ')} |")
    print("|---" * 8 + "|")
    for name, (run, collected, table) in rows.items():
        starts = 0.0 if name == "local" else (options.shards - 1) * start.cpu_s
        beyond = 1000 * (run.cpu_s - local.cpu_s - starts) / options.recordings
        joined = "-" if collected is None else f"{collected.seconds:.1f} ({collected.memory_mb:.0f})"
        same = "the same" if table == expected else "DIFFERENT"
        figures = (
            f"{run.seconds:.1f}",
            f"{run.cpu_s:.1f}",
            f"{beyond:.1f}",
            f"{run.memory_mb:.0f}",
            run.kept,
            joined,
            same,
        )
        print(f"| {name} | {' | '.join(map(str, figures))} |")
    print(f"\nA process with one recording: {start.cpu_s:.1f} s of the processor, {start.memory_mb:.0f} MB.")
    if options.json:
        figures = {name: asdict(run) for name, (run, _, _) in rows.items()} | {"start": asdict(start)}
        options.json.write_text(json.dumps(figures, indent=2))
    return int(any(table != expected for _, _, table in rows.values()))


if __name__ == "__main__":
    sys.exit(main())
