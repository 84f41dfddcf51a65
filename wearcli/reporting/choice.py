"""What a user chose to see on the page of a probe."""

from dataclasses import dataclass
from pathlib import Path

from wearcli.reporting.mapping.projection import Map


@dataclass(frozen=True)
class Choice:
    """What the page of a probe shows.

    Attributes:
        map: How embeddings become two dimensions.
        embeddings: Tables to map; None for those that the probe was fitted on.
        recording: Recording of the timeline; None where samples are means of participants.
        seed: Seed of the samples on the map and of its layout.
    """

    map: Map
    embeddings: list[Path] | None
    recording: str | None
    seed: int
