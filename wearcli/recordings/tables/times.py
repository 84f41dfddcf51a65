"""Time stamps of every kind as seconds from the first one, and the date and time of that first one."""

from typing import cast

import pyarrow as pa

from wearcli.errors import InputError, UsageError
from wearcli.modality import Modality
from wearcli.recordings.tables.counts import DAY_UNITS, recognise_numbers
from wearcli.recordings.tables.dates import ORDERS, Order
from wearcli.recordings.tables.timescale import Stamps, TimeScale
from wearcli.recordings.tables.written import recognise_clock_times, recognise_dates, recognise_written
from wearcli.recordings.tables.zone import ClockZone, clock_zone

TIME_UNITS = ("s", "ms", "us", "ns", "iso", *ORDERS, *DAY_UNITS)


def check_time_unit(unit: str) -> None:
    """Raise UsageError for what no time is written in."""
    if unit not in TIME_UNITS:
        raise UsageError(f"--time-unit '{unit}': give {', '.join(TIME_UNITS[:-1])} or {TIME_UNITS[-1]}")


def recognise_time(
    head: Stamps,
    file_name: str,
    modality: Modality = "acc",
    zoned: bool = False,
    unit: str | None = None,
    name_unit: str | None = None,
    order: str | None = None,
    rate_hz: float | None = None,
    zone: ClockZone = clock_zone(None, None),
) -> TimeScale:
    """Return what the stamps at a recording's head mean.

    Args:
        head: The first stamps, (samples,) numbers, datetime64, timedelta64 or text.
        file_name: The file in messages.
        modality: The signal, whose usual rates tell the unit of elapsed time.
        zoned: Whether datetime64 stamps are in UTC, as the file names their zone.
        unit: Unit that --time-unit gives, one of `TIME_UNITS`.
        name_unit: Unit in the name of the column.
        order: Order of day, month and year that the header of the file gives, one of `ORDERS`.
        rate_hz: Rate that the user or the file gives, Hz; it settles the unit of elapsed time.
        zone: Zone of stamps that name none.

    Raises:
        DateOrderError: Dates may be read in several orders.
        InputError: The stamps can be read in no way, or in several; the message names --time-unit.
    """
    if isinstance(head, pa.Array):
        given = unit if unit in ORDERS else order
        return recognise_written(head, file_name, cast(Order | None, given), zone)
    if head.dtype.kind == "M":
        return recognise_dates(head, zoned, file_name, zone)
    if head.dtype.kind == "m":
        return recognise_clock_times(head, file_name)
    if head.dtype.kind not in "iufb":
        raise InputError(f"{file_name}: its time column holds no times: name another with --time-column")
    return recognise_numbers(head, file_name, modality, unit, name_unit, rate_hz, zone)
