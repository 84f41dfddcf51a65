"""The cumulative match curve: the share of windows whose target is within a rank."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from wearcli.retrieval.result import Pool, Retrieval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Colour, blind or not, and dashes: nothing rests on colour alone.
_LINES = {
    "embedding": ("C0", "-"),
    "features": ("C1", "--"),
    "movement": ("C2", "-."),
    "chance": ("0.5", ":"),
}
_TITLES = {"within": "among the person's own windows", "across": "among all held-out windows"}


def draw_ranks(path: Path, result: Retrieval) -> None:
    """Draw the curves of both kinds of pool into `path`, a PNG; a kind has a panel."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    pools = {name: pool for name, pool in result.pools.items() if pool.pairs}
    figure = Figure(figsize=(4.6 * len(pools) + 0.4, 3.6), layout="constrained")
    FigureCanvasAgg(figure)  # not pyplot: that picks a display's backend and keeps figures for ever
    for number, (name, pool) in enumerate(pools.items()):
        axes = figure.add_subplot(1, len(pools), number + 1)
        _draw(axes, pool)
        axes.set_title(f"{_TITLES[name]} ({_sizes(pool)})", loc="left", fontsize=9)
    figure.savefig(path, format="png", dpi=130, metadata={"Software": None})


def _draw(axes: "Axes", pool: Pool) -> None:
    from matplotlib.ticker import LogLocator

    for name, curve in pool.curves.items():
        colour, dashes = _LINES[name]
        ranks = np.arange(1, len(curve) + 1)
        axes.plot(ranks, curve, dashes, color=colour, label=name)
    axes.set_xscale("log")
    axes.set_xlim(1, max(len(pool.curves["chance"]), 2))
    axes.set_ylim(0, 1.02)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter("")
    axes.set_xlabel("rank", fontsize=9)
    axes.set_ylabel("share of targets within it", fontsize=9)
    axes.tick_params(labelsize=8)
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(fontsize=8, frameon=False, loc="upper left")


def _sizes(pool: Pool) -> str:
    low, high = pool.sizes["min"], pool.sizes["max"]
    return f"of {low:g}" if low == high else f"of {low:g} to {high:g}"
