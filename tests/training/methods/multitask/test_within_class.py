"""Whitening within classes: against planted covariances, and what it is for."""

import tracemalloc
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from wearcli.encoders.whitened import Whitened, Whitening
from wearcli.training.methods.multitask import within_class
from wearcli.training.methods.multitask.within_class import normalisation as whitening
from wearcli.training.methods.multitask.within_class import whiten


def planted(seed: int, people: int = 40, each: int = 30, d: int = 12) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings of four classes, told apart by the last two numbers; people differ in the first six."""
    rng = np.random.default_rng(seed)
    classes = rng.integers(0, 4, (people, each))
    found = 0.2 * rng.normal(size=(people, each, d))
    found[:, :, :6] += 3 * rng.normal(size=(people, 1, 6))
    found[:, :, -2] += classes % 2
    found[:, :, -1] += classes // 2
    mix = np.linalg.qr(np.random.default_rng(99).normal(size=(d, d)))[0]
    return (found @ mix + 5).reshape(-1, d).astype(np.float32), classes.ravel()


def moved_by(found: Whitening, values: np.ndarray) -> np.ndarray:
    """What the map makes of values (n, D), step by step."""
    moved = (values - found.centre) * found.scale @ found.symmetric
    moved[:, found.among] = moved[:, found.among] @ found.turn.T
    return moved


def normalisation(values: np.ndarray, *arguments: Any, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    """The map as a matrix and what it adds."""
    found = whitening(values, *arguments, **options)
    at = moved_by(found, np.vstack([np.zeros(values.shape[1]), np.eye(values.shape[1])]))
    return (at[1:] - at[0]).T, at[0]


def covariance_within(values: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """By a loop over classes, each weighing with the square root of its windows."""
    total, weight = np.zeros((values.shape[1],) * 2), 0.0
    for each in np.unique(classes):
        mine = values[classes == each].astype(float)
        total += np.sqrt(len(mine)) * np.cov(mine.T, ddof=0)
        weight += np.sqrt(len(mine))
    return total / weight


def test_without_a_floor_the_covariance_within_classes_is_a_multiple_of_the_unit_matrix() -> None:
    values, classes = planted(0)
    weight, bias = normalisation(values, classes, np.random.default_rng(0), floor=0.0)
    found = values @ weight.T + bias
    within = covariance_within(found, classes)
    np.testing.assert_allclose(within / within[0, 0], np.eye(12), atol=1e-3)
    np.testing.assert_allclose(found.mean(axis=0), 0, atol=1e-3)
    assert np.square(found).mean() == pytest.approx(1, rel=1e-3)


def test_each_number_stays_as_near_as_may_be_to_what_it_was() -> None:
    """Of all maps that make a covariance the unit matrix the symmetric one moves numbers least."""
    values, classes = planted(1)
    weight, _ = normalisation(values, classes, np.random.default_rng(0), floor=0.0)
    spread = values.std(axis=0)
    scaled = weight * spread  # as it maps numbers that were standardised
    np.testing.assert_allclose(scaled, scaled.T, atol=1e-4 * np.abs(scaled).max())
    within = np.concatenate([values[classes == each] - values[classes == each].mean(0) for each in range(4)])
    within /= spread
    moved = within @ scaled.T
    moved *= within.std() / moved.std()
    for seed in range(20):
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(12, 12)))[0]
        assert np.square(moved - within).sum() < np.square(moved @ turn.T - within).sum()


def test_standardising_each_number_afterwards_changes_little() -> None:
    """A probe does that, and must not make all directions alike again."""
    values, classes = planted(1)
    weight, bias = normalisation(values, classes, np.random.default_rng(0))
    found = values @ weight.T + bias
    spread = np.linalg.eigvalsh(np.cov(found.T))
    assert spread[-1] > 5 * spread[0]
    kept = np.linalg.eigvalsh(np.corrcoef(found.T))
    np.testing.assert_allclose(kept[-2:], spread[-2:], rtol=0.5)


def nearest_class(train: np.ndarray, of: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Each test row's class by the nearest mean, after each number was standardised."""
    mean, spread = train.mean(axis=0), train.std(axis=0)
    train, test = (train - mean) / spread, (test - mean) / spread
    means = np.stack([train[of == each].mean(axis=0) for each in range(4)])
    return np.square(test[:, None] - means).sum(axis=2).argmin(axis=1)


