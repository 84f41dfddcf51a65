"""The page of a comparison of encoders."""

import json
from pathlib import Path
from typing import Any

from wearcli.comparison.compare import DOCUMENT, FORMAT, compare
from wearcli.errors import InputError
from wearcli.reporting.differences import three
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import bullets, table
from wearcli.reporting.headline import verdict
from wearcli.reporting.intervals import Dot, draw_rows
from wearcli.reporting.page import Block, Section
from wearcli.reporting.repeat import command_line, made_with
from wearcli.reporting.score_tables import cell
from wearcli.reporting.study import metric_of
from wearcli.reporting.wording import (
    PROBES,
    TITLES,
    count,
    interval,
    listed,
    number,
    plain,
    slug,
    with_interval,
)

_CLASSES = ("macro_f1", "balanced_accuracy", "kappa", "auroc", "pauroc")
_VALUES = ("mae", "r", "rmse", "r2", "icc")
_NEEDED = ("task", "kind", "probe", "models", "scores", "less_features", "less_first", "targets", "first")


def read_comparison(folder: Path) -> dict[str, Any]:
    """comparison.json; InputError where it is damaged or of a later version."""
    path = folder / DOCUMENT
    try:
        info = json.loads(path.read_text(encoding="utf-8"))
        if info["format"] > FORMAT:
            raise InputError(f"{path}: of a later wearcli (format {info['format']}): upgrade wearcli")
        if missing := [key for key in _NEEDED if key not in info]:
            raise InputError(f"{path}: no {missing[0]} in it: compare again")
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise InputError(f"{path}: damaged ({error}): compare again") from error
    return info


def comparison_sections(info: dict[str, Any]) -> tuple[list[str], list[Section]]:
    """The headline's paragraphs, and the sections."""
    first = info["first"]
    less = {
        "less_features": (
            "Less hand-made features",
            "The score of a model less that of the linear probe on hand-made features of its own windows.",
        ),
        "less_first": (f"Less {first}", f"The score of a model less that of {first}."),
    }
    sections = [
        *(_scores(info, target) for target in info["targets"]),
        *(_differences(info, name, *words) for name, words in less.items() if info[name]),
        _models(info),
        _remarks(info),
        _protocol(info),
    ]
    return _headline(info), sections


def _classify(info: dict[str, Any]) -> bool:
    return info["kind"] == "classification"


def _leading(info: dict[str, Any]) -> str:
    return "macro_f1" if _classify(info) else "mae"


def _of(info: dict[str, Any], target: str) -> str:
    """The leading metric in words, with the target where there is a choice or a unit."""
    return TITLES[_leading(info)] + ("" if _classify(info) else f" of {plain(target)}")


def _headline(info: dict[str, Any]) -> list[str]:
    """What was compared, and of each target the best model and whether it beats hand-made features."""
    what = listed(map(plain, info["targets"]))
    if _classify(info):
        what = count(len(info["classes"]), "class", "classes")
    encoders, people = count(len(info["models"]), "encoder"), count(info["n_participants"], "participant")
    first = (
        f"{info['task']}: {encoders} by the same {PROBES[info['probe']]} on {what}; "
        f"{info['n_samples']:,} samples of {people}, each predicted by a probe that had not seen the person."
    )
    paragraphs = [first[:1].upper() + first[1:]]
    words = {1: "better than", -1: "worse than", 0: "not shown to differ from", None: "beside"}
    for target in info["targets"]:
        rows = {name: metric_of(info["scores"][name], _leading(info), target) for name in info["models"]}
        known = {name: score["mean"] for name, score in rows.items() if score.get("mean") is not None}
        if not known:
            continue
        best = (max if _classify(info) else min)(known, key=lambda name: known[name])
        told = f"{best} has the best {_of(info, target)}: {with_interval(rows[best])}"
        found = metric_of(info["less_features"].get(best, {}), _leading(info), target)
        if found:
            side = words[verdict(found, lower_is_better=not _classify(info))]
            told += f", {side} hand-made features ({number(found['mean'])} {interval(found)})"
        paragraphs.append(f"{told}.")
    return paragraphs


