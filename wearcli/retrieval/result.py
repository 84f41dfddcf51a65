"""What `retrieve` found."""

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

Value = dict[str, float | None]  # {mean, low, high}


@dataclass
class Pool:
    """Figures of one kind of pool: a person's own windows ("within"), or all that are held out ("across").

    pairs, participants: of the queries. pool: {mean, min, max} of the sizes over queries, the answer counted.
    drawn_from: the same of the pools that a pool of `--pool` is drawn from, None without it. rows:
    of embedding, features, movement and chance {top1, top3, top5, mean_rank, median_rank} each; differences:
    of embedding less each of the others. left_out: by reason. curves: of each row the share found within rank
    1, 2, ..., (ranks,).
    """

    pairs: int = 0
    participants: int = 0
    pool: dict[str, float] = field(default_factory=dict)
    drawn_from: dict[str, float] | None = None
    rows: dict[str, dict[str, Value]] = field(default_factory=dict)
    differences: dict[str, dict[str, Value]] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)
    curves: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass
class Retrieval:
    """pairs: moments that both tables have; participants: how many people they are of, people: how many of
    each. pools: within, across. folds: by participant, 0 where nothing is fitted. models: of query and
    target {table, name, sha256, window_s, windows, dropped}. left_out: by reason."""

    map: str
    seed: int
    bootstrap: int
    folds: int
    drawn: int | None
    max_movement_g: float | None
    pairs: int
    participants: int
    people: dict[str, int]
    models: dict[str, dict[str, Any]]
    left_out: dict[str, int]
    pools: dict[str, Pool] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    output: str | None = None
    plot: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        document = asdict(self)
        for pool in document["pools"].values():
            del pool["curves"]
        return document
