"""A probe folder as the report reads it: probe.json and the held-out predictions."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wearcli.errors import InputError, UsageError
from wearcli.probing.document import ProbeDocument
from wearcli.probing.result import ProbeResult
from wearcli.probing.saved import load_probe
from wearcli.reporting.metrics import Score, find_metric

TRIVIAL = ("majority", "mean")
_COLUMNS = ("recording", "participant", "onset", "duration", "target", "probe", "truth", "predicted")


@dataclass(frozen=True)
class Study:
    """A probe folder.

    Attributes:
        folder: The folder.
        document: probe.json.
        predictions: One row a sample, target and probe: recording, participant, placement (None where it is
            unknown), onset, duration (s), target, probe, truth, predicted (strings or float64), confidence
            (probability of the predicted class, NaN without one).
        probe: The probe that the figures show.
    """

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

    def predictions_for(self, target: str, probe: str | None = None) -> pd.DataFrame:
        """Return the held-out predictions of a target, by the probe shown or by another."""
        table = self.predictions
        rows = (table["target"] == target) & (table["probe"] == (probe or self.probe))
        return table[rows].reset_index(drop=True)

    def score(self, probe: str, metric: str, target: str | None = None) -> Score:
        """Return a score, {} where there is none; name the target where there are several."""
        return find_metric(self.result.scores.get(probe, {}), metric, target or self.targets[0])

    def difference(self, metric: str, target: str | None = None) -> Score:
        """Return the score of the probe shown minus that on features, {} where there is none."""
        return find_metric(self.result.differences.get(self.probe, {}), metric, target or self.targets[0])


def read_study(folder: Path, probe: str | None) -> Study:
    """Read a probe folder.

    Args:
        folder: The folder.
        probe: Probe that the figures show; None for the first.

    Raises:
        UsageError: There is no such folder or probe.
        InputError: The folder is damaged.
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
    """Return the predictions with the columns of `Study.predictions`."""
    frame: pd.DataFrame = table.select(list(_COLUMNS)).to_pandas()
    frame["placement"] = table["placement"].to_pandas() if "placement" in table.column_names else None
    frame["placement"] = frame["placement"].astype(object).where(frame["placement"].notna(), None)
    confidence = np.full(len(table), np.nan)
    if "probabilities" in table.column_names:
        valid = pc.is_valid(table["probabilities"]).to_numpy()
        if valid.any():
            rows = table["probabilities"].filter(pa.array(valid)).combine_chunks()
            flat = rows.flatten().to_numpy(zero_copy_only=False)
            confidence[valid] = flat.reshape(int(valid.sum()), -1).max(axis=1)
    frame["confidence"] = confidence
    return frame
