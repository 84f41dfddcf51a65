"""`wearcli retrieve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from wearcli.cli.options import Bootstrap, Folds, Json, KeepNonwear, MinQuality, Overwrite, Seed

if TYPE_CHECKING:
    from wearcli.retrieval.result import Pool, Retrieval

_WHAT = {
    "within": "among the person's own windows",
    "across": "among all windows of the people held out together",
}
_COLUMNS = {
    "top1": "top 1",
    "top3": "top 3",
    "top5": "top 5",
    "mean_rank": "mean rank",
    "median_rank": "median",
}


def retrieve(
    query: Annotated[Path, typer.Argument(help="Embeddings of the signal that asks, such as acceleration.")],
    target: Annotated[Path, typer.Argument(help="Embeddings of the signal to find, such as PPG.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="A file for the figures, as JSON.")
    ] = None,
    plot: Annotated[
        Path | None, typer.Option(help="A PNG to draw: the share found within each rank.")
    ] = None,
    map_: Annotated[
        str,
        typer.Option(
            "--map",
            metavar="ridge|none",
            help="ridge predicts the target of people it has not seen; none takes both tables as one space.",
        ),
    ] = "ridge",
    pool: Annotated[
        int | None,
        typer.Option(help="Expected figures for a pool of so many windows. Default: all that there are."),
    ] = None,
    max_movement: Annotated[
        float | None, typer.Option(help="Leave out windows of the first table of a larger movement_g.")
    ] = None,
    tolerance: Annotated[
        float, typer.Option(help="Seconds by which a window may stand out of the other table's.")
    ] = 1.0,
    folds: Folds = 5,
    bootstrap: Bootstrap = 2000,
    seed: Seed = 0,
    keep_nonwear: KeepNonwear = False,
    min_quality: MinQuality = 0.5,
    overwrite: Overwrite = False,
    json: Json = False,
) -> None:
    """Find the window of one signal by another's of the same moment: the rank it comes at.

    Both tables are of the same people and times. Beside the embedding stand the same map from its hand-made
    features and from movement alone, and chance; the size of the pools is told.
    """
    from wearcli.cli.console import print_json, say
    from wearcli.retrieval.retrieve import retrieve as run

    result = run(
        query,
        target,
        output,
        plot=plot,
        map=cast(Any, map_),
        pool=pool,
        max_movement=max_movement,
        tolerance_s=tolerance,
        folds=folds,
        bootstrap=bootstrap,
        seed=seed,
        keep_nonwear=keep_nonwear,
        min_quality=min_quality,
        overwrite=overwrite,
    )
    for note in result.notes:
        say(f"note: {note}")
    _print(result)
    if json:
        print_json(result.to_json())
    for path in (result.output, result.plot):
        if path is not None:
            say(f"-> {path}")


def _print(result: "Retrieval") -> None:
    """What was found, for people."""
    from wearcli.cli.console import say, stderr

    for side, name in (("query", "first"), ("target", "second")):
        for reason, count in result.models[side]["dropped"].items():
            say(f"left out of the {name} table: {count} {reason}")
    for reason, count in result.left_out.items():
        say(f"left out: {count} {reason}")
    how = f"a ridge in {result.folds} folds by participant" if result.folds else "both tables one space"
    say(f"{result.pairs} moments of {result.participants} participants; {how}")
    for name, pool in result.pools.items():
        for reason, count in pool.left_out.items():
            say(f"left out {name}: {count} {reason}")
        if pool.pairs:
            say(f"\n{_WHAT[name]}: {_pools(pool)}")
            stderr().print(_table(pool))
    if result.participants > 1:
        say("[95 % interval, bootstrap over participants]; less: embedding less that row, paired.")


def _pools(pool: "Pool") -> str:
    """How large the pools are, and what asks."""

    def sizes(told: dict[str, float]) -> str:
        low, high = told["min"], told["max"]
        return f"{low:g}" if low == high else f"{low:g} to {high:g} (mean {told['mean']:.0f})"

    drawn = "" if pool.drawn_from is None else f", drawn from {sizes(pool.drawn_from)}"
    return f"pools of {sizes(pool.pool)}{drawn}; {pool.pairs} queries of {pool.participants} participants"


def _table(pool: "Pool") -> Any:
    from rich.text import Text

    from wearcli.cli.score_text import interval_text, make_table, mean_text

    table = make_table(list(_COLUMNS.values()), first="")
    less = {f"less {name}": row for name, row in pool.differences.items() if name != "chance"}
    for name, row in (pool.rows | less).items():
        # The median's interval is in the document: here it is what there is no room for.
        told = [(row[key], "" if key == "median_rank" else interval_text(row[key])) for key in _COLUMNS]
        table.add_row(name, *(Text.assemble(mean_text(v), "\n", (bounds, "dim")) for v, bounds in told))
    return table
