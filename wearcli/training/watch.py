"""Watching: the probe score of the frozen encoder on a labelled study that it does not learn from."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

import numpy as np
from torch import nn

from wearcli.embedding.metadata import EmbedArguments, TableMetadata
from wearcli.errors import InputError, UsageError, WearcliError
from wearcli.labels.named import NAMED
from wearcli.labels.tasks import resolve_task
from wearcli.modality import MODALITIES, features
from wearcli.probing.watch import WatchProbe
from wearcli.recordings.study.discovery import find_sidecars
from wearcli.signals.preprocess import preprocess
from wearcli.signals.store import StoreSettings, WindowStore
from wearcli.training.data import TrainingData
from wearcli.training.monitor import embed_windows
from wearcli.training.settings import Settings, Watching


class Watch:
    """The score of an encoder: watch_macro_f1 or watch_r, and watch_features, that of the hand-made features.

    Both come from the same samples in the same folds, see `WatchProbe`; an undefined score is left out.

    Args:
        probe: The probe of the study.
        windows: (n, samples, channels) float32, those of `probe.rows`.
        cut: How the windows were cut.
    """

    def __init__(self, probe: WatchProbe, windows: np.ndarray, cut: StoreSettings) -> None:
        self.probe, self.windows, self.cut = probe, windows, cut

    @cached_property
    def features(self) -> float | None:
        """The score of the hand-made features."""
        return self.probe.score(features(self.windows, self.cut.rate_hz, self.cut.modality), "features")

    def __call__(self, encoder: nn.Module) -> dict[str, float]:
        """Score the encoder as it is."""
        score = self.probe.score(embed_windows(encoder, self.windows).numpy())
        scores = {f"watch_{self.probe.metric}": score, "watch_features": self.features}
        return {name: value for name, value in scores.items() if value is not None}


def check_watch(options: Watching) -> None:
    """Raise UsageError where there is no such study to watch, or no labels in it."""
    if options.watch is None:
        return
    path = Path(options.watch)
    if not path.exists():
        raise UsageError(f"{path}: no such file or folder: name a labelled study with --watch")
    named = NAMED.get(options.watch_task)
    stem = named.table if named else options.watch_task
    if path.is_dir() and not find_sidecars([path]).get(stem):
        raise UsageError(
            f"{path}: no {stem}.csv beside the recordings: name the file of labels with --watch, or another "
            "--watch-task"
        )


def begin_watch(
    settings: Settings, own: Path, data: TrainingData, train: np.ndarray, say: Callable[[str], None]
) -> None:
    """Cut the windows of the watched study into the store `own`, and describe it.

    Raises:
        InputError: The study cannot be read or probed.
        UsageError: Likewise, by an option.
    """
    if settings.watching.watch is None:
        return
    probe = open_watch(settings, own, data.stores[0].settings, say).probe
    say(f"watching {settings.watching.watch}: {len(probe.rows):,} windows of {probe.people} people")
    for warning in probe.warnings:
        say(f"note: --watch: {warning}")
    if seen := seen_in_training(WindowStore.open(own), data, train):
        say(
            f"warning: {len(seen)} people of --watch are trained on too, such as '{seen[0]}': its score says "
            "little of new people; watch a study that is held out"
        )


def open_watch(settings: Settings, own: Path, like: StoreSettings, say: Callable[[str], None]) -> Watch:
    """Watch the study that the settings name: a folder of labelled recordings, or the file of labels in it.

    Args:
        settings: The settings of the run.
        own: The store of its windows, written if missing.
        like: How the windows to train on were cut; those of the study are cut alike.
        say: Called with each line for people.

    Raises:
        InputError: The study cannot be read or probed.
        UsageError: Likewise, by an option.
    """
    path = Path(str(settings.watching.watch))
    folder, labels = (path, None) if path.is_dir() else (path.parent, path)
    try:
        if not (own / "store.json").is_file():
            preprocess(
                [folder],
                own,
                rate_hz=like.rate_hz,
                window_s=like.window_s,
                modality=like.modality,
                channels=None if MODALITIES[like.modality].channels else len(like.channels),
                finished=lambda source, error: say(f"left out of --watch: {error}") if error else None,
            )
        store = WindowStore.open(own)
        cut = store.settings
        if (len(cut.channels), cut.unit, cut.samples) != (len(like.channels), like.unit, like.samples):
            raise InputError(f"its windows are {cut.channels} in {cut.unit}, unlike those to train on")
        rows = np.flatnonzero(TrainingData([store]).index["usable"])
        times = store.index.iloc[rows].reset_index(drop=True)
        names = times["recording"].unique().tolist()
        place = TableMetadata(arguments=EmbedArguments((str(folder),)))
        task = resolve_task(settings.watching.watch_task, labels, None, None, place, None, names)
        probe = WatchProbe(times, task, settings.watching.watch_epoch, settings.run.seed)
    except WearcliError as error:
        raise type(error)(f"--watch {path}, as 'wearcli probe' says it: {error}") from None
    return Watch(probe, store.take(rows[probe.rows]), cut)


def seen_in_training(watched: WindowStore, data: TrainingData, train: np.ndarray) -> list[str]:
    """The watched participants who are trained on too.

    They have the same name in a set of the same name, or a recording of the same name.
    """
    index = data.index.loc[train]
    people = set(index["participant"])
    takes = set(zip(index["name"], index["recording"].str.split("/", n=2).str[2], strict=True))
    watched_takes = watched.index[["dataset", "participant", "recording"]].drop_duplicates()
    seen = {
        person
        for dataset, person, recording in watched_takes.itertuples(index=False)
        if f"{dataset}/{person}" in people or (person, recording) in takes
    }
    return sorted(seen)
