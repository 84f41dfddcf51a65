"""Every command that README and docs show is run, or at least parsed; it prints what the page says."""

import re
import shutil
from pathlib import Path

import pytest
from typer.main import get_command

from tests.docs.blocks import ROOT, RUN_LANGUAGES, Command, Page, pages, read_page
from tests.docs.parsing import problem
from tests.docs.session import Rerun, differences, run_page, same_line
from wearcli.cli.app import app

PAGES = {page.name: page for page in pages()}
KNOWN_LANGUAGES = {*RUN_LANGUAGES, "text", "toml", "csv", "json", "yaml", "make", "diff"}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The folder that each page left behind."""
    return {"": tmp_path_factory.mktemp("docs")}


@pytest.fixture(scope="module")
def rerun(tmp_path_factory: pytest.TempPathFactory) -> Rerun:
    """What commands of earlier pages did: several pages begin alike."""
    return Rerun(tmp_path_factory.mktemp("commands"))


def visit(page: Page, folders: dict[str, Path], rerun: Rerun) -> list[str]:
    """Run a page once, after the page that it goes on from; what differs, a line each."""
    if page.name in folders:
        return []
    folder = folders[""] / re.sub(r"\W+", "-", page.name) / "folder"
    folder.parent.mkdir()
    problems = []
    if page.after:
        problems = visit(PAGES[page.after], folders, rerun)
        shutil.copytree(folders[page.after], folder)
    else:
        folder.mkdir()
    folders[page.name] = folder
    return problems + run_page(page, folder, rerun)


@pytest.mark.slow
@pytest.mark.parametrize("name", [page.name for page in PAGES.values() if page.runs()])
def test_the_page_does_what_it_shows(name: str, folders: dict[str, Path], rerun: Rerun) -> None:
    problems = visit(PAGES[name], folders, rerun)
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PAGES)
def test_every_command_of_the_page_parses(name: str) -> None:
    problems = []
    for block in PAGES[name].blocks:
        assert block.language in KNOWN_LANGUAGES, f"{name}:{block.first + 1}: language '{block.language}'"
        if block.language in ("console", "sh"):
            texts = [(command.line + 1, problem(command.text)) for command in block.commands]
            problems += [f"{name}:{line}: {text}" for line, text in texts if text]
    assert not problems, "\n".join(problems)


@pytest.mark.parametrize("name", PAGES)
def test_no_command_hides_outside_a_fence(name: str) -> None:
    """An indented block renders as code as well, and no test would look at it."""
    page = PAGES[name]
    inside = {n for block in page.blocks for n in range(block.first, block.last + 1)}
    for number, line in enumerate(page.path.read_text().splitlines()):
        if number not in inside:
            assert not re.match(r"    (\$ |wearcli |python |make |pip )", line), (
                f"{name}:{number + 1}: {line}"
            )


def test_links_of_the_files_outside_docs_lead_somewhere() -> None:
    """mkdocs looks after the links within docs/."""
    for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"):
        text = (ROOT / name).read_text() if (ROOT / name).is_file() else ""
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", text):
            if not re.match(r"https?:|mailto:", target):
                assert (ROOT / target).exists(), f"{name}: {target}"


def test_a_page_says_what_is_done_with_its_blocks(tmp_path: Path) -> None:
    path = tmp_path / "page.md"
    path.write_text(
        "# Title\n\n<!-- test: after README.md -->\n\n"
        "```console\n$ wearcli embed a \\\n    --model b\nfirst\n...\nlast\n$ wearcli models\n```\n\n"
        "<!-- test: parse: hours -->\n```sh\nwearcli pretrain x  # comment\n```\n"
    )
    page = read_page(path)
    assert page.after == "README.md"
    assert [command.text for command in page.blocks[0].commands] == [
        "wearcli embed a --model b",
        "wearcli models",
    ]
    assert page.blocks[0].commands[0].output == ("first", "...", "last")
    assert page.blocks[1].note == "parse: hours"
    assert page.blocks[1].commands[0].text == "wearcli pretrain x"
    assert page.parse_only is None
    path.write_text("# Title\n\n<!-- test: parse: real recordings -->\n\n```sh\nwearcli embed x\n```\n")
    assert read_page(path).parse_only == "real recordings"


def test_output_differs_where_words_or_numbers_do() -> None:
    assert same_line("linear   .887 [.839, .930]", "linear .884 [.841, .927]")
    assert same_line("2637 windows in 1.5 s, 1,818 windows/s", "2637 windows in 9.1 s, 290 windows/s")
    assert not same_line("linear   .887", "linear   .687")
    assert not same_line("linear   .887", "mlp   .887")
    assert not same_line("20 recordings", "12 recordings")
    printed = ["one", "two", "three"]
    assert differences(("one", "two", "three"), printed) == []
    assert differences(("one", "...", "three"), printed) == []
    assert differences(("one", "..."), printed) == []
    assert differences(("one", "two"), printed)
    assert differences(("one", "three"), printed)
    assert differences(("...", "four"), printed)


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("wearcli embed x --modell y", "--modell"),
        ("wearcli embod x", "embod"),
        ("wearcli embed x -o - | wearcli probe - --taks activity", "--taks"),
        ("make tset", "tset"),
        ("pip install 'wearcli[trian]'", "trian"),
        ("python benchmarks/none.py", "none.py"),
        ("python benchmarks/week.py --from csv", "--from"),
        ("wearcoli embed", "wearcoli"),
    ],
)
def test_a_wrong_command_line_is_seen(line: str, part: str) -> None:
    assert part in (problem(line) or "")


def test_every_command_of_wearcli_is_shown_on_some_page() -> None:
    blocks = [block for page in PAGES.values() for block in page.blocks]
    shown = "\n".join(command.text for block in blocks for command in block.commands)
    for name in get_command(app).commands:
        assert re.search(rf"\bwearcli {name}\b", shown), name


@pytest.mark.parametrize("name", PAGES)
def test_a_file_that_a_page_names_is_there(name: str) -> None:
    text = PAGES[name].path.read_text()
    for file in re.findall(
        r"(?<![\w/])((?:wearcli|tests|benchmarks|recipes)/[\w/.-]+\.(?:py|sh|csv|json|md))\b", text
    ):
        invented = re.search(rf"Save it as[^\n]*{re.escape(file)}", text)
        assert invented or (ROOT / file).exists(), f"{name}: {file}"


def test_a_command_that_ran_on_the_same_files_before_does_not_run_again(tmp_path: Path) -> None:
    rerun = Rerun(tmp_path / "store")
    (tmp_path / "store").mkdir()
    command = Command("date +%N | tee now; ls", (), 0)
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    for folder in (first, second, third):
        folder.mkdir()
    (third / "more").touch()
    assert rerun.run(command, "sh", first) == rerun.run(command, "sh", second)
    assert (first / "now").read_text() == (second / "now").read_text()
    assert rerun.run(command, "sh", third)[1][1:] == ["more", "now"]
