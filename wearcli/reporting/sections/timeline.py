"""One recording from start to end: what was true, what was predicted, and with which confidence."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import Drawing, new_figure, shorten
from wearcli.reporting.page import Section
from wearcli.reporting.palette import COLOURS, INK, MUTED, PAGE, colour
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, number, percent, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDTH = 720  # px
_NONE = "A sample is the mean of all windows of a participant, so there is no timeline."
Times = tuple[np.ndarray, np.ndarray]  # begin and end of the samples, (n,) each


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the timeline of the chosen recording, or the reason why there is none."""
    section = Section("timeline", "One recording")
    if choice.recording is None:
        section.left_out.append(f"timeline: {_NONE}")
        section.blocks.append(_NONE)
    else:
        section.blocks.append([draw_timeline(study, choice.recording)])
    return [section]


def choose_recording(study: Study, wanted: str | None) -> str | None:
    """Choose the recording of the timeline.

    Args:
        study: A probe folder.
        wanted: The recording that the user names.

    Returns:
        `wanted`, or else the recording with most classes, and among those the one with most samples; None
        where samples are means of participants.

    Raises:
        UsageError: `wanted` was not predicted.
    """
    table = study.predictions_for(study.targets[0])
    if study.result.level == "participant":
        if wanted is not None:
            raise UsageError(f"--recording {wanted}: the samples are means of participants: leave it out")
        return None
    if wanted is not None:
        if not (study.predictions["recording"] == wanted).any():
            some = ", ".join(sorted(table["recording"].unique())[:3])
            raise UsageError(f"{study.folder}: no recording '{wanted}' was predicted (there are {some}, ...)")
        return wanted
    groups = table.groupby("recording")["truth"]
    sizes = pd.DataFrame({"classes": groups.nunique() if study.classify else 1, "samples": groups.size()})
    return str(sizes.sort_values(["classes", "samples"], ascending=False, kind="stable").index[0])


def draw_timeline(study: Study, recording: str) -> Drawing:
    """Draw the samples of a recording over time: the classes as rows, or a panel for each target."""
    if study.classify:
        return _draw_classes(study, *_samples(study, recording, study.targets[0]), recording)
    return _draw_values(study, recording)


def _samples(study: Study, recording: str, target: str) -> tuple[pd.DataFrame, Times, str]:
    """Return the predictions of a recording in order, when each sample begins and ends, and the unit."""
    table = study.predictions_for(target)
    table = table[table["recording"] == recording].sort_values("onset", kind="stable")
    begin = table["onset"].to_numpy()
    end = begin + table["duration"].to_numpy()
    # Windows that overlap are shown until the next one begins.
    end[:-1] = np.minimum(end[:-1], np.maximum(begin[1:], begin[:-1]))
    seconds, unit = (60, "min") if len(end) and end[-1] - begin[0] > 180 else (1, "s")
    return table, (begin / seconds, end / seconds), unit


def _draw_classes(study: Study, table: pd.DataFrame, times: Times, unit: str, recording: str) -> Drawing:
    """Draw classes as rows: broad bars for the truth, narrow bars for the predictions."""
    from matplotlib.patches import Patch

    truth, predicted = (table[name].to_numpy(str) for name in ("truth", "predicted"))
    classes = [name for name in study.result.classes if name in {*truth, *predicted}]
    sure = np.isfinite(table["confidence"]).all()
    figure = new_figure(_WIDTH, 24 * len(classes) + 76 + 70 * sure)
    if sure:
        axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(24 * len(classes) + 10, 60))
    else:
        axes = below = figure.add_subplot()
    begin, end = times
    for row, name in enumerate(classes):
        own = colour(study.result.classes.index(name))
        axes.broken_barh(
            _pieces(begin, end, truth == name), (row - 0.4, 0.8), facecolor=own, alpha=0.45, linewidth=0
        )
        for hit, face in ((True, INK), (False, PAGE)):
            bars = (predicted == name) & ((truth == name) == hit)
            axes.broken_barh(
                _pieces(begin, end, bars), (row - 0.16, 0.32), facecolor=face, edgecolor=INK, linewidth=0.8
            )
    axes.set_yticks(range(len(classes)), [shorten(name) for name in classes])
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    if sure:
        _draw_confidence(below, begin, end, table["confidence"].to_numpy())
    below.set_xlabel(f"time in the recording ({unit})")
    below.set_xlim(begin[0], end[-1])
    figure.legend(
        handles=[
            Patch(facecolor=MUTED, alpha=0.45, label="true (broad, in the class's colour)"),
            Patch(facecolor=INK, edgecolor=INK, label="predicted, right"),
            Patch(facecolor=PAGE, edgecolor=INK, label="predicted, wrong"),
        ],
        loc="outside upper left",
        ncols=3,
    )
    right = truth == predicted
    wrong = pd.Series([f"{a} taken for {b}" for a, b in zip(truth[~right], predicted[~right], strict=True)])
    most = ", ".join(f"{name} ({times})" for name, times in wrong.value_counts().head(3).items())
    person = str(table["participant"].iloc[0])
    return Drawing(
        "timeline",
        f"Timeline of {recording}",
        figure,
        f"{count(len(table), 'sample')} of recording {recording} of participant {person} from {begin[0]:.1f} "
        f"to {end[-1]:.1f} {unit}, {len({*truth})} classes: {right.sum()} "
        f"({percent(float(right.mean()))}) are right{'; most often wrong: ' + most if most else ''}.",
        f"Recording {recording} of {person}, whom the {PROBES[study.probe]} had not seen.",
    )


