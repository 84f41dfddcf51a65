"""What an embeddings table notes of each recording in it."""

from dataclasses import asdict, dataclass
from typing import Any, Self

from wearcli.conformity import is_finite, shown
from wearcli.documents import Fields
from wearcli.embedding.metadata import ADVICE


@dataclass(frozen=True)
class RecordingRows:
    """What a Parquet table notes of one recording in it.

    Attributes:
        windows: Number of its rows.
        seconds: Seconds of it that held data.
        fingerprint: Of its content, see `reuse.fingerprint`.
        row: Number of its first row in the table.
        span_s: Seconds from its first sample to its end, gaps included; None where that is not noted.
    """

    windows: int
    seconds: float
    fingerprint: str | None = None
    row: int = 0
    span_s: float | None = None

    @classmethod
    def from_json(cls, document: object, name: str) -> Self:
        """Return the note of a recording; raises InputError where it is damaged."""
        fields = Fields(document, name, ADVICE)
        stated = fields.without()
        for key in ("windows", "seconds", "row"):
            number = stated.get(key)
            whole = isinstance(number, int) or key == "seconds"
            if number is None or not is_finite(number) or not whole or number < 0:
                raise fields.error(f"its {key} is {shown(number)}, not a number from 0 up")
        return cls(
            int(stated["windows"]),
            float(stated["seconds"]),
            fields.optional(fields.text, "fingerprint"),
            int(stated["row"]),
            fields.optional(fields.number, "span_s"),
        )

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object."""
        return asdict(self)
