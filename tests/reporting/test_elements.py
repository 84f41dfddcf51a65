"""Text out of files stays text."""

from hypothesis import given
from hypothesis import strategies as st

from tests.reporting.reading import read
from wearcli.reporting.elements import Html, bullets, element, paragraph, table

# What no HTML may hold is left out; a parser reads \r as \n.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc"))) | st.sampled_from(
    ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "&lt;", "'", "a & b"]
)


@given(TEXT, TEXT)
def test_any_text_comes_back_as_it_was(text: str, attribute: str) -> None:
    (node,) = read(element("p", text, title=attribute)).all()
    assert (node.tag, node.text(), node.attributes) == ("p", text, {"title": attribute})


@given(TEXT)
def test_every_part_of_a_table_is_text(text: str) -> None:
    root = read(table(text, [text, "b"], [[text, text]]) + bullets([text]) + paragraph(text))
    made = {"div", "table", "caption", "span", "thead", "tbody", "tr", "th", "td", "ul", "li", "p"}
    assert {node.tag for node in root.all()} <= made
    (caption,), cells = root.all("caption"), root.all("td") + root.all("th")
    assert caption.text() == text
    assert [cell.text() for cell in cells] == [text, text, "b", text]
    assert [cell.attributes["scope"] for cell in root.all("th")] == ["col", "col", "row"]


def test_markup_made_here_stays_markup() -> None:
    assert element("p", Html("<b>x</b>"), "<b>") == "<p><b>x</b>&lt;b&gt;</p>"
    assert element("a", class_="x", aria_label="y", id=None) == '<a class="x" aria-label="y"></a>'
