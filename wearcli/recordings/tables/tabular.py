"""A table of columns becomes a recording: columns, time, rate and unit are told from its head."""

from collections.abc import Iterator
from datetime import datetime

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.columns import choose_columns
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table
from wearcli.recordings.tables.times import Stamps, TimeScale, tell_time, unwrap_days
from wearcli.recordings.tables.units import recognise_unit

# A clock that runs this much off the said rate is worth a word.
_RATE_TOLERANCE = 0.02
# No accelerometer that is worn is slower or faster: the stamps are of another unit, or dates.
_SLOWEST_HZ, _FASTEST_HZ = 1.0, 1e4


def open_table(
    source: Source,
    table: Table,
    reading: Reading,
    where: str,
) -> Recording:
    """Tell what the columns hold and stream them as seconds and g (other signals as the file has them).

    The reading wins over what the file tells. Raises InputError naming the flag where something is in doubt.
    """
    modality, warnings, signal = reading.modality, table.warnings, MODALITIES[reading.modality]
    chosen = choose_columns(
        table.columns,
        modality,
        where,
        table.named,
        reading.time_column,
        reading.channel_columns,
        reading.channels,
        table.bare_leads,
    )
    warnings += chosen.warnings
    own = _shared_rate([table.columns[j] for j in chosen.channels], where)
    nominal = reading.rate_hz or source.rate_hz or own or table.rate_hz
    batches = table.stream(chosen.time, chosen.channels)
    head, ended = _read_head(batches)
    values = np.concatenate([batch.values for batch in head]) if head else np.empty((0, 3), np.float32)
    if len(values) == 0:
        raise InputError(f"{where}: holds no samples")

    scale, rate = None, own or nominal
    if chosen.time is not None:
        stamps = _joined([batch.time for batch in head])
        zoned = table.columns[chosen.time].kind == "zoned"
        scale = tell_time(
            stamps, where, modality, zoned, reading.time_unit, chosen.time_unit, table.date_order, nominal
        )
        measured = measure_rate(_seconds(scale, stamps, 0.0))
        if np.isfinite(measured):
            rate = measured
            if signal.channels and not _SLOWEST_HZ <= rate <= _FASTEST_HZ:
                raise InputError(
                    f"{where}: its stamps lie {1 / rate:.3g} s apart, which no {signal.title} does: say "
                    "their unit with --time-unit, or name another column with --time-column"
                )
        elif nominal is None:
            raise InputError(
                f"{where}: its time does not move, so its rate is unknown: say it with --rate-hz"
            )
        else:
            warnings.append(f"its time does not move: {nominal:g} Hz is taken as said")
            scale = None
    if rate is None:
        raise InputError(
            f"{where}: no time column, and its rate is not said: name one (--time-column) or --rate-hz"
        )
    if nominal is not None and abs(rate / nominal - 1) > _RATE_TOLERANCE:
        known = "in the file" if own else "measured as"
        warnings.append(f"the rate is said to be {nominal:g} Hz and {known} {rate:.4g} Hz")

    name, how, factor = _unit(values, rate, modality, where, table, chosen.unit, reading.unit, warnings)
    pending = [_resumed(head, None if ended else batches)]
    del head, values, batches

    def stream() -> Iterator[Chunk]:
        # What was read to tell the unit is not read twice; a second pass begins anew.
        rows = pending.pop() if pending else table.stream(chosen.time, chosen.channels)
        return _chunks(rows, scale, rate, factor, warnings)

    return Recording(
        source,
        modality,
        chosen.names,
        rate,
        nominal,
        # An encoder normalises each window of ppg and ecg by itself, so their scale is left as it is.
        signal.unit,
        how,
        _start(scale, source, table),
        stream,
        table.range_g,
        table.duration_s if table.rows is None else table.rows / rate,
        warnings,
        {
            "format": source.format,
            "columns": [table.columns[j].name for j in chosen.channels],
            "time_column": None if chosen.time is None else table.columns[chosen.time].name,
            "time": scale.how if scale is not None else "counted at the said rate",
            "file_unit": name,
            **table.facts,
        },
    )


def _shared_rate(columns: list[Column], where: str) -> float | None:
    """The rate that the columns have of their own, in Hz; None where the format says none for each."""
    rates = {column.rate_hz for column in columns}
    if len(rates) > 1:
        listed = ", ".join(f"{column.name} {column.rate_hz:g} Hz" for column in columns)
        raise InputError(
            f"{where}: its signals have several rates ({listed}): choose those of one rate with --columns"
        )
    return rates.pop()


def _read_head(batches: Iterator[Batch]) -> tuple[list[Batch], bool]:
    """The first batches, up to HEAD_ROWS rows; and whether they are all."""
    head: list[Batch] = []
    rows = 0
    for batch in batches:
        head.append(batch)
        rows += len(batch.values)
        if rows >= HEAD_ROWS:
            return head, False
    return head, True


def _resumed(head: list[Batch], rest: Iterator[Batch] | None) -> Iterator[Batch]:
    while head:
        yield head.pop(0)
    if rest is not None:
        yield from rest


def _joined(stamps: list[Stamps | None]) -> Stamps:
    parts = [part for part in stamps if part is not None]
    return pa.concat_arrays(parts) if isinstance(parts[0], pa.Array) else np.concatenate(parts)


def _seconds(scale: TimeScale, stamps: Stamps, last: float) -> np.ndarray:
    seconds = scale.seconds(stamps)
    return unwrap_days(seconds, last) if scale.wraps else seconds


def _unit(
    values: np.ndarray,
    rate_hz: float,
    modality: Modality,
    where: str,
    table: Table,
    bracket: str | None,
    said: str | None,
    warnings: list[str],
) -> tuple[str, str, float]:
    """The file's unit, how it is known, and the factor to the recording's unit."""
    if table.unit == "1/64 g":
        return table.unit, f"{table.unit}, {table.unit_how}", 1 / 64
    signal = MODALITIES[modality]
    if not signal.units:
        name = (table.unit or bracket or "raw").split(",")[0].strip() or "raw"
        return name, f"{name}, {'said' if table.unit or bracket else 'as'} in the file", 1.0
    unit, how, odd = recognise_unit(values, rate_hz, where, signal, said, table.unit or bracket)
    warnings += odd
    return unit, f"{unit}, {how}", signal.units[unit].factor


def _start(scale: TimeScale | None, source: Source, table: Table) -> datetime | None:
    """When the first sample was taken: the stamps know best, then recordings.csv, then the header."""
    return (scale.start if scale is not None else None) or source.start or table.start


def _chunks(
    batches: Iterator[Batch],
    scale: TimeScale | None,
    rate_hz: float,
    factor: float,
    warnings: list[str],
) -> Iterator[Chunk]:
    rows, last, lost = 0, 0.0, 0
    for batch in batches:
        values = batch.values
        if scale is None or batch.time is None:
            time = np.arange(rows, rows + len(values)) / rate_hz
        else:
            time = _seconds(scale, batch.time, last)
            known = np.isfinite(time)
            if not known.all():
                lost += int(np.count_nonzero(~known))
                time, values = time[known], values[known]
            last = float(time[-1]) if len(time) else last
        rows += len(batch.values)
        if factor != 1.0:
            values = values * np.float32(factor)
        if len(time):
            # No unit has an infinite value: such a sample is a missing one.
            values[np.isinf(values)] = np.nan
            yield Chunk(time, values)
    message = f"{lost} samples without a time stamp were left out"
    if lost and message not in warnings:
        warnings.append(message)
