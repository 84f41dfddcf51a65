"""The page of a comparison."""

import json
from pathlib import Path

import pytest

import wearcli
from tests.comparison.test_tables import noise, rewrite
from tests.probing.tables import study
from tests.reporting.make import edit
from tests.reporting.reading import read, tables
from wearcli.errors import InputError
from wearcli.reporting.report import report
from wearcli.reporting.wording import number


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Embeddings that tell the class and the metrics, and such of noise."""
    path = tmp_path_factory.mktemp("study")
    study(path, bouts=3, windows=4).rename(path / "good.parquet")
    rewrite(path / "good.parquet", path / "noise.parquet", noise)
    for task in ("activity", "gait"):
        given = [path / "good.parquet", path / "noise.parquet"]
        wearcli.compare(given, task=task, bootstrap=100, output=path / task)
    return path


def test_of_classes(folder: Path) -> None:
    result = report(folder / "activity", figures=folder / "figures")
    info = json.loads((folder / "activity/comparison.json").read_text())
    root = read((folder / "activity/report.html").read_text())
    found = tables(root)
    score = info["scores"]["noise"]["macro_f1"]
    told = f"{number(score['mean'])}[{number(score['low'])}, {number(score['high'])}]"
    assert found["Scores"]["noise"]["macro-F1"] == told
    assert set(found["Scores"]) == set(info["scores"])
    less = info["less_first"]["noise"]["kappa"]
    assert found["Less good"]["noise"]["kappa"].startswith(number(less["mean"]))
    assert result.headline[1].startswith(
        f"good has the best macro-F1: {number(info['scores']['good']['macro_f1']['mean'])}"
    )
    names = ["scores", "less_features", "less_first"]
    assert result.figures == [f"{name}.{suffix}" for name in names for suffix in ("png", "svg")]
    assert "wearcli compare " in root.one("section", id="protocol").one("pre").text()


def test_of_values_the_smallest_error_is_the_best(folder: Path) -> None:
    result = report(folder / "gait")
    root = read((folder / "gait/report.html").read_text())
    assert [line.split(":")[0] for line in result.headline[1:]] == [
        "good has the best MAE of stride time (s)",
        "good has the best MAE of cadence (steps/min)",
    ]
    assert "Scores of stride time (s)" in tables(root)
    assert "Less good: cadence (steps/min)" in tables(root)
    words = {svg.one("title").text(): svg.one("desc").text() for svg in root.all("svg")}
    info = json.loads((folder / "gait/comparison.json").read_text())
    less = info["less_first"]["noise"]["cadence_spm.mae"]
    assert less["low"] > 0  # noise errs more
    assert f"noise {number(less['mean'])} [" in words["Less good: MAE of cadence (steps/min)"]


def test_a_damaged_one(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "comparison.json").write_text((folder / "gait/comparison.json").read_text())
    edit(tmp_path, lambda info: info.update(format=99))
    with pytest.raises(InputError, match="of a later wearcli"):
        report(tmp_path)
    edit(tmp_path, lambda info: info.update(format=1) or info.pop("scores"))
    with pytest.raises(InputError, match="no scores in it: compare again"):
        report(tmp_path)
    for content in (b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000):
        (tmp_path / "comparison.json").write_bytes(content)
        with pytest.raises(InputError, match=r"comparison.json: ") as error:
            report(tmp_path)
        assert str(error.value).isprintable()


@pytest.mark.parametrize(
    "wrong",
    [
        {"format": "1"},
        {"kind": "clustering"},
        {"first": "nobody"},
        {"models": {}},
        {"models": []},
        {"targets": []},
        {"scores": {}},
        {"scores": {"good": {"cadence_spm.mae": {"mean": float("nan"), "low": 1, "high": 2, "folds": []}}}},
        {"protocol": 3},
        {"arguments": []},
        {"labels": 3},
        {"participants": [3]},
        {"n_samples": 1e999},
    ],
)
def test_a_wrong_value_is_one_line(folder: Path, tmp_path: Path, wrong: dict[str, object]) -> None:
    """Some were a traceback, or a page without its scores."""
    (tmp_path / "comparison.json").write_text((folder / "gait/comparison.json").read_text())
    edit(tmp_path, lambda info: info.update(wrong))
    with pytest.raises(InputError, match=r"comparison.json: ") as error:
        report(tmp_path)
    assert str(error.value).isprintable()
