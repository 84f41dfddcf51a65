"""A process that has imported wearcli and what it needs; `tests/commands.py` forks each command from it.

It reads a line of JSON for each command and answers with the exit code. It runs nothing itself, and imports
neither torch nor onnxruntime, which start threads: threads do not live on in a fork.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

HEAVY = (
    "pandas",
    "pyarrow.parquet",
    "scipy.signal",
    "scipy.stats",
    "sklearn.linear_model",
    "sklearn.neural_network",
    "wearcli.comparison.compare",
    "wearcli.embedding.embed",
    "wearcli.inspection",
    "wearcli.prediction.predict",
    "wearcli.probing.probe",
    "wearcli.simulation.sample",
)


def main() -> None:
    """Answer until stdin ends."""
    for name in HEAVY:
        importlib.import_module(name)
    from wearcli.cli.app import main as wearcli

    for line in sys.stdin:
        job = json.loads(line)
        if not (child := os.fork()):
            _become(job)
            _end(_exit_code(wearcli))
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


def _become(job: dict) -> None:
    """Take the words, the folder, the environment and the output files of a command."""
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for descriptor, name in ((1, "stdout"), (2, "stderr")):
        file = os.open(job[name], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, descriptor)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["env"])
    sys.argv = ["wearcli", *job["words"]]


def _exit_code(command: Callable[[], None]) -> int:
    """Run the command; the code that Python would end with."""
    try:
        command()
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else int(done.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _end(code: int) -> NoReturn:
    """End without the clean-up of libraries, which waits for threads of the process that was forked."""
    for stream in (sys.stdout, sys.stderr):
        if not stream.closed:
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
