"""Which windows of two tables are the same moment."""

from pathlib import Path

import numpy as np
import pytest

from tests.retrieval.make import write_table
from wearcli.errors import InputError, UsageError
from wearcli.retrieval.moments import Moments, read_moments


def paired(
    query: Path, target: Path, tolerance_s: float = 1.0, max_movement_g: float | None = None
) -> Moments:
    return read_moments(
        query,
        target,
        tolerance_s=tolerance_s,
        max_movement_g=max_movement_g,
        keep_nonwear=False,
        min_quality=0.5,
    )[0]


def numbered(onset: np.ndarray) -> np.ndarray:
    """Of each window an embedding that tells its onset and that it is one."""
    return np.stack([onset, np.ones(len(onset))], axis=1)


@pytest.mark.parametrize("began_s", [0.0, 0.7, -0.9, 1.1, 60.0, 31.0, None])
def test_windows_of_one_length_by_the_clock(tmp_path: Path, began_s: float | None) -> None:
    """The target's recording begins later; its onsets are from its own start."""
    onset = 60.0 * np.arange(8)
    known = None if began_s is None else 0.0
    query = write_table(tmp_path / "q.parquet", numbered(onset), ["P"] * 8, onset, began_s=known)
    target = write_table(tmp_path / "t.parquet", numbered(onset), ["P"] * 8, onset, began_s=began_s)
    late = began_s or 0.0
    if late in (1.1, 31.0):
        with pytest.raises(InputError, match="are they of the same"):
            paired(query, target)
        assert len(paired(query, target, tolerance_s=31.0)) >= 7
        return
    moments = paired(query, target)
    apart = moments.query["embedding"][:, 0] - moments.target[:, 0]
    assert (apart == (60 if late == 60 else 0)).all()
    assert len(moments) == (7 if late == 60 else 8)


def test_shorter_windows_are_averaged_and_must_cover_half(tmp_path: Path) -> None:
    onset = 60.0 * np.arange(3)
    inner = np.array([0.0, 10, 20, 30, 60, 70, 140, 150, 160, 170])  # of 10 s: 40 s, 20 s and 40 s
    query = write_table(tmp_path / "q.parquet", numbered(onset), ["P"] * 3, onset)
    target = write_table(tmp_path / "t.parquet", numbered(inner), ["P"] * 10, inner, duration=10)
    moments = paired(query, target)
    assert moments.query["embedding"][:, 0].tolist() == [0, 120]
    assert moments.target[:, 0].tolist() == [15, 155]
    assert moments.left_out == {"windows without half of their time in the other table": 1}


def test_what_overlaps_covers_once(tmp_path: Path) -> None:
    """Four windows of 12 s within 15 s are a quarter of a minute, not four fifths."""
    inner = np.array([0.0, 1, 2, 3])
    query = write_table(tmp_path / "q.parquet", np.ones((1, 2)), ["P"], np.zeros(1))
    target = write_table(tmp_path / "t.parquet", numbered(inner), ["P"] * 4, inner, duration=12)
    with pytest.raises(InputError, match="without half"):
        paired(query, target)


def test_a_short_window_on_the_edge_is_of_one_moment_alone(tmp_path: Path) -> None:
    """Windows of 1 s that begin 0.3 s late: all of each lies within the tolerance of two moments."""
    onset, inner = 10.0 * np.arange(3), np.arange(29) + 0.3
    query = write_table(tmp_path / "q.parquet", numbered(onset), ["P"] * 3, onset, duration=10)
    target = write_table(tmp_path / "t.parquet", numbered(inner), ["P"] * 29, inner, duration=1)
    own = [inner[(inner + 0.5 >= begin) & (inner + 0.5 < begin + 10)].mean() for begin in onset]
    np.testing.assert_allclose(paired(query, target).target[:, 0], own, rtol=1e-6)


def test_what_stands_out_covers_nothing(tmp_path: Path) -> None:
    """5.5 s of which 4.5 lie in the 10 s are less than half."""
    query = write_table(tmp_path / "q.parquet", np.ones((1, 2)), ["P"], np.full(1, 30.0), duration=10)
    target = write_table(tmp_path / "t.parquet", np.ones((1, 2)), ["P"], np.full(1, 29.0), duration=5.5)
    with pytest.raises(InputError, match="without half"):
        paired(query, target)


