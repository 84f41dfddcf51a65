"""Options that several methods have."""

from dataclasses import dataclass, field

from wearcli.options import option


@dataclass(frozen=True)
class ContrastOptions:
    """Of methods that tell windows from each other."""

    temperature: float = field(
        default=0.1, metadata=option("Temperature of the contrast; smaller looks harder.", above=0)
    )


@dataclass(frozen=True)
class PairOptions:
    """Of methods whose pairs are two windows near in time."""

    positive_seconds: float = field(
        default=10.0,
        metadata=option("Greatest time between the two windows of a pair, seconds.", minimum=0),
    )


@dataclass(frozen=True)
class LabelOptions:
    """Of methods that learn from labels."""

    labels: tuple[str, ...] = field(
        default=(),
        metadata=option(
            "Table with recording, onset, duration and label; may be given again, with SET= before the name "
            "where a table is of one set of several.",
            metavar="[SET=]FILE",
            default_text="labels.csv beside the recordings",
        ),
    )
    target: str = field(default="label", metadata=option("Column of the table to learn."))
