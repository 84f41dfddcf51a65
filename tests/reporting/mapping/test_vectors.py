"""The vectors on the map are those that the probe was fitted on: as its own join gives them."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.probing.tables import study
from tests.reporting.make import probe_folder
from wearcli.errors import InputError
from wearcli.labels.samples import sample_keys
from wearcli.labels.sets import SampleOptions, read_sets
from wearcli.probing.probe import probe
from wearcli.reporting.mapping.vectors import embedded_samples, table_paths
from wearcli.reporting.study import read_study


def probed(folder: Path, task: str = "activity", **words: Any) -> Path:
    return probe_folder(folder, task, folder / "embeddings.parquet", **words)


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ({"task": "activity"}, {}),
        ({"task": "activity", "epoch": 4.0}, {"epoch": 4.0}),
        ({"task": "gait"}, {}),
        ({"task": "age", "level": "participant"}, {"min_segments": 1}),
    ],
)
def test_as_the_probes_own_join(tmp_path: Path, words: dict[str, Any], wanted: dict[str, Any]) -> None:
    table = study(tmp_path)
    known = read_sets([table], [], SampleOptions(task=words["task"], **wanted)).samples
    opened = read_study(probed(tmp_path, **words), None)
    found = embedded_samples(opened, [table])
    assert found.absent == 0
    assert len(found.rows) == len(known)
    order = sample_keys(known).get_indexer(
        sample_keys(type(known)(found.rows, {}, np.empty(0), 0, {}))  # the same key of a sample
    )
    assert (order >= 0).all()
    assert found.vectors == pytest.approx(known.vectors["embedding"][order], abs=1e-6)
    truth = known.truth[order].reshape(len(order), -1)
    for number, target in enumerate(opened.targets):
        assert found.rows[target].to_list() == pytest.approx(truth[:, number].tolist())


def test_a_path_as_typed_is_found_from_the_folder_of_the_study(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = study(tmp_path / "study")
    monkeypatch.chdir(table.parent)
    words = {"task": "activity", "probe": "linear", "bootstrap": 20}
    probe(table.name, output="probes/activity", **words)  # type: ignore[arg-type]
    monkeypatch.chdir(tmp_path)
    opened = read_study(tmp_path / "study" / "probes" / "activity", None)
    assert table_paths(opened) == [table]
    table.unlink()
    assert table_paths(opened) == [Path("embeddings.parquet")]  # as it was typed, for the message


def test_samples_that_the_table_lacks_are_counted(tmp_path: Path) -> None:
    table = study(tmp_path)
    opened = read_study(probed(tmp_path, task="activity", epoch=4.0), None)
    assert table_paths(opened) == [table]
    whole = pq.read_table(table)
    pq.write_table(whole.filter(pa.compute.not_equal(whole["participant"], "p00")), table)
    found = embedded_samples(opened, [table])
    assert "p00" not in set(found.rows["participant"])
    assert found.absent == (opened.predictions_for("label")["participant"] == "p00").sum() > 0


def test_placements_of_an_older_folder_come_from_the_table(tmp_path: Path) -> None:
    table = study(tmp_path)
    whole = pq.read_table(table)
    places = pa.array(["wrist" if name < "p04" else "ankle" for name in whole["participant"].to_pylist()])
    pq.write_table(whole.set_column(whole.schema.get_field_index("placement"), "placement", places), table)
    folder = probed(tmp_path, task="activity")
    path = folder / "predictions.parquet"
    pq.write_table(pq.read_table(path).drop_columns(["placement", "group"]), path)
    rows = embedded_samples(read_study(folder, None), [table]).rows
    assert (rows["placement"] == np.where(rows["participant"] < "p04", "wrist", "ankle")).all()


def test_tables_that_are_not_the_probes(tmp_path: Path) -> None:
    opened = read_study(probe_folder(tmp_path / "one"), None)
    other = study(tmp_path / "two")
    metadata = pq.read_schema(other).metadata
    document = metadata[b"wearcli"].replace(b'"abc"', b'"other"')
    pq.write_table(pq.read_table(other).replace_schema_metadata({b"wearcli": document}), other)
    with pytest.raises(InputError, match="of another model than the probe's: name the right table"):
        embedded_samples(opened, [other])
    mine = tmp_path / "one/embeddings.parquet"
    with pytest.raises(InputError, match="recordings of one name are in several tables"):
        embedded_samples(opened, [mine, mine])
    whole = pq.read_table(mine)
    pq.write_table(whole.slice(0, 1).set_column(0, "recording", pa.array(["else"])), mine)
    with pytest.raises(InputError, match="none of the probe's samples is in it"):
        embedded_samples(opened, [mine])
