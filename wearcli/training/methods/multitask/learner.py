"""Contrast and labels at once, balanced over sets, people and classes; see `objective`."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn

from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.labelled import LabelledLearner
from wearcli.training.methods.learner import Say
from wearcli.training.methods.multitask.objective import MultiTask
from wearcli.training.methods.multitask.options import MultitaskOptions
from wearcli.training.methods.multitask.within_class import whiten
from wearcli.training.sampler import PairSampler, torch_generator


class MultitaskLearner(LabelledLearner[MultitaskOptions]):
    """Contrast and labels at once with the settings of a run."""

    def objective(self, data: TrainingData) -> MultiTask:
        """The encoder with SimCLR's head and a head for the classes of each set."""
        counts = [len(names) for names in self.class_names(data).values()]
        options = self.options
        return MultiTask(self.encoder(data), counts, self.dimension, options.temperature, options.contrast)

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Views (2b, samples, channels), what to ignore (2b, 2b), and classes (2b,), -1 for none."""
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        codes = np.full(len(data), -1, np.int64)
        codes[rows] = self.class_codes(data, rows)
        weight = balance(data, rows, codes)
        sampler = PairSampler(data.index, rows, batch, self.options.positive_seconds, seed, weight)
        views = self.views()

        def draw(step: int) -> Batch:
            chosen, ignore = sampler.draw(step, stream)
            generator = torch_generator(seed, "views", stream, step)
            windows = views(torch.from_numpy(data.take(chosen)), generator)
            return windows, torch.from_numpy(ignore), torch.from_numpy(codes[chosen])

        return draw

    def finish(self, encoder: nn.Module, data: TrainingData, train: np.ndarray, say: Say) -> nn.Module:
        """The encoder, its embedding whitened within classes where that is not turned off."""
        if not self.options.whiten:
            return encoder
        say("whitening the embedding within classes")
        return whiten(encoder.cpu(), data, train, self.settings.run.seed)


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
    classes = codes[rows]
    classes = np.where(classes < 0, classes.max(initial=-1) + 1 + group, classes)
    weight = (np.bincount(classes)[classes] * np.bincount(person)[person]) ** -0.5
    shares: np.ndarray = weight * (np.bincount(group) ** 0.5 / np.bincount(group, weight))[group]
    return shares
