"""Corrected tests of many differences: Holm's own rule, and how often a test of nothing finds something."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from wearcli.comparison.multiple import LEVEL, bootstrap_p, corrected, holm
from wearcli.probing.bootstrap import interval


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_rejects_as_holm_wrote(values: list[float]) -> None:
    """Step down: the smallest against level / k, the next against level / (k - 1), until one is not below."""
    found = holm(np.array(values))
    rejected, ordered = set(), sorted(range(len(values)), key=lambda i: values[i])
    for step, which in enumerate(ordered):
        if not values[which] < LEVEL / (len(values) - step):
            break
        rejected.add(which)
    close = [abs(v * k - LEVEL) < 1e-9 for v in values for k in range(1, len(values) + 1)]
    if not any(close):
        assert {i for i, p in enumerate(found) if p < LEVEL} == rejected
    assert (found >= np.array(values)).all()


def test_what_is_not_known_is_not_counted() -> None:
    found = holm(np.array([0.01, np.nan, 0.04]))
    assert found.tolist()[0::2] == [0.02, 0.04]
    assert np.isnan(found[1])


def test_p_is_below_the_level_where_the_interval_leaves_zero_out() -> None:
    rng = np.random.default_rng(0)
    for mean in np.linspace(1, 3, 41):
        draws = mean + rng.normal(size=1999)
        low, _ = interval(draws)
        assert low is not None
        if abs(low) > 0.05:
            assert (bootstrap_p(draws) < LEVEL) == (low > 0)
    assert bootstrap_p(np.zeros(100)) == 1
    assert bootstrap_p(np.ones(999)) == 2 / 1000
    assert np.isnan(bootstrap_p(np.full(10, np.nan)))


def test_ten_models_that_are_alike_seldom_look_different() -> None:
    """Over 400 studies of 30 people: uncorrected one of ten or more is found in 2 of 5 of them, corrected in
    1 of 10 (not in 1 of 20, as the percentile bootstrap of so few people is liberal)."""
    rng = np.random.default_rng(1)
    counts = {"p": 0, "p_holm": 0}
    for _ in range(400):
        people = rng.normal(size=(10, 30))
        picks = rng.multinomial(30, np.full(30, 1 / 30), size=400) / 30
        found = corrected({str(i): picks @ row for i, row in enumerate(people)})
        for name in counts:
            counts[name] += any(getattr(each, name) < LEVEL for each in found.values())
    assert counts["p"] / 400 > 0.3
    assert counts["p_holm"] / 400 < 0.15
