"""Regression: predicted against true values, and the Bland-Altman plot of the two (Lancet 1986;327:307)."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import NARROW, Drawing, new_figure, short_names
from wearcli.reporting.elements import element
from wearcli.reporting.metrics import Score
from wearcli.reporting.page import Block, Section
from wearcli.reporting.palette import INK, PAGE, colour, marker
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, number, plain, slug, with_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LEGEND = 12  # most people that a legend names
_POINTS = 1500  # more points than these are drawn as one image


def section(study: Study, choice: Choice) -> list[Section]:
    """Return two figures for each target, and the band of one prediction; nothing for classes."""
    if study.classify:
        return []
    blocks: list[Block] = []
    for target in study.targets:
        predictions = study.predictions_for(target)
        scores = {metric: study.score(study.probe, metric, target) for metric in ("r", "mae")}
        if len(study.targets) > 1:
            blocks.append(element("h3", plain(target)))
        blocks.append(
            [
                draw_scatter(predictions, target, study.probe, scores),
                draw_bland_altman(predictions, target, study.probe),
            ]
        )
        blocks += _band(study, target)
    return [Section("agreement", "Predicted and true values", blocks)]


def _band(study: Study, target: str) -> list[Block]:
    """Say how far one prediction of a new person may be off."""
    band = study.result.intervals.get(study.probe, {}).get(target)
    if band is None or band["half_width"] is None:
        return []
    sentence = f"One prediction of a new person lies within ± {number(band['half_width'])} of the truth in "
    sentence += "95 % of samples."
    if (coverage := band["coverage"]) is not None:
        sentence += f" Made without them, such a band held {100 * coverage:.0f} % of the samples of people "
        sentence += "left out."
    return [sentence]


def limits(truth: np.ndarray, predicted: np.ndarray) -> tuple[float, float, float]:
    """Return the bias (mean of predicted - truth) and the limits of agreement, bias ± 1.96 deviations."""
    errors = predicted - truth
    bias = float(errors.mean())
    reach = 1.96 * float(errors.std(ddof=1)) if len(errors) > 1 else float("nan")
    return bias, bias - reach, bias + reach


def draw_scatter(predictions: pd.DataFrame, target: str, probe: str, scores: Mapping[str, Score]) -> Drawing:
    """Draw predicted against true values of people not seen, a colour and marker for each participant."""
    truth, predicted = (predictions[name].to_numpy() for name in ("truth", "predicted"))
    figure, axes, people = _points(predictions, truth, predicted)
    ends = np.array([min(truth.min(), predicted.min()), max(truth.max(), predicted.max())])
    room = 0.04 * (ends[1] - ends[0]) or 1.0
    ends += -room, room
    axes.plot(ends, ends, color=INK, linewidth=0.9, zorder=1)
    axes.set(xlim=ends, ylim=ends, aspect="equal")
    axes.set(xlabel=f"true: {plain(target)}", ylabel="predicted")
    axes.yaxis.label.set_rotation_mode("anchor")
    words = f"r {with_interval(scores['r'])}, mean absolute error {with_interval(scores['mae'])}"
    return Drawing(
        f"scatter_{slug(target)}",
        f"Predicted against true: {plain(target)}",
        figure,
        f"{count(len(truth), 'sample')} of {count(people, 'participant')}: true values from "
        f"{number(float(truth.min()))} to {number(float(truth.max()))}, predicted from "
        f"{number(float(predicted.min()))} to {number(float(predicted.max()))}; {words}.",
        f"By the {PROBES[probe]}, people not seen; a dot on the line is as measured. {words}. "
        + _colours(people),
    )


def draw_bland_altman(predictions: pd.DataFrame, target: str, probe: str) -> Drawing:
    """Draw the error against the mean of both values, with bias and limits of all held-out predictions."""
    truth, predicted = (predictions[name].to_numpy() for name in ("truth", "predicted"))
    bias, low, high = limits(truth, predicted)
    figure, axes, _ = _points(predictions, (truth + predicted) / 2, predicted - truth)
    for value, line in ((bias, "-"), (low, "--"), (high, "--")):
        axes.axhline(value, color=INK, linewidth=0.9, linestyle=line, zorder=1)
        axes.annotate(
            number(value),
            (1, value),
            xycoords=("axes fraction", "data"),
            xytext=(0, 2),
            textcoords="offset points",
            ha="right",
            va="bottom",
            size=8,
        )
    axes.set(xlabel=f"mean of true and predicted: {plain(target)}", ylabel="predicted - true")
    axes.yaxis.label.set_rotation_mode("anchor")
    errors = predicted - truth
    inside = float(((errors >= low) & (errors <= high)).mean())
    words = f"bias {number(bias)}, limits of agreement {number(low)} to {number(high)}"
    return Drawing(
        f"bland_altman_{slug(target)}",
        f"Bland-Altman: {plain(target)}",
        figure,
        f"{words}; {100 * inside:.0f} % of {count(len(errors), 'sample')} lie between the limits. "
        f"{_slope((truth + predicted) / 2, errors)}",
        f"By the {PROBES[probe]}: {words} (bias ± 1.96 standard deviations, all held-out samples pooled).",
    )


def _points(predictions: pd.DataFrame, x: np.ndarray, y: np.ndarray) -> tuple["Figure", "Axes", int]:
    """Return the figure, its axes with a dot for each sample, and the number of people."""
    names, codes = np.unique(predictions["participant"].to_numpy(str), return_inverse=True)
    few = len(x) <= _POINTS
    shown = 1 < len(names) <= LEGEND
    rows = -(-len(names) // 4) if shown else 0
    labels = short_names(names.tolist(), 10)
    figure = new_figure(NARROW, 300 + 18 * rows)
    axes = figure.add_subplot()
    for code, label in enumerate(labels):
        own = codes == code
        axes.plot(
            x[own],
            y[own],
            linestyle="none",
            marker=marker(code),
            color=colour(code),
            markersize=5 if len(x) < 400 else 3,
            alpha=0.9,
            markeredgecolor=PAGE,
            markeredgewidth=0.3 if few else 0,
            label=label,
            rasterized=not few,
        )
    if shown:
        figure.legend(
            loc="outside lower center", ncols=4, handletextpad=0.1, columnspacing=0.8, borderaxespad=0.2
        )
    return figure, axes, len(names)


def _colours(people: int) -> str:
    """Explain the colours."""
    repeated = "; they repeat" if people > LEGEND else ""
    return f"Colours and markers: the {people} participants{repeated}."


def _slope(means: np.ndarray, errors: np.ndarray) -> str:
    """Say how the error changes with the value: a probe that stays near the mean errs at both ends."""
    if len(means) < 3 or not means.std():
        return ""
    slope = float(np.polyfit(means, errors, 1)[0])
    way = "falls" if slope < 0 else "rises"
    return f"Over the range the error {way} by {number(abs(slope))} a unit."
