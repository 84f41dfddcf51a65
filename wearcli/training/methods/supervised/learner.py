"""Supervised: classes or amounts of windows, each set with a head of its own; see `training.labels`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.errors import InputError
from wearcli.seeds import generator
from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.labelled import LabelledLearner
from wearcli.training.methods.supervised.objective import Regression, Supervised
from wearcli.training.methods.supervised.options import SupervisedOptions
from wearcli.training.sampler import torch_generator


class SupervisedLearner(LabelledLearner[SupervisedOptions]):
    """Supervised learning with the settings of a run."""

    learns_amounts = True

    def objective(self, data: TrainingData) -> Supervised | Regression:
        """The encoder with a head for each set."""
        if amounts := self.amount_scales(data):
            return Regression(self.encoder(data), len(amounts), self.dimension)
        counts = [len(names) for names in self.class_names(data).values()]
        return Supervised(self.encoder(data), counts, self.dimension)

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Views (n, samples, channels), and their classes (n,), or their sets and amounts.

        The chance of a window falls with the square root of how many windows its class has in its set, and
        with that of how many its person has: neither walking nor one diligent person drowns the others, and
        nothing rare is seen all the time. A set of amounts is as one class.

        Raises:
            InputError: No row has a class, or an amount of a set, of the people who train.
        """
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        truth: tuple[np.ndarray, ...]
        if amounts := self.amount_scales(data):
            codes, values = standardised(data, amounts, rows)
            truth = (codes, values)
        else:
            codes = self.class_codes(data, rows)
            truth = (codes,)
        # People who validate may have a class, or a set, that nobody trains: it has no answer.
        answered = codes >= 0
        if not answered.any():
            what = "an amount of a set" if amounts else "a class"
            raise InputError(
                f"no window of the people set aside has {what} of those who train: label more people, or "
                "--validation 0"
            )
        rows, codes, truth = rows[answered], codes[answered], tuple(part[answered] for part in truth)
        person = np.unique(data.index["participant"].to_numpy(str)[rows], return_inverse=True)[1]
        weight = (np.bincount(codes)[codes] * np.bincount(person)[person]) ** -0.5
        cumulative = np.cumsum(weight) / weight.sum()
        views = self.views()

        def draw(step: int) -> Batch:
            rng = generator(seed, "batches", stream, step)
            chosen = np.searchsorted(cumulative, rng.random(batch), side="right")
            chosen = np.minimum(chosen, len(rows) - 1)
            noise = torch_generator(seed, "views", stream, step)
            windows = views(torch.from_numpy(data.take(rows[chosen])), noise)
            return windows, *(torch.from_numpy(part[chosen]) for part in truth)

        return draw


def standardised(
    data: TrainingData, amounts: dict[str, tuple[float, float]], rows: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The set and the amount of each row.

    Args:
        data: All windows.
        amounts: Mean and deviation by set.
        rows: (n,) rows of `data`.

    Returns:
        Number of the set (n,) int64, -1 for a set without amounts; amount in deviations of the set (n,)
        float32.
    """
    part = data.index.loc[rows]
    number = {name: code for code, name in enumerate(amounts)}
    codes = np.array([number.get(name, -1) for name in part["dataset"]], np.int64)
    middle, deviation = np.array([*amounts.values(), (np.nan, 1.0)])[codes].T
    return codes, ((part["amount"].to_numpy() - middle) / deviation).astype(np.float32)
