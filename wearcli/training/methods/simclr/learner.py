"""SimCLR: pairs of windows near in time, each window seen through a random view of its own."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.simclr.objective import SimCLR
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> SimCLR:
    """The encoder with its projection head."""
    return SimCLR(new_encoder(settings, data), ENCODERS[settings.encoder].dimension, settings.temperature)


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views (2b, samples, channels), anchors then partners, and what to ignore."""
    sampler = PairSampler(data.index, rows, settings.batch, settings.positive_seconds, settings.seed)
    augment = settings.views()

    def draw(step: int) -> Batch:
        chosen, ignore = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, "views", stream, step)
        return augment(torch.from_numpy(data.take(chosen)), generator), torch.from_numpy(ignore)

    return draw
