"""Participant-level contrast: pairs of segments of one person; see `objective`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import Learner
from wearcli.training.methods.participant.objective import DROPOUT, HIDDEN, Participant
from wearcli.training.methods.participant.options import ParticipantOptions
from wearcli.training.methods.participant.people import PeopleSampler
from wearcli.training.sampler import torch_generator


class ParticipantLearner(Learner[ParticipantOptions]):
    """Participant-level contrast with the settings of a run."""

    def objective(self, data: TrainingData) -> Participant:
        """The encoder with its head and their slow copy."""
        options = self.options
        return Participant(
            self.encoder(data), self.dimension, options.temperature, options.koleo, options.momentum
        )

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Views (2b, samples, channels), people (b,), what dropout keeps; see `Participant`.

        With --positives segment both views are of one segment, and every pair is a person of its own: SimCLR.
        """
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        window_s = data.stores[0].settings.window_s
        sampler = PeopleSampler(data.index, rows, batch, window_s, seed, self.options.positives)
        views = self.views()

        def draw(step: int) -> Batch:
            chosen, people = sampler.draw(step, stream)
            generator = torch_generator(seed, "views", stream, step)
            windows = views(torch.from_numpy(data.take(chosen)), generator)
            keep = torch.rand(2, len(chosen), HIDDEN, generator=generator) >= DROPOUT
            return windows, torch.from_numpy(people), keep

        return draw
