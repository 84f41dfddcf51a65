"""Small seeded embeddings tables with a known signal, for the probing tests."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.table import schema

WINDOW_S = 2.0


def write_table(
    path: Path,
    times: pd.DataFrame,
    embedding: np.ndarray,
    features: np.ndarray,
    metadata: dict[str, Any] | None = None,
) -> Path:
    """times: recording, participant, onset and maybe duration, wear, quality; the others: (n, D)."""
    count = len(times)
    about = {"model": {"name": "toy", "sha256": "abc"}, "rate_hz": 50.0, "window_s": WINDOW_S} | (
        metadata or {}
    )
    form = schema(embedding.shape[1], features.shape[1], TableMetadata.from_json(about, str(path)))
    zeros = pa.array(np.zeros(count, np.float32))
    columns = {
        "recording": pa.array(times["recording"].astype(object), pa.string()),
        "participant": pa.array(times["participant"].astype(object), pa.string()),
        "placement": pa.nulls(count, pa.string()),
        "start": pa.nulls(count, pa.timestamp("us", tz="UTC")),
        "onset": pa.array(times["onset"].to_numpy(np.float64)),
        "duration": pa.array(times.get("duration", pd.Series([WINDOW_S] * count)).to_numpy(np.float64)),
        "embedding": _lists(embedding),
        "features": _lists(features),
        "wear": pa.array(times.get("wear", pd.Series(1.0, range(count))), pa.float32(), from_pandas=True),
        **dict.fromkeys(("clipped", "missing", "movement_g"), zeros),
    }
    table = pa.Table.from_arrays([columns[field.name] for field in form], schema=form)
    if "quality" in times:  # as tables of PPG and ECG have
        table = table.append_column("quality", pa.array(times["quality"], pa.float32(), from_pandas=True))
    pq.write_table(table, path)
    return path


def _lists(values: np.ndarray) -> pa.Array:
    flat = pa.array(np.ascontiguousarray(values, np.float32).reshape(-1))
    return pa.FixedSizeListArray.from_arrays(flat, values.shape[1])


def study(
    folder: Path,
    *,
    people: int = 8,
    bouts: int = 6,
    windows: int = 5,
    classes: tuple[str, ...] = ("rest", "stairs", "walk"),
    signal: float = 3.0,
    identity: float = 1.0,
    feature_signal: float = 1.0,
    seed: int = 0,
) -> Path:
    """embeddings.parquet, labels.csv, gait.csv and participants.csv in `folder`; returns the table's path.

    Each person has one recording of `bouts` bouts, one after another, with classes in turn. An embedding is
    noise, plus `identity` times the person's own offset, plus `signal` times the class's direction. The
    gait metrics are linear in a number drawn for the bout, which the embedding holds too.
    """
    rng = np.random.default_rng(seed)
    dimension = 6
    directions = np.linalg.qr(rng.normal(size=(dimension, dimension)))[0][: len(classes) + 1]
    rows, vectors, hand, labels, gait = [], [], [], [], []
    length = windows * WINDOW_S
    for person in range(people):
        name, offset = f"p{person:02d}", rng.normal(size=dimension)
        for bout in range(bouts):
            label, pace = bout % len(classes), rng.normal()
            labels.append((f"{name}_a", bout * length, length, classes[label]))
            gait.append((f"{name}_a", bout * length, length, 1.1 + 0.1 * pace, 110 - 9 * pace, 3.0))
            for window in range(windows):
                rows.append((f"{name}_a", name, bout * length + window * WINDOW_S))
                truth = directions[label] + pace * directions[-1]
                noise = rng.normal(size=(2, dimension)) * 0.3
                vectors.append(signal * truth + identity * offset + noise[0])
                hand.append(feature_signal * truth + identity * offset + noise[1])
    times = pd.DataFrame(rows, columns=["recording", "participant", "onset"])
    folder.mkdir(parents=True, exist_ok=True)
    keys = ["recording", "onset", "duration"]
    pd.DataFrame(labels, columns=[*keys, "label"]).to_csv(folder / "labels.csv", index=False)
    metrics = ["stride_time_s", "cadence_spm", "quality"]
    pd.DataFrame(gait, columns=[*keys, *metrics]).to_csv(folder / "gait.csv", index=False)
    about = {"participant": [f"p{i:02d}" for i in range(people)], "age": 40 + 3 * np.arange(people)}
    about["sex"] = ["F" if i % 2 else "M" for i in range(people)]
    pd.DataFrame(about).to_csv(folder / "participants.csv", index=False)
    return write_table(folder / "embeddings.parquet", times, np.array(vectors), np.array(hand))
