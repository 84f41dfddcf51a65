"""Groups that were left out as a whole, such as placements or sites."""

from wearcli.probing.records import Groups
from wearcli.reporting.choice import Choice
from wearcli.reporting.dot_plot import Dot, draw_dot_plot, probe_kind
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import Html, table
from wearcli.reporting.metrics import bounds, find_metric, leading_metric
from wearcli.reporting.page import Block, Section
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.score_tables import score_cell
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, TITLES, count, plain, slug, with_interval


def section(study: Study, choice: Choice) -> list[Section]:
    """Return a figure and a table for each target; nothing where no groups were left out."""
    groups = study.result.groups
    if not groups:
        return []
    about = f"The probes that predicted a {groups['by']} had seen neither it nor its people."
    rows: list[Block] = [draw_groups(study, groups, target) for target in study.targets]
    return [Section("groups", f"Each {groups['by']} left out", [about, *rows])]


def draw_groups(study: Study, groups: Groups, target: str) -> tuple[Drawing, Html]:
    """Return the leading score of each group as a drawing and as a table."""
    metric, several = leading_metric(study.classify), len(study.targets) > 1
    title = TITLES[metric] + (f" of {plain(target)}" if several else "")
    scores = {
        group: {probe: find_metric(metrics, metric, target) for probe, metrics in probes.items()}
        for group, probes in groups["scores"].items()
    }
    probes = list(next(iter(scores.values())))
    styled = [probe for probe in probes if probe in STYLES]
    rows = [
        (group, [Dot(*bounds(row[probe]), kind) for kind, probe in enumerate(styled)])
        for group, row in scores.items()
    ]
    words = "; ".join(
        f"{group} ({count(groups['samples'][group], 'sample')}) "
        + ", ".join(f"{PROBES[probe]} {with_interval(row[probe])}" for probe in styled)
        for group, row in scores.items()
    )
    drawing = Drawing(
        f"groups_{slug(target)}" if several else "groups",
        f"{title} by {groups['by']}",
        draw_dot_plot(rows, title, [probe_kind(probe) for probe in styled]),
        f"{title}: {words}.",
        "With 95 % intervals over participants.",
    )
    cells = [
        [
            group,
            f"{groups['participants'][group]:,}",
            f"{groups['samples'][group]:,}",
            *(score_cell(row[probe]) for probe in probes),
        ]
        for group, row in scores.items()
    ]
    head = [str(groups["by"]), "participants", "samples", *(PROBES.get(probe, probe) for probe in probes)]
    return drawing, table(f"{title} of each {groups['by']} left out", head, cells)
