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
from wearcli.training.data import TrainingData
from wearcli.training.defaults import LEARNS_FROM_LABELS
from wearcli.training.settings import Settings
from wearcli.training.stores import is_store

Sources = list[tuple[str | None, Path, Path | None]]  # set, if it was said; where; the file, if it was named


def check_labels(settings: Settings) -> None:
    """Raise UsageError where a method needs labels and there are none."""
    if settings.method in LEARNS_FROM_LABELS:
        _sources(settings)


def label_windows(
    data: TrainingData, settings: Settings, say: Callable[[str], None] = lambda message: None
) -> None:
    """Give `data.index` the columns `label` and `amount`; `supervised` has no use for windows without either.

    A window has the label, or the number, of the interval that covers most of it, if that is at least half of
    it, as in `wearcli probe`; see `_task` for which of the two a column has. Labels belong to the set whose
    recordings they name (or that was said: SET=FILE), and are its own: `walk` of one set is another class
    than `walk` of the next. Of two files of one window the later one holds.

    Raises UsageError where a file cannot be told to belong to one set, or one set has classes and another
    amounts; InputError where a file names nothing that is trained on, or where a set has a single class or
    amount.
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
    for said, place, file in _sources(settings):
        task = _task(place, file, settings, times["recording"].unique().tolist())
        part = times[times["dataset"] == _set_of(task, times, said)].reset_index(drop=True)
        samples, warnings, _ = gather(task, UsableWindows(part, {}, {}), None)
        if task.kind == "classification":
            labels[samples.rows["row"].to_numpy()] = samples.truth
        else:
            windows, covering = most_covering(part, samples.rows)
            amounts[part["row"].to_numpy()[windows]] = samples.truth[covering, 0]
        for warning in warnings:
            say(f"note: {warning}")
    index["label"], index["amount"] = labels, amounts
    if settings.method == "supervised":
        index["usable"] &= index["label"].notna() | index["amount"].notna()
    unlabelled = (
        "none of its windows is used" if settings.method == "supervised" else "its windows are used without"
    )
    with_classes, with_amounts = (index.loc[index[kind].notna(), "dataset"] for kind in ("label", "amount"))
    if len(with_classes) and len(with_amounts):
        raise UsageError(
            f"--target {settings.target} has classes in {with_classes.iloc[0]} and amounts in "
            f"{with_amounts.iloc[0]}: train on one kind at a time"
        )
    for name, mine in times.groupby("dataset", sort=True):
        rows = index.loc[mine["row"]]
        known = rows["amount" if len(with_amounts) else "label"].dropna()
        if known.nunique() == 1:
            raise InputError(
                f"every labelled window of {name} is '{known.iloc[0]}': "
                + ("there is nothing to learn" if len(with_amounts) else "a classification needs two classes")
                + "; another --target, or leave its labels out"
            )
        found = f"{name}: {len(known):,} of {len(mine):,} windows have a"
        if not len(known):
            say(f"note: {name} has no labels: {unlabelled}")
        elif len(with_amounts):
            say(f"{found} value of {settings.target}, {known.mean():.4g} ± {known.std():.3g}")
        else:
            say(f"{found} label, of {known.nunique()} classes")


def _sources(settings: Settings) -> Sources:
    """The files of --labels, or else the recordings that have a table of labels beside them."""
    if settings.labels:
        return [_named(text) for text in settings.labels]
    places = [Path(path) for path in settings.paths if not is_store(Path(path))]
    found: Sources = [(None, place, None) for place in places if find_sidecars([place]).get("labels")]
    if not found:
        raise UsageError(
            f"--method {settings.method} has no labels: there is no labels.csv beside the recordings, and a "
            "window store has none; name the file with --labels"
        )
    return found


def _named(text: str) -> tuple[str | None, Path, Path]:
    said, _, file = text.rpartition("=")
    if Path(text).is_file() or not said:
        return None, Path(text), _existing(Path(text))
    return said, Path(file), _existing(Path(file))


def _existing(file: Path) -> Path:
    if not file.is_file():
        raise UsageError(f"{file}: no such table of labels: name another with --labels")
    return file


def _task(place: Path, file: Path | None, settings: Settings, recordings: list[str]) -> Task:
    """What the column `target` tells: for `supervised` amounts too, where `wearcli probe` has a regression.

    In the column `label` whole numbers are codes of classes. Raises UsageError for amounts where the method
    learns of classes alone.
    """
    paths = TableMetadata(arguments=EmbedArguments((str(place),)))
    target, amounts = settings.target, settings.method == "supervised"
    task = resolve_task("activity", file, [target], None, paths, None, recordings)
    if task.kind == "classification":
        return task
    if not (task.table[target].dropna() % 1).any() and (target == "label" or not amounts):
        return resolve_task("activity", file, [target], "classification", paths, None, recordings)
    if not amounts:
        raise UsageError(f"{task.source}: column {target} has amounts, not classes: name another --target")
    # Whole numbers that are few; there is no --kind here.
    warnings = [f"{text.partition(':')[0]}: call the column label if not" for text in task.warnings]
    return replace(task, warnings=warnings)


def _set_of(task: Task, times: pd.DataFrame, said: str | None) -> str:
    """The set whose recordings (or participants) a table names."""
    sets = times["dataset"].unique().tolist()
    if said is not None and said not in sets:
        raise UsageError(f"--labels {said}={task.source}: the sets are {', '.join(sets)}, none is {said}")
    what = "recording" if "recording" in task.table else "participant"
    named = set(task.table[what])
    here = times if said is None else times[times["dataset"] == said]
    found = here.loc[here[what].isin(named), "dataset"].unique().tolist()
    if not found:
        raise InputError(
            f"no {what} of {task.source} ({some(named)}) is among those to train on "
            f"({some(set(here[what]))}): make the names the same, or name another table with --labels"
        )
    if len(found) > 1:
        raise UsageError(
            f"{task.source}: its {what}s are of several sets ({', '.join(found)}): say which with "
            f"--labels {found[0]}=FILE"
        )
    return found[0]
