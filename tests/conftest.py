"""Fixtures that several test files share."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

# A worker of xdist has one core: more threads only wait for each other. Set before numpy and torch come.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from wearcli.cli.app import main

ROOT = Path(__file__).resolve().parent.parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: no core waits at the end for one long file."""
    long = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session")
def realdata() -> Path:
    """The folder of real recordings; tests that need it are skipped where it is missing."""
    folder = Path(os.environ.get("WEARCLI_REALDATA", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip("the real recordings are not here")
    return folder


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """The small study in the repository."""
    return ROOT / "sample_data"


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """`wearcli` with these words, in this process, on a terminal of 80 columns: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "80")

    def call(*words: str, stdin: bytes = b"") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["wearcli", *words])
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        code = 0
        try:
            main()
        except SystemExit as done:
            code = int(done.code or 0)
        return (code, *capsys.readouterr())

    return call
