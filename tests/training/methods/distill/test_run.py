"""Distillation from two sensors to a model folder: the teacher stays as it is, the run goes on to the bit."""

import json
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training import make
from tests.training.make import weights
from wearcli.errors import InputError, UsageError
from wearcli.models.folder import BUNDLED, load_model
from wearcli.signals.preprocess import preprocess
from wearcli.simulation.sample import write_sample
from wearcli.training import pretrain as module
from wearcli.training.config_file import read_config
from wearcli.training.data import TrainingData
from wearcli.training.methods.distill.learner import DistillLearner
from wearcli.training.methods.learner import start_learner
from wearcli.training.pretrain import pretrain
from wearcli.training.sampler import TRAIN, PairSampler
from wearcli.training.settings import Settings
from wearcli.training.stores import open_stores

SMALL = {
    "method": "distill",
    "teacher": "ppg-v1",
    "encoder": "fast",
    "revin": True,
    "window": 30.0,
    "steps": 4,
    "batch": 6,
    "validate_every": 2,
    "checkpoint_every": 2,
    "workers": 1,
    "precision": "fp32",
    "validation": 0.3,
}


@pytest.fixture(scope="module")
def study(tmp_path_factory) -> Path:
    """Four people, two minutes of PPG and acceleration each."""
    folder = tmp_path_factory.mktemp("wrist")
    write_sample(folder / "study", 4, study="wrist", minutes=2.0)
    return folder / "study"


@pytest.fixture(scope="module")
def teacher(study, tmp_path_factory) -> Path:
    """A run whose PPG encoder can teach, and learn on."""
    run = tmp_path_factory.mktemp("teacher") / "run"
    pretrain(
        study,
        run,
        **{**SMALL, "method": "participant", "modality": "ppg", "teacher": None, "window": 15.0},
    )
    return run


def bytes_of(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): sha256(path.read_bytes()).hexdigest() for path in files}


def test_the_teachers_bytes_do_not_change_and_the_run_goes_on_to_the_bit(
    study, tmp_path, exported, monkeypatch
) -> None:
    before = bytes_of(BUNDLED / "ppg-v1")
    result = pretrain(study, tmp_path / "whole", **SMALL)
    assert bytes_of(BUNDLED / "ppg-v1") == before
    copied = bytes_of(tmp_path / "whole" / "teacher")
    assert copied
    assert copied.items() <= before.items()
    assert exported["teacher"] == {
        "name": "ppg-v1",
        "sha256": load_model("ppg-v1").config.sha256,
        "modality": "ppg",
        "dimension": 153,
        "frozen": True,
    }
    assert "teacher" not in exported["training"]  # which may be a path of this machine
    assert exported["modality"] == "acc"
    assert exported["features"] == "heart"
    assert exported["training"]["min_quality"] == 0.5
    assert exported["window_s"] == 30
    assert result["steps"] == 4
    assert np.isfinite(result["loss"])

    pretrain(study, tmp_path / "part", **{**SMALL, "steps": 2})
    config = tmp_path / "part" / "config.toml"
    text = config.read_text()
    assert "steps = 2" in text
    config.write_text(text.replace("steps = 2", "steps = 4").replace('"ppg-v1"', '"gone"'))
    # Warm-up and schedule follow from the length: so the part is done anew, from its first step.
    for path in (tmp_path / "part" / "checkpoint").iterdir():
        path.unlink()
    pretrain(resume=tmp_path / "part", workers=1)  # the run has its teacher in itself
    assert weights(tmp_path / "part") == weights(tmp_path / "whole")


def test_a_stopped_run_goes_on_as_if_never_stopped(study, tmp_path, exported, monkeypatch) -> None:
    pretrain(study, tmp_path / "whole", **SMALL)
    draw = DistillLearner.batches

    def stopping(self, data, rows, stream):
        inner = draw(self, data, rows, stream)

        def drawn(step: int):
            if step == 3:
                raise RuntimeError("stopped")
            return inner(step)

        return drawn if stream == TRAIN else inner

    monkeypatch.setattr(DistillLearner, "batches", stopping)
    with pytest.raises(RuntimeError, match="stopped"):
        pretrain(study, tmp_path / "part", **SMALL)
    monkeypatch.setattr(DistillLearner, "batches", draw)
    pretrain(resume=tmp_path / "part", workers=1)
    assert weights(tmp_path / "part") == weights(tmp_path / "whole")


