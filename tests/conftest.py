"""Fixtures that several test files share."""

import os
from pathlib import Path

import pytest

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
