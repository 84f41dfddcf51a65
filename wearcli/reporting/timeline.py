"""One recording from its start to its end: what was true, what was predicted, and how sure of it."""

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.reporting.drawing import Drawing, new_figure, shorten
from wearcli.reporting.palette import COLOURS, INK, MUTED, PAGE, colour
from wearcli.reporting.study import Study
from wearcli.reporting.wording import PROBES, count, number, percent, plain

_WIDTH = 720  # px
Times = tuple[np.ndarray, np.ndarray]  # (n,) each


def choose_recording(study: Study, wanted: str | None) -> str | None:
    """The recording of most classes, of those the one of most samples; or `wanted`.

    None where samples are means of participants. Raises UsageError where `wanted` was not predicted.
    """
    table = study.of(study.targets[0])
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
    found = pd.DataFrame({"classes": groups.nunique() if study.classify else 1, "samples": groups.size()})
    return str(found.sort_values(["classes", "samples"], ascending=False, kind="stable").index[0])


def draw_timeline(study: Study, recording: str) -> Drawing:
    """The samples of a recording over time: the classes as rows, or a panel a target."""
    if study.classify:
        return _draw_classes(study, *_samples(study, recording, study.targets[0]), recording)
    return _draw_values(study, recording)


def _samples(study: Study, recording: str, target: str) -> tuple[pd.DataFrame, Times, str]:
    """Predictions of a recording, in order; when each begins and ends; and in what unit."""
    table = study.of(target)
    table = table[table["recording"] == recording].sort_values("onset", kind="stable")
    begin = table["onset"].to_numpy()
    end = begin + table["duration"].to_numpy()
    # Of windows that overlap, each is shown until the next begins.
    end[:-1] = np.minimum(end[:-1], np.maximum(begin[1:], begin[:-1]))
    seconds, unit = (60, "min") if len(end) and end[-1] - begin[0] > 180 else (1, "s")
    return table, (begin / seconds, end / seconds), unit


def _draw_classes(study: Study, table: pd.DataFrame, times: Times, unit: str, recording: str) -> Drawing:
    from matplotlib.patches import Patch

    truth, predicted = (table[name].to_numpy(str) for name in ("truth", "predicted"))
    there = {*truth, *predicted}
    classes = [name for name in study.result.classes if name in there]
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
            mine = (predicted == name) & ((truth == name) == hit)
            axes.broken_barh(
                _pieces(begin, end, mine), (row - 0.16, 0.32), facecolor=face, edgecolor=INK, linewidth=0.8
            )
    axes.set_yticks(range(len(classes)), [shorten(name) for name in classes])
    axes.set_ylim(len(classes) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    if sure:
        level = table["confidence"].to_numpy()
        gap = np.full(len(level), np.nan)  # between samples that do not touch nothing is known
        below.fill_between(
            np.ravel(np.c_[begin, end, end]),
            np.ravel(np.c_[level, level, gap]),
            color=COLOURS[0],
            alpha=0.4,
            linewidth=0,
        )
        below.set(ylim=(0, 1.05), yticks=(0, 0.5, 1))
        below.set_ylabel("confidence", rotation_mode="anchor", ha="center")
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
    most = ", ".join(f"{what} ({times})" for what, times in wrong.value_counts().head(3).items())
    who = str(table["participant"].iloc[0])
    return Drawing(
        "timeline",
        f"Timeline of {recording}",
        figure,
        f"{count(len(table), 'sample')} of recording {recording} of participant {who} from {begin[0]:.1f} to "
        f"{end[-1]:.1f} {unit}, {len({*truth})} classes: {right.sum()} ({percent(float(right.mean()))}) are "
        f"right{'; most often wrong: ' + most if most else ''}.",
        f"Recording {recording} of {who}, whom the {PROBES[study.probe]} had not seen.",
    )


def _draw_values(study: Study, recording: str) -> Drawing:
    from matplotlib.lines import Line2D

    found = {target: _samples(study, recording, target) for target in study.targets}
    found = {target: each for target, each in found.items() if len(each[0])}
    figure = new_figure(_WIDTH, 130 * len(found) + 70)
    panels = figure.subplots(len(found), 1, sharex=True, squeeze=False)[:, 0]
    bands = study.result.intervals.get(study.probe, {})
    told = []
    for axes, (target, (table, (begin, end), _)) in zip(panels, found.items(), strict=True):
        truth, predicted = (table[name].to_numpy() for name in ("truth", "predicted"))
        middle, half = (begin + end) / 2, study.result.half_width(study.probe, target)
        if np.isfinite(half):
            axes.vlines(middle, predicted - half, predicted + half, color=COLOURS[0], alpha=0.35, linewidth=3)
        axes.hlines(truth, begin, end, color=INK, linewidth=2.2)
        axes.plot(middle, predicted, linestyle="none", marker="o", markersize=5, color=COLOURS[0])
        axes.set_title(plain(target))
        error = float(np.abs(truth - predicted).mean())
        told.append(
            f"{plain(target)} is {number(float(truth.min()))} to {number(float(truth.max()))}, predicted "
            f"{number(float(predicted.min()))} to {number(float(predicted.max()))}, off by {number(error)} "
            "on average"
        )
    table, _, unit = next(iter(found.values()))
    panels[-1].set_xlabel(f"time in the recording ({unit})")
    handles = [
        Line2D([], [], color=INK, linewidth=2.2, label="true"),
        Line2D([], [], color=COLOURS[0], linestyle="none", marker="o", markersize=5, label="predicted"),
        Line2D([], [], color=COLOURS[0], alpha=0.35, linewidth=3, label="95 % band of one prediction"),
    ]
    figure.legend(handles=handles[: 3 if bands else 2], loc="outside upper left", ncols=3)
    who = str(table["participant"].iloc[0])
    return Drawing(
        "timeline",
        f"Timeline of {recording}",
        figure,
        f"{count(len(table), 'sample')} of recording {recording} of participant {who}: {'; '.join(told)}.",
        f"Recording {recording} of {who}, whom the {PROBES[study.probe]} had not seen.",
    )


def _pieces(begin: np.ndarray, end: np.ndarray, chosen: np.ndarray) -> list[tuple[float, float]]:
    """Start and length of the chosen samples, those that touch joined into one."""
    found: list[tuple[float, float]] = []
    for at, until in zip(begin[chosen], end[chosen], strict=True):
        if found and abs(found[-1][0] + found[-1][1] - at) < 1e-6:
            found[-1] = (found[-1][0], float(until) - found[-1][0])
        else:
            found.append((float(at), float(until - at)))
    return found
