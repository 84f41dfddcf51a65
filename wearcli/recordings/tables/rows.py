"""The rows of one signal in a table of several sensors, with gravity where it lies beside."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wearcli.errors import InputError
from wearcli.modality import ModalityRecord
from wearcli.recordings.reading import Reading
from wearcli.recordings.tables.axes import axes_in_words
from wearcli.recordings.tables.columns import Chosen
from wearcli.recordings.tables.gravity import has_gravity, measure_gravity
from wearcli.recordings.tables.labels import several_numbers
from wearcli.recordings.tables.scales import normal_unit
from wearcli.recordings.tables.table import Batch, Table

# In rows of several sensors, the share of a sensor's own rows that another one may have a value in.
_SHARED = 0.1
# The share of the rows without a value of the signal that other sensors must explain.
_COVERED = 0.5


class RowRule(NamedTuple):
    """What becomes of the rows of a table before they are samples of a signal.

    Attributes:
        channels: Number of the signal's channels; the columns of gravity follow them.
        filled: Whether rows without any value of the signal are of another sensor, and left out.
        gravity: What the columns of gravity are multiplied by and added with; None adds nothing.
    """

    channels: int
    filled: bool
    gravity: float | None

    def samples(self, batch: Batch) -> Batch:
        """Return the samples in a batch of rows."""
        values = batch.values[:, : self.channels]
        if self.gravity is not None:
            values = values + np.float32(self.gravity) * batch.values[:, self.channels :]
        rows = Batch(batch.time, values)
        return _kept(rows, ~np.isnan(batch.values[:, : self.channels]).all(1)) if self.filled else rows


def read_rows(table: Table, chosen: Chosen, time: int | None, file_name: str) -> Iterator[Batch]:
    """Yield the rows of a signal with one column of time: the channels, and gravity's columns behind them.

    Raises:
        InputError: The rows are of several sensors that have numbers for names.
    """
    batches = table.stream(time, [*chosen.channels, *(chosen.gravity or [])])
    if chosen.label is None:
        yield from batches
        return
    position, text = chosen.label
    # In step with the first: the same rows in the same batches.
    if text is None:
        numbers = (label.values[:, 0] for label in table.stream(None, [position]))
        yield from _single_sensor(batches, numbers, table.columns[position].name, file_name)
        return
    for batch, label in zip(batches, table.stream(position, []), strict=True):
        same = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(label.time), text), False)
        yield _kept(batch, same.to_numpy(zero_copy_only=False))


def recognise_rows(
    head: list[Batch], table: Table, chosen: Chosen, signal: ModalityRecord, file_name: str
) -> RowRule:
    """Return what becomes of the rows of a signal, by the first ones; notes go to the table's warnings."""
    count = len(chosen.channels)
    values = np.concatenate([batch.values for batch in head]) if head else np.empty((0, count), np.float32)
    empty = np.asarray(np.isnan(values[:, :count]).all(axis=1))
    filled = bool(chosen.time is not None and empty.any() and _interleaved(empty, table, chosen))
    factor = None
    if chosen.gravity is not None:
        own = values[~empty]
        if chosen.without_gravity or not has_gravity(own[:, :count], own[:, count:]):
            factor = _gravity_factor(chosen, signal)
            table.warnings.append(
                f"{signal.title} is the sum of {axes_in_words(table.columns, chosen.channels)} and "
                f"{axes_in_words(table.columns, chosen.gravity)}"
            )
    return RowRule(count, filled, factor)


def check_gravity(
    values: np.ndarray, rate_hz: float, chosen: Chosen, reading: Reading, table: Table, file_name: str
) -> None:
    """Raise InputError where acceleration is without gravity by its name, and nothing tells its unit."""
    names = axes_in_words(table.columns, chosen.channels)
    if reading.unit or normal_unit(table.unit or chosen.unit):
        table.warnings.append(f"{names} are acceleration without gravity by their name, which is missed")
    elif not measure_gravity(values, rate_hz).still:
        raise InputError(
            f"{file_name}: {names} are acceleration without gravity by their name, and gravity is not beside "
            "them: say the unit with --unit g|mg|m/s2 to read them as they are"
        )


def _single_sensor(
    batches: Iterator[Batch], sensors: Iterator[np.ndarray], name: str, file_name: str
) -> Iterator[Batch]:
    """The rows, as long as the number of their sensor is one."""
    first: float | None = None
    for batch, numbers in zip(batches, sensors, strict=True):
        present = numbers[np.isfinite(numbers)]
        first = float(present[0]) if first is None and len(present) else first
        if (present != first).any():
            raise several_numbers(file_name, name, sorted({*present.tolist(), first or 0.0}))
        yield batch


def _kept(batch: Batch, mask: np.ndarray) -> Batch:
    if mask.all():
        return batch
    time = batch.time
    if time is not None:
        time = time.filter(pa.array(mask)) if isinstance(time, pa.Array) else time[mask]
    return Batch(time, batch.values[mask])


def _interleaved(empty: np.ndarray, table: Table, chosen: Chosen) -> bool:
    """Whether the rows without a value of the signal hold another sensor, which is empty in the others."""
    taken = {chosen.time, *chosen.channels, *(chosen.gravity or [])}
    others = [j for j, column in enumerate(table.columns) if column.kind == "number" and j not in taken]
    if not others or chosen.label is not None:
        return False
    first = next(table.stream(None, others), None)
    if first is None:
        return False
    count = min(len(empty), len(first.values))
    empty, there = empty[:count], ~np.isnan(first.values[:count])
    if empty.all() or not empty.any():
        return False
    exclusive = (there[empty].mean(0) > _SHARED) & (there[~empty].mean(0) < _SHARED)
    return bool(there[empty][:, exclusive].any(axis=1).mean() > _COVERED)


def _gravity_factor(chosen: Chosen, signal: ModalityRecord) -> float:
    """What gravity's columns are multiplied by to be in the unit of the channels."""
    units = normal_unit(chosen.gravity_unit, signal), normal_unit(chosen.unit, signal)
    factors = [signal.units[unit].factor for unit in units if unit is not None]
    return factors[0] / factors[1] if len(factors) == 2 else 1.0