def test_few_people_tell_the_classes_of_others() -> None:
    values, classes = planted(2)
    weight, bias = normalisation(values, classes, np.random.default_rng(0))
    few, of = planted(3, people=4)
    others, truth = planted(4, people=60)
    before = (nearest_class(few, of, others) == truth).mean()
    after = (nearest_class(few @ weight.T + bias, of, others @ weight.T + bias) == truth).mean()
    assert before < 0.6
    assert after > 0.85


def test_what_is_measured_is_not_made_small() -> None:
    """A cadence differs within each class of walking and is no nuisance; nor is what goes with it."""
    rng = np.random.default_rng(5)
    classes = rng.integers(0, 3, 4000)
    cadence, mood = rng.normal(size=(2, 4000))
    values = 0.2 * rng.normal(size=(4000, 6))
    values[:, 0] += cadence
    values[:, 1] += cadence
    values[:, 2] += mood
    values[:, 3] += classes
    values = values.astype(np.float32)

    cadence_moves, mood_moves = np.float64([[1, 1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]])

    def ratio(measures: slice) -> float:
        """How far a cadence moves an embedding, to how far a mood does."""
        weight, _ = normalisation(values, classes, np.random.default_rng(0), measures)
        return float(np.linalg.norm(weight @ cadence_moves) / np.linalg.norm(weight @ mood_moves))

    assert ratio(slice(0)) == pytest.approx(1, rel=0.2)
    assert ratio(slice(0, 1)) > 2.5


def test_what_is_measured_stays_large_after_a_probe_standardises() -> None:
    """Each of the numbers beside it then has a part of it; of those farther off none has."""
    rng = np.random.default_rng(9)
    classes = rng.integers(0, 4, 20_000)
    values = rng.normal(size=(20_000, 12)).astype(np.float32)
    values[:, 2] += 0.5 * values[:, 3]  # goes with what is measured within a class
    values[:, 3] += 2 * classes
    found = {}
    for among in (slice(0), slice(0, 6)):
        weight, bias = normalisation(
            values, classes, np.random.default_rng(0), slice(3, 4), among, floor=0.02
        )
        embedding = values @ weight.T + bias
        found[among.stop] = np.corrcoef(values[:, 3], embedding.T)[0, 1:]
        within = np.concatenate(
            [embedding[classes == each] - embedding[classes == each].mean(0) for each in range(4)]
        )
        others = np.cov(within.T)[6:, 6:]
        np.testing.assert_allclose(others / others[0, 0], np.eye(6), atol=0.05)
    parts = np.abs(found[6][:6])
    assert (np.abs(found[0]) > 0.5).sum() == 1
    assert (parts > 0.5).sum() > 1
    np.testing.assert_allclose(found[6][6:], found[0][6:], atol=1e-5)


def test_what_is_turned_is_turned_among_itself_alone() -> None:
    values, classes = planted(1)
    one, other = (
        normalisation(values, classes, np.random.default_rng(seed), slice(0, 2), slice(0, 5))[0]
        for seed in (0, 1)
    )
    np.testing.assert_allclose(one[5:], other[5:], rtol=1e-5)
    assert np.abs(one[:5] - other[:5]).max() > 0.1
    np.testing.assert_allclose(one[:5].T @ one[:5], other[:5].T @ other[:5], atol=1e-4)


def test_what_nuisances_change_is_made_as_small_as_what_differs_within_classes() -> None:
    values, classes = planted(1)
    rng = np.random.default_rng(3)
    worn = 4 * rng.normal(size=(500, 1)) * rng.normal(size=12) + 0.1 * rng.normal(size=(500, 12))
    weight, _ = normalisation(values, classes, np.random.default_rng(0), nuisance=worn, floor=0.0)
    changed = worn @ weight.T
    found = covariance_within(values @ weight.T, classes) + changed.T @ changed / len(changed)
    np.testing.assert_allclose(found / found[0, 0], np.eye(12), atol=1e-3)
    without, _ = normalisation(values, classes, np.random.default_rng(0), floor=0.0)
    assert np.square(changed).sum() < 0.2 * np.square(worn @ without.T).sum()


