"""The participant contrast from simulated ECG and PPG to a model folder, and on as if never stopped."""

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training import make
from tests.training.make import lines, weights
from wearcli.errors import InputError, UsageError
from wearcli.models import load_model
from wearcli.models.runtime import open_session
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.simulation.sample import write_sample
from wearcli.training.data import TrainingData
from wearcli.training.methods.learner import start_learner
from wearcli.training.methods.participant.learner import ParticipantLearner
from wearcli.training.methods.participant.objective import HIDDEN
from wearcli.training.pretrain import pretrain
from wearcli.training.sampler import TRAIN, VALIDATION
from wearcli.training.settings import Settings

SMALL = {
    "method": "participant",
    "steps": 4,
    "batch": 4,
    "validate_every": 2,
    "checkpoint_every": 2,
    "workers": 1,
    "precision": "fp32",
    "validation": 0.35,
}
WINDOW_S = {"ecg": 4.0, "ppg": 8.0}


@pytest.fixture(scope="module")
def stores(tmp_path_factory) -> dict[str, Path]:
    """Of six simulated people, two minutes each: 30 windows of ECG or 15 of PPG."""
    folder = tmp_path_factory.mktemp("hearts")
    write_sample(folder / "study", 6, study="heart")
    for modality, window_s in WINDOW_S.items():
        preprocess([folder / "study"], folder / modality, window_s=window_s, modality=modality)
    return {modality: folder / modality for modality in WINDOW_S}


@pytest.mark.parametrize("modality", ["ecg", "ppg"])
def test_a_run_tells_of_its_signal_and_goes_on_to_the_bit(stores, modality, tmp_path, exported) -> None:
    options = {**SMALL, "modality": modality}
    result = pretrain(stores[modality], tmp_path / "whole", **options)
    assert exported["modality"] == modality
    assert exported["encoder"] == "pulse"
    assert exported["normalisation"] == "zscore"
    cut = (exported["window_s"], exported["unit"], exported["channels"])
    assert cut == (WINDOW_S[modality], "raw", [f"{modality}1"])
    (of,) = exported["training_sets"]
    assert of["participants"] == 4
    assert exported["training"]["temperature"] == 0.04
    figures = [line for line in lines(tmp_path / "whole") if "effective_rank" in line]
    assert len(figures) == 2
    assert all(line["dispersion_ratio"] > 0 and line["validation_loss"] > 0 for line in figures)
    assert result["effective_rank"] == figures[-1]["effective_rank"] > 1

    def stop(done: float, metrics: dict) -> None:
        if metrics["step"] == 4:
            raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        pretrain(stores[modality], tmp_path / "parts", report=stop, **options)
    resumed = pretrain(resume=tmp_path / "parts", workers=1)
    assert (resumed["steps"], resumed["loss"]) == (4, result["loss"])
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")


def test_the_model_folder_loads_and_embeds(stores, tmp_path, monkeypatch) -> None:
    # Of all 16 blocks the export is slow.
    monkeypatch.setattr("wearcli.encoders.efficientnet.LARGE", ((16, 3, 1, 1), (24, 5, 2, 1)))
    options = {**SMALL, "modality": "ppg", "encoder": "efficientnet", "steps": 2}
    result = pretrain(stores["ppg"], tmp_path / "run", **options)
    model = load_model(tmp_path / "run")
    assert (model.config.modality, model.config.dimension) == ("ppg", 256)
    assert model.config.training["method"] == "participant"
    assert model.config.metrics["loss"] == result["loss"]
    windows = WindowStore.open(stores["ppg"]).take(np.arange(5))
    windows[4] = 0  # a flat window
    (embedding,) = open_session(model.onnx_path).run(["embedding"], {"windows": windows})
    assert embedding.shape == (5, 256)
    assert np.isfinite(embedding).all()


