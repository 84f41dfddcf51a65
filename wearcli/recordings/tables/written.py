"""Dates and times as text, and as numpy and Arrow have them."""

from collections.abc import Callable
from datetime import UTC

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.recordings.tables.course import Midnight
from wearcli.recordings.tables.dates import (
    Order,
    OrderInDoubtError,
    UnreadableStampError,
    order_title,
    recognise_form,
)
from wearcli.recordings.tables.timescale import (
    DateOrderError,
    Stamps,
    TimeScale,
    first_stamp,
    local_scale,
    moment,
)
from wearcli.recordings.tables.zone import ClockZone, clock_zone

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def recognise_written(head: pa.Array, file_name: str, order: Order | None, zone: ClockZone) -> TimeScale:
    """Return what stamps written as text mean.

    Args:
        head: The first stamps, (samples,) text.
        file_name: The file in messages.
        order: Order of day, month and year that the header or the user gives.
        zone: Zone of stamps that name none.

    Raises:
        DateOrderError: The order of day, month and year is in doubt.
        InputError: They cannot be read.
    """
    sample = [text for text in head.slice(0, 2**14).to_pylist() if text and text.strip()]
    if not sample:
        raise InputError(f"{file_name}: its time column is empty: name another with --time-column")
    try:
        form = recognise_form(sample, order)
    except OrderInDoubtError as doubt:
        forms = " or ".join(map(order_title, doubt.orders))
        raise DateOrderError(
            f"{file_name}: '{doubt.stamp}' may be {forms}: say --time-unit {' or '.join(doubt.orders)}",
            doubt.stamp,
        ) from None
    except UnreadableStampError as odd:
        raise InputError(
            f"{file_name}: cannot read the time '{str(odd)[:40]}': write ISO 8601 "
            "(2024-01-31T12:00:00.5Z) or seconds, or name another with --time-column"
        ) from None
    if form.zone is not None and (own := clock_zone(form.zone, None)).certain:
        zone = own

    def read(stamps: Stamps) -> np.ndarray:
        try:
            return form.read(stamps)
        except UnreadableStampError as odd:
            raise InputError(
                f"{file_name}: a time cannot be read ('{str(odd)[:60]}'): mend or remove it"
            ) from None

    first = read(head)
    if not form.dated:
        scale = recognise_clock_times(first, file_name)
    else:
        scale = recognise_dates(first, form.zoned, file_name, zone, form.title)
    return TimeScale(lambda stamps: scale.seconds(read(stamps)), scale.start, scale.how, scale.course)


def recognise_dates(
    head: np.ndarray, zoned: bool, file_name: str, zone: ClockZone, title: str = "ISO date and time"
) -> TimeScale:
    """Return what datetime64 stamps mean; zoned: they are in UTC; title: their form for people."""
    seconds, first, per_second = _from_first(head, file_name)
    clock = moment(first, per_second)
    if zoned:
        return TimeScale(seconds, clock.replace(tzinfo=UTC), title)
    return local_scale(seconds, clock, title, zone)


def recognise_clock_times(head: np.ndarray, file_name: str) -> TimeScale:
    """Return what timedelta64 stamps mean: times of day, which begin anew at midnight."""
    seconds = _from_first(head, file_name)[0]
    return TimeScale(seconds, None, "time of day, no date", lambda warnings: Midnight())


def _from_first(head: np.ndarray, file_name: str) -> tuple[Callable[[Stamps], np.ndarray], int, int]:
    """How stamps of numpy become seconds from the first one; that one, and its counts a second."""
    per_second = _PER_SECOND[np.datetime_data(head.dtype)[0]]
    first = int(first_stamp(head.astype(np.int64), ~np.isnat(head), file_name))

    def seconds(stamps: Stamps) -> np.ndarray:
        elapsed: np.ndarray = (stamps.astype(np.int64) - first) / per_second
        elapsed[np.isnat(stamps)] = np.nan
        return elapsed

    return seconds, first, per_second
