"""The reference that the code writes: every command and option, every entry of a registry, every function."""

import importlib.util
import re
from types import ModuleType

import pytest
from typer.main import get_command

import wearcli
from tests.docs.blocks import ROOT
from wearcli.cli.app import app
from wearcli.modality import MODALITIES
from wearcli.probing.kinds import KINDS
from wearcli.recordings.formats.registry import FORMATS
from wearcli.training.methods.registry import METHODS


@pytest.fixture(scope="module")
def hooks() -> ModuleType:
    """docs/hooks.py, which makes the pages."""
    pytest.importorskip("mkdocs", reason="the extra docs is not installed")
    spec = importlib.util.spec_from_file_location("docs_hooks", ROOT / "docs" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_of_commands_has_every_option_with_its_help(hooks: ModuleType) -> None:
    sections = dict(
        re.findall(r"^## `wearcli ([\w-]+)`\n(.*?)(?=^## |\Z)", hooks.commands_page(), re.M | re.S)
    )
    commands = get_command(app).commands
    assert list(sections) == list(commands)
    for name, command in commands.items():
        for option in command.params:
            if option.param_type_name == "option" and not option.hidden:
                line = next(
                    row for row in sections[name].splitlines() if row.startswith(f"| `{option.opts[0]}`")
                )
                assert line.count(" | ") == 3, line
                assert line.rsplit(" | ", 1)[1].strip(" |"), line


def test_the_page_of_registries_has_every_entry(hooks: ModuleType) -> None:
    page = hooks.registries_page()
    for name in (*MODALITIES, *KINDS, *METHODS):
        assert f"| `{name}` |" in page
    for record in FORMATS.values():
        assert f"| {record.title} |" in page


def test_the_page_of_python_has_every_public_function() -> None:
    text = (ROOT / "docs" / "reference" / "python.md").read_text()
    for name in wearcli.__all__:
        if name != "__version__":
            assert re.search(rf"^::: wearcli\.[\w.]+\.{name}$", text, re.M), name


def test_the_map_of_the_code_has_every_package() -> None:
    table = (ROOT / "docs" / "architecture.md").read_text().split("## Seven properties")[0]
    for path in (ROOT / "wearcli").iterdir():
        if path.stem not in ("__init__", "__main__", "__pycache__", "py"):
            assert f"`{path.stem}`" in table, path.stem
