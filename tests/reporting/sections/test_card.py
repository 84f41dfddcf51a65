"""The model's card: Markdown in, harmless HTML out."""

import json

from tests.reporting.reading import read
from wearcli.models.folder import BUNDLED, bundled_models
from wearcli.reporting.sections.card import find_card, render


def test_what_a_card_is_made_of() -> None:
    root = read(render("# A\n\n## B\n\n    block <b>\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | <i> |\n"))
    assert [(node.tag, node.text()) for node in root.all() if node.tag[0] == "h" and len(node.tag) == 2] == [
        ("h3", "A"),
        ("h4", "B"),
    ]
    assert [node.text() for node in root.all("li")] == ["one", "two"]
    assert root.one("pre").text() == "block <b>\n"
    assert [cell.attributes["scope"] for cell in root.all("th")] == ["col", "col"]
    assert [cell.text() for cell in root.all("td")] == ["1", "<i>"]
    assert root.one("div").attributes["class"] == "scroll"


def test_nothing_in_a_card_runs_or_is_fetched() -> None:
    hostile = (
        "<script>alert(1)</script>\n\n<img src=http://x/y.png>\n\n![a](http://x/y.png)\n\n"
        "[click](javascript:alert(1)) [data](data:text/html,x) [fine](https://example.org)\n\n"
        "<svg/onload=alert(1)>\n\n| <script> |\n|---|\n| <iframe src=x> |\n"
    )
    root = read(render(hostile))
    assert not {"script", "img", "svg", "iframe"} & {node.tag for node in root.all()}
    assert [link.attributes["href"] for link in root.all("a") if link.text() == "fine"] == [
        "https://example.org"
    ]
    assert all(link.attributes["href"].startswith("http") for link in root.all("a"))
    assert "<script>alert(1)</script>" in root.text()


def test_the_card_of_the_very_model() -> None:
    for name in bundled_models():
        digest = json.loads((BUNDLED / name / "config.json").read_text())["sha256"]
        assert find_card({"name": name, "sha256": digest}) == (BUNDLED / name / "README.md").read_text()
        assert find_card({"name": name, "sha256": "0" * 64}) is None
    assert find_card({"name": "../.."}) is None
    assert find_card({}) is None
