"""The figures of `retrieve`, and their JSON document."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

Value = dict[str, float | None]  # {mean, low, high}
Sizes = dict[str, float]  # {mean, min, max} of the sizes of pools over queries, the answer counted


@dataclass
class Pool:
    """Figures of one kind of pool: a person's own windows ("within"), or all that are held out ("across").

    Attributes:
        pairs: Queries.
        participants: People of the queries.
        sizes: Sizes of the pools.
        whole_sizes: Sizes of the pools that pools of `--pool` windows are sampled from; None without it.
        rows: {top1, top3, top5, mean_rank, median_rank} of embedding, features, movement and chance.
        differences: The same of embedding less every other row.
        left_out: People or moments without a pool of this kind, by reason.
        curves: For every row the share of queries whose target is within rank 1, 2, ..., (ranks,).
    """

    pairs: int = 0
    participants: int = 0
    sizes: Sizes = field(default_factory=dict)
    whole_sizes: Sizes | None = None
    rows: dict[str, dict[str, Value]] = field(default_factory=dict)
    differences: dict[str, dict[str, Value]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return plain values, without the curves."""
        return {
            "pairs": self.pairs,
            "participants": self.participants,
            "pool": self.sizes,
            "drawn_from": self.whole_sizes,
            "rows": self.rows,
            "differences": self.differences,
            "left_out": self.left_out,
        }


@dataclass
class RetrievedTable:
    """One of the two embeddings tables.

    Attributes:
        table: Its path.
        name: The model's name.
        sha256: The model's.
        modality: The signal.
        window_s: Length of a window, s.
        windows: Usable windows.
        dropped: Windows that were left out, by reason.
    """

    table: str
    name: str | None
    sha256: str | None
    modality: str | None
    window_s: float | None
    windows: int
    dropped: dict[str, int]


@dataclass
class Retrieval:
    """What `retrieve` computed.

    Attributes:
        map: ridge or none.
        seed: Of all random numbers.
        bootstrap: Resamples of participants for the intervals.
        folds: By participant; 0 where nothing is fitted.
        pool_size: Size of the pools that the figures are expected for; None: all windows that there are.
        max_movement_g: Windows of a larger movement were left out.
        pairs: Moments that both tables have.
        participants: How many people they belong to.
        people: Moments of every participant.
        models: The tables "query" and "target".
        left_out: Moments that were left out, by reason.
        pools: "within" and "across".
        notes: What a reader should know.
        output: The file with the figures.
        plot: The file with the picture.
    """

    map: str
    seed: int
    bootstrap: int
    folds: int
    pool_size: int | None
    max_movement_g: float | None
    pairs: int
    participants: int
    people: dict[str, int]
    models: dict[str, RetrievedTable]
    left_out: dict[str, int]
    pools: dict[str, Pool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    output: str | None = None
    plot: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the document of `--json`: plain values only."""
        document = dict(vars(self))
        return {
            **{("drawn" if name == "pool_size" else name): value for name, value in document.items()},
            "models": {name: dict(vars(table)) for name, table in self.models.items()},
            "pools": {name: pool.to_json() for name, pool in self.pools.items()},
        }
