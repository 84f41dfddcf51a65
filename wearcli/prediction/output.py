"""Where predictions are written: Parquet, CSV, or BIDS events; whole or not at all."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pandas.api.types import is_float_dtype

from wearcli.embedding.table import KEY
from wearcli.errors import UsageError
from wearcli.files import atomic_file, atomic_folder
from wearcli.prediction.events import EventsFolder
from wearcli.probing.saved import SavedProbe
from wearcli.recordings.study.shards import Shard

Form = Literal["parquet", "csv", "bids"]
_DEFAULT = {"parquet": "predictions.parquet", "csv": "predictions.csv", "bids": "predictions"}
_ROW_GROUP = 65_536
_DECIMALS = 4  # of probabilities as text


def output_form(output: Path | None, csv: bool, bids: bool, shard: Shard | None = None) -> tuple[Path, Form]:
    """Return where to write and in which form: by the flags, else by the suffix.

    Args:
        output: The file, or with `bids` the folder; None: a default name.
        csv: Write CSV.
        bids: Write BIDS events.
        shard: The shard of the study that is written; `output` is then a folder of the files of all shards.

    Raises:
        UsageError: The suffix does not fit.
    """
    if csv and bids:
        raise UsageError("--csv with --bids: the events are .tsv already: leave one of the two out")
    form: Form = "bids" if bids else "csv" if csv else "parquet"
    if shard is not None:
        folder = output or Path("predictions")
        if folder.suffix.lower() in (".parquet", ".csv", ".tsv", ".json") or folder.is_file():
            raise UsageError(f"--shard {shard} with -o {folder}: give a folder for the files of all shards")
        suffix = "" if bids else Path(_DEFAULT[form]).suffix
        return folder / f"predictions-{shard.number}-of-{shard.count}{suffix}", form
    if output is None:
        return Path(_DEFAULT[form]), form
    suffix = output.suffix.lower()
    if bids:
        if suffix in (".parquet", ".csv", ".tsv", ".json"):
            raise UsageError(f"{output}: --bids writes a folder of events: name one with -o")
        return output, form
    if suffix == ".csv":
        return output, "csv"
    if suffix != ".parquet" or csv:
        raise UsageError(f"{output}: the suffix must be {'.csv' if csv else '.parquet or .csv'}")
    return output, form


def row_schema(saved: SavedProbe, targets: list[str], merged: bool) -> pa.Schema:
    """Return the columns of a row of `apply_probe`, or of a bout where `merged`."""
    fields = [
        ("recording", pa.string()),
        ("participant", pa.string()),
        ("placement", pa.string()),
        ("start", pa.timestamp("us", tz="UTC")),
        ("onset", pa.float64()),
        ("duration", pa.float64()),
        ("windows", pa.int64()),
    ]
    if saved.result.kind == "regression":
        names = [f"{target}{end}" for target in targets for end in ("", "_low", "_high")]
        return pa.schema(fields + [(name, pa.float64()) for name in names])
    fields += [("label", pa.string()), ("confidence", pa.float32())]
    if not merged:
        fields.append(("probabilities", pa.list_(pa.float32(), len(saved.result.classes))))
    return pa.schema(fields)


class Sink(Protocol):
    """Where rows go."""

    def write(self, rows: pd.DataFrame) -> None:
        """Append rows of one recording, or of participants."""

    def close(self) -> None:
        """Write what is held; no more rows."""


@contextmanager
def open_output(
    output: Path,
    form: Form,
    schema: pa.Schema,
    classes: list[str],
    document: Mapping[str, object],
    names: Collection[str],
) -> Iterator[Sink]:
    """Return a sink that writes `output` once the block has ended without an error.

    Args:
        output: A file or a folder.
        form: parquet, csv or bids.
        schema: The columns of a row.
        classes: In the order of the probabilities.
        document: What made the predictions, for the schema's metadata under the key `wearcli`, or for the
            sidecar of the events.
        names: Names of all recordings.
    """
    sink: Sink
    if form == "bids":
        with atomic_folder(output) as folder:
            sink = EventsFolder(folder, classes, document, names)
            yield sink
            sink.close()
        return
    with atomic_file(output) as path:
        sink = _Csv(path, schema, classes) if form == "csv" else _Parquet(path, schema, document)
        yield sink
        sink.close()


class _Parquet:
    """Rows as Parquet, with the document in the schema's metadata."""

    def __init__(self, path: Path, schema: pa.Schema, document: Mapping[str, object]) -> None:
        self._schema = schema.with_metadata({KEY: json.dumps(document, sort_keys=True).encode()})
        self._writer = pq.ParquetWriter(path, self._schema, compression="zstd")
        self._held: list[pa.Table] = []  # short recordings share a row group
        self._rows = 0

    def write(self, rows: pd.DataFrame) -> None:
        columns = [pa.array(rows[field.name], field.type, from_pandas=True) for field in self._schema]
        self._held.append(pa.Table.from_arrays(columns, schema=self._schema))
        self._rows += len(rows)
        if self._rows >= _ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._held:
            self._writer.write_table(pa.concat_tables(self._held))
        self._held, self._rows = [], 0

    def close(self) -> None:
        self._flush()
        self._writer.close()


class _Csv:
    """Rows as CSV; a class has a column p_<class> with its probability."""

    def __init__(self, path: Path, schema: pa.Schema, classes: list[str]) -> None:
        self._path, self._classes = path, classes
        self._columns = [name for name in schema.names if name != "probabilities"]
        chances = [f"p_{name}" for name in classes] if "probabilities" in schema.names else []
        pd.DataFrame(columns=self._columns + chances).to_csv(path, index=False)

    def write(self, rows: pd.DataFrame) -> None:
        table = _rounded(rows[self._columns])
        table["start"] = rows["start"].dt.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        if "probabilities" in rows:
            chances = np.stack(rows["probabilities"].to_list()).astype(np.float64).round(_DECIMALS)
            names = [f"p_{name}" for name in self._classes]
            table = pd.concat([table, pd.DataFrame(chances, table.index, names)], axis=1)
        table.to_csv(self._path, mode="a", header=False, index=False)

    def close(self) -> None:
        return None


def _rounded(rows: pd.DataFrame) -> pd.DataFrame:
    """Times to the microsecond, probabilities to `_DECIMALS`, metrics to six digits."""
    table = rows.copy()
    for name in [name for name in rows.columns if is_float_dtype(rows[name])]:
        values = rows[name].astype(np.float64)
        if name in ("onset", "duration"):
            table[name] = values.round(6)
        elif name == "confidence":
            table[name] = values.round(_DECIMALS)
        else:
            table[name] = [float(f"{value:.6g}") for value in values]
    return table
