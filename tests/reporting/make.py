"""Probe folders for the tests of the report: of a small study with a known answer."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import wearcli
from tests.probing.tables import study


def probe_folder(folder: Path, task: str = "activity", table: Path | None = None, **words: Any) -> Path:
    """The folder of a probe of a study in `folder`, which is written there unless its table is given."""
    table = table or study(folder)
    arguments = {"probe": "linear", "bootstrap": 50, "folds": 2, "output": folder / task, "overwrite": True}
    wearcli.probe(table, task=task, **arguments | words)
    return folder / task


def with_placements(table: Path) -> Path:
    """The table, every other person's device worn elsewhere."""
    whole = pq.read_table(table)
    places = ["wrist" if int(name[1:]) % 2 else "ankle" for name in whole["participant"].to_pylist()]
    return replace_column(table, "placement", lambda _, number: places[number])


def replace_column(path: Path, column: str, change: Callable[[Any, int], Any]) -> Path:
    """A Parquet file with the values of a column changed: change(value, row)."""
    whole = pq.read_table(path)
    values = [change(value, row) for row, value in enumerate(whole[column].to_pylist())]
    index = whole.schema.get_field_index(column)
    pq.write_table(whole.set_column(index, whole.schema.field(index), pa.array(values)), path)
    return path


def edit(folder: Path, change: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
    """probe.json or comparison.json as changed, written back."""
    (path,) = [folder / name for name in ("probe.json", "comparison.json") if (folder / name).exists()]
    info = json.loads(path.read_text())
    change(info)
    path.write_text(json.dumps(info))
    return info
