"""Dot plots with intervals: rows are paired differences, groups, classes or participants."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from wearcli.reporting.drawing import NARROW, new_figure, shorten
from wearcli.reporting.palette import INK, PAGE, PROBES, colour, marker
from wearcli.reporting.wording import PROBES as NAMES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Kind:
    """What a dot stands for.

    Attributes:
        name: Name in the legend.
        style: Number of the colour and the marker.
        hollow: Whether dots are drawn as rings.
    """

    name: str
    style: int = 0
    hollow: bool = False


@dataclass(frozen=True)
class Dot:
    """A value with its interval, if it has one.

    Attributes:
        mean: The value; None draws nothing.
        low: Lower end of the interval.
        high: Upper end of the interval.
        kind: Number of the kind.
        sure: False draws a ring.
    """

    mean: float | None
    low: float | None = None
    high: float | None = None
    kind: int = 0
    sure: bool = True


def probe_kind(probe: str) -> Kind:
    """Return how a probe looks in all figures: hand-made features are hollow."""
    return Kind(NAMES[probe], PROBES[probe], hollow=probe == "features")


def draw_dot_plot(
    rows: Sequence[tuple[str, Sequence[Dot]]],
    axis: str,
    kinds: Sequence[Kind] = (Kind(""),),
    *,
    zero: bool = False,
    row_px: float | None = None,
    width: float = NARROW,
) -> "Figure":
    """Draw rows of dots.

    Args:
        rows: Name and dots of each row, from the top.
        axis: Name of the axis.
        kinds: What dots stand for; several get a legend.
        zero: Whether to mark 0, for differences.
        row_px: Height of a row, px.
        width: Width of the figure, px.
    """
    from matplotlib.ticker import MaxNLocator

    most = max(len(dots) for _, dots in rows)
    step = row_px or 12 + 11 * most
    figure = new_figure(width, step * len(rows) + 58 + 22 * (len(kinds) > 1))
    axes = figure.add_subplot()
    axes.grid(axis="y", visible=False)
    placed = [
        (number + (place - (len(dots) - 1) / 2) * 0.62 / max(most, 2) * (most > 1), dot)
        for number, (_, dots) in enumerate(rows)
        for place, dot in enumerate(dots)
        if dot.mean is not None
    ]
    for number, kind in enumerate(kinds):
        _draw(axes, [(y, dot) for y, dot in placed if dot.kind == number], kind)
    if zero:
        axes.axvline(0, color=INK, linewidth=0.9, zorder=1)
    axes.set_yticks(range(len(rows)), [shorten(name) for name, _ in rows])
    axes.tick_params(axis="y", length=0)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axes.set_xlabel(axis)
    if len(kinds) > 1:
        _legend(figure, kinds)
    return figure


def _draw(axes: "Axes", placed: Sequence[tuple[float, Dot]], kind: Kind) -> None:
    """Draw dots of one kind, each with its height."""
    own = colour(kind.style)
    spans = [(y, dot.low, dot.high) for y, dot in placed if dot.low is not None and dot.high is not None]
    if spans:
        y, low, high = zip(*spans, strict=True)
        axes.hlines(y, low, high, color=own, linewidth=1.8, zorder=2)
    for sure in (True, False):
        points = [(dot.mean, y) for y, dot in placed if dot.sure is sure]
        (line,) = axes.plot(*(np.array(points, float).reshape(-1, 2).T), linestyle="none", zorder=3)
        line.set(marker=marker(kind.style), markersize=5.5, markeredgecolor=own)
        line.set_markerfacecolor(own if sure and not kind.hollow else PAGE)


def _legend(figure: "Figure", kinds: Sequence[Kind]) -> None:
    from matplotlib.lines import Line2D

    handles = []
    for kind in kinds:
        own = colour(kind.style)
        line = Line2D([], [], color=own, marker=marker(kind.style), markersize=5, label=kind.name)
        line.set_markerfacecolor(PAGE if kind.hollow else own)
        handles.append(line)
    figure.legend(handles=handles, loc="outside upper left", ncols=len(handles), columnspacing=1.2)
