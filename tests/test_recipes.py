"""What makes the bundled models: whom it holds out, and what half precision leaves."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from recipes.half import halve
from recipes.hold_out import held_out, main
from wearcli.encoders import build
from wearcli.models.runtime import open_session
from wearcli.training.export import WindowsFirst, to_onnx


def test_about_the_share_is_held_out_and_nobody_moves_as_others_join() -> None:
    people = [f"P{number}" for number in range(3000)]
    few, many = ({name for name in people if held_out(name, share)} for share in (0.2, 0.5))
    assert 500 < len(few) < 700
    assert 1400 < len(many) < 1600
    assert few < many


def test_the_parts_are_the_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = tmp_path / "study"
    study.mkdir()
    names = [f"P{number:02d}" for number in range(20)]
    for name in names:
        (study / f"{name}.csv").write_text(name)
    files = [f"{name}.csv" for name in names]
    pd.DataFrame({"recording": names, "file": files, "participant": names}).to_csv(study / "recordings.csv")
    pd.DataFrame({"recording": names, "onset": 0, "duration": 9, "label": "x"}).to_csv(study / "labels.csv")
    words = ["hold_out", str(study), str(tmp_path / "out"), "--people", "P1.$"]
    monkeypatch.setattr("sys.argv", words)
    main()
    parts = {part: tmp_path / "out" / part / "study" for part in ("train", "held")}
    found = {part: {path.name for path in folder.glob("P*.csv")} for part, folder in parts.items()}
    assert found["held"] == {f"P1{digit}.csv" for digit in range(10)}
    assert found["train"] == {*files} - found["held"]
    for part, folder in parts.items():
        labels = pd.read_csv(folder / "labels.csv")
        assert {f"{name}.csv" for name in labels["recording"]} == found[part]
        assert (folder / min(found[part])).read_text() == min(found[part]).removesuffix(".csv")


def test_half_precision_is_half_the_bytes_and_nearly_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "model.onnx"
    to_onnx(WindowsFirst(build("fast")).eval(), path, (2, 250, 3))
    windows = np.random.default_rng(0).normal(size=(16, 250, 3)).astype(np.float32)
    (before,) = open_session(path).run(None, {"windows": windows})
    size = path.stat().st_size
    halve(path)
    (after,) = open_session(path).run(None, {"windows": windows})
    assert path.stat().st_size < 0.55 * size
    assert 0 < np.abs(after - before).max() < 0.01 * before.std()
