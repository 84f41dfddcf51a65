"""The sections of a probe's page, in the order in which they are read."""

from dataclasses import dataclass
from pathlib import Path

from wearcli.probing.probe import probe as probe_function
from wearcli.reporting.agreement import draw_bland_altman, draw_scatter
from wearcli.reporting.calibration import draw_calibration
from wearcli.reporting.card import find_card, render
from wearcli.reporting.confusion import draw_confusion
from wearcli.reporting.differences import draw_differences, draw_groups
from wearcli.reporting.drawing import Drawing
from wearcli.reporting.elements import bullets, element
from wearcli.reporting.intervals import Dot, draw_rows, probe_kind
from wearcli.reporting.learning import draw_learning
from wearcli.reporting.map_section import Shares, map_section
from wearcli.reporting.page import Block, Section
from wearcli.reporting.palette import PROBES as STYLES
from wearcli.reporting.people import draw_people
from wearcli.reporting.projection import Map
from wearcli.reporting.repeat import command_line, made_with
from wearcli.reporting.score_tables import (
    calibration_table,
    class_table,
    difference_tables,
    score_notes,
    score_tables,
)
from wearcli.reporting.study import Study
from wearcli.reporting.timeline import draw_timeline
from wearcli.reporting.wording import PROBES, number, plain


@dataclass(frozen=True)
class Choice:
    """What the user chose to see. embeddings: tables, None for those of the probe. recording: of the
    timeline, None where there is none."""

    map: Map
    embeddings: list[Path] | None
    recording: str | None
    seed: int


def probe_sections(study: Study, chosen: Choice) -> tuple[list[Section], Shares, list[str]]:
    """The sections; the shares of neighbours that stand in them; and what is left out, with the reason."""
    left_out: list[str] = []
    embedding, shares = map_section(study, chosen.map, chosen.embeddings, chosen.seed, left_out)
    of_kind = (
        [_confusion(study), _classes(study), _people(study, left_out), _calibration(study, left_out)]
        if study.classify
        else [_agreement(study), _people(study, left_out)]
    )
    sections = [
        Section("scores", "Scores", [*score_tables(study), score_notes(study)]),
        _differences(study),
        *_groups(study),
        *_learning(study),
        *of_kind,
        *([embedding] if embedding else []),
        _timeline(study, chosen.recording, left_out),
        _remarks(study),
        _protocol(study),
        _card(study),
    ]
    return sections, shares, left_out


def _differences(study: Study) -> Section:
    title = "Embeddings against hand-made features"
    if not study.result.differences:
        sentence = "There is no probe on hand-made features, so there is nothing to compare with."
        return Section("differences", title, [sentence])
    about = (
        "What the embeddings add to hand-made features: the score of a probe on embeddings less that of the "
        "linear probe on features, on the same folds and the same draws of people. An interval that holds "
        "zero shows no difference."
    )
    drawing, tables = draw_differences(study), difference_tables(study)
    rows: list[Block] = [[drawing, *tables]] if len(tables) == 1 else [[drawing], *tables]
    return Section("differences", title, [about, *rows])


def _groups(study: Study) -> list[Section]:
    groups = study.result.groups
    if not groups:
        return []
    about = f"Each {groups['by']} was predicted by probes that had seen neither it nor its people."
    rows: list[Block] = [draw_groups(study, groups, target) for target in study.targets]
    return [Section("groups", f"Each {groups['by']} left out", [about, *rows])]


def _learning(study: Study) -> list[Section]:
    curve = study.result.learning_curve
    if not curve:
        return []
    metric = "macro_f1" if study.classify else "mae"
    return [
        Section(
            "learning",
            "Learning curve",
            [[draw_learning(curve, metric, target, len(study.targets) > 1) for target in study.targets]],
        )
    ]


def _confusion(study: Study) -> Section:
    result = study.result
    drawing = draw_confusion(result.confusion[study.probe], result.classes, study.probe)
    return Section("confusion", "Confusion matrix", [[drawing]])


