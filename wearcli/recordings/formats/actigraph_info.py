"""What an ActiGraph .gt3x file says of its device: info.txt, and the records of settings in its log."""

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Self

from wearcli.recordings.formats.actigraph_log import METADATA, PARAMETERS, Record

_YEAR_1_S = 62_135_596_800  # from the year 1, which ticks are counted from, to 1970
_TICKS = re.compile(r"\d{1,19}")
_USES_UTC = re.compile(rb'UsedUtc\\*"\s*:\s*true')  # in JSON, or in JSON that is text in JSON
_PARAMETER = struct.Struct("<HHI")
_ACCEL_SCALE, _SAMPLE_RATE = (0, 55), (1, 10)
_OLD_SCALE, _NEW_SCALE = 341.0, 256.0  # steps a g, of devices that say none
_OLD_SERIALS = ("NEO", "MRA", "CLE")
_NUMBERS = 2048  # of 12 bits with a sign: what the range of a device is
# What of info.txt is about the device and its settings, not about a person.
_FACTS = (
    *("Serial Number", "Device Type", "Firmware", "Sample Rate", "Start Date", "Stop Date"),
    *("Last Sample Time", "TimeZone", "Board Revision", "Acceleration Scale", "Acceleration Max"),
)


@dataclass(frozen=True)
class Info:
    """info.txt.

    Attributes:
        facts: What it says of the device, by name.
    """

    facts: Mapping[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return what a text says."""
        pairs = (line.partition(":") for line in text.splitlines())
        return cls({key.strip(): value.strip() for key, _, value in pairs if key.strip() in _FACTS})

    def number(self, key: str) -> float:
        """Return a number above 0; 0 where there is none."""
        try:
            number = float(self.facts.get(key, "0"))
        except ValueError:
            return 0.0
        return number if 0 < number < float("inf") else 0.0

    def ticks_ns(self, key: str) -> int | None:
        """Return a date in .NET ticks as ns since 1970; None where there is none after that."""
        text = self.facts.get(key, "")
        if not _TICKS.fullmatch(text):
            return None
        nanoseconds = int(text) * 100 - _YEAR_1_S * 10**9
        return nanoseconds if 0 < nanoseconds < 2**62 else None

    @property
    def last_ns(self) -> int | None:
        """When the device took its last sample, ns since 1970."""
        return self.ticks_ns("Last Sample Time")


@dataclass
class Settings:
    """How the samples of a file are to be read: from info.txt, then from the records that come by.

    Attributes:
        info: info.txt.
        warnings: What is in doubt, one line each.
    """

    info: Info
    warnings: list[str] = field(default_factory=list)
    _parameters: dict[tuple[int, int], int] = field(default_factory=dict)
    _in_utc: bool = False

    def note(self, record: Record) -> None:
        """Take over what a record of settings says."""
        if record.kind == METADATA:
            self._in_utc |= bool(_USES_UTC.search(record.payload))
        elif record.kind == PARAMETERS:
            whole = record.payload[: len(record.payload) // _PARAMETER.size * _PARAMETER.size]
            for space, name, value in _PARAMETER.iter_unpack(whole):
                self._parameters[space, name] = value

    @property
    def rate_hz(self) -> float | None:
        """The rate that the device was set to, Hz; None where nothing tells it."""
        return self.info.number("Sample Rate") or float(self._parameters.get(_SAMPLE_RATE, 0)) or None

    @property
    def zone(self) -> str | None:
        """The zone of the device's clock as the file writes it: UTC where it was initialised so."""
        return "UTC" if self._in_utc else self.info.facts.get("TimeZone")

    @property
    def scale(self) -> float:
        """Steps of a raw value in a g: of the log, else of info.txt, else of the kind of device."""
        logged = decoded(self._parameters.get(_ACCEL_SCALE, 0))
        stated = self.info.number("Acceleration Scale")
        if logged > 0 and stated and abs(logged / stated - 1) > 1e-3:
            self._warn(f"its log says {logged:g} steps a g, info.txt {stated:g}: the log's is taken")
        if logged > 0 or stated:
            return logged if logged > 0 else stated
        serial = self.info.facts.get("Serial Number", "")
        if not serial:
            self._warn(f"nothing in it tells the scale: taken to be {_NEW_SCALE:g} steps a g")
        return _OLD_SCALE if serial.startswith(_OLD_SERIALS) else _NEW_SCALE

    @property
    def range_g(self) -> float:
        """Greatest acceleration that the device measures, g."""
        return self.info.number("Acceleration Max") or _NUMBERS / self.scale

    def _warn(self, line: str) -> None:
        if line not in self.warnings:
            self.warnings.append(line)


def decoded(word: int) -> float:
    """Return the number of a parameter: 24 bits of a fraction with its sign, 8 bits of a power of two."""
    exponent = word >> 24
    fraction = word & 0xFFFFFF
    exponent -= 0x100 * (exponent >> 7)
    fraction -= 0x1000000 * (fraction >> 23)
    return float(fraction / 2**23 * 2.0**exponent)
