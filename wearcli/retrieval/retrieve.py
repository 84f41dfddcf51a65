"""`retrieve`: whether one signal's embedding finds the other signal's window of the same moment."""

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

import numpy as np

from wearcli.errors import InputError, UsageError
from wearcli.files import atomic_file, check_output
from wearcli.labels.windows import MIN_QUALITY
from wearcli.probing.folds import participant_folds
from wearcli.retrieval.mapping import mapped
from wearcli.retrieval.moments import Moments, Side, read_moments
from wearcli.retrieval.result import Pool, Retrieval
from wearcli.retrieval.score import FEWEST, Counts, chance, count, figures
from wearcli.seeds import generator

Map = Literal["ridge", "none"]
TOLERANCE_S = 1.0
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
    folds: int = 5,
    bootstrap: int = 2000,
    seed: int = 0,
    keep_nonwear: bool = False,
    min_quality: float = MIN_QUALITY,
    overwrite: bool = False,
) -> Retrieval:
    """The rank at which each window's embedding in `query` finds that of the same moment in `target`.

    query, target: embeddings tables of two signals of the same people and times, paired as `find_moments`
    says. map: "ridge" predicts the target of held-out people (`mapping.mapped`), for models whose spaces are
    not one; "none" takes the embeddings as they are. Similarity is the cosine. The pools are a person's own
    windows, and all held-out windows of everybody (with a ridge: of the fold). pool: expected figures for
    pools of so many, drawn without replacement. Beside them stand the same map from the query's hand-made
    features and from movement_g alone, and chance.

    output: a file for the JSON document. plot: a PNG of the share found within each rank. keep_nonwear,
    min_quality: see `windows_of`. Raises UsageError for arguments that cannot be, InputError for tables that
    cannot be used.
    """
    if map not in ("ridge", "none"):
        raise UsageError(f"unknown map '{map}': --map ridge or none")
    if pool is not None and pool < 2:
        raise UsageError(f"a pool of {pool}: --pool takes 2 or more")
    if folds < 2 or bootstrap < 1:
        raise UsageError("--folds takes 2 or more, --bootstrap 1 or more")
    if not 0 <= tolerance_s < np.inf:
        raise UsageError(f"a tolerance of {tolerance_s:g} s: --tolerance takes 0 s or more")
    if max_movement is not None and not 0 <= max_movement < np.inf:
        raise UsageError(f"a movement of {max_movement:g} g: --max-movement takes 0 g or more")
    for path in (output, plot):
        if path is not None:
            check_output(Path(path), overwrite)
    if plot is not None and find_spec("matplotlib") is None:
        raise UsageError("--plot needs matplotlib: pip install 'wearcli[report]', or leave it out")
    moments, one, other = read_moments(
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
            f"{query}: moments of one participant alone ({names[0]}), and a ridge is fitted on others: take "
            "--map none for models of one space, or more people"
        )
    result = Retrieval(
        map=map,
        seed=seed,
        bootstrap=bootstrap,
        folds=n_folds,
        drawn=pool,
        max_movement_g=max_movement,
        pairs=len(moments),
        participants=len(names),
        people=dict(zip(names.tolist(), np.bincount(people).tolist(), strict=True)),
        models={
            "query": _about(Path(query), one),
            "target": _about(Path(target), other),
        },
        left_out=moments.left_out,
        output=None if output is None else str(output),
    )
    counts = _counts(moments, people, map, n_folds, pool, seed, result.notes)
    for name in ("within", "across"):
        rows = {row: each[name] for row, each in counts.items()}
        rows["chance"] = chance(rows["embedding"], pool)
        result.pools[name] = figures(rows, pool, bootstrap, seed)
        _tell_left_out(result.pools[name], name, np.bincount(people), pool, len(moments))
    if not any(each.pairs for each in result.pools.values()):
        raise InputError(
            f"{query}: no pool of {pool} windows or more among {len(moments)} moments: lower --pool"
        )
    if plot is not None:
        from wearcli.retrieval.picture import draw_ranks

        with atomic_file(Path(plot)) as temporary:
            draw_ranks(temporary, result)
        result.plot = str(plot)
    if output is not None:
        with atomic_file(Path(output)) as temporary:
            temporary.write_text(json.dumps(result.to_json(), indent=2) + "\n")
    return result


def _counts(
    moments: Moments,
    people: np.ndarray,
    map: Map,
    n_folds: int,
    pool: int | None,
    seed: int,
    notes: list[str],
) -> dict[str, dict[str, Counts]]:
    """Of the embedding and what stands beside it the counts "within" and "across"."""
    queries = {"embedding": moments.query["embedding"]}
    if map == "none":
        here, there = queries["embedding"].shape[1], moments.target.shape[1]
        if here != there:
            raise UsageError(
                f"embeddings of {here} and {there} numbers are of two spaces: take --map ridge for them"
            )
        notes.append("features and movement are left out: they are of another space (--map ridge maps them)")
    else:
        if "features" in moments.query:
            queries["features"] = moments.query["features"]
        if "movement" in moments.query:
            level = np.log(moments.query["movement"] + _LEAST_G)
            queries["movement"] = np.concatenate([level, np.square(level)], axis=1)
        notes += [
            f"{name} are left out: the first table has none"
            for name in ("features", "movement")
            if name not in queries
        ]
    counts = {name: {"within": Counts(), "across": Counts()} for name in queries}
    if map == "none":
        one, other = (values.astype(np.float64) for values in (queries["embedding"], moments.target))
        count(one, other, people, pool, counts["embedding"])
        return counts
    fold = participant_folds(people, None, n_folds, generator(seed, "retrieval folds"))
    for number in range(n_folds):
        held = fold == number
        for name, values in queries.items():
            rng = generator(seed, "retrieval map", number)  # the same inner folds for all of them
            told, truth = mapped(values, moments.target, people, ~held, rng)
            count(told, truth, people[held], pool, counts[name])
    return counts


def _tell_left_out(pool: Pool, name: str, windows: np.ndarray, drawn: int | None, pairs: int) -> None:
    """Which people, or moments, have no pool of this kind."""
    if name == "within":
        few = (windows > 0) & (windows < FEWEST)
        if few.any():
            pool.left_out[f"people with fewer than {FEWEST} windows"] = int(few.sum())
        if drawn is not None and (short := (windows >= FEWEST) & (windows < drawn)).any():
            pool.left_out[f"people with fewer than {drawn} windows (--pool)"] = int(short.sum())
    elif pool.pairs < pairs:
        pool.left_out[f"moments in folds of fewer than {drawn} windows (--pool)"] = pairs - pool.pairs


def _about(path: Path, side: Side) -> dict[str, Any]:
    """Of a table what the document tells."""
    return {
        "table": str(path),
        "name": side.metadata.model.name,
        "sha256": side.metadata.model.sha256,
        "modality": side.metadata.modality,
        "window_s": side.metadata.window_s,
        "windows": len(side),
        "dropped": side.dropped,
    }