def test_a_teacher_that_trains_learns_and_its_own_run_stays(study, teacher, tmp_path, exported) -> None:
    before = bytes_of(teacher)
    run = tmp_path / "run"
    pretrain(study, run, **{**SMALL, "teacher": str(teacher), "train_teacher": True})
    assert bytes_of(teacher) == before
    assert exported["teacher"]["frozen"] is False
    from safetensors.torch import load_file

    first = load_file(run / "teacher" / "teacher.safetensors")
    state = json.loads((run / "checkpoint" / "state.json").read_text())["files"]
    now = load_file(run / "checkpoint" / state["weights"])
    name = "1.stem.0.weight"
    assert not torch.equal(now[f"teacher.network.{name}"], first[f"encoder.{name}"])
    with pytest.raises(UsageError, match="run folder"):
        pretrain(study, tmp_path / "bundled", **{**SMALL, "train_teacher": True})


def drawn(study: Path, run: Path, **changed) -> tuple[TrainingData, Settings, np.ndarray]:
    settings = read_config(run / "config.toml")
    settings = make.settings(**{**settings.flat(), **changed})
    stores, _ = open_stores(settings, run / "windows", lambda line: None)
    data = TrainingData(stores)
    start_learner(settings).attach(data, run, print)
    return data, settings, np.flatnonzero(data.index["usable"])


@pytest.fixture(scope="module")
def run(study, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("drawn") / "run"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "write_model", lambda *arguments: None)
        pretrain(study, folder, **{**SMALL, "steps": 1, "validation": 0.0})
    return folder