def _classes(study: Study) -> Section:
    """F1 of each class by all probes."""
    scores = study.result.per_class
    probes = [name for name in scores if name in STYLES]
    names = sorted(study.result.classes, key=lambda name: -(scores[study.probe][name] or 0))
    rows = [
        (name, [Dot(scores[probe][name], kind=kind) for kind, probe in enumerate(probes)]) for name in names
    ]
    figure = draw_rows(rows, "F1", [probe_kind(probe) for probe in probes], row_px=26)
    figure.axes[0].set_xlim(-0.02, 1.02)
    told = "; ".join(
        f"{name} " + ", ".join(f"{number(scores[probe][name])} by the {PROBES[probe]}" for probe in probes)
        for name in names
    )
    drawing = Drawing(
        "f1_by_class",
        "F1 of each class",
        figure,
        f"F1 of each class: {told}.",
        "Of held-out predictions; the class told best is on top.",
    )
    return Section("classes", "Each class", [[drawing, class_table(study)]])


def _agreement(study: Study) -> Section:
    blocks: list[Block] = []
    for target in study.targets:
        predictions = study.of(target)
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
    return Section("agreement", "Predicted and true values", blocks)


def _band(study: Study, target: str) -> list[Block]:
    """How far one prediction of a new person may be off."""
    band = study.result.intervals.get(study.probe, {}).get(target)
    if band is None or band["half_width"] is None:
        return []
    told = (
        f"One prediction of a new person lies within ± {number(band['half_width'])} of the truth in 95 % of "
    )
    told += "samples."
    if (coverage := band["coverage"]) is not None:
        told += (
            f" Made without them, such a band held {100 * coverage:.0f} % of the samples of people left out."
        )
    return [told]


def _people(study: Study, left_out: list[str]) -> Section:
    found = [draw_people(study, target) for target in study.targets]
    drawings = [each for each in found if isinstance(each, Drawing)]
    blocks: list[Block] = [drawings] if drawings else []
    for sentence in dict.fromkeys(each for each in found if isinstance(each, str)):
        blocks.append(sentence)
        left_out.append(f"spread over participants: {sentence}")
    return Section("participants", "Each participant", blocks)


def _calibration(study: Study, left_out: list[str]) -> Section:
    section = Section("calibration", "Calibration")
    about = study.result.calibration.get(study.probe)
    if about:
        section.blocks.append([draw_calibration(about, study.probe), calibration_table(study)])
    else:
        left_out.append("calibration: the probe folder has none")
        section.blocks.append(
            "This probe folder does not tell of its calibration: fit the probe again with this version of "
            "wearcli to have it."
        )
    return section


def _timeline(study: Study, recording: str | None, left_out: list[str]) -> Section:
    section = Section("timeline", "One recording")
    if recording is None:
        sentence = "A sample is the mean of all of a participant's windows, so that there is no timeline."
        left_out.append(f"timeline: {sentence}")
        section.blocks.append(sentence)
        return section
    section.blocks.append([draw_timeline(study, recording)])
    return section


def _remarks(study: Study) -> Section:
    result = study.result
    blocks: list[Block] = [bullets(result.warnings)] if result.warnings else ["No warning."]
    if result.dropped:
        blocks += ["Left out:", bullets(f"{amount:,} {why}" for why, amount in result.dropped.items())]
    return Section("warnings", "Warnings, and what was left out", blocks)


def _protocol(study: Study) -> Section:
    document = study.document
    blocks: list[Block] = [
        f"{document.protocol[:1].upper()}{document.protocol[1:]}.",
        "The command:",
        command_line("probe", document.arguments.to_json(), "embeddings", probe_function),
        made_with(document.to_json()),
    ]
    return Section("protocol", "Protocol, and how to repeat it", blocks)


def _card(study: Study) -> Section:
    card = find_card(dict(study.result.model))
    if card is None:
        name = study.result.model.get("name", "The model")
        missing = f"{name} does not come with this wearcli: its card is README.md in its own folder."
        return Section("card", "The model", [missing])
    return Section("card", "The model", [render(card)])
