"""The model's card as HTML: Markdown without the HTML that may stand in it, and without pictures."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from wearcli.errors import WearcliError
from wearcli.models.folder import BUNDLED, bundled_models
from wearcli.models.listing import show_model
from wearcli.reporting.elements import Html

if TYPE_CHECKING:
    from markdown_it.token import Token


def find_card(model: dict[str, Any]) -> str | None:
    """The card of a bundled model of this name and sha256; None where it does not come with wearcli."""
    name = model.get("name")
    if name not in bundled_models():
        return None
    try:
        about, card = show_model(BUNDLED / name)
    except WearcliError:
        return None
    return card if about["config"]["sha256"] == model.get("sha256") else None


def render(markdown: str) -> Html:
    """CommonMark and tables. Tags are shown as they are written; a link of the kind javascript: is none."""
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
