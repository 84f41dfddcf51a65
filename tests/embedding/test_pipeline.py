"""The code between a file and its rows has a version, which no change of that code can forget.

Two things are stored for each version: rows of small recordings, and a fingerprint of the code without its
comments and docstrings. Where the rows differ, raise `wearcli.embedding.pipeline.PIPELINE`. Then, or where
only the code differs, store both again:

    python -m tests.embedding.test_pipeline
"""

import ast
import hashlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

import wearcli
from tests.test_imports import BASE, MODULES, inner_imports, within
from wearcli.embedding.pipeline import PIPELINE
from wearcli.embedding.table import read_table

GOLDEN = Path(__file__).parent / "golden"
CODE = GOLDEN / "pipeline.json"
MODELS = {"acc": "motion", "ppg": "ppg", "ecg": "ecg"}
COLUMNS = ("onset", "duration", "missing", "clipped", "wear", "movement_g", "quality")
HOW_TO = "store both again with: python -m tests.embedding.test_pipeline"
CHANGED = f"rows have changed: raise PIPELINE in wearcli/embedding/pipeline.py and {HOW_TO}"


def pipeline_modules() -> list[str]:
    """The embedding job and every module that it imports, but what is common to all of wearcli."""
    modules, waiting = set[str](), ["embedding.job"]
    while waiting:
        module = waiting.pop()
        if module not in modules and not within(module, BASE):
            modules.add(module)
            waiting += inner_imports(module)
    return sorted(modules)


def code_sha256(modules: list[str]) -> str:
    """Of the code alone: no comment, no docstring and no line break counts."""
    total = hashlib.sha256()
    for module in modules:
        tree = ast.parse(MODULES[module].read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node):
                node.body = node.body[1:]
        total.update(f"{module}\n{ast.dump(tree)}\n".encode())
    return total.hexdigest()


def write_recordings(folder: Path) -> None:
    """A minute and a half of acceleration with a gap and a rest, of PPG, and of ECG, in three formats."""
    rng = np.random.default_rng(20)
    time = np.arange(0, 90, 1 / 64) + rng.normal(0, 1e-3, 90 * 64)
    step = 2 * np.pi * 1.9 * time
    axes = np.stack([0.2 * np.sin(step / 2), 0.3 * np.sin(step), 1 + 0.3 * np.cos(step)], axis=1)
    axes[:1500] = [0, 0.6, 0.8]
    table = pd.DataFrame(1000 * (axes + rng.normal(0, 0.01, axes.shape)), columns=["x", "y", "z"])
    table.insert(0, "time", time)
    table.drop(index=range(3000, 3400)).round(4).to_csv(folder / "P1_acc.csv", index=False)
    for name, rate, width in (("ppg", 50.0, 0.1), ("ecg", 200.0, 0.02)):
        time = np.arange(0, 90, 1 / rate)
        beats = np.cumsum(rng.normal(0.8, 0.03, 120))
        wave = np.exp(-(((time[:, None] - beats) / width) ** 2)).sum(axis=1) + rng.normal(0, 0.01, len(time))
        if name == "ppg":
            pd.DataFrame({"time": time, name: wave}).to_parquet(folder / "P2_ppg.parquet")
        else:
            np.savez(folder / "P3_ecg.npz", time=time, ecg=wave)


def golden_rows() -> dict[str, np.ndarray]:
    """Each signal's features and what else a row holds beside the embedding."""
    rows = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        write_recordings(folder)
        for signal, model in MODELS.items():
            wearcli.embed([folder], folder / "rows.arrow", model=model, overwrite=True)
            table, _ = read_table(folder / "rows.arrow")
            rows[f"{signal}_features"] = np.stack(table["features"].to_pylist()).astype(np.float32)
            for name in set(COLUMNS) & set(table.column_names):
                rows[f"{signal}_{name}"] = table[name].to_numpy().astype(np.float32)
    return rows


def test_rows_are_those_of_this_version() -> None:
    rows = golden_rows()
    path = GOLDEN / f"rows-{PIPELINE}.npz"
    assert path.is_file(), f"no rows are stored of pipeline {PIPELINE}: {HOW_TO}"
    with np.load(path) as stored:
        assert sorted(stored) == sorted(rows)
        for name, values in rows.items():
            np.testing.assert_allclose(
                values,
                stored[name],
                rtol=2e-3,
                atol=2e-3,
                err_msg=f"{name}: {CHANGED}",
            )


def test_no_change_of_the_code_goes_by_unseen() -> None:
    stored = json.loads(CODE.read_text())
    assert stored == {"pipeline": PIPELINE, "code": code_sha256(pipeline_modules())}, (
        "the code between a file and its rows has changed: if a row can change with it, raise PIPELINE in "
        f"wearcli/embedding/pipeline.py; then {HOW_TO}"
    )


def test_the_fingerprint_sees_the_whole_way() -> None:
    modules = pipeline_modules()
    for module in ("recordings.open", "signals.grid", "signals.windows", "modality", "models.encoder"):
        assert module in modules
    assert any(module.startswith("recordings.formats.") for module in modules)
    assert any("features" in module for module in modules)
    assert not [module for module in modules if module.startswith(("probing", "training", "cli"))]


def test_comments_and_docstrings_do_not_count(tmp_path: Path, monkeypatch) -> None:
    path = tmp_path / "job.py"
    monkeypatch.setitem(MODULES, "embedding.job", path)
    texts = {
        "plain": "def f(x):\n    return x + 1\n",
        "commented": '"""A module."""\n\n\ndef f(x):\n    """Add."""\n    return x + 1  # one\n',
        "changed": "def f(x):\n    return x + 2\n",
    }
    prints = {}
    for name, text in texts.items():
        path.write_text(text)
        prints[name] = code_sha256(["embedding.job"])
    assert prints["plain"] == prints["commented"] != prints["changed"]


def test_the_version_costs_nothing() -> None:
    """It is a constant: reading it imports nothing of the pipeline."""
    code = "import sys, wearcli.embedding.pipeline; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


if __name__ == "__main__":
    np.savez_compressed(GOLDEN / f"rows-{PIPELINE}.npz", **golden_rows())
    CODE.write_text(json.dumps({"pipeline": PIPELINE, "code": code_sha256(pipeline_modules())}) + "\n")
