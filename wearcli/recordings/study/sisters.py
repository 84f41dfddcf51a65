"""The units of a study: those laid out alike decide one in doubt, and contradictions are noted."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from threading import Lock
from typing import NamedTuple

from wearcli.errors import WearcliError, blamed_on
from wearcli.modality import MODALITIES
from wearcli.recordings.open import open_recording
from wearcli.recordings.reading import Reading
from wearcli.recordings.recording import Recording, Source
from wearcli.recordings.tables.units import UnitInDoubt
from wearcli.words import counted

_ENOUGH, _MOST = 12, 400  # sisters that decide, and files that are looked at for them
_AGREED = 0.75  # share of the sisters whose unit is clear that must have it in common
_SAME_RATE = 0.1
# Mean magnitude, in g, that a short clip with a fall in it may have.
_PLAUSIBLE_G = (0.2, 10.0)
_LOOKING = Lock()  # recordings are opened on several threads, and each head is read once


class _Look(NamedTuple):
    """What the head of a recording says; the unit is None where it is in doubt."""

    columns: tuple[str, ...]
    rate_hz: float
    unit: str | None


class Sisters:
    """Opens the recordings of a run; where one is in doubt about its unit, those laid out alike decide.

    The answer depends on the recordings of the run alone, not on the order in which they are opened, nor on
    which of them are opened at all. Only heads are read, and only once a recording is in doubt.

    Args:
        sources: All recordings of the run.

    Attributes:
        unit_hows: How the unit of each recording that was opened is known, by its name.
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        # Any order does that is the same in every run; by a hash, neighbours are of all people and tasks.
        self._sources = sorted(sources, key=lambda s: hashlib.sha256(s.recording.encode()).digest())
        self._looks: dict[str, _Look | None] = {}
        self.unit_hows: dict[str, str] = {}

    def open(self, source: Source, reading: Reading) -> Recording:
        """Open a recording as `open_recording` does.

        Raises:
            UnitInDoubt: Its unit is in doubt, and its sisters do not settle it.
            InputError: It cannot be read.
        """
        try:
            recording = open_recording(source, reading)
        except UnitInDoubt as doubt:
            with _LOOKING:
                unit, count = self._decision(source, reading, doubt)
            if unit is None:
                raise
            recording = open_recording(source, replace(reading, unit=unit))
            recording.unit_how = (
                f"{unit}, as in {counted(count, 'other recording')} with the same columns and rate"
            )
        self.unit_hows[source.recording] = recording.unit_how
        return recording

    def contradictions(self) -> list[str]:
        """Return a note where the values of a few opened recordings tell another unit than those of most."""
        return _contradictions(self.unit_hows)

    def _decision(self, source: Source, reading: Reading, doubt: UnitInDoubt) -> tuple[str | None, int]:
        """The unit that the sisters have, None where they have none in common; and their number."""
        signal = MODALITIES[reading.modality]
        alike: list[str | None] = []
        for sister in self._sources[:_MOST]:
            same = sister.format == source.format and sister.dataset == source.dataset
            if not same or sister.recording == source.recording:
                continue
            if sister.recording not in self._looks:
                self._looks[sister.recording] = _look(sister, reading)
            look = self._looks[sister.recording]
            if look is None or look.columns != doubt.columns:
                continue
            if abs(look.rate_hz / doubt.rate_hz - 1) <= _SAME_RATE:
                alike.append(look.unit)
            if sum(unit is not None for unit in alike) >= _ENOUGH:
                break
        clear = Counter(unit for unit in alike if unit is not None)
        if not clear or 2 * clear.total() < len(alike):
            return None, 0
        unit, count = clear.most_common(1)[0]
        in_unit = doubt.value * signal.units[unit].factor
        plausible = not signal.gravity or _PLAUSIBLE_G[0] <= in_unit <= _PLAUSIBLE_G[1]
        return (unit, count) if plausible and count >= _AGREED * clear.total() else (None, 0)


def _contradictions(unit_hows: Mapping[str, str]) -> list[str]:
    """A note where values tell another unit of a few recordings than of most: one may be wrong."""
    by_values = {name: _unit(how) for name, how in unit_hows.items() if _how(how).startswith("by ")}
    units = Counter(by_values.values())
    if len(units) < 2:
        return []
    usual = units.most_common(1)[0][0]
    odd = [name for name, unit in by_values.items() if unit != usual]
    names = ", ".join(odd[:3]) + (", ..." if len(odd) > 3 else "")
    return [f"{counted(len(odd), 'recording')} not taken to be in {usual} as most are ({names}): see --unit"]


def _unit(unit_how: str) -> str:
    """The unit in `Recording.unit_how`."""
    return unit_how.partition(", ")[0]


def _how(unit_how: str) -> str:
    """How it is known, in `Recording.unit_how`."""
    return unit_how.partition(", ")[2]


def _look(source: Source, reading: Reading) -> _Look | None:
    """What the head of a recording says; None where it cannot be read, or where no value tells the unit."""
    try:
        with blamed_on(source.path):
            recording = open_recording(source, reading)
    except UnitInDoubt as doubt:
        return _Look(doubt.columns, doubt.rate_hz, None)
    except WearcliError:
        return None
    columns, unit = recording.provenance.get("columns"), recording.provenance.get("file_unit")
    if not isinstance(columns, list) or unit not in MODALITIES[reading.modality].units:
        return None
    return _Look(tuple(columns), recording.rate_hz, str(unit))
