"""SimCLR: pairs of windows near in time, each window seen through a random view of its own."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.training.data import TrainingData
from wearcli.training.loop import Batch
from wearcli.training.methods.learner import Learner
from wearcli.training.methods.simclr.objective import SimCLR
from wearcli.training.methods.simclr.options import SimclrOptions
from wearcli.training.sampler import PairSampler, torch_generator


class SimclrLearner(Learner[SimclrOptions]):
    """SimCLR with the settings of a run."""

    def objective(self, data: TrainingData) -> SimCLR:
        """The encoder with its projection head."""
        return SimCLR(self.encoder(data), self.dimension, self.options.temperature)

    def batches(self, data: TrainingData, rows: np.ndarray, stream: int) -> Callable[[int], Batch]:
        """Views (2b, samples, channels), anchors then partners, and what to ignore (2b, 2b)."""
        seed, batch = self.settings.run.seed, self.settings.optimisation.batch
        sampler = PairSampler(data.index, rows, batch, self.options.positive_seconds, seed)
        views = self.views()

        def draw(step: int) -> Batch:
            chosen, ignore = sampler.draw(step, stream)
            generator = torch_generator(seed, "views", stream, step)
            return views(torch.from_numpy(data.take(chosen)), generator), torch.from_numpy(ignore)

        return draw
