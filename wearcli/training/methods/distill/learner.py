"""Distillation: windows of two sensors of one person and time; see `objective`."""

from collections.abc import Callable

import numpy as np
import torch

from wearcli.encoders import ENCODERS
from wearcli.training.data import Partners, TrainingData
from wearcli.training.encoder import new_encoder
from wearcli.training.loop import Batch
from wearcli.training.methods.distill.objective import Distill
from wearcli.training.methods.distill.teacher import InParts, teacher_network
from wearcli.training.sampler import PairSampler, torch_generator
from wearcli.training.settings import Settings


def build(settings: Settings, data: TrainingData) -> Distill:
    """The student with the two heads, and a teacher that trains along where it was asked for."""
    partners = partners_of(data)
    teacher = partners.teacher
    network = (
        InParts(teacher_network(teacher.model.folder), teacher.samples) if settings.train_teacher else None
    )
    return Distill(
        new_encoder(settings, data),
        ENCODERS[settings.encoder].dimension,
        teacher.dimension,
        settings.temperature,
        network,
    )


def drawer(data: TrainingData, rows: np.ndarray, settings: Settings, stream: int) -> Callable[[int], Batch]:
    """The batch of a step: the student's views (b, samples, channels), the teacher's, what to ignore (b, b).

    Both sides are seen through random views of their own. Of the teacher's the embedding stands there, or the
    windows where it trains. Ignored are two windows of one person within `near_seconds`, whose hearts beat
    alike, of whichever of their sensors; with `negatives` own, all windows of other people too.
    """
    partners = partners_of(data)
    sampler = PairSampler(data.index, rows, settings.batch, 0.0, settings.seed)
    people = np.unique(data.index["participant"].to_numpy(str), return_inverse=True)[1]
    who = np.unique(data.index["who"].to_numpy(str), return_inverse=True)[1]
    time = data.index["time"].to_numpy()
    augment = settings.views()
    theirs = settings.views(partners.teacher.model.modality)

    def draw(step: int) -> Batch:
        chosen = sampler.draw(step, stream)[0][: settings.batch]
        # The clock counts microseconds: two minutes are not to differ from two minutes by one.
        near = np.abs(time[chosen][:, None] - time[chosen]) <= settings.near_seconds + 1e-3
        ignore = near & (who[chosen][:, None] == who[chosen])
        if settings.negatives == "own":
            ignore = ignore | (people[chosen][:, None] != people[chosen])
        generator = torch_generator(settings.seed, "views", stream, step)
        windows = torch.from_numpy(data.take(chosen))
        partner = torch.from_numpy(partners.take(chosen))
        if settings.augment:
            windows, partner = augment(windows, generator), theirs(partner, generator)
        if not settings.train_teacher:
            partner = torch.from_numpy(partners.teacher(partner.numpy()))
        return windows, partner, torch.from_numpy(ignore)

    return draw


def partners_of(data: TrainingData) -> Partners:
    """The teacher's side of the windows; see `training.pairs`."""
    assert data.partners is not None, "pair_windows comes before"
    return data.partners
