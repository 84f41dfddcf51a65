"""Tasks: which tables of labels, which of its columns, and whether they are classes or numbers."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.named import NAMED, NAMES, Kind
from wearcli.recordings.study.discovery import find_sidecars
from wearcli.recordings.study.sidecars import read_participants, read_target_table, sidecar_name

KEYS = ("recording", "participant", "onset", "duration")
# A number that says how far to trust a row, or where it lies, is no metric.
NO_METRIC = (
    *KEYS,
    "quality",
    "confidence",
    "start",
    "end",
    "offset",
    "index",
    "id",
    "session",
    "trial",
    "run",
)
FEW_VALUES = 10  # whole numbers of so few values may be codes


@dataclass(frozen=True)
class Task:
    """What is to be predicted, and the table that says it.

    paths: the files of the table, `where` names them in messages. table: the target columns, and recording,
    onset, duration (s), or participant alone where the target is the participant's. positive: the class that
    is told from all others, which are one (`one_against_rest`).
    """

    name: str
    kind: Kind
    targets: tuple[str, ...]
    paths: tuple[Path, ...]
    table: pd.DataFrame
    warnings: list[str] = field(default_factory=list)
    positive: str | None = None

    @property
    def measured(self) -> bool:
        """Whether the targets are metrics that a second method has measured, as those of gait and heart.

        Their scores are named `target.metric` even where there is one, and tell how far the two agree.
        """
        return self.kind == "regression" and self.name in NAMED and NAMED[self.name].column is None

    @property
    def where(self) -> str:
        """The table's name in messages."""
        return _where(self.paths)


def resolve_task(
    name: str,
    labels: Path | None,
    target: list[str] | None,
    kind: Kind | None,
    metadata: dict[str, Any],
    embeddings: Path | None,
    recordings: Collection[str],
) -> Task:
    """The task called `name`.

    `activity` and `rhythm` are classifications of the column label of labels.csv; `gait` and `heart` are
    regressions of every numeric column of gait.csv or heart.csv that is a metric (not a key, not a quality or
    a count: quality, confidence, n_...); `age`, `bmi` (regressions) and `sex` (a classification) are of
    participants.csv. A bmi that no column has is made of weight_kg and height_cm. Another name needs
    `labels`, or a table NAME.csv where labels.csv is looked for: among the recordings that `embed` read, as
    they are now or as it found them; recordings/; the folder of the embeddings. Without `target` every column
    that is not a key is one.

    Numbers are a regression, all else a classification; `kind` overrides. A table of participants
    (participant, age, sex) holds for all recordings of each. recordings: names, to find those of BIDS events.
    Raises UsageError for an unknown task, target or file, InputError for a table that cannot be used.
    """
    paths = (labels,) if labels else _find(name, metadata, embeddings)
    path = _where(paths)
    if labels and not labels.is_file():
        raise UsageError(f"{labels}: no such table of labels: name another with --labels")
    table = pd.concat([_read(one, recordings) for one in paths], ignore_index=True)
    if not len(table):
        raise InputError(f"{path}: the table has no rows: name another with --labels")
    columns = target or _default_targets(name, table)
    if "bmi" in columns and "bmi" not in table and {"weight_kg", "height_cm"} <= {*table.columns}:
        table["bmi"] = _bmi(path, table)
    missing = [column for column in columns if column not in table]
    if missing:
        others = ", ".join(column for column in table.columns if column not in KEYS) or "none"
        nor = " (nor weight_kg and height_cm)" if "bmi" in missing else ""
        raise UsageError(
            f"{path}: no column {', '.join(missing)}{nor}; the columns there are {others}: use --target"
        )
    if not columns:
        raise InputError(f"{path}: no column to predict; it has {', '.join(table.columns)}: use --target")
    own = NAMED[name].kind if name in NAMED and columns == [NAMED[name].column] else None
    chosen, warnings = _kind(path, table[columns], kind or own)
    if chosen == "classification" and len(columns) > 1:
        raise UsageError(
            f"{path}: classes of one column at a time: choose one with --target ({', '.join(columns)})"
        )
    keys = ["recording", "onset", "duration"] if "recording" in table else ["participant"]
    table = table[keys + columns].copy()
    if chosen == "classification":
        table[columns[0]] = _names(table[columns[0]])
    return Task(name, chosen, tuple(columns), paths, table, warnings)


def one_against_rest(task: Task, positive: str) -> Task:
    """The task with two classes: `positive`, and all the others as one, `rest` (or `other` beside a `rest`).

    Raises UsageError where there is no such class.
    """
    if task.kind != "classification":
        raise UsageError(f"--positive {positive}: {task.where} has numbers, not classes: leave it out")
    (column,) = task.targets
    labels = task.table[column]
    classes = sorted(labels.dropna().unique())
    if positive not in classes:
        raise UsageError(
            f"--positive {positive}: no class of {task.where}; the classes there are {', '.join(classes)}"
        )
    rest = "other" if positive == "rest" else "rest"
    two = labels.where(labels.isna() | (labels == positive), rest)
    return replace(task, table=task.table.assign(**{column: two}), positive=positive)


def intervals_of(task: Task, whole: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Intervals (recording, onset, duration in s, targets) of the task's table, and what was left out.

    whole: an interval a recording, with its participant (`whole_recordings`), for a table of participants.
    """
    table = task.table
    targets = list(task.targets)
    if "recording" not in table:
        table = table.merge(whole, on="participant", how="inner")
    table = table[["recording", "onset", "duration", *targets]]
    # BIDS events may have n/a for either.
    long = (table["duration"] > 0) & table["onset"].notna()
    known = table[targets].notna().any(axis=1)
    left_out = {
        "rows without a time or a duration": int((~long).sum()),
        "rows without a target": int((long & ~known).sum()),
    }
    usable = table[long & known].reset_index(drop=True)
    return usable, {reason: count for reason, count in left_out.items() if count}


def _where(paths: Sequence[Path]) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def _read(path: Path, recordings: Collection[str]) -> pd.DataFrame:
    # A table of participants is told by its name, or by its first column.
    if sidecar_name(path) in ("participants", ""):
        return read_participants(path)
    return read_target_table(path, recordings)


def _find(name: str, metadata: dict[str, Any], embeddings: Path | None) -> tuple[Path, ...]:
    stem = NAMED[name].table if name in NAMED else name
    found, looked = find_table(stem, metadata, embeddings)
    if found:
        return found
    if name in NAMED:
        raise UsageError(f"no {stem}.csv found in {looked}: name it with --labels")
    raise UsageError(
        f"unknown task '{name}': use {NAMES}, or a table of your own with --labels FILE --target COL"
    )


def find_table(stem: str, metadata: dict[str, Any], embeddings: Path | None) -> tuple[tuple[Path, ...], str]:
    """The tables called `stem` that belong to an embeddings table, and where they were looked for.

    metadata, embeddings: the table's document and path. They are looked for among the recordings that `embed`
    read, as they are now or as it found them; in recordings/; in the folder of the embeddings.
    """
    places = [Path(path) for path in (metadata.get("arguments") or {}).get("paths") or []]
    with suppress(WearcliError):  # what was a recording then may be none now
        if now := find_sidecars(places).get(stem):
            return tuple(now), ""
    sidecars = (metadata.get("sidecars") or {}).get(stem) or []
    known = [Path(path) for path in ([sidecars] if isinstance(sidecars, str) else sidecars)]
    if known and all(path.is_file() for path in known):
        return tuple(known), ""
    folders = [place if place.is_dir() else place.parent for place in places] + [Path("recordings")]
    if embeddings is not None:
        folders.append(embeddings.parent)
    for path in [folder / f"{stem}{suffix}" for folder in folders for suffix in (".csv", ".tsv")]:
        if path.is_file():
            return (path,), ""
    return (), ", ".join(dict.fromkeys(str(folder) for folder in folders))


def _default_targets(name: str, table: pd.DataFrame) -> list[str]:
    if name not in NAMED:
        return [column for column in table.columns if column not in KEYS]
    if (column := NAMED[name].column) is not None:
        return [column]
    return [
        column
        for column in table.columns
        if column.lower() not in NO_METRIC
        and not column.lower().startswith("n_")
        and is_numeric_dtype(table[column])
        and not is_bool_dtype(table[column])
    ]


def _bmi(path: str, table: pd.DataFrame) -> pd.Series:
    """kg/m2 of weight_kg and height_cm; NaN where one of them is missing or not above 0."""
    both = table[["weight_kg", "height_cm"]]
    if texts := [name for name in both if not is_numeric_dtype(both[name])]:
        raise UsageError(
            f"{path}: column {texts[0]} is not of numbers: mend it, or give the table a column bmi"
        )
    known = both.where(both > 0)
    return known["weight_kg"] / (known["height_cm"] / 100) ** 2


def _kind(path: str, columns: pd.DataFrame, wanted: Kind | None) -> tuple[Kind, list[str]]:
    numeric = {
        name: is_numeric_dtype(columns[name]) and not is_bool_dtype(columns[name]) for name in columns.columns
    }
    texts = [name for name, number in numeric.items() if not number]
    if wanted == "regression" and texts:
        raise UsageError(
            f"{path}: column {texts[0]} is not of numbers: --kind classification, or another --target"
        )
    if wanted is None and texts and len(texts) < len(numeric):
        raise UsageError(f"{path}: both numbers and classes ({', '.join(numeric)}): choose with --target")
    kind: Kind = wanted or ("classification" if texts else "regression")
    warnings = []
    for name in columns.columns if wanted is None and kind == "regression" else ():
        values = columns[name].dropna().unique()
        if len(values) <= FEW_VALUES and np.all(np.mod(values, 1) == 0):
            warnings.append(
                f"column {name} has {len(values)} whole numbers, taken as amounts: "
                "if they are codes of classes, --kind classification"
            )
    return kind, warnings


def _names(column: pd.Series) -> pd.Series:
    """Class names as strings, missing ones kept missing; 3.0 is the class 3."""
    known = column.notna()
    values = column[known]
    if is_numeric_dtype(values) and not is_bool_dtype(values) and np.all(np.mod(values, 1) == 0):
        values = values.astype(np.int64)
    names = pd.Series(None, index=column.index, dtype=object)
    names[known] = values.astype(str).str.strip().astype(object)
    return names.where(names != "", None)
