"""Commands that write are killed, and what stands on the disk afterwards is compared with what may.

    python benchmarks/kill.py [--kills 300] [--seed 0] [--verbs embed,probe] [--json FILE]

Each command replaces an earlier output. It is killed (SIGKILL) before a call of the system that puts
something on the disk for good, renames or removes (renames first), or at a random time. Then four things
must hold:

- the output is the earlier one or the new one, to the byte, and nothing between them;
- the same command succeeds;
- what it leaves is what an undisturbed run leaves, to the byte;
- nothing else lies beside the output, nor in the system's temporary folder.

Half of the kills are as on a file system that cannot exchange two folders in one step: there the output may
also be absent until it is read or written again. Every run is a fork of this program, which has imported all
libraries but started no thread. Prints a Markdown table; exit code 1 where anything does not hold.
"""

import argparse
import contextlib
import ctypes
import hashlib
import importlib
import json
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg"}

import numpy as np
from kill_commands import PREPARATION, VERBS, write_study

from wearcli import files
from wearcli.claims import recover
from wearcli.cli.app import main as wearcli

CALLS = ("fsync", "rename", "replace", "link", "symlink", "unlink", "remove", "rmdir", "mkdir", "truncate")
LIBRARIES = (
    "embedding.embed",
    "embedding.collect",
    "signals.preprocess",
    "simulation.sample",
    "truth.gait",
    "truth.heart",
    "probing.probe",
    "prediction.predict",
    "walking.gait",
    "reporting.report",
    "comparison.compare",
    "retrieval.retrieve",
)
TRAINING = ("training.pretrain",)


@dataclass
class Point:
    """Where a run is killed: before a call by its number, or after some seconds; neither counts the calls."""

    call: int | None = None
    seconds: float | None = None
    exchange: bool = True
    names: list[str] = field(default_factory=list)


def run(words: str, folder: Path, output: str, point: Point | None = None) -> tuple[int, float, str]:
    """Run a command in a fork.

    Args:
        words: The command; OUT stands for the output.
        folder: The working folder.
        output: The name of the output.
        point: Where it is killed; None for a run that nothing disturbs.

    Returns:
        Exit code (negative for the signal that ended it), seconds, and what it wrote on stderr.
    """
    log = folder.parent / "log.txt"
    calls = folder.parent / "calls.txt"
    calls.write_text("")
    began = time.perf_counter()
    process = os.fork()
    if process == 0:
        _become(["wearcli", *words.replace("OUT", output).split()], folder, log, calls, point)
    if point is not None and point.seconds is not None:
        time.sleep(point.seconds)
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)
    status = os.waitpid(process, 0)[1]
    if point is not None:
        point.names = calls.read_text().split()
    return os.waitstatus_to_exitcode(status), time.perf_counter() - began, log.read_text(errors="replace")


def _become(argv: list[str], folder: Path, log: Path, calls: Path, point: Point | None) -> None:
    """In the fork: be the command, killed where the point says."""
    code = 3
    try:
        descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(descriptor, 1)
        os.dup2(descriptor, 2)
        os.chdir(folder)
        sys.argv = argv
        if point is not None:
            if not point.exchange:
                files.exchange = lambda one, other: False  # as NFS answers
            _watch_calls(calls, point.call)
        wearcli()
    except SystemExit as done:
        code = int(done.code or 0)
    except BaseException as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
    with contextlib.suppress(Exception):
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def _watch_calls(calls: Path, last: int | None) -> None:
    """Write down the calls that change the disk, and kill this process before the one numbered `last`."""
    stream = os.open(calls, os.O_WRONLY | os.O_APPEND)
    count = 0

    def watched(name: str, function: Callable[..., object]) -> Callable[..., object]:
        def call(*arguments: object, **options: object) -> object:
            nonlocal count
            if count == last:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            os.write(stream, f"{name}\n".encode())
            return function(*arguments, **options)

        return call

    for name in CALLS:
        setattr(os, name, watched(name, getattr(os, name)))
    original = ctypes.CDLL.__getattr__

    def library_function(library: ctypes.CDLL, name: str) -> object:
        function = original(library, name)
        if name in ("renameat2", "renamex_np"):
            function = watched("exchange", function)
            setattr(library, name, function)
        return function

    ctypes.CDLL.__getattr__ = library_function  # type: ignore[method-assign]


