"""Counts of epochs, as ActiLife exports them: sums over seconds or minutes, and no acceleration."""

import re
from collections.abc import Sequence

import numpy as np

from wearcli.errors import InputError

_PERIOD = re.compile(r"epoch (?:period|length)\W*(?:\(hh:mm:ss\))?\W*(\d+):(\d+):(\d+)", re.IGNORECASE)
_AXES = {"axis1", "axis2", "axis3"}
# What ActiLife writes beside counts.
_BESIDE = {"steps", "vectormagnitude", "vm", "lux", "inclinometeroff", "inclinometerstanding"}
_ADVICE = "which are sums and no acceleration: give the raw recording, such as the .gt3x or a raw .csv"
_SLOWEST_HZ = 1.01


def refuse_epochs(names: Sequence[str], preamble: Sequence[str], file_name: str) -> None:
    """Check that a table is none of counts by its header.

    Args:
        names: Names of the columns.
        preamble: Lines above them.
        file_name: The file in messages.

    Raises:
        InputError: It holds counts of epochs.
    """
    period = _PERIOD.search("\n".join(preamble))
    hours, minutes, seconds = map(int, period.groups()) if period else (0, 0, 0)
    if seconds := 3600 * hours + 60 * minutes + seconds:
        raise InputError(f"{file_name}: holds counts of epochs of {seconds} s, {_ADVICE}")
    words = {re.sub(r"[^a-z0-9]", "", name.lower()) for name in names}
    counted = [name for name in names if re.search(r"(?:^|[^a-z])counts?(?:[^a-z]|$)", name.lower())]
    if (words >= _AXES and words & _BESIDE) or len(counted) >= len(_AXES):
        listed = ", ".join((counted or [name for name in names if name.lower().startswith("axis")])[:3])
        raise InputError(f"{file_name}: its columns {listed} are counts of epochs, {_ADVICE}")


def refuse_slow_counts(values: np.ndarray, rate_hz: float, file_name: str) -> None:
    """Raise InputError where whole numbers (samples, 3) come once a second or less: counts of epochs."""
    present = values[np.isfinite(values)]
    if rate_hz <= _SLOWEST_HZ and len(present) and not np.any(present % 1) and np.abs(present).max() > 1:
        raise InputError(
            f"{file_name}: whole numbers once in {1 / rate_hz:.3g} s are counts of epochs, {_ADVICE}; "
            "if they are samples, say their --unit"
        )
