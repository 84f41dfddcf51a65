"""HTML whose text is escaped unless it was made here: a name out of a file can do no harm on the page."""

import html
import re
from collections.abc import Iterable, Sequence

# Control characters, halves of surrogate pairs and what is no character: HTML and XML may not hold them.
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class Html(str):
    """Markup, safe as it stands. Any other string is text."""


def visible(text: str) -> str:
    r"""Return a text, or markup, with what HTML and XML may not hold as an escape such as `\x1b`."""
    return _NO_TEXT.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def escape(text: str) -> Html:
    """Return markup that shows the text."""
    return text if isinstance(text, Html) else Html(html.escape(text))


def element(name: str, *children: str, **attributes: str | int | None) -> Html:
    """Return an element. In an attribute's name a last _ is dropped and other _ become -; None drops it."""
    words = "".join(
        f' {key.removesuffix("_").replace("_", "-")}="{html.escape(str(value))}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Html(f"<{name}{words}>{join(children)}</{name}>")


def join(parts: Iterable[str]) -> Html:
    """Join markup; text among it is escaped."""
    return Html("".join(escape(part) for part in parts))


def paragraph(*children: str) -> Html:
    """Return a paragraph."""
    return element("p", *children)


def bullets(items: Iterable[str]) -> Html:
    """Return a list without numbers."""
    return element("ul", *(element("li", item) for item in items))


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table with a caption; the first cell of a row is its heading; a wide table scrolls."""
    titles = (element("th", title, scope="col") for title in head)
    lines = (
        element("tr", element("th", row[0], scope="row"), *(element("td", cell) for cell in row[1:]))
        for row in rows
    )
    inner = element(
        "table",
        element("caption", element("span", caption)),
        element("thead", element("tr", *titles)),
        element("tbody", *lines),
    )
    return scrolling(inner, caption)


def scrolling(inner: Html, name: str) -> Html:
    """Return a box that scrolls sideways, by keys too, where its content is wider than the page."""
    return element("div", inner, class_="scroll", tabindex=0, role="region", aria_label=name)
