"""One drawing for all outputs: the page, PNG and SVG are made from the same matplotlib figure.

No pyplot: it picks a display's backend and keeps figures for ever. The same figure gives the same bytes.
"""

import re
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree import ElementTree

from wearcli.reporting.elements import Html, visible
from wearcli.reporting.palette import GRID, INK, MUTED, PAGE

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NARROW = 360  # px: as wide as a phone
MOST_CLASSES = 60  # that a figure shows: nobody can read more, and 1,500 x 1,500 cells never end
PAPER_DPI, POINTS_DPI = 300, 220  # of a PNG; of points that are an image within an SVG
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "wearcli",
    "text.parse_math": False,  # a class may be called $x$
    "font.family": ["sans-serif"],
    "font.sans-serif": ["DejaVu Sans"],  # comes with matplotlib, so that all machines draw alike
    "font.size": 9,
    "axes.labelsize": 9,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.7,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.4,
}
_VARIABLES = {INK: "var(--ink)", MUTED: "var(--muted)", GRID: "var(--grid)", PAGE: "var(--page)"}
_FONT = re.compile(r"(font: (?:[\w.]+ )*?[\d.]+px) [^;]+")
_CLIP = re.compile(r"url\(#([^)]+)\)")
_DIGITS = re.compile(r"(\.\d\d)\d+")


@dataclass(frozen=True)
class Drawing:
    """A figure and its words.

    Attributes:
        name: Name of its files; unique on a page.
        title: Title.
        figure: The matplotlib figure.
        alternative: What the figure shows, with its numbers, for those who cannot see it.
        caption: Text below the figure.
    """

    name: str
    title: str
    figure: "Figure"
    alternative: str
    caption: str


@contextmanager
def drawing_style() -> Iterator[None]:
    """Draw and save within as `STYLE` says, whatever the user's own matplotlibrc."""
    from matplotlib import style

    with style.context(["default", STYLE]), warnings.catch_warnings():
        # Letters that the font of a PNG lacks: on the page the browser has them.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield


def new_figure(width: float, height: float, layout: str | None = "constrained") -> "Figure":
    """Return an empty figure; sizes are px of the page (96 an inch)."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width / 96, height / 96), layout=layout)  # type: ignore[arg-type]
    FigureCanvasAgg(figure)
    return figure


def save_files(drawing: Drawing, folder: Path) -> list[str]:
    """Write NAME.png and NAME.svg for papers, in the light scheme on white; return the names."""
    png, svg = f"{drawing.name}.png", f"{drawing.name}.svg"
    drawing.figure.savefig(
        folder / png, format="png", dpi=PAPER_DPI, facecolor=PAGE, metadata={"Software": None}
    )
    (folder / svg).write_bytes(_svg(drawing, PAGE))
    return [png, svg]


def inline_svg(drawing: Drawing) -> Html:
    """Return the figure as part of a page: its colours are the page's variables, its ids are its own."""
    root = ElementTree.fromstring(_svg(drawing, "none"))
    width = float(root.attrib.pop("width").removesuffix("pt")) * 4 / 3
    del root.attrib["height"], root.attrib["version"]
    used = {name for node in root.iter() for name in _referred(node)}
    for parent in list(root.iter()):
        for child in list(parent):
            # The style is of all elements, and on a page that is the whole page: page.css has it.
            if child.tag.endswith(("}metadata", "}style", "}title")):
                parent.remove(child)
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
        node.attrib = {
            key.rpartition("}")[2]: _on_page(key, value, drawing.name)
            for key, value in node.attrib.items()
            if key != "id" or value in used
        }
    title, about = f"{drawing.name}-title", f"{drawing.name}-about"
    root.attrib |= {"role": "img", "aria-labelledby": f"{title} {about}", "style": f"--w:{width:.0f}px"}
    for number, (tag, name, text) in enumerate(
        (("title", title, drawing.title), ("desc", about, drawing.alternative))
    ):
        words = ElementTree.Element(tag, {"id": name})
        words.text = text
        root.insert(number, words)
    return Html(ElementTree.tostring(root, encoding="unicode"))


def _svg(drawing: Drawing, ground: str) -> bytes:
    """Return the figure as an SVG file."""
    buffer = BytesIO()
    words = {"Title": visible(drawing.title), "Description": visible(drawing.alternative)}
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    drawing.figure.savefig(buffer, format="svg", dpi=POINTS_DPI, facecolor=ground, metadata=nothing | words)
    return visible(buffer.getvalue().decode()).encode()


def _referred(node: ElementTree.Element) -> Iterator[str]:
    """Yield the ids that an element draws with."""
    for key, value in node.attrib.items():
        if key.endswith("href") and value.startswith("#"):
            yield value[1:]
        yield from _CLIP.findall(value)


def _on_page(key: str, value: str, prefix: str) -> str:
    """Return an attribute's value on the page: ids get a prefix, colours and fonts become variables."""
    if key == "id":
        return f"{prefix}-{value}"
    if key.endswith("href"):
        return value.replace("#", f"#{prefix}-", 1) if value.startswith("#") else value
    value = _CLIP.sub(rf"url(#{prefix}-\1)", value)
    if key == "style":
        value = _FONT.sub(r"\1 var(--sans)", value)
        for colour, variable in _VARIABLES.items():
            value = value.replace(colour, variable)
    elif key in ("d", "x", "y", "transform", "width", "height"):
        value = _DIGITS.sub(r"\1", value)
    return value


def shorten(name: str, length: int = 22) -> str:
    """Return the name as a figure can show it, without its middle where it is too long."""
    name, last = visible(name), (length - 1) // 2
    return name if len(name) <= length else f"{name[: length - 1 - last]}…{name[-last:]}"


def short_names(names: Sequence[str], length: int) -> list[str]:
    """Drop the words that all names begin with: ipol_gait-1, ipol_gait-2 become 1, 2."""
    words = 0
    if len(names) > 1:
        first, last = min(names), max(names)  # what these two share, all do
        same = next((at for at, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), len(first))
        words = max(first.rfind(mark, 0, same) + 1 for mark in "_-/. ")
    return [shorten(name[words:] or name, length) for name in names]
