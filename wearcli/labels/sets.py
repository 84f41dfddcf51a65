"""The samples of a task from one embeddings table or several, each a set with labels of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
import pyarrow as pa

from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError
from wearcli.labels.gather import gather, some
from wearcli.labels.intervals import Samples
from wearcli.labels.label_map import LabelMap
from wearcli.labels.named import Kind
from wearcli.labels.tasks import Task, find_table, one_against_rest, resolve_task
from wearcli.labels.windows import MIN_QUALITY, windows_of, without_windows
from wearcli.recordings.study.sidecars import read_participants

OWN_COLUMNS = ("placement", "set", "participant")  # what can be left out without a table of participants


@dataclass(frozen=True)
class Wanted:
    """What is to be read of every table; see `wearcli.probe`."""

    task: str
    labels: Path | None = None
    targets: list[str] | None = None
    kind: Kind | None = None
    positive: str | None = None
    label_map: LabelMap | None = None
    epoch: float | None = None
    fewest: int | None = None
    leave_out: str | None = None
    keep_nonwear: bool = False
    min_quality: float = MIN_QUALITY


@dataclass(frozen=True)
class Gathered:
    """Samples of all sets, one after the other; their rows have the columns `set` (the table's stem) and
    `test`. metadata: of the first table. left_out: what was dropped on the way, by reason."""

    task: Task
    samples: Samples
    metadata: dict[str, Any]
    warnings: list[str]
    left_out: dict[str, int]


def read_sets(tables: Sequence[Path | Literal["-"]], tests: Sequence[Path], wanted: Wanted) -> Gathered:
    """Join every table with its labels. tests: those of the outside set, whose people never train.

    People of one name in several tables are the same person: who wears two sensors is not told apart, and
    nobody is on both sides. Raises UsageError for tables of other models or windows, and InputError where
    the outside set shares no class or target with the others.
    """
    names = set_names([*tables, *tests])
    opened = [
        _open(source, name, wanted, number >= len(tables))
        for number, (source, name) in enumerate(zip([*tables, *tests], names, strict=True))
    ]
    for other, name in zip(opened[1:], names[1:], strict=True):
        _check_alike(names[0], opened[0].metadata, name, other.metadata)
    if len(opened) == 1:
        return opened[0]
    kinds = {found.task.kind for found in opened}
    if len(kinds) > 1:
        raise UsageError(f"{wanted.task} is of classes in some tables and of numbers in others: see --kind")
    warnings = [
        f"{name}: {said}" for found, name in zip(opened, names, strict=True) for said in found.warnings
    ]
    where = pd.concat([found.samples.rows for found in opened])
    owners = where.astype({"participant": str}).groupby("participant")["set"].nunique()
    if several := sorted(owners.index[owners > 1]):
        warnings.append(
            f"{len(several)} participants of one name are in several tables ({some(several)}): taken to be "
            "the same people"
        )
    left_out: dict[str, int] = {}
    for found in opened:
        for reason, count in found.left_out.items():
            left_out[reason] = left_out.get(reason, 0) + count
    return Gathered(_task(opened), _joined(opened), opened[0].metadata, warnings, left_out)


def set_names(tables: Sequence[Path | Literal["-"]]) -> list[str]:
    """A name for each table: its stem, or the whole path where two have one stem."""
    stems = ["stdin" if table == "-" else Path(table).stem for table in tables]
    names = [
        stem if stems.count(stem) == 1 else str(table) for stem, table in zip(stems, tables, strict=True)
    ]
    for name in names:
        if names.count(name) > 1:
            raise UsageError(f"{name} is given twice: name each table once")
    return names


def _open(source: Path | Literal["-"], name: str, wanted: Wanted, test: bool) -> Gathered:
    where = "stdin" if source == "-" else str(source)
    table, metadata = read_table(source)
    windows = windows_of(table, where, wanted.keep_nonwear, wanted.min_quality)
    absent = without_windows(table, metadata)
    del table
    pa.default_memory_pool().release_unused()  # what is as large as the vectors, before fits copy these
    beside = None if source == "-" else Path(source)
    recordings = windows.times["recording"].unique().astype(str).tolist()
    task = resolve_task(wanted.task, wanted.labels, wanted.targets, wanted.kind, metadata, beside, recordings)
    said = []
    if wanted.label_map is not None:
        task, dropped = wanted.label_map.apply(task, name)
        if dropped:
            said.append(f"labels that {wanted.label_map.path} leaves out: {', '.join(dropped)}")
    if wanted.positive is not None:
        task = one_against_rest(task, wanted.positive)
    samples, warnings, left_out = gather(task, windows, wanted.epoch, min_segments=wanted.fewest)
    if absent:
        said.append(
            f"{len(absent)} of {len(metadata['recordings_planned'])} recordings have no windows in the table "
            f"({some(absent)}): failed, too short or not reached; 'wearcli embed' says which"
        )
    rows = samples.rows.assign(set=name, test=test)
    if wanted.leave_out is not None and wanted.leave_out not in OWN_COLUMNS:
        rows[wanted.leave_out] = _of_people(rows, wanted.leave_out, metadata, beside)
    return Gathered(task, replace(samples, rows=rows), metadata, said + warnings, left_out)


def _of_people(rows: pd.DataFrame, column: str, metadata: dict[str, Any], beside: Path | None) -> pd.Series:
    """A column of participants.csv for each sample, missing where its participant is not named there."""
    paths, looked = find_table("participants", metadata, beside)
    if not paths:
        raise UsageError(
            f"--leave-out {column}: no participants.csv found in {looked}: give it a column {column}, or use "
            f"{', '.join(OWN_COLUMNS)}"
        )
    people = pd.concat([read_participants(path) for path in paths], ignore_index=True)
    if column not in people:
        others = ", ".join(name for name in people.columns if name != "participant")
        raise UsageError(
            f"--leave-out {column}: no such column in {paths[0]} ({others}): use one of them, or "
            f"{', '.join(OWN_COLUMNS)}"
        )
    of_person = people.drop_duplicates("participant").set_index("participant")[column].astype(object)
    return rows["participant"].astype(str).map(of_person)


def _check_alike(first: str, one: dict[str, Any], name: str, other: dict[str, Any]) -> None:
    for what, key in (("model", "model"), ("rate", "rate_hz"), ("window", "window_s")):
        if one.get(key) != other.get(key):
            raise UsageError(
                f"{name} was embedded with another {what} than {first}: one probe reads both, so embed both "
                "with one model"
            )


def _task(opened: Sequence[Gathered]) -> Task:
    """One task of all tables; of a regression the targets that every one has, in the order of the first."""
    first, *others = (found.task for found in opened)
    targets = first.targets
    if first.kind == "regression":
        targets = tuple(name for name in targets if all(name in other.targets for other in others))
        if not targets:
            told = "; ".join(f"{task.where}: {', '.join(task.targets)}" for task in (first, *others))
            raise InputError(f"the tables share no target ({told}): name one with --target")
    paths = tuple(dict.fromkeys(path for task in (first, *others) for path in task.paths))
    return replace(first, targets=targets, paths=paths, warnings=[])


def _joined(opened: Sequence[Gathered]) -> Samples:
    task = _task(opened)
    truth = []
    for found in opened:
        own = found.samples.truth
        if task.kind == "regression":
            own = own[:, [found.task.targets.index(name) for name in task.targets]]
        truth.append(own)
    every = [found.samples for found in opened]
    names = [name for name in every[0].vectors if all(name in one.vectors for one in every)]
    return Samples(
        rows=pd.concat(
            [one.rows.astype({"recording": str, "participant": str}) for one in every]
        ).reset_index(drop=True),
        vectors={name: np.concatenate([one.vectors[name] for one in every]) for name in names},
        truth=np.concatenate(truth),
        n_windows=sum(one.n_windows for one in every),
        dropped={},
    )
