"""Each method from a small store to a model folder, and on from a checkpoint as if never stopped."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training import make
from tests.training.make import lines, weights
from wearcli.errors import InputError, UsageError
from wearcli.models import load_model
from wearcli.models.runtime import open_session
from wearcli.training import pretrain as module
from wearcli.training.data import TrainingData
from wearcli.training.methods.learner import start_learner
from wearcli.training.methods.multitask import learner as multitask
from wearcli.training.plan import plan
from wearcli.training.pretrain import pretrain
from wearcli.training.settings import Settings

SMALL = {
    "steps": 8,
    "batch": 8,
    "validate_every": 2,
    "checkpoint_every": 2,
    "workers": 1,
    "precision": "fp32",
    "validation": 0.2,
}


TOKENS = {"encoder": "transformer", "mask_seconds": 0.5}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """A store of six people's walks and a table that labels the first 40 s of each."""
    folder = tmp_path_factory.mktemp("study")
    store = make.store(folder / "walks")
    rows = [f"P{p}_{n},{20 * k},20,{'abc'[(n + k) % 3]}\n" for p in range(6) for n in (0, 1) for k in (0, 1)]
    (folder / "labels.csv").write_text("recording,onset,duration,label\n" + "".join(rows))
    labels = {"labels": (str(folder / "labels.csv"),)}
    return store, {"masked": {}, "supervised": labels, "multitask": labels}


@pytest.mark.slow  # the export to ONNX
@pytest.mark.parametrize("method", ["masked", "tokens", "supervised", "multitask"])
def test_a_run_gives_a_model_and_goes_on_to_the_bit(study, method, tmp_path, monkeypatch):
    store, options = study
    if method == "tokens":  # the masked autoencoder of a transformer
        method, options = "masked", {"masked": TOKENS}
    result = pretrain(store.folder, tmp_path / "whole", method=method, **options[method], **SMALL)
    model = load_model(tmp_path / "whole")
    assert model.config.training["method"] == method
    (embedding,) = open_session(model.onnx_path).run(["embedding"], {"windows": store.take(np.arange(3))})
    assert embedding.shape == (3, 993 if method == "multitask" else 256)
    assert np.isfinite(embedding).all()

    def stop(done: float, metrics: dict) -> None:
        if metrics["step"] == 6:
            raise RuntimeError("stopped")

    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    with pytest.raises(RuntimeError, match="stopped"):
        pretrain(store.folder, tmp_path / "parts", method=method, report=stop, **options[method], **SMALL)
    resumed = pretrain(resume=tmp_path / "parts", workers=1)
    assert (resumed["steps"], resumed["loss"]) == (8, result["loss"])
    assert weights(tmp_path / "parts") == weights(tmp_path / "whole")
    assert lines(tmp_path / "parts") == lines(tmp_path / "whole")


def test_multitask_ends_with_whitening_within_classes(study, tmp_path, monkeypatch):
    store, options = study
    windows = torch.from_numpy(store.take(np.arange(len(store)))).transpose(1, 2)
    found = {}

    def kept(encoder, folder, config, some):
        found[folder.parent.name] = encoder.eval()(windows).detach().numpy()

    monkeypatch.setattr(module, "write_model", kept)
    for whitened in (True, False):
        folder = tmp_path / str(whitened)
        pretrain(store.folder, folder, method="multitask", whiten=whitened, **options["multitask"], **SMALL)
    assert weights(tmp_path / "True") == weights(tmp_path / "False")
    # One is a linear map of the other: nothing is lost, nothing new is told.
    plain = np.c_[found["False"], np.ones(len(store))].astype(float)
    rest = found["True"] - plain @ np.linalg.lstsq(plain, found["True"], rcond=None)[0]
    assert np.abs(rest).max() < 0.02 < np.abs(found["True"] - found["False"]).mean()
    # 1 over the labelled windows of those who train; the others are not far.
    assert 0.5 < np.square(found["True"]).mean() < 2


def test_no_other_method_whitens(study, tmp_path):
    store, _ = study
    with pytest.raises(UsageError, match="--no-whiten is of --method multitask, not of simclr"):
        pretrain(store.folder, tmp_path / "run", whiten=False, **SMALL)


