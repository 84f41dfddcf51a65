"""A table of columns becomes a recording: columns, time, rate and unit are recognised by its head."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple, cast

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, ModalityRecord
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Chunk, Recording, Source
from wearcli.recordings.tables.clock import check_rate, measure_rate
from wearcli.recordings.tables.columns import Chosen, choose_columns
from wearcli.recordings.tables.dates import Order
from wearcli.recordings.tables.epochs import refuse_slow_counts
from wearcli.recordings.tables.impossible import Fillers, Screen, recognise_fillers
from wearcli.recordings.tables.rows import RowRule, check_gravity, read_rows, recognise_rows
from wearcli.recordings.tables.table import HEAD_ROWS, Batch, Column, Table, check_width
from wearcli.recordings.tables.times import recognise_time
from wearcli.recordings.tables.timescale import Stamps, TimeScale
from wearcli.recordings.tables.units import UnitInDoubt, odd_rest, recognise_unit
from wearcli.recordings.tables.zone import ClockZone, clock_zone

# A measured rate that is off the given one by more than this share is worth a warning.
_RATE_TOLERANCE = 0.02
# No accelerometer that is worn is slower or faster: the stamps are of another unit, or dates.
_SLOWEST_HZ, _FASTEST_HZ = 1.0, 1e4
# A calibrated value may be a little beyond the range that a format states.
_RANGE_MARGIN = 1.1
# Free fall is not as long: so many samples in a row, and seconds, of 0 on all axes are no measurement.
_ZEROS, _ZEROS_S = 5, 0.5
# How far two clocks of the same samples may differ, as a share.
_CLOCKS_APART = 0.05


class _Clock(NamedTuple):
    """How samples get their times.

    Attributes:
        scale: How stamps become seconds; None where samples are counted.
        rate_hz: Rate, measured where stamps move.
        nominal_hz: Rate that the user or the file gives, if any.
    """

    scale: TimeScale | None
    rate_hz: float
    nominal_hz: float | None


class _Unit(NamedTuple):
    """The unit of a file.

    Attributes:
        name: The unit.
        how: The unit, and after ", " how it was recognised.
        factor: What a value is multiplied by to be in the unit of the recording.
        gravity: Whether gravity is in the values for sure.
    """

    name: str
    how: str
    factor: float
    gravity: bool = False


def open_table(source: Source, table: Table, reading: Reading, file_name: str) -> Recording:
    """Return the recording in a table: seconds, and g or deg/s (other signals as the file has them).

    What the reading gives counts more than what the file tells.

    Raises:
        InputError: Something is in doubt; the message names the option that settles it.
    """
    check_width(len(table.columns), file_name)
    signal, warnings = MODALITIES[reading.modality], table.warnings
    chosen = choose_columns(
        table.columns,
        reading.modality,
        file_name,
        table.named,
        reading.time_column,
        reading.channel_columns,
        reading.channels,
        table.bare_leads,
    )
    warnings += chosen.warnings
    own_rate_hz = _shared_rate([table.columns[j] for j in chosen.channels], file_name)
    nominal_hz = reading.rate_hz or source.rate_hz or own_rate_hz or table.rate_hz
    batches = read_rows(table, chosen, chosen.time, file_name)
    raw, ended = _read_head(batches)
    fillers = _fillers(raw, chosen, signal)
    head = [batch._replace(values=fillers.without(batch.values)) for batch in raw]
    rule = recognise_rows(head, table, chosen, signal, file_name)
    head = [rule.samples(batch) for batch in head]
    values = np.concatenate([batch.values for batch in head]) if head else np.empty((0, 3), np.float32)
    if len(values) == 0:
        raise InputError(f"{file_name}: holds no samples: copy it again")
    zone = clock_zone(table.zone, reading.timezone)
    clock = _clock(head, table, chosen, reading, own_rate_hz, nominal_hz, zone, file_name)
    clock = _with_start(clock, head, table, chosen, rule, reading, zone, file_name)
    start, time = _start(clock.scale, source, table, reading, zone)
    if chosen.without_gravity and rule.gravity is None:
        check_gravity(values, clock.rate_hz, chosen, reading, table, file_name)
    if signal.gravity and reading.unit is None and table.unit_factor is None:
        refuse_slow_counts(values, clock.rate_hz, file_name)
    unit = _unit(values, clock.rate_hz, table, chosen, reading, file_name)
    limit_g, limit = _limit(unit.factor, table, signal)
    _check_limit(values, limit, limit_g, unit, signal, file_name)
    fillers = fillers.for_unit(unit.factor, signal)
    pending = [_resumed(raw, None if ended else batches)]
    del raw, head, values, batches

    def stream() -> Iterator[Chunk]:
        # What was read to recognise the unit is not read twice; a second pass begins anew.
        rows = pending.pop() if pending else read_rows(table, chosen, chosen.time, file_name)
        zeros = max(_ZEROS, round(_ZEROS_S * clock.rate_hz)) if unit.gravity else 0
        screen = Screen(fillers, limit, f"{limit_g:g} {signal.unit}", zeros)
        clean = (row._replace(values=screen.without_fillers(row.values)) for row in rows)
        return _chunks(map(rule.samples, clean), clock, unit.factor, screen, warnings)

    return Recording(
        source,
        reading.modality,
        chosen.names,
        clock.rate_hz,
        clock.nominal_hz,
        # An encoder normalises each window of ppg and ecg by itself, so their scale is left as it is.
        signal.unit,
        unit.how,
        start,
        stream,
        table.range_g,
        table.duration_s if table.rows is None else table.rows / clock.rate_hz,
        warnings,
        {
            "format": source.format,
            "columns": [table.columns[j].name for j in chosen.channels],
            **({"gravity": [table.columns[j].name for j in chosen.gravity or []]} if rule.gravity else {}),
            "time_column": None if chosen.time is None else table.columns[chosen.time].name,
            "time": time,
            "file_unit": unit.name,
            **table.facts,
        },
    )


def _clock(
    head: list[Batch],
    table: Table,
    chosen: Chosen,
    reading: Reading,
    own: float | None,
    nominal: float | None,
    zone: ClockZone,
    file_name: str,
) -> _Clock:
    """The time of a recording by its head; own: the columns' rate, nominal: the given one, Hz."""
    scale, rate = None, own or nominal
    if chosen.time is not None:
        stamps = _joined([batch.time for batch in head])
        zoned = table.columns[chosen.time].kind == "zoned"
        scale = recognise_time(
            stamps,
            file_name,
            reading.modality,
            zoned,
            reading.time_unit,
            chosen.time_unit,
            table.date_order,
            nominal,
            zone,
        )
        if table.date_order_how is not None:
            scale = replace(scale, how=f"{scale.how}; order of the date {table.date_order_how}")
        seconds = scale.course([]).follow(scale.seconds(stamps))
        measured = measure_rate(seconds)
        if np.isfinite(measured):
            rate = measured
            if MODALITIES[reading.modality].gravity and not _SLOWEST_HZ <= rate <= _FASTEST_HZ:
                raise InputError(
                    f"{file_name}: its stamps lie {1 / rate:.3g} s apart, which no acceleration does "
                    "(counts of epochs are not read): say their unit with --time-unit, or name another "
                    "column with --time-column"
                )
        elif nominal is None:
            raise InputError(f"{file_name}: its time does not move, or but once: say its rate with --rate-hz")
        elif np.nanmin(seconds) == np.nanmax(seconds):
            table.warnings.append(f"its time does not move: {nominal:g} Hz is taken as stated")
            table.start = scale.start or table.start
            scale = None
    if rate is None:
        names = ", ".join(column.name or "(no name)" for column in table.columns[:8])
        raise InputError(
            f"{file_name}: no time column (it has {names}), and its rate is not stated: name one "
            "(--time-column) or --rate-hz"
        )
    if nominal is not None and abs(rate / nominal - 1) > _RATE_TOLERANCE:
        evidence = "in the file" if own else "measured as"
        table.warnings.append(f"the rate is stated as {nominal:g} Hz and {evidence} {rate:.4g} Hz")
    check_rate(rate, file_name)
    return _Clock(scale, rate, nominal)


