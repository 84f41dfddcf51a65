"""The section of the map: pictures of the embeddings, and the neighbours that put a number on them."""

from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError, WearcliError
from wearcli.reporting.elements import Html, table
from wearcli.reporting.maps import draw_map
from wearcli.reporting.neighbours import NEIGHBOURS, Share, neighbour_shares, standardised
from wearcli.reporting.page import Section
from wearcli.reporting.projection import DRAWN, Map, drawn, project
from wearcli.reporting.study import Study
from wearcli.reporting.vectors import Embedded, embedded_samples, table_paths
from wearcli.reporting.wording import count, listed, percent, plain, slug
from wearcli.seeds import generator

Shares = dict[str, dict[str, float]]
_NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_FIFTHS = 5
_OTHERS = ", among other people"


def map_section(
    study: Study, chosen: Map, given: list[Path] | None, seed: int, left_out: list[str]
) -> tuple[Section | None, Shares]:
    """The section, None with `--map none`; and {share, chance} by kind of neighbour.

    given: tables that the user named; errors of those are raised, of the probe's own they stand on the page.
    """
    if chosen == "none":
        return None, {}
    section = Section("map", "Map of the embeddings: people or motion?")
    try:
        paths = given if given is not None else table_paths(study)
        if not paths:
            raise UsageError("the embeddings came through a pipe: name their table with --embeddings")
        if gone := [path for path in paths if not path.is_file()]:
            raise UsageError(f"{gone[0]} is not there: name the table of the embeddings with --embeddings")
        embedded = embedded_samples(study, paths)
    except WearcliError as error:
        if given is not None:
            raise
        left_out.append(f"map: {error}")
        section.blocks.append(f"The map is left out: {error}.")
        return section, {}
    vectors = standardised(embedded.vectors)
    labels = _labels(study, embedded.rows)
    shares = _shares(embedded.rows, vectors, labels, seed)
    mapped = drawn(embedded.rows, next(iter(labels.values())), seed)
    places, axes = project(vectors[mapped], chosen, seed)
    part = embedded.rows.iloc[mapped].reset_index(drop=True)
    section.blocks += [
        [draw_map(places, axes, *each) for each in _colourings(study, part)],
        _how(embedded, len(part), chosen),
        *_told(shares, list(labels)),
        _table(shares),
    ]
    return section, {
        name: {"share": round(each.share, 6), "chance": round(each.chance, 6)}
        for name, each in shares.items()
    }


def _labels(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """By what they are called, (n,) classes, or which fifth of a target's values (NaN without one)."""
    if study.classify:
        return {"label": rows[study.targets[0]].to_numpy(object)}
    return {
        f"fifth of {plain(target)}": pd.qcut(rows[target], _FIFTHS, labels=False, duplicates="drop").to_numpy(
            float
        )
        for target in study.targets
    }


def _colourings(study: Study, part: pd.DataFrame) -> list[tuple[np.ndarray, str, str]]:
    """Values, what they are of, and the file's name of each map."""
    if study.classify:
        found = [(part[study.targets[0]].to_numpy(object), "label", "map_label")]
    else:
        found = [
            (part[target].to_numpy(float), plain(target), f"map_{slug(target)}") for target in study.targets
        ]
    found.append((part["participant"].to_numpy(object), "participant", "map_participant"))
    if part["placement"].nunique() > 1:
        found.append((part["placement"].to_numpy(object), "placement", "map_placement"))
    return found


def _shares(
    rows: pd.DataFrame, vectors: np.ndarray, labels: dict[str, np.ndarray], seed: int
) -> dict[str, Share]:
    """Of each label, of the participant and the placement; and of labels among other people alone."""
    kinds = dict(labels)
    if rows["participant"].duplicated().any():
        kinds["participant"] = rows["participant"].to_numpy(object)
    if rows["placement"].nunique() > 1:
        kinds["placement"] = rows["placement"].to_numpy(object)
    asked = np.sort(generator(seed, "map neighbours").permutation(len(rows))[:DRAWN])
    shares = neighbour_shares(vectors, rows, kinds, asked)
    others = neighbour_shares(vectors, rows, labels, asked, other_people=True)
    return shares | {f"{name}{_OTHERS}": each for name, each in others.items()}


def _how(embedded: Embedded, shown: int, chosen: Map) -> str:
    rows = embedded.rows
    samples = count(len(rows), "sample")
    text = f"{_NAMES[chosen]} of the standardised embeddings ({embedded.vectors.shape[1]} dimensions) of "
    text += (
        f"all {samples}. "
        if shown == len(rows)
        else f"{shown:,} of {samples}, people and labels taking turns. "
    )
    if embedded.absent:
        text += f"{embedded.absent:,} more samples of the probe are not in the table. "
    if rows["placement"].nunique() == 1:
        text += f"All are of one placement, {rows['placement'].dropna().iloc[0]}. "
    return text + "Trust the coarse picture of two dimensions only; what follows is of all of them."


def _told(shares: dict[str, Share], labels: list[str]) -> list[str]:
    """What the neighbours tell, in words; nothing where they cannot be of the same person."""
    if "participant" not in shares or not any(name in shares for name in labels):
        return []
    best = max((name for name in labels if name in shares), key=lambda name: shares[name].beyond_chance or 0)
    words = {
        name: (shares[name], said)
        for name, said in (
            (best, "what was done"),
            ("participant", "who it is"),
            ("placement", "where the device was"),
        )
        if name in shares
    }
    near = [
        f"{percent(share.share)} are of its {name} (by chance {percent(share.chance)})"
        for name, (share, _) in words.items()
    ]
    first, *others = sorted(words.values(), key=lambda each: -(each[0].beyond_chance or 0))
    rest = " or ".join(said for _, said in others)
    return [
        f"Of a sample's {NEIGHBOURS} nearest neighbours, {listed(near)}. Beyond chance, neighbours tell most "
        f"of {first[1]}, less of {rest}."
    ]


def _table(shares: dict[str, Share]) -> Html:
    caption = (
        f"Of the {NEIGHBOURS} nearest neighbours in all dimensions, the share that is of the sample's own "
        "kind. Beyond chance: 0 as by chance, 1 where all are. Samples that overlap in time are left out."
    )
    rows = []
    for name, each in shares.items():
        beyond = "–" if each.beyond_chance is None else f"{each.beyond_chance:.2f}"
        rows.append([f"same {name}", percent(each.share), percent(each.chance), beyond])
    return table(caption, ["neighbours of the", "share", "by chance", "beyond chance"], rows)
