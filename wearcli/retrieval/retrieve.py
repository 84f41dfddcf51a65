"""`retrieve`: whether one signal's embedding finds the other signal's window of the same moment."""

import json
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, get_args

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file, reserved
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.probing.folds import participant_folds
from wearcli.retrieval.defaults import BOOTSTRAP, FOLDS, TOLERANCE_S
from wearcli.retrieval.mapping import mapped
from wearcli.retrieval.moments import Moments, Side, read_moments
from wearcli.retrieval.result import Pool, Retrieval, RetrievedTable
from wearcli.retrieval.score import FEWEST, Counts, chance, count_ranks, pool_figures
from wearcli.seeds import generator

Map = Literal["ridge", "none"]
_LEAST_G = 1e-4  # added to a movement before its logarithm


def retrieve(
    query: Path | str,
    target: Path | str,
    output: Path | str | None = None,
    *,
    plot: Path | str | None = None,
    map: Map = "ridge",
    pool: int | None = None,
    max_movement: float | None = None,
    tolerance_s: float = TOLERANCE_S,
    folds: int = FOLDS,
    bootstrap: int = BOOTSTRAP,
    seed: int = 0,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    overwrite: bool = False,
) -> Retrieval:
    """Rank, for every window of `query`, the window of the same moment in `target` by its embedding.

    Similarity is the cosine. The pools are a person's own windows, and all held-out windows of everybody
    (with a ridge: of the fold). Beside the embedding stand the same map from the query's hand-made features
    and from movement_g alone, and chance.

    Args:
        query: Embeddings table of the signal that asks, such as acceleration.
        target: Embeddings table of another signal of the same people and times (`find_moments`).
        output: A file for the figures, as JSON.
        plot: A PNG to draw: the share of targets within a rank.
        map: "ridge" predicts the target of held-out people (`mapping.mapped`), for models whose spaces are
            not one; "none" takes the embeddings as they are.
        pool: Figures are those that are expected for pools of so many windows, sampled without replacement.
        max_movement: Leave out windows of the query of a larger movement_g, g.
        tolerance_s: By how much a window may stand out of the other table's, s.
        folds: Folds by participant.
        bootstrap: Resamples of participants for the intervals.
        seed: Of all random numbers.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.
        overwrite: Replace outputs that exist already.

    Returns:
        The figures of both kinds of pool.

    Raises:
        UsageError: The arguments cannot be.
        InputError: The tables cannot be used.

    Example:
        >>> result = wearcli.retrieve("acc.parquet", "ppg.parquet")  # doctest: +SKIP
        >>> result.pools["within"].rows["embedding"]["top1"]["mean"]  # doctest: +SKIP
    """
    _check_options(map, pool, folds, bootstrap, tolerance_s, max_movement)
    with ExitStack() as stack:
        for path in (output, plot):
            stack.enter_context(reserved(None if path is None else Path(path), overwrite))
        if plot is not None and find_spec("matplotlib") is None:
            raise UsageError("--plot needs matplotlib: pip install 'wearcli[report]', or leave it out")
        moments, *sides = read_moments(
            Path(query),
            Path(target),
            tolerance_s=tolerance_s,
            max_movement_g=max_movement,
            keep_nonwear=keep_nonwear,
            min_quality=min_quality,
        )
        names, people = np.unique(moments.participant, return_inverse=True)
        n_folds = min(folds, len(names)) if map == "ridge" else 0
        if n_folds == 1:
            raise InputError(
                f"{query}: moments of one participant alone ({names[0]}), and a ridge is fitted on others: "
                "take --map none for models of one space, or more people"
            )
        result = Retrieval(
            map=map,
            seed=seed,
            bootstrap=bootstrap,
            folds=n_folds,
            pool_size=pool,
            max_movement_g=max_movement,
            pairs=len(moments),
            participants=len(names),
            people=dict(zip(names.tolist(), np.bincount(people).tolist(), strict=True)),
            models={"query": _table(Path(query), sides[0]), "target": _table(Path(target), sides[1])},
            left_out=moments.left_out,
            output=None if output is None else str(output),
        )
        queries, result.notes = _queries(moments, map)
        counts = _counts(queries, moments.target, people, result)
        for name in ("within", "across"):
            rows = {row: row_counts[name] for row, row_counts in counts.items()}
            rows["chance"] = chance(rows["embedding"], pool)
            result.pools[name] = pool_figures(rows, pool, bootstrap, seed)
            _count_left_out(result.pools[name], name, np.bincount(people), pool, len(moments))
        if not any(one.pairs for one in result.pools.values()):
            raise InputError(
                f"{query}: no pool of {pool} windows or more among {len(moments)} moments: lower --pool"
            )
        _write(result, None if plot is None else Path(plot))
        return result


