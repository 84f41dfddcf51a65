"""The names of columns as words: at camel case and signs, with the unit apart."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.modality import MODALITIES
from wearcli.recordings.tables.table import Column
from wearcli.recordings.tables.units import normal_unit

AXES = ("x", "y", "z")
_WORDS = frozenset().union(*(record.words for record in MODALITIES.values()))
# A word and an axis in one: ax, gyroz, magx.
_SENSORS = frozenset().union(*(record.words for record in MODALITIES.values() if record.channels))
_GLUED = re.compile(f"^({'|'.join(sorted(_SENSORS | {'mag', 'magnetometer', 'm'}))})([xyz])$")


class ColumnName(NamedTuple):
    """What the name of a column says.

    Attributes:
        words: Its words, in lower case.
        unit: The unit in brackets or after the axis, as it is written.
    """

    words: tuple[str, ...]
    unit: str | None

    @property
    def axis(self) -> str | None:
        """The axis that the name tells; None where it tells none or several."""
        axes = [word for word in self.words if word in AXES]
        return axes[0] if len(axes) == 1 else None


def parse_name(name: str) -> ColumnName:
    """Return the words of a name: `gyroX (deg/s)`, `acc_x_mg`, `rotationRate.x`."""
    bracket = re.search(r"[\[(]\s*([^\])]*?)\s*[\])]\s*$", name)
    rest = name[: bracket.start()] if bracket else name
    split = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", rest)
    words: list[str] = []
    for word in re.split(r"[^0-9A-Za-zµμ]+", split):
        glued = _GLUED.match(word.lower())
        words += [glued[1], glued[2]] if glued else [word.lower()] if word else []
    if bracket is None:
        # acc_x_mg, gyro_x_rad_s
        axis = next((i for i, word in enumerate(words) if word in AXES), len(words))
        unit = "".join(words[axis + 1 :])
        if unit and normal_unit(unit):
            return ColumnName(_with_compounds(words[: axis + 1]), unit)
    return ColumnName(_with_compounds(words), bracket[1] if bracket else None)


def _with_compounds(words: list[str]) -> tuple[str, ...]:
    """Two words in a row as one where they are one in a signal's record: rotation, rate."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] + word in _WORDS:
            joined[-1] += word
        else:
            joined.append(word)
    return tuple(joined)


def list_names(columns: Sequence[Column], most: int = 12) -> str:
    """The names of columns in a message, at most so many."""
    names = ", ".join(column.name.strip() for column in columns[:most])
    return names + (", ..." if len(columns) > most else "")


def quote_names(columns: Sequence[Column]) -> str:
    """The names of columns in a message, each in quotes."""
    return ", ".join(f"'{column.name}'" for column in columns)
