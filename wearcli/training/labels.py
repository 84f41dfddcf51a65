"""Labels of the windows to train on, for the methods that learn from them."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.embedding.metadata import EmbedArguments, TableMetadata
from wearcli.errors import InputError, UsageError
from wearcli.labels.gather import gather, some
from wearcli.labels.intervals import most_covering
from wearcli.labels.tasks import Task, resolve_task
from wearcli.labels.windows import UsableWindows
from wearcli.recordings.study.discovery import find_sidecars
from wearcli.signals.store_shards import is_store
from wearcli.training.data import TrainingData
from wearcli.training.methods.shared import LabelOptions
from wearcli.training.settings import Settings

# Of each table: its set, where SET= was given; where the recordings are; the file, where it was named.
Sources = list[tuple[str | None, Path, Path | None]]


def check_labels(settings: Settings, options: LabelOptions) -> None:
    """Raise UsageError where there are no labels."""
    _sources(settings, options)


def label_windows(
    data: TrainingData,
    settings: Settings,
    options: LabelOptions,
    learns_amounts: bool,
    say: Callable[[str], None] = lambda message: None,
) -> None:
    """Give `data.index` the columns `label` and `amount`.

    A window has the label, or the amount, of the interval that covers most of it, if that is at least half of
    it, as in `wearcli probe`; see `_task` for which of the two a column has. Labels belong to the set whose
    recordings they name (or to the one of SET=FILE), and are its own: `walk` of one set is another class than
    `walk` of the next. Where two files label one window the later one holds.

    Args:
        data: All windows; gets the columns.
        settings: The settings of the run.
        options: Which tables and column.
        learns_amounts: Whether the method learns amounts too, and has no use for windows without either.
        say: Called with each line for people.

    Raises:
        UsageError: A file belongs to no single set, or one set has classes and another amounts.
        InputError: A file names nothing that is trained on, or a set has a single class or amount.
    """
    index = data.index
    times = pd.DataFrame(
        {
            # As the study calls them; `index` puts store and set before each.
            "recording": index["recording"].str.split("/", n=2).str[2],
            "participant": index["name"],
            "onset": index["onset"],
            "duration": data.stores[0].settings.window_s,
            "row": np.arange(len(index)),
            "dataset": index["dataset"],
        }
    )[index["usable"]]
    labels, amounts = np.full(len(index), None, object), np.full(len(index), np.nan)
    for dataset, place, file in _sources(settings, options):
        task = _task(place, file, options.target, learns_amounts, times["recording"].unique().tolist())
        part = times[times["dataset"] == _set_name(task, times, dataset)].reset_index(drop=True)
        samples, warnings, _ = gather(task, UsableWindows(part, {}, {}), None)
        if task.kind == "classification":
            labels[samples.rows["row"].to_numpy()] = samples.truth
        else:
            windows, covering = most_covering(part, samples.rows)
            amounts[part["row"].to_numpy()[windows]] = samples.truth[covering, 0]
        for warning in warnings:
            say(f"note: {warning}")
    index["label"], index["amount"] = labels, amounts
    if learns_amounts:
        index["usable"] &= index["label"].notna() | index["amount"].notna()
    _check_kinds(index, options.target)
    for name, rows in times.groupby("dataset", sort=True):
        say(_labelled_text(str(name), index.loc[rows["row"]], options.target, learns_amounts))


def _check_kinds(index: pd.DataFrame, target: str) -> None:
    """Raise UsageError where one set has classes and another amounts."""
    classes, amounts = (index.loc[index[kind].notna(), "dataset"] for kind in ("label", "amount"))
    if len(classes) and len(amounts):
        raise UsageError(
            f"--target {target} has classes in {classes.iloc[0]} and amounts in {amounts.iloc[0]}: train on "
            "one kind at a time"
        )


def _labelled_text(name: str, rows: pd.DataFrame, target: str, learns_amounts: bool) -> str:
    """How many windows of a set have labels; InputError where these are all the same."""
    with_amounts = bool(rows["amount"].notna().any())
    values = rows["amount" if with_amounts else "label"].dropna()
    if values.nunique() == 1:
        raise InputError(
            f"every labelled window of {name} is '{values.iloc[0]}': "
            + ("there is nothing to learn" if with_amounts else "a classification needs two classes")
            + "; another --target, or leave its labels out"
        )
    if not len(values):
        unused = "none of its windows is used" if learns_amounts else "its windows are used without"
        return f"note: {name} has no labels: {unused}"
    count = f"{name}: {len(values):,} of {len(rows):,} windows have a"
    if with_amounts:
        return f"{count} value of {target}, {values.mean():.4g} ± {values.std():.3g}"
    return f"{count} label, of {values.nunique()} classes"


def _sources(settings: Settings, options: LabelOptions) -> Sources:
    """The files of --labels, or else the recordings that have a table of labels beside them."""
    if options.labels:
        return [_parse_source(text) for text in options.labels]
    places = [Path(path) for path in settings.data.paths if not is_store(Path(path))]
    sources: Sources = [(None, place, None) for place in places if find_sidecars([place]).get("labels")]
    if not sources:
        raise UsageError(
            f"--method {settings.run.method} has no labels: no labels.csv is beside the recordings, and "
            "a window store has none; name the file with --labels"
        )
    return sources


def _parse_source(text: str) -> tuple[str | None, Path, Path]:
    """FILE or SET=FILE."""
    dataset, _, file = text.rpartition("=")
    if Path(text).is_file() or not dataset:
        return None, Path(text), _existing(Path(text))
    return dataset, Path(file), _existing(Path(file))


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UsageError(f"{file}: no such table of labels: name another with --labels")
    return file


def _task(place: Path, file: Path | None, target: str, learns_amounts: bool, recordings: list[str]) -> Task:
    """What the column `target` has: classes, or amounts where the method learns them and `probe` would too.

    In the column `label` whole numbers are codes of classes. Raises UsageError for amounts where the method
    learns classes alone.
    """
    paths = TableMetadata(arguments=EmbedArguments((str(place),)))
    task = resolve_task("activity", file, [target], None, paths, None, recordings)
    if task.kind == "classification":
        return task
    if not (task.table[target].dropna() % 1).any() and (target == "label" or not learns_amounts):
        return resolve_task("activity", file, [target], "classification", paths, None, recordings)
    if not learns_amounts:
        raise UsageError(f"{task.source}: column {target} has amounts, not classes: name another --target")
    # Whole numbers that are few; there is no --kind here.
    warnings = [f"{text.partition(':')[0]}: call the column label if not" for text in task.warnings]
    return replace(task, warnings=warnings)


def _set_name(task: Task, times: pd.DataFrame, dataset: str | None) -> str:
    """The set whose recordings (or participants) a table names."""
    sets = times["dataset"].unique().tolist()
    if dataset is not None and dataset not in sets:
        raise UsageError(
            f"--labels {dataset}={task.source}: the sets are {', '.join(sets)}, none is {dataset}"
        )
    what = "recording" if "recording" in task.table else "participant"
    named = set(task.table[what])
    candidates = times if dataset is None else times[times["dataset"] == dataset]
    owners = candidates.loc[candidates[what].isin(named), "dataset"].unique().tolist()
    if not owners:
        raise InputError(
            f"no {what} of {task.source} ({some(named)}) is among those to train on "
            f"({some(set(candidates[what]))}): make the names the same, or name another table with --labels"
        )
    if len(owners) > 1:
        raise UsageError(
            f"{task.source}: its {what}s are of several sets ({', '.join(owners)}): say which with "
            f"--labels {owners[0]}=FILE"
        )
    return str(owners[0])
