"""Epochs and people of a recording in parts, against what training makes of the same windows at once."""

from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from wearcli.labels.by_person import join_people
from wearcli.labels.samples import join_targets
from wearcli.labels.streaming import Epochs, People
from wearcli.labels.windows import UsableWindows

WINDOW_S = 5.0


START = pd.Timestamp("2025-01-01", tz="UTC").as_unit("us")


def windows_at(onset: np.ndarray, recording: str = "a", participant: str = "p") -> UsableWindows:
    rng = np.random.default_rng(len(onset))
    times = pd.DataFrame({"recording": recording, "participant": participant, "onset": onset})
    times["duration"] = WINDOW_S
    times["start"] = START + pd.to_timedelta(np.round(onset * 1e6).astype("timedelta64[us]"))
    vectors = rng.normal(size=(len(onset), 3)).astype(np.float32)
    return UsableWindows(times, {"embedding": vectors}, {})


def epochs_of(
    windows: UsableWindows, epoch_s: float, stride_s: float, sizes: list[int]
) -> tuple[UsableWindows, Counter]:
    """Fed in parts of these sizes, the last one for all that remains."""
    left_out: Counter[str] = Counter()
    epochs = Epochs(epoch_s, stride_s, left_out)
    found, first = [], 0
    for size in [*sizes, len(windows)]:
        part = windows.only(np.arange(len(windows))[first : first + size])
        first += size
        if (some := epochs.add(part)) is not None:
            found.append(some)
    if (some := epochs.end()) is not None:
        found.append(some)
    whole = found[0] if found else windows.only(np.zeros(len(windows), bool))
    for more in found[1:]:
        whole = whole.then(more)
    return whole, left_out


@settings(deadline=None)
@given(
    st.sampled_from([1.0, 2.5, 5.0]),
    st.sampled_from([3.0, 5.0, 7.5, 10.0, 17.5, 60.0]),
    st.lists(st.booleans(), min_size=1, max_size=60),
    st.lists(st.integers(1, 20), max_size=5),
)
@example(1.0, 3.0, [True, *[False] * 10, True], [])  # the last lies by half in the second of its three epochs
def test_epochs_are_those_of_training_however_the_recording_is_cut(
    stride_s: float, epoch_s: float, there: list[bool], sizes: list[int]
) -> None:
    onset = 3.25 + np.flatnonzero(there) * stride_s
    if not len(onset):
        return
    windows = windows_at(onset)
    found, left_out = epochs_of(windows, epoch_s, stride_s, sizes)
    # Training cuts a label's interval from its onset: here one from the first window to beyond the last.
    times = pd.DataFrame({"recording": "a", "participant": "p", "onset": onset, "duration": WINDOW_S})
    count = int(np.ceil((onset[-1] + WINDOW_S - onset[0]) / epoch_s)) + 1
    interval = {"recording": ["a"], "onset": onset[:1], "duration": [count * epoch_s], "y": [0.0]}
    embedded = UsableWindows(times, windows.vectors, {})
    expected = join_targets(embedded, pd.DataFrame(interval), ["y"], epoch_s)
    # A ruler of 10 ms counts what windows cover of each.
    rows, end = expected.rows, onset[-1] + WINDOW_S
    needed = min(epoch_s, end - onset[0]) / 2
    ruler = np.arange(onset[0], end, 0.01) + 0.005
    covered = (abs(ruler[:, None] - onset - WINDOW_S / 2) < WINDOW_S / 2).any(axis=1)
    held = [covered[(ruler > o) & (ruler < o + epoch_s)].sum() / 100 for o in rows["onset"]]
    kept = np.array(held) >= needed - 0.02
    assert found.onset.tolist() == pytest.approx(rows["onset"][kept].tolist())
    assert found.times["windows"].tolist() == rows["windows"][kept].tolist()
    np.testing.assert_allclose(found.vectors["embedding"], expected.vectors["embedding"][kept], rtol=1e-6)
    assert found.end.max(initial=0) <= end + 1e-9  # the last epoch ends with the last window
    assert (found.duration[:-1] == epoch_s).all()
    seconds = (found.times["start"] - START) / pd.Timedelta(1, "s")
    np.testing.assert_allclose(seconds, found.onset, atol=2e-6)
    assert sum(left_out.values()) == (~kept).sum()


