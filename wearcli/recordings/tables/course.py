"""The course of a recording's clock: how its readings become one time that goes on.

A clock may begin anew (at midnight, or where a counter overflows), or be put forward and back with the
season. A course is followed batch by batch, from the first reading on.
"""

from datetime import datetime, timedelta, tzinfo
from typing import Protocol
from zoneinfo import ZoneInfo

import numpy as np

from wearcli.recordings.tables.zone import ClockZone

DAY_S = 86400
_EPOCH = datetime(1970, 1, 1)
_YEARS_S = (-6e9, 7e9)  # 1779 to 2191
# A clock without a zone that leaves out an hour (or Lord Howe's half) by so much at most is put forward.
_TOLERANCE_S = 10.0
# A clock goes on over its change where its readings are not farther apart than this.
_TOGETHER_S = 60.0
# Zones whose changes differ, tried on clocks without a zone; the first of those that fit is named.
_COMMON = (
    *("Europe/Berlin", "Europe/London", "Europe/Athens", "America/New_York", "Australia/Sydney"),
    *("Pacific/Auckland", "America/Santiago", "Asia/Jerusalem", "Africa/Cairo", "Australia/Lord_Howe"),
)


class Course(Protocol):
    """Follows a clock."""

    def follow(self, elapsed: np.ndarray) -> np.ndarray:
        """Return the time that has passed since the first reading, (samples,) s.

        Args:
            elapsed: Readings less the first one, (samples,) s; NaN where there is none. They follow those of
                the calls before.
        """


class Steady:
    """A clock that goes on by itself."""

    def follow(self, elapsed: np.ndarray) -> np.ndarray:
        """Return the readings as they are."""
        return elapsed


class Midnight:
    """A clock of the time of day, which begins anew at midnight."""

    def __init__(self) -> None:
        self._last = 0.0

    def follow(self, elapsed: np.ndarray) -> np.ndarray:
        """Return a time that goes on over midnight; see `Course`."""
        stamped = np.flatnonzero(np.isfinite(elapsed))
        if len(stamped) == 0:
            return elapsed
        times = elapsed[stamped]
        times = times + DAY_S * np.round((self._last - times[0]) / DAY_S)
        times = times - DAY_S * np.cumsum(np.round(np.diff(times, prepend=times[0]) / DAY_S))
        out = elapsed.copy()
        out[stamped] = times
        self._last = float(times[-1])
        return out


class Overflow:
    """A counter that begins anew after its greatest value.

    Args:
        period_s: Time from zero to zero, s.
        first_s: Its first reading, s.
    """

    def __init__(self, period_s: float, first_s: float) -> None:
        self._period, self._first = period_s, first_s
        self._reading, self._added = first_s, 0.0

    def follow(self, elapsed: np.ndarray) -> np.ndarray:
        """Return a time that goes on; see `Course`. An overflow falls from near the end to near zero."""
        stamped = np.flatnonzero(np.isfinite(elapsed))
        if len(stamped) == 0:
            return elapsed
        readings = elapsed[stamped] + self._first
        before = np.concatenate(([self._reading], readings[:-1]))
        fell = (before > 0.75 * self._period) & (readings < 0.25 * self._period)
        # A stamp of before the overflow that comes late.
        rose = (before < 0.25 * self._period) & (readings > 0.75 * self._period)
        rose &= self._added + np.cumsum(fell) > 0
        added = self._added + self._period * np.cumsum(fell.astype(int) - rose.astype(int))
        self._reading, self._added = float(readings[-1]), float(added[-1])
        out = elapsed.copy()
        out[stamped] += added
        return out


