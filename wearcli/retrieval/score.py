"""From held-out vectors to ranks, and from ranks to figures with intervals over participants."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from wearcli.probing.bootstrap import interval, number, participant_weights
from wearcli.retrieval.mapping import directions
from wearcli.retrieval.ranks import better_and_tied, found_within, mean_rank, median_rank
from wearcli.retrieval.result import Pool, Value
from wearcli.seeds import generator

FEWEST = 5  # windows of a person that are a pool
TOP = (1, 3, 5)
_QUERIES = 1024  # ranked at a time: of a large pool the similarities of all would not fit


@dataclass
class Counts:
    """Sums over each person's queries: (ranks,) found within rank 1, 2, ..., which from the pool's size on
    are all; the sum of their ranks; and the size of the pool."""

    found: dict[int, np.ndarray] = field(default_factory=dict)
    ranks: dict[int, float] = field(default_factory=dict)
    pool: dict[int, int] = field(default_factory=dict)


def count(
    query: np.ndarray, target: np.ndarray, people: np.ndarray, drawn: int | None, into: Mapping[str, Counts]
) -> None:
    """Rank each query's own target, of one space, within the person's pool and across all of these.

    query, target: (n, D), row by row of the same moment; people: (n,) codes. into: "within" and "across",
    where the sums go. A person of fewer than `FEWEST` windows has no pool within, and no pool of fewer
    windows than `drawn` is one.
    """
    query, target = directions(query), directions(target)
    for person in np.unique(people).tolist():
        own = np.flatnonzero(people == person)
        for name, pool in (("within", own), ("across", np.arange(len(people)))):
            if len(pool) < max(drawn or 1, FEWEST if name == "within" else 1):
                continue
            places = np.searchsorted(pool, own)
            found, ranks = np.zeros(drawn or len(pool)), 0.0
            for first in range(0, len(own), _QUERIES):
                part = slice(first, first + _QUERIES)
                similarity = query[own[part]] @ target[pool].T
                better, tied = better_and_tied(similarity, places[part])
                found += found_within(better, tied, len(pool), drawn)
                ranks += float(mean_rank(better, tied, len(pool), drawn).sum())
            into[name].found[person] = found
            into[name].ranks[person] = ranks
            into[name].pool[person] = len(pool)


def chance(counts: Counts, drawn: int | None) -> Counts:
    """What queries of the same pools find by chance: k / N within rank k, (N + 1) / 2 on average."""
    out = Counts(pool=counts.pool)
    for person, found in counts.found.items():
        size = drawn or counts.pool[person]
        out.found[person] = found[-1] * np.arange(1, size + 1) / size
        out.ranks[person] = float(found[-1]) * (size + 1) / 2
    return out


def figures(rows: Mapping[str, Counts], drawn: int | None, draws: int, seed: int) -> Pool:
    """Of the counts of each row, all of the same pools, the first being what is compared with the others."""
    first = next(iter(rows))
    of = rows[first]
    people = sorted(of.found)
    if not people:
        return Pool()
    queries = np.array([of.found[person][-1] for person in people])
    rng = generator(seed, "retrieval bootstrap")
    weights = participant_weights(np.zeros(len(people), np.int64), 0, draws, rng)
    if len(people) == 1:  # who cannot be drawn otherwise: an interval of one person would have no width
        weights[1:] = np.nan
    total = weights @ queries
    longest = max(len(found) for found in of.found.values())
    table: dict[str, dict[str, np.ndarray]] = {}
    curves: dict[str, np.ndarray] = {}
    for name, counts in rows.items():
        sums = np.stack([_held(counts.found[person], longest) for person in people])
        curve = (weights @ sums) / total[:, None]
        curves[name] = curve[0]
        table[name] = {f"top{k}": curve[:, min(k, longest) - 1] for k in TOP}
        table[name]["mean_rank"] = weights @ [counts.ranks[person] for person in people] / total
        table[name]["median_rank"] = median_rank(curve)
    sizes = np.array([of.pool[person] for person in people])
    told = {
        "mean": round(float(sizes @ queries / queries.sum()), 2),
        "min": int(sizes.min()),
        "max": int(sizes.max()),
    }
    return Pool(
        pairs=round(float(queries.sum())),
        participants=len(people),
        pool=told if drawn is None else dict.fromkeys(told, drawn),
        drawn_from=None if drawn is None else told,
        rows={name: {key: _value(values) for key, values in row.items()} for name, row in table.items()},
        differences={
            name: {key: _value(table[first][key] - values) for key, values in row.items()}
            for name, row in table.items()
            if name != first
        },
        curves=curves,
    )


def _held(found: np.ndarray, length: int) -> np.ndarray:
    """As long as that: beyond the last rank of its pool everything is found."""
    return np.concatenate([found, np.full(length - len(found), found[-1])])


def _value(values: np.ndarray) -> Value:
    """{mean, low, high}: over everybody, and the 95 % interval of the draws."""
    low, high = interval(values[1:])
    return {"mean": number(values[0]), "low": low, "high": high}
