"""Tables of scores: a row a probe or an encoder, a column a metric."""

from collections.abc import Mapping

from wearcli.reporting.elements import Html, element, join, table
from wearcli.reporting.metrics import Score
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, TITLES, interval, number, plain

_ABOUT = "[95 % interval over participants]"


def score_cell(score: Score | None) -> Html:
    """Return a score over its interval; a dash where there is none."""
    if not score or score.get("mean") is None:
        return Html("–")
    bounds = interval(score)
    return join([number(score["mean"]), *([element("small", bounds)] if bounds else [])])


def metric_tables(study: Study, scores: Mapping[str, Mapping[str, Score]], title: str) -> list[Html]:
    """Return one table for each target.

    Args:
        study: Names the targets.
        scores: Scores by probe and metric; with several targets a metric is `target.metric`.
        title: Begins the captions.
    """
    several = len(study.targets) > 1
    tables = []
    for target in study.targets:
        prefix = f"{target}."
        rows = {
            probe: {
                metric.removeprefix(prefix): score
                for metric, score in metrics.items()
                if metric.startswith(prefix) or not several
            }
            for probe, metrics in scores.items()
        }
        present = dict.fromkeys(metric for values in rows.values() for metric in values)
        metrics = [name for name in TITLES if name in present]
        metrics += [name for name in present if name not in TITLES]
        tables.append(
            table(
                f"{title}: {plain(target)} {_ABOUT}" if several else f"{title} {_ABOUT}",
                ["probe", *(TITLES.get(metric, metric) for metric in metrics)],
                [
                    [PROBES.get(probe, probe), *(score_cell(values.get(metric)) for metric in metrics)]
                    for probe, values in rows.items()
                ],
            )
        )
    return tables
