import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wearcli.labels.intervals import (
    contradictions,
    cut_epochs,
    merge_touching,
    most_covering,
    overlaps,
    whole_recordings,
)
from wearcli.labels.pooling import newly_covered, pool
from wearcli.labels.samples import join_classes, join_targets
from wearcli.labels.windows import UsableWindows


def windows(rows: list[tuple[str, float, float]], dimension: int = 3) -> UsableWindows:
    times = pd.DataFrame(rows, columns=["recording", "onset", "duration"])
    times.insert(1, "participant", "p" + times["recording"].astype(str))
    rng = np.random.default_rng(len(rows))
    vectors = rng.normal(size=(len(rows), dimension)).astype(np.float32)
    return UsableWindows(times, {"embedding": vectors, "features": vectors[:, :1] * 2}, {})


def intervals(rows: list[tuple[str, float, float, object]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["recording", "onset", "duration", "label"])


def shared(window: tuple, interval: tuple) -> float:
    if window[0] != interval[0]:
        return 0.0
    return max(0.0, min(window[1] + window[2], interval[1] + interval[2]) - max(window[1], interval[1]))


# Quarters of a second: sums of them are exact, so that half of a window is half of it.
quarter = st.integers(0, 80).map(lambda n: n / 4)
length = st.integers(1, 24).map(lambda n: n / 4)
name = st.sampled_from("abc")
some_windows = st.lists(st.tuples(name, quarter, length), min_size=1, max_size=25)
some_intervals = st.lists(st.tuples(name, quarter, length, st.sampled_from("XYZ")), min_size=1, max_size=12)


@settings(max_examples=60, deadline=None)
@given(some_windows, some_intervals)
def test_overlaps_are_those_of_a_double_loop(ws: list, ivs: list) -> None:
    window, interval, seconds = overlaps(windows(ws).times, intervals(ivs))
    found = {(int(w), int(i)): s for w, i, s in zip(window, interval, seconds, strict=True)}
    expected = {
        (w, i): shared(one, other)
        for w, one in enumerate(ws)
        for i, other in enumerate(ivs)
        if shared(one, other)
    }
    assert found == pytest.approx(expected)
    assert len(found) == len(window)
    assert (np.diff(interval) >= 0).all()


@settings(max_examples=60, deadline=None)
@given(some_windows, some_intervals)
def test_a_window_takes_the_label_that_covers_most_and_at_least_half(ws: list, ivs: list) -> None:
    expected = {}
    for row, window in enumerate(ws):
        ticks = window[1] + np.arange(int(window[2] * 4)) / 4 + 0.125  # the middle of every quarter second
        cover = {
            label: sum(
                any(i[0] == window[0] and i[3] == label and i[1] < t < i[1] + i[2] for i in ivs)
                for t in ticks
            )
            for label in "XYZ"
        }
        best = min(cover, key=lambda label: (-cover[label], label))
        if cover[best] * 2 >= len(ticks):
            expected[row] = best
    table = windows(ws)
    samples = join_classes(table, intervals(ivs), None)
    assert list(samples.truth) == list(expected.values())
    np.testing.assert_array_equal(samples.vectors["embedding"], table.vectors["embedding"][list(expected)])
    assert samples.n_windows == len(expected)
    assert samples.dropped.get("windows without a label", 0) == len(ws) - len(expected)


@settings(max_examples=50, deadline=None)
@given(some_windows, some_intervals)
def test_an_interval_pools_the_windows_with_half_of_their_length_inside(ws: list, ivs: list) -> None:
    table = windows(ws)
    target = intervals(ivs).assign(label=np.arange(len(ivs)) * 1.5).rename(columns={"label": "speed"})
    samples = join_targets(table, target, ["speed"], None)
    expected = []
    for i, interval in enumerate(ivs):
        rows = [w for w, window in enumerate(ws) if shared(window, interval) * 2 >= window[2]]
        if rows:
            values = table.vectors["embedding"][rows].astype(np.float64)
            expected.append((i * 1.5, len(rows), values.mean(axis=0)))
    assert samples.truth[:, 0].tolist() == [e[0] for e in expected]
    assert samples.rows["windows"].tolist() == [e[1] for e in expected]
    if expected:
        np.testing.assert_allclose(
            samples.vectors["embedding"], [e[2] for e in expected], rtol=1e-5, atol=1e-6
        )
        assert (samples.rows["participant"] == "p" + samples.rows["recording"].astype(str)).all()


def test_pooling_is_the_mean_and_chunks_do_not_show() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=(50_000, 2)).astype(np.float32)
    counts = rng.integers(1, 9, size=9000)
    counts[[0, 700, -1]] = 40_000, 16_384, 16_385  # as many as fill a chunk, and more
    rows = rng.integers(0, len(values), size=counts.sum())
    pooled = pool(values, rows, counts)
    groups = np.split(values[rows].astype(np.float64), np.cumsum(counts)[:-1])
    np.testing.assert_allclose(pooled, [g.mean(axis=0) for g in groups], atol=1e-6)


