"""Ranks of known similarities: by hand, by loops, and by pools drawn one by one."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.retrieval.make import plain_ranks
from wearcli.retrieval.mapping import directions
from wearcli.retrieval.ranks import better_and_tied, hits_within, mean_rank, median_rank

similarities = st.integers(1, 9).flatmap(
    lambda pool: st.lists(
        st.lists(st.sampled_from([-0.5, 0.0, 0.25, 1.0]), min_size=pool, max_size=pool),
        min_size=1,
        max_size=6,
    )
)


def ranked(
    similarity: np.ndarray, own: np.ndarray, drawn: int | None = None
) -> tuple[np.ndarray, np.ndarray]:
    better, tied = better_and_tied(similarity, own)
    pool = similarity.shape[1]
    return mean_rank(better, tied, pool, drawn), hits_within(better, tied, pool, drawn)


def test_three_by_three_by_hand() -> None:
    """Ranks 1, 3, and a tie for 1 and 2."""
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.1, 0.5], [0.1, 0.7, 0.7]])
    ranks, found = ranked(similarity, np.arange(3))
    assert ranks.tolist() == [1, 3, 1.5]
    assert found.tolist() == [1.5, 2, 3]
    assert median_rank(found[None] / 3).tolist() == [1.5]


@given(similarities, st.randoms())
def test_as_orders_drawn_by_chance_say(rows: list[list[float]], random: object) -> None:
    """Every order of the tied ones is as likely; all are listed."""
    similarity = np.array(rows)
    pool = similarity.shape[1]
    own = np.arange(len(rows)) % pool
    found, total = np.zeros(pool), []
    for row, mine in zip(similarity, own, strict=True):
        places = [1 + sum(row > row[mine]) + before for before in range(int(sum(row == row[mine])))]
        total.append(np.mean(places))
        for place in places:
            found[place - 1 :] += 1 / len(places)
    ranks, curve = ranked(similarity, own)
    np.testing.assert_allclose(ranks, total)
    np.testing.assert_allclose(curve, found, atol=1e-12)
    assert ((ranks >= 1) & (ranks <= pool)).all()
    assert curve[-1] == pytest.approx(len(rows))


@given(similarities, st.integers(0, 2**32 - 1))
def test_the_order_of_the_pool_does_not_matter(rows: list[list[float]], seed: int) -> None:
    similarity = np.array(rows)
    pool = similarity.shape[1]
    own = np.arange(len(rows)) % pool
    order = np.random.default_rng(seed).permutation(pool)
    for one, other in zip(
        ranked(similarity, own), ranked(similarity[:, order], order.argsort()[own]), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_a_drawn_pool_as_all_of_its_draws() -> None:
    """All ways to draw 3 of the 6 others, each with both orders of a tie."""
    row = np.array([0.9, 0.4, 0.4, 0.6, -0.2, 0.1, 0.3])
    for mine, drawn in itertools.product(range(7), (2, 4, 7)):
        places = []
        for others in itertools.combinations([k for k in range(7) if k != mine], drawn - 1):
            ahead = sum(row[k] > row[mine] for k in others)
            tied = sum(row[k] == row[mine] for k in others)
            places += [1 + ahead] * (2 - tied) + [2 + ahead] * tied  # either order of the one tie
        ranks, curve = ranked(row[None], np.array([mine]), drawn)
        assert ranks[0] == pytest.approx(np.mean(places))
        within = [np.mean(np.array(places) <= k) for k in range(1, drawn + 1)]
        np.testing.assert_allclose(curve, within, atol=1e-9)


def test_a_drawn_pool_of_many_as_pools_drawn_by_chance() -> None:
    rng = np.random.default_rng(3)
    row = rng.normal(size=400)
    mine, drawn, tries = int(np.argsort(-row)[30]), 25, 20_000
    others = np.delete(np.arange(400), mine)
    places = np.array(
        [1 + (row[rng.choice(others, drawn - 1, False)] > row[mine]).sum() for _ in range(tries)]
    )
    ranks, curve = ranked(row[None], np.array([mine]), drawn)
    assert ranks[0] == pytest.approx(places.mean(), abs=4 * places.std() / np.sqrt(tries))
    for k in (1, 3, 5):
        share = np.mean(places <= k)
        assert curve[k - 1] == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / tries))


def test_the_whole_pool_drawn_is_the_pool() -> None:
    similarity = np.round(np.random.default_rng(1).normal(size=(40, 40)), 1)
    for one, other in zip(
        ranked(similarity, np.arange(40)), ranked(similarity, np.arange(40), 40), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-9)


@given(st.lists(st.integers(1, 12), min_size=1, max_size=30))
def test_the_median_is_that_of_the_ranks(ranks: list[int]) -> None:
    curve = np.array([np.mean(np.array(ranks) <= k) for k in range(1, 13)])
    assert median_rank(curve[None])[0] == np.median(ranks)


def test_cosines_as_by_hand() -> None:
    rng = np.random.default_rng(0)
    query, target = rng.normal(size=(2, 12, 4))
    target[3] = 2 * target[5]  # of one direction: a tie
    ranks, _ = ranked(directions(query) @ directions(target).T, np.arange(12))
    np.testing.assert_allclose(ranks, plain_ranks(query, target))
    assert (directions(np.zeros((1, 3))) == 0).all()
