"""How a recording's stamps become seconds, and its start a moment in UTC."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa

from wearcli.errors import InputError
from wearcli.recordings.tables.course import Course, LocalTime, Steady
from wearcli.recordings.tables.zone import ClockZone

Stamps: TypeAlias = np.ndarray | pa.Array


@dataclass(frozen=True)
class TimeScale:
    """How a recording's stamps become seconds.

    Attributes:
        seconds: Maps stamps to (samples,) float64 s from the first stamp; NaN where a stamp is missing.
        start: The first stamp as UTC, None where the stamps are not absolute.
        how: How the stamps were understood, for people.
        course: Returns what follows the clock's course through these seconds, batch by batch; its argument
            gets a line where something is in doubt.
    """

    seconds: Callable[[Stamps], np.ndarray]
    start: datetime | None
    how: str
    course: Callable[[list[str]], Course] = lambda warnings: Steady()


class DateOrderError(InputError):
    """Dates may be read in several orders.

    Attributes:
        stamp: One of the stamps.
    """

    def __init__(self, message: str, stamp: str) -> None:
        super().__init__(message)
        self.stamp = stamp


def local_scale(
    seconds: Callable[[Stamps], np.ndarray], first: datetime, title: str, zone: ClockZone
) -> TimeScale:
    """Return the scale of stamps of local time.

    Args:
        seconds: Maps stamps to seconds from the first one, by the clock.
        first: What the clock showed first.
        title: The form of the stamps.
        zone: The clock's zone.
    """
    how = f"{title}, {zone.how}"
    if datetime.min < first < datetime.max:
        return TimeScale(seconds, zone.utc(first), how, partial(LocalTime, first, zone))
    return TimeScale(seconds, first.replace(tzinfo=UTC), how)


def first_stamp(stamps: np.ndarray, present: np.ndarray, file_name: str) -> Any:
    """Return the first stamp that is present; (samples,) bool. InputError where none is."""
    if not present.any():
        raise InputError(f"{file_name}: its time column is empty: name another with --time-column")
    return stamps[np.argmax(present)]


def moment(stamp: int, per_second: int) -> datetime:
    """Return a stamp that is counted in 1/per_second since 1970, in whole microseconds.

    One beyond the years 1 to 9999 is the least or greatest there is: `open_recording` takes no such start.
    """
    try:
        clock = datetime(1970, 1, 1) + timedelta(microseconds=stamp * 10**6 // per_second)
    except OverflowError:
        return datetime.max if stamp > 0 else datetime.min
    # A zone may need another day.
    return clock if 1 < clock.year < 9999 else datetime.max if stamp > 0 else datetime.min
