"""Numbers that are times: of an epoch, elapsed, of days, or a calendar's digits."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wearcli.errors import InputError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.course import DAY_S, Overflow
from wearcli.recordings.tables.dates import ORDERS, UnreadableStampError, recognise_form
from wearcli.recordings.tables.timescale import Stamps, TimeScale, first_stamp, local_scale, moment
from wearcli.recordings.tables.written import recognise_written
from wearcli.recordings.tables.zone import ClockZone


class _Count(NamedTuple):
    """What a number counts.

    Attributes:
        per_second: Counts a second.
        zero_s: The moment of zero, s since 1970.
        local: Whether it counts local time; else UTC.
        title: Words for people.
    """

    per_second: float
    zero_s: int
    local: bool
    title: str


_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_DAY_NUMBERS = {
    "excel": _Count(1 / DAY_S, -25569 * DAY_S, True, "Excel day number"),
    "matlab": _Count(1 / DAY_S, -719529 * DAY_S, True, "MATLAB day number"),
    "days": _Count(1 / DAY_S, 0, True, "days since 1970"),
}
_COUNTS = {
    **{unit: _Count(per, 0, False, f"epoch {unit}") for unit, per in _PER_SECOND.items()},
    "ticks": _Count(10**7, -62_135_596_800, True, ".NET ticks"),
    "filetime": _Count(10**7, -11_644_473_600, False, "Windows file time"),
    **_DAY_NUMBERS,
}
DAY_UNITS = (*_DAY_NUMBERS,)
# Moments of stamps, s since 1970: the years 2000 to 2100. The ranges of the units leave gaps, so that they
# cannot be mixed up. Day numbers, which are small, are of fewer years.
_EPOCH = (946_684_800, 4_102_444_800)
_DAYS_EPOCH = (946_684_800, 2_208_988_800)
_CALENDAR = {14: 1, 17: 1000}  # digits of 20240304091500 and 20240304091500123
_OVERFLOW = 2**32


def recognise_numbers(
    head: np.ndarray,
    file_name: str,
    modality: Modality,
    unit: str | None,
    name_unit: str | None,
    rate_hz: float | None,
    zone: ClockZone,
) -> TimeScale:
    """Return what stamps that are numbers mean; the arguments are those of `recognise_time`.

    Raises:
        InputError: Their unit is in doubt.
    """
    if unit in ("iso", *ORDERS):
        raise InputError(
            f"{file_name}: its time is a number, not a date: --time-unit takes s, ms, us or ns here"
        )
    if head.dtype.kind in "ub":
        head = head.astype(np.int64)
    finite = np.isfinite(head)
    first = first_stamp(head, finite, file_name)
    if unit is None and name_unit is None and (digits := _calendar_digits(head[finite])):
        written = recognise_written(_as_digits(head, digits), file_name, None, zone)
        return TimeScale(
            lambda stamps: written.seconds(_as_digits(stamps, digits)),
            written.start,
            written.how,
            written.course,
        )
    # The middle stamp, not the first: a clock may start at 1970 and be set later.
    middle = float(np.median(head[finite]))
    epochs = [name for name in _COUNTS if name not in _DAY_NUMBERS and _is_moment(middle, _COUNTS[name])]
    how = "given by --time-unit" if unit else "in the column name"
    counted_in = unit or name_unit
    if counted_in is None and epochs:
        counted_in, how = epochs[0], "by its magnitude"
    if counted_in is None:
        counted_in = _elapsed_unit(head, file_name, modality, rate_hz)
        how = "by its magnitude and step" if counted_in in _DAY_NUMBERS else "by its step"
    count = _COUNTS[counted_in]

    def seconds(stamps: np.ndarray) -> np.ndarray:
        # Whole numbers stay so until the difference: an epoch in ns has more digits than a float64.
        stamps = stamps.astype(np.int64 if stamps.dtype.kind in "iub" else np.float64, copy=False)
        return np.asarray((stamps - first) / count.per_second, np.float64)

    if counted_in in _DAY_NUMBERS or (counted_in in epochs and _is_moment(float(first), count)):
        clock, title = _clock(first, count), f"{count.title}, {how}"
        if count.local:
            return local_scale(seconds, clock, title, zone)
        return TimeScale(seconds, clock.replace(tzinfo=UTC), title)
    how, stamped = f"elapsed {counted_in}, {how}", head[finite]
    if stamped.min() < 0 or stamped.max() >= _OVERFLOW or (stamped != np.round(stamped)).any():
        return TimeScale(seconds, None, how)
    period_s, first_s = _OVERFLOW / count.per_second, float(first) / count.per_second
    return TimeScale(seconds, None, how, lambda warnings: Overflow(period_s, first_s))


def _clock(stamp: Any, count: _Count) -> datetime:
    """The date and time that a number counts to."""
    if isinstance(stamp, np.integer) and count.per_second >= 1:
        per_second = int(count.per_second)
        return moment(int(stamp) + count.zero_s * per_second, per_second)
    seconds = float(stamp) / count.per_second + count.zero_s
    return moment(round(seconds * 1e6) if np.isfinite(seconds) else 10**30, 10**6)


def _is_moment(number: float, count: _Count) -> bool:
    low, high = _EPOCH if count not in _DAY_NUMBERS.values() else _DAYS_EPOCH
    return low <= number / count.per_second + count.zero_s <= high


def _calendar_digits(head: np.ndarray) -> int | None:
    """Of how many digits numbers are that write a date and time, such as 20240304091500; None for others."""
    for digits, per_second in _CALENDAR.items():
        low, high = 2000 * 10**10 * per_second, 2100 * 10**10 * per_second
        if ((head >= low) & (head < high) & (head == np.round(head))).all():
            try:
                recognise_form(_as_digits(head[: 2**14], digits).to_pylist())
            except UnreadableStampError:
                return None
            return digits
    return None


def _as_digits(stamps: Stamps, digits: int) -> pa.Array:
    """Numbers as their digits; one that is missing is null."""
    whole = np.where(np.isfinite(stamps), stamps, 0).astype(np.int64)
    return pc.utf8_slice_codeunits(pa.array(whole, mask=~np.isfinite(stamps)).cast(pa.string()), 0, digits)


def _elapsed_unit(head: np.ndarray, file_name: str, modality: Modality, rate_hz: float | None) -> str:
    finite = head[np.isfinite(head)]
    rate = measure_rate(np.asarray(finite - finite[0], np.float64))
    if not np.isfinite(rate):
        return "s"  # the stamps do not move: whoever measures the rate says so
    rates = {unit: rate * per for unit, per in _PER_SECOND.items()}
    if rate_hz is not None:
        unit = min(rates, key=lambda u: abs(np.log(rates[u] / rate_hz)))
        if 0.5 < rates[unit] / rate_hz < 2:
            return unit
    low, high = MODALITIES[modality].rates_hz
    for unit in rates:
        if low <= rates[unit] <= high:
            return unit
    if low <= rate / DAY_S <= high:
        middle = float(np.median(finite))
        for unit, count in _DAY_NUMBERS.items():
            if _is_moment(middle, count):
                return unit
    raise InputError(
        f"{file_name}: a time step of {1 / rate:.4g} fits no usual rate in s, ms, us or ns: "
        "say the unit with --time-unit"
    )
