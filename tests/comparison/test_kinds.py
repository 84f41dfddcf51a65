"""Every kind of probe in a comparison of the sample study: simulated people, so the truth is known."""

from pathlib import Path
from typing import Any

import pytest

import wearcli
from wearcli.comparison.result import Comparison
from wearcli.errors import UsageError


@pytest.fixture(scope="module")
def table(sample_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sample") / "embeddings.parquet"
    wearcli.embed([sample_data], path)
    return path


def compared(table: Path, folder: Path, probe: str, **words: Any) -> Comparison:
    return wearcli.compare([table], probe=probe, bootstrap=20, output=folder / "out", **words)


@pytest.mark.parametrize("probe", ["knn", "lda"])
def test_neighbours_and_discriminants_tell_activities(
    table: Path, sample_data: Path, tmp_path: Path, probe: str
) -> None:
    labels = sample_data / "labels.csv"
    result = compared(table, tmp_path, probe, task="activity", epoch=10, labels=labels)
    name = table.stem
    assert result.n_samples > 400
    assert result.scores[name]["macro_f1"]["mean"] > 0.78
    assert result.scores["majority"]["macro_f1"]["mean"] < 0.1


def test_neighbours_tell_amounts(table: Path, sample_data: Path, tmp_path: Path) -> None:
    result = compared(table, tmp_path, "knn", task="gait", labels=sample_data / "gait.csv")
    ours, mean = result.scores[table.stem], result.scores["mean"]
    for target in result.targets:
        assert ours[f"{target}.r"]["mean"] > 0.8, target
        assert ours[f"{target}.mae"]["mean"] < mean[f"{target}.mae"]["mean"] / 2, target
    assert ours["cadence_spm.r"]["mean"] > 0.95


def test_discriminants_are_of_classes(table: Path, sample_data: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"--probe lda tells classes apart, and .*gait.csv has numbers"):
        compared(table, tmp_path, "lda", task="gait", labels=sample_data / "gait.csv")
    assert not (tmp_path / "out").exists()
