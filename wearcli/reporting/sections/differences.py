"""What embeddings add to hand-made features: paired differences as a forest plot and as tables."""

from wearcli.reporting.choice import Choice
from wearcli.reporting.dot_plot import Dot, draw_dot_plot, probe_kind
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.metrics import CLASS_METRICS, Score, bounds, find_metric, verdict
from wearcli.reporting.page import Block, Section
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.score_tables import metric_tables
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, TITLES, plain, with_interval

_TITLE = "Embeddings against hand-made features"
_ABOUT = (
    "What the embeddings add to hand-made features: the score of a probe on embeddings minus that of the "
    "linear probe on features, on the same folds and the same resamples of people. An interval that holds "
    "zero shows no difference."
)
# A larger or smaller value of these is neither better nor worse.
_WITHOUT_DIRECTION = ("bias", "loa_low", "loa_high")


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the figure of the differences and their tables."""
    if not study.result.differences:
        sentence = "There is no probe on hand-made features, so there is nothing to compare with."
        return [Section("differences", _TITLE, [sentence])]
    directed = {
        probe: {metric: score for metric, score in metrics.items() if not metric.endswith(_WITHOUT_DIRECTION)}
        for probe, metrics in study.result.differences.items()
    }
    drawing, tables = draw_differences(study), metric_tables(study, directed, "Less hand-made features")
    rows: list[Block] = [[drawing, *tables]] if len(tables) == 1 else [[drawing], *tables]
    return [Section("differences", _TITLE, [_ABOUT, *rows])]


def draw_differences(study: Study) -> Drawing:
    """Draw all metrics of classes; of values the error of each target, in % of the error of the features."""
    differences = study.result.differences
    probes = [name for name in differences if name in STYLES]
    if study.classify:
        present = [name for name in CLASS_METRICS if find_metric(differences[probes[0]], name)]
        entries = [(TITLES[name], name, study.targets[0], 1.0) for name in present]
    else:
        entries = [(plain(target), "mae", target, _percent_factor(study, target)) for target in study.targets]
    rows, words = [], []
    for name, metric, target, scale in entries:
        scores = {probe: find_metric(differences[probe], metric, target) for probe in probes}
        rows.append((name, [_dot(score, kind, scale) for kind, score in enumerate(scores.values())]))
        words += [f"{name}, {PROBES[probe]}: {with_interval(score)}" for probe, score in scores.items()]
    axis = "score minus that of features" if study.classify else "MAE minus that of features (% of it)"
    better = "right" if study.classify else "left"
    return Drawing(
        "differences",
        "Difference to hand-made features",
        draw_dot_plot(rows, axis, [probe_kind(probe) for probe in probes], zero=True),
        f"Differences to the linear probe on hand-made features, with 95 % intervals: {'; '.join(words)}.",
        f"To the {better} of the line embeddings are better. Hollow: the interval holds zero.",
    )


def _percent_factor(study: Study, target: str) -> float:
    """Return what turns an error into % of the features' error, so that all units fit into one figure."""
    error = study.score("features", "mae", target).get("mean")
    return 100 / error if error else float("nan")


def _dot(score: Score, kind: int, scale: float) -> Dot:
    """Return the dot of a difference; hollow where its interval holds zero."""
    mean, low, high = (None if value is None or scale != scale else value * scale for value in bounds(score))
    return Dot(mean, low, high, kind, sure=bool(verdict(score)))
