from collections import Counter

import numpy as np
import pandas as pd
import pytest

from wearcli.training.sampler import VALIDATION, PairSampler


def index(sizes: dict[str, int], step_s: float = 5.0) -> pd.DataFrame:
    """One recording a participant, windows in a shuffled order."""
    rows = [(f"r-{p}", p, k * step_s) for p, size in sizes.items() for k in range(size)]
    frame = pd.DataFrame(rows, columns=["recording", "participant", "onset"])
    return frame.sample(frac=1, random_state=0).reset_index(drop=True)


def many(sampler: PairSampler, steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Anchors and partners of many steps."""
    rows = np.stack([sampler.draw(step)[0] for step in range(steps)])
    return rows[:, : sampler.batch].ravel(), rows[:, sampler.batch :].ravel()


def test_partners_are_of_one_recording_and_near():
    table = index({"a": 50, "b": 3, "c": 200})
    sampler = PairSampler(table, np.arange(len(table)), 512, 10.0, seed=1)
    rows, _ = sampler.draw(0)
    anchors, partners = table.loc[rows[:512]], table.loc[rows[512:]]
    assert (anchors["recording"].to_numpy() == partners["recording"].to_numpy()).all()
    apart = partners["onset"].to_numpy() - anchors["onset"].to_numpy()
    assert set(apart) == {-10.0, -5.0, 0.0, 5.0, 10.0}


def test_partners_are_spread_evenly():
    table = index({"a": 1000})
    anchors, partners = many(PairSampler(table, np.arange(1000), 100, 10.0, seed=0), steps=50)
    onset = table["onset"].to_numpy()
    shares = Counter(onset[partners] - onset[anchors])
    assert all(count / 5000 == pytest.approx(0.2, abs=0.03) for count in shares.values())


def test_ignore_is_nearness_in_one_recording():
    table = index({"a": 30, "b": 30})
    rows, ignore = PairSampler(table, np.arange(60), 16, 10.0, seed=0).draw(3)
    for i, row in enumerate(rows):
        for j, other in enumerate(rows):
            here, there = table.loc[row], table.loc[other]
            near = here["recording"] == there["recording"] and abs(here["onset"] - there["onset"]) <= 10
            assert ignore[i, j] == near


def test_participants_weigh_as_the_root_of_their_windows():
    table = index({"a": 100, "b": 400, "c": 1600})
    anchors, _ = many(PairSampler(table, np.arange(len(table)), 100, 0.0, seed=0), steps=200)
    shares = table.loc[anchors, "participant"].value_counts(normalize=True)
    assert shares["a"] == pytest.approx(1 / 7, abs=0.02)
    assert shares["b"] == pytest.approx(2 / 7, abs=0.02)
    assert shares["c"] == pytest.approx(4 / 7, abs=0.02)


def test_only_the_rows_that_were_given_are_drawn():
    table = index({"a": 100, "b": 100})
    allowed = np.arange(0, 200, 3)
    rows, _ = PairSampler(table, allowed, 300, 20.0, seed=0).draw(0)
    assert set(rows) <= set(allowed)


def test_a_step_depends_on_seed_stream_and_number_alone():
    table = index({"a": 100, "b": 100})

    def drawn(seed: int, step: int, stream: int = 0) -> np.ndarray:
        sampler = PairSampler(table, np.arange(200), 64, 10.0, seed)
        for earlier in range(step):
            sampler.draw(earlier)
        fresh = PairSampler(table, np.arange(200), 64, 10.0, seed).draw(step, stream)[0]
        assert np.array_equal(sampler.draw(step, stream)[0], fresh)
        return fresh

    first = drawn(0, 3)
    for other in (drawn(0, 4), drawn(1, 3), drawn(0, 3, VALIDATION)):
        assert not np.array_equal(first, other)
