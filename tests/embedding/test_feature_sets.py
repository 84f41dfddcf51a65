"""Which hand-made features stand beside an embedding: those of motion, or these and those of the heart."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from wearcli.cli.app import app
from wearcli.embedding.embed import embed
from wearcli.embedding.table import read_table
from wearcli.errors import UsageError
from wearcli.models.folder import load_model
from wearcli.probing.outside import outside_tables
from wearcli.signals.features.heart_in_motion import BALLISTIC_NAMES
from wearcli.signals.features.motion import FEATURE_NAMES
from wearcli.simulation.sample import write_sample

BOTH = [*FEATURE_NAMES, *BALLISTIC_NAMES]


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sets") / "study"
    write_sample(folder, 5, study="wrist", minutes=1, pulse_mg=20)
    return folder


@pytest.fixture(scope="module")
def table(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "heart.parquet"
    embed([study], out, features="heart")
    return out


def matrix(path: Path, column: str = "features") -> np.ndarray:
    return np.stack(read_table(path)[0][column].to_pylist())


def test_heart_is_motion_and_more(study: Path, table: Path, tmp_path: Path) -> None:
    plain = tmp_path / "motion.parquet"
    embed([study], plain)
    assert read_table(plain)[1].feature_names == FEATURE_NAMES
    assert read_table(table)[1].feature_names == tuple(BOTH)
    heart = matrix(table)
    assert heart.shape[1] == len(BOTH)
    np.testing.assert_array_equal(heart[:, : len(FEATURE_NAMES)], matrix(plain))
    np.testing.assert_array_equal(matrix(table, "embedding"), matrix(plain, "embedding"))
    gravity = [BOTH.index(f"gravity_{axis}") for axis in "xyz"]
    means = [BOTH.index(f"{axis}_mean") for axis in "xyz"]
    np.testing.assert_allclose(heart[:, gravity], heart[:, means], atol=1e-5)


def test_a_table_of_another_set_is_not_brought_up_to_date(study: Path, table: Path, tmp_path: Path) -> None:
    out = tmp_path / "table.parquet"
    shutil.copy(table, out)
    assert embed([study], out, features="heart").kept == 5
    for features in (None, "motion"):
        with pytest.raises(
            UsageError, match=rf"feature_names \({len(BOTH)} of them, now {len(FEATURE_NAMES)}"
        ):
            embed([study], out, features=features)  # type: ignore[arg-type]
    embed([study], out, features="motion", overwrite=True)
    # Motion is what there is by default: the same table, whether it is said or not.
    assert embed([study], out).kept == 5


def test_a_model_may_ask_for_a_set(study: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    shutil.copytree(load_model("motion-v5").folder, model)
    config = json.loads((model / "config.json").read_text())
    (model / "config.json").write_text(json.dumps(config | {"features": "heart"}))
    embed([study], tmp_path / "own.parquet", model=model)
    assert read_table(tmp_path / "own.parquet")[1].feature_names == tuple(BOTH)
    embed([study], tmp_path / "said.parquet", model=model, features="motion")
    assert read_table(tmp_path / "said.parquet")[1].feature_names == FEATURE_NAMES


def test_only_acceleration_has_a_choice(study: Path, tmp_path: Path) -> None:
    words = ["embed", str(study), "-o", str(tmp_path / "ppg.parquet"), "--model", "ppg-v1"]
    run = CliRunner().invoke(app, [*words, "--features", "motion"])
    assert isinstance(run.exception, UsageError)
    with pytest.raises(UsageError, match="--features is a choice of acceleration: leave it out for ppg"):
        embed([study], tmp_path / "ppg.parquet", model="ppg-v1", features="heart")
    assert not (tmp_path / "ppg.parquet").exists()


def test_a_probe_of_features_embeds_with_its_own_set(study: Path, table: Path, tmp_path: Path) -> None:
    words = ["probe", str(table), "--task", "heart", "--target", "hr_bpm", "--bootstrap", "10"]
    run = CliRunner().invoke(app, [*words, "--output", str(tmp_path / "probe")])
    assert run.exit_code == 0, run.output
    words = ["predict", str(study), "--probe", str(tmp_path / "probe"), "--use", "features"]
    run = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "found.csv")])
    assert run.exit_code == 0, run.output
    assert len((tmp_path / "found.csv").read_text().splitlines()) == 1 + 5


def test_an_outside_set_is_embedded_with_the_same_set(study: Path, table: Path, tmp_path: Path) -> None:
    with outside_tables([study], table) as (tables, _):
        assert read_table(tables[0])[1].feature_names == tuple(BOTH)
