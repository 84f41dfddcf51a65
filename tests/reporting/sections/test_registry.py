"""A section is one module and one line of the list: here one is added, and it stands on the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reporting.make import probe_folder
from tests.reporting.reading import read
from wearcli.reporting.choice import Choice
from wearcli.reporting.page import Section
from wearcli.reporting.report import report
from wearcli.reporting.sections import PROBE_SECTIONS
from wearcli.reporting.study import Study


def toy(study: Study, choice: Choice) -> list[Section]:
    return [Section("toy", "How many people", [f"{study.result.n_participants} people."], ["toy: no figure"])]


@pytest.fixture
def with_toy() -> Iterator[None]:
    PROBE_SECTIONS.insert(1, toy)
    yield
    PROBE_SECTIONS.remove(toy)


@pytest.mark.usefixtures("with_toy")
def test_an_added_section_is_on_the_page(tmp_path: Path) -> None:
    folder = probe_folder(tmp_path)
    result = report(folder, map="none")
    root = read((folder / "report.html").read_text())
    section = root.one("section", id="toy")
    assert section.one("h2").text() == "How many people"
    assert section.one("p").text() == "8 people."
    links = [link.attributes["href"] for link in root.one("nav", **{"aria-label": "Sections"}).all("a")]
    assert links[:2] == ["#scores", "#toy"]
    assert result.sections[:2] == ["Scores", "How many people"]
    assert result.left_out == ["toy: no figure"]
