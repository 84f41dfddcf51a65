"""Supervised: classes of labelled windows, each set with a head of its own; see `training.labels`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.errors import InputError
from wearcli.objectives.supervised import Supervised
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.sampler import AUGMENT, numpy_generator, torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> Supervised:
    """The encoder with a head for each set."""
    return Supervised(
        new_encoder(settings, data),
        [len(names) for names in classes_of(data, settings).values()],
        ENCODERS[settings.encoder].dimension,
    )


def classes_of(data: TrainingData, settings: Settings) -> dict[str, list[str]]:
    """Of each set with labels: the classes of its people who train."""
    train, _ = data.split(settings.validation, settings.seed)
    sets = data.index.loc[train].dropna(subset="label").groupby("dataset", sort=True)["label"]
    return {str(name): sorted(labels.unique().tolist()) for name, labels in sets}


def class_codes(data: TrainingData, settings: Settings, rows: np.ndarray) -> np.ndarray:
    """The class of each row, numbered on from one set to the next; -1 where nobody trains it."""
    part = data.index.loc[rows]
    known = [(name, label) for name, labels in classes_of(data, settings).items() for label in labels]
    number = {pair: code for code, pair in enumerate(known)}
    pairs = zip(part["dataset"], part["label"], strict=True)
    return np.array([number.get(pair, -1) for pair in pairs], np.int64)


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views of windows (n, samples, channels) and their classes (n,).

    A window's chance falls with the square root of how many windows its class has in its set, and with that
    of how many its person has: neither walking nor one diligent person drowns the others, and nothing rare
    is seen all the time.
    """
    codes = class_codes(data, settings, rows)
    # Of people who validate: a class that nobody trains has no answer.
    rows, codes = rows[codes >= 0], codes[codes >= 0]
    if not len(rows):
        raise InputError(
            "no window of the people set aside has a class of those who train: label more people, or "
            "--validation 0"
        )
    person = np.unique(data.index["participant"].to_numpy(str)[rows], return_inverse=True)[1]
    weight = (np.bincount(codes)[codes] * np.bincount(person)[person]) ** -0.5
    cumulative = np.cumsum(weight) / weight.sum()
    augment = settings.views()

    def draw(step: int) -> Batch:
        rng = numpy_generator(settings.seed, stream, step)
        chosen = np.searchsorted(cumulative, rng.random(settings.batch), side="right")
        chosen = np.minimum(chosen, len(rows) - 1)
        generator = torch_generator(settings.seed, AUGMENT + stream, step)
        views = augment(torch.from_numpy(data.take(rows[chosen])), generator)
        return views, torch.from_numpy(codes[chosen])

    return draw
