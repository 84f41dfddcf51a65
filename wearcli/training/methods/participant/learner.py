"""Participant-level contrast: pairs of segments of one person; see `objective`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.training.data import TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.participant.objective import DROPOUT, HIDDEN, Participant
from wearcli.training.methods.participant.people import PeopleSampler
from wearcli.training.sampler import torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> Participant:
    """The encoder with its head and their slow copy."""
    return Participant(
        new_encoder(settings, data),
        ENCODERS[settings.encoder].dimension,
        settings.temperature,
        settings.koleo,
        settings.momentum,
    )


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: views (2b, samples, channels), people (b,), what dropout keeps; see `Participant`.

    With --positives segment both views are of one segment, and every pair is a person of its own: SimCLR.
    """
    of = data.stores[0].settings
    sampler = PeopleSampler(data.index, rows, settings.batch, of.window_s, settings.seed, settings.positives)
    augment = settings.views()

    def draw(step: int) -> Batch:
        chosen, people = sampler.draw(step, stream)
        generator = torch_generator(settings.seed, "views", stream, step)
        views = augment(torch.from_numpy(data.take(chosen)), generator)
        keep = torch.rand(2, len(chosen), HIDDEN, generator=generator) >= DROPOUT
        return views, torch.from_numpy(people), keep

    return draw
