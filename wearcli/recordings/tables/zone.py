"""The zone of a clock: what turns its date and time into UTC, and how the zone is known.

Readers of every format ask `clock_zone`. A zone that the file states is taken before `--timezone`, which is
for clocks whose zone nothing states; without either the clock is taken as UTC, and that is said.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wearcli.errors import UsageError

NO_ZONE = "no zone: taken as UTC (--timezone)"
# Such as -05:00:00, +0100, GMT -05:00, UTC+1, (UTC+01:00) Berlin; without a sign only with a colon: 01:00:00.
_OFFSET = re.compile(
    r"\(?(?:UTC|GMT|Z)?\s*"
    r"(?:([+\N{MINUS SIGN}-])\s*(\d{1,2})(?::?(\d\d))?(?::?(\d\d))?|(\d\d):(\d\d)(?::(\d\d))?)(?!\d)",
    re.IGNORECASE,
)
_FARTHEST = timedelta(hours=15)


@dataclass(frozen=True)
class ClockZone:
    """The zone of a clock.

    Attributes:
        zone: The zone.
        how: The zone and how it is known, for people.
        certain: Whether the file or the user names it.
    """

    zone: tzinfo
    how: str
    certain: bool

    def utc(self, clock: datetime) -> datetime:
        """Return what a clock of this zone shows as UTC; a date and time with a zone of its own keeps that.

        Raises:
            OverflowError: It is before the year 1 or after 9999.
        """
        return (clock if clock.tzinfo else clock.replace(tzinfo=self.zone)).astimezone(UTC)

    def offset(self, clock: datetime) -> timedelta:
        """Return by how much the clock, which shows this date and time, is ahead of UTC."""
        return clock.replace(tzinfo=self.zone).utcoffset() or timedelta(0)


def clock_zone(stated: str | None, given: str | None) -> ClockZone:
    """Return the zone of a clock.

    Args:
        stated: Zone as the file writes it, None where it does not; one that cannot be understood is none.
        given: Zone that the user gives with --timezone.

    Raises:
        UsageError: There is no zone as the one given.
    """
    zone = None if stated is None else _parse(stated)
    if zone is not None:
        return ClockZone(zone, f"zone {_name(zone)} in the file", True)
    if given is not None:
        zone = parse_zone(given)
        return ClockZone(zone, f"zone {_name(zone)} by --timezone", True)
    return ClockZone(UTC, NO_ZONE, False)


def parse_zone(text: str) -> tzinfo:
    """Return a zone by its name, such as Europe/Berlin, or its offset, such as UTC+01:00 or -05:00.

    Raises:
        UsageError: There is none such.
    """
    zone = _parse(text)
    if zone is None:
        raise UsageError(f"--timezone {text}: no such time zone: give a name such as Europe/Berlin")
    return zone


def _parse(text: str) -> tzinfo | None:
    text = text.strip().strip("[]").strip()
    if text.upper() in ("Z", "UTC", "GMT", "UT"):
        return UTC
    if match := _OFFSET.match(text):
        sign, *signed = match.groups()[:4]
        parts = [int(part or 0) for part in (signed if sign else match.groups()[4:])]
        offset = timedelta(hours=parts[0], minutes=parts[1], seconds=parts[2])
        if parts[1] > 59 or parts[2] > 59 or offset > _FARTHEST:
            return None
        return timezone(-offset if sign and sign != "+" else offset) if offset else UTC
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _name(zone: tzinfo) -> str:
    return zone.key if isinstance(zone, ZoneInfo) else str(zone)
