"""`wearcli preprocess`, as a user calls it, on the sample study."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from wearcli.cli.app import app
from wearcli.errors import UsageError
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore


def test_windows_as_the_flags_say(sample_data: Path, tmp_path: Path) -> None:
    out = tmp_path / "windows"
    flags = ["--rate", "25", "--window", "4", "--stride", "2", "--normalize", "revin", "--rotate", "2"]
    run = CliRunner().invoke(app, ["preprocess", str(sample_data), "-o", str(out), *flags, "--json"])
    assert run.exit_code == 0, run.stderr
    document = json.loads(run.stdout)
    store = WindowStore.open(out)
    assert store.take(np.arange(3)).shape == (3, 100, 3)
    assert len(store) == document["windows"] == 3 * store.index["rotation"].isna().sum()
    assert store.settings.dtype == "float32"
    assert store.index["participant"].nunique() == 10
    first = store.index[(store.index["recording"] == "P01_daily") & store.index["rotation"].isna()]
    np.testing.assert_allclose(np.diff(first["onset"]), 2.0)


def test_the_same_command_gives_the_same_bytes(sample_data: Path, tmp_path: Path) -> None:
    for name in ("a", "b"):
        preprocess([sample_data / "P01_walks.parquet"], tmp_path / name, rotations=1, seed=4)
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes(), file.name


def test_a_bad_file_is_named_and_the_rest_is_done(sample_data: Path, tmp_path: Path) -> None:
    study = tmp_path / "study"
    study.mkdir()
    (study / "P01_a.parquet").write_bytes((sample_data / "P01_walks.parquet").read_bytes())
    (study / "P02_a.parquet").write_bytes(b"PAR1")
    run = CliRunner().invoke(app, ["preprocess", str(study), "-o", str(tmp_path / "w")])
    assert run.exit_code == 1
    assert "P02_a" in run.stderr
    assert WindowStore.open(tmp_path / "w").index["recording"].unique().tolist() == ["P01_a"]


def test_nothing_is_replaced_unasked(sample_data: Path, tmp_path: Path) -> None:
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "thesis.txt").write_text("years")
    with pytest.raises(UsageError, match="something else"):
        preprocess([sample_data], tmp_path / "w", overwrite=True)
    with pytest.raises(UsageError, match="int16"):
        preprocess([sample_data], tmp_path / "x", dtype="int16", normalize="revin")
    with pytest.raises(UsageError, match="above 0"):
        preprocess([sample_data], tmp_path / "x", rate_hz=float("nan"))


def test_a_dry_run_writes_nothing(sample_data: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["preprocess", str(sample_data), "-o", str(tmp_path / "w"), "--dry-run"])
    assert run.exit_code == 0
    assert "would cut P10_daily" in run.stderr
    assert not list(tmp_path.iterdir())
