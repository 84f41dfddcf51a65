"""Each class: its F1 by all probes."""

from collections.abc import Mapping
from typing import Any

from wearcli.reporting.choice import Choice
from wearcli.reporting.dot_plot import Dot, draw_dot_plot, probe_kind
from wearcli.reporting.drawing import MOST_CLASSES, Drawing
from wearcli.reporting.elements import Html, table
from wearcli.reporting.page import Section
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, number


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the figure and the table of F1; nothing for a regression."""
    if not study.classify:
        return []
    return [Section("classes", "Each class", [[_draw_f1(study), _class_table(study)]])]


def _draw_f1(study: Study) -> Drawing:
    """Draw F1 of each class, the best class on top; of many classes the largest alone."""
    scores = study.result.per_class
    probes = [name for name in scores if name in STYLES]
    sizes: Mapping[str, Mapping[str, Any]] = study.result.class_samples
    largest = sorted(study.result.classes, key=lambda name: -sizes.get(name, {}).get("samples", 0))[
        :MOST_CLASSES
    ]
    names = sorted(largest, key=lambda name: -(scores[study.probe][name] or 0))
    rows = [
        (name, [Dot(scores[probe][name], kind=kind) for kind, probe in enumerate(probes)]) for name in names
    ]
    figure = draw_dot_plot(rows, "F1", [probe_kind(probe) for probe in probes], row_px=26)
    figure.axes[0].set_xlim(-0.02, 1.02)
    words = "; ".join(
        f"{name} " + ", ".join(f"{number(scores[probe][name])} by the {PROBES[probe]}" for probe in probes)
        for name in names
    )
    caption = "F1 of held-out predictions; the class with the highest F1 is on top."
    if (every := len(study.result.classes)) > len(names):
        caption += f" The {len(names)} of {every:,} classes with most samples; the table has all."
    return Drawing("f1_by_class", "F1 of each class", figure, f"F1 of each class: {words}.", caption)


def _class_table(study: Study) -> Html:
    """Return samples, people and F1 of each class."""
    result = study.result
    probes = list(result.per_class)
    sizes: Mapping[str, Mapping[str, Any]] = result.class_samples
    rows = [
        [
            name,
            *(f"{sizes.get(name, {}).get(key, 0):,}" for key in ("samples", "participants")),
            *(number(result.per_class[probe][name]) for probe in probes),
        ]
        for name in result.classes
    ]
    head = ["class", "samples", "participants", *(PROBES.get(name, name) for name in probes)]
    return table("F1 of each class", head, rows)
