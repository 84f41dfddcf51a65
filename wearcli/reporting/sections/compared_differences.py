"""Paired differences of the encoders: to hand-made features, and to the first encoder."""

from collections.abc import Mapping

from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.dot_plot import Dot, draw_dot_plot
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import Html, table
from wearcli.reporting.metrics import Score, bounds, find_metric, present_metrics, verdict
from wearcli.reporting.page import Block, Section
from wearcli.reporting.score_tables import score_cell
from wearcli.reporting.wording import TITLES, plain, slug, with_interval

Differences = Mapping[str, Mapping[str, Score]]  # by encoder and metric


def section(comparison: ReportedComparison) -> list[Section]:
    """Return a section for differences to features and one for those to the first, where they exist."""
    result = comparison.result
    first = result.first
    entries: list[tuple[str, Differences, str, str]] = [
        (
            "less_features",
            result.less_features,
            "Less hand-made features",
            "The score of an encoder minus that of the linear probe on features of its own windows.",
        ),
        (
            "less_first",
            result.less_first,
            f"Less {first}",
            f"The score of an encoder minus that of {first}.",
        ),
    ]
    return [_section(comparison, *entry) for entry in entries if entry[1]]


def _section(
    comparison: ReportedComparison, name: str, differences: Differences, title: str, about: str
) -> Section:
    blocks: list[Block] = [f"{about} Paired: the same folds and the same resamples of people."]
    for target in comparison.result.targets:
        blocks.append(_figure_and_table(comparison, name, differences, title, target))
    return Section(name, title, blocks)


def _figure_and_table(
    comparison: ReportedComparison, name: str, differences: Differences, title: str, target: str
) -> tuple[Drawing, Html]:
    """Return the forest plot of a target and its table."""
    several = len(comparison.result.targets) > 1
    leading, metric_title = comparison.leading(differences, target), comparison.metric_title(target)
    rows = [(model, [Dot(*bounds(score), sure=bool(verdict(score)))]) for model, score in leading.items()]
    words = "; ".join(f"{model} {with_interval(score)}" for model, score in leading.items())
    drawing = Drawing(
        f"{name}_{slug(target)}" if several else name,
        f"{title}: {metric_title}",
        draw_dot_plot(rows, f"{metric_title}, difference", zero=True, row_px=26),
        f"{title}, {metric_title}, with 95 % intervals: {words}.",
        f"To the {'right' if comparison.classify else 'left'} of the line the encoder is better. Hollow: the "
        "interval holds zero.",
    )
    metrics = present_metrics(comparison.classify, target, differences.values())
    cells = [
        [model, *(score_cell(find_metric(row, metric, target)) for metric in metrics)]
        for model, row in differences.items()
    ]
    caption = f"{title}: {plain(target)}" if several else title
    return drawing, table(caption, ["encoder", *(TITLES[metric] for metric in metrics)], cells)
