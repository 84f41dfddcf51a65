"""What makes the bundled models: whom it holds out, and what fewer bytes leave."""

import zlib
from functools import partial
from pathlib import Path

import numpy as np
import onnx
import pandas as pd
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from recipes.hold_out import held_out, main
from recipes.smaller import halve, quarter
from wearcli.encoders import build
from wearcli.models.folder import BUNDLED
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


@pytest.mark.parametrize(("make", "size", "off"), [(halve, 0.55, 0.01), (quarter, 0.32, 0.1)])
def test_fewer_bytes_and_nearly_the_same(make, size: float, off: float, tmp_path: Path) -> None:
    torch.manual_seed(0)
    path = tmp_path / "model.onnx"
    to_onnx(WindowsFirst(build("fast")).eval(), path, (2, 250, 3))
    windows = np.random.default_rng(0).normal(size=(16, 250, 3)).astype(np.float32)
    (before,) = open_session(path).run(None, {"windows": windows})
    large = path.stat().st_size
    make(path)
    (after,) = open_session(path).run(None, {"windows": windows})
    assert path.stat().st_size < size * large
    assert 0 < np.abs(after - before).max() < off * before.std()


def test_eight_bits_are_off_by_half_a_step_of_a_row_at_most(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    weights = (rng.normal(size=(64, 100)) * 10.0 ** rng.uniform(-6, 2, (64, 1))).astype(np.float32)
    weights[7] = 0
    path = tmp_path / "model.onnx"
    value = partial(helper.make_tensor_value_info, elem_type=TensorProto.FLOAT)
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["windows", "w"], ["embedding"], transB=1)],
        "one_product",
        [value("windows", shape=[None, 100])],
        [value("embedding", shape=[None, 64])],
        [numpy_helper.from_array(weights, "w")],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), path)
    quarter(path)
    (found,) = open_session(path).run(None, {"windows": np.eye(100, dtype=np.float32)})
    step = np.abs(weights).max(axis=1) / 127
    assert (np.abs(found.T - weights) <= 0.501 * step[:, None]).all()
    assert path.stat().st_size < 10_000


def test_the_bundled_models_leave_the_wheel_below_15_MB() -> None:
    """A wheel is a zip: deflated files. Everything else is .6 MB."""
    files = [path for path in BUNDLED.rglob("*") if path.is_file()]
    assert len(files) > 9
    assert sum(len(zlib.compress(path.read_bytes())) for path in files) < 14.4e6
