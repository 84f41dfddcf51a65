"""The samples of a task from one embeddings table or several; every table is a set with labels of its own."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError
from wearcli.labels.clock_labels import recording_clocks
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.gather import gather, some
from wearcli.labels.label_map import LabelMap
from wearcli.labels.label_tables import find_table
from wearcli.labels.named import Kind
from wearcli.labels.samples import Samples
from wearcli.labels.tasks import Task, one_against_rest, resolve_task
from wearcli.labels.windows import recordings_without_windows, usable_windows
from wearcli.recordings.study.sidecars import read_participants

OWN_COLUMNS = ("placement", "set", "participant")  # what can be left out without a table of participants
Source = Path | Literal["-"]  # an embeddings table, or a stream of one on stdin


@dataclass(frozen=True)
class SampleOptions:
    """What samples are made of every table; see `wearcli.probe`.

    Attributes:
        task: The name of the task.
        labels: The table of labels; None: it is looked for.
        targets: The columns to predict; None: those of the task.
        kind: classification or regression; None: the values say it.
        positive: The class that is told from all others.
        label_map: One name for what the sets call differently.
        epoch: Cut label intervals into epochs of so many seconds.
        min_segments: Make one sample a participant, of so many windows or more.
        leave_out: The column by which groups are held out.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.
    """

    task: str
    labels: Path | None = None
    targets: list[str] | None = None
    kind: Kind | None = None
    positive: str | None = None
    label_map: LabelMap | None = None
    epoch: float | None = None
    min_segments: int | None = None
    leave_out: str | None = None
    keep_nonwear: bool = False
    min_quality: float = MIN_QUALITY


@dataclass(frozen=True)
class TaskSamples:
    """Samples of all sets, one after the other.

    Attributes:
        task: The task, one for all sets.
        samples: Their rows have the columns `set` (the table's stem) and `test`.
        metadata: The document of the first table.
        warnings: What the user should know.
        left_out: What was left out on the way, by reason.
    """

    task: Task
    samples: Samples
    metadata: TableMetadata
    warnings: list[str]
    left_out: dict[str, int]


def read_sets(tables: Sequence[Source], tests: Sequence[Path], options: SampleOptions) -> TaskSamples:
    """Join every table with its labels.

    People of one name in several tables are taken to be the same person, so that nobody is on both sides of a
    fold, also who wears two sensors.

    Args:
        tables: Embeddings tables to train and test on by folds.
        tests: Embeddings tables of the outside set, whose people never train.
        options: What samples are made.

    Raises:
        UsageError: The tables are of different models or windows.
        InputError: The outside set shares no class or target with the others.
    """
    names = set_names([*tables, *tests])
    opened = [
        _read_set(source, name, options, number >= len(tables))
        for number, (source, name) in enumerate(zip([*tables, *tests], names, strict=True))
    ]
    for other, name in zip(opened[1:], names[1:], strict=True):
        _check_alike(names[0], opened[0].metadata, name, other.metadata)
    if len(opened) == 1:
        return opened[0]
    if len({one.task.kind for one in opened}) > 1:
        raise UsageError(f"{options.task} has classes in some tables and numbers in others: see --kind")
    warnings = [f"{name}: {text}" for one, name in zip(opened, names, strict=True) for text in one.warnings]
    rows = pd.concat([one.samples.rows for one in opened])
    sets = rows.astype({"participant": str}).groupby("participant")["set"].nunique()
    if several := sorted(sets.index[sets > 1]):
        warnings.append(
            f"{len(several)} participants of one name are in several tables ({some(several)}): taken to be "
            "the same people"
        )
    left_out: Counter[str] = Counter()
    for one in opened:
        left_out.update(one.left_out)
    task = _common_task([one.task for one in opened])
    return TaskSamples(task, _joined(opened, task), opened[0].metadata, warnings, dict(left_out))


def set_names(tables: Sequence[Source]) -> list[str]:
    """Return a name for every table: its stem, or the whole path where two have one stem.

    Raises:
        UsageError: A table is given twice.
    """
    stems = ["stdin" if table == "-" else Path(table).stem for table in tables]
    names = [
        stem if stems.count(stem) == 1 else str(table) for stem, table in zip(stems, tables, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is given twice: name each table once")
    return names


def _read_set(source: Source, name: str, options: SampleOptions, test: bool) -> TaskSamples:
    """The samples of one table."""
    table, metadata = read_table(source)
    file_name = "stdin" if source == "-" else str(source)
    windows = usable_windows(table, file_name, options.keep_nonwear, options.min_quality)
    absent = recordings_without_windows(table, metadata)
    clocks = recording_clocks(table, metadata)
    del table
    pa.default_memory_pool().release_unused()  # what is as large as the vectors, before fits copy these
    path = None if source == "-" else Path(source)
    recordings = windows.times["recording"].unique().astype(str).tolist()
    task = resolve_task(
        options.task, options.labels, options.targets, options.kind, metadata, path, recordings, clocks
    )
    warnings = []
    if options.label_map is not None:
        task, dropped = options.label_map.apply(task, name)
        if dropped:
            warnings.append(f"labels that {options.label_map.path} leaves out: {', '.join(dropped)}")
    if options.positive is not None:
        task = one_against_rest(task, options.positive)
    samples, more, left_out = gather(task, windows, options.epoch, min_segments=options.min_segments)
    if absent:
        warnings.append(
            f"{len(absent)} of {len(metadata.recordings_planned)} recordings have no windows in the table "
            f"({some(absent)}): failed, too short or not reached; 'wearcli embed' says which"
        )
    if metadata.participant_doubt:
        warnings.insert(0, metadata.participant_doubt)
    rows = samples.rows.assign(set=name, test=test)
    if options.leave_out is not None and options.leave_out not in OWN_COLUMNS:
        rows[options.leave_out] = _participant_column(rows, options.leave_out, metadata, path)
    return TaskSamples(task, replace(samples, rows=rows), metadata, warnings + more, left_out)


def _participant_column(
    rows: pd.DataFrame, column: str, metadata: TableMetadata, path: Path | None
) -> pd.Series:
    """A column of participants.csv for every sample, missing where its participant is not named there."""
    paths, folders = find_table("participants", metadata, path)
    if not paths:
        raise UsageError(
            f"--leave-out {column}: no participants.csv found in {folders}: give it a column {column}, or "
            f"use {', '.join(OWN_COLUMNS)}"
        )
    people = pd.concat([read_participants(one) for one in paths], ignore_index=True)
    if column not in people:
        others = ", ".join(name for name in people.columns if name != "participant")
        raise UsageError(
            f"--leave-out {column}: no such column in {paths[0]} ({others}): use one of them, or "
            f"{', '.join(OWN_COLUMNS)}"
        )
    values = people.drop_duplicates("participant").set_index("participant")[column].astype(object)
    return rows["participant"].astype(str).map(values)


def _check_alike(first: str, one: TableMetadata, name: str, other: TableMetadata) -> None:
    for what, key in (("model", "model"), ("rate", "rate_hz"), ("window", "window_s")):
        if getattr(one, key) != getattr(other, key):
            raise UsageError(
                f"{name} was embedded with another {what} than {first}: one probe reads both, so embed both "
                "with one model"
            )


def _common_task(tasks: Sequence[Task]) -> Task:
    """One task of all tables; of a regression the targets that every one has, in the order of the first."""
    targets = tasks[0].targets
    if tasks[0].kind == "regression":
        targets = tuple(name for name in targets if all(name in task.targets for task in tasks))
        if not targets:
            columns = "; ".join(f"{task.source}: {', '.join(task.targets)}" for task in tasks)
            raise InputError(f"the tables share no target ({columns}): name one with --target")
    paths = tuple(dict.fromkeys(path for task in tasks for path in task.paths))
    return replace(tasks[0], targets=targets, paths=paths, warnings=[])


def _joined(opened: Sequence[TaskSamples], task: Task) -> Samples:
    """The samples of all sets, with the vectors and the targets that every set has."""
    truth = []
    for one in opened:
        values = one.samples.truth
        if task.kind == "regression":
            values = values[:, [one.task.targets.index(name) for name in task.targets]]
        truth.append(values)
    parts = [one.samples for one in opened]
    names = [name for name in parts[0].vectors if all(name in part.vectors for part in parts)]
    rows = [part.rows.astype({"recording": str, "participant": str}) for part in parts]
    return Samples(
        rows=pd.concat(rows).reset_index(drop=True),
        vectors={name: np.concatenate([part.vectors[name] for part in parts]) for name in names},
        truth=np.concatenate(truth),
        n_windows=sum(part.n_windows for part in parts),
        dropped={},
    )
