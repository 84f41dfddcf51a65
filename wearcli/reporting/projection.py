"""Two dimensions out of many, for a map: PCA, t-SNE or UMAP; and which samples are drawn."""

from importlib.util import find_spec
from typing import Literal

import numpy as np
import pandas as pd

from wearcli.errors import UsageError
from wearcli.seeds import generator

Map = Literal["pca", "tsne", "umap", "none"]
DRAWN = 2000  # samples on a map


def check_map(chosen: str) -> None:
    """UsageError for a map that cannot be drawn here."""
    if chosen not in ("pca", "tsne", "umap", "none"):
        raise UsageError(f"unknown map '{chosen}': --map pca, tsne, umap or none")
    if chosen == "umap" and find_spec("umap") is None:
        raise UsageError("--map umap needs umap-learn: pip install umap-learn, or take --map tsne")


def drawn(rows: pd.DataFrame, label: np.ndarray, seed: int, most: int = DRAWN) -> np.ndarray:
    """(k,) sorted row numbers of at most `most` samples: people and labels take turns, each sample by chance.

    rows: with participant. label: (n,) values.
    """
    if len(rows) <= most:
        return np.arange(len(rows))
    order = generator(seed, "map samples").permutation(len(rows))
    table = pd.DataFrame({"participant": rows["participant"].to_numpy()[order], "label": label[order]})
    # A round each of participant and label, as in dealing cards.
    turn = table.groupby(["participant", "label"], dropna=False).cumcount().to_numpy()
    return np.sort(order[np.argsort(turn, kind="stable")[:most]])


def project(vectors: np.ndarray, chosen: Map, seed: int) -> tuple[np.ndarray, tuple[str, str]]:
    """(n, 2) places of (n, D) standardised vectors, and what the two axes are called."""
    places, spread = _pca(vectors)
    if chosen == "pca" or len(vectors) < 8:
        return places, (f"PC 1 ({spread[0]:.0%} of variance)", f"PC 2 ({spread[1]:.0%})")
    if chosen == "tsne":
        from sklearn.manifold import TSNE
        from threadpoolctl import threadpool_limits

        # More threads add in another order, and what differs in the last digit ends elsewhere on the map.
        with threadpool_limits(1):
            found = TSNE(perplexity=min(30, (len(vectors) - 1) / 3), init=_scaled(places), random_state=seed)
            return found.fit_transform(vectors), ("t-SNE 1", "t-SNE 2")
    from umap import UMAP  # type: ignore[import-not-found,unused-ignore]

    found = UMAP(n_neighbors=min(15, len(vectors) - 1), init=_scaled(places), random_state=seed, n_jobs=1)
    return found.fit_transform(vectors), ("UMAP 1", "UMAP 2")


def _pca(vectors: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The two directions of most variance, (n, 2), and the share of it that each has."""
    centred = vectors.astype(np.float64) - vectors.mean(axis=0, dtype=np.float64)
    values, directions = np.linalg.eigh(centred.T @ centred)
    first = directions[:, [-1, -2]] if len(values) > 1 else np.c_[directions, np.zeros_like(directions)]
    # An eigenvector's sign is nobody's: the largest entry is made positive.
    largest = np.abs(first).argmax(axis=0)
    first = first * np.where(first[largest, [0, 1]] < 0, -1, 1)
    spread = np.append(np.maximum(values[::-1], 0), 0)[:2] / max(values.clip(0).sum(), 1e-12)
    return centred @ first, spread


def _scaled(places: np.ndarray) -> np.ndarray:
    """Places to begin from, small enough not to be stuck with (Kobak & Berens, Nat Commun 2019)."""
    return (places / max(places[:, 0].std(), 1e-12) * 1e-4).astype(np.float32)
