"""`wearcli retrieve`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from wearcli.cli.options import (
    OUTPUT,
    WINDOWS,
    Bootstrap,
    Folds,
    Json,
    KeepNonwear,
    MinQuality,
    Overwrite,
    Seed,
)
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.retrieval.defaults import BOOTSTRAP, FOLDS, TOLERANCE_S
from wearcli.words import counted

if TYPE_CHECKING:
    from wearcli.retrieval.result import Pool, Retrieval, Sizes

_TITLES = {
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
    map_: Annotated[
        Literal["ridge", "none"],
        typer.Option(
            "--map",
            help="ridge predicts the target's embedding, fitted on other people; none takes both tables as "
            "one space.",
        ),
    ] = "ridge",
    pool: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Figures that are expected for pools of N windows. Default: all windows that there are.",
        ),
    ] = None,
    max_movement: Annotated[
        float | None,
        typer.Option(
            metavar="G",
            help="Leave out windows of the first table with a larger movement_g.",
            rich_help_panel=WINDOWS,
        ),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            help="By how much a window may stand out of the other table's window.",
            rich_help_panel=WINDOWS,
        ),
    ] = TOLERANCE_S,
    keep_nonwear: KeepNonwear = False,
    min_quality: MinQuality = MIN_QUALITY,
    folds: Folds = FOLDS,
    bootstrap: Bootstrap = BOOTSTRAP,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File for the figures, as JSON.", rich_help_panel=OUTPUT),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Draw a PNG: the share of targets within a rank.",
            rich_help_panel=OUTPUT,
        ),
    ] = None,
    overwrite: Overwrite = False,
    json: Json = False,
    seed: Seed = 0,
) -> None:
    """Find windows of one signal by those of another signal at the same time.

    The figures say at which rank the window of the same moment comes.
    Both tables hold the same people and times. Beside the embedding stand the same map from its hand-made
    features and from movement alone, and chance; and how large the pools are.
    """
    from wearcli.existence import check_tables

    check_tables([query, target])

    from wearcli.cli.console import print_json, say
    from wearcli.retrieval.retrieve import retrieve as run

    result = run(
        query,
        target,
        output,
        plot=plot,
        map=map_,
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
    """Print the figures for people."""
    from wearcli.cli.console import say, stderr
    from wearcli.cli.tables import print_table

    for side, name in (("query", "first"), ("target", "second")):
        for reason, count in result.models[side].dropped.items():
            say(f"left out of the {name} table: {count} {reason}")
    for reason, count in result.left_out.items():
        say(f"left out: {count} {reason}")
    how = f"a ridge in {result.folds} folds by participant" if result.folds else "both tables one space"
    say(f"{counted(result.pairs, 'moment')} of {counted(result.participants, 'participant')}; {how}")
    for name, pool in result.pools.items():
        for reason, count in pool.left_out.items():
            say(f"left out {name}: {count} {reason}")
        if pool.pairs:
            say("")
            say(f"{_TITLES[name]}: {_pool_text(pool)}")
            print_table(_table(pool), stderr())
    if result.participants > 1:
        say(
            "[95 % interval, bootstrap over participants]; 'less X': the embedding's figure minus that of X, "
            "in the same resamples"
        )


def _pool_text(pool: "Pool") -> str:
    """How large the pools are, and how many queries there are."""
    sizes = _sizes_text(pool.sizes)
    if pool.whole_sizes is not None:
        sizes += f", sampled from {_sizes_text(pool.whole_sizes)}"
    return f"pools of {sizes}; {pool.pairs} queries of {counted(pool.participants, 'participant')}"


def _sizes_text(sizes: "Sizes") -> str:
    low, high = sizes["min"], sizes["max"]
    return f"{low:g}" if low == high else f"{low:g} to {high:g} (mean {sizes['mean']:.0f})"


def _table(pool: "Pool") -> Any:
    from rich.text import Text

    from wearcli.cli.score_text import interval_text, mean_text
    from wearcli.cli.tables import make_table

    table = make_table(list(_COLUMNS.values()), first="")
    less = {f"less {name}": row for name, row in pool.differences.items() if name != "chance"}
    for name, row in (pool.rows | less).items():
        # The median's interval is in the document: there is no room for it here.
        cells = [(row[key], "" if key == "median_rank" else interval_text(row[key])) for key in _COLUMNS]
        table.add_row(name, *(Text.assemble(mean_text(v), "\n", (bounds, "dim")) for v, bounds in cells))
    return table
