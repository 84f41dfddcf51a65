"""Time stamps of every kind as seconds from the first one, and the date and time of that first one."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wearcli.errors import InputError, UsageError
from wearcli.modality import MODALITIES, Modality
from wearcli.recordings.tables.clock import measure_rate
from wearcli.recordings.tables.table import to_numpy

Stamps: TypeAlias = np.ndarray | pa.Array
TIME_UNITS = ("s", "ms", "us", "ns", "iso", "dmy", "mdy")

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
# Seconds of an epoch stamp: the years 2000 to 2100. The units' ranges leave gaps, so they cannot be mixed up.
_EPOCH = (946_684_800, 4_102_444_800)
_ISO = r"^\s*(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]"
_SLASHED = re.compile(r"^\s*(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[T ]+\d{1,2}:\d{2}")


@dataclass(frozen=True)
class TimeScale:
    """How a recording's stamps become seconds.

    Attributes:
        seconds: Maps stamps to (samples,) float64 s from the first stamp; NaN where a stamp is missing.
        start: The first stamp as UTC, None where the stamps are not absolute.
        how: How the stamps were understood, for people.
        wraps: Whether `seconds` begins anew at midnight (see `unwrap_days`).
    """

    seconds: Callable[[Stamps], np.ndarray]
    start: datetime | None
    how: str
    wraps: bool = False


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
) -> TimeScale:
    """Return what the stamps at a recording's head mean.

    Args:
        head: The first stamps, (samples,) numbers, datetime64, timedelta64 or text.
        file_name: The file in messages.
        modality: The signal, whose usual rates tell the unit of elapsed time.
        zoned: Whether the file names the time zone.
        unit: Unit that --time-unit gives, one of `TIME_UNITS`.
        name_unit: Unit in the name of the column.
        order: Order of day and month that the header of the file gives, dmy or mdy.
        rate_hz: Rate that the user or the file gives, Hz; it settles the unit of elapsed time.

    Raises:
        InputError: The stamps can be read in no way, or in several; the message names --time-unit.
    """
    if isinstance(head, pa.Array):
        if unit in ("dmy", "mdy"):
            order = unit
        text, zoned, order = _recognise_text(head, file_name, order)
        parsed = recognise_time(text(head), file_name, modality, zoned)
        return TimeScale(lambda stamps: parsed.seconds(text(stamps)), parsed.start, parsed.how)
    if head.dtype.kind == "M":
        return _dates(head, zoned, file_name)
    if head.dtype.kind == "m":
        return _clock_times(head, file_name)
    if head.dtype.kind not in "iufb":
        raise InputError(f"{file_name}: its time column holds no times: name another with --time-column")
    return _numbers(head, file_name, modality, unit, name_unit, rate_hz)


def _dates(head: np.ndarray, zoned: bool, file_name: str) -> TimeScale:
    seconds, first, per_second = _from_first(head, file_name)
    how = "ISO date and time" + ("" if zoned else ", no zone: taken as UTC")
    return TimeScale(seconds, _utc(first, per_second), how)


def _clock_times(head: np.ndarray, file_name: str) -> TimeScale:
    return TimeScale(_from_first(head, file_name)[0], None, "time of day, no date", wraps=True)


def _from_first(head: np.ndarray, file_name: str) -> tuple[Callable[[Stamps], np.ndarray], int, int]:
    """How stamps of numpy become seconds from the first one; that one, and its counts a second."""
    per_second = _PER_SECOND[np.datetime_data(head.dtype)[0]]
    first = int(_first(head.astype(np.int64), ~np.isnat(head), file_name))

    def seconds(stamps: Stamps) -> np.ndarray:
        elapsed: np.ndarray = (stamps.astype(np.int64) - first) / per_second
        elapsed[np.isnat(stamps)] = np.nan
        return elapsed

    return seconds, first, per_second


def unwrap_days(elapsed: np.ndarray, last: float) -> np.ndarray:
    """Return times of day as a time that goes on over midnight.

    Args:
        elapsed: Times of day less the first one, (samples,) s.
        last: The time before them, s.
    """
    stamped = np.flatnonzero(np.isfinite(elapsed))
    if len(stamped) == 0:
        return elapsed
    times = elapsed[stamped]
    times = times + 86400 * np.round((last - times[0]) / 86400)
    times = times - 86400 * np.cumsum(np.round(np.diff(times, prepend=times[0]) / 86400))
    out = elapsed.copy()
    out[stamped] = times
    return out


def _numbers(
    head: np.ndarray,
    file_name: str,
    modality: Modality,
    unit: str | None,
    name_unit: str | None,
    rate_hz: float | None,
) -> TimeScale:
    if unit in ("iso", "dmy", "mdy"):
        raise InputError(
            f"{file_name}: its time is a number, not a date: --time-unit takes s, ms, us or ns here"
        )
    if head.dtype.kind in "ub":
        head = head.astype(np.int64)
    finite = np.isfinite(head)
    first = _first(head, finite, file_name)
    # The middle stamp, not the first: a clock may start at 1970 and be set later.
    middle = float(np.median(head[finite]))
    epochs = [u for u, per in _PER_SECOND.items() if _EPOCH[0] <= middle / per <= _EPOCH[1]]
    how = "said by --time-unit" if unit else "in the column name"
    counted_in = unit or name_unit
    if counted_in is None and epochs:
        counted_in, how = epochs[0], "by its magnitude"
    if counted_in is None:
        counted_in, how = _elapsed_unit(head, file_name, modality, rate_hz), "by its step"
    per_second = _PER_SECOND[counted_in]
    absolute = counted_in in epochs and _EPOCH[0] <= float(first) / per_second <= _EPOCH[1]

    def seconds(stamps: np.ndarray) -> np.ndarray:
        # Whole numbers stay so until the difference: an epoch in ns has more digits than a float64.
        stamps = stamps.astype(np.int64 if stamps.dtype.kind in "iub" else np.float64, copy=False)
        return np.asarray((stamps - first) / per_second, np.float64)

    start = None
    if absolute:
        start = _utc(int(first), per_second) + timedelta(seconds=(float(first) - int(first)) / per_second)
    return TimeScale(seconds, start, f"{'epoch' if absolute else 'elapsed'} {counted_in}, {how}")


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
    raise InputError(
        f"{file_name}: a time step of {1 / rate:.4g} fits no usual rate in s, ms, us or ns: "
        "say the unit with --time-unit"
    )


def _recognise_text(
    head: pa.Array, file_name: str, order: str | None
) -> tuple[Callable[[Stamps], np.ndarray], bool, str | None]:
    """How to parse stamps written as text; whether they name a zone; the order of day and month."""
    sample = [text for text in head.slice(0, 2**14).to_pylist() if text and text.strip()]
    if not sample:
        raise InputError(f"{file_name}: its time column is empty: name another with --time-column")
    slashed = [match for text in sample if (match := _SLASHED.match(text))]
    if len(slashed) == len(sample):
        firsts, seconds = max(int(m[1]) for m in slashed), max(int(m[2]) for m in slashed)
        order = "dmy" if firsts > 12 else "mdy" if seconds > 12 else order
        if order is None:
            raise InputError(
                f"{file_name}: '{sample[0]}' may be day/month or month/day: say --time-unit dmy or mdy"
            )
    elif not all(re.match(_ISO, text) for text in sample):
        odd = next(text for text in sample if not re.match(_ISO, text))
        raise InputError(
            f"{file_name}: cannot read the time '{odd[:40]}': write ISO 8601 (2024-01-31T12:00:00.5Z) or "
            "seconds, or name another with --time-column"
        )
    zoned = bool(re.search(r"(Z|UTC|GMT|[+-]\d{2}:?\d{2})\s*$", sample[0]))

    def parse(stamps: Stamps) -> np.ndarray:
        try:
            return to_numpy(_parse_text(stamps, order, zoned))
        except pa.ArrowInvalid as error:
            raise InputError(f"{file_name}: a time cannot be read ({str(error).splitlines()[0]})") from None

    return parse, zoned, order


def _parse_text(stamps: pa.Array, order: str | None, zoned: bool) -> pa.Array:
    """Text as timestamp[ns, UTC]: the date is brought into ISO order first."""
    text = pc.utf8_trim_whitespace(stamps.cast(pa.string()))
    text = pc.if_else(pc.equal(text, ""), None, text)
    if order is not None:
        swap = r"\3-\2-\1 " if order == "dmy" else r"\3-\1-\2 "
        text = pc.replace_substring_regex(text, r"^(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})[T ]+", swap)
    text = pc.replace_substring_regex(text, r"^(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]+", r"\1-\2-\3 ")
    text = pc.replace_substring_regex(text, r"-(\d)([- ])", r"-0\1\2")
    text = pc.replace_substring_regex(text, r"-(\d)([- ])", r"-0\1\2")
    text = pc.replace_substring_regex(text, r" (\d):", r" 0\1:")
    if zoned:
        text = pc.replace_substring_regex(text, r"\s*(UTC|GMT)$", "Z")
        text = pc.replace_substring_regex(text, r"\s+([+-]\d{2}:?\d{2})$", r"\1")
    return text.cast(pa.timestamp("ns", "UTC" if zoned else None))


def _first(stamps: np.ndarray, present: np.ndarray, file_name: str) -> Any:
    if not present.any():
        raise InputError(f"{file_name}: its time column is empty: name another with --time-column")
    return stamps[np.argmax(present)]


def _utc(stamp: int, per_second: int) -> datetime:
    """`stamp` counted in 1/per_second since 1970 as UTC, in whole microseconds; at most the year 9999."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=stamp * 10**6 // per_second)
    except OverflowError:  # `open_recording` takes no such start
        return (datetime.max if stamp > 0 else datetime.min).replace(tzinfo=UTC)
