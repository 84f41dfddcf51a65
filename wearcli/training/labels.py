"""Labels of the windows to train on, for the methods that learn from them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from wearcli.errors import InputError, UsageError
from wearcli.probing.gather import gather, some
from wearcli.probing.tasks import Task, resolve_task
from wearcli.probing.windows import EmbeddedWindows
from wearcli.recordings.discovery import find_sidecars
from wearcli.training.data import TrainingData
from wearcli.training.settings import LEARNS_FROM_LABELS, Settings
from wearcli.training.stores import is_store

Sources = list[tuple[str | None, Path, Path | None]]  # set, if it was said; where; the file, if it was named


def check_labels(settings: Settings) -> None:
    """Raise UsageError where a method needs labels and there are none."""
    if settings.method in LEARNS_FROM_LABELS:
        _sources(settings)


def label_windows(
    data: TrainingData, settings: Settings, say: Callable[[str], None] = lambda message: None
) -> None:
    """Give `data.index` the column `label`; for `supervised` windows without one are not usable any more.

    A window has the label that covers most of it, if that is at least half of it, as in `wearcli probe`.
    Labels belong to the set whose recordings they name (or that was said: SET=FILE), and are its own: `walk`
    of one set is another class than `walk` of the next. Of two files of one window the later one holds.

    Raises UsageError where a file cannot be told to belong to one set, InputError where it names nothing
    that is trained on, or where a set has a single class.
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
    labels = np.full(len(index), None, object)
    for said, place, file in _sources(settings):
        task = _task(place, file, settings.target, times["recording"].unique().tolist())
        part = times[times["dataset"] == _set_of(task, times, said)].reset_index(drop=True)
        samples, warnings, _ = gather(task, EmbeddedWindows(part, {}, {}), None)
        labels[samples.rows["row"].to_numpy()] = samples.truth
        for warning in warnings:
            say(f"note: {warning}")
    index["label"] = labels
    if settings.method == "supervised":
        index["usable"] &= index["label"].notna()
    supervised = settings.method == "supervised"
    unlabelled = "none of its windows is used" if supervised else "its windows are used without"
    for name, mine in times.groupby("dataset", sort=True):
        known = index["label"].iloc[mine["row"]].dropna()
        if known.nunique() == 1:
            raise InputError(
                f"every labelled window of {name} is '{known.iloc[0]}': a classification needs two classes; "
                "another --target, or leave its labels out"
            )
        say(
            f"{name}: {len(known):,} of {len(mine):,} windows have a label, of {known.nunique()} classes"
            if len(known)
            else f"note: {name} has no labels: {unlabelled}"
        )


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


def _task(place: Path, file: Path | None, target: str, recordings: list[str]) -> Task:
    """The classification of the column `target`; UsageError where it has numbers that are no codes."""
    paths = {"arguments": {"paths": [str(place)]}}
    task = resolve_task("activity", file, [target], None, paths, None, recordings)
    if task.kind == "classification":
        return task
    if (task.table[target].dropna() % 1).any():
        raise UsageError(f"{task.where}: column {target} has amounts, not classes: name another --target")
    return resolve_task("activity", file, [target], "classification", paths, None, recordings)


def _set_of(task: Task, times: pd.DataFrame, said: str | None) -> str:
    """The set whose recordings (or participants) a table names."""
    sets = times["dataset"].unique().tolist()
    if said is not None and said not in sets:
        raise UsageError(f"--labels {said}={task.where}: the sets are {', '.join(sets)}, none is {said}")
    what = "recording" if "recording" in task.table else "participant"
    named = set(task.table[what])
    here = times if said is None else times[times["dataset"] == said]
    found = here.loc[here[what].isin(named), "dataset"].unique().tolist()
    if not found:
        raise InputError(
            f"no {what} of {task.where} ({some(named)}) is among those to train on "
            f"({some(set(here[what]))}): make the names the same, or name another table with --labels"
        )
    if len(found) > 1:
        raise UsageError(
            f"{task.where}: its {what}s are of several sets ({', '.join(found)}): say which with "
            f"--labels {found[0]}=FILE"
        )
    return found[0]
