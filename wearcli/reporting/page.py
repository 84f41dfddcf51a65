"""The page: one HTML file that needs nothing else, and can fetch nothing."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wearcli.reporting.drawing import NARROW, Drawing, inline_svg
from wearcli.reporting.elements import Html, bullets, element, paragraph, scrolling, visible
from wearcli.reporting.palette import DARK_GRID, DARK_INK, DARK_MUTED, DARK_PAGE, GRID, INK, MUTED, PAGE

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
_STYLE = Path(__file__).with_name("page.css")

Block = str | Sequence[Drawing | Html]


@dataclass
class Section:
    """A section of the page.

    Attributes:
        name: The id that links go to.
        title: The heading.
        blocks: Markup, text that becomes a paragraph, and rows of drawings and tables side by side.
        left_out: What the section lacks, and why.
        numbers: What a program may want of it: {name: {quantity: value}}.
    """

    name: str
    title: str
    blocks: list[Block] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    numbers: dict[str, dict[str, float]] = field(default_factory=dict)

    @property
    def drawings(self) -> list[Drawing]:
        """All drawings, in order."""
        rows = [block for block in self.blocks if not isinstance(block, str)]
        return [part for row in rows for part in row if isinstance(part, Drawing)]


def compose(title: str, headline: Sequence[str], sections: Sequence[Section], made_by: str) -> str:
    """Return the whole document.

    Args:
        title: Title and first heading.
        headline: Paragraphs, and items of a list, which begin with "- ".
        sections: The sections.
        made_by: The footer.
    """
    links = [element("a", section.title, href=f"#{section.name}") for section in sections]
    body = [
        element("header", element("h1", title), *_headline(headline), class_="headline"),
        element("nav", bullets(links), aria_label="Sections"),
        element("main", *map(_section, sections)),
        element("footer", paragraph(made_by)),
    ]
    head = [
        Html('<meta charset="utf-8">'),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        Html('<meta name="color-scheme" content="light dark">'),
        Html('<link rel="icon" href="data:,">'),
        element("title", title),
        Html(f"<style>{_css()}</style>"),
    ]
    document = element("html", element("head", *head), element("body", *body), lang="en")
    return visible(f"<!DOCTYPE html>\n{document}\n")


def _headline(lines: Sequence[str]) -> list[Html]:
    parts: list[Html] = []
    for is_item, group in itertools.groupby(lines, key=lambda line: line.startswith("- ")):
        texts = list(group)
        parts += [bullets(text[2:] for text in texts)] if is_item else map(paragraph, texts)
    return parts


def _section(section: Section) -> Html:
    return element("section", element("h2", section.title), *map(_block, section.blocks), id=section.name)


def _block(block: Block) -> Html:
    if isinstance(block, str):
        return block if isinstance(block, Html) else paragraph(block)
    parts = [_figure(part) if isinstance(part, Drawing) else part for part in block]
    return element("div", *parts, class_="row") if len(parts) > 1 else parts[0]


def _figure(drawing: Drawing) -> Html:
    picture = inline_svg(drawing)
    wide = drawing.figure.get_size_inches()[0] * 96 > NARROW + 1
    caption = element("figcaption", element("strong", f"{drawing.title}. "), drawing.caption)
    return element("figure", scrolling(picture, drawing.title) if wide else picture, caption)


def _css() -> str:
    """Return page.css with the colours of both schemes; paper is light."""
    light = f"--page:{PAGE};--ink:{INK};--muted:{MUTED};--grid:{GRID};--soft:#f4f6f8;--link:#1652b5"
    dark = (
        f"--page:{DARK_PAGE};--ink:{DARK_INK};--muted:{DARK_MUTED};--grid:{DARK_GRID};"
        "--soft:#1d2229;--link:#8fb4ff"
    )
    schemes = (
        f":root{{{light}}}\n@media (prefers-color-scheme: dark){{:root{{{dark}}}}}\n"
        f"@media print{{:root{{{light}}}}}\n"
    )
    return schemes + _STYLE.read_text()
