"""The learning curve: the score with fewer labels."""

from wearcli.probing.records import LearningPoint
from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.palette import PAGE, colour, marker
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.study import metric_of
from wearcli.reporting.wording import PROBES, TITLES, count, plain, slug, with_interval


def draw_learning(curve: list[LearningPoint], metric: str, target: str, several: bool) -> Drawing:
    """curve: of each share of the labels (%) samples and scores[probe][metric]. several: name the target."""
    figure = new_figure(NARROW, 300)
    axes = figure.add_subplot()
    points = sorted(curve, key=lambda each: each["share"])
    scores = [
        {
            probe: metric_of(metrics, metric, target)
            for probe, metrics in each["scores"].items()
            if probe in STYLES
        }
        for each in points
    ]
    shares = [each["share"] for each in points]
    probes = list(scores[-1])
    for place, probe in enumerate(probes):
        own = colour(STYLES[probe])
        # A little apart, so that the intervals can be seen.
        x = [share * 1.03 ** (place - (len(probes) - 1) / 2) for share in shares]
        known = [
            (at, row[probe])
            for at, row in zip(x, scores, strict=True)
            if row.get(probe, {}).get("mean") is not None
        ]
        for at, score in known:
            if score.get("low") is not None:
                axes.plot([at, at], [score["low"], score["high"]], color=own, linewidth=1)
        axes.plot(
            [at for at, _ in known],
            [score["mean"] for _, score in known],
            color=own,
            marker=marker(STYLES[probe]),
            markersize=5,
            markerfacecolor=PAGE if probe == "features" else own,
            label=PROBES[probe],
        )
    axes.set_xscale("log")
    axes.set_xticks(shares, [f"{share:g}" for share in shares])
    axes.set_xticks([], minor=True)
    axes.set_xlabel("labels used (%)")
    axes.set_ylabel(TITLES[metric], rotation_mode="anchor", ha="center")
    figure.legend(loc="outside upper left", ncols=len(probes), columnspacing=1.2)
    of = f" of {plain(target)}" if several else ""
    told = [
        f"with {each['share']:g} % ({count(round(each['samples']), 'sample')}) "
        + ", ".join(f"{PROBES[probe]} {with_interval(score)}" for probe, score in row.items())
        for each, row in zip(reversed(points), reversed(scores), strict=True)
    ]
    return Drawing(
        f"learning_curve_{slug(target)}" if several else "learning_curve",
        f"Learning curve{of}",
        figure,
        f"{TITLES[metric]}{of}: {'; '.join(told)}.",
        f"{TITLES[metric]}{of} by the share of the training people's labels that the probe was given.",
    )
