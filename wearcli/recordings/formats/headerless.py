"""Names for the columns of a table without a header, where its values allow one reading only."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from wearcli.modality import MODALITIES
from wearcli.recordings.tables.gravity import measure_gravity
from wearcli.recordings.tables.table import Column
from wearcli.recordings.tables.units import CALIBRATED_G

_BLOCK = 50  # rows in which the magnitude is looked at, a second or so
_CLOCK = re.compile(r"\d:\d\d")


class Names(NamedTuple):
    """The names that values give to columns.

    Attributes:
        columns: One name a column.
        note: Which columns were taken for what, in words.
    """

    columns: list[str]
    note: str


def name_columns(columns: Sequence[Column], cells: Sequence[Sequence[str]], decimal: str) -> Names | None:
    """Return names where one column alone can be the time, and three neighbours alone acceleration.

    The time is dates, or numbers that rise from row to row, but not an index that counts the rows. The
    magnitude of acceleration at rest is 1 g, in g, mg or m/s2, within a sensor's calibration.

    Args:
        columns: The columns, with names by their numbers.
        cells: The cells of each column.
        decimal: The decimal sign.

    Returns:
        The names; None where no reading or several are possible, or where the order is time, x, y, z.
    """
    numbers = {j: _numbers(cells[j], decimal) for j, column in enumerate(columns) if column.kind == "number"}
    rising = [j for j, values in numbers.items() if len(values) > 2 and np.all(np.diff(values) > 0)]
    index = [j for j in rising if np.all(np.diff(numbers[j]) == 1)]
    dates = [j for j, column in enumerate(columns) if column.kind != "number" and _is_date(column, cells[j])]
    times = dates or [j for j in rising if j not in index]
    triples = [j for j in _triples([j for j in numbers if j not in rising]) if _is_acceleration(numbers, j)]
    if len(times) != 1 or len(triples) != 1:
        return None
    (time,), (first,) = times, triples
    if (time, first, len(columns)) == (0, 1, 4):
        return None
    names = [column.name for column in columns]
    names[time] = "time"
    names[first : first + 3] = ["acc_x", "acc_y", "acc_z"]
    return Names(
        names,
        f"no header: time is column {time + 1} and acceleration columns {first + 1}, {first + 2} and "
        f"{first + 3}, as their values alone allow (--columns, --time-column)",
    )


def _numbers(cells: Sequence[str], decimal: str) -> np.ndarray:
    """The cells as float64, NaN for what is no number."""
    values = np.full(len(cells), np.nan)
    for i, cell in enumerate(cells):
        try:
            values[i] = float(cell.replace(decimal, "."))
        except ValueError:
            continue
    return values


def _is_date(column: Column, cells: Sequence[str]) -> bool:
    return column.kind != "text" or all(_CLOCK.search(cell) for cell in cells if cell)


def _triples(positions: list[int]) -> list[int]:
    """The first ones of three neighbours; of six or nine neighbours, of every third one.

    positions: in order. Sensors of three axes stand one after the other where nothing else is between them.
    """
    firsts: list[int] = []
    runs = np.split(np.array(positions, int), np.flatnonzero(np.diff(positions) != 1) + 1)
    for run in runs:
        firsts += run[: len(run) - 2 : 3 if len(run) % 3 == 0 else 1].tolist() if len(run) > 2 else []
    return firsts


def _is_acceleration(numbers: dict[int, np.ndarray], first: int) -> bool:
    """Whether three neighbouring columns have a magnitude of 1 g at rest."""
    values = np.stack([numbers[first + axis] for axis in range(3)], 1)
    if np.any(np.nanmax(values, axis=0, initial=-np.inf) <= np.nanmin(values, axis=0, initial=np.inf)):
        return False  # a sensor's axis is never quite constant
    gravity = measure_gravity(values, _BLOCK)
    low, high = CALIBRATED_G
    units = MODALITIES["acc"].units.values()
    return gravity.still and any(low <= gravity.magnitude * unit.factor <= high for unit in units)
