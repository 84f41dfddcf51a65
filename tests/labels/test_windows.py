"""Which windows of a table can be used, by a plain loop over its rows; in parts as at once."""

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.probing.tables import write_table
from wearcli.errors import InputError
from wearcli.labels.windows import select_windows, usable_windows

NUMBER = st.sampled_from([0.0, 0.49, 0.5, 1.0, None])
ROW = st.tuples(
    NUMBER, NUMBER, st.sampled_from(["", "", "", "onset", "participant", "embedding", "features"])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.booleans(), st.sampled_from([0.0, 0.5]), st.booleans())
def test_the_same_windows_are_used_and_left_out(
    tmp_path: Path,
    rows: list[tuple[float | None, float | None, str]],
    keep_nonwear: bool,
    min_quality: float,
    null: bool,
) -> None:
    count = len(rows)
    times = pd.DataFrame({"recording": ["a"] * count, "participant": "p", "onset": np.arange(count) * 2.0})
    times["wear"] = [one[0] for one in rows]
    times["quality"] = [one[1] for one in rows]
    rng = np.random.default_rng(0)
    broken = [one[2] for one in rows]
    values = {"embedding": rng.normal(size=(count, 3)), "features": rng.normal(size=(count, 2))}
    for name, vectors in values.items():
        if not null:  # a value that is not finite, else a null
            vectors[[one == name for one in broken], 0] = np.nan
    table = pq.read_table(write_table(tmp_path / "t.parquet", times, values["embedding"], values["features"]))
    for name in ("onset", "participant", *(("embedding", "features") if null else ())):
        column = table[name].to_pylist()
        absent = [None if one == name else value for one, value in zip(broken, column, strict=True)]
        place = table.schema.get_field_index(name)
        table = table.set_column(
            place, table.schema.field(name), pa.array(absent, table.schema.field(name).type)
        )
    expected, left_out = [], Counter()
    for row, (wear, quality, missing) in enumerate(rows):
        if missing and (null or missing not in values):
            left_out["windows with a null"] += 1
        elif missing:
            left_out["windows with a value that is not finite"] += 1
        elif not keep_nonwear and wear is not None and wear < 0.5:
            left_out["windows not worn (--keep-nonwear keeps them)"] += 1
        elif quality is not None and quality < min_quality:
            left_out["windows of poor quality (--min-quality 0 keeps them)"] += 1
        else:
            expected.append(row)
    windows = select_windows(table, "t", keep_nonwear, min_quality)
    assert windows.onset.tolist() == [2.0 * row for row in expected]
    assert windows.dropped == left_out
    for name, vectors in values.items():
        np.testing.assert_array_equal(windows.vectors[name], vectors[expected].astype(np.float32))
    parts = [select_windows(table.slice(row, 1), "t", keep_nonwear, min_quality) for row in range(count)]
    assert [onset for part in parts for onset in part.onset] == windows.onset.tolist()
    assert sum((Counter(part.dropped) for part in parts), Counter()) == left_out
    if not expected:
        with pytest.raises(InputError, match=r"^t: no window can be used \("):
            usable_windows(table, "t", keep_nonwear, min_quality)
        return
    strict = usable_windows(table, "t", keep_nonwear, min_quality)
    assert strict.onset.tolist() == windows.onset.tolist()


@pytest.mark.parametrize("column", ["start", "placement", "wear"])
def test_columns_that_nobody_needs_may_be_absent(tmp_path: Path, column: str) -> None:
    times = pd.DataFrame({"recording": ["a"], "participant": "p", "onset": 0.0})
    table = pq.read_table(write_table(tmp_path / "t.parquet", times, np.ones((1, 3)), np.ones((1, 2))))
    windows = select_windows(table.drop_columns([column]), "t", False, 0.5, ["placement", "start"])
    assert windows.times["recording"].tolist() == ["a"]
    assert list(windows.times)[4:] == [name for name in ("placement", "start") if name != column]


def test_a_table_without_features_has_none(tmp_path: Path) -> None:
    times = pd.DataFrame({"recording": ["a"], "participant": "p", "onset": 0.0})
    table = pq.read_table(write_table(tmp_path / "t.parquet", times, np.ones((1, 3)), np.ones((1, 2))))
    place = table.schema.get_field_index("features")
    table = table.set_column(place, "features", pa.array([[]], pa.list_(pa.float32(), 0)))
    assert [*usable_windows(table, "t").vectors] == ["embedding"]
