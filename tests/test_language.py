"""Names are nouns of the field: words that name nothing are in no identifier."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wearcli

ROOT = Path(wearcli.__file__).parents[1]
NAMES_NOTHING = {"found", "told", "where", "each", "known", "mine", "said", "of", "drawn"}
FOLDERS = ("wearcli", "benchmarks", "recipes")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def identifiers(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The names that a module gives to functions, classes, parameters and variables, with their lines."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr
        elif isinstance(node, ast.ExceptHandler) and node.name:
            yield node.lineno, node.name


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_identifiers_say_what_they_are(path: Path) -> None:
    wrong = [
        f"line {line}: {name}"
        for line, name in identifiers(ast.parse(path.read_text()))
        if NAMES_NOTHING & set(name.lower().split("_"))
    ]
    assert not wrong, "; ".join(wrong)


def test_the_walk_sees_each_kind_of_name() -> None:
    source = """
def told(mine, *, said=1):
    found = mine
    found.each = 1
    for known in found:
        pass
class of:
    pass
"""
    assert {name for _, name in identifiers(ast.parse(source))} == NAMES_NOTHING - {"where", "drawn"}
