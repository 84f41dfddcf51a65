"""The probe folder: probe.json, weights.npz (plain arrays) and predictions.parquet."""

import platform
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import scipy
import sklearn

from wearcli.documents import read_json, write_json
from wearcli.errors import InputError, WearcliError
from wearcli.existence import check_probe_folder
from wearcli.files import atomic_folder
from wearcli.probing.document import ProbeDocument
from wearcli.probing.kinds import FEATURES, PROBES, load_kind
from wearcli.probing.kinds.kind import Predictor
from wearcli.probing.result import ProbeResult

_TODO = "fit the probe again"


@dataclass(frozen=True)
class SavedProbe:
    """A probe folder as loaded.

    Attributes:
        document: The content of probe.json.
        predictors: The predictors by probe (a name of `kinds.PROBES`) and target.
    """

    document: ProbeDocument
    predictors: dict[tuple[str, str], Predictor]

    @property
    def result(self) -> ProbeResult:
        """The scores and what they belong to."""
        return self.document.result

    @property
    def probes(self) -> list[str]:
        """The probes that the folder holds; the default one comes first."""
        return [name for name in PROBES if any(name == probe for probe, _ in self.predictors)]

    def inputs(self, probe: str) -> int:
        """Return how many numbers a probe takes.

        Args:
            probe: The kind of probe.
        """
        return next(one.inputs for (name, _), one in self.predictors.items() if name == probe)

    def fitted_targets(self, probe: str) -> list[str]:
        """Return the targets that a probe was fitted for.

        Args:
            probe: The kind of probe.
        """
        return [target for target in self.result.targets if (probe, target) in self.predictors]

    def elsewhere(self, placements: Collection[str | None]) -> str | None:
        """Return a warning about sensors at placements on which the probe was not fitted.

        Args:
            placements: Where the sensors were, None where it is not stated.

        Returns:
            The warning; None where there are no such sensors.
        """
        own = {*(self.document.input.placements or ())}
        others = sorted({place for place in placements if place} - own)
        if not own or not others:
            return None
        return (
            f"the probe was fitted on sensors at {', '.join(sorted(own))}, and there are recordings at "
            f"{', '.join(others)}: what it says of them may be far off"
        )

    def predict(self, vectors: np.ndarray, probe: str, target: str) -> np.ndarray:
        """Predict a target.

        Args:
            vectors: (n, D) float32, embeddings, or features for the probe "features", pooled as
                document.input states (`wearcli.labels.pooling.pool`).
            probe: The kind of probe.
            target: The target.

        Returns:
            (n, classes) calibrated probabilities in the order of the classes, or (n,) values.
        """
        predictor = self.predictors[probe, target]
        if vectors.shape[1] != predictor.inputs:
            raise InputError(f"the probe takes {predictor.inputs} numbers a sample, not {vectors.shape[1]}")
        if predictor.classes is None:
            return predictor.values(vectors)
        return predictor.probabilities(vectors, len(self.result.classes))


def save_probe(
    folder: Path,
    document: ProbeDocument,
    predictors: dict[tuple[str, str], Predictor],
    predictions: pa.Table,
) -> None:
    """Write a probe folder, whole or not at all; the same arguments give the same bytes.

    Args:
        folder: The probe folder.
        document: The content of probe.json.
        predictors: The predictors by probe and target.
        predictions: The held-out predictions.
    """
    targets = document.result.targets
    arrays: dict[str, np.ndarray] = {}
    for (probe, target), predictor in predictors.items():
        stem = f"{probe}.{targets.index(target)}"
        arrays |= {f"{stem}.{name}": values for name, values in predictor.arrays().items()}
    with atomic_folder(folder) as temporary:
        write_json(temporary / "probe.json", document.to_json())
        np.savez(temporary / "weights.npz", **arrays)  # type: ignore[arg-type]
        pq.write_table(predictions, temporary / "predictions.parquet", compression="zstd")


def versions() -> dict[str, str]:
    """Return the versions of everything that a score may depend on."""
    return {
        "python": platform.python_version(),
        **{module.__name__: module.__version__ for module in (np, scipy, sklearn, pd)},
    }


def load_probe(folder: Path | str) -> SavedProbe:
    """Read a probe folder.

    Args:
        folder: The probe folder.

    Returns:
        The probe.

    Raises:
        UsageError: There is no probe folder.
        InputError: It is damaged, or a later wearcli wrote it.
    """
    folder = Path(folder)
    check_probe_folder(folder)
    path = folder / "probe.json"
    document = ProbeDocument.from_json(read_json(path, _TODO), folder)
    path = folder / "weights.npz"
    try:
        predictors = _read_weights(path, document.result)
        if problem := _misfit(document, predictors):
            raise ValueError(problem)
    except WearcliError:
        raise
    except Exception as error:  # whatever a damaged zip or array makes the libraries raise
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{path}: the weights are damaged ({reason}): {_TODO}") from error
    return SavedProbe(document, predictors)


def _read_weights(path: Path, result: ProbeResult) -> dict[tuple[str, str], Predictor]:
    """Return the predictors by probe and target; their arrays are called probe.number.name."""
    arrays: dict[tuple[str, str], dict[str, np.ndarray]] = {}
    with np.load(path, allow_pickle=False) as file:
        for name in file.files:
            probe, number, own = name.split(".")
            target = dict(enumerate(result.targets))[int(number)]
            values = arrays.setdefault((probe, target), {})[own] = file[name]
            if values.dtype.kind not in "fiu" or not np.isfinite(values).all():
                raise ValueError(f"{name} holds what is no finite number")
    if unknown := [probe for probe, _ in arrays if probe not in PROBES]:
        raise InputError(f"{path}: a probe '{unknown[0]}' of a later wearcli: upgrade wearcli")
    return {key: load_kind(key[0]).load(own) for key, own in arrays.items()}


def _misfit(document: ProbeDocument, predictors: Mapping[tuple[str, str], Predictor]) -> str | None:
    """In what the weights are not those that probe.json tells of; None where they are."""
    classes, sizes = document.result.classes, document.input
    if not predictors:
        return "there are none"
    for (probe, target), predictor in predictors.items():
        expected = sizes.features_dimension if probe == FEATURES else sizes.dimension
        if expected is not None and predictor.inputs != expected:
            return f"{probe} takes {predictor.inputs} numbers, and probe.json says {expected}"
        codes = predictor.classes
        if (codes is None) != (not classes):
            return f"{probe} of {target} is no {document.result.kind}"
        if codes is not None and not set(codes.tolist()) <= set(range(len(classes))):
            return f"{probe} has a class that is none of the {len(classes)} of probe.json"
        if not 0 < predictor.temperature < np.inf:
            return f"the temperature of {probe} is {predictor.temperature:g}, not above 0"
    return None
