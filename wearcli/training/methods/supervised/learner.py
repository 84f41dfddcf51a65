"""Supervised: classes or amounts of windows, each set with a head of its own; see `training.labels`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.errors import InputError
from wearcli.seeds import generator
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.supervised.objective import Regression, Supervised
from wearcli.training.sampler import torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> Supervised | Regression:
    """The encoder with a head for each set."""
    encoder, dimension = new_encoder(settings, data), ENCODERS[settings.encoder].dimension
    if amounts := amounts_of(data, settings):
        return Regression(encoder, len(amounts), dimension)
    return Supervised(encoder, [len(names) for names in classes_of(data, settings).values()], dimension)


def classes_of(data: TrainingData, settings: Settings) -> dict[str, list[str]]:
    """Of each set with labels: the classes of its people who train."""
    train, _ = data.split(settings.validation, settings.seed)
    sets = data.index.loc[train].dropna(subset="label").groupby("dataset", sort=True)["label"]
    return {str(name): sorted(labels.unique().tolist()) for name, labels in sets}


def amounts_of(data: TrainingData, settings: Settings) -> dict[str, tuple[float, float]]:
    """Of each set with amounts: their mean and deviation over the windows of its people who train."""
    train, _ = data.split(settings.validation, settings.seed)
    sets = data.index.loc[train].dropna(subset="amount").groupby("dataset", sort=True)["amount"]
    # Of those who train all may have the same: then it is only the mean that is taken off.
    return {str(name): (float(known.mean()), float(known.std(ddof=0)) or 1.0) for name, known in sets}


def class_codes(data: TrainingData, settings: Settings, rows: np.ndarray) -> np.ndarray:
    """The class of each row, numbered on from one set to the next; -1 where nobody trains it."""
    part = data.index.loc[rows]
    known = [(name, label) for name, labels in classes_of(data, settings).items() for label in labels]
    number = {pair: code for code, pair in enumerate(known)}
    pairs = zip(part["dataset"], part["label"], strict=True)
    return np.array([number.get(pair, -1) for pair in pairs], np.int64)


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views (n, samples, channels), and their classes (n,), or their sets and amounts.

    A window's chance falls with the square root of how many windows its class has in its set, and with that
    of how many its person has: neither walking nor one diligent person drowns the others, and nothing rare
    is seen all the time. A set of amounts is as one class.
    """
    truth: tuple[np.ndarray, ...]
    if amounts := amounts_of(data, settings):
        codes, values = standardised(data, amounts, rows)
        truth = (codes, values)
    else:
        codes = class_codes(data, settings, rows)
        truth = (codes,)
    # Of people who validate: a class, or a set, that nobody trains has no answer.
    known = codes >= 0
    if not known.any():
        what = "an amount of a set" if amounts else "a class"
        raise InputError(
            f"no window of the people set aside has {what} of those who train: label more people, or "
            "--validation 0"
        )
    rows, codes, truth = rows[known], codes[known], tuple(each[known] for each in truth)
    person = np.unique(data.index["participant"].to_numpy(str)[rows], return_inverse=True)[1]
    weight = (np.bincount(codes)[codes] * np.bincount(person)[person]) ** -0.5
    cumulative = np.cumsum(weight) / weight.sum()
    augment = settings.views()

    def draw(step: int) -> Batch:
        rng = generator(settings.seed, "batches", stream, step)
        chosen = np.searchsorted(cumulative, rng.random(settings.batch), side="right")
        chosen = np.minimum(chosen, len(rows) - 1)
        noise = torch_generator(settings.seed, "views", stream, step)
        views = augment(torch.from_numpy(data.take(rows[chosen])), noise)
        return views, *(torch.from_numpy(each[chosen]) for each in truth)

    return draw


def standardised(
    data: TrainingData, amounts: dict[str, tuple[float, float]], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of each row the number of its set, int64, and its amount in the set's deviations, float32.

    amounts: as `amounts_of` gives them. A row of a set without has -1, and no number.
    """
    part = data.index.loc[rows]
    number = {name: code for code, name in enumerate(amounts)}
    codes = np.array([number.get(name, -1) for name in part["dataset"]], np.int64)
    middle, deviation = np.array([*amounts.values(), (np.nan, 1.0)])[codes].T
    return codes, ((part["amount"].to_numpy() - middle) / deviation).astype(np.float32)
