from collections import Counter

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from wearcli.errors import InputError
from wearcli.training.methods.relcon.groups import GroupSampler
from wearcli.training.sampler import TRAIN, VALIDATION


def study(sizes: list[list[int]], seed: int = 0, gaps: bool = True) -> pd.DataFrame:
    """A person's recordings of so many windows each; names, and the order of rows, tell nothing."""
    rng = np.random.default_rng(seed)
    names = rng.permutation(sum(map(len, sizes)))
    people = rng.permutation(len(sizes))
    rows, number = [], 0
    for person, recordings in zip(people, sizes, strict=True):
        for size in recordings:
            steps = rng.choice([2.5, 5.0, 500.0], size, p=[0.5, 0.4, 0.1]) if gaps else np.full(size, 5.0)
            onsets = rng.choice([0.0, 1e5]) + np.cumsum(steps)
            rows += [(f"r{names[number]:03d}", f"p{person:02d}", onset) for onset in onsets]
            number += 1
    frame = pd.DataFrame(rows, columns=["recording", "participant", "onset"])
    return frame.sample(frac=1, random_state=seed).reset_index(drop=True)


def sampler(table: pd.DataFrame, rows: np.ndarray | None = None, **changed) -> GroupSampler:
    """By default all windows of a group of 6 are anchors."""
    options = {"groups": 4, "within": 5, "between": 6, "seconds": 60.0, "seed": 0, **changed}
    options.setdefault("anchors", options["within"] + 1)
    return GroupSampler(table, np.arange(len(table)) if rows is None else rows, **options)


def near(table: pd.DataFrame, rows: np.ndarray, of: int, seconds: float) -> set[int]:
    """The rows of the same recording at most so far away."""
    recording, onset = table["recording"].to_numpy(), table["onset"].to_numpy()
    here = (recording[rows] == recording[of]) & (np.abs(onset[rows] - onset[of]) <= seconds)
    return set(rows[here].tolist())


SIZES = st.lists(st.lists(st.integers(1, 25), min_size=1, max_size=4), min_size=1, max_size=6)