def test_a_sensor_worn_the_other_way_round_is_a_nuisance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each window turned by half a turn about x, y or z: two of its three axes change their sign."""
    seen = {}

    def caught(embedding, classes, rng, measures, among, nuisance):
        seen.update(nuisance=nuisance)
        return whitening(embedding, classes, rng, measures, among, nuisance)

    class Means(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x.mean(dim=2)

    monkeypatch.setattr(within_class, "normalisation", caught)
    rng = np.random.default_rng(0)
    table = {"dataset": "a", "placement": "wrist", "label": rng.choice(["walk", "sit"], 300)}
    gravity = np.float32([1, 2, 4])
    windows = np.tile(gravity, (300, 10, 1)) + 0.01 * rng.normal(size=(300, 10, 3)).astype(np.float32)
    data = SimpleNamespace(index=pd.DataFrame(table), take=lambda rows: windows[rows])
    whiten(Means(), data, np.arange(300), 0)
    changed = np.rint(seen["nuisance"] / gravity).astype(int)
    assert {tuple(each) for each in changed} == {(0, -2, -2), (-2, 0, -2), (-2, -2, 0)}


def test_what_has_no_three_axes_is_not_turned() -> None:
    rng = np.random.default_rng(0)
    windows = rng.normal(size=(200, 4, 1)).astype(np.float32)
    index = pd.DataFrame({"dataset": "a", "placement": "finger", "label": rng.choice(["rest", "run"], 200)})
    encoder = nn.Sequential(nn.Flatten(), nn.Linear(4, 4, bias=False))
    found = whiten(encoder, SimpleNamespace(index=index, take=lambda rows: windows[rows]), np.arange(200), 0)
    with torch.no_grad():
        values = encoder(torch.from_numpy(windows)).numpy()
    expected = whitening(values, (index["label"] == "run").to_numpy(int), np.random.default_rng(0))
    lower = found.lower.detach().numpy()
    np.testing.assert_allclose(lower + lower.T, expected.symmetric, atol=1e-5)


@pytest.mark.parametrize("among", [slice(0), slice(0, 4), slice(3, 7), slice(8, 12)])
def test_the_encoder_gives_what_the_map_says(among: slice) -> None:
    values, classes = planted(7)
    found = whitening(values, classes, np.random.default_rng(0), slice(0, 2), among)
    module = Whitened(nn.Flatten(), found)
    seen = module(torch.from_numpy(values[:50]).reshape(50, 3, 4)).detach().numpy()
    np.testing.assert_allclose(seen, moved_by(found, values[:50]), atol=1e-4)


def test_a_number_that_never_changes_stays_finite() -> None:
    values, classes = planted(6)
    values[:, 3] = 2.5
    weight, bias = normalisation(values, classes, np.random.default_rng(0))
    assert np.isfinite(weight).all()
    assert np.isfinite(values @ weight.T + bias).all()


def test_classes_are_of_a_set_and_a_placement_and_windows_without_a_label_have_no_say(monkeypatch) -> None:
    seen = {}

    def caught(embedding, classes, rng, measures, among, nuisance):
        seen.update(embedding=embedding, classes=classes, measures=measures, among=among, nuisance=nuisance)
        return whitening(embedding, classes, rng, measures, among)

    monkeypatch.setattr(within_class, "normalisation", caught)

    class First(nn.Module):
        rounding = 0.5
        measures, measured_among = slice(0, 1), slice(0, 2)

        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.zeros(1))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :2, 0]

    table = {
        "dataset": ["a", "a", "a", "b", "a", "a"],
        "placement": ["wrist", "wrist", "hip", "wrist", "wrist", None],
    }
    index = pd.DataFrame({**table, "label": ["walk", None, "walk", "walk", "walk", "walk"]})
    windows = np.arange(6, dtype=np.float32)[:, None, None] * np.ones((6, 10, 3), np.float32)
    data = SimpleNamespace(index=index, take=lambda rows: windows[rows])
    found = whiten(First(), data, np.arange(6), 0)
    assert isinstance(found, Whitened)
    assert found.rounding == 0.5
    assert (seen["measures"], seen["among"]) == (First.measures, First.measured_among)
    assert seen["embedding"][:, 0].tolist() == [0, 2, 3, 4, 5]
    assert len(set(seen["classes"])) == 4
    assert seen["classes"][0] == seen["classes"][3]


def test_memory_grows_with_the_windows_not_with_their_square() -> None:
    """Products in the wrong order once made a matrix of windows by windows: 13 GB."""
    rng = np.random.default_rng(7)
    values, classes = rng.normal(size=(6000, 8)).astype(np.float32), rng.integers(0, 5, 6000)
    tracemalloc.start()
    whitening(values, classes, rng, slice(0, 2), slice(0, 4))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40 * values.nbytes < 6000 * 6000 * 8