def state(path: Path, parts: tuple[str, ...] = ()) -> str:
    """A hash of a file's or a folder's content; `absent` where there is none."""
    if not path.exists():
        return "absent"
    if path.is_file():
        return hashlib.sha256(path.read_bytes()).hexdigest()
    total = hashlib.sha256()
    chosen = {file for part in parts or ("**/*",) for file in path.glob(part) if file.is_file()}
    for file in sorted(chosen):
        total.update(f"{file.relative_to(path)}\0".encode() + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()


def names_in(folder: Path) -> set[str]:
    """The names of what lies in a folder."""
    return {path.name for path in folder.iterdir()}


@dataclass
class Outcome:
    """What a verb's kills came to: how many there were, and what did not hold."""

    calls: int = 0
    times: int = 0
    untouched: int = 0
    whole: int = 0
    absent: int = 0
    problems: list[str] = field(default_factory=list)


class Trial:
    """One verb in a folder of its own, with its earlier output and that of an undisturbed run."""

    def __init__(self, name: str, place: Path, inputs: Path) -> None:
        self.name, self.verb = name, VERBS[name]
        self.folder, self.start = place / "work", place / "start"
        self.scratch = place / "tmp"
        for path in (self.folder, self.scratch):
            path.mkdir(parents=True)
        for item in sorted(inputs.iterdir()):
            (self.folder / item.name).symlink_to(item)
        if self.verb.earlier:
            self._must(self.verb.earlier)
        self.names = names_in(self.folder)
        shutil.copytree(self.folder, self.start, symlinks=True)
        self.earlier = self._state()
        point = Point()
        code, self.seconds, log = self._run(self.verb.words, point)
        if code:
            raise SystemExit(f"{name}: exit code {code} of an undisturbed run: {log}")
        self.new, self.calls = self._state(), point.names
        self.names |= names_in(self.folder)
        if self.new == self.earlier:
            raise SystemExit(f"{name}: the new output is the earlier one: nothing would be seen")

    def kill(self, point: Point, outcome: Outcome) -> None:
        """Kill the command at a point, and check what holds afterwards."""
        shutil.rmtree(self.folder)
        shutil.copytree(self.start, self.folder, symlinks=True)
        code, _, log = self._run(self.verb.words, point)
        outcome.calls += point.call is not None
        outcome.times += point.seconds is not None
        what = (
            f"{self.name}, killed before call {point.call}"
            if point.seconds is None
            else (f"{self.name}, killed after {point.seconds:.3f} s")
        )
        if code not in (0, -signal.SIGKILL):
            outcome.problems.append(f"{what}: exit code {code}: {log}")
        between = self._state()
        if between == "absent" and self.earlier != "absent" and not point.exchange:
            outcome.absent += 1
            os.chdir(self.folder)
            recover(Path(self.verb.output))
            between = self._state()
        if self.verb.shared or between in (self.earlier, self.new):
            outcome.whole += 1
        else:
            outcome.problems.append(f"{what}: the output is neither the earlier nor the new one ({between})")
        again = self.verb.again(self.folder / self.verb.output) if self.verb.again else self.verb.words
        if self.verb.again and between == self.new:
            return  # the run was done
        code, _, log = self._run(again)
        if code:
            outcome.problems.append(f"{what}: the next run ends with {code}: {log}")
        if self._state() != self.new:
            outcome.problems.append(f"{what}: the next run gives another output")
        left = sorted(names_in(self.folder) - self.names | names_in(self.scratch))
        inner = [str(path) for path in (self.folder / self.verb.output).glob("**/.*")]
        if left or inner:
            outcome.problems.append(f"{what}: the next run leaves {', '.join(left + inner)}")

    def _run(self, words: str, point: Point | None = None) -> tuple[int, float, str]:
        tempfile.tempdir = str(self.scratch)
        return run(words, self.folder, self.verb.output, point)

    def _must(self, words: str) -> None:
        code, _, log = self._run(words)
        if code:
            raise SystemExit(f"{self.name}: exit code {code} of '{words}': {log}")

    def _state(self) -> str:
        return state(self.folder / self.verb.output, self.verb.parts)


def points(trial: Trial, count: int, rng: np.random.Generator) -> Iterator[Point]:
    """Where a verb is killed: half of the kills at calls, renames first; the others at random times."""
    order = rng.permutation(len(trial.calls)).tolist()
    order.sort(key=lambda number: trial.calls[number] not in ("rename", "replace", "exchange"))
    at_calls = order[: (count + 1) // 2]
    for number in at_calls:
        yield Point(call=number, exchange=bool(rng.random() < 0.5))
    for _ in range(count - len(at_calls)):
        yield Point(seconds=float(rng.uniform(0, trial.seconds)), exchange=bool(rng.random() < 0.5))


def main() -> int:
    """Kill, check, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--verbs", help=f"some of: {', '.join(VERBS)}; default: all")
    parser.add_argument("--json", type=Path, help="a file for the figures")
    options = parser.parse_args()
    names = options.verbs.split(",") if options.verbs else list(VERBS)
    for module in (*LIBRARIES, *(TRAINING if "pretrain" in names else ())):
        importlib.import_module(f"wearcli.{module}")
    rng = np.random.default_rng(options.seed)
    outcomes = {}
    with tempfile.TemporaryDirectory() as root:
        inputs = Path(root) / "inputs"
        inputs.mkdir()
        os.environ["TORCHINDUCTOR_CACHE_DIR"] = f"{root}/torch"  # torch's own, not swept
        write_study(inputs)
        for words in PREPARATION:
            code, _, log = run(words, inputs, "")
            if code:
                raise SystemExit(f"exit code {code} of '{words}': {log}")
        run("preprocess recordings --unit g --window 2 -o windows", inputs, "")
        for number, name in enumerate(names):
            trial = Trial(name, Path(root) / f"{number}", inputs)
            share = options.kills // len(names) + (number < options.kills % len(names))
            outcome = outcomes[name] = Outcome()
            for point in points(trial, share, rng):
                trial.kill(point, outcome)
            print(
                f"{name}: {outcome.calls + outcome.times} kills, {len(outcome.problems)} problems",
                file=sys.stderr,
            )
    problems = [line for outcome in outcomes.values() for line in outcome.problems]
    print("| command | kills at calls | kills at random times | output whole | problems |")
    print("|---|---|---|---|---|")
    for name, outcome in outcomes.items():
        figures = (outcome.calls, outcome.times, outcome.whole, len(outcome.problems))
        print(f"| {name} | {' | '.join(map(str, figures))} |")
    total = [sum(getattr(one, key) for one in outcomes.values()) for key in ("calls", "times", "whole")]
    print(f"| all | {' | '.join(map(str, total))} | {len(problems)} |")
    print(*problems, sep="\n", file=sys.stderr)
    if options.json:
        options.json.write_text(json.dumps({name: vars(one) for name, one in outcomes.items()}, indent=2))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
