"""A folder of parts made of a table, as the nodes of a cluster would have written it."""

from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from wearcli.embedding.manifest import Manifest, Part
from wearcli.embedding.recording_rows import RecordingRows
from wearcli.embedding.sinks import open_sink
from wearcli.embedding.table import read_table, schema
from wearcli.recordings.study.shards import Shard


def write_parts(table: Path, folder: Path, shards: int = 3) -> Path:
    """Each shard has neighbouring recordings of the table, each recording in a part of its own."""
    rows, metadata = read_table(table)
    dimension, features = (rows.schema.field(name).type.list_size for name in ("embedding", "features"))
    names = rows["recording"].unique().to_pylist()
    metadata = replace(
        metadata,
        modality="acc",
        feature_names=tuple(f"f{number}" for number in range(features)),
        recordings_planned=(),
    )
    columns = schema(dimension, features, metadata)
    folder.mkdir()
    for number in range(1, shards + 1):
        parts = []
        chosen = names[len(names) * (number - 1) // shards : len(names) * number // shards]
        for name in chosen:
            held = rows.filter(pc.equal(rows["recording"], name))
            notes = {name: RecordingRows(len(held), 2.0 * len(held), "0" * 64, 0, 2.0 * len(held))}
            path = folder / f"part-{len(parts):016x}{number:016x}.parquet"
            with open_sink(path, "parquet", columns) as sink:
                sink.write(pa.Table.from_arrays(held.columns, schema=columns))
                sink.close({key: entry.to_json() for key, entry in notes.items()})
            parts.append(Part(path.name, path.stat().st_size, notes))
        own = replace(metadata, recordings_planned=tuple(chosen))
        Manifest(Shard(number, shards), "study", own, tuple(parts), ()).write(folder)
    return folder
