"""The windows that `predict` uses are those that `probe` does."""

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
from wearcli.labels.windows import windows_of
from wearcli.prediction.windows import usable_windows

NUMBER = st.sampled_from([0.0, 0.49, 0.5, 1.0, None])
ROW = st.tuples(
    NUMBER, NUMBER, st.sampled_from(["", "", "", "onset", "participant", "embedding", "features"])
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=8), st.booleans(), st.sampled_from([0.0, 0.5]), st.booleans())
def test_the_same_windows_are_used_and_left_out(
    tmp_path: Path,
    drawn: list[tuple[float | None, float | None, str]],
    keep_nonwear: bool,
    min_quality: float,
    null: bool,
) -> None:
    count = len(drawn)
    times = pd.DataFrame({"recording": ["a"] * count, "participant": "p", "onset": np.arange(count) * 2.0})
    times["wear"] = [one[0] for one in drawn]
    times["quality"] = [one[1] for one in drawn]
    rng = np.random.default_rng(0)
    broken = [one[2] for one in drawn]
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
    left_out: Counter[str] = Counter()
    for column in ("embedding", "features"):
        left_out.clear()
        found = usable_windows(table, column, keep_nonwear, min_quality, left_out)
        try:
            expected = windows_of(table, "t", keep_nonwear, min_quality)
        except InputError:  # of none
            assert len(found) == 0
            assert sum(left_out.values()) == count
            continue
        assert found.onset.tolist() == expected.times["onset"].tolist()
        np.testing.assert_array_equal(found.vectors, expected.vectors[column])
        assert dict(left_out) == expected.dropped


@pytest.mark.parametrize("column", ["start", "placement", "wear"])
def test_columns_that_nobody_needs_may_be_absent(tmp_path: Path, column: str) -> None:
    times = pd.DataFrame({"recording": ["a"], "participant": "p", "onset": 0.0})
    table = pq.read_table(write_table(tmp_path / "t.parquet", times, np.ones((1, 3)), np.ones((1, 2))))
    found = usable_windows(table.drop_columns([column]), "embedding", False, 0.5, Counter())
    assert len(found) == 1
    assert found.columns()["recording"] == "a"
    assert found.origin["placement"] is None
