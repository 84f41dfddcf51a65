"""An embeddings table is read back as it was written; a damaged or lying one is one line."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.recording_rows import RecordingRows
from wearcli.embedding.reuse import open_earlier
from wearcli.embedding.sinks import Format, open_sink
from wearcli.embedding.table import KEY, open_batches, read_table, schema
from wearcli.errors import InputError, UsageError

METADATA = TableMetadata("0", feature_names=("a", "b"), recordings_planned=("P0_x", "P1_x"))
SCHEMA = schema(4, 2, METADATA)


def table(rows: int = 200) -> pa.Table:
    """Windows of two recordings."""
    rng = np.random.default_rng(0)
    columns = {
        "recording": ["P0_x"] * (rows // 2) + ["P1_x"] * (rows // 2),
        "participant": ["P0"] * (rows // 2) + ["P1"] * (rows // 2),
        "placement": [None] * rows,
        "start": [None] * rows,
        "onset": np.tile(np.arange(rows / 2), 2),
        "duration": np.full(rows, 5.0),
        "embedding": list(rng.normal(size=(rows, 4)).astype(np.float32)),
        "features": list(rng.normal(size=(rows, 2)).astype(np.float32)),
    }
    return pa.table({name: columns.get(name, np.zeros(rows, np.float32)) for name in SCHEMA.names}, SCHEMA)


def write(path: Path, form: Format, content: pa.Table | None = None) -> Path:
    """Write a table as `embed` does."""
    content = table() if content is None else content
    half = content.num_rows // 2
    notes = {
        name: RecordingRows(half, 5.0 * half, "f", row=half * number).to_json()
        for number, name in enumerate(("P0_x", "P1_x"))
    }
    with open_sink(path, form, content.schema) as sink:
        sink.write(content)
        sink.close(notes)
    return path


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_table_comes_back(tmp_path: Path, form: Format) -> None:
    path = write(tmp_path / f"t.{form}", form)
    assert read_table(path)[0].equals(table())
    assert read_table(path)[1] == METADATA
    with open_batches(path) as batches:
        assert pa.Table.from_batches(batches.rows).equals(table())


def test_a_flipped_bit_in_the_pages_of_a_parquet_table_is_always_seen(tmp_path: Path) -> None:
    path = write(tmp_path / "t.parquet", "parquet")
    whole, right = path.read_bytes(), table()
    file = pq.ParquetFile(path).metadata.row_group(0)
    rng = np.random.default_rng(1)
    seen = 0
    for number in rng.choice(8 * (len(whole) - 4), 300, replace=False).tolist():
        damaged = bytearray(whole)
        damaged[4 + number // 8] ^= 1 << number % 8
        path.write_bytes(bytes(damaged))
        try:
            read, _ = read_table(path)
        except InputError:
            seen += 1
            continue
        for name in set(read.column_names) & set(right.column_names):
            if 4 + number // 8 < max(
                file.column(place).data_page_offset + file.column(place).total_compressed_size
                for place in range(file.num_columns)
            ):
                assert read[name].equals(right[name])
    assert seen > 150


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_a_cut_or_damaged_table_is_one_line(tmp_path: Path, form: Format) -> None:
    path = write(tmp_path / f"t.{form}", form)
    whole = path.read_bytes()
    rng = np.random.default_rng(2)
    for _ in range(150):
        damaged = bytearray(whole)
        if rng.random() < 0.3:
            damaged = damaged[: rng.integers(len(whole))]
        for place in rng.integers(len(damaged), size=rng.integers(1, 9)) if damaged else ():
            damaged[place] = rng.integers(256)
        path.write_bytes(bytes(damaged))
        for read in (lambda: read_table(path), lambda: _batches(path)):
            try:
                read()
            except (InputError, UsageError) as error:
                message = str(error)
                assert "\n" not in message


def _batches(path: Path) -> None:
    with open_batches(path) as batches:
        for _ in batches.rows:
            pass


def replaced(name: str, values: Any) -> Callable[[pa.Table], pa.Table]:
    """The table with another column of a name."""
    return lambda content: content.set_column(content.schema.get_field_index(name), name, values)


def stated(**changes: Any) -> Callable[[pa.Table], pa.Table]:
    """The table with another document."""

    def change(content: pa.Table) -> pa.Table:
        document = json.loads(content.schema.metadata[KEY]) | changes
        return content.replace_schema_metadata({KEY: json.dumps(document).encode()})

    return change


LIES: dict[str, tuple[Callable[[pa.Table], pa.Table], str]] = {
    "texts as onset": (replaced("onset", pa.array(["1"] * 200)), "onset is string, not numbers"),
    "numbers as recording": (replaced("recording", pa.array([1] * 200)), "recording is int64, not text"),
    "lists of any length": (
        replaced("embedding", pa.array([[1.0]] * 200)),
        "embedding is list<",
    ),
    "three names": (stated(feature_names=["a", "b", "c"]), "3 names for 2 features"),
    "a negative rate": (stated(rate_hz=-1), "its rate_hz is -1, not a number above 0"),
    "a huge window": (stated(window_s=10**400), "its window_s is a number of many digits"),
    "nested": (
        lambda content: content.replace_schema_metadata({KEY: b"[" * 100_000}),
        "not valid JSON",
    ),
    "a list": (lambda content: content.replace_schema_metadata({KEY: b"[]"}), "it is not a JSON object"),
    "onset twice": (
        lambda content: content.append_column("onset", content["onset"]),
        "onset",
    ),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("suffix", ["parquet", "arrow"])
def test_columns_and_documents_that_cannot_be_are_one_line(tmp_path: Path, lie: str, suffix: str) -> None:
    change, problem = LIES[lie]
    path, content = tmp_path / f"t.{suffix}", change(table())
    if suffix == "parquet":
        pq.write_table(content, path)
    else:
        with pa.ipc.new_stream(path, content.schema) as writer:
            writer.write_table(content)
    with pytest.raises(InputError) as error:
        read_table(path)
    assert problem in str(error.value)
    assert str(error.value).startswith(str(path))
    assert "\n" not in str(error.value)


def test_a_stream_that_points_beyond_itself_is_refused(tmp_path: Path) -> None:
    """Offsets of texts that lie: reading them would read other memory."""
    path, offsets = tmp_path / "t.arrow", np.array([0, 5, 10], np.int32)
    batch = pa.record_batch(
        [["abcde", "fghij"]], pa.schema([("recording", pa.string())], {KEY: METADATA.encode()})
    )
    with path.open("wb") as stream, pa.ipc.new_stream(stream, batch.schema) as writer:
        writer.write_batch(batch)
    whole, lie = path.read_bytes(), np.array([0, 5, 10**6], np.int32)
    assert whole.count(offsets.tobytes()) == 1
    path.write_bytes(whole.replace(offsets.tobytes(), lie.tobytes()))
    with pytest.raises(InputError, match=r"neither Parquet nor a whole Arrow stream"):
        read_table(path)


@pytest.mark.parametrize(
    "notes",
    [
        {"P0_x": {"windows": 100, "seconds": 1.0, "row": 150}},
        {"P0_x": {"windows": 10**9, "seconds": 1.0, "row": 0}},
        {"P0_x": {"windows": float("inf"), "seconds": 1.0, "row": 0}},
        {"P0_x": {"windows": 1.5, "seconds": 1.0, "row": 0}},
        {"P0_x": {"windows": 1, "seconds": float("nan"), "row": 0}},
        {"P0_x": {"windows": 1, "seconds": 10**400, "row": 0}},
        {"P0_x": None},
        [],
    ],
    ids=str,
)
def test_notes_that_lie_are_no_table_to_go_on_with(tmp_path: Path, notes: Any) -> None:
    path = tmp_path / "t.parquet"
    with open_sink(path, "parquet", SCHEMA) as sink:
        sink.write(table())
        sink.close(notes)
    with pytest.raises(UsageError, match="is there and is not an embeddings table") as error:
        open_earlier(path, METADATA, ["P0_x", "P1_x"])
    assert "\n" not in str(error.value)


def test_rows_of_another_recording_or_damaged_ones_are_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with open_sink(path, "parquet", SCHEMA) as sink:
        sink.write(table())
        sink.close({"P0_x": {"windows": 100, "seconds": 1.0, "row": 50}})
    earlier = open_earlier(path, METADATA, ["P0_x"])
    assert earlier is not None
    with pytest.raises(InputError, match=r"the rows of 'P0_x' cannot be read .*another one.*--overwrite"):
        list(earlier.rows("P0_x"))
    write(path, "parquet")
    place = pq.ParquetFile(path).metadata.row_group(0).column(6)
    damaged = bytearray(path.read_bytes())
    damaged[place.data_page_offset + place.total_compressed_size // 2] ^= 1
    path.write_bytes(bytes(damaged))
    earlier = open_earlier(path, METADATA, ["P0_x", "P1_x"])
    assert earlier is not None
    with pytest.raises(InputError, match=r"the rows of 'P0_x' cannot be read .*--overwrite"):
        list(earlier.rows("P0_x"))
