"""The tasks that have a name: where their labels are, and what is predicted of them."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["classification", "regression"]


@dataclass(frozen=True)
class Named:
    """table: the sidecar's name. column: the target, or None for every metric of the table, which a second
    method has measured. kind: None where the column's values tell it."""

    table: str
    column: str | None = None
    kind: Kind | None = None


NAMED = {
    "activity": Named("labels", "label"),
    "rhythm": Named("labels", "label"),
    "gait": Named("gait"),
    "heart": Named("heart"),
    "age": Named("participants", "age", "regression"),
    "bmi": Named("participants", "bmi", "regression"),
    "sex": Named("participants", "sex", "classification"),
}
NAMES = " or ".join(", ".join(NAMED).rsplit(", ", 1))  # activity, rhythm, ... or sex
