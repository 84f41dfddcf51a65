"""A gyroscope from recordings to a probe: a model that was trained on rotation embeds it, and is probed."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

import wearcli
from wearcli.embedding.table import read_table
from wearcli.errors import UsageError
from wearcli.signals.features.rotation import FEATURE_NAMES
from wearcli.training.presets import settings_with_defaults
from wearcli.training.views.augment import ROTATION

PEOPLE = 6


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six people who walk for 20 s and rest for 20 s, in rad/s for half of them."""
    folder = tmp_path_factory.mktemp("study")
    labels = ["recording,onset,duration,label"]
    time = np.arange(2000) / 50
    for person in range(PEOPLE):
        rng = np.random.default_rng(person)
        swing = np.stack([rng.uniform(60, 200) * np.sin(2 * np.pi * 0.9 * time + p) for p in (0, 1, 2)], 1)
        values = np.where(time[:, None] < 20, swing, 0) + rng.normal(0, 2, swing.shape)
        unit = "rad/s" if person % 2 else "deg/s"
        written = np.deg2rad(values) if person % 2 else values
        header = "time," + ",".join(f"gyro_{axis} ({unit})" for axis in "xyz")
        rows = np.column_stack([time, written])
        np.savetxt(folder / f"p{person}_a.csv", rows, "%.5f", ",", header=header, comments="")
        labels += [f"p{person}_a,0,20,walk", f"p{person}_a,20,20,rest"]
    (folder / "labels.csv").write_text("\n".join(labels) + "\n")
    return folder


@pytest.fixture(scope="module")
def run(study: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    wearcli.pretrain(
        study,
        output=folder,
        modality="gyro",
        window=2.0,
        steps=3,
        batch=8,
        warmup=0,
        validation=0.0,
        rate=50.0,
    )
    return folder


def test_from_recordings_to_a_probe(study: Path, run: Path, tmp_path: Path) -> None:
    result = wearcli.embed([study], tmp_path / "e.parquet", model=run)
    assert (result.recordings, result.failed) == (PEOPLE, [])
    table, metadata = read_table(tmp_path / "e.parquet")
    assert (metadata.modality, metadata.unit) == ("gyro", "deg/s")
    assert tuple(metadata.feature_names) == FEATURE_NAMES
    # The columns of the contract; what a gyroscope does not tell is null, and no other signal's is there.
    assert "quality" not in table.schema.names
    for name in ("wear", "clipped", "movement_g"):
        assert table[name].null_count == table.num_rows
    assert table["missing"].null_count == 0
    # A person's rows are the same, whichever unit the file is in: the swing of p1 was written in rad/s.
    speed = np.stack(table["features"].to_pylist())[:, FEATURE_NAMES.index("speed_p90")]
    walking = np.array(table["onset"].to_pylist()) < 18
    assert 60 < np.median(speed[walking]) < 350
    probe = wearcli.probe(tmp_path / "e.parquet", task="activity", output=tmp_path / "probe", bootstrap=20)
    assert probe.scores["features"]["macro_f1"]["mean"] > 0.9
    assert probe.scores["majority"]["macro_f1"]["mean"] < 0.5


def test_a_store_of_rotation_needs_no_modality(run: Path, tmp_path: Path) -> None:
    settings = settings_with_defaults({"paths": (str(run / "windows"),), "method": "masked"})
    assert settings.data.modality == "gyro"
    with pytest.raises(UsageError, match="its windows are of gyro, not acc"):
        wearcli.pretrain(run / "windows", output=tmp_path / "r", modality="acc", steps=1)


def test_masked_patches_of_rotation(study: Path, tmp_path: Path) -> None:
    options = {"window": 2.0, "steps": 2, "batch": 8, "validation": 0.0}
    wearcli.pretrain(study, output=tmp_path / "m", modality="gyro", method="masked", **options)
    index = pq.read_table(tmp_path / "m" / "windows" / "index.parquet")
    assert index.num_rows == PEOPLE * 20
    assert (tmp_path / "m" / "model" / "model.onnx").is_file()


def test_what_is_of_acceleration_is_refused(study: Path, tmp_path: Path) -> None:
    for options in ({"method": "relcon"}, {"max_degrees": 10.0}, {"channels": 3}, {"encoder": "streams"}):
        with pytest.raises(UsageError, match=r"gyro|rotation"):
            wearcli.pretrain(study, output=tmp_path / "r", modality="gyro", steps=1, **options)  # type: ignore[arg-type]


def test_views_turn_any_way_and_keep_the_speed_but_for_noise() -> None:
    """Rotation has no gravity whose direction an encoder should see."""
    generator = torch.Generator().manual_seed(0)
    windows = torch.zeros(4000, 100, 3)
    windows[:, :, 0] = 200.0
    views = ROTATION(windows, generator).mean(dim=1)
    directions = torch.nn.functional.normalize(views, dim=1)
    assert directions[:, 0].min() < -0.95  # half a turn and all between
    assert 100 < views.norm(dim=1).median() < 300
