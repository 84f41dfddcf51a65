"""Supervised learning of amounts: what a batch is made of, and a heart rate learnt."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from tests.training import make
from wearcli.errors import InputError
from wearcli.models import load_model
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import WindowStore
from wearcli.simulation.sample import write_sample
from wearcli.training import pretrain as module
from wearcli.training.data import TrainingData
from wearcli.training.methods.learner import new_objective, start_learner
from wearcli.training.pretrain import pretrain
from wearcli.training.settings import Settings

PLAIN = {"max_degrees": 0.0, "noise": 0.0, "scale": 0.0, "warp": 0.0}


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    """Two sets of windows, and of each a table: numbers of the recording and the time, of another size."""
    root = tmp_path_factory.mktemp("amounts")
    stores = [make.store(root / "near", people=6), make.store(root / "far", people=5, seed=1)]
    labels = []
    for store, factor in zip(stores, (1.0, 1000.0), strict=True):
        names = sorted(set(store.index["recording"]))
        rows = [
            (r, t, 10, factor * (n + t / 100 + 0.25)) for n, r in enumerate(names) for t in range(0, 40, 10)
        ]
        path = root / f"{store.folder.name}.csv"
        pd.DataFrame(rows, columns=["recording", "onset", "duration", "hr_bpm"]).to_csv(path, index=False)
        labels.append(f"{store.folder.name}={path}")
    return stores, tuple(labels)


def labelled(study, **options) -> tuple[TrainingData, Settings]:
    stores, labels = study
    settings = make.settings(
        **{"paths": ("x",), "method": "supervised", "labels": labels, "target": "hr_bpm", "validation": 0.2}
        | PLAIN
        | options
    )
    data = TrainingData(stores)
    make.label(data, settings)
    return data, settings


def test_each_set_is_standardised_by_its_people_who_train_alone(study):
    data, settings = labelled(study)
    train, aside = data.split(0.2, 0)
    found = start_learner(settings).amount_scales(data)
    assert list(found) == ["far", "near"]
    for name, (middle, deviation) in found.items():
        mine = [data.index.loc[row, "amount"] for row in train if data.index.loc[row, "dataset"] == name]
        assert middle == pytest.approx(np.mean(mine))
        assert deviation == pytest.approx(np.std(mine))
    assert found["far"][1] > 500 * found["near"][1]
    # Whatever those have who validate.
    data.index.loc[aside, "amount"] = 1e9
    assert start_learner(settings).amount_scales(data) == found
    assert start_learner(settings).class_names(data) == {}
    _, sets, amounts = make.drawer(data, aside, settings, 1)(0)
    expected = {n: np.float32((1e9 - m) / d) for n, (m, d) in enumerate(found.values())}
    assert all(amounts[n] == pytest.approx(expected[int(sets[n])]) for n in range(len(sets)))


def test_windows_come_with_their_set_and_amount(study):
    data, settings = labelled(study, batch=60)
    train, _ = data.split(0.2, 0)
    windows, sets, amounts = make.drawer(data, train, settings, 0)(3)
    assert (sets.dtype, amounts.dtype) == (torch.int64, torch.float32)
    found = list(start_learner(settings).amount_scales(data).items())
    everything = data.take(np.arange(len(data)))
    for window, number, amount in zip(windows.numpy(), sets.tolist(), amounts.tolist(), strict=True):
        (row,) = np.flatnonzero((everything == window).all(axis=(1, 2)))
        name, (middle, deviation) = found[number]
        assert row in train
        assert data.index.loc[row, "dataset"] == name
        assert amount == pytest.approx((data.index.loc[row, "amount"] - middle) / deviation, abs=1e-5)


def test_people_with_many_windows_are_drawn_less_often_than_they_have(study):
    data, settings = labelled(study, batch=8000)
    train, _ = data.split(0.2, 0)
    index = data.index.loc[train]
    near = index["dataset"] == "near"
    first = index.loc[near, "participant"].iloc[0]
    # Of the other people of this set every fourth window is left.
    rows = train[(near & ((index["participant"] == first) | (np.arange(len(train)) % 4 == 0))).to_numpy()]
    part = data.index.loc[rows]
    counts = part["participant"].value_counts()
    _, sets, amounts = make.drawer(data, rows, settings, 0)(0)
    assert set(sets.tolist()) == {1}
    middle, deviation = start_learner(settings).amount_scales(data)["near"]
    known = np.sort(part.loc[part["participant"] == first, "amount"].unique())
    values = amounts.double().numpy() * deviation + middle
    of_first = np.isclose(values[:, None], known, atol=1e-4).any(axis=1).mean()
    assert counts.max() == counts[first] > 3 * counts.drop(first).max()
    assert of_first == pytest.approx(np.sqrt(counts[first]) / np.sqrt(counts).sum(), abs=0.02)


def test_a_set_that_nobody_trains_has_no_answer(study):
    data, settings = labelled(study, validation=0.5)
    train, aside = data.split(0.5, 0)
    data.index.loc[[row for row in train if data.index.loc[row, "dataset"] == "near"], "amount"] = np.nan
    assert list(start_learner(settings).amount_scales(data)) == ["far"]
    of_near = np.array([row for row in aside if data.index.loc[row, "dataset"] == "near"])
    _, sets, amounts = make.drawer(data, aside, settings, 1)(0)
    assert set(sets.tolist()) == {0}
    assert amounts.isfinite().all()
    with pytest.raises(InputError, match="has an amount of a set of those who train: label more people"):
        make.drawer(data, of_near, settings, 1)


def test_of_people_who_all_have_the_same_only_the_mean_is_taken_off(study):
    data, settings = labelled(study)
    train, _ = data.split(0.2, 0)
    data.index.loc[train, "amount"] = 7.5
    assert set(start_learner(settings).amount_scales(data).values()) == {(7.5, 1.0)}


@pytest.fixture(scope="module")
def hearts(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("hearts")
    write_sample(folder / "recordings", 8, study="heart")
    preprocess([folder / "recordings"], folder / "windows", modality="ppg", rate_hz=32.0, window_s=10.0)
    return folder


def test_a_heart_rate_is_learnt(hearts):
    settings = make.settings(
        paths=("x",),
        method="supervised",
        modality="ppg",
        encoder="fast",
        revin=True,
        batch=24,
        labels=(str(hearts / "recordings" / "heart.csv"),),
        target="hr_bpm",
        validation=0.0,
        min_quality=0.0,
    )
    data = TrainingData([WindowStore.open(hearts / "windows")], 0.0)
    make.label(data, settings)
    train, _ = data.split(0.0, 0)
    ((middle, deviation),) = start_learner(settings).amount_scales(data).values()
    objective = new_objective(start_learner(settings), data)
    draw = make.drawer(data, train, settings, 0)
    optimizer = torch.optim.AdamW(objective.parameters(), 2e-3)
    for step in range(60):
        optimizer.param_groups[0]["lr"] = 2e-3 * (1 - step / 60)  # or the averages of BatchNorm lag behind
        loss = objective(*draw(step))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with torch.no_grad():
        windows = torch.from_numpy(data.take(train)).transpose(1, 2)
        told = objective.heads(objective.eval().encoder(windows))[:, 0].numpy() * deviation + middle
    truth = data.index.loc[train, "amount"].to_numpy()
    error, of_the_mean = np.abs(told - truth).mean(), np.abs(truth - middle).mean()
    assert error < 0.5 * of_the_mean


def test_a_run_of_amounts_gives_a_model_and_goes_on_to_the_bit(hearts, tmp_path, monkeypatch):
    options = {
        **{"method": "supervised", "modality": "ppg", "encoder": "fast", "target": "hr_bpm"},
        "revin": True,
        **{"labels": (str(hearts / "recordings" / "heart.csv"),), "steps": 4, "batch": 6, "workers": 1},
        **{"validate_every": 2, "checkpoint_every": 2, "precision": "fp32", "validation": 0.3},
    }
    whole = pretrain(hearts / "windows", tmp_path / "whole", **options)
    model = load_model(tmp_path / "whole")
    assert (model.config.training["target"], model.config.dimension) == ("hr_bpm", 256)
    assert np.isfinite(whole["validation_loss"])

    def stop(done: float, metrics: dict) -> None:
        if metrics["step"] == 4:
            raise RuntimeError("stopped")

    monkeypatch.setattr(module, "write_model", lambda encoder, folder, config, windows: config)
    with pytest.raises(RuntimeError, match="stopped"):
        pretrain(hearts / "windows", tmp_path / "parts", report=stop, **options)
    resumed = pretrain(resume=tmp_path / "parts", workers=1)
    assert (resumed["loss"], resumed["validation_loss"]) == (whole["loss"], whole["validation_loss"])
    assert make.flat(tmp_path / "parts" / "config.toml").target == "hr_bpm"