class LocalTime:
    """A clock of local time, which may be put forward in spring and back in autumn.

    Of a zone that is certain, a clock follows the changes unless it shows the hour that spring leaves out, or
    goes on through autumn's without a step back. Without a zone, a gap of just the hour that a common zone
    leaves out is named.

    Args:
        first: Its first reading.
        zone: Its zone.
        warnings: Gets a line where a change is in doubt.
    """

    def __init__(self, first: datetime, zone: ClockZone, warnings: list[str]) -> None:
        self._zone, self._warnings = zone, warnings
        self._first_s = (first - _EPOCH).total_seconds()
        self._begin = zone.offset(first).total_seconds()
        self._offset = self._begin
        self._changes = zone.certain and isinstance(zone.zone, ZoneInfo)
        self._last_s = self._first_s
        self._change = _next_change(zone.zone, self._first_s) if self._changes else None

    def follow(self, elapsed: np.ndarray) -> np.ndarray:
        """Return the time since the first reading in UTC; see `Course`."""
        stamped = np.flatnonzero(np.isfinite(elapsed))
        if len(stamped) == 0:
            return elapsed
        readings = self._first_s + elapsed[stamped]
        ahead = np.full(len(readings), self._offset)
        if self._changes:
            self._follow_changes(readings, ahead)
        elif not self._zone.certain:
            self._watch_spring(readings)
        self._last_s = float(readings[-1])
        if (ahead == self._begin).all():
            return elapsed
        out = elapsed.copy()
        out[stamped] -= ahead - self._begin
        return out

    def _follow_changes(self, readings: np.ndarray, ahead: np.ndarray) -> None:
        """Put into `ahead` by how much each reading, (readings,) s, is ahead of UTC."""
        position = 0
        before = np.concatenate(([self._last_s], readings[:-1]))
        while self._change is not None:
            begin, end, offset = self._change
            length = offset - self._offset
            rest = slice(position, None)
            if length > 0:
                changed = readings[rest] >= begin
            else:
                back = readings[rest] - before[rest] < length / 2
                back &= (readings[rest] >= begin - _TOGETHER_S) & (before[rest] >= begin)
                changed = back | (readings[rest] >= end)
            if not changed.any():
                return
            at = position + int(changed.argmax())
            goes_on = readings[at] - before[at] < _TOGETHER_S and before[at] >= begin
            ignored = readings[at] < end if length > 0 else readings[at] >= end and goes_on
            if ignored:
                self._warn(
                    f"the clock goes on over the change of {_date(begin)} ({self._zone.how}): it is taken "
                    "not to have been changed"
                )
                self._change = None
                return
            if readings[at] >= end:  # of a long gap: after other changes, too
                offset = self._zone.offset(_clock(float(readings[at]))).total_seconds()
            self._offset = offset
            ahead[at:] = offset
            position = at
            self._change = _next_change(self._zone.zone, max(end, float(readings[at])))

    def _watch_spring(self, readings: np.ndarray) -> None:
        before = np.concatenate(([self._last_s], readings[:-1]))
        steps = readings - before
        for length in (3600.0, 1800.0):
            for at in np.flatnonzero(np.abs(steps - length) <= _TOLERANCE_S)[:100].tolist():
                for name in _COMMON:
                    left_out = _left_out(ZoneInfo(name), float(before[at]), float(readings[at]))
                    if left_out is None:
                        continue
                    begin, end = (_clock(second) for second in left_out)
                    self._warn(
                        f"no sample from {begin:%Y-%m-%d %H:%M} to {end:%H:%M}, which the clocks of {name}, "
                        "for one, leave out: a gap, unless the clock was put forward (--timezone)"
                    )
                    break

    def _warn(self, line: str) -> None:
        if line not in self._warnings:
            self._warnings.append(line)


def _left_out(zone: tzinfo, before: float, after: float) -> tuple[float, float] | None:
    """The hour that a zone leaves out between two readings, s, that lie just about it; None without one."""
    middle = _clock((before + after) / 2).replace(tzinfo=zone)
    winter, summer = middle.utcoffset(), middle.replace(fold=1).utcoffset()
    if winter is None or summer is None or winter >= summer:
        return None
    change = _next_change(zone, before - 2 * _TOLERANCE_S)
    if change is None or abs(change[0] - before) > _TOLERANCE_S or abs(change[1] - after) > _TOLERANCE_S:
        return None
    return change[0], change[1]


def _next_change(zone: tzinfo, after: float) -> tuple[float, float, float] | None:
    """The next hours that local clocks leave out or show twice: begin, end, and the offset after them, s.

    None where the zone changes no more.
    """

    def offset(second: float) -> float:
        return (_clock(second).replace(tzinfo=zone).utcoffset() or timedelta(0)).total_seconds()

    now = offset(after)
    # Zones change twice a year, or are thought to change no more.
    day = next((d for d in range(1, 800) if offset(after + d * DAY_S) != now), None)
    if day is None:
        return None
    low, high = after, after + day * DAY_S
    while high - low > 0.5:
        middle = (low + high) / 2
        low, high = (middle, high) if offset(middle) == now else (low, middle)
    end = float(round(high))
    # Of an hour that is shown twice the offset is the earlier one, of one that is left out too.
    return end - abs(offset(end) - now), end, offset(end)


def _clock(second: float) -> datetime:
    """The date and time of a reading; one of no sensible year is the nearest of those."""
    return _EPOCH + timedelta(seconds=min(max(second, _YEARS_S[0]), _YEARS_S[1]))


def _date(second: float) -> str:
    return f"{_clock(second):%Y-%m-%d}"
