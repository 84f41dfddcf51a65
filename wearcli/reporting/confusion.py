"""The confusion matrix: for each true class, what the probe said of people that it had not seen."""

from typing import TYPE_CHECKING

import numpy as np

from wearcli.reporting.drawing import Drawing, new_figure, shorten
from wearcli.reporting.palette import COLOURS, INK, MUTED, ON_COLOUR
from wearcli.reporting.wording import PROBES, count, listed, percent

if TYPE_CHECKING:
    from matplotlib.patches import Rectangle

_CELL = 42  # px
_MANY = 16  # classes from which on a cell has its share alone


def draw_confusion(matrix: list[list[int]], classes: list[str], probe: str) -> Drawing:
    """matrix: (classes, classes) counts, a row a true class. Cells show shares of the row and counts."""
    counts = np.asarray(matrix)
    total = counts.sum(axis=1)
    shares = counts / np.maximum(total, 1)[:, None]
    many = len(classes) >= _MANY
    cell = 26 if many else _CELL
    longest = max(len(shorten(name)) for name in classes)
    side, room = cell * len(classes), 7 * longest + 34
    figure = new_figure(side + room + 8, side + room + 8, layout=None)
    width = side + room + 8
    axes = figure.add_axes((room / width, room / width, side / width, side / width))
    axes.set(xlim=(0, len(classes)), ylim=(len(classes), 0))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for row in range(len(classes)):
        for column in range(len(classes)):
            share, amount = shares[row, column], counts[row, column]
            # Opacity, not a ramp of colours: it goes from the page's own ground to blue in both schemes.
            axes.add_patch(_square(column, row, share, row == column))
            if amount == 0:
                continue
            full = share >= 0.85
            words = f"{100 * share:.0f}" if many else f"{100 * share:.0f} %"
            colour = ON_COLOUR if full else INK
            lines = [(0.5, 7.5, words)] if many else [(0.42, 7.5, words), (0.76, 6.5, f"{amount:,}")]
            for y, size, text in lines:
                axes.text(column + 0.5, row + y, text, ha="center", va="center", color=colour, size=size)
    names = [shorten(name) for name in classes]
    axes.set_xticks(np.arange(len(classes)) + 0.5, names, rotation=90, rotation_mode="anchor")
    for label in axes.get_xticklabels():
        label.set(ha="right", va="center")
    axes.set_yticks(np.arange(len(classes)) + 0.5, names)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true", color=MUTED, rotation_mode="anchor", ha="center")
    said = f"Rows: the true class; a cell: the share of the row, of people not seen, by the {PROBES[probe]}"
    return Drawing(
        "confusion_matrix",
        "Confusion matrix",
        figure,
        " ".join(_sentence(name, counts[row], classes, row) for row, name in enumerate(classes)),
        f"{said}{'' if many else '; below it the number of samples'}.",
    )


def _square(column: int, row: int, share: float, found: bool) -> "Rectangle":
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    face, edge = to_rgba(COLOURS[0], share), COLOURS[0] if found else "none"
    place = (column + 0.03, row + 0.03)
    return Rectangle(place, 0.94, 0.94, facecolor=face, edgecolor=edge, linewidth=0.7)


def _sentence(name: str, row: np.ndarray, classes: list[str], own: int) -> str:
    """Of 120 samples of walking 101 (84 %) are found; taken for: running (15), stairs (4)."""
    total = int(row.sum())
    if not total:
        return f"There is no sample of {name}."
    found = f"Of {count(total, 'sample')} of {name} {row[own]:,} ({percent(row[own] / total)}) are found"
    others = [code for code in np.argsort(-row, kind="stable") if code != own and row[code]]
    if not others:
        return f"{found}."
    taken = [f"{classes[code]} ({row[code]:,})" for code in others[:3]]
    if rest := len(others) - 3 if len(others) > 3 else 0:
        taken.append(count(rest, "more class", "more classes"))
    return f"{found}; taken for {listed(taken)}."
