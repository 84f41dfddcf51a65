"""The scores of the encoders: the leading one as a figure, all as a table."""

from wearcli.reporting.comparison import ReportedComparison
from wearcli.reporting.dot_plot import Dot, draw_dot_plot
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import table
from wearcli.reporting.metrics import bounds, find_metric, present_metrics
from wearcli.reporting.page import Section
from wearcli.reporting.score_tables import score_cell
from wearcli.reporting.wording import TITLES, plain, slug, with_interval


def section(comparison: ReportedComparison) -> list[Section]:
    """Return one section for each target."""
    return [_target_section(comparison, target) for target in comparison.result.targets]


def _target_section(comparison: ReportedComparison, target: str) -> Section:
    result = comparison.result
    several = len(result.targets) > 1
    name = f"scores_{slug(target)}" if several else "scores"
    leading, title = comparison.leading(result.scores, target), comparison.metric_title(target)
    words = "; ".join(f"{row} {with_interval(score)}" for row, score in leading.items())
    drawing = Drawing(
        name,
        title,
        draw_dot_plot([(row, [Dot(*bounds(score))]) for row, score in leading.items()], title, row_px=24),
        f"{title}, with 95 % intervals: {words}.",
        "With the 95 % interval of a bootstrap over participants.",
    )
    metrics = present_metrics(comparison.classify, target, result.scores.values())
    rows = [
        [row, *(score_cell(find_metric(scores, metric, target)) for metric in metrics)]
        for row, scores in result.scores.items()
    ]
    caption = f"Scores of {plain(target)}" if several else "Scores"
    scores = table(caption, ["encoder", *(TITLES[metric] for metric in metrics)], rows)
    return Section(name, caption, [[drawing, scores]])
