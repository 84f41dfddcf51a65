"""The map of the embeddings, and shares of neighbours as numbers: people or motion?"""

from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import UsageError, WearcliError
from wearcli.existence import holds_parts
from wearcli.reporting.choice import Choice
from wearcli.reporting.elements import Html, table
from wearcli.reporting.mapping.drawing import draw_map
from wearcli.reporting.mapping.neighbours import NEIGHBOURS, Share, neighbour_shares, standardised
from wearcli.reporting.mapping.projection import MOST_SAMPLES, Map, choose_samples, project
from wearcli.reporting.mapping.vectors import Embedded, embedded_samples, table_paths
from wearcli.reporting.page import Section
from wearcli.reporting.study import Study
from wearcli.reporting.wording import count, listed, percent, plain, slug
from wearcli.seeds import generator

_NAMES = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}
_FIFTHS = 5
_OTHERS = ", among other people"


def section(study: Study, choice: Choice) -> list[Section]:
    """Return maps by label, participant and placement, and the shares of neighbours; none with map "none".

    The shares are the section's `numbers`: {share, chance} by kind of neighbour.

    Raises:
        WearcliError: A table that the user named cannot be used; of the probe's own tables the page says it.
    """
    if choice.map == "none":
        return []
    section = Section("map", "Map of the embeddings: people or motion?")
    try:
        embedded = embedded_samples(study, _tables(study, choice))
    except WearcliError as error:
        if choice.embeddings is not None:
            raise
        section.left_out.append(f"map: {error}")
        section.blocks.append(f"The map is left out: {error}.")
        return [section]
    vectors = standardised(embedded.vectors)
    labels = _labels(study, embedded.rows)
    shares = _shares(embedded.rows, vectors, labels, choice.seed)
    mapped = choose_samples(embedded.rows, next(iter(labels.values())), choice.seed)
    places, axes = project(vectors[mapped], choice.map, choice.seed)
    part = embedded.rows.iloc[mapped].reset_index(drop=True)
    section.blocks += [
        [draw_map(places, axes, *colouring) for colouring in _colourings(study, part)],
        _explanation(embedded, len(part), choice.map),
        *_conclusion(shares, list(labels)),
        _table(shares),
    ]
    section.numbers |= {
        name: {"share": round(share.share, 6), "chance": round(share.chance, 6)}
        for name, share in shares.items()
    }
    return [section]


def _tables(study: Study, choice: Choice) -> list[Path]:
    """Return the tables of the embeddings that are there."""
    paths = choice.embeddings if choice.embeddings is not None else table_paths(study)
    if not paths:
        raise UsageError("the embeddings came through a pipe: name their table with --embeddings")
    if missing := [path for path in paths if not path.is_file() and not holds_parts(path)]:
        raise UsageError(f"{missing[0]} is not there: name the table of the embeddings with --embeddings")
    return paths


def _labels(study: Study, rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return labels (n,) by name: the classes, or in which fifth a target's value lies (NaN without one)."""
    if study.classify:
        return {"label": rows[study.targets[0]].to_numpy(object)}
    return {
        f"fifth of {plain(target)}": pd.qcut(rows[target], _FIFTHS, labels=False, duplicates="drop").to_numpy(
            float
        )
        for target in study.targets
    }


def _colourings(study: Study, part: pd.DataFrame) -> list[tuple[np.ndarray, str, str]]:
    """Return for each map the values, what they are, and the name of the file."""
    if study.classify:
        colourings = [(part[study.targets[0]].to_numpy(object), "label", "map_label")]
    else:
        colourings = [
            (part[target].to_numpy(float), plain(target), f"map_{slug(target)}") for target in study.targets
        ]
    colourings.append((part["participant"].to_numpy(object), "participant", "map_participant"))
    if part["placement"].nunique() > 1:
        colourings.append((part["placement"].to_numpy(object), "placement", "map_placement"))
    return colourings


def _shares(
    rows: pd.DataFrame, vectors: np.ndarray, labels: dict[str, np.ndarray], seed: int
) -> dict[str, Share]:
    """Compute shares for labels, participant and placement; and for labels among other people alone."""
    kinds = dict(labels)
    if rows["participant"].duplicated().any():
        kinds["participant"] = rows["participant"].to_numpy(object)
    if rows["placement"].nunique() > 1:
        kinds["placement"] = rows["placement"].to_numpy(object)
    asked = np.sort(generator(seed, "map neighbours").permutation(len(rows))[:MOST_SAMPLES])
    shares = neighbour_shares(vectors, rows, kinds, asked)
    others = neighbour_shares(vectors, rows, labels, asked, other_people=True)
    return shares | {f"{name}{_OTHERS}": share for name, share in others.items()}


def _explanation(embedded: Embedded, shown: int, chosen: Map) -> str:
    """Say what is on the map."""
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
    return text + "Two dimensions show the coarse picture only; the numbers below are of all dimensions."


def _conclusion(shares: dict[str, Share], labels: list[str]) -> list[str]:
    """Say what neighbours have in common; nothing where they cannot be of the same person."""
    if "participant" not in shares or not any(name in shares for name in labels):
        return []
    best = max((name for name in labels if name in shares), key=lambda name: shares[name].beyond_chance or 0)
    words = {
        name: (shares[name], meaning)
        for name, meaning in (
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
    first, *others = sorted(words.values(), key=lambda pair: -(pair[0].beyond_chance or 0))
    rest = " or ".join(meaning for _, meaning in others)
    return [
        f"Of a sample's {NEIGHBOURS} nearest neighbours, {listed(near)}. Beyond chance, neighbours tell most "
        f"of {first[1]}, less of {rest}."
    ]


def _table(shares: dict[str, Share]) -> Html:
    """Return the shares as a table."""
    caption = (
        f"Share of the {NEIGHBOURS} nearest neighbours (in all dimensions) that are of the sample's own "
        "kind. Beyond chance: 0 as by chance, 1 where all are. Samples that overlap in time are left out."
    )
    rows = []
    for name, share in shares.items():
        beyond = "–" if share.beyond_chance is None else f"{share.beyond_chance:.2f}"
        rows.append([f"same {name}", percent(share.share), percent(share.chance), beyond])
    return table(caption, ["neighbours of the", "share", "by chance", "beyond chance"], rows)