def _scores(info: dict[str, Any], target: str) -> Section:
    """Every row's leading score as a dot, and all its scores as a table."""
    several = len(info["targets"]) > 1
    metrics = _CLASSES if _classify(info) else _VALUES
    there = [name for name in metrics if any(metric_of(row, name, target) for row in info["scores"].values())]
    leading = {name: metric_of(row, _leading(info), target) for name, row in info["scores"].items()}
    said = _of(info, target)
    drawing = Drawing(
        f"scores_{slug(target)}" if several else "scores",
        said,
        draw_rows([(name, [Dot(*three(score))]) for name, score in leading.items()], said, row_px=24),
        f"{said}, with 95 % intervals: "
        + "; ".join(f"{name} {with_interval(score)}" for name, score in leading.items())
        + ".",
        "With the 95 % interval of a bootstrap over participants.",
    )
    rows = [
        [name, *(cell(metric_of(row, metric, target)) for metric in there)]
        for name, row in info["scores"].items()
    ]
    of = f" of {plain(target)}" if several else ""
    scores = table(f"Scores{of}", ["encoder", *(TITLES[metric] for metric in there)], rows)
    return Section(f"scores_{slug(target)}" if several else "scores", f"Scores{of}", [[drawing, scores]])


def _differences(info: dict[str, Any], name: str, title: str, about: str) -> Section:
    """A forest plot a target, and the figures."""
    differences = info[name]
    several = len(info["targets"]) > 1
    better = "right" if _classify(info) else "left"
    blocks: list[Block] = [f"{about} Paired: the same folds and the same draws of people."]
    for target in info["targets"]:
        found = {model: metric_of(row, _leading(info), target) for model, row in differences.items()}
        rows = [(model, [Dot(*three(each), sure=bool(verdict(each)))]) for model, each in found.items()]
        said = _of(info, target)
        told = "; ".join(f"{model} {with_interval(each)}" for model, each in found.items())
        drawing = Drawing(
            f"{name}_{slug(target)}" if several else name,
            f"{title}: {said}",
            draw_rows(rows, f"{said}, difference", zero=True, row_px=26),
            f"{title}, {said}, with 95 % intervals: {told}.",
            f"To the {better} of the line the model is better. Hollow: the interval holds zero.",
        )
        metrics = _CLASSES if _classify(info) else _VALUES
        there = [
            metric
            for metric in metrics
            if any(metric_of(row, metric, target) for row in differences.values())
        ]
        cells = [
            [model, *(cell(metric_of(row, metric, target)) for metric in there)]
            for model, row in differences.items()
        ]
        caption = f"{title}: {plain(target)}" if several else title
        blocks.append([drawing, table(caption, ["encoder", *(TITLES[metric] for metric in there)], cells)])
    return Section(name, title, blocks)


def _models(info: dict[str, Any]) -> Section:
    rows = []
    for name, about in info["models"].items():
        model = about.get("model") or {}
        rows.append(
            [
                name,
                model.get("name", "–") if isinstance(model, dict) else str(model),
                *(number(about.get(key)) for key in ("rate_hz", "window_s", "stride_s")),
                *(f"{about.get(key) or 0:,}" for key in ("dimension", "samples")),
            ]
        )
    head = ["encoder", "model", "rate (Hz)", "window (s)", "stride (s)", "dimensions", "own samples"]
    text = f"All are scored on the {info['n_samples']:,} samples that every one of them has."
    if info.get("left_out"):
        text += f" {info['left_out']:,} samples that some model lacks are left out."
    return Section("models", "The encoders", [text, table("What is compared", head, rows)])


def _remarks(info: dict[str, Any]) -> Section:
    blocks: list[Block] = [bullets(info["warnings"])] if info.get("warnings") else ["No warning."]
    if failed := info.get("failed"):
        names = [each.get("model") or each.get("recording", "") for each in failed]
        errors = [each.get("error", "") for each in failed]
        blocks += ["Failed:", bullets(f"{a}: {b}" for a, b in zip(names, errors, strict=True))]
    return Section("warnings", "Warnings", blocks)


def _protocol(info: dict[str, Any]) -> Section:
    protocol = info.get("protocol", "")
    blocks: list[Block] = [f"{protocol[:1].upper()}{protocol[1:]}."] if protocol else []
    if info.get("arguments"):
        blocks += ["The command:", command_line("compare", info["arguments"], "models", compare)]
    blocks.append(made_with({key: info.get(key) for key in ("labels", "wearcli", "versions")}))
    return Section("protocol", "Protocol, and how to repeat it", blocks)