@settings(max_examples=60, deadline=None)
@given(some_windows, some_intervals)
def test_the_interval_that_covers_most_is_that_of_a_double_loop(ws: list, ivs: list) -> None:
    expected = {}
    for row, window in enumerate(ws):
        best = max(range(len(ivs)), key=lambda i: (shared(window, ivs[i]), -i))
        if shared(window, ivs[best]) * 2 >= window[2]:
            expected[row] = best
    window, interval = most_covering(windows(ws).times, intervals(ivs))
    assert dict(zip(window.tolist(), interval.tolist(), strict=True)) == expected
    assert len(window) == len(expected)


@given(st.lists(st.tuples(quarter, length), min_size=1), quarter)
def test_newly_covered_time_adds_up_to_the_union(stretches: list, before: float) -> None:
    begin, end = np.array([(one, one + seconds) for one, seconds in sorted(stretches)]).T
    ticks = np.arange(0, 120, 0.25) + 0.125  # the middle of every quarter second
    covered = ((begin[:, None] < ticks) & (ticks < end[:, None])).any(axis=0) & (ticks > before)
    assert newly_covered(begin, end, before).sum() == covered.sum() / 4


def test_touching_intervals_of_a_label_are_one_and_others_are_not() -> None:
    table = intervals(
        [("a", 0, 5, "w"), ("a", 5, 5, "w"), ("a", 12, 3, "w"), ("a", 2, 1, "w"), ("b", 10, 5, "w")]
    )
    merged = merge_touching(table)
    assert merged[["recording", "onset", "duration"]].to_numpy().tolist() == [
        ["a", 0.0, 10.0],
        ["a", 12.0, 3.0],
        ["b", 10.0, 5.0],
    ]


def test_cutting_keeps_short_intervals_whole_and_drops_what_remains() -> None:
    table = intervals([("a", 1, 25, "w"), ("a", 40, 6, "w"), ("b", 0, 10, "w")])
    epochs, left_out = cut_epochs(table, 10.0)
    assert epochs[["onset", "duration"]].to_numpy().tolist() == [[1, 10], [11, 10], [40, 6], [0, 10]]
    assert left_out == {"ends of intervals shorter than an epoch": 1}


def test_epochs_of_a_classification_hold_one_label_each() -> None:
    table = windows([("a", float(t), 2.0) for t in range(0, 40, 2)])
    samples = join_classes(table, intervals([("a", 0, 20, "w"), ("a", 20, 20, "r")]), 10.0)
    assert samples.truth.tolist() == ["w", "w", "r", "r"]
    assert samples.rows["windows"].tolist() == [5, 5, 5, 5]
    assert samples.vectors["embedding"].shape == (4, 3)
    assert samples.vectors["features"].shape == (4, 1)


def test_whole_recordings_span_first_to_last_window() -> None:
    whole = whole_recordings(windows([("a", 4.0, 2.0), ("a", 1.0, 2.0), ("b", 0.0, 2.0)]).times)
    assert whole[["recording", "participant", "onset", "duration"]].to_numpy().tolist() == [
        ["a", "pa", 1.0, 5.0],
        ["b", "pb", 0.0, 2.0],
    ]


@pytest.mark.parametrize("recordings", [3, 2000])
def test_a_million_windows_are_joined(recordings: int) -> None:
    count = 1_000_000 // recordings
    times = pd.DataFrame(
        {
            "recording": pd.Categorical.from_codes(
                np.repeat(np.arange(recordings), count), [f"r{i}" for i in range(recordings)]
            ),
            "participant": "p",
            "onset": np.tile(np.arange(count) * 2.0, recordings),
            "duration": 2.0,
        }
    )
    table = UsableWindows(times, {"embedding": np.zeros((len(times), 2), np.float32)}, {})
    spans = pd.DataFrame(
        {"recording": [f"r{i}" for i in range(recordings)], "onset": 0.0, "duration": count * 2.0}
    )
    labels = pd.concat(
        [spans.assign(label="x"), spans.assign(onset=count * 2.0, label="y")], ignore_index=True
    )
    samples = join_classes(table, labels, None)
    assert samples.n_windows == len(times)
    assert set(samples.truth) == {"x"}


def test_labels_that_contradict_each_other_are_counted() -> None:
    table = pd.DataFrame(
        [
            ("a", 0, 10, "walk"),
            ("a", 5, 10, "walk"),
            ("a", 12, 10, "sit"),
            ("a", 30, 5, "sit"),
            ("b", 12, 5, "run"),
        ],
        columns=["recording", "onset", "duration", "label"],
    )
    assert contradictions(table) == 1
    assert contradictions(table[table["label"] != "walk"]) == 0
