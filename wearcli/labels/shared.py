"""The samples that several embeddings tables share: the same epochs, of other models, rates and windows."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import reduce
from pathlib import Path
from typing import TypedDict

import numpy as np
import pandas as pd

from wearcli.embedding.metadata import TableMetadata
from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.defaults import MIN_QUALITY
from wearcli.labels.gather import gather
from wearcli.labels.intervals import whole_recordings
from wearcli.labels.samples import Samples, sample_keys
from wearcli.labels.tasks import Task
from wearcli.labels.windows import UsableWindows, usable_windows


class WindowCut(TypedDict, total=False):
    """How windows are cut: samples a second, length and stride in s; None where a table does not state it."""

    rate_hz: float | None
    window_s: float | None
    stride_s: float | None


@dataclass(frozen=True)
class SharedTable:
    """One of the tables.

    Attributes:
        path: Its file.
        metadata: What made it.
        whole: One interval a recording.
        rows: Row numbers of the shared samples among the table's own.
        samples: How many samples of its own it has.
        dropped: What it does not use, by reason.
    """

    path: Path
    metadata: TableMetadata
    whole: pd.DataFrame
    rows: np.ndarray
    samples: int
    dropped: dict[str, int]

    def vectors(
        self, task: Task, epoch: float | None, keep_nonwear: bool, min_quality: float = MIN_QUALITY
    ) -> dict[str, np.ndarray]:
        """Return "embedding" and maybe "features", (shared samples, D) float32.

        They are read anew, so that those of one table are held at a time.
        """
        table, _ = read_table(self.path)
        windows = usable_windows(table, str(self.path), keep_nonwear, min_quality)
        del table
        samples, *_ = gather(task, windows, epoch, self.whole)
        return {name: values[self.rows] for name, values in samples.vectors.items()}


@dataclass(frozen=True)
class Shared:
    """What the tables share, in the order of the first.

    Attributes:
        samples: The shared samples, without vectors.
        tables: The tables by name.
        left_out: How many samples some table has and not all of them have.
        errors: The error of every table that cannot be used, by name.
        warnings: What the user should know.
    """

    samples: Samples
    tables: dict[str, SharedTable]
    left_out: int
    errors: dict[str, WearcliError]
    warnings: list[str]


def share(
    paths: Mapping[str, Path],
    task: Task,
    epoch: float | None,
    keep_nonwear: bool,
    min_quality: float = MIN_QUALITY,
) -> Shared:
    """Join every table with the task, and return the samples that all of them have.

    A sample is a window where there are classes and no epochs are cut; else an interval of the task, or an
    epoch of one, with the windows of every table that lie in it.

    Args:
        paths: Embeddings tables by name.
        task: The task.
        epoch: Cut label intervals into epochs of so many seconds.
        keep_nonwear: Use windows that were worn for less than half of their time.
        min_quality: Leave out windows of a lower quality, 0 to 1.

    Raises:
        InputError: No table or no sample is left.
        UsageError: A window is a sample and the tables' windows are not alike.
    """
    errors: dict[str, WearcliError] = {}
    windows: dict[str, UsableWindows] = {}
    metadata: dict[str, TableMetadata] = {}
    for name, path in paths.items():
        try:
            windows[name], metadata[name] = _without_vectors(path, keep_nonwear, min_quality)
        except WearcliError as error:
            errors[name] = error
    wholes = _common_wholes({name: whole_recordings(one.times) for name, one in windows.items()}, errors)
    joined: dict[str, Samples] = {}
    dropped: dict[str, dict[str, int]] = {}
    doubts = list(dict.fromkeys(text for one in metadata.values() if (text := one.participant_doubt)))
    warnings: list[str] = []
    for name, whole in wholes.items():
        try:
            joined[name], more, dropped[name] = gather(task, windows[name], epoch, whole)
        except WearcliError as error:
            errors[name] = error
            continue
        warnings = warnings or more
    if not joined:
        raise one_error(errors)
    if task.kind == "classification" and epoch is None:
        check_alike({name: window_cut(metadata[name]) for name in joined})
    keys = {name: sample_keys(samples) for name, samples in joined.items()}
    common = reduce(lambda shared, more: shared[shared.isin(more)], keys.values())
    if not len(common):
        counts = ", ".join(f"{name} has {len(samples)}" for name, samples in joined.items())
        raise InputError(
            f"no sample of {task.source} is in every table ({counts}): embed the same recordings"
        )
    rows = {name: key.get_indexer(common) for name, key in keys.items()}
    first = next(iter(joined))
    samples = replace(
        joined[first],
        rows=joined[first].rows.iloc[rows[first]].reset_index(drop=True),
        vectors={},
        truth=joined[first].truth[rows[first]],
    )
    tables = {
        name: SharedTable(
            Path(paths[name]), metadata[name], wholes[name], rows[name], len(own), dropped[name]
        )
        for name, own in joined.items()
    }
    left_out = len(reduce(lambda all_, more: all_.union(more), keys.values())) - len(common)
    return Shared(samples, tables, left_out, errors, doubts + warnings)


def _without_vectors(
    path: Path, keep_nonwear: bool, min_quality: float
) -> tuple[UsableWindows, TableMetadata]:
    """The windows of a table without their vectors, and what made it."""
    table, metadata = read_table(path)
    windows = usable_windows(table, str(path), keep_nonwear, min_quality)
    return replace(windows, vectors={}), metadata


def _common_wholes(
    wholes: dict[str, pd.DataFrame], errors: dict[str, WearcliError]
) -> dict[str, pd.DataFrame]:
    """The recordings of every table, over the time that all tables with the recording have windows for.

    Where a table of participants says a recording's target, its epochs must be the same in every table. A
    table that gives a recording to another participant than one before it goes to `errors`.
    """
    spans = pd.DataFrame(columns=["participant", "onset", "end"])
    used: dict[str, pd.DataFrame] = {}
    for name, whole in wholes.items():
        own = whole.assign(end=whole["onset"] + whole["duration"]).set_index("recording")
        both = own.index.intersection(spans.index)
        other = both[(own.loc[both, "participant"] != spans.loc[both, "participant"]).to_numpy()]
        if len(other):
            errors[name] = InputError(
                f"{name}: recording {other[0]} is of participant {own.loc[other[0], 'participant']}, in a "
                f"table before it of {spans.loc[other[0], 'participant']}: embed both with the same "
                "--participant-from"
            )
            continue
        used[name] = own
        own = own.drop(columns="duration")
        if len(both):
            own.loc[both, "onset"] = np.maximum(own.loc[both, "onset"], spans.loc[both, "onset"])
            own.loc[both, "end"] = np.minimum(own.loc[both, "end"], spans.loc[both, "end"])
        spans = pd.concat([spans.drop(index=both), own]) if len(spans) else own
    spans["duration"] = spans["end"] - spans["onset"]
    columns = ["recording", "participant", "onset", "duration"]
    return {name: spans.loc[own.index].reset_index()[columns] for name, own in used.items()}


def one_error(errors: Mapping[str, WearcliError]) -> WearcliError:
    """Return what to raise where all tables or models, by name, have failed."""
    if len(errors) == 1:
        return next(iter(errors.values()))
    usage = all(isinstance(error, UsageError) for error in errors.values())
    lines = [str(error) if name in str(error) else f"{name}: {error}" for name, error in errors.items()]
    return (UsageError if usage else InputError)("; ".join(lines))


def window_cut(metadata: TableMetadata) -> WindowCut:
    """Return how the windows of a table are cut."""
    return {"rate_hz": metadata.rate_hz, "window_s": metadata.window_s, "stride_s": metadata.stride_s}


def check_alike(cuts: Mapping[str, WindowCut]) -> None:
    """Check that windows of several tables or models have one length and one stride.

    Args:
        cuts: How the windows of every table or model are cut, by name.

    Raises:
        UsageError: They differ, so that windows cannot be each other's samples.
    """
    (first, one), *others = cuts.items()
    for name, other in others:
        if (one["window_s"], one["stride_s"]) != (other["window_s"], other["stride_s"]):
            raise UsageError(
                f"{first} has windows of {_windows(one)}, {name} of {_windows(other)}: give --epoch, so that "
                "all are scored on the same epochs"
            )


def _windows(cut: WindowCut) -> str:
    length, stride = cut["window_s"], cut["stride_s"]
    return f"{length:g} s" + (f" every {stride:g} s" if stride not in (None, length) else "")
