"""Each participant's own score: what an average over people hides."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.intervals import Dot, draw_rows, probe_kind
from wearcli.reporting.palette import MUTED, colour
from wearcli.reporting.study import Study
from wearcli.reporting.wording import count, number, plain, slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED = 60  # people whose names fit beside the axis
_FEW = 3  # samples below which a participant's own score is chance


def own_scores(predictions: pd.DataFrame, classify: bool) -> pd.DataFrame:
    """score and samples of each participant.

    score: of classes the balanced accuracy over those that the participant has (the mean share found of
    each), of values the mean absolute error.
    """
    people = predictions["participant"]
    if classify:
        hit = predictions["truth"] == predictions["predicted"]
        score = hit.groupby([people, predictions["truth"]]).mean().groupby("participant").mean()
    else:
        score = (predictions["predicted"] - predictions["truth"]).abs().groupby(people).mean()
    return pd.DataFrame({"score": score, "samples": people.groupby(people).size()})


def draw_people(study: Study, target: str) -> Drawing | str:
    """Everybody's score, the best on top; a sentence where people have too few samples to have one."""
    mine = own_scores(study.of(target), study.classify)
    if mine["samples"].median() < _FEW:
        return (
            f"Most participants have {count(int(mine['samples'].median()), 'sample')}: a score of each of "
            "them would say nothing, so the spread over people is left out."
        )
    mine = mine.sort_values("score", ascending=not study.classify, kind="stable")
    features = own_scores(study.of(target, "features"), study.classify)["score"]
    beside = len(features) > 0 and study.probe != "features"
    everybody = {study.probe: mine["score"]} | ({"features": features} if beside else {})
    measure = "balanced accuracy" if study.classify else f"mean absolute error: {plain(target)}"
    if len(mine) > _NAMED:
        figure = _draw_shares(everybody, measure)
        caption = f"The share of the {len(mine):,} people whose score is at most so high. Dotted: the median."
    else:
        names = [f"{name} ({samples:,})" for name, samples in mine["samples"].items()]
        dots = [
            [
                Dot(float(scores.get(name, np.nan)), kind=kind)
                for kind, scores in enumerate(everybody.values())
            ]
            for name in mine.index
        ]
        kinds = [probe_kind(probe) for probe in everybody]
        figure = draw_rows(list(zip(names, dots, strict=True)), measure, kinds, row_px=17)
        caption = "One row a participant, the best on top; in parentheses the samples. Dotted: the median."
    figure.axes[0].axvline(float(mine["score"].median()), linestyle=":", linewidth=1, color=MUTED, zorder=1)
    return Drawing(
        f"participants_{slug(target)}" if len(study.targets) > 1 else "participants",
        f"Score of each participant{'' if study.classify else f': {plain(target)}'}",
        figure,
        _words(mine, features if beside else None, measure, study.classify),
        caption,
    )


def _draw_shares(everybody: dict[str, pd.Series], measure: str) -> "Figure":
    """Of more people than can be named: how many score how high."""
    figure = new_figure(NARROW, 300)
    axes = figure.add_subplot()
    for probe, scores in everybody.items():
        kind = probe_kind(probe)
        line = "--" if kind.hollow else "-"
        axes.ecdf(scores.dropna().to_numpy(), color=colour(kind.style), linestyle=line, label=kind.name)
    axes.set(xlabel=measure, ylabel="share of participants", ylim=(-0.02, 1.02))
    axes.yaxis.label.set_rotation_mode("anchor")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _words(mine: pd.DataFrame, features: pd.Series | None, measure: str, higher: bool) -> str:
    """The spread in words."""
    edges = np.quantile(mine["score"], (0, 0.25, 0.5, 0.75, 1))
    low, quarter, middle, three, high = (number(float(edge)) for edge in edges)
    worst = mine["score"].iloc[::-1].head(3)
    names = ", ".join(f"{name} ({number(float(score))})" for name, score in worst.items())
    words = (
        f"{measure} of {count(len(mine), 'participant')}: from {low} to {high}, median {middle}, the middle "
        f"half from {quarter} to {three}. The worst: {names}."
    )
    if features is not None:
        ahead = mine["score"] - features.reindex(mine.index)
        better = int((ahead > 0).sum() if higher else (ahead < 0).sum())
        words += f" Of {len(mine)} people {better} are told better than by hand-made features."
    return words[:1].upper() + words[1:]
