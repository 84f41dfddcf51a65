"""The days of a participant: bouts of sensors whose placement nobody states."""

from datetime import UTC

import pyarrow as pa

from wearcli.walking.bouts import Bout
from wearcli.walking.days import Days


def test_a_bout_without_a_placement_is_of_the_placement_without_a_name() -> None:
    windows = pa.table(
        {
            "participant": ["P0", "P0"],
            "placement": pa.array([None, None], pa.string()),
            "start": pa.array([None, None], pa.timestamp("us", tz="UTC")),
        }
    )
    days = Days(UTC, 2.5)
    for placement in ("", "wrist"):
        owner = days.add_bout(Bout(0.0, 20.0, windows), None)
        assert owner == {"participant": "P0", "placement": placement, "day": "1"}
        windows = windows.set_column(1, "placement", pa.array(["wrist", "wrist"]))
    assert sorted(days.by_key) == [("P0", "", "1"), ("P0", "wrist", "1")]