def test_the_rest_of_a_recording_is_an_epoch_where_half_of_one_is_covered() -> None:
    # The last window ends at 23.75 s, 3.75 s into the third epoch, or at 25 s, 5 s into it.
    for last, expected in ((18.75, [10.0, 10.0]), (20.0, [10.0, 10.0, 5.0])):
        onset = np.append(np.arange(0, 18.0, 2.5), last)
        found, left_out = epochs_of(windows_at(onset), 10.0, 2.5, [])
        assert found.duration.tolist() == expected
        assert sum(left_out.values()) == 3 - len(expected)


def test_a_recording_shorter_than_an_epoch_is_one() -> None:
    found, left_out = epochs_of(windows_at(np.array([0.0, 2.5])), 540.0, 2.5, [])
    assert (found.onset.tolist(), found.duration.tolist(), found.times["windows"].tolist()) == (
        [0.0],
        [7.5],
        [2],
    )
    assert not left_out


def test_windows_further_apart_than_they_last_stand_for_their_stride() -> None:
    onset = np.arange(10) * 20.0  # 5 s every 20 s cover a quarter, and stand for all
    assert epochs_of(windows_at(onset), 60.0, 20.0, [])[0].duration.tolist() == [60.0, 60.0, 60.0]
    assert len(epochs_of(windows_at(onset), 60.0, 5.0, [])[0]) == 0


def test_a_long_recording_is_never_held() -> None:
    epochs = Epochs(10.0, 2.5, Counter())
    rows = 0
    for first in range(0, 40_000, 1000):
        done = epochs.add(windows_at((first + np.arange(1000)) * 2.5))
        rows += 0 if done is None else len(done)
        assert epochs.held is not None
        assert len(epochs.held) <= 1000
    assert rows == 9999  # complete ones: the last window begins at 99,997.5 s


def test_each_recording_is_cut_from_its_own_first_window() -> None:
    epochs = Epochs(10.0, 2.5, Counter())
    for recording in ("a", "b"):
        found = []
        for first in (0, 20):
            windows = windows_at(7.5 + (first + np.arange(20)) * 2.5, recording)
            found += [some for some in (epochs.add(windows),) if some is not None]
        found += [some for some in (epochs.end(),) if some is not None]
        assert np.concatenate([some.onset for some in found]).tolist() == [7.5 + 10 * n for n in range(10)]


def test_a_gap_of_years_costs_nothing() -> None:
    onset = np.array([0.0, 2.5, 5.0, 3e8, 3e8 + 2.5, 3e8 + 5.0])
    found, _ = epochs_of(windows_at(onset), 10.0, 2.5, [2, 2])
    assert found.onset.tolist() == [0.0, 3e8]


def test_people_are_the_means_that_training_takes() -> None:
    left_out: Counter[str] = Counter()
    people = People(8, 2.5, left_out)
    parts = [("a1", "a", 12), ("a2", "a", 5), ("b1", "b", 9), ("c1", "c", 7)]
    frames, vectors = [], []
    for recording, participant, count in parts:
        windows = windows_at(np.arange(count) * 2.5, recording, participant)
        people.add(windows.only(np.arange(count) < 4))
        people.add(windows.only(np.arange(count) >= 4))
        frames.append(
            pd.DataFrame(
                {
                    "recording": recording,
                    "participant": participant,
                    "onset": windows.onset,
                    "duration": WINDOW_S,
                }
            )
        )
        vectors.append(windows.vectors["embedding"])
    times = pd.concat(frames, ignore_index=True)
    whole = pd.DataFrame({"recording": [one[0] for one in parts], "onset": 0.0, "duration": 1e3, "age": 1.0})
    embedded = UsableWindows(times, {"embedding": np.concatenate(vectors)}, {})
    expected = join_people(embedded, whole, ["age"], 8)
    found = people.samples()
    assert found is not None
    assert found.times["participant"].tolist() == expected.rows["participant"].tolist() == ["a", "b"]
    assert found.times["windows"].tolist() == expected.rows["windows"].tolist() == [17, 9]
    np.testing.assert_allclose(found.vectors["embedding"], expected.vectors["embedding"], rtol=1e-6)
    assert found.duration.tolist() == [11 * 2.5 + 5 + 4 * 2.5 + 5, 8 * 2.5 + 5]
    assert dict(left_out) == {"participants with fewer than 8 windows, as the probe wants": 1}
