"""The confusion matrix: how samples of each true class were predicted, of people not seen."""

from typing import TYPE_CHECKING

import numpy as np

from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import MOST_CLASSES, Drawing, new_figure, shorten
from wearcli.reporting.page import Section
from wearcli.reporting.palette import COLOURS, INK, MUTED, ON_COLOUR
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, listed, percent

if TYPE_CHECKING:
    from matplotlib.patches import Rectangle

_CELL = 42  # px
_MANY = 16  # from this number of classes on, a cell shows its share alone


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the matrix; nothing for a regression."""
    if not study.classify:
        return []
    result = study.result
    drawing = draw_confusion(result.confusion[study.probe], result.classes, study.probe)
    return [Section("confusion", "Confusion matrix", [[drawing]])]


def draw_confusion(matrix: list[list[int]], classes: list[str], probe: str) -> Drawing:
    """Draw a matrix whose cells show shares of their row, and counts; of many classes the largest alone.

    Args:
        matrix: Counts (classes, classes); a row is a true class, a column a predicted one.
        classes: Names of the classes.
        probe: The probe that predicted.
    """
    counts = np.asarray(matrix)
    total = counts.sum(axis=1)
    shares = counts / np.maximum(total, 1)[:, None]
    shown = np.sort(np.argsort(-total, kind="stable")[:MOST_CLASSES])
    names = [shorten(classes[code]) for code in shown]
    many = len(shown) >= _MANY
    cell = 26 if many else _CELL
    longest = max(map(len, names))
    side, room = cell * len(shown), 7 * longest + 34
    figure = new_figure(side + room + 8, side + room + 8, layout=None)
    width = side + room + 8
    axes = figure.add_axes((room / width, room / width, side / width, side / width))
    axes.set(xlim=(0, len(shown)), ylim=(len(shown), 0))
    axes.grid(False)
    axes.spines[:].set_visible(False)
    for row, true in enumerate(shown):
        for column, predicted in enumerate(shown):
            share, amount = shares[true, predicted], counts[true, predicted]
            # Opacity, not a ramp of colours: it goes from the page's own ground to blue in both schemes.
            if amount or row == column:
                axes.add_patch(_square(column, row, share, row == column))
            if amount == 0:
                continue
            full = share >= 0.85
            words = f"{100 * share:.0f}" if many else f"{100 * share:.0f} %"
            colour = ON_COLOUR if full else INK
            lines = [(0.5, 7.5, words)] if many else [(0.42, 7.5, words), (0.76, 6.5, f"{amount:,}")]
            for y, size, text in lines:
                axes.text(column + 0.5, row + y, text, ha="center", va="center", color=colour, size=size)
    axes.set_xticks(np.arange(len(shown)) + 0.5, names, rotation=90, rotation_mode="anchor")
    for label in axes.get_xticklabels():
        label.set(ha="right", va="center")
    axes.set_yticks(np.arange(len(shown)) + 0.5, names)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted", color=MUTED)
    axes.set_ylabel("true", color=MUTED, rotation_mode="anchor", ha="center")
    caption = (
        f"Rows: the true class; a cell: the share of the row, of people not seen, by the {PROBES[probe]}"
    )
    if len(shown) < len(classes):
        caption = f"The {len(shown)} of {len(classes):,} classes with most samples. {caption}"
    return Drawing(
        "confusion_matrix",
        "Confusion matrix",
        figure,
        " ".join(_sentence(classes[code], counts[code], classes, code) for code in shown),
        f"{caption}{'' if many else '; below it the number of samples'}.",
    )


def _square(column: int, row: int, share: float, right: bool) -> "Rectangle":
    """Return the cell: the deeper its colour, the larger the share; framed on the diagonal."""
    from matplotlib.colors import to_rgba
    from matplotlib.patches import Rectangle

    face, edge = to_rgba(COLOURS[0], share), COLOURS[0] if right else "none"
    place = (column + 0.03, row + 0.03)
    return Rectangle(place, 0.94, 0.94, facecolor=face, edgecolor=edge, linewidth=0.7)


def _sentence(name: str, row: np.ndarray, classes: list[str], own: int) -> str:
    """Write: 101 of 120 samples of walking (84 %) are right; the others are taken for running (15)."""
    total = int(row.sum())
    if not total:
        return f"There is no sample of {name}."
    right = f"Of {count(total, 'sample')} of {name} {row[own]:,} ({percent(row[own] / total)}) are right"
    others = [code for code in np.argsort(-row, kind="stable") if code != own and row[code]]
    if not others:
        return f"{right}."
    taken = [f"{classes[code]} ({row[code]:,})" for code in others[:3]]
    if rest := len(others) - 3 if len(others) > 3 else 0:
        taken.append(count(rest, "more class", "more classes"))
    return f"{right}; the others are taken for {listed(taken)}."
