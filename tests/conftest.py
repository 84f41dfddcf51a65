"""Fixtures that several test files share."""

import io
import os
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from wearcli.cli.app import main

ROOT = Path(__file__).resolve().parent.parent


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
