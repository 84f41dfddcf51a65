"""The section of the map: people or motion, in words that a simulated study decides."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.probing.tables import study
from tests.reporting.make import probe_folder
from wearcli.errors import UsageError
from wearcli.reporting.choice import Choice
from wearcli.reporting.drawing import drawing_style
from wearcli.reporting.mapping.projection import Map
from wearcli.reporting.page import Section
from wearcli.reporting.sections import map as module
from wearcli.reporting.study import Study, read_study


def map_section(opened: Study, chosen: Map = "pca", tables: list[Path] | None = None) -> Section:
    with drawing_style():
        (section,) = module.section(opened, Choice(chosen, tables, None, 0))
    return section


@pytest.mark.parametrize(
    ("signal", "identity", "said"),
    [
        (20.0, 0.0, "most of what was done, less of who it is."),
        (0.0, 20.0, "most of who it is, less of what was done."),
    ],
)
def test_people_or_motion(tmp_path: Path, signal: float, identity: float, said: str) -> None:
    """Embeddings that hold the class alone, and such that hold the person alone."""
    folder = probe_folder(tmp_path, table=study(tmp_path, signal=signal, identity=identity))
    section = map_section(read_study(folder, None))
    shares = section.numbers
    label, person = shares["label"], shares["participant"]
    told, other = (label, person) if signal else (person, label)
    assert told["share"] > 0.98
    assert other["share"] < 0.5
    assert any(str(block).endswith(said) for block in section.blocks)
    # 240 windows, 80 of a label and 30 of a person, the window itself taken off.
    assert label["chance"] == pytest.approx(79 / 239, abs=1e-6)
    assert person["chance"] == pytest.approx(29 / 239, abs=1e-6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return probe_folder(tmp_path_factory.mktemp("study"), epoch=10.0)


def fitted_on(opened: Study, table: str) -> Study:
    arguments = replace(opened.document.arguments, embeddings=[table])
    return replace(opened, document=replace(opened.document, arguments=arguments))


def test_a_table_that_is_gone(folder: Path) -> None:
    opened, gone = read_study(folder, None), folder / "gone.parquet"
    (table,) = opened.document.arguments.embeddings
    opened = fitted_on(opened, str(gone))
    section = map_section(opened)
    said = f"{gone} is not there: name the table of the embeddings with --embeddings"
    assert section.left_out == [f"map: {said}"]
    assert section.blocks == [f"The map is left out: {said}."]
    assert section.numbers == {}
    section = map_section(opened, tables=[Path(table)])
    assert [drawing.name for drawing in section.drawings] == ["map_label", "map_participant"]
    assert section.left_out == []
    with pytest.raises(UsageError, match="is not there: name the table"):
        map_section(opened, tables=[gone])


def test_a_stream_and_no_map(folder: Path) -> None:
    opened = fitted_on(read_study(folder, None), "stdin")
    reason = "map: the embeddings came through a pipe: name their table with --embeddings"
    assert map_section(opened).left_out == [reason]
    assert module.section(opened, Choice("none", None, None, 0)) == []


def test_classes_of_a_participant_as_samples(folder: Path) -> None:
    """Which windows each is the mean of is not known: no map, and no guess."""
    opened = read_study(folder, None)
    result = replace(opened.result, level="participant")
    opened = replace(opened, document=replace(opened.document, result=result))
    assert map_section(opened).left_out == [
        "map: a participant has several samples, and which windows each is the mean of is not written down"
    ]