@pytest.mark.parametrize("near", [0.0, 20.0, 25.0, 500.0])
def test_windows_near_in_time_are_no_negatives(study, run, near) -> None:
    data, settings, rows = drawn(study, run, near_seconds=near, batch=24, augment=False)
    data.index["time"] += 1e-6 * (np.arange(len(data.index)) // 2 % 2)  # as the rounding of a clock does
    windows, theirs, ignore = make.drawer(data, rows, settings, TRAIN)(0)
    # Without augmentation the windows are those of the store: which ones were drawn can be looked up.
    every = data.take(rows)
    chosen = [rows[int(np.argmin(np.abs(every - w).sum(axis=(1, 2))))] for w in windows.numpy()]
    np.testing.assert_array_equal(data.take(np.array(chosen)), windows.numpy())
    assert data.partners is not None
    for i, a in enumerate(chosen):
        expected = data.partners.teacher(data.partners.take(np.array([a])))
        np.testing.assert_allclose(theirs[i : i + 1].numpy(), expected, atol=1e-4)
        for j, b in enumerate(chosen):
            one, other = data.index.loc[a], data.index.loc[b]
            together = one["participant"] == other["participant"]
            assert bool(ignore[i, j]) == (together and round(abs(one["onset"] - other["onset"]), 6) <= near)


def test_two_sensors_of_one_person_and_time_are_no_negatives(study, run) -> None:
    """Both have the same window of the teacher: the answer of one is that of the other."""
    data, settings, rows = drawn(study, run, near_seconds=0.0, batch=48)
    other = data.index.loc[rows, "recording"] + "_right"
    data.index.loc[rows[::2], "recording"] = other[::2]
    half = len(rows) // 2 * 2
    for column in ("who", "time"):
        data.index.loc[rows[:half:2], column] = data.index.loc[rows[1:half:2], column].to_numpy()
    ignore = make.drawer(data, rows, settings, TRAIN)(0)[2]
    chosen = PairSampler(data.index, rows, 48, 0.0, settings.run.seed).draw(0, TRAIN)[0][:48]
    who, time = (data.index.loc[chosen, column].to_numpy() for column in ("who", "time"))
    expected = (who[:, None] == who) & (time[:, None] == time)
    recordings = data.index.loc[chosen, "recording"].to_numpy()
    assert (expected & (recordings[:, None] != recordings)).any()
    np.testing.assert_array_equal(ignore.numpy(), expected)


def test_own_negatives_are_of_the_same_person_alone(study, run) -> None:
    data, settings, rows = drawn(study, run, near_seconds=0.0, batch=24)
    own = make.settings(**{**settings.flat(), "negatives": "own"})
    usual, strict = (make.drawer(data, rows, s, TRAIN)(5) for s in (settings, own))
    assert torch.equal(usual[0], strict[0])  # the same windows and views
    people = {}
    for row, name in data.index["participant"].items():
        people[row] = name
    assert strict[2].sum() > usual[2].sum()
    assert (strict[2] | ~usual[2]).all()
    assert not strict[2].all()


def test_views_are_drawn_by_step_and_differ_from_the_windows(study, run) -> None:
    data, settings, rows = drawn(study, run)
    draw = make.drawer(data, rows, settings, TRAIN)
    for one, again in zip(draw(7), draw(7), strict=True):
        assert torch.equal(one, again)
    plain = make.drawer(data, rows, make.settings(**{**settings.flat(), "augment": False}), TRAIN)(7)
    assert torch.equal(plain[2], draw(7)[2])
    assert not torch.equal(plain[0], draw(7)[0])
    assert not torch.equal(plain[1], draw(7)[1])


def test_paired_files_need_no_table(study, tmp_path, exported) -> None:
    """Their names say whose they are, and their stamps when: as two sensors leave them."""
    for path in study.glob("*.parquet"):
        (tmp_path / path.name).symlink_to(path)
    told: list[str] = []
    result = pretrain(tmp_path, tmp_path / "run", say=told.append, **SMALL)
    assert result["failed"] == []
    assert exported["training_sets"][0]["participants"] == 3  # and one validates
    (found,) = [line for line in told if "have a partner" in line]
    with_table: list[str] = []
    pretrain(study, tmp_path / "other", say=with_table.append, **SMALL)
    assert found in with_table


def test_a_damaged_teacher_is_one_line(study, teacher, tmp_path) -> None:
    run = tmp_path / "run"
    pretrain(study, run, **{**SMALL, "teacher": str(teacher), "train_teacher": True, "steps": 1})
    (run / "teacher" / "teacher.safetensors").write_bytes(b"no weights")
    with pytest.raises(InputError, match="start the run anew"):
        pretrain(resume=run, workers=1)


def test_stores_of_both_signals_are_taken_as_they_are(study, tmp_path, exported) -> None:
    for modality in ("acc", "ppg"):
        preprocess([study], tmp_path / modality, window_s=30, stride_s=15, align=0.0, modality=modality)
    paths = (tmp_path / "acc", tmp_path / "ppg")
    pretrain(paths, tmp_path / "run", **{**SMALL, "window": None})
    assert not (tmp_path / "run" / "windows").exists()
    with pytest.raises(UsageError, match="no path has that"):
        pretrain(paths[0], tmp_path / "other", **{**SMALL, "window": None})
    for length, stride, modality in ((60, 15, "ppg"), (30, 15, "ppg"), (20, 10, "acc")):
        align = 1.5 if length == 30 else 0.0
        preprocess(
            *([study], tmp_path / f"{modality}-{length}"),
            window_s=length,
            stride_s=stride,
            align=align,
            modality=modality,
        )
    for store, options, said in (
        ("ppg-60", {}, "write the stores alike"),
        ("ppg", {"clock_offset": 1.5}, "by a clock of its own"),
    ):
        with pytest.raises(UsageError, match=said):
            pretrain((paths[0], tmp_path / store), tmp_path / "o", **{**SMALL, "window": None, **options})
    with pytest.raises(UsageError, match="no path has acc"):
        pretrain(paths[1], tmp_path / "other", **{**SMALL, "window": None})
    offset = {**SMALL, "window": None, "clock_offset": 1.5}
    pretrain((paths[0], tmp_path / "ppg-30"), tmp_path / "offset", **offset)
    with pytest.raises(UsageError, match="no whole number"):
        pretrain((tmp_path / "acc-20", paths[1]), tmp_path / "other", **{**SMALL, "window": None})
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--method", "distill"], "--teacher"),
        (["--method", "simclr", "--teacher", "ppg"], "--teacher is of --method distill"),
        (["--method", "simclr", "--no-augment"], "--no-augment is of --method distill"),
        (["--method", "distill", "--teacher", "nobody"], "nobody: no such model"),
        (["--method", "distill", "--teacher", "ppg", "--max-movement", "0"], "--max-movement"),
        (["--method", "distill", "--teacher", "ppg", "--train-teacher"], "run folder"),
        (["--method", "distill", "--teacher", "ppg", "--clock-offset", "nan"], "--clock-offset"),
        (["--method", "distill", "--teacher", "ppg", "--stride", "3.337"], "--stride 3.337"),
        (["--method", "distill", "--teacher", "ppg", "--window", "45", "--dry-run"], "no whole number"),
        (
            ["--method", "distill", "--teacher", "ecg", "--modality", "ppg", "--max-movement", "1"],
            "of acceleration",
        ),
    ],
)
def test_what_cannot_be_is_one_line(study, tmp_path, arguments, said, command) -> None:
    code, out, err = command("pretrain", str(study), "-o", str(tmp_path / "run"), *arguments)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not (tmp_path / "run").exists()
