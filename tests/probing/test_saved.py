"""A probe folder is read back as it was written, and a damaged one is one line, whatever the damage."""

import json
from collections.abc import Callable
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from wearcli.errors import InputError
from wearcli.probing.document import ProbeDocument, SampleInput, Signal
from wearcli.probing.kinds.dense import DensePredictor
from wearcli.probing.kinds.kind import Predictor
from wearcli.probing.kinds.knn import NeighbourPredictor
from wearcli.probing.options import ProbeOptions
from wearcli.probing.result import ProbeResult
from wearcli.probing.saved import load_probe, save_probe

CLASSES = ["rest", "walk", "jump"]
RNG = np.random.default_rng(0)
SCORE = {"mean": 0.5, "low": 0.4, "high": 0.6, "folds": [0.5, None]}


def dense(classes: bool) -> DensePredictor:
    """An MLP of 4 numbers."""
    sizes = (4, 5, 3 if classes else 1)
    layers = tuple(
        (RNG.normal(size=pair).astype(np.float32), RNG.normal(size=pair[1]).astype(np.float32))
        for pair in pairwise(sizes)
    )
    mean, scale = np.zeros(4, np.float32), np.ones(4, np.float32)
    return DensePredictor(mean, scale, layers, np.arange(3) if classes else None, 1.5)


def neighbours() -> NeighbourPredictor:
    """A kNN of 6 samples of 4 numbers."""
    return NeighbourPredictor(
        np.zeros(4, np.float32),
        np.ones(4, np.float32),
        RNG.normal(size=(6, 4)).astype(np.float16),
        np.array([0, 1, 2, 0, 1, 2]),
        3,
        np.arange(3),
        np.full(3, 1 / 3),
        0.8,
    )


def save(folder: Path, kind: str = "classification") -> Path:
    """Write a probe folder; of a regression there are two targets."""
    classify = kind == "classification"
    predictors: dict[tuple[str, str], Predictor] = (
        {("mlp", "label"): dense(True), ("knn", "label"): neighbours()}
        if classify
        else {("mlp", "cadence"): dense(False), ("mlp", "speed"): dense(False)}
    )
    bands = {"half_width": 1.0, "coverage": 0.95, "sd_between": None, "sd_within": 0.1}
    result = ProbeResult(
        task="activity" if classify else "gait",
        kind=kind,
        n_windows=12,
        n_samples=12,
        n_participants=3,
        folds=2,
        scores={"mlp": {"accuracy": SCORE}, "majority": {"accuracy": SCORE}},  # type: ignore[dict-item]
        differences={},
        targets=["label"] if classify else ["cadence", "speed"],
        classes=CLASSES if classify else [],
        per_class={},
        confusion={"mlp": np.eye(3, dtype=int).tolist()} if classify else {},
        calibration={"mlp": {"brier": 0.1, "ece": 0.2, "bins": [], "temperature": 1.5}} if classify else {},
        intervals={} if classify else {"mlp": {"cadence": bands}},  # type: ignore[dict-item]
        bootstrap=10,
        seed=0,
        model={"name": "m", "sha256": "0" * 64},
        warnings=[],
    )
    document = ProbeDocument(
        result,
        wearcli="0",
        protocol="folds by participant",
        signal=Signal(50.0, 5.0, 2.5, "g", "acc"),
        input=SampleInput(dimension=4, features_dimension=2),
        labels={},
        versions={},
        arguments=ProbeOptions(task="activity"),
    )
    save_probe(folder, document, predictors, pa.table({"recording": ["a"]}))
    return folder


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_what_was_saved_is_read_back(tmp_path: Path, kind: str) -> None:
    saved = load_probe(save(tmp_path / "probe", kind))
    written = json.loads((tmp_path / "probe" / "probe.json").read_text())
    assert saved.document.to_json() == written
    assert asdict(saved.result)["scores"]["mlp"]["accuracy"] == SCORE
    with np.load(tmp_path / "probe" / "weights.npz") as arrays:
        for (probe, target), predictor in saved.predictors.items():
            stem = f"{probe}.{saved.result.targets.index(target)}"
            for name, values in predictor.arrays().items():
                np.testing.assert_array_equal(values, arrays[f"{stem}.{name}"])


