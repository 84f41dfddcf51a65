"""`wearcli` in a process of its own, without the seconds that its imports take: see `tests/preloaded.py`."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parent.parent


def run_wearcli(
    *words: str, cwd: Path | None = None, env: Mapping[str, str] = os.environ, together: bool = False
) -> subprocess.CompletedProcess[str]:
    """The command with these words; `together` gives stderr within stdout, in order."""
    with TemporaryDirectory() as folder:
        stdout = Path(folder) / "stdout"
        stderr = stdout if together else Path(folder) / "stderr"
        stdout.touch()
        stderr.touch()
        job = {
            "words": words,
            "cwd": str(cwd or Path.cwd()),
            "env": dict(env),
            "stdout": str(stdout),
            "stderr": str(stderr),
        }
        process = _preloaded()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(job) + "\n")
        process.stdin.flush()
        code = int(process.stdout.readline())
        said = "" if together else stderr.read_text()
        return subprocess.CompletedProcess(["wearcli", *words], code, stdout.read_text(), said)


@cache
def _preloaded() -> subprocess.Popen[str]:
    """The process that forks; it ends when this one does, at the end of its stdin."""
    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return subprocess.Popen(
        [sys.executable, "-m", "tests.preloaded"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )
