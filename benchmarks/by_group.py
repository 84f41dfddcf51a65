"""Macro-F1 of a probe's held-out predictions by group: placement, age, or what a name tells.

    python benchmarks/by_group.py PROBE_FOLDER --table recordings.csv --column placement
    python benchmarks/by_group.py PROBE_FOLDER --table participants.csv --column age --cut 40
    python benchmarks/by_group.py PROBE_FOLDER --pattern 'study_([OY])'

The groups share one probe, fitted on the others' training folds too. A group's score is over the classes
that it has. Prints a Markdown table: the linear probe on embeddings and on hand-made features.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.metrics import f1_score

DRAWS = 1000


def sample_groups(predictions: pd.DataFrame, options: argparse.Namespace) -> pd.Series:
    """The group of each prediction, as text; missing where it has none."""
    if options.pattern:
        return predictions["recording"].str.extract(options.pattern)[0]
    table = pd.read_csv(options.table)
    key = "recording" if "recording" in table else "participant"
    values = predictions[key].map(table.drop_duplicates(key).set_index(key)[options.column])
    if options.cut is None:
        return values.astype("string")
    below, above = f"{options.column} below {options.cut:g}", f"{options.column} {options.cut:g} and above"
    return values.lt(options.cut).map({True: below, False: above}).where(values.notna())


def score(part: pd.DataFrame) -> float:
    """Over the classes that the group has."""
    classes = part["truth"].unique()
    return float(f1_score(part["truth"], part["predicted"], labels=classes, average="macro"))


def interval(part: pd.DataFrame, rng: np.random.Generator) -> tuple[float, float]:
    """95 %, bootstrap over people."""
    people = [rows for _, rows in part.groupby("participant", sort=True)]
    draws = [
        score(pd.concat([people[n] for n in rng.integers(0, len(people), len(people))])) for _ in range(DRAWS)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def main() -> None:
    """Print the table, a row a group."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("probe", type=Path)
    parser.add_argument("--table", type=Path)
    parser.add_argument("--column")
    parser.add_argument("--cut", type=float)
    parser.add_argument("--pattern")
    options = parser.parse_args()
    predictions = pd.read_parquet(options.probe / "predictions.parquet")
    predictions["group"] = sample_groups(predictions, options)
    print("| group | people | samples | linear | features |")
    print("|---|---|---|---|---|")
    for name, part in predictions.dropna(subset="group").groupby("group", sort=True):
        rows = dict(list(part.groupby("probe", sort=True)))
        cells = []
        for probe in ("linear", "features"):
            low, high = interval(rows[probe], np.random.default_rng(0))
            cells.append(f"{score(rows[probe]):.3f} [{low:.3f}, {high:.3f}]")
        people = part["participant"].nunique()
        print(f"| {name} | {people} | {len(rows['linear'])} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