DOCUMENTS: dict[str, tuple[str, Callable[[dict[str, Any]], object]]] = {
    "a list": ("classification", lambda document: [document]),
    "no targets": ("classification", lambda document: document | {"targets": []}),
    "a class twice": ("classification", lambda document: document | {"classes": ["rest", "walk", "rest"]}),
    "no classes": ("classification", lambda document: document | {"classes": []}),
    "a number as a class": ("classification", lambda document: document | {"classes": ["rest", 1, "jump"]}),
    "two classes": ("classification", lambda document: document | {"classes": ["rest", "walk"]}),
    "another positive class": ("classification", lambda document: document | {"positive": "fly"}),
    "an unknown kind": ("classification", lambda document: document | {"kind": "oracle"}),
    "the other kind": ("classification", lambda document: document | {"kind": "regression"}),
    "a target too few": ("regression", lambda document: document | {"targets": ["cadence"]}),
    "lying dimension": ("classification", lambda document: document | {"input": {"dimension": 5}}),
    "dimension 0": ("classification", lambda document: document | {"input": {"dimension": 0}}),
    "huge dimension": ("classification", lambda document: document | {"input": {"dimension": 10**400}}),
    "negative window": ("classification", lambda document: document | {"signal": {"window_s": -5}}),
    "rate nan": ("classification", lambda document: document | {"signal": {"rate_hz": float("inf")}}),
    "temperature -1": (
        "classification",
        lambda document: (
            document | {"calibration": {"mlp": {"brier": 0, "ece": 0, "bins": [], "temperature": -1}}}
        ),
    ),
    "no temperature": ("classification", lambda document: document | {"calibration": {"mlp": {"brier": 0}}}),
    "scores of texts": ("classification", lambda document: document | {"scores": {"mlp": {"accuracy": "x"}}}),
    "a ragged confusion": ("classification", lambda document: document | {"confusion": {"mlp": [[1], [2]]}}),
    "interval without width": (
        "regression",
        lambda document: document | {"intervals": {"mlp": {"cadence": {}}}},
    ),
    "level": ("classification", lambda document: document | {"level": "room"}),
    "format as text": ("classification", lambda document: document | {"format": "1"}),
    "later format": ("classification", lambda document: document | {"format": 2}),
}


@pytest.mark.parametrize("damage", DOCUMENTS)
def test_a_document_that_cannot_be_is_one_line(tmp_path: Path, damage: str) -> None:
    kind, change = DOCUMENTS[damage]
    path = save(tmp_path / "probe", kind) / "probe.json"
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    with pytest.raises(InputError) as error:
        load_probe(path.parent)
    assert "\n" not in str(error.value)
    assert str(tmp_path / "probe") in str(error.value)
    assert str(error.value).endswith(("fit the probe again", "upgrade wearcli"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"format": ' + "9" * 5000 + "}",
        "\xff",
        "\0",
        '"\\ud800"',
        "null",
    ],
    ids=lambda text: repr(text[:8]),
)
def test_a_text_that_is_no_document_is_one_line(tmp_path: Path, text: str) -> None:
    path = save(tmp_path / "probe") / "probe.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match=r"probe\.json: .*fit the probe again$") as error:
        load_probe(path.parent)
    assert "\n" not in str(error.value)