def _with_start(
    clock: _Clock,
    head: list[Batch],
    table: Table,
    chosen: Chosen,
    rule: RowRule,
    reading: Reading,
    zone: ClockZone,
    file_name: str,
) -> _Clock:
    """The clock with the start that the log's stamps tell, where the sensor's own are of no date."""
    if clock.scale is None or clock.scale.start is not None:
        return clock
    first = next(batch for batch in head if len(batch.values))
    own = clock.scale.course([]).follow(clock.scale.seconds(_joined([first.time])))
    for column in chosen.starts:
        samples = map(rule.samples, read_rows(table, chosen, column, file_name))
        batch = next(batch for batch in samples if len(batch.values))
        zoned = table.columns[column].kind == "zoned"
        try:
            scale = recognise_time(
                batch.time, file_name, reading.modality, zoned, order=table.date_order, zone=zone
            )
        except InputError:
            continue
        log = scale.seconds(batch.time)
        last = min(len(own), len(log)) - 1
        # A date alone, or the stamp of something that came seldom, is no clock of the samples.
        if scale.start is not None and abs(own[last] - log[last]) <= _CLOCKS_APART * own[last] + 2.0:
            how = f"{clock.scale.how}; start from '{table.columns[column].name}', {scale.how}"
            return clock._replace(scale=replace(clock.scale, start=scale.start, how=how))
    return clock


