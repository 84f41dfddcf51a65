"""Contrast and labels at once, balanced over sets, people and classes; see `objective`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.multitask.objective import MultiTask
from wearcli.training.methods.supervised.learner import class_codes, classes_of
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> MultiTask:
    """The encoder with SimCLR's head and a head for each set's classes."""
    return MultiTask(
        new_encoder(settings, data),
        [len(names) for names in classes_of(data, settings).values()],
        ENCODERS[settings.encoder].dimension,
        settings.temperature,
        settings.contrast,
    )


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views (2b, samples, channels), what to ignore, and classes (2b,), -1 for none."""
    codes = np.full(len(data), -1, np.int64)
    codes[rows] = class_codes(data, settings, rows)
    sampler = PairSampler(
        data.index, rows, settings.batch, settings.positive_seconds, settings.seed, balance(data, rows, codes)
    )
    augment = settings.views()

    def draw(step: int) -> Batch:
        chosen, ignore = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, "views", stream, step)
        views = augment(torch.from_numpy(data.take(chosen)), generator)
        return views, torch.from_numpy(ignore), torch.from_numpy(codes[chosen])

    return draw


def balance(data: TrainingData, rows: np.ndarray, codes: np.ndarray) -> np.ndarray:
    """The chance of each row, up to a factor.

    Within a set it falls with the square root of how many windows the class has and of how many the person
    has, as for `supervised`; windows without a class are one class of their set. A set's own share grows
    with the square root of its windows: neither walking, nor a diligent person, nor a large set drowns the
    rest, and nothing rare is seen all the time.
    """
    part = data.index.loc[rows]
    group = np.unique(part["dataset"].to_numpy(str), return_inverse=True)[1]
    person = np.unique(part["participant"].to_numpy(str), return_inverse=True)[1]
    known = codes[rows]
    known = np.where(known < 0, known.max(initial=-1) + 1 + group, known)
    weight = (np.bincount(known)[known] * np.bincount(person)[person]) ** -0.5
    return weight * (np.bincount(group) ** 0.5 / np.bincount(group, weight))[group]
