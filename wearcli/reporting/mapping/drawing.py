"""The map of embeddings, coloured by label, participant and placement: people or motion?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.reporting.drawing import NARROW, Drawing, new_figure, short_names, shorten
from wearcli.reporting.palette import COLOURS, MARKERS, colour, marker
from wearcli.reporting.wording import count, listed
from wearcli.seeds import generator

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIDE = 320  # px of the map itself
_ROUNDS = 6  # kinds are drawn in turns, so that none covers another
_MOST_NAMED = 40  # most kinds that a legend names
_MOST_PEOPLE_NAMED = 12
_LINE = 16  # px of a line of the legend
_MEANING = {
    "label": "Classes that lie apart here can be told apart by a probe.",
    "participant": "Places that belong to one person show that the embedding tells people apart.",
    "placement": "Places that belong to one placement show that the embedding tells placements apart.",
}


def draw_map(
    places: np.ndarray, axes_names: tuple[str, str], values: np.ndarray, what: str, name: str
) -> Drawing:
    """Draw a map, coloured by classes or by a scale; a sample without a value is not on it.

    Args:
        places: Places of the samples, (n, 2).
        axes_names: Names of the two axes.
        values: Classes, or float64 for a scale of colours, (n,).
        what: What the values are: label, participant, placement or a target.
        name: Name of the file.
    """
    valid = pd.notna(values)
    if values.dtype.kind == "f":
        return _draw_scale(places[valid], axes_names, values[valid], what, name)
    kinds, codes = np.unique(values[valid].astype(str), return_inverse=True)
    named = len(kinds) <= (_MOST_PEOPLE_NAMED if what == "participant" else _MOST_NAMED)
    length = 24 if len(kinds) <= 8 else 17  # two columns at least
    labels = (short_names if what == "participant" else _shortened)(kinds.tolist(), length) if named else []
    columns, lines = _grid(labels)
    figure, axes = _ground(axes_names, lines * _LINE)
    x, y = places[valid].T
    colours = np.array(COLOURS)[codes % len(COLOURS)]
    turn = generator(0, "map layers").permutation(len(codes)) % _ROUNDS
    for number in range(_ROUNDS):
        for shape in range(len(MARKERS)):
            shown = (codes % len(MARKERS) == shape) & (turn == number)
            _scatter(axes, x[shown], y[shown], colours[shown], MARKERS[shape], len(x))
    if named:
        _legend(figure, labels, columns, lines * _LINE)
    listing = listed(kinds) if named else count(len(kinds), what)
    return Drawing(
        name,
        f"Map by {what}",
        figure,
        f"{count(len(codes), 'sample')} as points in two dimensions, coloured by {what}: {listing}. "
        "The table below shows how near samples of one kind lie to each other.",
        _MEANING.get(what, "")
        + ("" if named else f" {count(len(kinds), what)}: colours and markers repeat."),
    )


def _draw_scale(
    places: np.ndarray, axes_names: tuple[str, str], values: np.ndarray, what: str, name: str
) -> Drawing:
    """Draw a map coloured by a scale, with a colour bar below it."""
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import LinearSegmentedColormap, Normalize

    figure, axes = _ground(axes_names, 46)
    # Blue to gold: readable in both schemes and with each kind of colour blindness.
    colours = LinearSegmentedColormap.from_list("values", COLOURS[:2])
    scale = ScalarMappable(Normalize(*np.quantile(values, (0.02, 0.98))), colours)
    _scatter(axes, places[:, 0], places[:, 1], scale.to_rgba(values), "o", len(values))
    height = figure.get_size_inches()[1] * 96
    place = figure.add_axes((28 / NARROW, 24 / height, _SIDE / NARROW, 8 / height))
    bar = figure.colorbar(scale, cax=place, orientation="horizontal")
    bar.outline.set_visible(False)
    return Drawing(
        name,
        f"Map by {what}",
        figure,
        f"{count(len(values), 'sample')} as points in two dimensions, coloured by {what} from "
        f"{values.min():g} to {values.max():g}. The table below shows how near similar values lie.",
        "Where the colour changes steadily, a probe can read the value.",
    )


def _ground(names: tuple[str, str], below: float) -> tuple["Figure", "Axes"]:
    """Return an empty map; its size does not depend on what stands below it (px)."""
    height = _SIDE + 30 + below
    figure = new_figure(NARROW, height, layout=None)
    axes = figure.add_axes((28 / NARROW, (24 + below) / height, _SIDE / NARROW, _SIDE / height))
    axes.grid(False)
    axes.set_xticks([])
    axes.set_yticks([])
    axes.set_xlabel(names[0])
    axes.set_ylabel(names[1], rotation_mode="anchor", ha="center")
    return figure, axes


def _scatter(axes: "Axes", x: np.ndarray, y: np.ndarray, colours: np.ndarray, shape: str, among: int) -> None:
    """Draw points as one image; they are larger where there are fewer in all (`among`)."""
    size = 13 if among > 600 else 26
    axes.scatter(x, y, s=size, marker=shape, color=colours, alpha=0.85, linewidths=0, rasterized=True)


def _shortened(names: Sequence[str], length: int) -> list[str]:
    return [shorten(name, length) for name in names]


def _grid(labels: Sequence[str]) -> tuple[int, int]:
    """Return columns and lines of a legend that is as wide as the figure."""
    if not labels:
        return 1, 0
    columns = max(1, min(len(labels), int(NARROW // (38 + 6.4 * max(map(len, labels))))))
    return columns, -(-len(labels) // columns)


def _legend(figure: "Figure", labels: Sequence[str], columns: int, below: float) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], linestyle="none", marker=marker(code), color=colour(code), markersize=5, label=label)
        for code, label in enumerate(labels)
    ]
    spacing = {"handletextpad": 0.1, "columnspacing": 0.8, "labelspacing": 0.25, "borderpad": 0.2}
    top = (below + 4) / (figure.get_size_inches()[1] * 96)
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=(0, top), ncols=columns, **spacing)