def test_without_starts_each_recording_has_its_own_clock(tmp_path: Path) -> None:
    """Two recordings of one person, both of which begin at 0 s."""
    onset = np.tile(60.0 * np.arange(3), 2)
    names = ["P_a"] * 3 + ["P_b"] * 3
    own = np.stack([onset, np.repeat([1.0, 2.0], 3)], axis=1)
    for name in ("q", "t"):
        write_table(tmp_path / f"{name}.parquet", own, ["P"] * 6, onset, began_s=None, recordings=names)
    moments = paired(tmp_path / "q.parquet", tmp_path / "t.parquet")
    np.testing.assert_array_equal(moments.target, own)
    np.testing.assert_array_equal(moments.query["embedding"], own)


def test_where_the_query_has_the_shorter_windows_the_target_is_the_moment(tmp_path: Path) -> None:
    onset, inner = 30.0 * np.arange(4), 2.5 * np.arange(47)
    query = write_table(
        tmp_path / "q.parquet",
        numbered(inner),
        ["P"] * 47,
        inner,
        duration=5,
        movement=np.where(inner < 30, 0.1, 0.01),
        features=inner[:, None],
    )
    target = write_table(tmp_path / "t.parquet", numbered(onset), ["P"] * 4, onset, duration=30)
    moments = paired(query, target)
    middle = [(29 + 2 * onset[k]) / 2 - 2 for k in range(4)]  # of 0, 2.5 .. 25: 12.5
    assert moments.target[:, 0].tolist() == onset.tolist()
    assert moments.query["embedding"][:, 0] == pytest.approx(np.array(middle), abs=0.01)
    np.testing.assert_allclose(moments.query["features"], moments.query["embedding"][:, :1])
    assert paired(query, target, max_movement_g=0.05).target[:, 0].tolist() == [30, 60, 90]


def test_the_first_of_what_overlaps_stays(tmp_path: Path) -> None:
    onset = 15.0 * np.arange(12)
    query = write_table(tmp_path / "q.parquet", numbered(onset), ["P"] * 12, onset)
    target = write_table(tmp_path / "t.parquet", numbered(onset), ["P"] * 12, onset)
    moments = paired(query, target)
    assert moments.query["embedding"][:, 0].tolist() == [0, 60, 120]
    assert moments.left_out == {"that overlap one before": 9}


def test_people_and_recordings_are_not_mixed(tmp_path: Path) -> None:
    """Two people at the same time: each has their own; without starts those of one recording's name."""
    onset = np.tile(60.0 * np.arange(3), 2)
    people = ["A"] * 3 + ["B"] * 3
    own = np.stack([onset, np.repeat([1.0, 2.0], 3)], axis=1)
    for began in (0.0, None):
        query = write_table(tmp_path / "q.parquet", own, people, onset, began_s=began)
        shuffled = np.random.default_rng(0).permutation(6)
        target = write_table(
            tmp_path / "t.parquet",
            own[shuffled],
            [people[k] for k in shuffled],
            onset[shuffled],
            began_s=began,
        )
        moments = paired(query, target)
        np.testing.assert_array_equal(moments.query["embedding"], moments.target)
        assert moments.participant.tolist() == people


def test_what_cannot_be_used(tmp_path: Path) -> None:
    onset = 60.0 * np.arange(4)
    people = ["P"] * 4
    query = write_table(tmp_path / "q.parquet", numbered(onset), people, onset, wear=np.array([1, 0.2, 1, 1]))
    poor = np.array([0.9, 0.9, 0.3, 0.9])
    target = write_table(tmp_path / "t.parquet", numbered(onset), people, onset, quality=poor)
    assert paired(query, target).target[:, 0].tolist() == [0, 180]
    with pytest.raises(UsageError, match="no movement_g"):
        paired(query, target, max_movement_g=0.1)
    undated = write_table(tmp_path / "u.parquet", numbered(onset), people, onset, began_s=None)
    with pytest.raises(UsageError, match=r"u.parquet: some starts are not known"):
        paired(query, undated)
    other = write_table(tmp_path / "o.parquet", numbered(onset), ["Q"] * 4, onset)
    with pytest.raises(InputError, match="of the same participants and times"):
        paired(query, other)
    with pytest.raises(InputError, match="no window can be used"):
        paired(write_table(tmp_path / "n.parquet", numbered(onset), people, onset, wear=np.zeros(4)), target)
