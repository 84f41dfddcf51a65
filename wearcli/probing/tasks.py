"""Tasks: which tables of labels, which of its columns, and whether they are classes or numbers."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_numeric_dtype

from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.recordings.discovery import find_sidecars
from wearcli.recordings.sidecars import read_participants, read_target_table, sidecar_name

Kind = Literal["classification", "regression"]

KEYS = ("recording", "participant", "onset", "duration")
# A number that says how far to trust a row, or where it lies, is no target of `gait`.
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
    onset, duration (s), or participant alone where the target is the participant's.
    """

    name: str
    kind: Kind
    targets: tuple[str, ...]
    paths: tuple[Path, ...]
    table: pd.DataFrame
    warnings: list[str] = field(default_factory=list)

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

    `activity` is a classification of the column label of labels.csv; `gait` a regression of every numeric
    column of gait.csv that is a metric (not a key, not a quality or a count: quality, confidence, n_...).
    Another name needs `labels`, or a table NAME.csv where labels.csv is looked for: among the recordings that
    `embed` read, as they are now or as it found them; recordings/; the folder of the embeddings. Without
    `target` every column that is not a key is one.

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
    missing = [column for column in columns if column not in table]
    if missing:
        others = ", ".join(column for column in table.columns if column not in KEYS) or "none"
        raise UsageError(
            f"{path}: no column {', '.join(missing)}; the columns there are {others}: use --target"
        )
    if not columns:
        raise InputError(f"{path}: no column to predict; it has {', '.join(table.columns)}: use --target")
    chosen, warnings = _kind(path, table[columns], kind)
    if chosen == "classification" and len(columns) > 1:
        raise UsageError(
            f"{path}: classes of one column at a time: choose one with --target ({', '.join(columns)})"
        )
    keys = ["recording", "onset", "duration"] if "recording" in table else ["participant"]
    table = table[keys + columns].copy()
    if chosen == "classification":
        table[columns[0]] = _names(table[columns[0]])
    return Task(name, chosen, tuple(columns), paths, table, warnings)


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
    stem = "labels" if name == "activity" else name
    places = [Path(path) for path in (metadata.get("arguments") or {}).get("paths") or []]
    with suppress(WearcliError):  # what was a recording then may be none now
        if now := find_sidecars(places).get(stem):
            return tuple(now)
    sidecars = (metadata.get("sidecars") or {}).get(stem) or []
    known = [Path(path) for path in ([sidecars] if isinstance(sidecars, str) else sidecars)]
    if known and all(path.is_file() for path in known):
        return tuple(known)
    folders = [place if place.is_dir() else place.parent for place in places] + [Path("recordings")]
    if embeddings is not None:
        folders.append(embeddings.parent)
    for path in [folder / f"{stem}{suffix}" for folder in folders for suffix in (".csv", ".tsv")]:
        if path.is_file():
            return (path,)
    if name in ("activity", "gait"):
        looked = ", ".join(dict.fromkeys(str(folder) for folder in folders))
        raise UsageError(f"no {stem}.csv found in {looked}: name it with --labels")
    raise UsageError(
        f"unknown task '{name}': use activity or gait, or a table of your own with --labels FILE --target COL"
    )


def _default_targets(name: str, table: pd.DataFrame) -> list[str]:
    if name == "activity":
        return ["label"]
    if name == "gait":
        return [
            column
            for column in table.columns
            if column.lower() not in NO_METRIC
            and not column.lower().startswith("n_")
            and is_numeric_dtype(table[column])
            and not is_bool_dtype(table[column])
        ]
    return [column for column in table.columns if column not in KEYS]


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
