"""Killed commands leave their output whole: a small part of `benchmarks/kill.py`."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).resolve().parents[1] / "benchmarks" / "kill.py"


@pytest.mark.skipif(sys.platform != "linux", reason="the kills wrap calls of Linux")
def test_a_folder_and_a_file_outlive_twelve_kills(tmp_path: Path) -> None:
    """`sample` exchanges a folder, `gait-truth` a file; half of the kills come before a system call."""
    options = ["--kills", "12", "--seed", "1", "--verbs", "sample,gait-truth"]
    run = subprocess.run(
        [sys.executable, str(PROGRAM), *options], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "| all | 6 | 6 | 12 | 0 |" in run.stdout
