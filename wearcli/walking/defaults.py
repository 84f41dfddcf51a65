"""Defaults of `gait`, for the function and the command line."""

from pathlib import Path

PROBE = Path("probes/gait")
OUTPUT = Path("gait")
MIN_BOUT_S = 10.0
TIMEZONE = "UTC"
