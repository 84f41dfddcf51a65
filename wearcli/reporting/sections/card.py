"""The card of the model: Markdown as HTML, without the HTML that may stand in it and without pictures."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wearcli.errors import WearcliError
from wearcli.models.folder import BUNDLED, bundled_models
from wearcli.models.listing import show_model
from wearcli.reporting.choice import Choice
from wearcli.reporting.elements import Html
from wearcli.reporting.page import Section
from wearcli.reporting.study import Study

if TYPE_CHECKING:
    from markdown_it.token import Token


def section(study: Study, choice: Choice) -> list[Section]:
    """Return the card of a bundled model, or else where a card would be."""
    model = study.result.model
    card = find_card(model)
    if card is None:
        name = model.get("name", "The model")
        missing = f"{name} does not come with this wearcli: its card is README.md in its own folder."
        return [Section("card", "The model", [missing])]
    return [Section("card", "The model", [render(card)])]


def find_card(model: Mapping[str, Any]) -> str | None:
    """Return the card of the bundled model of this name and sha256; None where there is none."""
    name = model.get("name")
    if name not in bundled_models():
        return None
    try:
        about, card = show_model(BUNDLED / name)
    except WearcliError:
        return None
    return card if about["config"]["sha256"] == model.get("sha256") else None


def render(markdown: str) -> Html:
    """Render CommonMark and tables; tags are shown as text, and links of the kind javascript: are dropped."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("js-default", {"html": False, "linkify": False})
    parser.disable("image")  # would be fetched
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"  # the page has headings of its own
        elif token.type == "th_open":
            token.attrSet("scope", "col")
    parser.add_render_rule("table_open", _table_open)
    parser.add_render_rule("table_close", _table_close)
    return Html(parser.renderer.render(tokens, parser.options, {}))


def _table_open(self: Any, tokens: Sequence["Token"], number: int, options: Any, env: Any) -> str:
    return '<div class="scroll" tabindex="0" role="region" aria-label="Table of the card"><table>'


def _table_close(self: Any, tokens: Sequence["Token"], number: int, options: Any, env: Any) -> str:
    return "</table></div>"
