"""The tasks that have a name: their table of labels, and what is predicted."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["classification", "regression"]


@dataclass(frozen=True)
class Named:
    """A task with a name.

    Attributes:
        table: The name of its table, without suffix.
        column: The target. None: every metric of the table, which a second method has measured.
        kind: None: the column's values say it.
    """

    table: str
    column: str | None = None
    kind: Kind | None = None


NAMED = {
    "activity": Named("labels", "label", "classification"),
    "rhythm": Named("labels", "label", "classification"),
    "gait": Named("gait"),
    "heart": Named("heart"),
    "age": Named("participants", "age", "regression"),
    "bmi": Named("participants", "bmi", "regression"),
    "sex": Named("participants", "sex", "classification"),
}
NAMES = " or ".join(", ".join(NAMED).rsplit(", ", 1))  # activity, rhythm, ... or sex
