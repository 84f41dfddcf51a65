"""The registry: every name has a module with all that a kind needs, and `--probe` takes several of them."""

import subprocess
import sys
from importlib import import_module

import numpy as np
import pytest

from wearcli.errors import UsageError
from wearcli.probing.kinds import FEATURES, KINDS, PROBES, check_kinds, input_column, load_kind, parse_kinds
from wearcli.probing.kinds.kind import Training


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_fits_predicts_and_comes_back_from_its_arrays(name: str) -> None:
    kind = load_kind(name)
    assert kind is import_module(f"wearcli.probing.kinds.{name}").KIND
    rng = np.random.default_rng(1)
    owner, truth = np.repeat(np.arange(8), 20), np.arange(160) % 3 + 2  # a class 0 and 1 that nobody has
    vectors = (rng.normal(size=(160, 5)) + 3 * np.eye(5)[truth]).astype(np.float32)
    (fit,) = kind.fit(Training(vectors.copy(), truth, owner, rng, classify=True))
    assert fit.predictor.inputs == 5
    chance = fit.predictor.probabilities(vectors, 6)
    np.testing.assert_allclose(chance.sum(axis=1), 1)
    assert (chance[:, [0, 1, 5]] == 0).all()
    assert (chance.argmax(axis=1) == truth).mean() > 0.9
    arrays = fit.predictor.arrays()
    assert all(isinstance(one, np.ndarray) and one.dtype != object for one in arrays.values())
    np.testing.assert_array_equal(kind.load(arrays).probabilities(vectors, 6), chance)
    if not kind.regression:
        return
    numbers = np.stack([vectors[:, 0] * 2.0, 100 - vectors[:, 1]], axis=1).astype(np.float64)
    fits = kind.fit(Training(vectors.copy(), numbers, owner, rng, classify=False))
    assert len(fits) == 2
    for target, one in enumerate(fits):
        assert one.predictor.classes is None
        found = one.predictor.values(vectors)
        assert np.corrcoef(found, numbers[:, target])[0, 1] > 0.9
        np.testing.assert_array_equal(kind.load(one.predictor.arrays()).values(vectors), found)


@pytest.mark.parametrize("name", KINDS)
def test_one_class_or_one_participant_leaves_nothing_to_choose(name: str) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)).astype(np.float32)
    alone, truth = np.zeros(30, int), np.arange(30) % 2
    for classes in (truth, np.full(30, 3)):
        (fit,) = load_kind(name).fit(Training(vectors.copy(), classes, alone, rng, classify=True))
        chance = fit.predictor.probabilities(vectors, 4)
        np.testing.assert_allclose(chance.sum(axis=1), 1)
        assert (chance[:, np.setdiff1d(np.arange(4), classes)] == 0).all()


def test_names_as_they_may_be_given() -> None:
    assert parse_kinds("both") == ["linear", "mlp"]
    assert parse_kinds("mlp, linear") == ["mlp", "linear"]
    assert parse_kinds(["mlp", "both,mlp"]) == ["mlp", "linear"]
    for wrong in ("forest", "", [], "linear,features", "linear,"):
        with pytest.raises(UsageError, match=f"--probe {', '.join(KINDS)} or both$"):
            parse_kinds(wrong)


def test_what_a_kind_takes() -> None:
    assert [input_column(name) for name in PROBES if name != FEATURES] == ["embedding"] * len(KINDS)
    assert input_column(FEATURES) == "features"
    assert load_kind(FEATURES) is load_kind("linear")
    check_kinds(KINDS, "classification", "labels.csv")


def test_the_names_come_without_the_libraries() -> None:
    """The command line lists them in its help."""
    text = "import sys, wearcli.probing.kinds; print({'numpy', 'sklearn'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
