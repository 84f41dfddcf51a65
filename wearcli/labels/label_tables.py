"""Which tables of labels belong to an embeddings table, and how they are read."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

import pandas as pd

from wearcli.embedding.metadata import TableMetadata
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.clock_labels import RecordingClocks, on_recordings
from wearcli.labels.named import NAMED, NAMES
from wearcli.recordings.study.discovery import find_sidecars
from wearcli.recordings.study.sidecars import read_participants, read_target_table, sidecar_name


def label_tables(task: str, metadata: TableMetadata, embeddings: Path | None) -> tuple[Path, ...]:
    """Return the tables of labels of a task.

    Args:
        task: A task of `NAMED`, or the name of a table.
        metadata: The document of the embeddings table.
        embeddings: The path of the embeddings table; None for a stream.

    Raises:
        UsageError: There is no such table.
    """
    stem = NAMED[task].table if task in NAMED else task
    paths, folders = find_table(stem, metadata, embeddings)
    if paths:
        return paths
    if task in NAMED:
        raise UsageError(f"no {stem}.csv found in {folders}: name it with --labels")
    raise UsageError(
        f"unknown task '{task}': use {NAMES}, or a table of your own with --labels FILE --target COL"
    )


def find_table(stem: str, metadata: TableMetadata, embeddings: Path | None) -> tuple[tuple[Path, ...], str]:
    """Look for the tables called `stem` that belong to an embeddings table.

    They are looked for among the recordings that `embed` read, as they are now or as they were then; in the
    folder of the embeddings; and in recordings/ where none of what `embed` read is here any more. (The labels
    of another study, whose recordings have the same names, would go with these ones unnoticed.)

    Args:
        stem: The name of the tables without suffix, such as labels.
        metadata: The document of the embeddings table.
        embeddings: The path of the embeddings table; None for a stream.

    Returns:
        The tables, and, where there are none, the folders that were looked at, for a message.
    """
    places = [Path(path) for path in metadata.arguments.paths]
    with suppress(WearcliError):  # what was a recording then may be none now
        if now := find_sidecars(places).get(stem):
            return tuple(now), ""
    then = [Path(path) for path in metadata.sidecars.get(stem, ())]
    if then and all(path.is_file() for path in then):
        return tuple(then), ""
    folders = [place if place.is_dir() else place.parent for place in places]
    if not any(place.exists() for place in places):
        folders.append(Path("recordings"))
    if embeddings is not None:
        folders.append(embeddings.parent)
    for path in [folder / f"{stem}{suffix}" for folder in folders for suffix in (".csv", ".tsv")]:
        if path.is_file():
            return (path,), ""
    return (), ", ".join(dict.fromkeys(str(folder) for folder in folders))


def read_label_tables(
    paths: Sequence[Path], recordings: Collection[str], clocks: RecordingClocks | None = None
) -> tuple[pd.DataFrame, list[str]]:
    """Return the rows of tables of labels, one after the other, and warnings.

    Args:
        paths: Tables of intervals, or of participants (by the file's name or its first column).
        recordings: Names of the recordings, to find those of BIDS events.
        clocks: When and of whom the recordings are, for labels of people and of clock times.

    Raises:
        InputError: A table cannot be read, or there are no rows.
    """
    tables, warnings = [], []
    for path in paths:
        if sidecar_name(path) in ("participants", ""):
            tables.append(read_participants(path))
            continue
        table, more = on_recordings(read_target_table(path, recordings, other_keys=True), clocks, str(path))
        tables.append(table)
        warnings += more
    table = pd.concat(tables, ignore_index=True)
    if not len(table):
        raise InputError(f"{table_names(paths)}: the table has no rows: name another with --labels")
    return table, warnings


def table_names(paths: Sequence[Path]) -> str:
    """Return the name of one or several files, for a message."""
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"
