"""Imports follow the way of the data: what each package may import of the others, in one table.

The table sees modules: a name with a dot allows that module or subpackage alone, and a subpackage with a row
of its own obeys that row instead of its package's.
"""

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import wearcli

ROOT = Path(wearcli.__file__).parent
BASE = {
    "_version",
    "claims",
    "conformity",
    "documents",
    "errors",
    "existence",
    "files",
    "interrupts",
    "leftovers",
    "options",
    "seeds",
    "words",
}  # everybody may import these
READ = {"modality", "recordings", "signals"}
EMBEDDED = READ | {"models", "embedding", "labels"}
PROBED = EMBEDDED | {"probing"}
MAY_IMPORT = {
    "modality": {"signals.features", "signals.pulse_quality"},
    "recordings": {"modality"},
    "recordings.formats": {"modality", "recordings.reading", "recordings.recording", "recordings.tables"},
    "recordings.tables": {"modality", "recordings.reading", "recordings.recording"},
    "signals": {"modality", "recordings"},
    "signals.features": {"signals"},
    "inspection": READ,
    "information": READ | {"models", "labels", "encoders", "probing.kinds", "training.methods"},
    "models": {"modality", "recordings.recording"},
    "embedding": READ | {"models"},
    "labels": {"modality", "recordings.study", "recordings.tables.zone", "embedding"},
    "encoders": {"modality", "recordings.recording", "signals"},
    "training": EMBEDDED | {"encoders", "probing.watch"},
    "probing": EMBEDDED,
    "comparison": PROBED | {"training.untrained"},
    "truth": READ | {"labels"},
    "prediction": PROBED,
    "walking": PROBED | {"prediction"},
    "retrieval": PROBED,
    "reporting": PROBED | {"comparison"},
    "simulation": set(),
    "__main__": {"cli"},
}
VERBS = {"comparison", "prediction", "walking", "truth", "retrieval", "reporting", "simulation", "inspection"}
MAY_IMPORT["cli"] = PROBED | VERBS | {"information", "training", "encoders"}
MAY_IMPORT["__init__"] = PROBED | VERBS | {"information", "training"}
WITH_TORCH = {"encoders", "training"}
FILES = sorted(ROOT.rglob("*.py"))


def module_name(path: Path) -> str:
    """Such as recordings.formats.edf; a package is named without its __init__."""
    name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
    return name.removesuffix(".__init__")


MODULES = {module_name(path): path for path in FILES}


def package_of(module: str) -> str:
    """The longest row of the table that the module stands under."""
    parts = module.split(".")
    names = [".".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return next((name for name in names if name in MAY_IMPORT), parts[0])


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@cache
def inner_imports(module: str) -> frozenset[str]:
    """The modules of wearcli that a module imports, those within functions too."""
    names = (
        name.removeprefix("wearcli.")
        for name in imports(ast.parse(MODULES[module].read_text()))
        if name.startswith("wearcli.")
    )
    return frozenset(name if name in MODULES else name.rpartition(".")[0] or "__init__" for name in names)


def within(module: str, names: set[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def at_top_level(tree: ast.Module) -> Iterator[str]:
    """What is imported as soon as the module is, so not within a function."""
    for node in ast.walk(tree):
        for inner in list(ast.iter_child_nodes(node)):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                inner.body = []
    yield from imports(tree)


@pytest.mark.parametrize("module", sorted(MODULES))
def test_imports_follow_the_arrow(module: str) -> None:
    package = package_of(module)
    allowed = BASE if package in BASE else BASE | {package} | MAY_IMPORT[package]
    wrong = sorted(name for name in inner_imports(module) if not within(name, allowed))
    assert not wrong, f"{module} may not import {', '.join(wrong)}"


def test_every_row_of_the_table_is_a_package() -> None:
    assert [name for name in MAY_IMPORT if name not in MODULES] == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    graph = {module: set(inner_imports(module)) - {module} for module in MODULES if module != "__init__"}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(f"modules import each other in a circle: {' -> '.join(error.args[1])}")


def test_nobody_inside_imports_the_package_itself() -> None:
    """Its verbs are for users, its version is in `wearcli._version`."""
    assert [module for module in MODULES if "__init__" in inner_imports(module)] == []


@pytest.mark.parametrize("library", ["torch", "onnxruntime", "safetensors", "onnx"])
def test_who_loads_what_is_heavy(library: str) -> None:
    with_it = {
        module.split(".")[0]
        for module, path in MODULES.items()
        if any(name.split(".")[0] == library for name in at_top_level(ast.parse(path.read_text())))
    }
    assert with_it <= (WITH_TORCH if library != "onnxruntime" else set())


def test_onnxruntime_is_imported_in_one_place() -> None:
    """Where its telemetry is switched off."""
    places = {
        path.relative_to(ROOT).as_posix()
        for path in FILES
        if any(name.split(".")[0] == "onnxruntime" for name in imports(ast.parse(path.read_text())))
    }
    assert places == {"models/runtime.py"}