@given(
    SIZES,
    st.integers(1, 8),
    st.integers(1, 8),
    st.integers(0, 20),
    st.integers(1, 9),
    st.sampled_from([4.0, 20.0, 60.0, 3600.0]),
    st.integers(0, 1000),
)
@settings(max_examples=60, deadline=None)
def test_what_a_step_is_made_of(sizes, groups, within, between, anchors, seconds, seed):
    table = study(sizes, seed)
    rows = np.sort(np.random.default_rng(seed).permutation(len(table))[: max(1, len(table) * 4 // 5)])
    counts = table.loc[rows, "participant"].value_counts()
    enough = set(counts.index[counts > within])
    anchors = min(anchors, within + 1)
    options = {"groups": groups, "within": within, "between": between, "anchors": anchors}
    if not enough:
        with pytest.raises(InputError, match="smaller --within"):
            sampler(table, rows, **options)
        return
    drawn = sampler(table, rows, seconds=seconds, seed=seed, **options)
    assert drawn.left_out == len(counts) - len(enough)
    for step in range(3):
        chosen, anchor, candidates = drawn.draw(step)
        assert all(part.dtype == np.int64 for part in (chosen, anchor, candidates))
        people = min(groups, len(enough))
        size = within + 1
        assert chosen.shape == (people * size,)
        assert anchor.shape == (people * anchors,)
        assert candidates.shape == (people * anchors, within + min(between, (people - 1) * anchors))
        assert set(chosen) <= set(rows)
        assert len(set(chosen)) == len(chosen)  # no window twice

        owner = table.loc[chosen, "participant"].to_numpy()
        for group in range(people):
            assert len(set(owner[group * size : (group + 1) * size])) == 1
        assert len(set(owner)) == people
        assert set(owner) <= enough

        # All windows of a group are near its first one, where so many are.
        for group in chosen.reshape(people, size):
            at_hand = near(table, rows, group[0], seconds / 2)
            if len(at_hand) >= size:
                assert set(group) <= at_hand
            else:
                assert at_hand <= set(group)

        assert sorted(anchor) == sorted(g * size + k for g in range(people) for k in range(anchors))
        for place, others in zip(anchor, candidates, strict=True):
            assert len(set(others)) == len(others)
            own = {p for p in others if p // size == place // size}
            assert own == {p for p in range(people * size) if p // size == place // size} - {place}
            assert set(others) - own <= set(anchor)


@given(SIZES, st.integers(1, 8), st.sampled_from([20.0, 60.0, 600.0]), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_the_stretch_around_each_window(sizes, within, seconds, seed):
    """As many windows as are needed at least, the window itself among them, none of them skipped."""
    table = study(sizes, seed)
    assume(max(map(sum, sizes)) > within)
    drawn = sampler(table, within=within, seconds=seconds)
    owner = table["participant"].to_numpy()[drawn.rows]
    for place, row in enumerate(drawn.rows):
        if (owner == owner[place]).sum() <= within:
            continue
        begin, end = drawn.begin[place], drawn.end[place]
        assert begin <= place < end
        assert set(owner[begin:end]) == {owner[place]}
        at_hand = near(table, np.arange(len(table)), row, seconds / 2)
        assert at_hand <= set(drawn.rows[begin:end])
        assert end - begin == max(len(at_hand), within + 1)


def test_a_stretch_that_is_too_small_stays_within_its_recording_where_that_has_enough():
    table = study([[6, 6, 3]], gaps=False)
    drawn = sampler(table, groups=1, within=5, between=0, seconds=4.0)
    size = table["recording"].value_counts()
    for step in range(60):
        group = table.loc[drawn.draw(step)[0], "recording"]
        assert group.nunique() == 1 or size[group.iloc[0]] == 3


@pytest.mark.parametrize(("seconds", "reached"), [(20.0, 2), (39.9, 3), (40.0, 4), (1e6, 199)])
def test_within_seconds_is_the_time_between_any_two(seconds, reached):
    table = study([[200], [200]], gaps=False)
    drawn = sampler(table, seconds=seconds, within=2)
    spans, neighbours = [], Counter()
    for step in range(300):
        chosen, *_ = drawn.draw(step)
        for group in table.loc[chosen, "onset"].to_numpy().reshape(-1, 3):
            spans.append(np.ptp(group))
            neighbours.update(np.round((group[1:] - group[0]) / 5).astype(int).tolist())
    assert max(spans) <= seconds
    assert max(neighbours) <= reached
    if reached < 10:
        assert set(neighbours) == set(range(-reached, reached + 1)) - {0}
        assert max(neighbours.values()) < 1.5 * min(neighbours.values())  # evenly


def test_short_recordings_are_filled_up_with_the_persons_next():
    table = study([[3] * 10, [30]], gaps=False)
    drawn = sampler(table, within=5, seconds=3600.0)
    seen = 0
    for step in range(40):
        chosen, *_ = drawn.draw(step)
        for group in chosen.reshape(-1, 6):
            sizes = Counter(table.loc[group, "recording"])
            if len(sizes) > 1:
                seen += 1
                first = table.loc[group[0], "recording"]
                assert sizes[first] == 3  # all of its own
                assert len(sizes) <= 3
    assert seen


def test_participants_weigh_as_the_root_of_their_windows():
    table = study([[100], [200, 200], [1600]], gaps=False)
    drawn = sampler(table, groups=1, between=0, within=2)
    owners = Counter(table.loc[drawn.draw(step)[0][0], "participant"] for step in range(4000))
    sizes = table["participant"].value_counts()
    for person, share in {100: 1 / 7, 400: 2 / 7, 1600: 4 / 7}.items():
        (name,) = sizes.index[sizes == person]
        assert owners[name] / 4000 == pytest.approx(share, abs=0.03)


def test_every_window_comes_and_comes_evenly_as_the_first():
    table = study([[10, 2], [25]], gaps=False)
    drawn = sampler(table, groups=2, within=5, seconds=20.0)
    first, all_ = Counter(), Counter()
    for step in range(3000):
        groups = drawn.draw(step)[0].reshape(2, 6)
        first.update(groups[:, 0].tolist())
        all_.update(groups.ravel().tolist())
    assert set(all_) == set(range(len(table)))
    for _, rows in table.groupby("participant").groups.items():
        counts = [first[row] for row in rows]
        assert 3000 / len(rows) == pytest.approx(np.mean(counts))
        assert max(counts) < 2 * min(counts)


def test_candidates_of_others_are_drawn_evenly():
    table = study([[40]] * 5, gaps=False)
    drawn = sampler(table, groups=5, within=3, anchors=2, between=3)
    counts = Counter()
    for step in range(600):
        _, anchors, candidates = drawn.draw(step)
        counts.update(
            (int(a), int(c)) for a, row in zip(anchors, candidates[:, 3:], strict=True) for c in row
        )
    assert len(counts) == 10 * 8  # each anchor, each of the 8 anchors of others
    assert all(count / 600 == pytest.approx(3 / 8, abs=0.1) for count in counts.values())


def test_the_paper_has_64_people_and_the_63_other_anchors():
    table = study([[30]] * 70, gaps=False)
    drawn = sampler(table, groups=64, within=20, between=63, anchors=1, seconds=3600.0)
    chosen, anchors, candidates = drawn.draw(0)
    assert len(set(table.loc[chosen[anchors], "participant"])) == 64
    assert candidates.shape == (64, 83)
    for anchor, row in zip(anchors, candidates, strict=True):
        assert set(row[20:]) == set(anchors) - {anchor}


def test_one_person_has_candidates_of_their_own_alone():
    table = study([[30], [3]], gaps=False)
    drawn = sampler(table)
    chosen, anchors, candidates = drawn.draw(0)
    assert (len(chosen), len(anchors), candidates.shape, drawn.left_out) == (6, 6, (6, 5), 1)


def test_a_step_depends_on_seed_stream_and_number_alone():
    table = study([[40], [40], [10, 30]])

    def drawn(seed: int, step: int, stream: int = TRAIN) -> tuple[np.ndarray, ...]:
        used = sampler(table, seed=seed)
        for earlier in range(step):
            used.draw(earlier)
        fresh = sampler(table, seed=seed).draw(step, stream)
        assert all(map(np.array_equal, used.draw(step, stream), fresh))
        return fresh

    first = drawn(0, 3)
    for other in (drawn(0, 4), drawn(1, 3), drawn(0, 3, VALIDATION)):
        assert not np.array_equal(first[0], other[0])


def test_the_rows_order_is_of_no_account():
    """The same rows given in another order make the same steps."""
    table = study([[40], [20, 20], [10, 30]])
    rows = np.arange(len(table))
    mixed = np.random.default_rng(0).permutation(rows)
    first, second = (sampler(table, given).draw(5) for given in (rows, mixed))
    assert all(map(np.array_equal, first, second))
