"""The names of columns as words: at camel case and signs, with the unit apart."""

import re
from collections.abc import Sequence
from typing import NamedTuple

from wearcli.recordings.tables.scales import normal_unit
from wearcli.recordings.tables.sensors import says_gravity_part, split_words
from wearcli.recordings.tables.table import Column

AXES = ("x", "y", "z")


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


_LONGEST = 200  # of what a name ends with


def parse_name(name: str) -> ColumnName:
    """Return the words of a name: `gyroX (deg/s)`, `acc_x_mg`, `rotationRate.x`, `acc x (without g)`."""
    bracket = re.search(r"[\[(]\s*([^\])]*?)\s*[\])]\s*$", name[-_LONGEST:])
    if bracket and says_gravity_part(bracket[1]):
        bracket = None
    words = split_words(name[: -len(bracket[0])] if bracket else name)
    if bracket is None:
        # acc_x_mg, gyro_x_rad_s
        axis = next((i for i, word in enumerate(words) if word in AXES), len(words))
        unit = "".join(words[axis + 1 :])
        if unit and normal_unit(unit):
            return ColumnName(words[: axis + 1], unit)
    return ColumnName(words, bracket[1] if bracket else None)


def list_names(columns: Sequence[Column], most: int = 12) -> str:
    """The names of columns in a message, at most so many."""
    names = ", ".join(column.name.strip() for column in columns[:most])
    return names + (", ..." if len(columns) > most else "")


def quote_names(columns: Sequence[Column]) -> str:
    """The names of columns in a message, each in quotes."""
    return ", ".join(f"'{column.name}'" for column in columns)
