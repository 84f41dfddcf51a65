"""The samples that several embeddings tables share: of other models, rates and windows, the same epochs."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from wearcli.embedding.table import read_table
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.gather import gather
from wearcli.labels.intervals import Samples, sample_keys, whole_recordings
from wearcli.labels.tasks import Task
from wearcli.labels.windows import MIN_QUALITY, EmbeddedWindows, windows_of


@dataclass(frozen=True)
class SharedTable:
    """One of the tables. whole: an interval a recording. rows: which of its own samples are shared ones.

    about: its path, model, rate_hz, window_s, stride_s, its own samples (how many) and what it dropped.
    """

    path: Path
    whole: pd.DataFrame
    rows: np.ndarray
    about: dict[str, Any]

    def vectors(
        self, task: Task, epoch: float | None, keep_nonwear: bool, min_quality: float = MIN_QUALITY
    ) -> dict[str, np.ndarray]:
        """ "embedding" and maybe "features" (shared samples, D) float32, read anew: one table's are held."""
        table, _ = read_table(self.path)
        windows = windows_of(table, str(self.path), keep_nonwear, min_quality)
        del table
        samples, *_ = gather(task, windows, epoch, self.whole)
        return {name: values[self.rows] for name, values in samples.vectors.items()}


@dataclass(frozen=True)
class Shared:
    """What the tables share, in the order of the first. samples: without vectors. left_out: how many samples
    some table has and not all of them have. errors: of each table that cannot be used."""

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
    """Join every table (name -> Parquet or Arrow file) with the task, and find what all of them have.

    A sample is a window where classes are to be told and no epochs are cut; else an interval of the task, or
    an epoch of one, of which each table has the windows that lie in it.
    Raises InputError where no table or no sample is left, UsageError where a window is a sample and the
    tables' windows are not alike.
    """
    errors: dict[str, WearcliError] = {}
    windows: dict[str, EmbeddedWindows] = {}
    abouts: dict[str, dict[str, Any]] = {}
    for name, path in paths.items():
        try:
            table, metadata = read_table(path)
            found = windows_of(table, str(path), keep_nonwear, min_quality)
        except WearcliError as error:
            errors[name] = error
            continue
        windows[name] = EmbeddedWindows(found.times, {}, found.dropped)
        told = {key: metadata.get(key) for key in ("model", "rate_hz", "window_s", "stride_s")}
        abouts[name] = {"table": str(path), **told}
        del table, found
    wholes = _common_wholes({name: whole_recordings(each) for name, each in windows.items()}, errors)
    joined: dict[str, Samples] = {}
    warnings: list[str] = []
    for name, whole in wholes.items():
        try:
            joined[name], said, dropped = gather(task, windows[name], epoch, whole)
        except WearcliError as error:
            errors[name] = error
            continue
        warnings = warnings or said
        abouts[name] |= {"samples": len(joined[name]), "dropped": dropped}
    if not joined:
        raise one_error(errors)
    if task.kind == "classification" and epoch is None:
        check_alike({name: abouts[name] for name in joined})
    keys = {name: sample_keys(samples) for name, samples in joined.items()}
    common = reduce(lambda shared, more: shared[shared.isin(more)], keys.values())
    if not len(common):
        counts = ", ".join(f"{name} has {len(samples)}" for name, samples in joined.items())
        raise InputError(f"no sample of {task.where} is in every table ({counts}): embed the same recordings")
    rows = {name: key.get_indexer(common) for name, key in keys.items()}
    first = next(iter(joined))
    samples = joined[first]
    return Shared(
        Samples(
            samples.rows.iloc[rows[first]].reset_index(drop=True),
            {},
            samples.truth[rows[first]],
            samples.n_windows,
            samples.dropped,
        ),
        {name: SharedTable(Path(paths[name]), wholes[name], rows[name], abouts[name]) for name in joined},
        len(reduce(lambda all_, more: all_.union(more), keys.values())) - len(common),
        errors,
        warnings,
    )


def _common_wholes(
    wholes: dict[str, pd.DataFrame], errors: dict[str, WearcliError]
) -> dict[str, pd.DataFrame]:
    """Of each table its recordings, from the last first window to the first last one of those that have it.

    Where a table of participants says a recording's target, its epochs must be the same in every table. A
    table that gives a recording to another participant than one before it goes to `errors`.
    """
    spans = pd.DataFrame(columns=["participant", "onset", "end"])
    used: dict[str, pd.DataFrame] = {}
    for name, whole in wholes.items():
        mine = whole.assign(end=whole["onset"] + whole["duration"]).set_index("recording")
        both = mine.index.intersection(spans.index)
        other = both[(mine.loc[both, "participant"] != spans.loc[both, "participant"]).to_numpy()]
        if len(other):
            errors[name] = InputError(
                f"{name}: recording {other[0]} is of participant {mine.loc[other[0], 'participant']}, in a "
                f"table before it of {spans.loc[other[0], 'participant']}: embed both with the same "
                "--participant-from"
            )
            continue
        used[name] = mine
        mine = mine.drop(columns="duration")
        if len(both):
            mine.loc[both, "onset"] = np.maximum(mine.loc[both, "onset"], spans.loc[both, "onset"])
            mine.loc[both, "end"] = np.minimum(mine.loc[both, "end"], spans.loc[both, "end"])
        spans = pd.concat([spans.drop(index=both), mine]) if len(spans) else mine
    spans["duration"] = spans["end"] - spans["onset"]
    columns = ["recording", "participant", "onset", "duration"]
    return {name: spans.loc[mine.index].reset_index()[columns] for name, mine in used.items()}


def one_error(errors: Mapping[str, WearcliError]) -> WearcliError:
    """What to raise where each table or model, by name, has failed."""
    if len(errors) == 1:
        return next(iter(errors.values()))
    usage = all(isinstance(error, UsageError) for error in errors.values())
    told = [str(error) if name in str(error) else f"{name}: {error}" for name, error in errors.items()]
    return (UsageError if usage else InputError)("; ".join(told))


def check_alike(abouts: Mapping[str, Mapping[str, Any]]) -> None:
    """UsageError where windows cannot be each other's samples: they have other lengths, or other strides.

    abouts: window_s and stride_s of each table or model.
    """
    (first, one), *others = abouts.items()
    for name, other in others:
        if any(one[key] != other[key] for key in ("window_s", "stride_s")):
            raise UsageError(
                f"{first} has windows of {_windows(one)}, {name} of {_windows(other)}: give --epoch, so that "
                "all are scored on the same epochs"
            )


def _windows(about: Mapping[str, Any]) -> str:
    length, stride = about["window_s"], about["stride_s"]
    return f"{length:g} s" + (f" every {stride:g} s" if stride not in (None, length) else "")