@pytest.mark.parametrize(
    "options", [{"positives": "segment"}, {"koleo": 0.0}, {"momentum": 0.0}, {"encoder": "fast"}]
)
def test_it_runs_without_each_of_its_parts(stores, options, tmp_path, exported) -> None:
    result = pretrain(stores["ppg"], tmp_path / "run", modality="ppg", **{**SMALL, "steps": 2, **options})
    assert (result["steps"], result["collapsed"]) == (2, False)
    for option, value in options.items():
        assert {**exported, **exported["training"]}[option] == value
    kept = weights(tmp_path / "run")["weights"]
    assert b'"encoder.' in kept
    assert (b'"slow.encoder.' in kept) == (options.get("momentum") != 0)


def data_of(stores, modality: str, **options) -> tuple[TrainingData, Settings]:
    return TrainingData([WindowStore.open(stores[modality])]), make.settings(
        method="participant", modality=modality, batch=6, **options
    )


def test_the_objective_is_as_the_settings_say(stores) -> None:
    data, settings = data_of(stores, "ppg", encoder="fast", koleo=0.3, momentum=0.9, temperature=0.2)
    objective = start_learner(settings).objective(data)
    assert (objective.koleo, objective.momentum, objective.temperature) == (0.3, 0.9, 0.2)
    assert objective.slow is not None
    assert objective.head.hidden.in_features == 256


def test_a_batch_is_two_views_of_two_segments_of_each(stores) -> None:
    data, settings = data_of(stores, "ecg")
    rows = np.flatnonzero(data.index["usable"])
    draw = make.drawer(data, rows, settings, TRAIN)
    views, people, keep = draw(3)
    assert views.shape == (12, 512, 1)
    assert sorted(people.tolist()) == [0, 1, 2, 3, 4, 5]
    assert (keep.shape, keep.dtype) == ((2, 12, HIDDEN), torch.bool)
    assert keep.float().mean() == pytest.approx(0.9, abs=0.01)
    assert not torch.equal(keep[0], keep[1])
    assert all(torch.equal(a, b) for a, b in zip(draw(3), (views, people, keep), strict=True))
    held = make.drawer(data, rows, settings, VALIDATION)
    assert not torch.equal(held(3)[0], views)


def test_views_of_segments_are_of_the_people_they_say(stores, monkeypatch) -> None:
    data, settings = data_of(stores, "ppg")
    monkeypatch.setattr(ParticipantLearner, "views", lambda self: lambda windows, generator: windows)
    rows = np.flatnonzero(data.index["usable"])
    everything = data.take(np.arange(len(data)))
    for positives, same in (("participant", False), ("segment", True)):
        of = make.settings(**{**settings.flat(), "positives": positives})
        views, people, _ = make.drawer(data, rows, of, TRAIN)(1)
        found = [int(np.flatnonzero((everything == view).all(axis=(1, 2)))[0]) for view in views.numpy()]
        names = data.index["participant"].to_numpy()[found]
        assert (names[:6] == names[6:]).all()
        assert [a == b for a, b in zip(found[:6], found[6:], strict=True)] == [same] * 6
        assert len(set(zip(people.tolist(), names[:6], strict=True))) == len(set(people.tolist()))


def test_what_cannot_be_is_refused(stores, tmp_path) -> None:
    for options, says in (
        ({"modality": "acc"}, "its windows are of ecg, not acc: give --modality ecg"),
        ({"modality": "ecg", "momentum": 1.0}, "--momentum 1: must be below 1"),
        ({"modality": "ecg", "positives": "person"}, "--positives takes participant or segment"),
        ({"modality": "ecg", "method": "simclr", "koleo": 0.2}, "--koleo is of --method participant"),
        ({"modality": "ecg", "encoder": "streams"}, "streams"),
    ):
        with pytest.raises(UsageError, match=says):
            pretrain(stores["ecg"], tmp_path / "run", **{**SMALL, **options})
    assert not list(tmp_path.iterdir())


def test_people_of_one_segment_are_no_pair(tmp_path) -> None:
    write_sample(tmp_path / "study", 3, study="heart")
    options = {**SMALL, "modality": "ecg", "window": 100.0, "validation": 0.0}
    with pytest.raises(InputError, match="nobody has two segments"):
        pretrain(tmp_path / "study", tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
