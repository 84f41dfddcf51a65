"""Forest plots: what the embeddings add to hand-made features, and groups left out as a whole."""

from collections.abc import Mapping
from typing import Any

from wearcli.probing.records import Groups
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import Html, table
from wearcli.reporting.headline import verdict
from wearcli.reporting.intervals import Dot, draw_rows, probe_kind
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.score_tables import cell
from wearcli.reporting.study import Study, metric_of
from wearcli.reporting.wording import PROBES, TITLES, count, plain, slug, with_interval

_OF_CLASSES = ("macro_f1", "balanced_accuracy", "kappa", "auroc", "pauroc")


def draw_differences(study: Study) -> Drawing:
    """Of classes all metrics, of values the error of each target, in % of that of the features."""
    differences = study.result.differences
    probes = [name for name in differences if name in STYLES]
    if study.classify:
        there = [name for name in _OF_CLASSES if metric_of(differences[probes[0]], name)]
        entries = [(TITLES[name], name, study.targets[0], 1.0) for name in there]
    else:
        entries = [(plain(target), "mae", target, _percent(study, target)) for target in study.targets]
    rows, told = [], []
    for name, metric, target, scale in entries:
        found = {probe: metric_of(differences[probe], metric, target) for probe in probes}
        rows.append((name, [_dot(each, kind, scale) for kind, each in enumerate(found.values())]))
        told += [f"{name}, {PROBES[probe]}: {with_interval(each)}" for probe, each in found.items()]
    axis = "score less that of features" if study.classify else "MAE less that of features (% of it)"
    better = "right" if study.classify else "left"
    return Drawing(
        "differences",
        "Difference to hand-made features",
        draw_rows(rows, axis, [probe_kind(probe) for probe in probes], zero=True),
        f"Differences to the linear probe on hand-made features, with 95 % intervals: {'; '.join(told)}.",
        f"To the {better} of the line embeddings are better. Hollow: the interval holds zero.",
    )


def _percent(study: Study, target: str) -> float:
    """What makes an error one in % of that of the features: targets of all units stand in one figure."""
    error = study.score("features", "mae", target).get("mean")
    return 100 / error if error else float("nan")


def _dot(found: Mapping[str, Any], kind: int, scale: float) -> Dot:
    mean, low, high = (None if value is None or scale != scale else value * scale for value in three(found))
    return Dot(mean, low, high, kind, sure=bool(verdict(found)))


def three(found: Mapping[str, Any]) -> tuple[float | None, float | None, float | None]:
    """The value and its interval."""
    return found.get("mean"), found.get("low"), found.get("high")


def draw_groups(study: Study, groups: Groups, target: str) -> tuple[Drawing, Html]:
    """The leading score of each group that was left out as a whole, and its table.

    groups: as in probe.json: by, scores[group][probe][metric], samples and participants of each group.
    """
    metric = "macro_f1" if study.classify else "mae"
    said = TITLES[metric] + (f" of {plain(target)}" if len(study.targets) > 1 else "")
    scores = {
        group: {probe: metric_of(metrics, metric, target) for probe, metrics in probes.items()}
        for group, probes in groups["scores"].items()
    }
    probes = list(next(iter(scores.values())))
    drawn = [probe for probe in probes if probe in STYLES]
    rows = []
    for group, row in scores.items():
        found = [row[probe] for probe in drawn]
        rows.append((group, [Dot(*three(each), kind) for kind, each in enumerate(found)]))
    told = "; ".join(
        f"{group} ({count(groups['samples'][group], 'sample')}) "
        + ", ".join(f"{PROBES[probe]} {with_interval(row[probe])}" for probe in drawn)
        for group, row in scores.items()
    )
    drawing = Drawing(
        f"groups_{slug(target)}" if len(study.targets) > 1 else "groups",
        f"{said} by {groups['by']}",
        draw_rows(rows, said, [probe_kind(probe) for probe in drawn]),
        f"{said}: {told}.",
        "With 95 % intervals over participants.",
    )
    cells = [
        [
            group,
            f"{groups['participants'][group]:,}",
            f"{groups['samples'][group]:,}",
            *(cell(row[probe]) for probe in probes),
        ]
        for group, row in scores.items()
    ]
    head = [str(groups["by"]), "participants", "samples", *(PROBES.get(probe, probe) for probe in probes)]
    return drawing, table(f"{said} of each {groups['by']} left out", head, cells)
