"""A probe folder as the report reads it: probe.json and the held-out predictions."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wearcli.errors import InputError, UsageError
from wearcli.probing.document import ProbeDocument
from wearcli.probing.result import ProbeResult
from wearcli.probing.saved import load_probe

TRIVIAL = ("majority", "mean")
_COLUMNS = ("recording", "participant", "onset", "duration", "target", "probe", "truth", "predicted")


@dataclass(frozen=True)
class Study:
    """document: probe.json. predictions: one row a sample, target and probe: recording, participant,
    placement (None where it is unknown), onset, duration (s), target, probe, truth, predicted (strings or
    float64), confidence (probability of the predicted class, NaN without one). probe: the one that the
    figures show."""

    folder: Path
    document: ProbeDocument
    predictions: pd.DataFrame
    probe: str

    @property
    def result(self) -> ProbeResult:
        """The scores and what they are of."""
        return self.document.result

    @property
    def classify(self) -> bool:
        """Whether the task has classes."""
        return self.result.kind == "classification"

    @property
    def targets(self) -> list[str]:
        """The columns that are predicted."""
        return self.result.targets

    def of(self, target: str, probe: str | None = None) -> pd.DataFrame:
        """The held-out predictions of a target, by the probe shown or another; none where it has none."""
        table = self.predictions
        mine = (table["target"] == target) & (table["probe"] == (probe or self.probe))
        return table[mine].reset_index(drop=True)

    def score(self, probe: str, metric: str, target: str | None = None) -> Mapping[str, Any]:
        """{mean, low, high} of a metric, {} where there is none. Of several targets name the one meant."""
        return metric_of(self.result.scores.get(probe, {}), metric, target or self.targets[0])

    def difference(self, metric: str, target: str | None = None) -> Mapping[str, Any]:
        """The probe shown less that on features, {} where there is none."""
        return metric_of(self.result.differences.get(self.probe, {}), metric, target or self.targets[0])


def metric_of(metrics: Mapping[str, Mapping[str, Any]], metric: str, target: str = "") -> Mapping[str, Any]:
    """What stands under `target.metric` or else `metric`, {} where neither does."""
    return metrics.get(f"{target}.{metric}") or metrics.get(metric) or {}


def read_study(folder: Path, probe: str | None) -> Study:
    """Read a probe folder. probe: shown in figures, the first if None.

    Raises UsageError where there is no such folder or probe, InputError for a damaged one.
    """
    document = load_probe(folder).document
    path = folder / "predictions.parquet"
    try:
        probes = [name for name in document.result.scores if name not in TRIVIAL]
        table = pq.read_table(path)
        missing = [name for name in _COLUMNS if name not in table.column_names]
        if missing:
            raise InputError(f"{path}: no column {', '.join(missing)}: fit the probe again")
        predictions = _frame(table)
    except (OSError, pa.ArrowInvalid, LookupError, TypeError) as error:
        first = (str(error).splitlines() or [""])[0]
        raise InputError(f"{folder}: the probe folder is damaged ({first}): fit the probe again") from error
    if probe is not None and probe not in probes:
        raise UsageError(f"{folder}: no probe '{probe}' in it: --probe {', '.join(probes)}")
    return Study(folder, document, predictions, probe or probes[0])


def _frame(table: pa.Table) -> pd.DataFrame:
    frame = table.select(list(_COLUMNS)).to_pandas()
    frame["placement"] = table["placement"].to_pandas() if "placement" in table.column_names else None
    frame["placement"] = frame["placement"].astype(object).where(frame["placement"].notna(), None)
    confidence = np.full(len(table), np.nan)
    if "probabilities" in table.column_names:
        known = pc.is_valid(table["probabilities"]).to_numpy()
        if known.any():
            rows = table["probabilities"].filter(pa.array(known)).combine_chunks()
            flat = rows.flatten().to_numpy(zero_copy_only=False)
            confidence[known] = flat.reshape(int(known.sum()), -1).max(axis=1)
    frame["confidence"] = confidence
    return frame
