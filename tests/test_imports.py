"""Imports follow the way of the data: what each package may know of the others, in one table."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import wearcli

ROOT = Path(wearcli.__file__).parent
BASE = {"errors", "files", "interrupts"}  # of which anyone may know
# A name with a dot allows that module alone.
MAY_IMPORT = {
    "recordings": set(),
    "signals": {"recordings"},
    "inspection": {"recordings", "signals"},
    "encoders": {
        "recordings.recording",
        "signals.features",
        "signals.beats",
        "signals.pulse_features",
    },
    "objectives": {"encoders"},
    "models": {"recordings.recording"},
    "training": {"recordings", "signals", "encoders", "objectives", "models", "probing"},
    "embedding": {"recordings", "signals", "models"},
    "probing": {"recordings.discovery", "recordings.sidecars", "embedding", "models"},
    "comparison": {"recordings", "signals", "models", "training", "embedding", "probing"},
    "prediction": {"recordings", "signals", "models", "embedding", "probing"},
    "walking": {"recordings", "signals", "models", "embedding", "probing", "prediction"},
    "cardiac": {"recordings", "signals"},
    "retrieval": {"embedding.table", "probing"},
    "reporting": {"models", "embedding.table", "probing", "comparison"},
    "datasets": set(),
    "cli": {
        "recordings",
        "signals",
        "inspection",
        "models",
        "training",
        "embedding",
        "probing",
        "comparison",
        "prediction",
        "walking",
        "cardiac",
        "retrieval",
        "reporting",
        "datasets",
    },
    "__init__": {
        "signals",
        "inspection",
        "training",
        "embedding",
        "probing",
        "comparison",
        "prediction",
        "walking",
        "cardiac",
        "retrieval",
        "reporting",
        "datasets",
    },
    "__main__": {"cli"},
}
WITH_TORCH = {"encoders", "objectives", "training"}
FILES = sorted(ROOT.rglob("*.py"))


def package_of(path: Path) -> str:
    parts = path.relative_to(ROOT).parts
    return parts[0] if len(parts) > 1 else path.stem


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def at_top_level(tree: ast.Module) -> Iterator[str]:
    """What is imported as soon as the module is, so not within a function."""
    for node in ast.walk(tree):
        for inner in list(ast.iter_child_nodes(node)):
            if isinstance(inner, ast.FunctionDef | ast.AsyncFunctionDef):
                inner.body = []
    yield from imports(tree)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_follow_the_arrow(path: Path) -> None:
    here = package_of(path)
    if here in BASE:
        allowed = BASE
    else:
        allowed = BASE | {here} | MAY_IMPORT[here]
    for name in imports(ast.parse(path.read_text())):
        if name.startswith("wearcli.") and name != "wearcli.__version__":
            inner = name.removeprefix("wearcli.")
            known = any(inner == module or inner.startswith(f"{module}.") for module in allowed)
            assert known, f"{here} may not import {inner}"


@pytest.mark.parametrize("library", ["torch", "onnxruntime", "safetensors", "onnx"])
def test_who_loads_what_is_heavy(library: str) -> None:
    with_it = {
        package_of(path)
        for path in FILES
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