def test_the_model_says_which_labels_it_was_trained_on(study, tmp_path, monkeypatch):
    store, options = study
    kept = {}
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: kept.update(config))
    pretrain(store.folder, tmp_path / "run", method="supervised", **options["supervised"], **SMALL)
    (walks,) = kept["training_sets"]
    # One of six people validates; 40 s of two recordings of 60 s have labels, in windows of 2 s.
    assert (walks["participants"], walks["windows"], walks["classes"]) == (5, 200, ["a", "b", "c"])
    assert str(store.folder.parent) not in json.dumps(kept)
    assert make.flat(tmp_path / "run" / "config.toml").labels == options["supervised"]["labels"]
    pretrain(store.folder, tmp_path / "other", method="masked", **SMALL)
    assert "classes" not in kept["training_sets"][0]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"method": "supervised"}, "name the file with --labels"),
        ({"method": "supervised", "labels": ("nowhere.csv",)}, "nowhere.csv: no such table of labels"),
        ({"method": "masked", "labels": ("nowhere.csv",)}, "--labels is of --method supervised"),
        ({"method": "masked", "mask_share": 1.0}, "--mask-share 1: must be below 1"),
        ({"method": "masked", "mask_seconds": 0.0}, "--mask-seconds 0: must be above 0"),
        ({"method": "masked", "mask_seconds": 3.0}, "1 patches of a window of 2 s, of which .* none or all"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(study, tmp_path, options, says):
    with pytest.raises(UsageError, match=says) as error:
        pretrain(study[0].folder, tmp_path / "run", **options)
    assert "\n" not in str(error.value)
    assert not list(tmp_path.iterdir())


def test_overwrite_does_not_remove_the_labels(study, tmp_path, monkeypatch):
    store, options = study
    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    pretrain(store.folder, tmp_path / "run", method="supervised", **options["supervised"], **SMALL)
    kept = tmp_path / "run" / "labels.csv"
    shutil.copy(options["supervised"]["labels"][0], kept)
    for text in (str(kept), f"walks={kept}"):
        with pytest.raises(UsageError, match="which --overwrite would remove"):
            pretrain(store.folder, tmp_path / "run", method="supervised", labels=(text,), overwrite=True)
    assert kept.is_file()


def test_missing_labels_are_said_in_a_plan_too(study):
    with pytest.raises(UsageError, match="--labels"):
        plan(study[0].folder, method="supervised")


def labelled(study, validation: float = 0.2) -> tuple[TrainingData, Settings]:
    store, options = study
    data = TrainingData([store])
    settings = make.settings(
        paths=("x",), method="supervised", batch=4000, validation=validation, **options["supervised"]
    )
    make.label(data, settings)
    return data, settings


def test_rare_classes_and_people_are_drawn_more_often_than_they_are(study):
    data, settings = labelled(study)
    train, _ = data.split(settings.validation.validation, settings.run.seed)
    # All but a tenth of class c goes, and all but a half of one person.
    index = data.index.loc[train]
    first = index["participant"].iloc[0]
    kept = (index["label"] != "c") | (np.arange(len(train)) % 10 == 0)
    kept &= (index["participant"] != first) | (np.arange(len(train)) % 2 == 0)
    rows = train[kept]
    part = data.index.loc[rows]
    _, labels = make.drawer(data, rows, settings, 0)(0)
    of_class, of_person = part["label"].value_counts(), part["participant"].value_counts()
    pairs = list(zip(part["label"], part["participant"], strict=True))
    weights = [1 / np.sqrt(of_class[label] * of_person[person]) for label, person in pairs]
    expected = {
        name: sum(w for (label, _), w in zip(pairs, weights, strict=True) if label == name) / sum(weights)
        for name in "abc"
    }
    for code, name in enumerate("abc"):
        share = float((labels == code).float().mean())
        assert share == pytest.approx(expected[name], abs=4 * np.sqrt(0.25 / 4000))
    assert expected["c"] > 1.5 * of_class["c"] / len(part)


def test_windows_come_with_their_own_class_and_none_without_label(study):
    data, settings = labelled(study)
    train, _ = data.split(settings.validation.validation, settings.run.seed)
    plain = settings.changed(batch=50, max_degrees=0, noise=0, scale=0, warp=0)
    windows, labels = make.drawer(data, train, plain, 0)(3)
    everything = data.take(np.arange(len(data)))
    for window, label in zip(windows.numpy(), labels.tolist(), strict=True):
        (row,) = np.flatnonzero((everything == window).all(axis=(1, 2)))
        assert data.index.loc[row, "label"] == "abc"[label]
        assert row in train


def test_a_class_of_validating_people_alone_is_left_out(study):
    data, settings = labelled(study)
    _, aside = data.split(settings.validation.validation, settings.run.seed)
    data.index.loc[aside[:15], "label"] = "unheard of"
    left = data.index.loc[aside[15:], "label"]
    assert start_learner(settings).class_names(data) == {"walks": ["a", "b", "c"]}
    _, labels = make.drawer(data, aside, settings, 1)(0)
    assert {"abc"[label] for label in labels} == set(left)
    data.index.loc[aside, "label"] = "unheard of"
    with pytest.raises(InputError, match="--validation 0"):
        make.drawer(data, aside, settings, 1)


@pytest.mark.parametrize(("share", "seconds"), [(0.5, 0.2), (0.3, 0.25), (0.75, 0.3)])
def test_masks_are_of_the_share_that_was_asked_for(study, share, seconds):
    data = TrainingData([study[0]])
    settings = make.settings(method="masked", mask_share=share, mask_seconds=seconds, batch=64)
    patch, count = start_learner(settings).patches(data)
    assert patch == round(50 * seconds)
    assert (count - 1) * patch < 100 <= count * patch
    draw = make.drawer(data, np.arange(len(data)), settings, 0)
    windows, hidden, noise = draw(7)
    assert (windows.shape, hidden.shape, noise.shape) == ((64, 100, 3), (64, count), (64, 100, 3))
    assert (hidden.sum(dim=1) == round(share * count)).all()
    assert len({tuple(row) for row in hidden.tolist()}) > 15  # not one mask for all
    assert all(torch.equal(a, b) for a, b in zip(draw(7), (windows, hidden, noise), strict=True))
    assert not torch.equal(draw(8)[1], hidden)
    held = make.drawer(data, np.arange(len(data)), settings, 1)
    assert not torch.equal(held(7)[1], hidden)


def test_a_transformer_hides_its_own_patches_and_its_windows_are_as_measured_but_for_acceleration(study):
    data = TrainingData([study[0]])
    rows = np.arange(len(data))
    everything = data.take(rows)
    settings = make.settings(method="masked", mask_share=0.75, batch=16, **TOKENS)
    assert start_learner(settings).patches(data) == (25, 4)
    windows, hidden = make.drawer(data, rows, settings, 0)(7)
    assert windows.shape == (16, 100, 3)
    assert (hidden.sum(dim=1) == 3).all()
    assert len({tuple(row) for row in hidden.tolist()}) == 4
    assert not all((everything == window).all(axis=(1, 2)).any() for window in windows.numpy())
    for modality in ("ppg", "ecg"):  # another signal's windows are no other here
        windows, again = make.drawer(data, rows, settings.changed(modality=modality), 0)(7)
        assert all((everything == window).all(axis=(1, 2)).any() for window in windows.numpy())
        assert again.shape == hidden.shape
    with pytest.raises(UsageError, match=r"'transformer' hides its own patches, --mask-seconds 0.5"):
        start_learner(settings.changed(mask_seconds=0.2)).patches(data)


def test_pairs_come_with_their_classes_and_windows_without_one_too(study):
    store, options = study
    data = TrainingData([store])
    settings = make.settings(method="multitask", batch=64, validation=0.2, **options["multitask"])
    make.label(data, settings)
    assert data.index["usable"].all()
    train, _ = data.split(0.2, settings.run.seed)
    draw = make.drawer(data, train, settings, 0)
    codes = np.full(len(data), -1)
    codes[train] = start_learner(settings).class_codes(data, train)
    sampled = []
    for step in range(5):
        views, ignore, labels = draw(step)
        assert views.shape == (128, 100, 3)
        assert ignore.shape == (128, 128)
        sampled.append(labels.numpy())
    assert set(np.unique(sampled)) == {-1, 0, 1, 2}
    none = make.settings(**{**settings.flat(), "max_degrees": 0.0, "noise": 0.0, "scale": 0.0, "warp": 0.0})
    views, _, labels = make.drawer(data, train, none, 0)(3)
    windows = {
        row.tobytes(): code for row, code in zip(store.take(np.arange(len(store))), codes, strict=True)
    }
    assert [windows[view.numpy().tobytes()] for view in views] == labels.tolist()


def test_balance_keeps_sets_people_and_classes_from_drowning_each_other():
    rng = np.random.default_rng(0)
    dataset = np.repeat(["a", "b"], [900, 100])
    person = np.where(rng.random(1000) < 0.8, "p", "q")
    codes = np.where(rng.random(1000) < 0.1, 1, 0) + 2 * (dataset == "b")
    codes[:100] = -1
    data = SimpleNamespace(index=pd.DataFrame({"dataset": dataset, "participant": dataset + person}))
    weight = multitask.balance(data, np.arange(1000), codes)
    assert weight[dataset == "a"].sum() / weight[dataset == "b"].sum() == pytest.approx(3)
    # By a loop: within a set, (windows of the class x windows of the person) ** -0.5.
    for one, other in rng.integers(0, 900, (50, 2)):
        expected = [
            ((codes[:900] == codes[n]).sum() * (person[:900] == person[n]).sum()) ** -0.5
            for n in (one, other)
        ]
        assert weight[one] / weight[other] == pytest.approx(expected[0] / expected[1])
