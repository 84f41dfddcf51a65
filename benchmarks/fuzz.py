"""Damaged files of every format by the thousand: what becomes of them, in processes of their own.

    python benchmarks/fuzz.py --inputs 100000 --seed 1 --workers 2

An input is made of its number and the seed alone (`tests/fuzz/`), so each can be made again:
`--first 4711 --inputs 1 --keep folder`. Printed at the end as JSON: how many were read, refused in one line,
or came to anything else (by kind, with their numbers), the longest time and the most memory. The exit code is
1 where anything else happened.
"""

import argparse
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
MEMORY_BYTES = 2**30
CHUNK = 2000


def work(first: int, last: int, seed: int, keep: Path | None) -> None:
    """Try the inputs one by one, and print a line of JSON before and after each."""
    import numpy as np

    from tests.fuzz.files import whole_cases
    from tests.fuzz.trial import read_input, write_files, write_input

    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    with tempfile.TemporaryDirectory() as scratch:
        for case in whole_cases().values():  # loads the libraries
            write_files(case.files, Path(scratch) / "whole")
            read_input(Path(scratch) / "whole", case)
            shutil.rmtree(Path(scratch) / "whole")
        _limit_memory()
        for number in range(first, last):
            folder = Path(scratch) / str(number)
            folder.mkdir()
            case = write_input(folder, number, seed)
            if keep is not None:
                shutil.copytree(folder, keep, dirs_exist_ok=True)
            print(json.dumps({"begins": number}), flush=True)
            began, outcome = time.perf_counter(), ""
            try:
                outcome = read_input(folder, case)
            except (KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:
                frames = traceback.extract_tb(error.__traceback__)
                frame = next((f for f in reversed(frames) if "/wearcli/" in f.filename), frames[-1])
                place = f"{Path(frame.filename).name}:{frame.lineno}"
                outcome = f"{type(error).__name__} at {place}: {str(error)[:200]}"
            seconds = time.perf_counter() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            print(json.dumps({"number": number, "outcome": outcome, "s": seconds, "bytes": peak}), flush=True)
            shutil.rmtree(folder)


def _limit_memory() -> None:
    """Let the process take no more than `MEMORY_BYTES` above what it has with all libraries loaded."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    limit = pages * resource.getpagesize() + MEMORY_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def outcomes(first: int, last: int, arguments: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Run inputs in a process, and in a new one after each that ends it."""
    while first < last:
        command = [sys.executable, __file__, "--work", f"{first}:{last}", "--seed", str(arguments.seed)]
        command += ["--keep", str(arguments.keep)] if arguments.keep else []
        begun = first
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                note = json.loads(line)
                if "begins" in note:
                    begun = note["begins"]
                else:
                    yield note
        if process.returncode == 0:
            return
        yield {
            "number": begun,
            "outcome": f"the process ended with {process.returncode}",
            "s": 0.0,
            "bytes": 0,
        }
        first = begun + 1


def main() -> int:
    """Run all inputs and print the counts."""
    parser = argparse.ArgumentParser(description="Damaged files of every format, by the thousand.")
    parser.add_argument("--inputs", type=int, default=100_000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="folder for a copy of the input")
    parser.add_argument("--work", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.work:
        first, last = map(int, arguments.work.split(":"))
        work(first, last, arguments.seed, arguments.keep)
        return 0
    last = arguments.first + arguments.inputs
    ranges = [(at, min(at + CHUNK, last)) for at in range(arguments.first, last, CHUNK)]
    counts: Counter[str] = Counter()
    others: dict[str, list[int]] = {}
    longest, memory, began = 0.0, 0, time.perf_counter()
    with ThreadPoolExecutor(arguments.workers) as pool:
        for notes in pool.map(lambda span: list(outcomes(*span, arguments)), ranges):
            for note in notes:
                outcome = str(note["outcome"])
                counts[outcome if outcome in ("read", "refused") else "anything else"] += 1
                if outcome not in ("read", "refused"):
                    others.setdefault(outcome, []).append(int(str(note["number"])))
                longest = max(longest, float(str(note["s"])))
                memory = max(memory, int(str(note["bytes"])))
            figures = f"longest {longest:.2f} s, most memory {memory / 2**20:.0f} MiB"
            print(f"{sum(counts.values())} inputs: {dict(counts)}, {figures}", file=sys.stderr, flush=True)
    result = {
        **{key: counts[key] for key in ("read", "refused", "anything else")},
        "longest_s": round(longest, 2),
        "peak_memory_mib": round(memory / 2**20),
        "seconds": round(time.perf_counter() - began),
        "others": {kind: {"count": len(numbers), "numbers": numbers[:5]} for kind, numbers in others.items()},
    }
    print(json.dumps(result, indent=2))
    return int(counts["anything else"] > 0)


if __name__ == "__main__":
    sys.exit(main())
