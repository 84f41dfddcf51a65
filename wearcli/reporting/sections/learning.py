"""The learning curve: the score with fewer labels."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wearcli.probing.records import LearningPoint
from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.metrics import Score, find_metric, leading_metric
from wearcli.reporting.page import Section
from wearcli.reporting.palette import PAGE, colour, marker
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, TITLES, count, plain, slug, with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def section(study: Study, choice: Choice) -> list[Section]:
    """Return a curve for each target; nothing where the probe was fitted with all labels alone."""
    curve = study.result.learning_curve
    if not curve:
        return []
    metric, several = leading_metric(study.classify), len(study.targets) > 1
    drawings = [draw_learning(curve, metric, target, several) for target in study.targets]
    return [Section("learning", "Learning curve", [drawings])]


def draw_learning(curve: list[LearningPoint], metric: str, target: str, several: bool) -> Drawing:
    """Draw the scores of all probes by the share of labels.

    Args:
        curve: Scores by probe and metric at each share of the labels (%).
        metric: Metric to draw.
        target: Target to draw.
        several: Whether to name the target.
    """
    figure = new_figure(NARROW, 300)
    axes = figure.add_subplot()
    points = sorted(curve, key=lambda point: point["share"])
    scores = [
        {
            probe: find_metric(metrics, metric, target)
            for probe, metrics in point["scores"].items()
            if probe in STYLES
        }
        for point in points
    ]
    shares = [point["share"] for point in points]
    probes = list(scores[-1])
    for place, probe in enumerate(probes):
        own = colour(STYLES[probe])
        # A little apart, so that the intervals can be seen.
        x = [share * 1.03 ** (place - (len(probes) - 1) / 2) for share in shares]
        _draw_curve(axes, probe, own, [(at, row.get(probe, {})) for at, row in zip(x, scores, strict=True)])
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{share:g}" for share in shares])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labels used (%)")
    axes.set_ylabel(TITLES[metric], rotation_mode="anchor", ha="center")
    figure.legend(loc="outside upper left", ncols=len(probes), columnspacing=1.2)
    ending = f" of {plain(target)}" if several else ""
    words = [
        f"with {point['share']:g} % ({count(round(point['samples']), 'sample')}) "
        + ", ".join(f"{PROBES[probe]} {with_interval(score)}" for probe, score in row.items())
        for point, row in zip(reversed(points), reversed(scores), strict=True)
    ]
    return Drawing(
        f"learning_curve_{slug(target)}" if several else "learning_curve",
        f"Learning curve{ending}",
        figure,
        f"{TITLES[metric]}{ending}: {'; '.join(words)}.",
        f"{TITLES[metric]}{ending} by the share of the training people's labels that the probe was given.",
    )


def _draw_curve(axes: "Axes", probe: str, own: str, points: Sequence[tuple[float, Score]]) -> None:
    """Draw one probe: a dot and its interval at each share (the x of a point)."""
    scored = [(at, score) for at, score in points if score.get("mean") is not None]
    for at, score in scored:
        if score.get("low") is not None:
            axes.plot([at, at], [score["low"], score["high"]], color=own, linewidth=1)
    axes.plot(
        [at for at, _ in scored],
        [score["mean"] for _, score in scored],
        color=own,
        marker=marker(STYLES[probe]),
        markersize=5,
        markerfacecolor=PAGE if probe == "features" else own,
        label=PROBES[probe],
    )
