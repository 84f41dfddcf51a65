"""The score of each participant: what an average over people hides."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.reporting.choice import Choice
from wearcli.reporting.dot_plot import Dot, draw_dot_plot, probe_kind
from wearcli.reporting.drawing import NARROW, Drawing, new_figure
from wearcli.reporting.page import Block, Section
from wearcli.reporting.palette import MUTED, colour
from wearcli.reporting.study import Study
from wearcli.reporting.wording import count, number, plain, slug

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_NAMED = 60  # people whose names fit beside the axis
_FEW = 3  # samples below which a participant's own score is chance


def section(study: Study, choice: Choice) -> list[Section]:
    """Return a figure for each target, or the reason why there is none."""
    section = Section("participants", "Each participant")
    results = [draw_people(study, target) for target in study.targets]
    drawings = [drawing for drawing in results if isinstance(drawing, Drawing)]
    blocks: list[Block] = [drawings] if drawings else []
    for sentence in dict.fromkeys(sentence for sentence in results if isinstance(sentence, str)):
        blocks.append(sentence)
        section.left_out.append(f"spread over participants: {sentence}")
    section.blocks += blocks
    return [section]


def own_scores(predictions: pd.DataFrame, classify: bool) -> pd.DataFrame:
    """Compute the score and the number of samples of each participant.

    Returns:
        One row a participant with score and samples. The score is the balanced accuracy over the classes
        that the participant has (the mean of their recalls), or the mean absolute error.
    """
    people = predictions["participant"]
    if classify:
        hit = predictions["truth"] == predictions["predicted"]
        score = hit.groupby([people, predictions["truth"]]).mean().groupby("participant").mean()
    else:
        score = (predictions["predicted"] - predictions["truth"]).abs().groupby(people).mean()
    return pd.DataFrame({"score": score, "samples": people.groupby(people).size()})


def draw_people(study: Study, target: str) -> Drawing | str:
    """Draw all scores, the best on top; return a sentence where people have too few samples for a score."""
    scores = own_scores(study.predictions_for(target), study.classify)
    if scores["samples"].median() < _FEW:
        return (
            f"Most participants have {count(int(scores['samples'].median()), 'sample')}: a score of each of "
            "them would say nothing, so the spread over people is left out."
        )
    scores = scores.sort_values("score", ascending=not study.classify, kind="stable")
    features = own_scores(study.predictions_for(target, "features"), study.classify)["score"]
    beside = len(features) > 0 and study.probe != "features"
    everybody = {study.probe: scores["score"]} | ({"features": features} if beside else {})
    measure = "balanced accuracy" if study.classify else f"mean absolute error: {plain(target)}"
    if len(scores) > _NAMED:
        figure = _draw_shares(everybody, measure)
        caption = f"Share of the {len(scores):,} people with at most this score. Dotted: the median."
    else:
        names = [f"{name} ({samples:,})" for name, samples in scores["samples"].items()]
        dots = [
            [
                Dot(float(values.get(name, np.nan)), kind=kind)
                for kind, values in enumerate(everybody.values())
            ]
            for name in scores.index
        ]
        kinds = [probe_kind(probe) for probe in everybody]
        figure = draw_dot_plot(list(zip(names, dots, strict=True)), measure, kinds, row_px=17)
        caption = "One row a participant, the best on top; in parentheses the samples. Dotted: the median."
    figure.axes[0].axvline(float(scores["score"].median()), linestyle=":", linewidth=1, color=MUTED, zorder=1)
    return Drawing(
        f"participants_{slug(target)}" if len(study.targets) > 1 else "participants",
        f"Score of each participant{'' if study.classify else f': {plain(target)}'}",
        figure,
        _words(scores, features if beside else None, measure, study.classify),
        caption,
    )


def _draw_shares(everybody: dict[str, pd.Series], measure: str) -> "Figure":
    """Draw the cumulative share of people by score, where there are too many to name."""
    figure = new_figure(NARROW, 300)
    axes = figure.add_subplot()
    for probe, values in everybody.items():
        kind = probe_kind(probe)
        line = "--" if kind.hollow else "-"
        axes.ecdf(values.dropna().to_numpy(), color=colour(kind.style), linestyle=line, label=kind.name)
    axes.set(xlabel=measure, ylabel="share of participants", ylim=(-0.02, 1.02))
    axes.yaxis.label.set_rotation_mode("anchor")
    figure.legend(loc="outside upper left", ncols=2)
    return figure


def _words(scores: pd.DataFrame, features: pd.Series | None, measure: str, higher: bool) -> str:
    """Describe the spread in words."""
    edges = np.quantile(scores["score"], (0, 0.25, 0.5, 0.75, 1))
    low, quarter, middle, three, high = (number(float(edge)) for edge in edges)
    worst = scores["score"].iloc[::-1].head(3)
    names = ", ".join(f"{name} ({number(float(score))})" for name, score in worst.items())
    words = (
        f"{measure} of {count(len(scores), 'participant')}: from {low} to {high}, median {middle}, the "
        f"middle half from {quarter} to {three}. The worst: {names}."
    )
    if features is not None:
        ahead = scores["score"] - features.reindex(scores.index)
        better = int((ahead > 0).sum() if higher else (ahead < 0).sum())
        words += f" Of {len(scores)} people {better} have a better score than by hand-made features."
    return words[:1].upper() + words[1:]
