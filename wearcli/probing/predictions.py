"""predictions.parquet of a probe folder: held-out predictions, a row for each sample, target and probe."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa


@dataclass(frozen=True)
class Predictions:
    """The held-out predictions of one target by one probe.

    Attributes:
        rows: Recording, participant, onset, duration and maybe placement of each sample.
        fold: (n,) the fold in which it is held out.
        group: (n,) name of the group that is left out as a whole, None where only people are left out.
        target: The target.
        probe: The kind of probe.
        truth: (n,) class names or float64.
        predicted: (n,) class names or float64.
        probabilities: (n, classes), None for a regression and for the trivial predictor.
        temperature: (n,) that of the fold, None for a regression and for the trivial predictor.
    """

    rows: pd.DataFrame
    fold: np.ndarray
    group: np.ndarray | None
    target: str
    probe: str
    truth: np.ndarray
    predicted: np.ndarray
    probabilities: np.ndarray | None
    temperature: np.ndarray | None


def predictions_table(blocks: Sequence[Predictions], classes: list[str] | None) -> pa.Table:
    """Return all predictions as one table.

    Args:
        blocks: The predictions of each target and probe.
        classes: Names in the order of the probabilities, None for a regression.

    Returns:
        The table.
    """
    table = pa.concat_tables([_block_table(block, classes) for block in blocks])
    return table.replace_schema_metadata({"classes": json.dumps(classes)} if classes else None)


def _block_table(block: Predictions, classes: list[str] | None) -> pa.Table:
    """Return the predictions of one target by one probe as a table."""
    rows, count, text = block.rows, len(block.rows), pa.string()
    value = pa.float64() if classes is None else text
    columns = {
        "recording": pa.array(rows["recording"].astype(object), text),
        "participant": pa.array(rows["participant"].astype(object), text),
        "placement": pa.array(rows["placement"].astype(object), text)
        if "placement" in rows
        else pa.nulls(count, text),
        "group": pa.nulls(count, text) if block.group is None else pa.array(block.group, text),
        "onset": pa.array(rows["onset"].to_numpy(np.float64)),
        "duration": pa.array(rows["duration"].to_numpy(np.float64)),
        "fold": pa.array(block.fold.astype(np.int16)),
        "target": pa.array([block.target] * count, text),
        "probe": pa.array([block.probe] * count, text),
        "truth": pa.array(block.truth, value),
        "predicted": pa.array(block.predicted, value),
    }
    if classes is None:
        return pa.table(columns)
    kind = pa.list_(pa.float32(), len(classes))
    if block.probabilities is None:
        columns["probabilities"] = pa.nulls(count, kind)
    else:
        flat = pa.array(block.probabilities.astype(np.float32).reshape(-1))
        columns["probabilities"] = pa.FixedSizeListArray.from_arrays(flat, type=kind)
    columns["temperature"] = (
        pa.nulls(count, pa.float64()) if block.temperature is None else pa.array(block.temperature)
    )
    return pa.table(columns)
