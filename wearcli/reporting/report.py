"""`wearcli.report`: a probe folder or a comparison as one HTML page, and its figures for papers."""

import json
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wearcli._version import __version__
from wearcli.errors import UsageError
from wearcli.files import atomic_file, atomic_folder, check_output
from wearcli.reporting.comparison_page import comparison_sections, read_comparison
from wearcli.reporting.drawing import Drawing, drawing_style, save_files
from wearcli.reporting.elements import Html
from wearcli.reporting.headline import headline
from wearcli.reporting.page import Section, compose
from wearcli.reporting.probe_page import Choice, probe_sections
from wearcli.reporting.projection import Map, check_map
from wearcli.reporting.study import Study, read_study
from wearcli.reporting.timeline import choose_recording
from wearcli.reporting.wording import count

_MADE_BY = f"Made by wearcli {__version__}. Nothing on this page is fetched from anywhere."
LIST = "figures.json"  # of a folder of figures: what each shows


@dataclass
class ReportResult:
    """What was written. figures: names of the files. left_out: what the page lacks, and why. neighbours:
    kind -> {share, chance} of the 10 nearest neighbours that are of a sample's kind (`neighbour_shares`)."""

    kind: str
    task: str
    headline: list[str]
    sections: list[str]
    output: str = ""
    bytes: int = 0
    probe: str | None = None
    recording: str | None = None
    figures_folder: str | None = None
    figures: list[str] = field(default_factory=list)
    neighbours: dict[str, dict[str, float]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """The document of `--json`: plain values only."""
        return asdict(self)


def report(
    folder: Path | str,
    output: Path | str | None = None,
    *,
    overwrite: bool = False,
    figures: Path | str | None = None,
    map: Map = "pca",
    embeddings: Path | str | Sequence[Path | str] | None = None,
    recording: str | None = None,
    probe: str | None = None,
    seed: int = 0,
) -> ReportResult:
    """Write one HTML page of a probe folder or of a folder of `compare`, that needs no network and no script.

    output: FOLDER/report.html if None. figures: a folder for a PNG and an SVG of each figure; one that holds
    something else is not replaced. The others are of a probe folder alone. map: how embeddings become two
    dimensions, "none" leaves the map out. embeddings: tables to map, by default those that the probe was
    fitted on; if they are gone, the page says so. recording: of the timeline, by default that of most classes
    and samples. probe: shown in the figures, by default the first. seed: of the samples on the map and of its
    layout. The same arguments give the same bytes.

    Raises UsageError for arguments that cannot be, or where matplotlib or the map's library is missing,
    InputError for a folder that is damaged.
    """
    folder = Path(folder)
    if find_spec("matplotlib") is None:
        raise UsageError("a report needs matplotlib: pip install 'wearcli[report]'")
    check_map(map)
    page = Path(output) if output is not None else folder / "report.html"
    if not (folder / "probe.json").is_file() and not (folder / "comparison.json").is_file():
        raise UsageError(
            f"{folder}: neither probe.json nor comparison.json in it: name a folder of 'wearcli probe' or "
            "'wearcli compare'"
        )
    check_output(page, overwrite)
    pictures = None if figures is None else Path(figures)
    if pictures is not None:
        check_output(pictures, overwrite, mark=LIST)
    tables = None if embeddings is None else _paths(embeddings)
    with drawing_style():
        if (folder / "probe.json").is_file():
            title, sections, result = _of_probe(read_study(folder, probe), map, tables, recording, seed)
        else:
            title, sections, result = _of_comparison(folder)
        _unique(sections)
        document = compose(title, result.headline, sections, _MADE_BY)
        drawings = [drawing for section in sections for drawing in section.drawings]
        with ExitStack() as stack:
            if pictures is not None:
                place = stack.enter_context(atomic_folder(pictures))
                result.figures, result.figures_folder = _write_figures(drawings, place), str(pictures)
            stack.enter_context(atomic_file(page)).write_text(document, encoding="utf-8")
    result.output, result.bytes = str(page), page.stat().st_size
    return result


def _of_probe(
    study: Study, map: Map, tables: list[Path] | None, recording: str | None, seed: int
) -> tuple[str, list[Section], ReportResult]:
    """Title, sections and what is told of a probe folder."""
    chosen = Choice(map, tables, choose_recording(study, recording), seed)
    sections, neighbours, left_out = probe_sections(study, chosen)
    result = ReportResult(
        kind="probe",
        task=study.result.task,
        headline=headline(study),
        sections=[section.title for section in sections],
        probe=study.probe,
        recording=chosen.recording,
        neighbours=neighbours,
        left_out=left_out,
    )
    return f"{result.task}, probed on {study.result.model.get('name', 'embeddings')}", sections, result


def _of_comparison(folder: Path) -> tuple[str, list[Section], ReportResult]:
    info = read_comparison(folder)
    lines, sections = comparison_sections(info)
    result = ReportResult("comparison", info["task"], lines, [section.title for section in sections])
    return f"{result.task}: {count(len(info['models']), 'encoder')} compared", sections, result


def _paths(given: Path | str | Sequence[Path | str]) -> list[Path]:
    return [Path(given)] if isinstance(given, Path | str) else [Path(path) for path in given]


def _unique(sections: list[Section]) -> None:
    """Give drawings of one name, as of two targets alike but for signs, a number each."""
    seen: set[str] = set()
    for section in sections:
        for number, block in enumerate(section.blocks):
            if isinstance(block, str):
                continue
            renamed: list[Drawing | Html] = []
            for drawing in block:
                if not isinstance(drawing, Drawing):
                    renamed.append(drawing)
                    continue
                name, again = drawing.name, 1
                while name in seen:
                    again += 1
                    name = f"{drawing.name}_{again}"
                seen.add(name)
                renamed.append(replace(drawing, name=name))
            section.blocks[number] = renamed


def _write_figures(drawings: list[Drawing], folder: Path) -> list[str]:
    names: list[str] = []
    told = {}
    for drawing in drawings:
        names += save_files(drawing, folder)
        told[drawing.name] = {
            "title": drawing.title,
            "caption": drawing.caption,
            "text_alternative": drawing.alternative,
        }
    (folder / LIST).write_text(json.dumps(told, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return names
