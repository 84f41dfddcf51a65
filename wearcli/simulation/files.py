"""Files of the sample studies: the same study gives the same bytes."""

import gzip
import io
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def write_csv_gz(path: Path, frame: pd.DataFrame) -> None:
    """Write a table as gzipped CSV, without a time and a name in the gzip header."""
    text = io.BytesIO()
    with gzip.GzipFile(fileobj=text, mode="wb", mtime=0, filename="") as stream:
        stream.write(frame.to_csv(index=False, lineterminator="\n").encode())
    path.write_bytes(text.getvalue())


def write_parquet(path: Path, stamps: pa.Array, columns: dict[str, np.ndarray]) -> None:
    """Write a column `timestamp` and the columns of the signal as Parquet."""
    pq.write_table(
        pa.table({"timestamp": stamps, **columns}),
        path,
        compression="zstd",
        compression_level=12,
        use_dictionary=list(columns),
        column_encoding={"timestamp": "DELTA_BINARY_PACKED"},
    )
