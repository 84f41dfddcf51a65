"""Defaults of cutting windows, of the functions and of the commands."""

from pathlib import Path

STORE = Path("windows")  # the folder of `preprocess`
MAX_MISSING = 0.1  # largest share of a window in gaps