def _draw_confidence(axes: "Axes", begin: np.ndarray, end: np.ndarray, confidence: np.ndarray) -> None:
    """Fill the confidence of each sample; nothing between samples that do not touch."""
    gap = np.full(len(confidence), np.nan)
    axes.fill_between(
        np.ravel(np.c_[begin, end, end]),
        np.ravel(np.c_[confidence, confidence, gap]),
        color=COLOURS[0],
        alpha=0.4,
        linewidth=0,
    )
    axes.set(ylim=(0, 1.05), yticks=(0, 0.5, 1))
    axes.set_ylabel("confidence", rotation_mode="anchor", ha="center")


def _draw_values(study: Study, recording: str) -> Drawing:
    """Draw a panel for each target: lines for the truth, dots with their band for the predictions."""
    from matplotlib.lines import Line2D

    samples = {target: _samples(study, recording, target) for target in study.targets}
    samples = {target: rows for target, rows in samples.items() if len(rows[0])}
    figure = new_figure(_WIDTH, 130 * len(samples) + 70)
    panels = figure.subplots(len(samples), 1, sharex=True, squeeze=False)[:, 0]
    bands = study.result.intervals.get(study.probe, {})
    words = []
    for axes, (target, (table, (begin, end), _)) in zip(panels, samples.items(), strict=True):
        truth, predicted = (table[name].to_numpy() for name in ("truth", "predicted"))
        middle, half = (begin + end) / 2, study.result.half_width(study.probe, target)
        if np.isfinite(half):
            axes.vlines(middle, predicted - half, predicted + half, color=COLOURS[0], alpha=0.35, linewidth=3)
        axes.hlines(truth, begin, end, color=INK, linewidth=2.2)
        axes.plot(middle, predicted, linestyle="none", marker="o", markersize=5, color=COLOURS[0])
        axes.set_title(plain(target))
        error = float(np.abs(truth - predicted).mean())
        words.append(
            f"{plain(target)} is {number(float(truth.min()))} to {number(float(truth.max()))}, predicted "
            f"{number(float(predicted.min()))} to {number(float(predicted.max()))}, off by {number(error)} "
            "on average"
        )
    table, _, unit = next(iter(samples.values()))
    panels[-1].set_xlabel(f"time in the recording ({unit})")
    handles = [
        Line2D([], [], color=INK, linewidth=2.2, label="true"),
        Line2D([], [], color=COLOURS[0], linestyle="none", marker="o", markersize=5, label="predicted"),
        Line2D([], [], color=COLOURS[0], alpha=0.35, linewidth=3, label="95 % band of one prediction"),
    ]
    figure.legend(handles=handles[: 3 if bands else 2], loc="outside upper left", ncols=3)
    person = str(table["participant"].iloc[0])
    return Drawing(
        "timeline",
        f"Timeline of {recording}",
        figure,
        f"{count(len(table), 'sample')} of recording {recording} of participant {person}: "
        f"{'; '.join(words)}.",
        f"Recording {recording} of {person}, whom the {PROBES[study.probe]} had not seen.",
    )


def _pieces(begin: np.ndarray, end: np.ndarray, chosen: np.ndarray) -> list[tuple[float, float]]:
    """Return start and length of the chosen samples, those that touch joined into one."""
    pieces: list[tuple[float, float]] = []
    for start, stop in zip(begin[chosen], end[chosen], strict=True):
        if pieces and abs(pieces[-1][0] + pieces[-1][1] - start) < 1e-6:
            pieces[-1] = (pieces[-1][0], float(stop) - pieces[-1][0])
        else:
            pieces.append((float(start), float(stop - start)))
    return pieces
