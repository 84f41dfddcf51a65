"""Seeded embeddings tables of two signals of the same people, and the ranks written plainly."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from wearcli.embedding.metadata import ModelIdentity, TableMetadata
from wearcli.embedding.table import schema

BEGAN = pd.Timestamp("2024-05-01T10:00:00", tz="UTC")


def write_table(
    path: Path,
    embedding: np.ndarray,
    people: list[str],
    onset: np.ndarray,
    *,
    duration: float = 60.0,
    began_s: float | None = 0.0,
    recordings: list[str] | None = None,
    features: np.ndarray | None = None,
    movement: np.ndarray | None = None,
    wear: np.ndarray | None = None,
    quality: np.ndarray | None = None,
) -> Path:
    """A table of a row a window; recordings are called as their person, and start `began_s` after `BEGAN`."""
    count = len(people)
    features = np.zeros((count, 0)) if features is None else features
    table_schema = schema(
        embedding.shape[1],
        features.shape[1],
        TableMetadata(model=ModelIdentity(path.stem, "abc"), window_s=duration),
        "acc" if quality is None else "ppg",
    )
    starts = [None if began_s is None else BEGAN + pd.Timedelta(seconds=began_s + t) for t in onset]
    columns = {
        "recording": recordings or people,
        "participant": people,
        "placement": [None] * count,
        "start": starts,
        "onset": onset,
        "duration": np.full(count, duration),
        "embedding": list(embedding.astype(np.float32)),
        "features": list(features.astype(np.float32)),
        "wear": np.ones(count) if wear is None else wear,
        "clipped": np.zeros(count),
        "missing": np.zeros(count),
        "movement_g": np.full(count, np.nan) if movement is None else movement,
        "quality": quality,
    }
    arrays = [pa.array(columns[field.name], field.type, from_pandas=True) for field in table_schema]
    table = pa.Table.from_arrays(arrays, schema=table_schema)
    if features.shape[1]:
        pq.write_table(table, path)
    else:  # Parquet has no lists of nothing
        with pa.ipc.new_stream(path, table_schema) as writer:
            writer.write_table(table)
    return path


def minutes(people: int, each: int) -> tuple[list[str], np.ndarray]:
    """Names and onsets of `each` minutes of so many people."""
    return [f"P{k:02d}" for k in range(people) for _ in range(each)], np.tile(60.0 * np.arange(each), people)


def plain_ranks(query: np.ndarray, target: np.ndarray) -> list[float]:
    """The rank of row k of target among all of its rows by cosine to row k of query; ties by their mean."""
    ranks = []
    for k, one in enumerate(query):
        cosines = [float(one @ other) / np.sqrt((one @ one) * (other @ other)) for other in target]
        better = sum(c > cosines[k] + 1e-9 for c in cosines)
        tied = sum(abs(c - cosines[k]) <= 1e-9 for c in cosines) - 1
        ranks.append(1 + better + tied / 2)
    return ranks
