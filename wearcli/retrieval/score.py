"""From held-out vectors to ranks, and from ranks to figures with intervals over participants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from wearcli.probing.bootstrap import interval, number, participant_weights
from wearcli.retrieval.mapping import directions
from wearcli.retrieval.ranks import better_and_tied, hits_within, mean_rank, median_rank
from wearcli.retrieval.result import Pool, Value
from wearcli.seeds import generator

FEWEST = 5  # windows of a person that are a pool
TOP = (1, 3, 5)
_QUERIES = 1024  # ranked at a time: of a large pool the similarities of all would not fit


@dataclass
class Counts:
    """Sums over a person's queries, by person.

    Attributes:
        hits: (ranks,) queries whose target is within rank 1, 2, ...; from the pool's size on these are all.
        ranks: Sum of the ranks.
        pool: Size of the pool.
    """

    hits: dict[int, np.ndarray] = field(default_factory=dict)
    ranks: dict[int, float] = field(default_factory=dict)
    pool: dict[int, int] = field(default_factory=dict)


def count_ranks(
    query: np.ndarray,
    target: np.ndarray,
    people: np.ndarray,
    pool_size: int | None,
    into: Mapping[str, Counts],
) -> None:
    """Rank every query's own target within the person's pool, and across all of these.

    A person with fewer than `FEWEST` windows has no pool within, and no pool with fewer windows than
    `pool_size` counts.

    Args:
        query: (n, D).
        target: (n, D) of the same space and, row by row, of the same moment.
        people: (n,) codes.
        pool_size: See `mean_rank`.
        into: "within" and "across", to which the sums are added.
    """
    query, target = directions(query), directions(target)
    for person in np.unique(people).tolist():
        own = np.flatnonzero(people == person)
        for name, pool in (("within", own), ("across", np.arange(len(people)))):
            if len(pool) < max(pool_size or 1, FEWEST if name == "within" else 1):
                continue
            places = np.searchsorted(pool, own)
            hits, ranks = np.zeros(pool_size or len(pool)), 0.0
            for first in range(0, len(own), _QUERIES):
                part = slice(first, first + _QUERIES)
                similarity = query[own[part]] @ target[pool].T
                better, tied = better_and_tied(similarity, places[part])
                hits += hits_within(better, tied, len(pool), pool_size)
                ranks += float(mean_rank(better, tied, len(pool), pool_size).sum())
            into[name].hits[person] = hits
            into[name].ranks[person] = ranks
            into[name].pool[person] = len(pool)


def chance(counts: Counts, pool_size: int | None) -> Counts:
    """Return the expected counts of queries that guess: k / N within rank k, (N + 1) / 2 on average."""
    guessed = Counts(pool=counts.pool)
    for person, hits in counts.hits.items():
        size = pool_size or counts.pool[person]
        guessed.hits[person] = hits[-1] * np.arange(1, size + 1) / size
        guessed.ranks[person] = float(hits[-1]) * (size + 1) / 2
    return guessed


def pool_figures(rows: Mapping[str, Counts], pool_size: int | None, draws: int, seed: int) -> Pool:
    """Return the figures of counts, all of the same pools.

    Args:
        rows: Counts by name; the first is compared with all others.
        pool_size: See `mean_rank`.
        draws: Resamples of participants for the intervals.
        seed: Of the resamples.
    """
    first = next(iter(rows))
    counted = rows[first]
    people = sorted(counted.hits)
    if not people:
        return Pool()
    queries = np.array([counted.hits[person][-1] for person in people])
    rng = generator(seed, "retrieval bootstrap")
    weights = participant_weights(np.zeros(len(people), np.int64), 0, draws, rng)
    if len(people) == 1:  # who cannot be resampled: an interval of one person would have no width
        weights[1:] = np.nan
    total = weights @ queries
    longest = max(len(hits) for hits in counted.hits.values())
    table: dict[str, dict[str, np.ndarray]] = {}
    curves: dict[str, np.ndarray] = {}
    for name, counts in rows.items():
        sums = np.stack([_lengthened(counts.hits[person], longest) for person in people])
        curve = (weights @ sums) / total[:, None]
        curves[name] = curve[0]
        table[name] = {f"top{k}": curve[:, min(k, longest) - 1] for k in TOP}
        table[name]["mean_rank"] = weights @ [counts.ranks[person] for person in people] / total
        table[name]["median_rank"] = median_rank(curve)
    sizes = np.array([counted.pool[person] for person in people])
    whole_sizes = {
        "mean": round(float(sizes @ queries / queries.sum()), 2),
        "min": int(sizes.min()),
        "max": int(sizes.max()),
    }
    return Pool(
        pairs=round(float(queries.sum())),
        participants=len(people),
        sizes=whole_sizes if pool_size is None else dict.fromkeys(whole_sizes, pool_size),
        whole_sizes=None if pool_size is None else whole_sizes,
        rows={name: {key: _value(values) for key, values in row.items()} for name, row in table.items()},
        differences={
            name: {key: _value(table[first][key] - values) for key, values in row.items()}
            for name, row in table.items()
            if name != first
        },
        curves=curves,
    )


def _lengthened(hits: np.ndarray, length: int) -> np.ndarray:
    """(length,) hits: beyond the last rank of its pool every target is a hit."""
    return np.concatenate([hits, np.full(length - len(hits), hits[-1])])


def _value(values: np.ndarray) -> Value:
    """{mean, low, high}: over everybody, and the 95 % interval of the draws."""
    low, high = interval(values[1:])
    return {"mean": number(values[0]), "low": low, "high": high}