def weights_with(**changes: np.ndarray | None) -> Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]:
    """Other arrays under these names (dots as _), or none."""

    def change(arrays: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        for name, values in changes.items():
            key = name.replace("_", ".")
            arrays.pop(key, None)
            if values is not None:
                arrays[key] = values
        return arrays

    return change


WEIGHTS = {
    "none": lambda arrays: {},
    "weights of nan": weights_with(mlp_0_coef0=np.full((4, 5), np.nan, np.float32)),
    "an infinite bias": weights_with(mlp_0_intercept1=np.array([1, 2, np.inf], np.float32)),
    "temperature -1": weights_with(mlp_0_temperature=np.array(-1.0)),
    "temperature 0": weights_with(mlp_0_temperature=np.array(0.0)),
    "temperature nan": weights_with(mlp_0_temperature=np.array(np.nan)),
    "two temperatures": weights_with(mlp_0_temperature=np.ones(2)),
    "scale 0": weights_with(mlp_0_scale=np.zeros(4, np.float32)),
    "no mean": weights_with(mlp_0_mean=None),
    "a short mean": weights_with(mlp_0_mean=np.zeros(3, np.float32)),
    "another dimension": weights_with(
        mlp_0_mean=np.zeros(7, np.float32), mlp_0_scale=np.ones(7, np.float32), mlp_0_coef0=np.ones((7, 5))
    ),
    "no layer": weights_with(mlp_0_coef0=None, mlp_0_coef1=None),
    "a layer that does not fit": weights_with(mlp_0_coef1=np.ones((6, 3), np.float32)),
    "no classes": weights_with(mlp_0_classes=None),
    "a class too many": weights_with(mlp_0_classes=np.array([0, 1, 3])),
    "a negative class": weights_with(mlp_0_classes=np.array([-1, 0, 1])),
    "classes as texts": weights_with(mlp_0_classes=np.array(["a", "b", "c"])),
    "a target too many": weights_with(mlp_7_mean=np.zeros(4)),
    "a negative target": lambda arrays: {
        name.replace(".0.", ".-1."): values for name, values in arrays.items()
    },
    "a name without dots": weights_with(x=np.zeros(4)),
    "an unknown probe": weights_with(oracle_0_mean=np.zeros(4)),
    "no neighbours": weights_with(knn_0_neighbours=np.array(0)),
    "neighbours beyond the samples": weights_with(knn_0_neighbours=np.array(7)),
    "an answer of no class": weights_with(knn_0_answers=np.array([0, 1, 2, 0, 1, 3])),
    "shares of 0": weights_with(knn_0_priors=np.zeros(3)),
    "no shares": weights_with(knn_0_priors=None),
    "samples of another width": weights_with(knn_0_vectors=np.ones((6, 3), np.float16)),
}


@pytest.mark.parametrize("damage", WEIGHTS)
def test_weights_that_cannot_be_are_one_line(tmp_path: Path, damage: str) -> None:
    path = save(tmp_path / "probe") / "weights.npz"
    with np.load(path) as file:
        arrays = WEIGHTS[damage](dict(file))  # type: ignore[no-untyped-call]
    np.savez(path, **arrays)
    with pytest.raises(InputError, match=r"weights\.npz: .*(fit the probe again|upgrade wearcli)$") as error:
        load_probe(path.parent)
    assert "\n" not in str(error.value)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    path = save(tmp_path / "probe") / "weights.npz"
    np.savez(path, **{"mlp.0.mean": np.array([print], object)})
    with pytest.raises(InputError, match="weights are damaged"):
        load_probe(path.parent)


def test_a_flipped_bit_never_goes_unseen_in_the_weights(tmp_path: Path) -> None:
    """Each array has a checksum in the zip; what a flip leaves readable is what was written."""
    folder = save(tmp_path / "probe")
    path = folder / "weights.npz"
    before, right = path.read_bytes(), load_probe(folder)
    rng = np.random.default_rng(1)
    for bit in rng.choice(8 * len(before), 300, replace=False).tolist():
        damaged = bytearray(before)
        damaged[bit // 8] ^= 1 << bit % 8
        path.write_bytes(bytes(damaged))
        try:
            read = load_probe(folder)
        except InputError:
            continue
        for key, predictor in read.predictors.items():
            for name, values in predictor.arrays().items():
                np.testing.assert_array_equal(values, right.predictors[key].arrays()[name])
