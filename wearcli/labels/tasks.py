"""Tasks: what is to be predicted, and the table of labels that holds it."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

import pandas as pd

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import UsageError
from wearcli.labels.clock_labels import RecordingClocks
from wearcli.labels.label_tables import label_tables, read_label_tables, table_names
from wearcli.labels.named import NAMED, Kind
from wearcli.labels.targets import are_amounts, class_labels, target_columns, target_kind


@dataclass(frozen=True)
class Task:
    """What is to be predicted, and the table that holds it.

    Attributes:
        name: Such as activity.
        kind: classification or regression.
        targets: The columns of the table that are to be predicted.
        paths: The files of the table.
        table: The target columns, and recording, onset, duration (s), or participant alone where the target
            is the participant's.
        warnings: What the user should know about the table.
        positive: The class that is told from all others, which are one class (`one_against_rest`).
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

        Their scores are named `target.metric` even where there is one, and say how far the two agree.
        """
        return self.kind == "regression" and self.name in NAMED and NAMED[self.name].column is None

    @property
    def source(self) -> str:
        """The table's name in messages."""
        return table_names(self.paths)


def resolve_task(
    name: str,
    labels: Path | None,
    target: list[str] | None,
    kind: Kind | None,
    metadata: TableMetadata,
    embeddings: Path | None,
    recordings: Collection[str],
    clocks: RecordingClocks | None = None,
) -> Task:
    """Return the task called `name`, with its table.

    `activity` and `rhythm` are classifications of the column label of labels.csv; `gait` and `heart` are
    regressions of every numeric column of gait.csv or heart.csv that is a metric (not a key, not a quality or
    a count: quality, confidence, n_...); `age`, `bmi` (regressions) and `sex` (a classification) are of
    participants.csv, and hold for all recordings of a participant. A bmi that no column has is computed from
    weight_kg and height_cm. Another name needs `labels`, or a table NAME.csv where labels.csv is looked for
    (`find_table`); every column that is not a key is a target.

    Args:
        name: The task.
        labels: The table of labels; None: it is looked for.
        target: The columns to predict; None: those of the task.
        kind: None: numbers are a regression, all else a classification.
        metadata: The document of the embeddings table.
        embeddings: The path of the embeddings table; None for a stream.
        recordings: Names of the recordings, to find those of BIDS events.
        clocks: When and of whom they are, for labels of people and of clock times.

    Raises:
        UsageError: An unknown task, target or file.
        InputError: The table cannot be used.
    """
    if labels and not labels.is_file():
        raise UsageError(f"{labels}: no such table of labels: name another with --labels")
    paths = (labels,) if labels else label_tables(name, metadata, embeddings)
    table, notes = read_label_tables(paths, recordings, clocks)
    columns = target_columns(name, target, table, table_names(paths))
    own_kind = NAMED[name].kind if name in NAMED and columns == [NAMED[name].column] else None
    if own_kind == "classification" and are_amounts(table[columns[0]]):
        own_kind = None
    chosen, warnings = target_kind(table[columns], kind or own_kind, table_names(paths))
    keys = ["recording", "onset", "duration"] if "recording" in table else ["participant"]
    table = table[keys + columns].copy()
    if chosen == "classification":
        table[columns[0]] = class_labels(table[columns[0]])
    return Task(name, chosen, tuple(columns), paths, table, notes + warnings)


def one_against_rest(task: Task, positive: str) -> Task:
    """Return the task with two classes: `positive`, and all the others as one.

    The others are called `rest`, or `other` where `positive` is itself `rest`.

    Raises:
        UsageError: There is no such class.
    """
    if task.kind != "classification":
        raise UsageError(f"--positive {positive}: {task.source} has numbers, not classes: leave it out")
    (column,) = task.targets
    labels = task.table[column]
    classes = sorted(labels.dropna().unique())
    if positive not in classes:
        raise UsageError(
            f"--positive {positive}: no class of {task.source}; the classes there are {', '.join(classes)}"
        )
    rest = "other" if positive == "rest" else "rest"
    two = labels.where(labels.isna() | (labels == positive), rest)
    return replace(task, table=task.table.assign(**{column: two}), positive=positive)


def task_intervals(task: Task, whole: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """Return the task's table as intervals, and what was left out, by reason.

    Args:
        task: The task.
        whole: One interval a recording, with its participant (`whole_recordings`).

    Returns:
        Intervals (recording, onset, duration in s, targets), and counts.
    """
    table = task.table
    targets = list(task.targets)
    if "recording" not in table:
        table = table.merge(whole, on="participant", how="inner")
    table = table[["recording", "onset", "duration", *targets]]
    # BIDS events may have n/a for either.
    timed = (table["duration"] > 0) & table["onset"].notna()
    valued = table[targets].notna().any(axis=1)
    left_out = {
        "rows without a time or a duration": int((~timed).sum()),
        "rows without a target": int((timed & ~valued).sum()),
    }
    usable = table[timed & valued].reset_index(drop=True)
    return usable, {reason: count for reason, count in left_out.items() if count}
