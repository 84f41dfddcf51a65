"""Maps of points whose place is known, and who is choose_samples."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA

from wearcli.errors import UsageError
from wearcli.reporting.mapping import projection
from wearcli.reporting.mapping.projection import check_map, choose_samples, project


def clusters(count: int = 60) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    code = np.arange(2 * count) % 2
    return (rng.normal(size=(2 * count, 8)) + 8 * code[:, None]).astype(np.float32), code


def test_pca_is_that_of_scikit_learn_but_for_the_sign() -> None:
    rng = np.random.default_rng(1)
    vectors = (rng.normal(size=(200, 6)) * [1, 9, 2, 4, 1, 1]).astype(np.float32)
    places, names = project(vectors, "pca", seed=0)
    known = PCA(2).fit(vectors)
    assert np.abs(places) == pytest.approx(np.abs(known.transform(vectors)), abs=1e-3)
    first, second = known.explained_variance_ratio_
    assert names == (f"PC 1 ({first:.0%} of variance)", f"PC 2 ({second:.0%})")


@pytest.mark.parametrize("shape", [(3, 1), (1, 4), (2, 2)])
def test_very_few_points_or_dimensions(shape: tuple[int, int]) -> None:
    for chosen in ("pca", "tsne"):
        places, _ = project(np.ones(shape, np.float32), chosen, seed=0)
        assert places.shape == (shape[0], 2)
        assert np.isfinite(places).all()


@pytest.mark.parametrize("chosen", ["pca", "tsne"])
def test_two_clusters_stay_two(chosen: str) -> None:
    vectors, code = clusters()
    places, _ = project(vectors, chosen, seed=3)
    middles = np.array([places[code == each].mean(axis=0) for each in (0, 1)])
    nearer = np.linalg.norm(places[:, None] - middles[None], axis=2).argmin(axis=1)
    assert (nearer == code).all()
    again, _ = project(vectors, chosen, seed=3)
    assert (places == again).all()


def test_people_and_labels_take_turns() -> None:
    """A person with nearly all samples has no more on the map than the others, while those have any."""
    people = np.array(["busy"] * 5000 + ["a"] * 30 + ["b"] * 30)
    label = np.array(["x", "y"] * 2530)
    rows = pd.DataFrame({"participant": people})
    found = choose_samples(rows, label, seed=0, most=120)
    counts = pd.Series(people[found]).groupby([people[found], label[found]]).size()
    assert counts.sum() == 120
    assert counts[["a", "b"]].to_list() == [15] * 4
    assert counts["busy"].to_list() == [30, 30]
    assert (choose_samples(rows, label, seed=0, most=120) == found).all()
    assert (choose_samples(rows, label, seed=1, most=120) != found).any()
    assert (choose_samples(rows, label, seed=0, most=9999) == np.arange(5060)).all()


def test_maps_that_cannot_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="unknown map 'atlas': --map pca, tsne, umap or none"):
        check_map("atlas")
    monkeypatch.setattr(projection, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pip install umap-learn"):
        check_map("umap")
