"""`wearcli.report`: a probe folder or a comparison as one HTML page, and its figures for papers."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from wearcli._version import __version__
from wearcli.documents import write_json
from wearcli.errors import UsageError
from wearcli.existence import check_results
from wearcli.files import atomic_file, atomic_folder, reserved
from wearcli.reporting.choice import Choice
from wearcli.reporting.comparison import ReportedComparison, read_comparison
from wearcli.reporting.drawing import Drawing, drawing_style, save_files
from wearcli.reporting.elements import Html
from wearcli.reporting.headline import comparison_headline, headline
from wearcli.reporting.mapping.projection import Map, check_map
from wearcli.reporting.page import Section, compose
from wearcli.reporting.sections import COMPARISON_SECTIONS, PROBE_SECTIONS
from wearcli.reporting.sections.timeline import choose_recording
from wearcli.reporting.study import Study, read_study
from wearcli.reporting.wording import count

_MADE_BY = f"Made by wearcli {__version__}. Nothing on this page is fetched from anywhere."
LIST = "figures.json"  # in a folder of figures: what they show


@dataclass
class ReportResult:
    """What a report shows, and what was written.

    Attributes:
        kind: "probe" or "comparison".
        task: Name of the task.
        headline: Paragraphs of the headline.
        sections: Titles of the sections.
        output: The page.
        bytes: Size of the page.
        probe: Probe that the figures show; None for a comparison.
        recording: Recording of the timeline.
        figures_folder: Folder of the figures, if there is one.
        figures: Names of the files in it.
        neighbours: Of each kind, {share, chance} of the 10 nearest neighbours that are of a sample's kind.
        left_out: What the page lacks, and why.
    """

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
        """Return the document of `--json`: plain values only."""
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
    """Write one HTML page of a probe or of a comparison; it needs no network and no script.

    The same arguments give the same bytes.

    Args:
        folder: Folder of `probe` or of `compare`.
        output: The page; None for FOLDER/report.html.
        overwrite: Whether to replace a page and a folder of figures that exist.
        figures: Folder for a PNG and an SVG of each figure; a folder that holds something else is not
            replaced.
        map: How embeddings become two dimensions; "none" leaves the map out (probe only, as all below).
        embeddings: Tables to map; None for those that the probe was fitted on. If they are gone, the page
            says so.
        recording: Recording of the timeline; None for the one with most classes and samples.
        probe: Probe that the figures show; None for the first.
        seed: Seed of the samples on the map and of its layout.

    Raises:
        UsageError: An argument is wrong, or matplotlib or the library of the map is missing.
        InputError: The folder is damaged.

    Example:
        >>> wearcli.report("probes/activity").output
        'probes/activity/report.html'
    """
    folder = Path(folder)
    if find_spec("matplotlib") is None:
        raise UsageError("a report needs matplotlib: pip install 'wearcli[report]'")
    check_map(map)
    page = Path(output) if output is not None else folder / "report.html"
    check_results(folder)
    pictures = None if figures is None else Path(figures)
    tables = None if embeddings is None else _as_paths(embeddings)
    with reserved(page, overwrite), reserved(pictures, overwrite, mark=LIST), drawing_style():
        if (folder / "probe.json").is_file():
            study = read_study(folder, probe)
            choice = Choice(map, tables, choose_recording(study, recording), seed)
            title, sections, result = _report_probe(study, choice)
        else:
            title, sections, result = _report_comparison(read_comparison(folder))
        _number_equal_names(sections)
        document = compose(title, result.headline, sections, _MADE_BY)
        drawings = [drawing for section in sections for drawing in section.drawings]
        with ExitStack() as stack:
            if pictures is not None:
                place = stack.enter_context(atomic_folder(pictures))
                result.figures, result.figures_folder = _write_figures(drawings, place), str(pictures)
            stack.enter_context(atomic_file(page)).write_text(document, encoding="utf-8")
    result.output, result.bytes = str(page), page.stat().st_size
    return result


def _report_probe(study: Study, choice: Choice) -> tuple[str, list[Section], ReportResult]:
    """Return title, sections and result of a probe folder."""
    sections = [section for make in PROBE_SECTIONS for section in make(study, choice)]
    result = ReportResult(
        kind="probe",
        task=study.result.task,
        headline=headline(study),
        sections=[section.title for section in sections],
        probe=study.probe,
        recording=choice.recording,
        neighbours=next((section.numbers for section in sections if section.name == "map"), {}),
        left_out=[line for section in sections for line in section.left_out],
    )
    return f"{result.task}, probed on {study.result.model.get('name', 'embeddings')}", sections, result


def _report_comparison(comparison: ReportedComparison) -> tuple[str, list[Section], ReportResult]:
    """Return title, sections and result of a comparison."""
    sections = [section for make in COMPARISON_SECTIONS for section in make(comparison)]
    titles = [section.title for section in sections]
    task = comparison.result.task
    result = ReportResult("comparison", task, comparison_headline(comparison), titles)
    return f"{task}: {count(len(comparison.result.models), 'encoder')} compared", sections, result


def _as_paths(paths: Path | str | Sequence[Path | str]) -> list[Path]:
    return [Path(paths)] if isinstance(paths, Path | str) else [Path(path) for path in paths]


def _number_equal_names(sections: list[Section]) -> None:
    """Give drawings of one name a number each, as of two targets that differ only in signs."""
    names: set[str] = set()
    for section in sections:
        for number, block in enumerate(section.blocks):
            if isinstance(block, str):
                continue
            renamed: list[Drawing | Html] = []
            for part in block:
                if not isinstance(part, Drawing):
                    renamed.append(part)
                    continue
                name, again = part.name, 1
                while name in names:
                    again += 1
                    name = f"{part.name}_{again}"
                names.add(name)
                renamed.append(replace(part, name=name))
            section.blocks[number] = renamed


def _write_figures(drawings: list[Drawing], folder: Path) -> list[str]:
    """Write the files of all drawings and their list; return the names of the files."""
    names: list[str] = []
    entries = {}
    for drawing in drawings:
        names += save_files(drawing, folder)
        entries[drawing.name] = {
            "title": drawing.title,
            "caption": drawing.caption,
            "text_alternative": drawing.alternative,
        }
    write_json(folder / LIST, entries)
    return names
