"""Ridge from sums of products: scikit-learn's weights, the errors of a loop, and sums that add up."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge

from wearcli.probing.kinds import ridge
from wearcli.probing.kinds.ridge import products, ridge_by_samples, ridge_from_products, squared_errors


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(8, 60), st.integers(1, 12), st.integers(1, 3))
def test_both_ways_are_scikit_learns(seed: int, n: int, dimension: int, targets: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, dimension)).astype(np.float32) + 2
    y = rng.normal(size=(n, targets)) + x[:, :1]
    l2 = np.array([[10.0], [0.3], [1e-3]])
    sums = products(x, y, np.ones(n, bool))
    for weights, bias in (ridge_from_products(sums, targets, l2), ridge_by_samples(x.astype(float), y, l2)):
        for number, (penalty,) in enumerate(l2):
            wanted = Ridge(alpha=penalty * n).fit(x.astype(float), y)
            np.testing.assert_allclose(weights[:, number].T, np.atleast_2d(wanted.coef_), atol=1e-6)
            np.testing.assert_allclose(bias[number], np.ravel(wanted.intercept_), atol=1e-5)
        found = squared_errors(sums, weights, bias)
        for number in range(3):
            left = y - x @ weights[:, number] - bias[number]
            np.testing.assert_allclose(found[number], np.square(left).sum(axis=0), rtol=1e-6, atol=1e-8)


def test_sums_of_a_fold_and_of_the_rest_are_those_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(500, 4)).astype(np.float32), rng.normal(size=(500, 2))
    held = rng.random(500) < 0.3
    whole = products(x, y, np.ones(500, bool))
    monkeypatch.setattr(ridge, "_ROWS", 64)  # so that there are several blocks
    np.testing.assert_allclose(products(x, y, held) + products(x, y, ~held), whole, rtol=1e-12, atol=1e-9)
    row = np.concatenate([np.ones((500, 1)), x, y], axis=1)
    np.testing.assert_allclose(whole, sum(np.outer(each, each) for each in row), rtol=1e-9)
