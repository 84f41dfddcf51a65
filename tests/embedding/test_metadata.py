"""What made a table is parsed once, of today, of an older wearcli or another tool; damage is one line."""

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearcli.embedding.metadata import EmbedArguments, ModelIdentity, TableMetadata
from wearcli.embedding.table import read_table, schema
from wearcli.errors import InputError

# As wearcli 0.1.0 wrote it.
OLD: dict[str, Any] = {
    "arguments": {
        "features": "heart",
        "max_missing": 0.1,
        "participant_from": None,
        "paths": ["recordings"],
        "rate_hz": 100.0,
        "unit": "mg",
    },
    "feature_names": ["mean_x", "stride_s"],
    "modality": "acc",
    "model": {"name": "motion-v5", "sha256": "c551bca9"},
    "rate_hz": 50.0,
    "recordings_planned": ["P01_a", "P02_a"],
    "sidecars": {"labels": "labels.csv", "gait": ["a/gait.csv", "b/gait.csv"]},
    "stride_s": 2.5,
    "unit": "g",
    "version": "0.1.0",
    "window_s": 5.0,
}


def test_a_table_of_an_older_wearcli_is_read_and_written_alike() -> None:
    metadata = TableMetadata.parse(json.dumps(OLD).encode(), "e.parquet")
    assert metadata.model == ModelIdentity("motion-v5", "c551bca9")
    assert metadata.arguments == EmbedArguments(
        ("recordings",), None, 0.1, "heart", {"rate_hz": 100.0, "unit": "mg"}
    )
    assert metadata.sidecars == {"labels": ("labels.csv",), "gait": ("a/gait.csv", "b/gait.csv")}
    assert metadata.feature_names == ("mean_x", "stride_s")
    assert metadata.recordings_planned == ("P01_a", "P02_a")
    expected = OLD | {"sidecars": {**OLD["sidecars"], "labels": ["labels.csv"]}}
    assert json.loads(metadata.encode()) == expected
    assert TableMetadata.parse(metadata.encode(), "e.parquet") == metadata


def test_doubt_about_participants_is_optional() -> None:
    metadata = TableMetadata.parse(json.dumps(OLD | {"participant_doubt": "why"}).encode(), "e.parquet")
    assert metadata.participant_doubt == "why"
    assert TableMetadata.parse(metadata.encode(), "e.parquet") == metadata
    assert TableMetadata.parse(json.dumps(OLD).encode(), "e.parquet").participant_doubt is None


def test_another_tool_may_leave_out_what_it_does_not_know() -> None:
    metadata = TableMetadata.from_json({"rate_hz": 50}, "e.parquet")
    assert (metadata.rate_hz, metadata.stride_s, metadata.model.sha256) == (50, None, None)
    assert metadata.model.to_json() == {}
    assert TableMetadata.from_json({}, "e.parquet") == TableMetadata()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"rate_hz": "50"}, "its rate_hz is '50', not a number above 0"),
        ({"stride_s": -1}, "its stride_s is -1, not a number above 0"),
        ({"window_s": float("nan")}, "its window_s is nan"),
        ({"model": "motion"}, "its model is 'motion', not a JSON object"),
        ({"model": {"name": 5}}, "model: its name is 5, not a text"),
        ({"feature_names": [1]}, "not a list of texts"),
        ({"arguments": {"paths": "recordings"}}, "arguments: its paths is 'recordings', not a list of texts"),
        ({"arguments": {"features": "gait"}}, "arguments: its features are 'gait', not motion or heart"),
        ({"arguments": {"max_missing": 2}}, "arguments: its max_missing is 2, not a number from 0 to 1"),
        ({"sidecars": {"labels": [1]}}, "sidecars: its labels is"),
        ({"recordings_planned": 3}, "its recordings_planned is 3"),
    ],
)
def test_a_damaged_document_is_one_line(change: dict[str, Any], problem: str) -> None:
    with pytest.raises(InputError) as error:
        TableMetadata.from_json(OLD | change, "e.parquet")
    message = str(error.value)
    assert message.startswith("e.parquet: ")
    assert problem in message
    assert message.endswith(": make the table again with 'wearcli embed --overwrite'")
    assert "\n" not in message


@pytest.mark.parametrize("text", [b"{", b"[]", b"\xff"])
def test_a_table_whose_document_is_no_object_is_one_line(tmp_path, text: bytes) -> None:
    path = tmp_path / "e.parquet"
    pq.write_table(pa.table({"x": [1]}).replace_schema_metadata({b"wearcli": text}), path)
    with pytest.raises(
        InputError, match=r"e\.parquet: (it is not|not valid).*: make the table again"
    ) as error:
        read_table(path)
    assert "\n" not in str(error.value)


def test_the_schema_carries_it() -> None:
    metadata = TableMetadata.from_json(OLD, "e.parquet")
    assert schema(4, 2, metadata).metadata == {b"wearcli": metadata.encode()}
    assert schema(4, 2).metadata is None
