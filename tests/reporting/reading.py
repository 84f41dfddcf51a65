"""A page as a program reads it: its texts, tables and attributes, by the standard library's parser."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "hr", "img", "input"}


@dataclass
class Node:
    tag: str
    attributes: dict[str, str]
    parent: "Node | None" = None
    children: list["Node | str"] = field(default_factory=list)

    def text(self) -> str:
        return "".join(each if isinstance(each, str) else each.text() for each in self.children)

    def all(self, tag: str | None = None) -> list["Node"]:
        """Every element below, of a tag or of any."""
        found = []
        for each in self.children:
            if isinstance(each, Node):
                found += ([each] if tag in (None, each.tag) else []) + each.all(tag)
        return found

    def one(self, tag: str, **words: str) -> "Node":
        (found,) = [
            each for each in self.all(tag) if all(each.attributes.get(key) == words[key] for key in words)
        ]
        return found


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.here = Node("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = self._add(tag, attrs)
        if tag not in VOID:
            self.here = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._add(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.here.tag == tag, f"</{tag}> closes <{self.here.tag}>"
        assert self.here.parent is not None
        self.here = self.here.parent

    def handle_data(self, data: str) -> None:
        self.here.children.append(data)

    def _add(self, tag: str, attrs: list[tuple[str, str | None]]) -> Node:
        node = Node(tag, {key: value or "" for key, value in attrs}, self.here)
        self.here.children.append(node)
        return node


def read(page: str) -> Node:
    """The tree of a page; every element is closed, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert reader.here is reader.root
    return reader.root


def tables(root: Node) -> dict[str, dict[str, dict[str, str]]]:
    """Caption -> first cell of a row -> title of a column -> text; of tables with a caption."""
    found: dict[str, Any] = {}
    for table in root.all("table"):
        captions = table.all("caption")
        if not captions:
            continue
        head = [cell.text() for cell in table.one("thead").all("th")]
        rows = [[cell.text() for cell in row.children] for row in table.one("tbody").all("tr")]  # type: ignore[union-attr]
        found[captions[0].text()] = {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in rows}
    return found