def _check_options(
    map: Map, pool: int | None, folds: int, bootstrap: int, tolerance_s: float, max_movement: float | None
) -> None:
    if map not in get_args(Map):
        raise UsageError(f"unknown map '{map}': --map ridge or none")
    if pool is not None and pool < 2:
        raise UsageError(f"a pool of {pool}: --pool takes 2 or more")
    if folds < 2 or bootstrap < 1:
        raise UsageError("--folds takes 2 or more, --bootstrap 1 or more")
    if not 0 <= tolerance_s < np.inf:
        raise UsageError(f"a tolerance of {tolerance_s:g} s: --tolerance takes 0 s or more")
    if max_movement is not None and not 0 <= max_movement < np.inf:
        raise UsageError(f"a movement of {max_movement:g} g: --max-movement takes 0 g or more")


def _write(result: Retrieval, plot: Path | None) -> None:
    """Write the picture and the document that were asked for."""
    if plot is not None:
        from wearcli.retrieval.picture import draw_ranks

        with atomic_file(plot) as temporary:
            draw_ranks(temporary, result)
        result.plot = str(plot)
    if result.output is not None:
        with atomic_file(Path(result.output)) as temporary:
            temporary.write_text(json.dumps(result.to_json(), indent=2) + "\n")


def _queries(moments: Moments, map: Map) -> tuple[dict[str, np.ndarray], list[str]]:
    """The vectors (n, D) that targets are looked for with, by name, and notes on what is left out."""
    queries = {"embedding": moments.query["embedding"]}
    if map == "none":
        query_size, target_size = queries["embedding"].shape[1], moments.target.shape[1]
        if query_size != target_size:
            raise UsageError(
                f"embeddings of {query_size} and {target_size} numbers are of two spaces: take --map ridge"
            )
        return queries, ["features and movement are left out: they are of another space (see --map ridge)"]
    if "features" in moments.query:
        queries["features"] = moments.query["features"]
    if "movement" in moments.query:
        level = np.log(moments.query["movement"] + _LEAST_G)
        queries["movement"] = np.concatenate([level, np.square(level)], axis=1)
    missing = [name for name in ("features", "movement") if name not in queries]
    return queries, [f"{name} are left out: the first table has none" for name in missing]


def _counts(
    queries: dict[str, np.ndarray], target: np.ndarray, people: np.ndarray, result: Retrieval
) -> dict[str, dict[str, Counts]]:
    """The counts "within" and "across" of every kind of query."""
    counts = {name: {"within": Counts(), "across": Counts()} for name in queries}
    if result.map == "none":
        query, target = queries["embedding"].astype(np.float64), target.astype(np.float64)
        count_ranks(query, target, people, result.pool_size, counts["embedding"])
        return counts
    fold = participant_folds(people, None, result.folds, generator(result.seed, "retrieval folds"))
    for number in range(result.folds):
        held = fold == number
        for name, values in queries.items():
            rng = generator(result.seed, "retrieval map", number)  # the same inner folds for all of them
            predicted, truth = mapped(values, target, people, ~held, rng)
            count_ranks(predicted, truth, people[held], result.pool_size, counts[name])
    return counts


def _count_left_out(pool: Pool, name: str, windows: np.ndarray, pool_size: int | None, pairs: int) -> None:
    """Count the people, or moments, that have no pool of this kind."""
    if name == "within":
        few = (windows > 0) & (windows < FEWEST)
        if few.any():
            pool.left_out[f"people with fewer than {FEWEST} windows"] = int(few.sum())
        if pool_size is not None and (short := (windows >= FEWEST) & (windows < pool_size)).any():
            pool.left_out[f"people with fewer than {pool_size} windows (--pool)"] = int(short.sum())
    elif pool.pairs < pairs:
        pool.left_out[f"moments in folds of fewer than {pool_size} windows (--pool)"] = pairs - pool.pairs


def _table(path: Path, side: Side) -> RetrievedTable:
    return RetrievedTable(
        table=str(path),
        name=side.metadata.model.name,
        sha256=side.metadata.model.sha256,
        modality=side.metadata.modality,
        window_s=side.metadata.window_s,
        windows=len(side),
        dropped=side.dropped,
    )