def _shared_rate(columns: list[Column], file_name: str) -> float | None:
    """The rate that the columns have of their own, in Hz; None where the format says none for each."""
    rates = {column.rate_hz for column in columns}
    if len(rates) > 1:
        listed = ", ".join(f"{column.name} {column.rate_hz:g} Hz" for column in columns)
        raise InputError(
            f"{file_name}: its signals have several rates ({listed}): choose those of one rate with --columns"
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


def _unit(
    values: np.ndarray, rate_hz: float, table: Table, chosen: Chosen, reading: Reading, file_name: str
) -> _Unit:
    """The unit of a file by its format, its header, the user, or its values."""
    signal, written = MODALITIES[reading.modality], table.unit or chosen.unit
    if table.unit is not None and table.unit_factor is not None:
        table.warnings += odd_rest(values, rate_hz, signal, table.unit_factor)
        return _Unit(table.unit, f"{table.unit}, {table.unit_how}", table.unit_factor)
    if not signal.units:
        name = (written or "raw").split(",")[0].strip() or "raw"
        return _Unit(name, f"{name}, {'stated' if written else 'as'} in the file", 1.0)
    try:
        unit = recognise_unit(values, rate_hz, file_name, signal, reading.unit, written)
    except UnitInDoubt as doubt:
        doubt.columns = tuple(table.columns[j].name for j in chosen.channels)
        raise
    table.warnings += unit.warnings
    return _Unit(unit.name, f"{unit.name}, {unit.how}", unit.factor, unit.gravity)


def _fillers(head: list[Batch], chosen: Chosen, signal: ModalityRecord) -> Fillers:
    """What stands for missing values in a file, by the first rows."""
    values = [batch.values[:, : len(chosen.channels)] for batch in head]
    return recognise_fillers(np.concatenate(values), signal) if values else Fillers()


def _limit(factor: float, table: Table, signal: ModalityRecord) -> tuple[float, float]:
    """The greatest value that the sensor may measure: in the unit of the recording, and of the file."""
    limit = signal.largest
    if table.range_g is not None:
        limit = min(limit, _RANGE_MARGIN * table.range_g)
    return limit, limit / factor


def _check_limit(
    values: np.ndarray, limit: float, limit_g: float, unit: _Unit, signal: ModalityRecord, file_name: str
) -> None:
    """Raise InputError where most samples of the head are beyond the limit: the unit is wrong."""
    share = float(np.mean((np.abs(values) > limit).any(1)))
    if share > 0.5:
        raise InputError(
            f"{file_name}: {share:.0%} of its first samples are beyond {limit_g:g} {signal.unit} in "
            f"{unit.name}: say another unit with --unit, or for raw counts a scale such as 1/256g"
        )


def _start(
    scale: TimeScale | None, source: Source, table: Table, reading: Reading, zone: ClockZone
) -> tuple[datetime | None, str]:
    """When the first sample was taken, and how the time is known, in words.

    The stamps know best, then recordings.csv, then the header.
    """
    how = "counted at the stated rate" if scale is None else scale.how
    if scale is not None and scale.start is not None:
        return scale.start, how
    header = table.start or table.start_by_order.get(cast(Order, reading.time_unit))
    start, teller = (source.start, "recordings.csv") if source.start else (header, "the header")
    if start is None:
        if table.start_by_order:
            orders = " or ".join(table.start_by_order)
            table.warnings.append(f"the date in its header may be {orders}: no start is taken (--time-unit)")
        return None, how
    if start.tzinfo is None:
        how = f"{how}; start by {teller}, {zone.how}"
    try:
        return zone.utc(start), how
    except OverflowError:
        return None, how


def _chunks(
    batches: Iterator[Batch], clock: _Clock, factor: float, screen: Screen, warnings: list[str]
) -> Iterator[Chunk]:
    rows, lost = 0, 0
    course = None if clock.scale is None else clock.scale.course(warnings)
    for batch in batches:
        values = batch.values
        if clock.scale is None or course is None or batch.time is None:
            time = np.arange(rows, rows + len(values)) / clock.rate_hz
        else:
            time = course.follow(clock.scale.seconds(batch.time))
            stamped = np.isfinite(time)
            if not stamped.all():
                lost += int(np.count_nonzero(~stamped))
                time, values = time[stamped], values[stamped]
        rows += len(batch.values)
        values = screen.measurable(values)
        if factor != 1.0:
            values = values * np.float32(factor)
        if len(time):
            yield Chunk(time, values)
    notes = screen.notes() + ([f"{lost} samples without a time stamp were left out"] if lost else [])
    warnings += [note for note in notes if note not in warnings]
