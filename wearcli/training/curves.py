"""The curves of a run as one picture."""

import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from wearcli.files import atomic_file
from wearcli.training.log import Lines, read_log
from wearcli.training.methods.relcon.first_stage import FOLDER
from wearcli.training.monitor import COLLAPSED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAMES = {"watch_macro_f1": "macro-F1", "watch_r": "r"}


def draw_curves(run: Path, say: Callable[[str], None]) -> Path | None:
    """Draw `run/metrics.jsonl`, and that of a first stage in `run/distance`, into `run/curves.png`.

    Returns:
        The path of the picture; None where nothing is logged yet, or, with a line for people, where there is
        no matplotlib.
    """
    lines, first = read_log(run / "metrics.jsonl"), read_log(run / FOLDER / "metrics.jsonl")
    if not lines and not first:
        return None
    if find_spec("matplotlib") is None:
        say(f"{run / 'curves.png'} is left out, as matplotlib is missing: pip install 'wearcli[report]'")
        return None
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    panels = curve_panels(lines, first)
    rows = (len(panels) + 1) // 2
    figure = Figure(figsize=(11, 0.6 + 2.9 * rows), layout="constrained")
    FigureCanvasAgg(figure)  # not pyplot: that picks a display's backend and keeps figures for ever
    for number, (title, draw, log) in enumerate(panels):
        axes = figure.add_subplot(rows, 2, number + 1)
        axes.set_title(title, loc="left", fontsize=10)
        axes.set_xlabel("step", fontsize=8)
        axes.tick_params(labelsize=8)
        axes.grid(alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes, log)
        axes.set_xlim(left=0)
    figure.suptitle(run.resolve().name, fontsize=12)
    with atomic_file(run / "curves.png") as temporary, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a sign in the name of the run that the font lacks
        figure.savefig(temporary, format="png", dpi=110)
    return run / "curves.png"


def curve_panels(lines: Lines, first: Lines) -> list[tuple[str, Callable[["Axes", Lines], None], Lines]]:
    """Title, drawing function and log of the panels that the logs have figures for.

    Args:
        lines: The log of the run.
        first: The log of its first stage, empty where it has none.
    """
    panels = [
        ("distance: loss", _loss, "loss", first),
        ("loss", _loss, "loss", lines),
        ("learning rate", _rate, "lr", lines),
        ("effective rank of embeddings", _rank, "effective_rank", lines),
        ("alignment and uniformity (the lower the better)", _sphere, "uniformity", lines),
        ("linear probe on the watched study", _watch, "watch_features", lines),
    ]
    return [(title, draw, log) for title, draw, key, log in panels if any(key in line for line in log)]


def _series(lines: Lines, name: str) -> tuple[list[float], list[float]]:
    points = [(line["step"], line[name]) for line in lines if name in line]
    return [step for step, _ in points], [value for _, value in points]


def _loss(axes: "Axes", lines: Lines) -> None:
    axes.plot(*_series(lines, "loss"), color="C0", label="training (running mean)")
    steps, values = _series(lines, "validation_loss")
    if values:
        axes.plot(steps, values, "o-", color="C1", markersize=3, label="validation")
        best = min(zip(values, steps, strict=True))[1]
        axes.axvline(best, color="0.5", linewidth=0.8, linestyle=":", label=f"best: step {best:,.0f}")
    axes.legend(fontsize=8, frameon=False)


def _rate(axes: "Axes", lines: Lines) -> None:
    axes.plot(*_series(lines, "lr"), color="C0")
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 3))
    axes.set_ylim(bottom=0)


def _rank(axes: "Axes", lines: Lines) -> None:
    axes.plot(*_series(lines, "effective_rank"), "o-", color="C2", markersize=3)
    whole = next(
        (line["effective_rank"] / line["rank_share"] for line in lines if line.get("rank_share")), None
    )
    if whole is not None:
        label = f"collapse: {COLLAPSED:.0%} of {whole:.0f}"
        axes.axhline(COLLAPSED * whole, color="C3", linewidth=0.8, linestyle="--", label=label)
        axes.legend(fontsize=8, frameon=False)
    axes.set_ylim(bottom=0)


def _sphere(axes: "Axes", lines: Lines) -> None:
    other = axes.twinx()  # their ranges are 0 to 4 and -4 to 0: on one axis neither would show
    for side, name, colour in ((axes, "alignment", "C4"), (other, "uniformity", "C5")):
        side.plot(*_series(lines, name), "o-", color=colour, markersize=3)
        side.set_ylabel(name, color=colour, fontsize=8)
        side.tick_params(labelsize=8)
    other.spines["top"].set_visible(False)


def _watch(axes: "Axes", lines: Lines) -> None:
    for name, label in NAMES.items():
        steps, values = _series(lines, name)
        if values:
            axes.plot(steps, values, "o-", color="C0", markersize=3, label="frozen encoder")
            axes.set_ylabel(label, fontsize=8)
    steps, values = _series(lines, "watch_features")
    axes.axhline(values[-1], color="C1", linewidth=1, linestyle="--", label="hand-made features")
    axes.legend(fontsize=8, frameon=False)
