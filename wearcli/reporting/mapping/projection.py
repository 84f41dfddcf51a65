"""Two dimensions from many, for a map: PCA, t-SNE or UMAP; and which samples are on it."""

from importlib.util import find_spec
from typing import Literal

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.seeds import generator

Map = Literal["pca", "tsne", "umap", "none"]
MOST_SAMPLES = 2000  # on a map


def check_map(chosen: str) -> None:
    """Check that a map can be drawn here.

    Raises:
        UsageError: The map is unknown, or its library is missing.
    """
    if chosen not in ("pca", "tsne", "umap", "none"):
        raise UsageError(f"unknown map '{chosen}': --map pca, tsne, umap or none")
    if chosen == "umap" and find_spec("umap") is None:
        raise UsageError("--map umap needs umap-learn: pip install umap-learn, or take --map tsne")


def choose_samples(rows: pd.DataFrame, label: np.ndarray, seed: int, most: int = MOST_SAMPLES) -> np.ndarray:
    """Choose the samples of a map at random, people and labels taking turns.

    Args:
        rows: One row a sample, with participant.
        label: Label of each sample, (n,).
        seed: Seed of the choice.
        most: Greatest number of samples.

    Returns:
        Sorted row numbers, (k,).
    """
    if len(rows) <= most:
        return np.arange(len(rows))
    order = generator(seed, "map samples").permutation(len(rows))
    table = pd.DataFrame({"participant": rows["participant"].to_numpy()[order], "label": label[order]})
    # One sample of each participant and label in every round, as when cards are dealt.
    turn = table.groupby(["participant", "label"], dropna=False).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def project(vectors: np.ndarray, chosen: Map, seed: int) -> tuple[np.ndarray, tuple[str, str]]:
    """Project standardised vectors.

    Args:
        vectors: Standardised vectors, (n, D).
        chosen: The projection.
        seed: Seed of the layout of t-SNE and UMAP.

    Returns:
        Places (n, 2), and the names of the two axes.
    """
    places, spread = _pca(vectors)
    if chosen == "pca" or len(vectors) < 8:
        return places, (f"PC 1 ({spread[0]:.0%} of variance)", f"PC 2 ({spread[1]:.0%})")
    if chosen == "tsne":
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        # More threads add in another order, and what differs in the last digit ends elsewhere on the map.
        with threadpool_limits(1):
            tsne = TSNE(perplexity=min(30, (len(vectors) - 1) / 3), init=_scaled(places), random_state=seed)
            return tsne.fit_transform(vectors), ("t-SNE 1", "t-SNE 2")
    from umap import UMAP  # type: ignore[import-not-found,unused-ignore]

    umap = UMAP(n_neighbors=min(15, len(vectors) - 1), init=_scaled(places), random_state=seed, n_jobs=1)
    return umap.fit_transform(vectors), ("UMAP 1", "UMAP 2")


def _pca(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places (n, 2) in the two directions of most variance, and the share of variance of each."""
    from sklearn.decomposition import PCA

    if not vectors.std(axis=0).any():  # one sample, or equal ones
        return np.zeros((len(vectors), 2)), np.zeros(2)
    pca = PCA(min(2, *vectors.shape), svd_solver="covariance_eigh")
    places = pca.fit_transform(vectors.astype(np.float64))
    missing = 2 - places.shape[1]
    spread = np.pad(pca.explained_variance_ratio_, (0, missing))
    return np.pad(places, ((0, 0), (0, missing))), spread


def _scaled(places: np.ndarray) -> np.ndarray:
    """Scale the places that a layout starts from, small enough to move (Kobak & Berens, Nat Commun 2019)."""
    scaled: np.ndarray = (places / max(places[:, 0].std(), 1e-12) * 1e-4).astype(np.float32)
    return scaled
