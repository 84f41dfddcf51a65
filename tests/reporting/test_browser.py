"""The page in a real browser: both colour schemes, a phone and a desk, and paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.probing.tables import study
from tests.reporting.browser import Browser, browser, find_browser
from tests.reporting.make import probe_folder, with_placements
from wearcli.reporting.report import report

LONG = "a_class_with_quite_a_long_name_that_nobody_would_break_anywhere"
# Figures without a role and words of their own.
WORDLESS = """[...document.querySelectorAll('svg')].filter(svg => {
  const names = (svg.getAttribute('aria-labelledby') || '').split(' ');
  const words = names.map(name => document.getElementById(name)?.textContent.trim());
  return svg.getAttribute('role') !== 'img' || words.length < 2 || words.some(each => !each);
}).length"""
# What reaches beyond the screen without a box of its own to scroll in.
BEYOND = """[...document.querySelectorAll('body *')].filter(each =>
  !each.closest('.scroll') && each.getBoundingClientRect().right > WIDTH + 1).map(each => each.tagName)"""
# The brightness of the ground, and how the axes' ink differs from it.
GROUND = "getComputedStyle(document.body).backgroundColor"
INK = "getComputedStyle(document.querySelector('svg text')).fill"


@pytest.fixture(scope="module")
def tab() -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        pytest.skip("no Chromium is installed")
    with browser(program) as running:
        yield running


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Of classes, one of a long name, and of values."""
    folder = tmp_path_factory.mktemp("study")
    table = with_placements(study(folder, people=5, classes=("rest", "stairs", LONG)))
    found = {}
    for task in ("activity", "gait"):
        report(probe_folder(folder, task=task, table=table, epoch=5.0 if task == "activity" else None))
        found[task] = folder / task / "report.html"
    return found


def brightness(colour: str) -> float:
    """0 to 1 of rgb(21, 24, 29)."""
    return sum(map(int, colour.removeprefix("rgb(").removesuffix(")").split(","))) / 765


@pytest.mark.parametrize("task", ["activity", "gait"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_on_screens(tab: Browser, pages: dict[str, Path], width: int, scheme: str, task: str) -> None:
    tab.open(pages[task], width, scheme)
    assert tab.evaluate("innerWidth") == width
    assert tab.evaluate("document.documentElement.scrollWidth") <= width
    assert tab.evaluate(BEYOND.replace("WIDTH", str(width))) == []
    ground, ink = brightness(tab.evaluate(GROUND)), brightness(tab.evaluate(INK))
    assert (ground < 0.2 and ink > 0.7) if scheme == "dark" else (ground > 0.9 and ink < 0.3)
    assert tab.evaluate("document.querySelectorAll('svg').length") >= 6
    assert tab.evaluate(WORDLESS) == 0
    asked = [event["params"] for event in tab.events if event["method"] == "Network.requestWillBeSent"]
    urls = [each["request"]["url"] for each in asked]
    assert [url for url in urls if not url.startswith("data:")] == [pages[task].resolve().as_uri()]
    said = [
        event["params"]
        for event in tab.events
        if event["method"] in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown")
    ]
    assert said == []


def test_the_browser_would_tell(tab: Browser, tmp_path: Path) -> None:
    """A page with what must not be: the test above is one that can fail."""
    bad = tmp_path / "bad.html"
    bad.write_text(
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; "
        "style-src 'unsafe-inline'\">"
        "<meta name='viewport' content='width=device-width'>"
        "<body><img src='https://example.invalid/x.png'><svg></svg><div style='width:9999px'>x</div>"
    )
    tab.open(bad, 360, "dark")
    assert any(event["method"] == "Log.entryAdded" for event in tab.events)
    assert "DIV" in tab.evaluate(BEYOND.replace("WIDTH", "360"))
    assert tab.evaluate("document.documentElement.scrollWidth") > 360
    assert tab.evaluate(WORDLESS) == 1
    assert tab.evaluate("matchMedia('(prefers-color-scheme: dark)').matches") is True


def test_on_paper(tab: Browser, pages: dict[str, Path], tmp_path: Path) -> None:
    """Black on white though the screen is dark; nothing that would have to be scrolled is cut off."""
    tab.open(pages["activity"], 1280, "dark")
    tab.media("print", "dark")
    assert brightness(tab.evaluate(GROUND)) == 1
    assert brightness(tab.evaluate(INK)) < 0.3
    assert tab.evaluate("getComputedStyle(document.querySelector('nav')).display") == "none"
    boxes = "[...document.querySelectorAll('.scroll')].map(each => getComputedStyle(each).overflowX)"
    assert set(tab.evaluate(boxes)) == {"visible"}
    tab.pdf(tmp_path / "page.pdf", "dark")
    data = (tmp_path / "page.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert 5 <= data.count(b"/Type /Page\n") <= 30
