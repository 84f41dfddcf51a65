"""One figure, three outputs: what is inlined follows the page, what is saved is the same at every run."""

import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from tests.reporting.reading import read
from wearcli.reporting.drawing import (
    Drawing,
    drawing_style,
    inline_svg,
    new_figure,
    save_files,
    short_names,
    shorten,
)
from wearcli.reporting.palette import COLOURS, GRID, INK, MUTED, PAGE
from wearcli.reporting.sections.confusion import draw_confusion

CLASSES = ['<script>alert("x")</script>', 'id="y" url(#z) $a$ 走', "c"]


def draw() -> Drawing:
    return draw_confusion([[5, 0, 1], [1, 9, 0], [0, 0, 3]], CLASSES, "linear")


def test_the_same_figure_gives_the_same_bytes(tmp_path: Path) -> None:
    files = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        with drawing_style():
            assert save_files(draw(), tmp_path / name) == ["confusion_matrix.png", "confusion_matrix.svg"]
            files.append(
                (inline_svg(draw()), *(path.read_bytes() for path in sorted((tmp_path / name).iterdir())))
            )
    assert files[0] == files[1]


def test_a_users_own_matplotlibrc_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    import matplotlib

    with drawing_style():
        first = inline_svg(draw())
    with matplotlib.rc_context({"font.size": 30, "axes.facecolor": "red", "svg.fonttype": "path"}):
        with drawing_style():
            assert inline_svg(draw()) == first


def test_an_inlined_figure_follows_the_page() -> None:
    with drawing_style():
        svg = inline_svg(draw())
    root = read(svg)
    (picture,) = root.all("svg")
    styles = " ".join(node.attributes.get("style", "") for node in picture.all())
    assert "var(--ink)" in styles
    assert not [colour for colour in (INK, MUTED, GRID, PAGE) if colour in styles]
    assert COLOURS[0] in styles
    assert not root.all("style")
    texts = [node.text() for node in picture.all("text")]
    assert set(CLASSES[1:]) <= set(texts)  # as text, not as shapes, and no formula
    assert texts.count(shorten(CLASSES[0])) == 2
    ids = [node.attributes["id"] for node in picture.all() if "id" in node.attributes]
    assert all(each.startswith("confusion_matrix-") for each in ids)
    assert len(ids) == len(set(ids))
    used = re.findall(r"url\(#([^)]+)\)", styles + " ".join(str(node.attributes) for node in picture.all()))
    used += [node.attributes["href"][1:] for node in picture.all("use")]
    assert {each for each in used if each != "z"} <= set(ids)


def test_the_words_stand_beside_the_figure() -> None:
    with drawing_style():
        (picture,) = read(inline_svg(draw())).all("svg")
    title, about = picture.attributes["aria-labelledby"].split()
    assert picture.attributes["role"] == "img"
    assert picture.one("title", id=title).text() == "Confusion matrix"
    words = picture.one("desc", id=about).text()
    assert f"Of 6 samples of {CLASSES[0]} 5 (83 %) are right; the others are taken for c (1)." in words
    assert "Of 3 samples of c 3 (100 %) are right." in words


def test_saved_figures_are_for_papers(tmp_path: Path) -> None:
    with drawing_style():
        drawing = draw()
        save_files(drawing, tmp_path)
    width, height = drawing.figure.get_size_inches()
    with Image.open(tmp_path / "confusion_matrix.png") as image:
        assert image.size == pytest.approx((width * 300, height * 300), abs=1)
        assert image.getpixel((1, 1))[:3] == (255, 255, 255)
    root = ElementTree.parse(tmp_path / "confusion_matrix.svg").getroot()
    text = (tmp_path / "confusion_matrix.svg").read_text()
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(--" not in text
    assert INK in text


def test_points_within_a_figure_are_an_image_without_a_ground() -> None:
    with drawing_style():
        figure = new_figure(100, 100)
        figure.add_subplot().scatter(range(9), range(9), rasterized=True)
        (picture,) = read(inline_svg(Drawing("points", "t", figure, "a", "c"))).all("svg")
    (image,) = picture.all("image")
    assert image.attributes["href"].startswith("data:image/png;base64,")
    assert isinstance(figure, Figure)


def test_names_that_are_too_long() -> None:
    assert shorten("a" * 22) == "a" * 22
    assert shorten("abcdefghij", 5) == "ab…ij"
    assert short_names(["ipol_gait-1", "ipol_gait-12"], 10) == ["1", "12"]
    assert short_names(["P01", "P02"], 10) == ["P01", "P02"]
    assert short_names(["walk_", "walk_a"], 10) == ["walk_", "a"]
    assert short_names(["one_and_only"], 20) == ["one_and_only"]


def test_a_matrix_of_very_many_classes_shows_the_largest() -> None:
    """1,500 classes are 2,250,000 cells: a page with them never came to its end."""
    samples = np.arange(1, 301)
    drawing = draw_confusion(np.diag(samples).tolist(), [f"c{n}" for n in samples], "linear")
    assert drawing.caption.startswith("The 60 of 300 classes with most samples. ")
    assert [label.get_text() for label in drawing.figure.axes[0].get_yticklabels()] == [
        f"c{n}" for n in range(241, 301)
    ]
    assert len(drawing.figure.axes[0].patches) == 60
